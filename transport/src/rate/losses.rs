//! Whether loss on one path is congestion. What to do about it is the estimator's.
//!
//! Loss on its own lowers nothing below a tenth (draft-ietf-rmcat-gcc-02 section 6), and even more does not while it
//! comes in bursts: a bottleneck too narrow for the sender takes of every frame, a fading channel takes of some.

use std::collections::VecDeque;

/// Loss is judged over this many slots of 50 ms of sending, which is one second: each slot has a frame in it.
const SLOTS: usize = 20;
const SLOT_US: u64 = 50_000;
/// Fewer slots than this say nothing yet.
const MIN_SLOTS: usize = 10;
/// More than one in this many is heavy.
const HEAVY: u64 = 10;
/// Fewer datagrams than this in a slot say nothing about it.
const MIN_TOLD: u64 = 5;

/// Fate of what was sent in the last second.
#[derive(Debug, Default)]
pub struct Losses {
    slots: VecDeque<Slot>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    index: u64,
    told: u64,
    lost: u64,
}

impl Losses {
    /// What was sent at `sent_us` arrived, or was `lost`.
    pub fn record(&mut self, sent_us: u64, lost: bool) {
        let index = sent_us / SLOT_US;
        if self.slots.back().is_none_or(|last| last.index < index) {
            self.slots.push_back(Slot { index, ..Slot::default() });
        }
        if let Some(slot) = self.slots.back_mut() {
            slot.told += 1;
            slot.lost += u64::from(lost);
        }
        while self.slots.front().is_some_and(|first| first.index.saturating_add(SLOTS as u64) <= index) {
            self.slots.pop_front();
        }
    }

    /// Whether more than a tenth is lost, and of most frames.
    pub fn heavy(&self) -> bool {
        let slots = self.partly_lost();
        let hit = slots.clone().filter(|slot| slot.lost * HEAVY > slot.told).count();
        let count = slots.clone().count();
        count >= MIN_SLOTS && hit * 2 > count && self.one_in(HEAVY)
    }

    /// Whether more than one in `share` is lost.
    pub fn one_in(&self, share: u64) -> bool {
        let (told, lost) = self.partly_lost().fold((0, 0), |(told, lost), slot| (told + slot.told, lost + slot.lost));
        lost * share > told
    }

    /// Forgets everything: what was sent faster than now says nothing about now.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { slots } = self;
        slots.len()
    }

    /// Slots that say something. One that is lost whole is darkness, not congestion.
    fn partly_lost(&self) -> impl Iterator<Item = &Slot> + Clone {
        self.slots.iter().filter(|slot| slot.told >= MIN_TOLD && slot.lost < slot.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of 1000 datagrams, each lost if `lost` says so of its millisecond.
    fn second(lost: impl Fn(u64) -> bool) -> Losses {
        let mut losses = Losses::default();
        for ms in 0..3000 {
            losses.record(ms * 1000, lost(ms));
        }
        losses
    }

    #[test]
    fn a_fifth_of_every_frame_is_heavy_and_a_fiftieth_is_not() {
        assert!(second(|ms| ms % 5 == 0).heavy());
        assert!(!second(|ms| ms % 50 == 0).heavy());
    }

    #[test]
    fn a_burst_of_200_ms_and_a_darkness_are_not_congestion() {
        assert!(!second(|ms| (2300..2500).contains(&ms) && ms % 5 != 0).heavy());
        assert!(!second(|ms| (2000..2900).contains(&ms)).heavy());
    }

    #[test]
    fn memory_is_bounded() {
        let mut losses = Losses::default();
        (0..100_000).for_each(|n| losses.record(n * 10_000, n % 2 == 0));
        assert!(losses.slots.len() <= SLOTS);
        losses.clear();
        assert!(!losses.heavy());
    }
}
