//! How much one direction of one connection loses, from datagram numbers. Both ends use it for both directions: for
//! what arrives by their own count, for what they send by the peer's word.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

use crate::wire::Received;

/// Loss is told over this window: long enough for 250 probes alone, short enough to follow a fading link.
pub const WINDOW: Duration = Duration::from_secs(5);
/// Counts are kept this far apart.
const SPACING: Duration = Duration::from_millis(100);

/// Counts of the last [`WINDOW`], oldest first.
#[derive(Debug, Default)]
pub struct Window {
    kept: VecDeque<(MonoTime, Received)>,
    latest: Received,
    /// Counts that end before this are of a darkness.
    counted_from: u64,
}

impl Window {
    /// The connection was dark, and what was sent up to the datagram `end` went into the dark: that is no loss that
    /// anything could repair, and says nothing of the path now. Counting begins anew.
    pub fn restart(&mut self, end: u64) {
        *self = Self { counted_from: end, ..Self::default() };
    }

    /// A later count. One that runs backwards came late and is ignored.
    pub fn record(&mut self, received: Received, now: MonoTime) {
        if received.end < self.latest.end.max(self.counted_from) {
            return;
        }
        if self.kept.is_empty() && self.counted_from > 0 {
            self.latest = received;
        }
        let spaced = self.kept.back().is_none_or(|(at, _)| now.since(*at) >= SPACING);
        if spaced {
            self.kept.push_back((now, self.latest));
        }
        self.latest = received;
        while self.kept.len() > 1 && self.kept.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) {
            self.kept.pop_front();
        }
    }

    /// Lost of those sent in the window, in percent; `None` if nothing was sent.
    pub fn percent(&self) -> Option<f32> {
        let (_, oldest) = self.kept.front()?;
        let sent = self.latest.end.saturating_sub(oldest.end);
        let arrived = self.latest.count.saturating_sub(oldest.count).min(sent);
        (sent > 0).then(|| (sent - arrived) as f32 * 100.0 / sent as f32)
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { kept, latest: _, counted_from: _ } = self;
        kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lossy(window: &mut Window, from_ms: u64, to_ms: u64, keep: impl Fn(u64) -> bool) {
        let mut received = window.latest;
        for ms in from_ms..to_ms {
            received.end += 1;
            if keep(ms) {
                received.count += 1;
                window.record(received, MonoTime(ms * 1000));
            }
        }
    }

    #[test]
    fn every_tenth_datagram_missing_is_ten_percent() {
        let mut window = Window::default();
        lossy(&mut window, 0, 8000, |ms| ms % 10 != 0);
        let percent = window.percent().unwrap();
        assert!((percent - 10.0).abs() < 0.1, "{percent}");
    }

    #[test]
    fn a_link_that_healed_is_clean_again_after_the_window() {
        let mut window = Window::default();
        lossy(&mut window, 0, 1000, |ms| ms % 2 == 0);
        lossy(&mut window, 1000, 6300, |_| true);
        assert_eq!(window.percent(), Some(0.0));
        assert!(window.kept.len() < 60);
    }

    #[test]
    fn what_was_sent_into_the_dark_is_not_counted_as_loss() {
        let mut window = Window::default();
        lossy(&mut window, 0, 1000, |_| true);
        window.restart(1500);
        window.record(Received { end: 1400, count: 1001 }, MonoTime(1_500_000));
        assert_eq!(window.percent(), None, "still from the dark");
        window.record(Received { end: 1510, count: 1010 }, MonoTime(1_520_000));
        window.record(Received { end: 1610, count: 1109 }, MonoTime(1_700_000));
        assert_eq!(window.percent(), Some(1.0));
    }

    #[test]
    fn nothing_sent_is_unknown_and_nonsense_stays_within_bounds() {
        let mut window = Window::default();
        assert_eq!(window.percent(), None);
        window.record(Received { end: 3, count: 900 }, MonoTime(1));
        assert_eq!(window.percent(), Some(0.0));
    }
}
