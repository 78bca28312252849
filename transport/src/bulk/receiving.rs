//! The receiving side of the bulk lane: pieces in order, and what they make.

use bytes::{Buf, Bytes, BytesMut};

use super::{BEGINS, GOES_ON, MAX_BULK_BYTES};
use crate::delivery;
use crate::wire::{Ack, Message};

/// The receiving side.
#[derive(Debug, Default)]
pub struct Receiving {
    pieces: delivery::Incoming,
    /// How many bytes a thing that is not whole yet will have, and those that are here.
    begun: Option<(usize, BytesMut)>,
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
        self.begun.as_ref().map(|(length, bytes)| (bytes.len(), *length))
    }

    /// Bytes held, for [`crate::session::Session::sizes`].
    pub(crate) fn held_bytes(&self) -> usize {
        self.progress().map_or(0, |(bytes, _)| bytes) + self.pieces.held() * delivery::MAX_MESSAGE_BYTES
    }

    /// A piece that belongs to nothing, as what was withdrawn or is beyond all bounds leaves them, is left out.
    fn append(&mut self, mut piece: Bytes) -> Option<Bytes> {
        let begun = self.begun.take();
        let (length, mut bytes) = match piece.try_get_u8().ok()? {
            BEGINS => (length(&mut piece)?, BytesMut::new()),
            GOES_ON => begun?,
            _ => return None,
        };
        bytes.extend_from_slice(&piece);
        if bytes.len() < length {
            self.begun = Some((length, bytes));
            return None;
        }
        bytes.truncate(length);
        Some(bytes.freeze())
    }
}

/// The length of what begins with `piece`, taken off it; `None` if nothing has that length.
fn length(piece: &mut Bytes) -> Option<usize> {
    let length = usize::try_from(piece.try_get_u32_le().ok()?).ok()?;
    (1..=MAX_BULK_BYTES).contains(&length).then_some(length)
}
