//! The console's knowledge of what became of its marks in theatre. Drawing them accordingly is the console's.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::ids::MarkId;
use protocol::mark::{Fate, MAX_MARKS, Receipt};
use protocol::time::MonoTime;

/// Without a receipt for so long, a mark counts as failed: the time after which a session counts as lost (invariant 2).
/// A receipt that comes later is still believed.
pub const FAILED_AFTER: Duration = Duration::from_secs(2);

/// What the mentor is told of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Theatre has not answered yet.
    Pending,
    /// It is on a window in theatre.
    Shown {
        /// How many of its points are; the rest is pending.
        points: u16,
    },
    /// It is on a window in theatre, dashed: the picture has moved under it.
    Moved {
        /// How many of its points are; the rest is pending.
        points: u16,
    },
    /// It went: the picture has moved away from where it was drawn.
    MovedAway,
    /// No window in theatre shows its source.
    NoDisplay,
    /// It went after silence from this machine.
    Faded,
    /// It was taken back and is no longer shown.
    Removed,
    /// Theatre hides all marks until it shows them again.
    Hidden,
    /// Theatre cleared all marks.
    Cleared,
    /// Theatre did not answer in time.
    Failed,
}

/// What theatre said of this console's newest [`MAX_MARKS`] marks.
#[derive(Debug, Clone, Default)]
pub struct Receipts {
    marks: BTreeMap<MarkId, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    begun: MonoTime,
    latest: Option<Receipt>,
}

impl Receipts {
    /// Nothing drawn, nothing answered.
    pub fn new() -> Self {
        Self::default()
    }

    /// A mark was begun on this console at `now`; receipts for it will be kept, and those of the oldest given up.
    pub fn begun(&mut self, id: MarkId, now: MonoTime) {
        self.marks.entry(id).or_insert(Entry { begun: now, latest: None });
        while self.marks.len() > MAX_MARKS {
            self.marks.pop_first();
        }
    }

    /// Takes theatre's word. An older one than is known, or one on a mark that is none of this console's, is no news.
    pub fn apply(&mut self, receipt: &Receipt) {
        let Some(entry) = self.marks.get_mut(&receipt.id) else { return };
        if entry.latest.is_none_or(|known| (receipt.at, receipt.points) >= (known.at, known.points)) {
            entry.latest = Some(*receipt);
        }
    }

    /// What became of a mark by `now`; `None` if it is none of this console's newest.
    pub fn outcome(&self, id: MarkId, now: MonoTime) -> Option<Outcome> {
        let entry = self.marks.get(&id)?;
        Some(match entry.latest {
            None if now.since(entry.begun) >= FAILED_AFTER => Outcome::Failed,
            None => Outcome::Pending,
            Some(Receipt { fate: Fate::Shown, points, .. }) => Outcome::Shown { points },
            Some(Receipt { fate: Fate::Moved, points, .. }) => Outcome::Moved { points },
            Some(Receipt { fate: Fate::MovedAway, .. }) => Outcome::MovedAway,
            Some(Receipt { fate: Fate::NoDisplay, .. }) => Outcome::NoDisplay,
            Some(Receipt { fate: Fate::Faded, .. }) => Outcome::Faded,
            Some(Receipt { fate: Fate::Removed, .. }) => Outcome::Removed,
            Some(Receipt { fate: Fate::Hidden, .. }) => Outcome::Hidden,
            Some(Receipt { fate: Fate::Cleared, .. }) => Outcome::Cleared,
        })
    }

    /// Theatre's last word on a mark, for the trace.
    pub fn latest(&self, id: MarkId) -> Option<&Receipt> {
        self.marks.get(&id)?.latest.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use protocol::ids::Epoch;
    use protocol::time::SessionTime;

    use super::*;

    const BEGUN: MonoTime = MonoTime(1_000_000);
    const SOON: MonoTime = MonoTime(1_050_000);
    const LATE: MonoTime = MonoTime(3_000_000);

    fn id(number: u32) -> MarkId {
        MarkId { author: Epoch(7), number }
    }

    fn receipt(fate: Fate, points: u16, at_us: u64) -> Receipt {
        Receipt { id: id(0), fate, points, at: SessionTime(at_us), first_on: None }
    }

    fn one_mark() -> Receipts {
        let mut receipts = Receipts::new();
        receipts.begun(id(0), BEGUN);
        receipts
    }

    #[test]
    fn a_mark_is_pending_then_shown_as_far_as_theatre_says() {
        let mut receipts = one_mark();
        assert_eq!(receipts.outcome(id(0), SOON), Some(Outcome::Pending));
        receipts.apply(&receipt(Fate::Shown, 4, 100));
        receipts.apply(&receipt(Fate::Shown, 9, 110));
        assert_eq!(receipts.outcome(id(0), SOON), Some(Outcome::Shown { points: 9 }));
    }

    #[test]
    fn a_mark_under_which_the_picture_moved_says_so_and_may_come_back_or_go() {
        let mut receipts = one_mark();
        for (fate, at_us, outcome) in [
            (Fate::Shown, 100, Outcome::Shown { points: 9 }),
            (Fate::Moved, 110, Outcome::Moved { points: 9 }),
            (Fate::Shown, 120, Outcome::Shown { points: 9 }),
            (Fate::MovedAway, 130, Outcome::MovedAway),
        ] {
            receipts.apply(&receipt(fate, 9, at_us));
            assert_eq!(receipts.outcome(id(0), SOON), Some(outcome));
        }
    }

    #[test]
    fn an_older_receipt_that_comes_late_changes_nothing() {
        let mut receipts = one_mark();
        receipts.apply(&receipt(Fate::Faded, 9, 110));
        receipts.apply(&receipt(Fate::Shown, 9, 100));
        assert_eq!(receipts.outcome(id(0), SOON), Some(Outcome::Faded));
    }

    #[test]
    fn an_unanswered_mark_fails_and_a_late_answer_is_still_believed() {
        let mut receipts = one_mark();
        assert_eq!(receipts.outcome(id(0), LATE), Some(Outcome::Failed));
        receipts.apply(&receipt(Fate::NoDisplay, 0, 120));
        assert_eq!(receipts.outcome(id(0), LATE), Some(Outcome::NoDisplay));
    }

    #[test]
    fn only_the_newest_marks_are_followed_and_strangers_are_not() {
        let mut receipts = Receipts::new();
        receipts.apply(&receipt(Fate::Shown, 1, 1));
        assert_eq!(receipts.outcome(id(0), SOON), None);
        (0..=MAX_MARKS as u32).for_each(|number| receipts.begun(id(number), BEGUN));
        assert_eq!(receipts.outcome(id(0), SOON), None);
        assert_eq!(receipts.outcome(id(1), SOON), Some(Outcome::Pending));
    }
}
