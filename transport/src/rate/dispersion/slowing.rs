//! A bottleneck that has just become much narrower: it shows before the train has passed it.

use super::{Dispersion, MIN_STEPS, NEWS, Sample, Step, UNLIMITED_BPS, sum};

/// A train under way is slower than the bottleneck that was known by this factor, and takes this much longer at least, if the
/// bottleneck is another now: more than jitter of 12 ms can feign.
const SLOWED: u64 = 2;
const SLOWED_US: u64 = 15_000;

impl Dispersion {
    /// Judges the train under way, whose newest datagram was sent at `sent_us`.
    pub(super) fn look_at_slowing(&mut self, sent_us: u64) {
        let neighbours = self.train.iter().filter(|step| step.bytes > 0);
        // One gap alone is a pause of either end, or of the path.
        let longest = neighbours.clone().max_by_key(|step| step.arrived_us).copied().unwrap_or_default();
        let whole = sum(neighbours.clone());
        if neighbours.count() <= MIN_STEPS {
            return;
        }
        let slow = Sample(Step {
            bytes: whole.bytes.saturating_sub(longest.bytes),
            sent_us: whole.sent_us.saturating_sub(longest.sent_us),
            arrived_us: whole.arrived_us.saturating_sub(longest.arrived_us),
        });
        let known_us = slow.0.bytes.saturating_mul(8_000_000) / self.limit_bps().unwrap_or(UNLIMITED_BPS);
        if slow.0.arrived_us > SLOWED * known_us.max(slow.0.sent_us) + SLOWED_US {
            self.samples = [slow; NEWS / 2 + 1].into();
            (self.limit, self.sampled_us) = (Some(slow.bps()), Some(sent_us));
            self.highs.clear();
            self.train.clear();
        }
    }
}
