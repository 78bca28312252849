//! The account of frames: each one's story, the counts, the figures made from them, and their lines of the trace.

use std::ops::Range;

use program::trace::Trace;
use protocol::time::{ClockOffset, MonoTime};

use crate::journal::{Finished, Journal, Released, Ticket};
use crate::latency::{Latency, Summary};
use crate::records::Records;
use crate::state;

/// Numbers of lost frames written to the trace one by one at most; a longer outage would only fill the disk.
const MAX_LOST_RECORDS: usize = 1_000;

/// The account.
pub struct Frames {
    /// This console's lines of the trace.
    pub records: Records,
    /// The session's clock, once known.
    pub clock: Option<ClockOffset>,
    journal: Journal,
    latency: Latency,
    counts: state::Frames,
}

impl Frames {
    /// An empty account whose records go to `trace`.
    pub fn new(trace: Trace) -> Self {
        Self {
            records: Records::new(trace),
            clock: None,
            journal: Journal::default(),
            latency: Latency::default(),
            counts: state::Frames::default(),
        }
    }

    /// The session's clock as it is known now.
    pub fn set_clock(&mut self, clock: ClockOffset) {
        self.clock = Some(clock);
        self.records.set_clock(clock);
    }

    /// The session has another clock, which is not known yet.
    pub fn forget_clock(&mut self) {
        self.clock = None;
    }

    /// The transport released a frame.
    pub fn released(&mut self, frame: Released) -> Ticket {
        let (ticket, overtaken) = self.journal.released(frame);
        self.finish(overtaken);
        ticket
    }

    /// The decoder gave its picture.
    pub fn decoded(&mut self, ticket: Ticket, at: MonoTime) {
        self.journal.decoded(ticket, at);
    }

    /// The decoder could not use it; the transport is told, and counts it as lost.
    pub fn undecodable(&mut self, ticket: Ticket) {
        self.journal.forget(ticket);
    }

    /// It was on the screen.
    pub fn shown(&mut self, ticket: Ticket, at: MonoTime) {
        let finished = self.journal.shown(ticket, at);
        self.finish(finished);
    }

    /// The transport gave these numbers up.
    pub fn lost(&mut self, numbers: Range<u64>, damaged: bool) {
        self.counts.lost += numbers.end.saturating_sub(numbers.start);
        for number in numbers.take(MAX_LOST_RECORDS) {
            self.records.lost_frame(number, damaged);
        }
    }

    /// Frames so far.
    pub fn counts(&self) -> state::Frames {
        self.counts
    }

    /// The figures at `now`.
    pub fn summary(&mut self, now: MonoTime) -> Summary {
        self.latency.summary(now)
    }

    /// Writes down what is still under way, at the end.
    pub fn close(&mut self) {
        for finished in self.journal.close() {
            self.records.frame(&finished);
        }
    }

    fn finish(&mut self, all: impl IntoIterator<Item = Finished>) {
        for finished in all {
            match finished.shown {
                Some(_) => self.counts.shown += 1,
                None => self.counts.skipped += 1,
            }
            self.latency.add(&finished, self.clock);
            self.records.frame(&finished);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::released;

    #[test]
    fn released_frames_are_shown_or_skipped_and_none_is_counted_twice() {
        let mut frames = Frames::new(Trace::default());
        let tickets: Vec<_> = (0..4).map(|index| frames.released(released(index))).collect();
        frames.shown(tickets[1], MonoTime(90_000));
        frames.shown(tickets[1], MonoTime(95_000));
        frames.shown(tickets[3], MonoTime(150_000));
        let undecodable = frames.released(released(4));
        frames.undecodable(undecodable);
        frames.lost(4..7, false);
        let shown = frames.released(released(7));
        frames.shown(shown, MonoTime(250_000));
        let wanted = state::Frames { shown: 3, skipped: 2, lost: 3 };
        assert_eq!(frames.counts(), wanted);
    }
}
