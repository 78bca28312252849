//! What `capture-node` and an `or-display` say to each other, and its bytes: a length of four bytes, little-endian,
//! then the message in postcard.

use std::marker::PhantomData;

use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, MarkId, SourceId};
use protocol::mark::Operation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::signal::Trouble;

/// Bytes of a message at most: several times the largest, an [`Operation::Extend`] of 128 points.
pub const MAX_MESSAGE_BYTES: usize = 4096;
/// Bytes of the length in front of each message.
const PREFIX_BYTES: usize = 4;

/// Notices that a window shows at most: more would cover the picture.
pub const MAX_NOTICES: usize = 6;
/// Letters of a notice that a window shows at most: two lines.
pub const MAX_NOTICE_CHARS: usize = 160;

/// Words in the corner of a window.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notice {
    /// How it is shown.
    pub severity: Severity,
    /// At most [`MAX_NOTICE_CHARS`]; lines are divided by `\n`.
    pub text: String,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Good to know.
    Quiet,
    /// To be thought of.
    Caution,
    /// Something is to be done.
    Alarm,
}

/// Whether anything of any source leaves theatre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub enum Curtain {
    /// The sources do.
    #[default]
    Open,
    /// Nothing does but that theatre closed the curtain.
    Closed,
}

/// From `capture-node`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToDisplay {
    /// First message of every attachment: forget the board; all of it follows. The window shows this source, and
    /// marks on any other are not for it.
    Reset {
        /// The wire's name of the window's source.
        source: SourceId,
    },
    /// A step in the life of a mark.
    Apply(Operation),
    /// When a mentor's machine was last heard. Of each that ever was, it follows each [`ToDisplay::Reset`] and then comes
    /// every 100 ms: without it that mentor's marks go, as invariant 3 has it.
    Heard {
        /// The life of the machine, which is the author of its marks.
        author: Epoch,
        /// In microseconds of this machine's monotonic clock.
        last_us: u64,
    },
    /// What stands in the window's corner from now on, in place of what stood there; at most [`MAX_NOTICES`]. Follows
    /// each [`ToDisplay::Reset`]. It goes 5 s after the last message of any kind.
    Notices(Vec<Notice>),
    /// A mentor points here without drawing, on the window's source; at `None` no longer. Repeated while it is so.
    Cursor {
        /// The life of the mentor's machine.
        author: Epoch,
        /// Where.
        at: Option<ImagePoint>,
    },
    /// A hand at another window wished this.
    Wished(Wish),
    /// The picture has moved under the mark, which is drawn dashed and dim from now on; or it is in place again. Follows
    /// each [`ToDisplay::Apply`] for those that are moved already.
    Moved {
        /// The mark.
        id: MarkId,
        /// Whether it is moved.
        moved: bool,
    },
}

/// What a hand in theatre wishes, for every window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// No marks and cursors are to be seen.
    Hide,
    /// They are to be seen again.
    Show,
    /// All marks go for good.
    Clear,
    /// OK, to what the mentor asked last.
    Ok,
}

/// From an `or-display`. After each [`ToDisplay::Reset`] everything shown is told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromDisplay {
    /// A picture with this many points of the mark reached the display's sink.
    Displayed {
        /// The mark.
        id: MarkId,
        /// How many of its points are on the picture.
        points: u16,
        /// When the picture reached the sink, in microseconds of this machine's monotonic clock.
        at_us: u64,
        /// When the source's picture under the mark was captured, on the same clock.
        picture_captured_us: u64,
    },
    /// The mark went after silence from the mentor's machine, and does not come back by itself: take it off the
    /// board, so that a display that starts anew does not show it again.
    Faded {
        /// The mark.
        id: MarkId,
    },
    /// The mark was taken back, and a picture without it reached the sink.
    Removed {
        /// The mark.
        id: MarkId,
    },
    /// The mark is not drawn because theatre hides all of them.
    Hidden {
        /// The mark.
        id: MarkId,
    },
    /// Theatre cleared the mark, and a picture without it reached the sink; it does not come back by itself.
    Cleared {
        /// The mark.
        id: MarkId,
    },
    /// A hand at this window wished this; it is done here already.
    Wished(Wish),
    /// Whoever stands at this window closes the curtain, or opens it if it is closed.
    Curtain,
    /// The window's source gives no pictures, because of this; told again after each [`ToDisplay::Reset`] while it is so.
    Trouble {
        /// What is wrong with it.
        trouble: Trouble,
        /// When it went wrong, in microseconds of this machine's monotonic clock: older pictures may still be on their way.
        at_us: u64,
    },
}

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Longer than any message.
    #[error("a message tells {0} bytes; at most {MAX_MESSAGE_BYTES} are possible")]
    Long(usize),
    /// No message.
    #[error("a message does not decode: {0}")]
    Encoding(#[from] postcard::Error),
    /// More bytes than the message needs.
    #[error("a message is followed by {0} bytes that belong to nothing")]
    Trailing(usize),
}

