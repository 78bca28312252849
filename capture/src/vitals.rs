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

use std::sync::Arc;

use protocol::vitals::Origin;

use crate::config;
use hub::Hub;

/// Why vital signs cannot be had.
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
    Thread(std::io::Error),
}

/// What brings vital signs in, until dropped.
pub struct Running {
    _part: Part,
}

enum Part {
    Listener { _server: hl7::Server },
    Player { _thread: thread::Paced },
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
