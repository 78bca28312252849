//! One device's connection: bytes in, messages to the desk, answers out, until the device leaves, falls silent or sends what
//! is no message.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use program::clock;

use super::desk::Desk;
use super::mllp::{self, Framer};
use super::time;
use crate::vitals::device_clock::DeviceTime;

/// A connection without a byte for so long is ended: a gateway reports once a minute, and one that is gone without a word
/// must not keep its place.
const SILENCE: Duration = Duration::from_secs(300);
/// A device that takes no answer for so long is ended.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it was closed")]
    Closed,
    #[error("nothing came for {} s", SILENCE.as_secs())]
    Silent,
    #[error("{0}")]
    Stream(mllp::Fault),
    #[error("{0}")]
    Io(io::Error),
}

/// Serves `stream` until it ends. Some senders make a connection for each message, so neither is news.
pub(super) fn serve(stream: &TcpStream, desk: &Desk) {
    tracing::debug!("vitals: a monitor has connected");
    let mut framer = Framer::default();
    let end = follow(stream, &mut framer, desk);
    if let End::Stream(fault) = end {
        desk.broken(fault);
    }
    let (cut_short, counted) = (framer.cut_short(), desk.counted());
    tracing::debug!("vitals: a connection has ended: {end}; {cut_short} of its messages cut short; in all {counted}");
}

fn follow(mut stream: &TcpStream, framer: &mut Framer, desk: &Desk) -> End {
    let limits = [stream.set_read_timeout(Some(SILENCE)), stream.set_write_timeout(Some(ANSWER_WITHIN))];
    if let Some(error) = limits.into_iter().find_map(Result::err) {
        return End::Io(error);
    }
    let mut bytes = vec![0; CHUNK_BYTES];
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return End::Closed,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return End::Silent;
            }
            Err(error) => return End::Io(error),
        };
        let messages = match framer.take(bytes.get(..count).unwrap_or_default()) {
            Ok(messages) => messages,
            Err(fault) => return End::Stream(fault),
        };
        for message in messages {
            let (_, answer) = desk.take(&message, &moment(), clock::now());
            if let Some(answer) = answer
                && let Err(error) = stream.write_all(&mllp::framed(&answer))
            {
                return End::Io(error);
            }
        }
    }
}

/// This machine's date and time, which HL7 wants in every message.
fn moment() -> String {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    time::write(DeviceTime(now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000)))
}
