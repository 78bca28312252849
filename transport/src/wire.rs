//! Bytes of every datagram. What they mean is left to the modules that own them; `docs/wire.md` lists them.
//!
//! Encoding is postcard: integers as little-endian base-128 varints, enums by their variant's index, byte strings with
//! their length in front. Every datagram carries its number on its path, so that the far end can count what is missing.

use protocol::time::SessionTime;
use serde::{Deserialize, Serialize};

use crate::arrivals::Report;

/// Bytes a shard's datagram needs beside its payload at most: number 5, variant 1, frame 5, flag 1, index 2, count 2,
/// repair 2, frame size 4, checksum 4, payload length 2.
pub const MAX_SHARD_HEADER_BYTES: usize = 28;
/// Counters stay below this: over a year of 1,000 datagrams a second, so none wraps, and five varint bytes hold one. A
/// connection that has used up its numbers is closed and dialled again; frames and messages beyond are not taken.
pub const COUNTER_END: u64 = 1 << 35;

/// One datagram of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datagram<'a> {
    /// Counts the datagrams sent on this connection from 0.
    pub number: u64,
    /// What it carries.
    #[serde(borrow)]
    pub body: Body<'a>,
}

/// What a datagram carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body<'a> {
    /// Part of a frame.
    #[serde(borrow)]
    Shard(Shard<'a>),
    /// One message.
    #[serde(borrow)]
    Message(Message<'a>),
    /// Which messages have arrived.
    Ack(Ack),
    /// Asks for a [`ProbeReply`] and carries what the far end needs to know regularly.
    Probe(Probe),
    /// Answers a [`Probe`] at once, on its path.
    ProbeReply(ProbeReply),
    /// Asks for an independent frame.
    RefreshRequest,
    /// Asks for shards of a frame again.
    #[serde(borrow)]
    Nack(Nack<'a>),
    /// When datagrams arrived on this path.
    Arrivals(Report),
    /// Speech of a moment.
    #[serde(borrow)]
    Voice(Message<'a>),
    /// Part of something large, numbered like a message, in a count of its own.
    #[serde(borrow)]
    Bulk(Message<'a>),
    /// Which parts have arrived.
    BulkAck(Ack),
    /// Nothing, of a size: whether it arrives is the question. Its bytes are not looked at.
    Padding(&'a [u8]),
}

/// One part of a frame, or a repair shard. All source shards but the last are `ceil(frame_bytes / count)` bytes long,
/// rounded up to an even number, and so are repair shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard<'a> {
    /// Counts the session's frames from 0.
    pub frame: u64,
    /// Whether the frame decodes without earlier ones.
    pub independent: bool,
    /// Which part this is, from 0; repair shards follow the parts.
    pub index: u16,
    /// How many parts the frame has.
    pub count: u16,
    /// How many repair shards it has.
    pub repair: u16,
    /// Size of the whole frame.
    pub frame_bytes: u32,
    /// CRC-32C (RFC 3720, Castagnoli) of the whole frame, little-endian.
    pub checksum: [u8; 4],
    /// The part itself.
    #[serde(serialize_with = "whole")]
    pub payload: &'a [u8],
}

/// One message, or a piece of another lane, with its place in the lane's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// Counts what its sender put on the lane from 0.
    pub number: u64,
    /// Its bytes.
    #[serde(serialize_with = "whole")]
    pub bytes: &'a [u8],
}

/// Which messages have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ack {
    /// All messages below this number have arrived.
    pub next: u64,
    /// Bit `n` says that message `next + 1 + n` has arrived too.
    pub beyond: u64,
}

/// What has arrived on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Received {
    /// One more than the highest datagram number seen.
    pub end: u64,
    /// How many datagrams have been seen.
    pub count: u64,
}

/// A regular sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Every frame below this number was sent on this path before this probe, or never will be.
    pub next_frame: u64,
    /// What the prober has received on this path.
    pub received: Received,
    /// Repeated here, so that a lost [`Body::Ack`] costs little.
    pub ack: Ack,
}

