//! One device's connection: bytes in, messages to the desk, answers out, until the device leaves, falls silent or sends what
//! is no message.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use program::clock;

use super::ack::Outcome;
use super::desk::Desk;
use super::mllp::{self, Framer};
use super::time;
use crate::vitals::device_clock::{DeviceClock, DeviceTime};

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

/// Serves `stream` until it ends, and says so.
pub(super) fn serve(mut stream: TcpStream, desk: &Desk) {
    tracing::info!("vitals: a monitor has connected");
    let mut framer = Framer::default();
    let end = follow(&mut stream, &mut framer, desk);
    // The listener holds the socket, too, until it next looks.
    stream.shutdown(Shutdown::Both).ok();
    let counted = desk.counted();
    tracing::info!(
        "vitals: a monitor's connection has ended: {end}; {} of its messages were cut short; of all so far {} messages were taken, {} refused, {} of them for \
         other beds, and {} observations unknown",
        framer.cut_short(),
        counted.accepted,
        counted.refused,
        counted.other_bed,
        counted.left_out
    );
}

fn follow(stream: &mut TcpStream, framer: &mut Framer, desk: &Desk) -> End {
    let limits = [stream.set_read_timeout(Some(SILENCE)), stream.set_write_timeout(Some(ANSWER_WITHIN))];
    if let Some(error) = limits.into_iter().find_map(Result::err) {
        return End::Io(error);
    }
    let (mut clock, mut told) = (DeviceClock::default(), None);
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
            let (outcome, answer) = desk.take(&message, &mut clock, &moment(), clock::now());
            // The same refusal again and again is said once.
            if let Outcome::Refused(refusal) = outcome
                && told.replace(refusal) != Some(refusal)
            {
                tracing::warn!("vitals: a message is left out: {refusal}; so will be others like it");
            }
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
