//! Everything that travels on the message lane, and its bounds.

use serde::{Deserialize, Serialize};

use crate::layout::{Layout, MAX_NAME_BYTES, MAX_TILES};
use crate::mark::{MAX_POINTS_PER_EXTEND, Operation, Receipt};

/// One message between theatre and a console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Theatre: the canvas's arrangement, at each join and each change.
    Layout(Layout),
    /// Console: a step in the life of a mark.
    Mark(Operation),
    /// Theatre: what became of a mark.
    Receipt(Receipt),
}

/// Why bytes are no message, or a message cannot travel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the postcard encoding of a [`Message`].
    #[error("message does not decode: {0}")]
    Encoding(#[from] postcard::Error),
    /// A sequence or name is longer than the protocol allows.
    #[error("message is out of bounds: {what} has {len}, at most {max} allowed")]
    Bounds {
        /// What is too long.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// Bytes follow the message.
    #[error("message is followed by {0} bytes that belong to nothing")]
    Trailing(usize),
}

impl Message {
    /// This message's bytes.
    ///
    /// # Errors
    /// [`Error::Bounds`] if it breaks the protocol's bounds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        Ok(postcard::to_stdvec(self)?)
    }

    /// The message in `bytes`.
    ///
    /// # Errors
    /// Anything a peer may have sent wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (message, rest): (Self, _) = postcard::take_from_bytes(bytes)?;
        if !rest.is_empty() {
            return Err(Error::Trailing(rest.len()));
        }
        message.check()?;
        Ok(message)
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Layout(layout) => {
                bound("layout tiles", layout.tiles.len(), MAX_TILES)?;
                layout.tiles.iter().try_for_each(|tile| bound("source name bytes", tile.name.len(), MAX_NAME_BYTES))
            }
            Self::Mark(Operation::Extend { points, .. }) => bound("mark points", points.len(), MAX_POINTS_PER_EXTEND),
            Self::Mark(_) | Self::Receipt(_) => Ok(()),
        }
    }
}

fn bound(what: &'static str, len: usize, max: usize) -> Result<(), Error> {
    if len > max { Err(Error::Bounds { what, len, max }) } else { Ok(()) }
}
