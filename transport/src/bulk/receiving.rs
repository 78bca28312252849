//! The receiving side of the bulk lane: pieces in order, and what they make.

use bytes::{Buf, Bytes, BytesMut};

use super::MAX_BULK_BYTES;
use crate::delivery;
use crate::wire::{Ack, Message};

/// The receiving side.
#[derive(Debug, Default)]
pub struct Receiving {
    pieces: delivery::Incoming,
    thing: Thing,
}

/// What the next piece belongs to.
#[derive(Debug, Default)]
enum Thing {
    /// A new one.
    #[default]
    None,
    /// One of so many bytes, of which these are here.
    Begun(usize, BytesMut),
    /// One beyond all bounds, of which so many bytes are still to come.
    Refused(usize),
}

impl Receiving {
    /// Takes a piece from the wire and gives what is whole now.
    pub fn receive(&mut self, piece: &Message<'_>) -> Vec<Bytes> {
        let ready = self.pieces.receive(piece);
        ready.into_iter().filter_map(|piece| self.append(piece)).collect()
    }

    /// Which pieces have arrived.
    pub fn ack(&self) -> Ack {
        self.pieces.ack()
    }

    /// Bytes here of something that is not whole yet, and how many it will have; `None` between things.
    pub fn progress(&self) -> Option<(usize, usize)> {
        match &self.thing {
            Thing::Begun(length, bytes) => Some((bytes.len(), *length)),
            Thing::None | Thing::Refused(_) => None,
        }
    }

    /// Bytes held, for [`crate::session::Session::sizes`].
    pub(crate) fn held_bytes(&self) -> usize {
        self.progress().map_or(0, |(bytes, _)| bytes) + self.pieces.held() * delivery::MAX_MESSAGE_BYTES
    }

    fn append(&mut self, mut piece: Bytes) -> Option<Bytes> {
        let thing = match std::mem::take(&mut self.thing) {
            Thing::None => begun(&mut piece)?,
            thing => thing,
        };
        self.thing = match thing {
            Thing::Begun(length, mut bytes) => {
                bytes.extend_from_slice(&piece);
                if bytes.len() >= length {
                    bytes.truncate(length);
                    return Some(bytes.freeze());
                }
                Thing::Begun(length, bytes)
            }
            Thing::Refused(left) if left > piece.len() => Thing::Refused(left - piece.len()),
            Thing::Refused(_) | Thing::None => Thing::None,
        };
        None
    }
}

/// What begins with `piece`; its length is taken off. A piece without one belongs to nothing.
fn begun(piece: &mut Bytes) -> Option<Thing> {
    let length = usize::try_from(piece.try_get_u32_le().ok()?).ok()?;
    match length {
        0 => None,
        1..=MAX_BULK_BYTES => Some(Thing::Begun(length, BytesMut::new())),
        _ => Some(Thing::Refused(length)),
    }
}
