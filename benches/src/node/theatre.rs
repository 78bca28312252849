//! The programs of a theatre on this machine, and a participant who takes what is sent over loopback and looks at none of it,
//! so that nearly all that is measured is theatre's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use capture::config::Role as Participant;
use harness::certificates;
use harness::display::Display;
use harness::process::{Program, Usage, usage};
use harness::rig::{files, free_ports, start_theatre};
use harness::trace::Follower;
use program::clock;
use program::trace::Record;
use protocol::ids::Epoch;
use transport::driver::{self, Config, End, Handle, PathConfig, Uplink};
use transport::hello::Role;
use transport::schedule::Policy;

/// The programs whose use is told, by the names of their traces.
pub const PROGRAMS: [&str; 2] = ["or-display-endoscope", "capture-node"];

/// A theatre, running.
pub struct Theatre {
    folder: PathBuf,
    program: Program,
    session: Handle,
    follower: Option<std::thread::JoinHandle<()>>,
    _display: Display,
}

impl Theatre {
    /// In `folder`, which is made anew, with the `sources` and `canvas` tables of `theatre.toml`.
    ///
    /// # Errors
    /// Something of it does not start.
    pub fn start(folder: &Path, tables: &str) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join("run"))?;
        let folder = folder.canonicalize()?;
        let (own, console) = (certificates::make(&folder, "theatre")?, certificates::make(&folder, "console")?);
        let ports = free_ports(2)?;
        let text = format!(
            "primary = \"endoscope\"\nrun_dir = \"{}\"\n{tables}[identity]\ncertificate = \"{}\"\nkey = \"{}\"\n{}",
            folder.join("run").display(),
            own.certificate.display(),
            own.key.display(),
            files::participant(files::CONSOLE, Participant::Mentor, &ports, &console)
        );
        fs::write(folder.join("theatre.toml"), text)?;
        let display = Display::start_virtual(1920, 1080, &folder.join("xvfb.log"))?;
        let program = start_theatre(&folder, &display)?;
        let path = |port: &u16| PathConfig {
            name: port.to_string(),
            end: End::Dial(format!("127.0.0.1:{port}")),
            uplink: Uplink::Routed,
        };
        let files = driver::tls::Files {
            certificate: console.certificate,
            key: console.key,
            peer_certificate: own.certificate.clone(),
        };
        let (session, events) = driver::start(Config {
            role: Role::Console,
            epoch: Epoch(1),
            seed: 1,
            paths: ports.iter().map(path).collect(),
            policy: Policy::default(),
            files,
            now: clock::now,
            wake: None,
        })?;
        let take = move || events.iter().for_each(drop);
        let follower = Some(std::thread::Builder::new().name("participant".into()).spawn(take)?);
        Ok(Self { folder, program, session, follower, _display: display })
    }

    /// The trace of a program, followed.
    pub fn trace(&self, program: &str) -> Follower {
        Follower::new(&self.folder.join(format!("{program}.jsonl")))
    }

    /// What each of [`PROGRAMS`] has used so far.
    ///
    /// # Errors
    /// One of them does not run.
    pub fn usage(&self) -> Result<[Usage; 2]> {
        let [display, node] = PROGRAMS.map(|program| {
            let started = |records: &[Record]| {
                records.iter().rev().find_map(|record| match record {
                    Record::Start(start) => Some(start.pid),
                    _ => None,
                })
            };
            let pid = self.trace(program).wait_for("a first line", harness::rig::START_UP, started)?;
            usage(pid).with_context(|| format!("{program} has ended"))
        });
        Ok([display?, node?])
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// It ends otherwise.
    pub fn stop(mut self) -> Result<()> {
        self.session.stop();
        if let Some(follower) = self.follower.take() {
            follower.join().map_err(|_| anyhow::anyhow!("the participant failed"))?;
        }
        self.program.stop()
    }
}
