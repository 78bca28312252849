//! A first-in first-out queue before a bottleneck whose capacity may change. Loss and delay are `link`'s.

use crate::impairment::Capacity;

/// Bits times a million per bit: at `bps` bits per second a queue drains `bps` of these each microsecond, exactly.
const PER_BYTE: u64 = 8_000_000;

/// How many bytes wait before the bottleneck, as time goes by.
#[derive(Debug)]
pub(crate) struct Queue {
    capacity: Capacity,
    /// Bits that wait, times a million.
    backlog: u64,
    now_us: u64,
}

impl Queue {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self { capacity, backlog: 0, now_us: 0 }
    }

    /// When the last bit of a packet of `bytes` that comes at `now_us` has left, or `None` if it does not fit.
    ///
    /// `counted_from_us` is where the capacity's schedule begins; before it the capacity stays what it is at first.
    pub(crate) fn offer(&mut self, now_us: u64, counted_from_us: Option<u64>, bytes: usize) -> Option<u64> {
        self.drain_until(now_us, counted_from_us);
        let packet = (bytes as u64).saturating_mul(PER_BYTE);
        let (bps, _) = self.capacity_at(now_us, counted_from_us);
        let bound = bps.saturating_mul(self.capacity.queue_us);
        let filled = self.backlog.saturating_add(packet);
        if self.backlog > 0 && filled > bound {
            return None;
        }
        self.backlog = filled;
        Some(self.empty_at(counted_from_us))
    }

    /// How long what comes at `now_us` waits for what is there already.
    pub(crate) fn standing_us(&mut self, now_us: u64, counted_from_us: Option<u64>) -> u64 {
        self.drain_until(now_us.max(self.now_us), counted_from_us);
        self.empty_at(counted_from_us) - self.now_us
    }

    fn drain_until(&mut self, now_us: u64, counted_from_us: Option<u64>) {
        while self.now_us < now_us && self.backlog > 0 {
            let (bps, changes_us) = self.capacity_at(self.now_us, counted_from_us);
            let end_us = now_us.min(changes_us);
            self.backlog = self.backlog.saturating_sub(bps.saturating_mul(end_us - self.now_us));
            self.now_us = end_us;
        }
        self.now_us = now_us;
    }

    fn empty_at(&self, counted_from_us: Option<u64>) -> u64 {
        let (mut at_us, mut left) = (self.now_us, self.backlog);
        loop {
            let (bps, changes_us) = self.capacity_at(at_us, counted_from_us);
            let empty_us = at_us.saturating_add(left.div_ceil(bps));
            if empty_us <= changes_us {
                return empty_us;
            }
            left -= bps * (changes_us - at_us);
            at_us = changes_us;
        }
    }

    /// The capacity at `now_us` and when it changes next: `u64::MAX` if never.
    fn capacity_at(&self, now_us: u64, counted_from_us: Option<u64>) -> (u64, u64) {
        let Some(from_us) = counted_from_us.filter(|&from_us| from_us <= now_us) else {
            return (self.capacity.bps.max(1), counted_from_us.unwrap_or(u64::MAX));
        };
        let (bps, changes_us) = self.capacity.at(now_us - from_us);
        (bps, changes_us.map_or(u64::MAX, |counted_us| counted_us.saturating_add(from_us)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impairment::Step;

    const FROM_START: Option<u64> = Some(0);

    fn steady(bps: u64) -> Queue {
        Queue::new(Capacity { bps, steps: Vec::new(), queue_us: 100_000 })
    }

    #[test]
    fn a_lone_packet_takes_its_own_time_on_the_wire() {
        // 1000 bytes at 8 Mbit/s are one millisecond.
        assert_eq!(steady(8_000_000).offer(500, FROM_START, 1_000), Some(1_500));
    }

    #[test]
    fn a_flood_leaves_at_capacity_and_waits_no_longer_than_the_queue() {
        let mut queue = steady(3_000_000);
        let (mut passed_bytes, mut last_us) = (0, 0);
        for now_us in (0..1_000_000).step_by(100) {
            if let Some(leaves_us) = queue.offer(now_us, FROM_START, 1_200) {
                assert!(leaves_us - now_us <= 100_000, "waited {} us", leaves_us - now_us);
                assert!(leaves_us > last_us, "it overtook");
                (passed_bytes, last_us) = (passed_bytes + 1_200, leaves_us);
            }
        }
        // What passed left at 3 Mbit/s without a pause; each packet's time is rounded up to a microsecond.
        assert_eq!(last_us, passed_bytes * 8 / 3);
        assert!(last_us > 1_090_000, "the queue was not full at the end: {last_us}");
    }

    #[test]
    fn a_queue_stands_until_it_has_drained() {
        let mut queue = steady(8_000_000);
        assert_eq!(queue.standing_us(0, FROM_START), 0);
        queue.offer(0, FROM_START, 3_000);
        assert_eq!(
            [0, 1_000, 2_999, 3_000, 9_000].map(|now_us| queue.standing_us(now_us, FROM_START)),
            [3_000, 2_000, 1, 0, 0]
        );
    }

    #[test]
    fn what_waits_when_capacity_falls_leaves_at_the_lower_rate() {
        let steps = vec![Step { at_us: 1_000, bps: 4_000_000 }];
        let mut queue = Queue::new(Capacity { bps: 8_000_000, steps, queue_us: 100_000 });
        assert_eq!(queue.offer(0, FROM_START, 1_000), Some(1_000));
        assert_eq!(queue.offer(0, FROM_START, 1_000), Some(3_000));
        assert_eq!(queue.offer(2_000, FROM_START, 500), Some(4_000));
    }

    #[test]
    fn a_fallen_capacity_admits_nothing_until_the_backlog_fits_again() {
        let steps = vec![Step { at_us: 10, bps: 1_000_000 }];
        let mut queue = Queue::new(Capacity { bps: 8_000_000, steps, queue_us: 100_000 });
        while queue.offer(0, FROM_START, 1_000).is_some() {}
        // 100 kB wait; 1 Mbit/s drains 125 bytes a millisecond and bounds the queue to 12,500 bytes.
        assert_eq!(queue.offer(600_000, FROM_START, 1_000), None);
        assert!(queue.offer(800_000, FROM_START, 1_000).is_some());
    }

    #[test]
    fn the_schedule_waits_for_counting_to_start() {
        let steps = vec![Step { at_us: 0, bps: 4_000_000 }];
        let mut queue = Queue::new(Capacity { bps: 8_000_000, steps, queue_us: 100_000 });
        assert_eq!(queue.offer(5_000, None, 1_000), Some(6_000));
        assert_eq!(queue.offer(10_000, Some(10_000), 1_000), Some(12_000));
    }
}
