//! What the encoder really makes, against what it was told to.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

/// Time over which the output is measured: thirty pictures, so that one large one is none of it.
const WINDOW: Duration = Duration::from_secs(1);
/// So much of what was ordered is too much, in percent: rate control of one picture's buffer stays within a tenth.
const IGNORED_PERCENT: u64 = 130;

/// The last second of output.
#[derive(Debug, Default)]
pub struct Output(VecDeque<Sample>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: MonoTime,
    made_bytes: u64,
    ordered_bps: u64,
}

/// More was made than ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// What was made.
    pub made_bps: u64,
    /// The most that was ordered meanwhile.
    pub ordered_bps: u64,
}

impl Output {
    /// Until `now` `made_bytes` were made in all, and from now on `ordered_bps` are ordered.
    pub fn record(&mut self, made_bytes: u64, ordered_bps: u64, now: MonoTime) {
        self.0.push_back(Sample { at: now, made_bytes, ordered_bps });
        // The newest sample that is old enough begins the window.
        while self.0.get(1).is_some_and(|second| now.since(second.at) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// Whether the encoder ignores its order.
    pub fn excess(&self) -> Option<Excess> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let span = last.at.since(first.at);
        if span < WINDOW {
            return None;
        }
        let span_us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1);
        let made_bps = last.made_bytes.saturating_sub(first.made_bytes).saturating_mul(8_000_000) / span_us;
        // An order that fell within the window is obeyed from then on only.
        let ordered_bps = self.0.iter().map(|sample| sample.ordered_bps).max()?;
        (made_bps > ordered_bps.saturating_mul(IGNORED_PERCENT) / 100).then_some(Excess { made_bps, ordered_bps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten samples a second; the output's rate and the order at each.
    fn excess(samples: impl IntoIterator<Item = (u64, u64)>) -> Option<Excess> {
        let (mut output, mut made_bytes) = (Output::default(), 0);
        for (tenth, (made_bps, ordered_bps)) in samples.into_iter().enumerate() {
            made_bytes += made_bps / 80;
            output.record(made_bytes, ordered_bps, MonoTime(tenth as u64 * 100_000));
            assert!(output.0.len() <= 11);
        }
        output.excess()
    }

    #[test]
    fn a_second_of_too_much_is_excess_and_less_time_is_not() {
        assert_eq!(excess([(4_000_000, 2_000_000); 10]), None);
        let wanted = Some(Excess { made_bps: 4_000_000, ordered_bps: 2_000_000 });
        assert_eq!(excess([(4_000_000, 2_000_000); 11]), wanted);
        assert_eq!(excess([(2_500_000, 2_000_000); 60]), None, "a quarter more is rate control");
    }

    #[test]
    fn an_order_that_has_just_fallen_is_given_its_time() {
        let falls = [(6_000_000, 6_000_000); 20].into_iter().chain([(2_000_000, 2_000_000); 10]);
        assert_eq!(excess(falls), None);
    }

    #[test]
    fn one_large_picture_is_no_excess() {
        assert_eq!(excess([(2_000_000, 2_000_000); 8].into_iter().chain([(7_000_000, 2_000_000); 1])), None);
    }
}
