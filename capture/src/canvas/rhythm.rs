//! How often a source's pictures come, and whether they still do. A pure unit: every time is handed in.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

/// Gaps that are remembered. The middle one of nine is right even when four were disturbed, and follows a source
/// that changes its rate after five pictures.
const GAPS: usize = 9;
/// The interval assumed before two pictures came: that of the slowest sources in use, fluoroscopy at 7.5 a second.
const ASSUMED: Duration = Duration::from_millis(133);

/// The rhythm of one source's pictures.
#[derive(Debug, Clone, Default)]
pub struct Rhythm {
    last: Option<MonoTime>,
    gaps: VecDeque<Duration>,
}

impl Rhythm {
    /// A picture came that was captured at `captured`.
    pub fn came(&mut self, captured: MonoTime) {
        if let Some(last) = self.last {
            self.gaps.push_back(captured.since(last));
            if self.gaps.len() > GAPS {
                self.gaps.pop_front();
            }
        }
        self.last = Some(captured);
    }

    /// When the last picture was captured.
    pub fn last(&self) -> Option<MonoTime> {
        self.last
    }

    /// The usual time between two pictures.
    pub fn interval(&self) -> Duration {
        let mut gaps: Vec<Duration> = self.gaps.iter().copied().collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied().unwrap_or(ASSUMED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(captured_ms: impl IntoIterator<Item = u64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        captured_ms.into_iter().for_each(|ms| rhythm.came(MonoTime(ms * 1_000)));
        rhythm
    }

    #[test]
    fn one_long_gap_is_no_new_rhythm() {
        let steady = (0..10).map(|n| n * 33);
        assert_eq!(rhythm(steady.chain([5_000, 5_033])).interval(), Duration::from_millis(33));
    }

    #[test]
    fn a_slower_rate_is_followed_after_five_pictures() {
        let steady = (0..10).map(|n| n * 33);
        let slower = (1..=5).map(|n| 297 + n * 100);
        assert_eq!(rhythm(steady.chain(slower)).interval(), Duration::from_millis(100));
    }

    #[test]
    fn before_two_pictures_a_slow_source_is_assumed() {
        assert_eq!(rhythm([]).interval(), ASSUMED);
        assert_eq!(rhythm([40]).interval(), ASSUMED);
        assert_eq!(rhythm([40]).last(), Some(MonoTime(40_000)));
    }
}
