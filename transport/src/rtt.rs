//! Round-trip time of one connection, from its probes. What waits by it is left to its readers.

use std::time::Duration;

/// Assumed until the first probe is answered (RFC 9002 section 6.2.2).
pub const INITIAL: Duration = Duration::from_millis(333);
/// Added to what the network needs before a message is sent again: two ends' scheduling.
const SCHEDULING: Duration = Duration::from_millis(10);

/// Smoothed and least round-trip time (RFC 6298 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtt {
    /// Smoothed with a gain of 1/8.
    pub smoothed: Duration,
    /// Mean deviation, with a gain of 1/4.
    pub deviation: Duration,
    /// The least seen on this connection.
    pub min: Duration,
}

impl Rtt {
    /// The estimate after `sample`, the first if there was none `before`.
    pub fn after(before: Option<Self>, sample: Duration) -> Self {
        let Some(Self { smoothed, deviation, min }) = before else {
            return Self { smoothed: sample, deviation: sample / 2, min: sample };
        };
        Self {
            deviation: (deviation * 3 + smoothed.abs_diff(sample)) / 4,
            smoothed: (smoothed * 7 + sample) / 8,
            min: min.min(sample),
        }
    }

    /// How long an answer may take before it is taken as lost: RFC 6298's time-out, whose least of one second is for
    /// bulk transfer and not used here.
    pub fn resend(self) -> Duration {
        self.smoothed + 4 * self.deviation + SCHEDULING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn steady_samples_make_a_tight_estimate() {
        let rtt = (0..50).fold(None, |rtt, _| Some(Rtt::after(rtt, MS(20)))).unwrap();
        assert_eq!((rtt.smoothed, rtt.min), (MS(20), MS(20)));
        assert!(rtt.resend() < MS(31));
    }

    #[test]
    fn one_late_answer_moves_the_smoothed_value_by_an_eighth_and_the_least_not_at_all() {
        let rtt = Rtt::after(Some(Rtt::after(None, MS(20))), MS(100));
        assert_eq!((rtt.smoothed, rtt.min), (MS(30), MS(20)));
    }
}
