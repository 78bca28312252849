//! Standing queue of one path from one-way delays. What to do about it is the estimator's.
//!
//! The two ends' clocks have nothing to do with each other, but a delay less the least one seen has no offset in it
//! (RFC 6817 section 3.4.2, RFC 8698 section 4.2). A train's own queue is not standing: the least delay of a moment is
//! that of a train's head, which finds only what earlier trains left.

use std::collections::VecDeque;
use std::time::Duration;

/// The base is the least delay of this long. Two clocks 100 ppm apart drift 3 ms in it.
const BASE_SLOTS: usize = 30;
const BASE_SLOT_US: u64 = 1_000_000;
/// The delay of the moment is the least of this long, in slots of 20 ms: three frames and five probes, so that jitter of
/// single datagrams is not taken for a queue.
const MOMENT_SLOTS: usize = 5;
const MOMENT_SLOT_US: u64 = 20_000;

/// One-way delays of one path.
#[derive(Debug, Default)]
pub struct Delay {
    base: Least,
    moment: Least,
}

/// Least values of the last so many slots of time.
#[derive(Debug, Default)]
struct Least {
    slots: VecDeque<(u64, i64)>,
}

impl Delay {
    /// A datagram sent at `sent_us` arrived at `arrived_us`, each by its end's clock; sent times do not fall.
    pub fn record(&mut self, sent_us: u64, arrived_us: u64) {
        let delay_us = (arrived_us as i64).saturating_sub(sent_us as i64);
        self.base.record(sent_us / BASE_SLOT_US, delay_us, BASE_SLOTS);
        self.moment.record(sent_us / MOMENT_SLOT_US, delay_us, MOMENT_SLOTS);
    }

    /// Delay of the moment above the base.
    pub fn standing(&self) -> Duration {
        let (base, moment) = (self.base.least(), self.moment.least());
        let above_us = base.zip(moment).map_or(0, |(base, moment)| moment.saturating_sub(base));
        Duration::from_micros(u64::try_from(above_us).unwrap_or(0))
    }

    /// What is the delay now is the base from here on: the route has changed.
    pub fn rebase(&mut self) {
        let slot = self.base.slots.back().map(|(slot, _)| *slot);
        self.base.slots.clear();
        self.base.slots.extend(slot.zip(self.moment.least()));
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { base: Least { slots: base }, moment: Least { slots: moment } } = self;
        base.len() + moment.len()
    }
}

impl Least {
    fn record(&mut self, slot: u64, value: i64, slots: usize) {
        match self.slots.back_mut() {
            Some((last, least)) if *last >= slot => *least = value.min(*least),
            _ => self.slots.push_back((slot, value)),
        }
        while self.slots.front().is_some_and(|(first, _)| first.saturating_add(slots as u64) <= slot) {
            self.slots.pop_front();
        }
    }

    fn least(&self) -> Option<i64> {
        self.slots.iter().map(|(_, value)| *value).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A datagram each 5 ms from `from_ms` to `to_ms`, delayed by `delay_us` of its time in ms.
    fn record(delay: &mut Delay, from_ms: u64, to_ms: u64, delay_us: impl Fn(u64) -> u64) {
        for ms in (from_ms..to_ms).step_by(5) {
            delay.record(ms * 1000, 5_000_000_000 + ms * 1000 + delay_us(ms));
        }
    }

    #[test]
    fn clocks_apart_and_jitter_are_no_queue_and_a_queue_shows_within_100_ms() {
        let mut delay = Delay::default();
        record(&mut delay, 0, 3000, |ms| 25_000 + ms * 7919 % 12_000);
        assert!(delay.standing() < MS(4), "{:?}", delay.standing());
        record(&mut delay, 3000, 3100, |_| 65_000);
        assert!(delay.standing() > MS(38), "{:?}", delay.standing());
    }

    #[test]
    fn a_train_that_queues_behind_itself_leaves_no_standing_queue() {
        let mut delay = Delay::default();
        record(&mut delay, 0, 3000, |ms| 10_000 + ms % 30 * 1000);
        assert_eq!(delay.standing(), Duration::ZERO);
    }

    #[test]
    fn a_longer_route_is_the_base_after_30_s_or_when_told_so() {
        let mut delay = Delay::default();
        record(&mut delay, 0, 1000, |_| 10_000);
        record(&mut delay, 1000, 30_000, |_| 40_000);
        assert_eq!(delay.standing(), MS(30));
        record(&mut delay, 30_000, 31_500, |_| 40_000);
        assert_eq!(delay.standing(), Duration::ZERO);
        record(&mut delay, 31_500, 32_500, |_| 90_000);
        delay.rebase();
        assert_eq!(delay.standing(), Duration::ZERO);
    }

    #[test]
    fn memory_is_bounded_and_nonsense_does_no_harm() {
        let mut delay = Delay::default();
        for n in 0..100_000 {
            delay.record(n * 100_000, if n % 2 == 0 { 0 } else { u64::MAX });
        }
        delay.record(5, 5);
        assert!(delay.base.slots.len() <= BASE_SLOTS && delay.moment.slots.len() <= MOMENT_SLOTS);
    }
}