/// The answer to a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReply {
    /// The number of the datagram that carried the probe.
    pub probe: u64,
    /// Theatre's clock when it answered; `None` from a console, whose clock is nobody else's.
    pub clock: Option<SessionTime>,
}

/// Negative acknowledgement: which shards of a frame are needed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nack<'a> {
    /// Which frame.
    pub frame: u64,
    /// The shard that the first bit stands for.
    pub first: u16,
    /// Bit `n` (of byte `n / 8`, lowest first) asks for shard `first + n`; no bits at all ask for every source shard.
    #[serde(serialize_with = "whole")]
    pub missing: &'a [u8],
}

/// Why bytes are no datagram.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the encoding of a [`Datagram`].
    #[error("datagram does not decode: {0}")]
    Encoding(#[from] postcard::Error),
    /// Bytes follow the datagram.
    #[error("datagram is followed by {0} bytes that belong to nothing")]
    Trailing(usize),
    /// A counter no session can have reached.
    #[error("datagram holds the counter {0}, beyond anything a session reaches")]
    Counter(u64),
}

impl Datagram<'_> {
    /// This datagram's bytes.
    ///
    /// # Errors
    /// [`Error::Encoding`], which postcard reports only for sequences of unknown length; there is none here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let payload_bytes = match &self.body {
            Body::Shard(shard) => shard.payload.len(),
            Body::Message(message) | Body::Voice(message) | Body::Bulk(message) => message.bytes.len(),
            Body::Padding(bytes) => bytes.len(),
            _ => 0,
        };
        Ok(postcard::to_extend(self, Vec::with_capacity(payload_bytes + 2 * MAX_SHARD_HEADER_BYTES))?)
    }
}

/// The datagram in `bytes`; its payload is borrowed from them.
///
/// # Errors
/// Anything a peer may have sent wrong.
pub fn decode(bytes: &[u8]) -> Result<Datagram<'_>, Error> {
    let (datagram, rest): (Datagram<'_>, _) = postcard::take_from_bytes(bytes)?;
    if !rest.is_empty() {
        return Err(Error::Trailing(rest.len()));
    }
    bound(datagram.number)?;
    match &datagram.body {
        Body::Shard(shard) => bound(shard.frame)?,
        Body::Message(message) | Body::Voice(message) | Body::Bulk(message) => bound(message.number)?,
        Body::Ack(ack) | Body::BulkAck(ack) => bound_end(ack.next)?,
        Body::Probe(probe) => {
            bound_end(probe.next_frame)?;
            bound_end(probe.received.end)?;
            bound_end(probe.received.count)?;
            bound_end(probe.ack.next)?;
        }
        Body::ProbeReply(reply) => bound(reply.probe)?,
        Body::RefreshRequest | Body::Padding(_) => {}
        Body::Nack(nack) => bound(nack.frame)?,
        Body::Arrivals(report) => bound(report.first())?,
    }
    Ok(datagram)
}

/// Bytes in one piece: serde takes a slice for a list and would have each byte written on its own. The encoding is the same.
fn whole<S: serde::Serializer>(bytes: &[u8], into: S) -> Result<S::Ok, S::Error> {
    into.serialize_bytes(bytes)
}

/// Bytes of the [`Body::Padding`] that fills datagram `number` up to `datagram_bytes`, from 133 on.
pub fn padding_bytes(number: u64, datagram_bytes: usize) -> usize {
    let number_bytes = (u64::BITS - number.leading_zeros()).max(1).div_ceil(7) as usize;
    let (variant_bytes, length_bytes) = (1, 2);
    datagram_bytes.saturating_sub(number_bytes + variant_bytes + length_bytes)
}

fn bound(counter: u64) -> Result<(), Error> {
    if counter < COUNTER_END { Ok(()) } else { Err(Error::Counter(counter)) }
}

