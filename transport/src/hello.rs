//! What two ends tell each other before anything else, on a QUIC stream of their own. Its transport is `driver::quic`'s.
//!
//! The version stands first and in a shape that never changes, so that ends of any two versions can name each other's.

use protocol::ids::Epoch;
use serde::{Deserialize, Serialize};

/// Bytes of a hello at most. A longer one is refused before it is read to its end.
pub const MAX_BYTES: usize = 64;

/// Which end of the session somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The operating room: its clock is the session's, and frames come from it.
    Theatre,
    /// The mentor's end.
    Console,
}

/// The first thing either end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`protocol::VERSION`] of the speaker.
    pub version: u16,
    /// The speaker's life.
    pub epoch: Epoch,
    /// Which end the speaker is.
    pub role: Role,
}

/// Why a hello ends the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The two programs do not speak the same protocol.
    #[error(
        "the peer speaks protocol version {theirs}, this program version {ours}: install the same release at both ends"
    )]
    Version {
        /// This program's version.
        ours: u16,
        /// The peer's.
        theirs: u16,
    },
    /// Both ends are theatre, or both are consoles.
    #[error("the peer is a {0:?} like this end: one theatre and one console make a session, check both configurations")]
    SameRole(Role),
    /// Not a hello at all.
    #[error("the peer's greeting is not one of this protocol")]
    Malformed,
}

impl Hello {
    /// A hello of this program's version.
    pub fn new(epoch: Epoch, role: Role) -> Self {
        Self { version: protocol::VERSION, epoch, role }
    }

    /// This hello's bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] if postcard refuses, which it does for no value of this type.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        postcard::to_stdvec(self).map_err(|_| Error::Malformed)
    }

    /// The peer's hello in `bytes`, checked against this end's.
    ///
    /// # Errors
    /// All of [`Error`]. Bytes after the hello are refused too.
    pub fn accept(&self, bytes: &[u8]) -> Result<Self, Error> {
        let (version, _): (u16, _) = postcard::take_from_bytes(bytes).map_err(|_| Error::Malformed)?;
        if version != self.version {
            return Err(Error::Version { ours: self.version, theirs: version });
        }
        let (peer, rest): (Self, _) = postcard::take_from_bytes(bytes).map_err(|_| Error::Malformed)?;
        if !rest.is_empty() {
            return Err(Error::Malformed);
        }
        if peer.role == self.role { Err(Error::SameRole(peer.role)) } else { Ok(peer) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: Hello = Hello { version: 1, epoch: Epoch(7), role: Role::Theatre };

    #[test]
    fn another_version_is_named_beside_ours_whatever_follows_it() {
        let error = OURS.accept(&[9, 0xff, 0xff]).unwrap_err();
        assert_eq!(error, Error::Version { ours: 1, theirs: 9 });
        assert!(error.to_string().contains("version 9") && error.to_string().contains("version 1"));
    }

    #[test]
    fn two_theatres_refuse_each_other() {
        assert_eq!(OURS.accept(&OURS.to_bytes().unwrap()), Err(Error::SameRole(Role::Theatre)));
    }

    #[test]
    fn a_console_of_the_same_version_is_welcome() {
        let console = Hello { role: Role::Console, ..OURS };
        assert_eq!(OURS.accept(&console.to_bytes().unwrap()), Ok(console));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..MAX_BYTES)) {
            if let Ok(peer) = OURS.accept(&bytes) {
                prop_assert_eq!(peer.role, Role::Console);
            }
        }
    }
}
