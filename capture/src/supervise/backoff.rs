//! How long to wait before what ended, a program or a source, is started again. A pure unit.

use std::ops::RangeInclusive;
use std::time::Duration;

/// First pause: a display is back before the surgeon has looked up.
pub const FIRST: Duration = Duration::from_millis(100);
/// Longest pause: a technician who mended the cause waits no longer than this.
pub const LONGEST: Duration = Duration::from_secs(2);
/// A life of this length means that the start was good, so the next pause is the first again.
pub const GOOD_LIFE: Duration = Duration::from_secs(10);
/// Exit codes of `sysexits.h`: a person has to mend something, so nothing is gained by trying quickly.
const NEEDS_A_PERSON: RangeInclusive<i32> = 64..=78;

/// How often it ended in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    short_lives: u32,
}

impl Backoff {
    /// The pause after a life of `lived` that ended with `exit_code`, `None` for a signal.
    pub fn after_life(&mut self, lived: Duration, exit_code: Option<i32>) -> Duration {
        if lived >= GOOD_LIFE {
            self.short_lives = 0;
        } else if exit_code.is_some_and(|code| NEEDS_A_PERSON.contains(&code)) {
            return self.after_refusal();
        }
        let pause = FIRST.saturating_mul(1 << self.short_lives.min(8)).min(LONGEST);
        self.short_lives = self.short_lives.saturating_add(1);
        pause
    }

    /// The pause after a start that did not even give a process.
    pub fn after_refusal(&self) -> Duration {
        LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(300);
    const KILLED: Option<i32> = None;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..7).map(|_| backoff.after_life(SHORT, KILLED).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 2_000, 2_000]);
    }

    #[test]
    fn a_good_life_makes_the_next_pause_the_first_again() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..6).map(|_| backoff.after_life(SHORT, Some(70))).collect();
        assert_eq!(pauses.last(), Some(&LONGEST));
        assert_eq!(backoff.after_life(GOOD_LIFE, Some(70)), FIRST);
        assert_eq!(backoff.after_life(SHORT, Some(101)), FIRST * 2);
    }

    #[test]
    fn what_a_person_has_to_mend_is_tried_slowly_at_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after_life(SHORT, Some(78)), LONGEST);
        assert_eq!(backoff.after_life(SHORT, Some(66)), LONGEST);
        assert_eq!(backoff.after_life(GOOD_LIFE, Some(69)), FIRST, "it ran well before");
    }

    #[test]
    fn no_number_of_ends_overflows() {
        let mut backoff = Backoff { short_lives: u32::MAX };
        assert_eq!(backoff.after_life(SHORT, KILLED), LONGEST);
    }
}
