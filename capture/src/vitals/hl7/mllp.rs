//! Framing of HL7 messages on a stream (Minimal Lower Layer Protocol, HL7 v2 appendix C): a start block, the message, an
//! end block and a carriage return. What a message says is `message`'s.

/// Starts a message.
const START: u8 = 0x0b;
/// Ends one; a carriage return follows.
const END: u8 = 0x1c;
/// Ends the framing of a message.
const RETURN: u8 = 0x0d;

/// Bytes of a message at most. A second of twelve leads at 500 Hz takes some 50 kB; five times that is no vital sign.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Bytes between messages at most: some senders put line ends there. More is another protocol.
const MAX_STRAY_BYTES: usize = 1024;

/// Why a stream is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A message does not end.
    #[error("a message has more than {MAX_MESSAGE_BYTES} bytes")]
    Long,
    /// Nothing that begins a message.
    #[error("more than {MAX_STRAY_BYTES} bytes belong to no message; the sender has to use MLLP")]
    Stray,
}

/// Cuts a stream into messages. Holds less than one message between two calls.
#[derive(Debug, Default)]
pub struct Framer {
    state: State,
    message: Vec<u8>,
    cut_short: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// After so many bytes that belong to no message.
    Between(usize),
    Inside,
}

impl Default for State {
    fn default() -> Self {
        Self::Between(0)
    }
}

impl Framer {
    /// Takes what came, and gives every message that ended with it.
    ///
    /// # Errors
    /// [`Fault`]; the stream makes no sense from there on.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
        let mut ended = Vec::new();
        for byte in bytes {
            match (self.state, *byte) {
                (State::Inside, START) => {
                    // The one before was cut short, as by a gateway that started anew.
                    self.cut_short += 1;
                    self.message.clear();
                }
                (State::Inside, END) => {
                    ended.push(std::mem::take(&mut self.message));
                    self.state = State::Between(0);
                }
                (State::Inside, _) if self.message.len() == MAX_MESSAGE_BYTES => return Err(Fault::Long),
                (State::Inside, byte) => self.message.push(byte),
                (State::Between(_), START) => self.state = State::Inside,
                (State::Between(0), RETURN) => {}
                (State::Between(stray), _) if stray == MAX_STRAY_BYTES => return Err(Fault::Stray),
                (State::Between(stray), _) => self.state = State::Between(stray + 1),
            }
        }
        Ok(ended)
    }

    /// Messages that another began in the middle of.
    pub fn cut_short(&self) -> u64 {
        self.cut_short
    }
}

/// `message` in its frame.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 3);
    bytes.push(START);
    bytes.extend_from_slice(message);
    bytes.extend_from_slice(&[END, RETURN]);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let stream = [framed(b"MSH|one"), b"\r\n".to_vec(), framed(b"MSH|two")].concat();
        for cut in 0..stream.len() {
            let mut framer = Framer::default();
            let (head, tail) = stream.split_at(cut);
            let messages = [framer.take(head).unwrap(), framer.take(tail).unwrap()].concat();
            assert_eq!(messages, [b"MSH|one".to_vec(), b"MSH|two".to_vec()]);
        }
    }

    #[test]
    fn a_message_that_another_begins_in_is_left_out_and_counted() {
        let mut framer = Framer::default();
        let stream = [b"\x0bMSH|half".to_vec(), framed(b"MSH|whole")].concat();
        assert_eq!(framer.take(&stream).unwrap(), [b"MSH|whole".to_vec()]);
        assert_eq!(framer.cut_short(), 1);
    }

    #[test]
    fn a_message_without_an_end_is_given_up_at_its_bound_however_much_follows() {
        let mut framer = Framer::default();
        framer.take(&[START]).unwrap();
        let million_segments = b"A\r".repeat(1_000_000);
        assert_eq!(framer.take(&million_segments), Err(Fault::Long));
        assert!(framer.message.len() <= MAX_MESSAGE_BYTES);
    }

    #[test]
    fn a_stream_of_another_protocol_is_given_up() {
        let mut framer = Framer::default();
        assert_eq!(framer.take(b"GET / HTTP/1.1\r\n\r\n"), Ok(vec![]));
        assert_eq!(framer.take(&[b'x'; 2 * MAX_STRAY_BYTES]), Err(Fault::Stray));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_bounded(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..50)) {
            let mut framer = Framer::default();
            for chunk in chunks {
                if framer.take(&chunk).is_err() {
                    break;
                }
                prop_assert!(framer.message.len() <= MAX_MESSAGE_BYTES);
            }
        }
    }
}