/// Appends `message` with its length to `bytes`.
///
/// # Errors
/// [`Fault::Long`] for a message that the other end would refuse; `bytes` is unchanged then.
pub fn write<M: Serialize>(message: &M, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let body = postcard::to_stdvec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| Fault::Long(body.len()))?;
    if body.len() > MAX_MESSAGE_BYTES {
        return Err(Fault::Long(body.len()));
    }
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(())
}

/// Cuts a stream of bytes into messages. Holds less than one message between two calls.
#[derive(Debug)]
pub struct Inbox<M> {
    bytes: Vec<u8>,
    messages: PhantomData<fn() -> M>,
}

impl<M> Default for Inbox<M> {
    fn default() -> Self {
        Self { bytes: Vec::new(), messages: PhantomData }
    }
}

impl<M: DeserializeOwned> Inbox<M> {
    /// Every message that is complete with `bytes`.
    ///
    /// # Errors
    /// The first fault; the stream has no sense after it and must be closed.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<M>, Fault> {
        self.bytes.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut rest = self.bytes.as_slice();
        while let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX_BYTES>() {
            let length = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
            if length > MAX_MESSAGE_BYTES {
                return Err(Fault::Long(length));
            }
            let Some((body, after)) = behind.split_at_checked(length) else {
                break;
            };
            messages.push(read(body)?);
            rest = after;
        }
        let taken = self.bytes.len() - rest.len();
        self.bytes.drain(..taken);
        Ok(messages)
    }
}

fn read<M: DeserializeOwned>(body: &[u8]) -> Result<M, Fault> {
    let (message, rest) = postcard::take_from_bytes(body)?;
    if rest.is_empty() { Ok(message) } else { Err(Fault::Trailing(rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::ids::FrameId;
    use protocol::mark::{Ink, MAX_POINTS_PER_EXTEND, Width};

    fn id() -> impl Strategy<Value = MarkId> {
        (any::<u32>(), any::<u32>()).prop_map(|(author, number)| MarkId { author: Epoch(author), number })
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let point = (any::<u16>(), any::<u16>()).prop_map(|(x, y)| ImagePoint { x, y });
        let points = proptest::collection::vec(point, 0..=MAX_POINTS_PER_EXTEND);
        prop_oneof![
            (id(), any::<u8>(), any::<u64>()).prop_map(|(id, source, index)| Operation::Begin {
                id,
                source: SourceId(source),
                frame: FrameId { epoch: Epoch(1), index },
                ink: Ink::Cyan,
                width: Width::Broad,
            }),
            (id(), any::<u16>(), points).prop_map(|(id, first, points)| Operation::Extend { id, first, points }),
            id().prop_map(|id| Operation::Undo { id }),
        ]
    }

    fn message() -> impl Strategy<Value = ToDisplay> {
        prop_oneof![
            any::<u8>().prop_map(|source| ToDisplay::Reset { source: SourceId(source) }),
            operation().prop_map(ToDisplay::Apply),
            (id(), any::<bool>()).prop_map(|(id, moved)| ToDisplay::Moved { id, moved }),
            any::<(u32, u64)>().prop_map(|(author, last_us)| ToDisplay::Heard { author: Epoch(author), last_us }),
            ".{0,160}".prop_map(|text| ToDisplay::Notices(vec![Notice { severity: Severity::Caution, text }])),
            any::<(u32, Option<(u16, u16)>)>().prop_map(|(author, at)| ToDisplay::Cursor {
                author: Epoch(author),
                at: at.map(|(x, y)| ImagePoint { x, y }),
            }),
            Just(ToDisplay::Wished(Wish::Clear)),
        ]
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_the_stream_is_cut(
            messages in proptest::collection::vec(message(), 0..20),
            cut in 1usize..700,
        ) {
            let mut bytes = Vec::new();
            for message in &messages {
                write(message, &mut bytes).unwrap();
            }
            let mut inbox = Inbox::<ToDisplay>::default();
            let mut received = Vec::new();
            for piece in bytes.chunks(cut) {
                received.extend(inbox.take(piece).unwrap());
            }
            prop_assert_eq!(received, messages);
        }

        #[test]
        fn any_bytes_give_messages_or_a_fault_and_never_hold_more_than_one_message(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20)
        ) {
            let mut inbox = Inbox::<ToDisplay>::default();
            for piece in pieces {
                if inbox.take(&piece).is_err() {
                    break;
                }
                prop_assert!(inbox.bytes.len() < PREFIX_BYTES + MAX_MESSAGE_BYTES);
            }
        }
    }

    #[test]
    fn a_length_beyond_every_message_is_refused_before_its_bytes_come() {
        let fault = Inbox::<ToDisplay>::default().take(&u32::MAX.to_le_bytes()).unwrap_err();
        assert!(fault.to_string().contains("4294967295 bytes"), "{fault}");
    }

    #[test]
    fn bytes_left_over_inside_a_message_are_refused() {
        let mut bytes = Vec::new();
        write(&ToDisplay::Reset { source: SourceId(3) }, &mut bytes).unwrap();
        bytes.push(0);
        bytes[0] += 1;
        assert!(matches!(Inbox::<ToDisplay>::default().take(&bytes), Err(Fault::Trailing(1))));
    }
}
