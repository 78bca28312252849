//! Child processes that never outlive whoever started them, with their stderr kept in a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use rustix::time::Timespec;

use crate::watch;

/// How long a child may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// One of the project's programs, running.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts `command`; its stderr and stdout go to `log`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("making {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has printed a line with `words` in it.
    ///
    /// # Errors
    /// It has not within `limit`; what it printed is part of the text.
    pub fn wait_for_line(&self, words: &str, limit: Duration) -> Result<()> {
        let folder = self.log.parent().context("a log lies in a folder")?;
        let found = || Ok(self.printed().lines().any(|line| line.contains(words)).then_some(()));
        watch::until(folder, &format!("\"{words}\" printed by {}", self.name), limit, found)
            .with_context(|| self.printed())
    }

    /// Fails, with what the program printed, if it has ended.
    ///
    /// # Errors
    /// The program has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended early ({status}): {}", self.name, self.printed().trim()),
        }
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// The system does not say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends `signal`.
    ///
    /// # Errors
    /// The process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid(), signal).with_context(|| format!("signalling {}", self.name))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It did not end within `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let pidfd = pidfd_open(self.pid(), PidfdFlags::empty())?;
        let limit = Timespec::try_from(limit)?;
        if poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit))? == 0 {
            bail!("{} did not end in time: {}", self.name, self.printed().trim());
        }
        Ok(self.child.wait()?)
    }

    /// Asks it to end, and kills it if it does not.
    ///
    /// # Errors
    /// It had to be killed, or ended with a fault.
    pub fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.signal(Signal::TERM)?;
        }
        let status = self.wait(GRACE)?;
        if !status.success() {
            bail!("{} ended with {status}: {}", self.name, self.printed().trim());
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Asked first: a parent that is killed outright could not take its own children along.
            let asked = self.signal(Signal::TERM).is_ok() && self.wait(GRACE).is_ok();
            if !asked && self.child.kill().is_ok() {
                drop(self.child.wait());
            }
        }
    }
}

/// The project's program `name`, built into the folder this executable came from.
///
/// # Errors
/// It is not there.
pub fn command(name: &str) -> Result<Command> {
    let own = std::env::current_exe()?;
    // A test's executable lies one folder deeper, in `deps`.
    let path = own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    match path {
        Some(path) => Ok(Command::new(path)),
        None => bail!("the program {name} is not built; run `cargo build --release --locked --workspace` first"),
    }
}

/// Processor time and memory of one process, as the kernel counts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// User and system time so far, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory now, in MiB.
    pub rss_mib: f64,
}

/// What process `pid` has used so far; `None` if it is gone.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields after the name in brackets; utime and stime are the 14th and 15th of the whole line (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let rss_kib: f64 =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
    Some(Usage {
        cpu_seconds: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
        rss_mib: rss_kib / 1024.0,
    })
}
