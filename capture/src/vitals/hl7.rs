//! Vital signs by HL7 v2.6 over MLLP: a listener that monitors or their gateway connect to (IHE PCD-01 numbers, the Waveform
//! Content Module's curves, PCD-04 alarms). Each connection has a thread; what a message means is `desk`'s.

mod ack;
mod alarms;
mod connection;
mod desk;
mod device;
mod message;
mod mllp;
mod report;
mod server;
mod time;
mod wave;

use std::io;
use std::net::SocketAddr;

pub use server::Server;

/// Connections at once at most: a monitor, its gateway, an anaesthesia machine, a ventilator, and as many to spare.
pub const MAX_CONNECTIONS: usize = 8;

/// Why monitors cannot connect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not this machine's.
    #[error("vitals.listen: {address}: {reason}; name an address of this machine and a free TCP port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        reason: io::Error,
    },
    /// The system gave no thread.
    #[error("vitals: no thread for the monitors: {0}")]
    Thread(io::Error),
}

#[cfg(test)]
mod tests;