/// For what is one more than the last, or a count.
fn bound_end(end: u64) -> Result<(), Error> {
    if end <= COUNTER_END { Ok(()) } else { Err(Error::Counter(end)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shard(payload: &[u8]) -> Datagram<'_> {
        let frame_bytes = 4 << 20;
        let (frame, checksum) = (COUNTER_END - 1, [0xff; 4]);
        let (index, count, repair) = (16_383, 8192, 8192);
        let shard = Shard { frame, independent: true, index, count, repair, frame_bytes, checksum, payload };
        Datagram { number: COUNTER_END - 1, body: Body::Shard(shard) }
    }

    #[test]
    fn the_largest_shard_header_fits_its_bound() {
        let payload = [7; 1136];
        assert_eq!(shard(&payload).to_bytes().unwrap().len(), 1136 + MAX_SHARD_HEADER_BYTES);
    }

    #[test]
    fn padding_fills_a_datagram_to_the_byte() {
        for number in [0, 127, 128, 300_000, COUNTER_END - 1] {
            for datagram_bytes in [150, 600, 1162] {
                let padding = vec![0; padding_bytes(number, datagram_bytes)];
                let datagram = Datagram { number, body: Body::Padding(&padding) };
                assert_eq!(datagram.to_bytes().unwrap().len(), datagram_bytes);
            }
        }
    }

    #[test]
    fn a_counter_beyond_any_session_is_refused() {
        let datagram = Datagram { number: COUNTER_END, body: Body::RefreshRequest };
        assert!(matches!(decode(&datagram.to_bytes().unwrap()), Err(Error::Counter(COUNTER_END))));
    }

    #[test]
    fn the_last_number_can_be_acknowledged_and_nothing_beyond_it() {
        let ack = |next| Datagram { number: 0, body: Body::Ack(Ack { next, beyond: 0 }) }.to_bytes().unwrap();
        assert!(decode(&ack(COUNTER_END)).is_ok());
        assert!(matches!(decode(&ack(COUNTER_END + 1)), Err(Error::Counter(_))));
    }

    #[test]
    fn bytes_after_a_datagram_are_refused() {
        let mut bytes = Datagram { number: 1, body: Body::RefreshRequest }.to_bytes().unwrap();
        bytes.push(0);
        assert!(matches!(decode(&bytes), Err(Error::Trailing(1))));
    }

    #[test]
    fn a_datagram_cut_short_anywhere_is_refused() {
        let bytes = shard(&[7; 40]).to_bytes().unwrap();
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len]).is_err(), "{len} bytes of {} decoded", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_and_decodes_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(datagram) = decode(&bytes) {
                let again = datagram.to_bytes().unwrap();
                prop_assert_eq!(decode(&again).unwrap(), datagram);
            }
        }

        #[test]
        fn probes_and_messages_survive_the_wire(
            number in 0..COUNTER_END, next in 0..COUNTER_END, beyond: u64, end in 0..COUNTER_END, count in 0..COUNTER_END,
            bytes in prop::collection::vec(any::<u8>(), 0..1000), clock in prop::option::of(any::<u64>()),
        ) {
            let ack = Ack { next, beyond };
            let bodies = [
                Body::Message(Message { number: next, bytes: &bytes }),
                Body::Voice(Message { number: next, bytes: &bytes }),
                Body::Bulk(Message { number: next, bytes: &bytes }),
                Body::Ack(ack),
                Body::BulkAck(ack),
                Body::Probe(Probe { next_frame: end, received: Received { end, count }, ack }),
                Body::ProbeReply(ProbeReply { probe: count, clock: clock.map(SessionTime) }),
                Body::Nack(Nack { frame: next, first: beyond as u16, missing: &bytes }),
            ];
            for body in bodies {
                let datagram = Datagram { number, body };
                let bytes = datagram.to_bytes().unwrap();
                prop_assert_eq!(decode(&bytes).unwrap(), datagram);
            }
        }
    }
}
