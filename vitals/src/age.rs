//! How old a value may be: learned from when earlier ones were measured. Past its expected interval a value is late and is
//! told with its age, past twice that it is gone. Values are never carried on.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::SessionTime;
use protocol::vitals::Term;

use crate::terms;

/// Intervals that are remembered. The median of five forgets one drop-out and one measurement out of turn.
const REMEMBERED: usize = 5;
/// A value is expected within so many usual intervals, in percent: half an interval of jitter is no delay.
const SLACK_PERCENT: u32 = 150;
/// Expected at the soonest, whatever was learned: below, every hitch of a network would flicker.
const LEAST: Duration = Duration::from_secs(2);
/// Expected at the latest: no number of an hour ago is a vital sign.
const MOST: Duration = Duration::from_secs(3_600);
/// Expected while nothing is learned: gateways of IHE PCD-01 report once a minute if they are not told otherwise.
const UNLEARNED: Duration = Duration::from_secs(60);
/// The same for a cuff, which measures every few minutes.
const UNLEARNED_CUFF: Duration = Duration::from_secs(5 * 60);

/// Measurements closer together are one, told again: a device's clock is known a little differently from minute to minute.
const SAME: Duration = Duration::from_millis(500);

/// How a value stands by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Younger than its expected interval.
    Current,
    /// Older: shown grey, with its age.
    Late,
    /// Older than twice that: not shown any more.
    Gone,
}

/// When values of one channel were measured.
#[derive(Debug, Clone, Default)]
pub struct Learner {
    last: Option<SessionTime>,
    intervals: VecDeque<Duration>,
}

impl Standing {
    /// Of a value that is `age` old where the next is expected within `expected`.
    pub fn of(age: Duration, expected: Duration) -> Self {
        match age {
            age if age <= expected => Self::Current,
            age if age <= expected.saturating_mul(2) => Self::Late,
            _ => Self::Gone,
        }
    }
}

impl Learner {
    /// A value was measured at `at`. The same measurement told again says nothing new, nor does one from before.
    pub fn measured(&mut self, at: SessionTime) {
        let Some(last) = self.last.replace(at) else { return };
        let interval = at.since(last);
        if interval < SAME {
            self.last = Some(last);
            return;
        }
        self.intervals.push_back(interval);
        if self.intervals.len() > REMEMBERED {
            self.intervals.pop_front();
        }
    }

    /// When the newest value was measured.
    pub fn last(&self) -> Option<SessionTime> {
        self.last
    }

    /// Within how long the next value is expected; `None` while nothing is learned.
    pub fn expected(&self) -> Option<Duration> {
        let mut intervals: Vec<Duration> = self.intervals.iter().copied().collect();
        intervals.sort_unstable();
        let usual = *intervals.get(intervals.len() / 2)?;
        Some((usual * SLACK_PERCENT / 100).clamp(LEAST, MOST))
    }
}

/// Within how long the next value of `term` is expected while theatre has learned nothing.
pub fn unlearned(term: Term) -> Duration {
    if terms::is_cuff(term) { UNLEARNED_CUFF } else { UNLEARNED }
}

/// An age as people say it: in whole seconds, minutes or hours.
pub fn spoken(age: Duration) -> String {
    match age.as_secs() {
        seconds @ ..100 => format!("{seconds} s"),
        seconds @ ..6_000 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEART_RATE: Term = Term(147_842);
    const CUFF: Term = Term(150_301);

    fn learned(seconds: &[u64]) -> Option<u64> {
        let mut learner = Learner::default();
        seconds.iter().for_each(|at| learner.measured(SessionTime(at * 1_000_000)));
        learner.expected().map(|expected| expected.as_secs())
    }

    #[test]
    fn a_cuff_is_expected_within_its_own_cycle_and_half_of_it() {
        assert_eq!(learned(&[0]), None);
        assert_eq!(learned(&[0, 300]), Some(450));
        assert_eq!(learned(&[0, 300, 600, 660, 900]), Some(450), "a measurement out of turn changes nothing");
        assert_eq!((unlearned(CUFF).as_secs(), unlearned(HEART_RATE).as_secs()), (300, 60));
    }

    #[test]
    fn a_measurement_told_again_or_late_teaches_nothing() {
        assert_eq!(learned(&[0, 300, 300, 300, 120, 600]), Some(450));
        let mut learner = Learner::default();
        // A cuff's value once a minute with its own time, which is known to some milliseconds.
        for minute in 0..20 {
            learner.measured(SessionTime(minute / 5 * 300_000_000 + minute % 5 * 7_000));
        }
        assert_eq!(learner.expected(), Some(Duration::from_secs(450)));
    }

    #[test]
    fn a_drop_out_does_not_make_old_values_look_current() {
        assert_eq!(learned(&[0, 10, 20, 30, 40, 900, 910]), Some(15));
        assert_eq!(learned(&[0, 1, 2, 3]), Some(2), "never below what a network's hitch takes");
    }

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_says_enough() {
        let said = [0, 99, 100, 5_999, 6_000].map(|seconds| spoken(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 s", "99 s", "1 min", "99 min", "1 h"]);
    }

    #[test]
    fn a_value_is_late_past_its_interval_and_gone_past_twice_that() {
        let expected = Duration::from_secs(10);
        let at = |ms| Standing::of(Duration::from_millis(ms), expected);
        assert_eq!([at(0), at(10_000), at(10_001)], [Standing::Current, Standing::Current, Standing::Late]);
        assert_eq!([at(20_000), at(20_001)], [Standing::Late, Standing::Gone]);
    }
}
