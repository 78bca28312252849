//! Theatres and consoles under test, and waiting for what they tell.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::driver::tls::Files;
use transport::driver::{Config, End, Error, Handle, PathConfig, Uplink, start};
use transport::hello::Role;
use transport::schedule::Policy;
use transport::session::Event;

use crate::certificates::make;

/// Nothing here takes this long unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Running {
    pub handle: Handle,
    pub events: Receiver<Event>,
}

#[expect(clippy::disallowed_methods, reason = "these tests run in real time")]
pub fn now() -> MonoTime {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    MonoTime(u64::try_from(start.elapsed().as_micros()).unwrap())
}

pub fn config(role: Role, epoch: u32, files: Files, ends: Vec<End>) -> Config {
    let path = |(at, end): (usize, End)| PathConfig { name: at.to_string(), end, uplink: Uplink::Routed };
    with_paths(role, epoch, files, ends.into_iter().enumerate().map(path).collect())
}

pub fn with_paths(role: Role, epoch: u32, files: Files, paths: Vec<PathConfig>) -> Config {
    let policy = Policy::default();
    Config { role, epoch: Epoch(epoch), seed: u64::from(epoch), paths, policy, files, now, wake: None }
}

/// Files of both ends, which trust each other: theatre's, then the console's.
pub fn files(test: &str) -> (Files, Files) {
    let (theatre, console) = (make(test, "theatre", 2099), make(test, "console", 2099));
    (theatre.trusting(&console), console.trusting(&theatre))
}

/// A theatre that listens on `addresses`.
pub fn theatre(epoch: u32, files: Files, addresses: &[SocketAddr]) -> Result<Running, Error> {
    let ends = addresses.iter().map(|address| End::Listen(*address)).collect();
    let (handle, events) = start(config(Role::Theatre, epoch, files, ends))?;
    Ok(Running { handle, events })
}

/// A console that dials `addresses`.
pub fn console(epoch: u32, files: Files, addresses: &[SocketAddr]) -> Running {
    let ends = addresses.iter().map(|address| End::Dial(address.to_string())).collect();
    end(Role::Console, epoch, files, ends)
}

/// An end of any role and with any paths.
pub fn end(role: Role, epoch: u32, files: Files, ends: Vec<End>) -> Running {
    Running::start(config(role, epoch, files, ends))
}

pub fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

impl Running {
    pub fn start(config: Config) -> Self {
        let (handle, events) = start(config).unwrap();
        Self { handle, events }
    }

    /// The first event that `wanted` makes something of; others before it are dropped.
    pub fn wait_for<T>(&self, what: &str, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = now() + PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.since(now())) {
                Ok(event) => {
                    if let Some(found) = wanted(&event) {
                        return found;
                    }
                }
                Err(_) => panic!("no {what} within {PATIENCE:?}"),
            }
        }
    }

    /// Why a path is down, once it says so.
    pub fn wait_for_refusal(&self) -> String {
        self.wait_for("refusal", |event| match event {
            Event::PathChanged { why, .. } => why.clone(),
            _ => None,
        })
    }

    pub fn wait_for_peer(&self) -> (Epoch, bool) {
        self.wait_for("peer", |event| match event {
            Event::PeerUp { peer, restarted } => Some((*peer, *restarted)),
            _ => None,
        })
    }

    pub fn wait_for_message(&self) -> Vec<u8> {
        self.wait_for("message", |event| match event {
            Event::Message(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
    }
}
