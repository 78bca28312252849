//! The patient's vital signs: taken from monitors over HL7, played from recordings or made up, brought together and sent to
//! everybody as data. What terms mean and how long values last is the crate `vitals`'s; drawing them as a tile is
//! `source::vitals`'s.
//!
//! Whose they are is never known here: identities are hashes in memory, and what names a patient is dropped where it
//! arrives. Logs hold counts.

pub mod device_clock;
mod generator;
pub mod hl7;
pub mod hub;
mod outgoing;
pub mod patient;
mod replay;
mod thread;
pub mod wfdb;

use std::io;
use std::sync::Arc;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use program::clock;
use program::worker::Worker;
use protocol::vitals::Origin;

use crate::config;
use crate::supervise::backoff::Backoff;
use hub::Hub;

/// Why vital signs cannot be had now. Trying again later may help.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Monitors cannot connect.
    #[error(transparent)]
    Hl7(#[from] hl7::Error),
    /// A recording cannot be played.
    #[error("vitals.records: {0}")]
    Record(#[from] wfdb::Error),
    /// The system gave no thread.
    #[error("vitals: no thread for them: {0}")]
    Thread(io::Error),
}

/// What brings vital signs in, until dropped.
pub struct Running {
    _part: Part,
}

enum Part {
    Listener { _server: hl7::Server },
    Player { _thread: thread::Paced },
}

/// Keeps vital signs coming on a thread of its own, until dropped: what cannot be opened is told and tried again, and the
/// pictures go on meanwhile.
pub struct Keeper {
    _worker: Worker,
}

/// Begins to bring in what `config` names.
///
/// # Errors
/// [`Error`], by what has to be mended.
pub fn start(config: &config::Vitals, hub: Arc<Hub>) -> Result<Running, Error> {
    let part = match config {
        config::Vitals::Hl7 { listen, bed } => Part::Listener { _server: hl7::Server::start(*listen, bed, hub)? },
        config::Vitals::Wfdb { records } => {
            let records = records.iter().map(|record| wfdb::Record::open(record)).collect::<Result<_, _>>()?;
            Part::Player { _thread: replay::start(records, hub).map_err(Error::Thread)? }
        }
        config::Vitals::Generator => Part::Player { _thread: generator::start(hub).map_err(Error::Thread)? },
    };
    Ok(Running { _part: part })
}

/// Where the vital signs of `config` come from, as the consoles are told.
pub fn origin(config: &config::Vitals) -> Origin {
    match config {
        config::Vitals::Hl7 { .. } => Origin::Monitor,
        config::Vitals::Wfdb { .. } => Origin::Recording,
        config::Vitals::Generator => Origin::Generated,
    }
}

impl Keeper {
    /// Begins to keep what `config` names.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(config: config::Vitals, hub: Arc<Hub>) -> io::Result<Self> {
        let worker = Worker::start("vitals-keeper", move |stopped| keep(&config, &hub, stopped))?;
        Ok(Self { _worker: worker })
    }
}

fn keep(config: &config::Vitals, hub: &Arc<Hub>, stopped: &Receiver<()>) {
    let (mut backoff, mut told) = (Backoff::default(), String::new());
    loop {
        let begun = clock::now();
        match start(config, Arc::clone(hub)) {
            Ok(_running) => {
                // Only its closing is waited for.
                stopped.recv().ok();
                return;
            }
            // The same reason again and again is said once.
            Err(error) => {
                let error = error.to_string();
                if error != told {
                    tracing::warn!("{error}; trying again until it comes");
                    told = error;
                }
            }
        }
        let pause = backoff.after_life(clock::now().since(begun), None);
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    #[test]
    fn an_address_that_is_taken_is_tried_again_until_it_is_free() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = taken.local_addr().unwrap();
        let config = config::Vitals::Hl7 { listen, bed: "OR^3^1".into() };
        let hub = Arc::new(Hub::new(origin(&config), [], clock::now()));
        let keeper = Keeper::start(config, hub).unwrap();
        drop(taken);
        let deadline = clock::now() + Duration::from_secs(20);
        while TcpStream::connect(listen).is_err() {
            assert!(clock::now() < deadline, "nobody listens");
        }
        drop(keeper);
        assert!(TcpStream::connect(listen).is_err());
    }
}
