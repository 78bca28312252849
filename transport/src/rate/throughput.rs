//! How much arrives on one path, by the receiver's clock. What it means for the path is the estimator's.

use std::collections::VecDeque;

/// Bytes are counted over this long, in slots of 10 ms: seven frames at 30 a second.
const SLOTS: u64 = 25;
const SLOT_US: u64 = 10_000;
const SLOTS_PER_S: u64 = 1_000_000 / SLOT_US;

/// Bytes of the last 250 ms.
#[derive(Debug, Default)]
pub struct Throughput {
    slots: VecDeque<(u64, u64)>,
}

impl Throughput {
    /// `bytes` arrived at `at_us`. An earlier time than the last counts as the last.
    pub fn record(&mut self, bytes: u64, at_us: u64) {
        let slot = at_us / SLOT_US;
        match self.slots.back_mut() {
            Some((last, counted)) if *last >= slot => *counted = counted.saturating_add(bytes),
            _ => self.slots.push_back((slot, bytes)),
        }
        while self.slots.front().is_some_and(|(first, _)| first.saturating_add(SLOTS) < slot) {
            self.slots.pop_front();
        }
    }

    /// Bits per second over the slots before the last, which still fills.
    pub fn bps(&self) -> u64 {
        let Some((last, filling)) = self.slots.back() else { return 0 };
        let counted = self.slots.iter().fold(0u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
        let first = self.slots.front().map_or(*last, |(first, _)| *first);
        let slots = (last - first).clamp(1, SLOTS);
        counted.saturating_sub(*filling).saturating_mul(8 * SLOTS_PER_S) / slots
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { slots } = self;
        slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_each_millisecond_is_its_rate_from_the_start_on() {
        let mut throughput = Throughput::default();
        for ms in 0..2000 {
            throughput.record(1000, 77_000_000 + ms * 1000);
            if ms > 20 {
                assert_eq!(throughput.bps(), 8_000_000, "{ms}");
            }
        }
        assert!(throughput.slots.len() <= SLOTS as usize + 1);
    }

    #[test]
    fn time_that_jumps_or_runs_back_and_endless_bytes_do_no_harm() {
        let mut throughput = Throughput::default();
        for (bytes, at_us) in [(u64::MAX, 0), (1, u64::MAX), (u64::MAX, 5), (9, u64::MAX)] {
            throughput.record(bytes, at_us);
            throughput.bps();
        }
    }
}
