//! When a frame can no longer complete: one path's word that everything sent on it before some frame has arrived or is
//! lost. What to do about it is [`crate::assembly`]'s.

use std::collections::VecDeque;

/// Datagrams that must follow a sign before it counts: networks reorder neighbours. The same allowance by which QUIC
/// declares packets lost (RFC 9002 section 6.1.1).
pub const REORDERING_DATAGRAMS: u64 = 3;

/// One path's word. All positions are frame numbers, all `number`s count datagrams of the path.
#[derive(Debug, Default)]
pub struct Fence {
    passed: u64,
    end: u64,
    signs: VecDeque<Sign>,
}

#[derive(Debug)]
struct Sign {
    position: u64,
    number: u64,
}

impl Fence {
    /// Datagram `number` arrived. If it says so itself, everything of the frames below `position` was sent before it.
    pub fn observe(&mut self, number: u64, position: Option<u64>) {
        self.end = self.end.max(number + 1);
        let known = self.signs.back().map_or(self.passed, |sign| sign.position);
        if let Some(position) = position
            && position > known
        {
            self.signs.push_back(Sign { position, number });
        }
        while let Some(sign) = self.signs.front()
            && (self.end > sign.number + REORDERING_DATAGRAMS || self.signs.len() > MAX_SIGNS)
        {
            self.passed = sign.position;
            self.signs.pop_front();
        }
    }

    /// Shards of frames below this number will not come any more on this path.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { passed: _, end: _, signs } = self;
        signs.len()
    }
}

/// Signs waiting for their allowance. In order of arrival no more than the allowance can wait; twice that for disorder.
const MAX_SIGNS: usize = 2 * REORDERING_DATAGRAMS as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_frame_counts_only_after_the_reordering_allowance() {
        let mut fence = Fence::default();
        fence.observe(10, Some(5));
        fence.observe(12, Some(5));
        assert_eq!(fence.passed(), 0);
        fence.observe(13, None);
        assert_eq!(fence.passed(), 5);
    }

    #[test]
    fn every_frame_of_a_slow_stream_passes_in_its_turn() {
        let mut fence = Fence::default();
        for number in 0..20 {
            fence.observe(number, Some(number + 1));
        }
        assert_eq!(fence.passed(), 20 - REORDERING_DATAGRAMS);
    }

    #[test]
    fn memory_stays_bounded_when_numbers_never_advance() {
        let mut fence = Fence::default();
        for position in 1..1000 {
            fence.observe(0, Some(position));
            assert!(fence.signs.len() <= MAX_SIGNS);
        }
    }
}
