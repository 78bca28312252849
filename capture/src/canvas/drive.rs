//! Who says that a canvas is due: the primary's pictures, or a timer while they fail to come. And from when on a
//! source counts as lost. A pure unit: every time is handed in.

use std::time::Duration;

use protocol::frame::Freshness;
use protocol::time::MonoTime;

use super::rhythm::Rhythm;

/// Intervals without a picture after which the primary is lost: two were missed, and half an interval is for their
/// way here.
const MISSED_INTERVALS: f64 = 2.5;
/// The least time for that. A source at 120 pictures a second must not count as lost for a busy machine's hiccup.
const LEAST_MISSED: Duration = Duration::from_millis(50);
/// The timer's rate, 10 a second: often enough that the other tiles stay useful, and a lost primary is said at once.
pub const TIMER: Duration = Duration::from_millis(100);
/// What an inset may be silent beyond three of its intervals: it shows nothing the operation is done by, and a
/// screen or camera that hesitates should not flicker.
const INSET_GRACE: Duration = Duration::from_millis(500);

/// Decides when the next canvas is due.
#[derive(Debug, Clone)]
pub struct Drive {
    /// When the last canvas was made, by whomever.
    last: MonoTime,
}

impl Drive {
    /// Starts at `now`; the timer drives first unless a picture comes before.
    pub fn new(now: MonoTime) -> Self {
        Self { last: now }
    }

    /// A canvas was made at `now`. Returns when the one before was; the start, if none was.
    pub fn made(&mut self, now: MonoTime) -> MonoTime {
        std::mem::replace(&mut self.last, now)
    }

    /// When the timer makes a canvas unless a picture of the primary comes first.
    pub fn timer_at(&self, primary: &Rhythm) -> MonoTime {
        let next = self.last + TIMER;
        match primary.last() {
            Some(last) if self.last < last + missed(primary) => last + missed(primary),
            Some(_) | None => next,
        }
    }
}

/// Whether the primary's pictures come at `now`: live, waiting or lost.
pub fn primary_freshness(primary: &Rhythm, now: MonoTime) -> Freshness {
    freshness(primary, missed(primary), now)
}

/// Whether any other source's pictures come at `now`: live, waiting or lost.
pub fn inset_freshness(inset: &Rhythm, now: MonoTime) -> Freshness {
    freshness(inset, inset.interval() * 3 + INSET_GRACE, now)
}

fn freshness(source: &Rhythm, patience: Duration, now: MonoTime) -> Freshness {
    match source.last() {
        None => Freshness::Waiting,
        Some(last) if now < last + patience => Freshness::Live,
        Some(_) => Freshness::Lost,
    }
}

fn missed(primary: &Rhythm) -> Duration {
    primary.interval().mul_f64(MISSED_INTERVALS).max(LEAST_MISSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_micros(33_333);

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    /// A primary at 30 pictures a second whose last came at `last`.
    fn steady(last: MonoTime) -> Rhythm {
        let mut rhythm = Rhythm::default();
        (0..10).rev().for_each(|ago| rhythm.came(MonoTime(last.0 - ago * INTERVAL.as_micros() as u64)));
        rhythm
    }

    #[test]
    fn the_timer_drives_ten_times_a_second_until_the_first_picture() {
        let mut drive = Drive::new(at(1_000));
        let none = Rhythm::default();
        for tick in 1..5 {
            assert_eq!(drive.timer_at(&none), at(1_000 + tick * 100));
            drive.made(at(1_000 + tick * 100));
        }
        assert_eq!(primary_freshness(&none, at(2_000)), Freshness::Waiting);
    }

    #[test]
    fn a_primary_that_delivers_leaves_the_timer_nothing_to_do() {
        let mut drive = Drive::new(at(0));
        for picture in 10..40u64 {
            let captured = MonoTime(picture * 33_333);
            drive.made(captured + Duration::from_millis(8));
            let due = drive.timer_at(&steady(captured));
            assert!(due > captured + INTERVAL * 2, "a picture that is one interval late is waited for");
        }
    }

    #[test]
    fn two_missed_intervals_let_the_timer_drive_at_ten_a_second_with_the_primary_lost() {
        let primary = steady(at(1_000));
        let mut drive = Drive::new(at(0));
        drive.made(at(1_008));
        let first = drive.timer_at(&primary);
        assert!((at(1_080)..at(1_090)).contains(&first), "{first:?}");
        assert_eq!(primary_freshness(&primary, at(1_070)), Freshness::Live);
        assert_eq!(primary_freshness(&primary, first), Freshness::Lost);
        drive.made(first);
        assert_eq!(drive.timer_at(&primary), first + TIMER);
    }

    #[test]
    fn the_first_picture_after_a_loss_drives_again() {
        let mut primary = steady(at(1_000));
        let mut drive = Drive::new(at(0));
        drive.made(at(3_000));
        primary.came(at(3_050));
        drive.made(at(3_058));
        assert_eq!(primary_freshness(&primary, at(3_058)), Freshness::Live);
        assert!(drive.timer_at(&primary) > at(3_120));
    }

    #[test]
    fn an_inset_is_lost_later_than_a_primary_and_not_for_one_missed_picture() {
        let inset = steady(at(1_000));
        assert_eq!(inset_freshness(&inset, at(1_550)), Freshness::Live);
        assert_eq!(inset_freshness(&inset, at(1_650)), Freshness::Lost);
    }
}
