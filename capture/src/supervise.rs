//! Keeps theatre's programs running: starts them, starts again what died, and ends them in order.
//!
//! The programs do not depend on this one: if it is killed, they go on, and the surgeon's picture with them. What
//! they do, and what to run, is the caller's.

pub mod backoff;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, never, select};
use program::clock;
use protocol::time::MonoTime;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use backoff::Backoff;

/// Time a program has to end after SIGTERM before it is killed: several times what closing a pipeline takes.
const GRACE: Duration = Duration::from_secs(5);

/// How many separate heaps the C library makes in a program, and where it is told (mallopt(3)). By itself it gives up to eight a
/// processor, one to each new thread: sources that are opened again and again would each leave what they last held in another.
const HEAPS: (&str, &str) = ("MALLOC_ARENA_MAX", "2");

/// One program to keep running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What log lines call it.
    pub name: String,
    /// Its executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// Runs `programs`, starting them in their order, until `stop` receives or closes; then ends them and waits for it.
pub fn run(programs: Vec<Program>, stop: &Receiver<()>) {
    // One place a program: each tells its end once and is started again only after that was taken, so never full.
    let (ended, ends) = bounded(programs.len());
    let mut charges: Vec<Charge> = programs.into_iter().map(Charge::new).collect();
    loop {
        let now = clock::now();
        for (index, charge) in charges.iter_mut().enumerate() {
            charge.start_if_due(now, index, &ended);
        }
        let due = charges.iter().filter_map(Charge::starts_at).min();
        let timer = due.map_or_else(never, |due| crossbeam_channel::after(due.since(now)));
        select! {
            recv(stop) -> _ => break,
            recv(ends) -> index => {
                if let Some(charge) = index.ok().and_then(|index| charges.get_mut(index)) {
                    charge.reap(clock::now());
                }
            }
            recv(timer) -> _ => {}
        }
    }
    end(&mut charges, &ends);
}

/// Asks all to end, and kills those that do not within [`GRACE`].
fn end(charges: &mut [Charge], ends: &Receiver<usize>) {
    charges.iter().for_each(|charge| charge.signal(Signal::TERM));
    let deadline = clock::now() + GRACE;
    while charges.iter().any(Charge::is_running) {
        match ends.recv_timeout(deadline.since(clock::now())) {
            Ok(index) => charges.get_mut(index).into_iter().for_each(Charge::bury),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
    for charge in charges.iter_mut().filter(|charge| charge.is_running()) {
        tracing::error!("{}: does not end; killed", charge.program.name);
        charge.signal(Signal::KILL);
        charge.bury();
    }
}

/// A program and how it fares.
struct Charge {
    program: Program,
    state: State,
    backoff: Backoff,
    /// How it ended last, so that the same end over and over is told once.
    last_end: Option<String>,
}

enum State {
    Due(MonoTime),
    Running { child: Child, waiter: JoinHandle<()>, since: MonoTime },
    Ended,
}

impl Charge {
    fn new(program: Program) -> Self {
        Self { program, state: State::Due(MonoTime(0)), backoff: Backoff::default(), last_end: None }
    }

    fn starts_at(&self) -> Option<MonoTime> {
        match self.state {
            State::Due(at) => Some(at),
            State::Running { .. } | State::Ended => None,
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    fn start_if_due(&mut self, now: MonoTime, index: usize, ended: &Sender<usize>) {
        if self.starts_at().is_none_or(|at| at > now) {
            return;
        }
        match start(&self.program, index, ended) {
            Ok((child, waiter)) => {
                tracing::info!("{}: started as process {}", self.program.name, child.id());
                self.state = State::Running { child, waiter, since: now };
            }
            Err(error) => {
                let executable = self.program.executable.display();
                let end = format!("cannot be started from {executable}: {error}; is it installed beside theatre?");
                self.start_again(now, end, self.backoff.after_refusal());
            }
        }
    }

    /// Takes note of the end of a life.
    fn reap(&mut self, now: MonoTime) {
        let Some((status, since)) = self.take_status() else { return };
        let lived = now.since(since);
        let pause = self.backoff.after_life(lived, status.code());
        self.start_again(now, format!("ended with {status}"), pause);
    }

    fn start_again(&mut self, now: MonoTime, end: String, pause: Duration) {
        if self.last_end.as_ref() != Some(&end) {
            tracing::warn!("{}: {end}; starting it again, now and whenever it ends", self.program.name);
            self.last_end = Some(end);
        }
        self.state = State::Due(now + pause);
    }

    /// Waits for its end, which was told or forced.
    fn bury(&mut self) {
        if let Some((status, _)) = self.take_status() {
            tracing::info!("{}: ended with {status}", self.program.name);
        }
    }

    fn take_status(&mut self) -> Option<(ExitStatus, MonoTime)> {
        let State::Running { mut child, waiter, since } = std::mem::replace(&mut self.state, State::Ended) else {
            return None;
        };
        if waiter.join().is_err() {
            tracing::error!("{}: the thread that waits for it panicked", self.program.name);
        }
        match child.wait() {
            Ok(status) => Some((status, since)),
            Err(error) => {
                tracing::error!("{}: its end is unknown: {error}", self.program.name);
                Some((ExitStatus::default(), since))
            }
        }
    }

    /// The process cannot have been replaced by another of the same number: only [`Charge::take_status`] reaps it.
    fn signal(&self, signal: Signal) {
        if let State::Running { child, .. } = &self.state
            && let Err(error) = kill_process(Pid::from_child(child), signal)
        {
            tracing::warn!("{}: {error}", self.program.name);
        }
    }
}

fn start(program: &Program, index: usize, ended: &Sender<usize>) -> io::Result<(Child, JoinHandle<()>)> {
    let mut command = Command::new(&program.executable);
    command.args(&program.arguments).stdin(Stdio::null());
    let (heaps, count) = HEAPS;
    if std::env::var_os(heaps).is_none() {
        command.env(heaps, count);
    }
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let ended = ended.clone();
    let waiter = Builder::new().name(format!("wait-{}", program.name)).spawn(move || {
        // Looks without reaping, so that the process number stays taken until its owner has noted the end.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), look), Err(rustix::io::Errno::INTR)) {}
        if ended.send(index).is_err() {
            tracing::debug!("nobody waits for the end of process {pid:?} any more");
        }
    });
    match waiter {
        Ok(waiter) => Ok((child, waiter)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests;
