//! How long to wait before dialling again: for ever, with growing and scattered waits. Who dials is [`crate::path`]'s.

use std::time::Duration;

/// The shortest wait: a link that was up is tried again before anybody can reach for the phone.
pub const MIN: Duration = Duration::from_millis(100);
/// The longest wait: an end that starts later is found within this.
pub const MAX: Duration = Duration::from_secs(2);

/// Exponential backoff with jitter, so that paths that died together do not dial together.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next try: between `d/2` and `d`, where `d` starts at twice [`MIN`] and doubles up to [`MAX`].
    pub fn wait(&mut self, rng: &mut fastrand::Rng) -> Duration {
        let longest = MIN.saturating_mul(2 << self.failures.min(10)).min(MAX);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + rng.f64() / 2.0)
    }

    /// The connection stands: the next failure is a new one.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_100_ms_to_2_s_and_start_over_after_success() {
        let (mut backoff, mut rng) = (Backoff::default(), fastrand::Rng::with_seed(1));
        let waits: Vec<Duration> = (0..50).map(|_| backoff.wait(&mut rng)).collect();
        assert!(waits.iter().all(|wait| (MIN..=MAX).contains(wait)));
        assert!(waits[0] <= 2 * MIN);
        assert!(waits[10..].iter().all(|wait| *wait >= MAX / 2));
        assert!(waits[10..].iter().any(|wait| *wait != waits[10]), "no two ends in step");
        backoff.succeeded();
        assert!(backoff.wait(&mut rng) <= 2 * MIN);
    }
}
