//! What became of each frame since the transport released it: decoded, shown, or overtaken by a newer one. Pure;
//! times are handed in. What is made of a finished entry (trace, statistics) is left to others.

use std::collections::VecDeque;

use protocol::ids::FrameId;
use protocol::time::{MonoTime, SessionTime};

/// Frames that may be under way at once: four seconds at 60 a second. A window that is not painted shows none; then
/// the oldest count as skipped.
const MAX_UNDER_WAY: usize = 256;

/// Counts this console's released frames from 0, whatever theatre calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A frame as the transport released it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Theatre's name for it.
    pub id: FrameId,
    /// The transport's number.
    pub number: u64,
    /// When the primary's picture in it was captured, if there was one.
    pub captured: Option<SessionTime>,
    /// When the canvas was composed.
    pub composed: SessionTime,
    /// Its first shard came.
    pub first_shard: MonoTime,
    /// Its last needed shard came.
    pub complete: MonoTime,
    /// It was released in order.
    pub released: MonoTime,
}

/// A frame whose story is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its beginning.
    pub frame: Released,
    /// When the decoder gave the picture; `None` if it gave none.
    pub decoded: Option<MonoTime>,
    /// When it was on the screen; `None` if a newer picture overtook it.
    pub shown: Option<MonoTime>,
}

/// Frames under way, oldest first.
#[derive(Debug, Default)]
pub struct Journal {
    next: u64,
    under_way: VecDeque<(Ticket, Released, Option<MonoTime>)>,
}

impl Journal {
    /// Enters a frame. The second value is the oldest one, if too many are under way.
    pub fn released(&mut self, frame: Released) -> (Ticket, Option<Finished>) {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.under_way.push_back((ticket, frame, None));
        let overflow = (self.under_way.len() > MAX_UNDER_WAY).then(|| self.under_way.pop_front()).flatten();
        (ticket, overflow.map(unseen))
    }

    /// The decoder gave the frame's picture at `at`.
    pub fn decoded(&mut self, ticket: Ticket, at: MonoTime) {
        if let Some(entry) = self.under_way.iter_mut().find(|entry| entry.0 == ticket) {
            entry.2 = Some(at);
        }
    }

    /// The decoder could not use the frame: it is no longer under way.
    pub fn forget(&mut self, ticket: Ticket) {
        self.under_way.retain(|entry| entry.0 != ticket);
    }

    /// The frame was on the screen at `at`. Returns it, with those before it, which it overtook.
    pub fn shown(&mut self, ticket: Ticket, at: MonoTime) -> Vec<Finished> {
        let through = self.under_way.partition_point(|entry| entry.0 <= ticket);
        self.under_way
            .drain(..through)
            .map(|entry| {
                let shown = (entry.0 == ticket).then_some(at);
                Finished { shown, ..unseen(entry) }
            })
            .collect()
    }

    /// Everything still under way, at the end.
    pub fn close(&mut self) -> Vec<Finished> {
        self.under_way.drain(..).map(unseen).collect()
    }
}

fn unseen((_, frame, decoded): (Ticket, Released, Option<MonoTime>)) -> Finished {
    Finished { frame, decoded, shown: None }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use protocol::ids::Epoch;

    pub(crate) fn released(index: u64) -> Released {
        Released {
            id: FrameId { epoch: Epoch(1), index },
            number: index,
            captured: Some(SessionTime(index * 33_000)),
            composed: SessionTime(index * 33_000 + 2_000),
            first_shard: MonoTime(index * 33_000 + 15_000),
            complete: MonoTime(index * 33_000 + 16_000),
            released: MonoTime(index * 33_000 + 17_000),
        }
    }

    #[test]
    fn a_shown_frame_finishes_those_it_overtook() {
        let mut journal = Journal::default();
        let [first, _, third, fourth] = [0, 1, 2, 3].map(|index| journal.released(released(index)).0);
        journal.decoded(first, MonoTime(1));
        journal.decoded(third, MonoTime(3));
        let finished = journal.shown(third, MonoTime(9));
        let told: Vec<_> = finished.iter().map(|entry| (entry.frame.number, entry.decoded, entry.shown)).collect();
        assert_eq!(told, [(0, Some(MonoTime(1)), None), (1, None, None), (2, Some(MonoTime(3)), Some(MonoTime(9)))]);
        assert!(journal.shown(third, MonoTime(10)).is_empty(), "a repaint of the same picture says nothing new");
        assert_eq!(journal.shown(fourth, MonoTime(11)).len(), 1);
    }

    #[test]
    fn a_window_that_paints_nothing_lets_the_oldest_count_as_skipped() {
        let mut journal = Journal::default();
        let overflow: Vec<_> = (0..260).filter_map(|index| journal.released(released(index)).1).collect();
        assert_eq!(overflow.len(), 4);
        assert!(overflow.iter().all(|entry| entry.shown.is_none()));
        assert_eq!(journal.close().len(), MAX_UNDER_WAY);
        assert!(journal.close().is_empty());
    }
}
