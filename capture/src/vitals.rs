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
use std::time::Duration;

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

/// How often is looked whether a recording that plays is still there.
const LOOK: Duration = Duration::from_secs(1);

/// What brings vital signs in, until dropped.
pub struct Running {
    _part: Part,
    /// What is played.
    files: Vec<wfdb::Files>,
}

impl Running {
    /// Whether it goes on to bring in what was named.
    ///
    /// # Errors
    /// A recording was taken away, or is another.
    fn look(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(wfdb::Files::look).map_err(Error::from)
    }
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
    let mut files = Vec::new();
    let part = match config {
        config::Vitals::Hl7 { listen, bed } => Part::Listener { _server: hl7::Server::start(*listen, bed, hub)? },
        config::Vitals::Wfdb { records } => {
            let open = |record: &std::path::PathBuf| wfdb::Record::open(record);
            let records = records.iter().map(open).collect::<Result<Vec<_>, _>>()?;
            files = records.iter().map(wfdb::Record::files).collect();
            Part::Player { _thread: replay::start(records, hub).map_err(Error::Thread)? }
        }
        config::Vitals::Generator => Part::Player { _thread: generator::start(hub).map_err(Error::Thread)? },
    };
    Ok(Running { _part: part, files })
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
        let failed = match start(config, Arc::clone(hub)) {
            Ok(running) => {
                told.clear();
                match attend(&running, stopped) {
                    Some(error) => error,
                    None => return,
                }
            }
            Err(error) => error,
        };
        hub.ended(clock::now());
        // The same reason again and again is said once.
        let failed = failed.to_string();
        if failed != told {
            tracing::warn!("{failed}; trying again until it comes");
            told = failed;
        }
        let pause = backoff.after_life(clock::now().since(begun), None);
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Waits until `running` brings in no more, and gives the reason; `None` when it is closed.
fn attend(running: &Running, stopped: &Receiver<()>) -> Option<Error> {
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if let Err(error) = running.look() {
            return Some(error);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::vitals::FeedState;
    use std::fs;
    use std::net::{TcpListener, TcpStream};

    /// A second of a curve.
    const HEADER: &str = "rec 1 125 125\nrec.dat 16 200/mV 12 0 0 0 0 II\n";

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

    #[test]
    fn a_recording_that_is_taken_away_falls_silent_and_plays_again_when_it_is_back() {
        let folder = std::env::temp_dir().join(format!("keeper-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("rec.hea"), HEADER).unwrap();
        let config = config::Vitals::Wfdb { records: vec![folder.join("rec")] };
        let hub = Arc::new(Hub::new(origin(&config), [], clock::now()));
        let wait_for = |wanted: FeedState| {
            let deadline = clock::now() + Duration::from_secs(20);
            while hub.shown(clock::now(), Duration::from_secs(5)).feed.state != wanted {
                assert!(clock::now() < deadline, "it is never {wanted:?}");
                std::thread::yield_now();
            }
        };
        let _keeper = Keeper::start(config, Arc::clone(&hub)).unwrap();
        for _ in 0..2 {
            fs::write(folder.join("rec.dat"), [70, 0].repeat(125)).unwrap();
            wait_for(FeedState::Live);
            fs::remove_file(folder.join("rec.dat")).unwrap();
            wait_for(FeedState::Silent);
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
