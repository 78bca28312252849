//! Asking for an independent frame after a loss, and merging what is asked. What an independent frame is, and how one
//! is made, is the encoder's.

use std::time::Duration;

use protocol::time::MonoTime;

/// A request is repeated this often until an independent frame arrives: a lost request then costs three frames.
pub const REPEAT: Duration = Duration::from_millis(100);
/// Independent frames are asked of the encoder at most this often, however many requests come: under a tight VBV each
/// dips the quality of the frames after it.
pub const MERGE: Duration = Duration::from_millis(250);

/// The receiving side: when to ask.
#[derive(Debug, Default)]
pub struct Asker {
    again_at: Option<MonoTime>,
}

/// The sending side: which requests reach the encoder.
#[derive(Debug, Default)]
pub struct Merger {
    last: Option<MonoTime>,
}

impl Asker {
    /// Whether to send a request now. `needed` says whether nothing but an independent frame helps.
    pub fn ask(&mut self, needed: bool, now: MonoTime) -> bool {
        if !needed {
            self.again_at = None;
            return false;
        }
        let due = self.again_at.is_none_or(|at| at <= now);
        if due {
            self.again_at = Some(now + REPEAT);
        }
        due
    }

    /// When [`Self::ask`] will say yes again.
    pub fn deadline(&self) -> Option<MonoTime> {
        self.again_at
    }
}

impl Merger {
    /// Whether a request that came now is passed on. Those within [`MERGE`] or one round trip `rtt`, whichever is
    /// longer, of the last are answered by the same frame, which they may have crossed.
    pub fn passes(&mut self, rtt: Option<Duration>, now: MonoTime) -> bool {
        let merge = rtt.map_or(MERGE, |rtt| rtt.max(MERGE));
        let passes = self.last.is_none_or(|last| now.since(last) >= merge);
        if passes {
            self.last = Some(now);
        }
        passes
    }

    /// A new peer joined: it needs a frame of its own, whenever the last was.
    pub fn join(&mut self, now: MonoTime) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_repeated_until_it_is_no_longer_needed() {
        let mut asker = Asker::default();
        let asked: Vec<u64> = (0..30).filter(|ten_ms| asker.ask(true, MonoTime(ten_ms * 10_000))).collect();
        assert_eq!(asked, [0, 10, 20]);
        assert!(!asker.ask(false, MonoTime(1_000_000)));
        assert_eq!(asker.deadline(), None);
    }

    #[test]
    fn a_new_loss_is_asked_for_at_once() {
        let mut asker = Asker::default();
        assert!(asker.ask(true, MonoTime(0)));
        assert!(!asker.ask(false, MonoTime(1_000)));
        assert!(asker.ask(true, MonoTime(2_000)));
    }

    #[test]
    fn however_many_ask_the_encoder_is_asked_once_in_250_ms() {
        let mut merger = Merger::default();
        let passed: Vec<u64> = (0..1000).filter(|ms| merger.passes(None, MonoTime(ms * 1000))).collect();
        assert_eq!(passed, [0, 250, 500, 750]);
    }

    #[test]
    fn over_a_long_link_a_request_that_crossed_the_frame_makes_no_second_one() {
        let mut merger = Merger::default();
        let rtt = Some(Duration::from_millis(600));
        assert!(merger.passes(rtt, MonoTime(0)));
        assert!(!merger.passes(rtt, MonoTime(599_000)));
        assert!(merger.passes(rtt, MonoTime(600_000)));
    }
}
