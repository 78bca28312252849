//! Which codec frames come in: H.265 while theatre makes it and every console that is there has said that it decodes it, else H.264.
//! Pure.

use std::time::Duration;

use protocol::codec::Codec;
use protocol::time::MonoTime;

use super::participants::share::Presence;

/// So long after H.265 was left it is not taken again: each change begins a stream, and consoles may come and go.
const AGAIN: Duration = Duration::from_secs(10);

/// The choice.
#[derive(Debug)]
pub struct Choice {
    makes_h265: bool,
    codec: Codec,
    /// When H.265 was left.
    left: Option<MonoTime>,
}

impl Choice {
    /// H.264, until somebody has said more.
    pub fn new(makes_h265: bool) -> Self {
        Self { makes_h265, codec: Codec::H264, left: None }
    }

    /// Gives the codec if it changes. `consoles` tells of each whether it is there and has said that it decodes H.265.
    pub fn judge(&mut self, consoles: impl IntoIterator<Item = (Presence, bool)>, now: MonoTime) -> Option<Codec> {
        let mut there = consoles.into_iter().filter(|(presence, _)| *presence != Presence::Away).peekable();
        let somebody = there.peek().is_some();
        let everybody = there.all(|(_, decodes)| decodes);
        let rested = self.left.is_none_or(|left| now.since(left) >= AGAIN);
        let codec = match self.codec {
            Codec::H264 if self.makes_h265 && somebody && everybody && rested => Codec::H265,
            Codec::H265 if somebody && !everybody => {
                self.left = Some(now);
                Codec::H264
            }
            // Whoever comes next has said nothing yet.
            Codec::H265 if !somebody => Codec::H264,
            same => same,
        };
        (std::mem::replace(&mut self.codec, codec) != codec).then_some(codec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Presence::{Away, Here, Silent};

    fn at(seconds: u64) -> MonoTime {
        MonoTime(seconds * 1_000_000)
    }

    #[test]
    fn h265_is_taken_only_while_everybody_there_decodes_it() {
        let mut choice = Choice::new(true);
        assert_eq!(choice.judge([(Away, true), (Away, false)], at(0)), None, "nobody is there");
        assert_eq!(choice.judge([(Here, false), (Away, false)], at(1)), None, "it has said nothing yet");
        assert_eq!(choice.judge([(Here, true), (Away, false)], at(2)), Some(Codec::H265));
        assert_eq!(choice.judge([(Silent, true), (Away, false)], at(3)), None);
        assert_eq!(choice.judge([(Silent, true), (Here, false)], at(4)), Some(Codec::H264));
        assert_eq!(choice.judge([(Here, true), (Here, true)], at(5)), None, "too soon");
        assert_eq!(choice.judge([(Here, true), (Here, true)], at(14)), Some(Codec::H265));
    }

    #[test]
    fn whoever_comes_into_an_empty_session_is_not_sent_what_it_has_not_asked_for() {
        let mut choice = Choice::new(true);
        assert_eq!(choice.judge([(Here, true)], at(0)), Some(Codec::H265));
        assert_eq!(choice.judge([(Away, true)], at(1)), Some(Codec::H264));
        assert_eq!(choice.judge([(Here, true)], at(2)), Some(Codec::H265), "it has been there before");
    }

    #[test]
    fn where_theatre_makes_none_it_is_never_taken() {
        assert_eq!(Choice::new(false).judge([(Here, true)], at(0)), None);
    }
}
