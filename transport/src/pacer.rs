//! When the shards of one path leave: in order, at the burst rate, within the room in flight. What a path carries is
//! [`crate::rate`]'s, which shard goes by which path [`crate::schedule`]'s, their bytes [`crate::history`]'s.
//!
//! QUIC sends datagrams ahead of everything and drops the oldest when too many wait, so waiting is done here. Messages and
//! voice never wait: they leave at once and are charged to the line ([`Pacer::spend`]), and frames wait for them. What
//! is left when no shard waits is for large things ([`Pacer::free_at`]).

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

/// What may leave at once after a pause. Timers wake up to two milliseconds late, and what a late one holds back would be
/// lost to the rate for good without it; at 12 Mbit/s it is three datagrams, which no queue notices.
const CREDIT: Duration = Duration::from_millis(2);
/// Shards that wait at most: two of the largest frames with as much repair.
const MAX_WAITING: usize = 4 * crate::shards::MAX_SHARDS as usize;

/// A shard that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Of which frame.
    pub frame: u64,
    /// Its place in the frame.
    pub index: u16,
    /// Bytes of its datagram, about.
    pub bytes: usize,
}

/// The shards of one path that wait to leave, and how busy its line is.
#[derive(Debug, Default)]
pub struct Pacer {
    waiting: VecDeque<Shard>,
    rate_bps: Option<u64>,
    /// The line is busy until then with what has left.
    busy_until: MonoTime,
    room_bytes: Option<u64>,
    dropped: u64,
}

impl Pacer {
    /// `shard` is to leave after all that wait.
    pub fn push(&mut self, shard: Shard) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(shard);
        } else {
            self.dropped += 1;
        }
    }

    /// `shard` is to leave next: it is asked for, and its frame is older than what waits.
    pub fn push_first(&mut self, shard: Shard) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_front(shard);
        } else {
            self.dropped += 1;
        }
    }

    /// The next shard, if one may leave now. Whoever sends it says so by [`Self::spend`].
    pub fn poll(&mut self, now: MonoTime) -> Option<Shard> {
        self.deadline().filter(|at| *at <= now)?;
        self.waiting.pop_front()
    }

    /// When [`Self::poll`] is worth calling; `None` while nothing waits, or what waits waits for room.
    pub fn deadline(&self) -> Option<MonoTime> {
        let next = self.waiting.front()?;
        self.has_room(next.bytes).then(|| self.line())
    }

    /// When something of `bytes` that must never delay a shard may leave; `None` while shards or room are waited for.
    pub fn free_at(&self, bytes: usize) -> Option<MonoTime> {
        (self.waiting.is_empty() && self.has_room(bytes)).then(|| self.line())
    }

    /// A datagram of `bytes` leaves now, whatever it carries.
    pub fn spend(&mut self, bytes: usize, now: MonoTime) {
        self.room_bytes = self.room_bytes.map(|room| room.saturating_sub(bytes as u64));
        if let Some(bps) = self.rate_bps {
            let idle_since = MonoTime(now.0.saturating_sub(CREDIT.as_micros() as u64));
            let takes_us = (bytes as u64).saturating_mul(8_000_000).div_ceil(bps);
            self.busy_until = self.busy_until.max(idle_since) + Duration::from_micros(takes_us);
        }
    }

    /// Shards leave at `burst_bps`, or at once; and until this is called again no more than `room_bytes` of them.
    pub fn set(&mut self, burst_bps: Option<u64>, room_bytes: Option<u64>) {
        self.rate_bps = burst_bps.map(|bps| bps.max(1));
        if burst_bps.is_none() {
            self.busy_until = MonoTime(0);
        }
        self.room_bytes = room_bytes;
    }

    /// Drops what waits and `is_spare` says of its frame and place that it need not leave here any more.
    pub fn give_way(&mut self, is_spare: impl Fn(u64, u16) -> bool) {
        let before = self.waiting.len();
        self.waiting.retain(|shard| !is_spare(shard.frame, shard.index));
        self.dropped += (before - self.waiting.len()) as u64;
    }

    /// The shard just polled was not sent: its time is over.
    pub fn expired(&mut self) {
        self.dropped += 1;
    }

    /// The frame of the first shard that waits.
    pub fn oldest_frame(&self) -> Option<u64> {
        self.waiting.front().map(|shard| shard.frame)
    }

    /// Shards that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Shards that never left: their time was over, a newer frame needed their place, or too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When the line is free of what has left.
    fn line(&self) -> MonoTime {
        if self.rate_bps.is_some() { self.busy_until } else { MonoTime(0) }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.room_bytes.is_none_or(|room| room >= bytes as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(pacer: &mut Pacer, frame: u64, count: u16) {
        (0..count).for_each(|index| pacer.push(Shard { frame, index, bytes: 1000 }));
    }

    /// Everything that leaves until `until_us`, polled when the pacer says so, with its time.
    fn leaving(pacer: &mut Pacer, from_us: u64, until_us: u64) -> Vec<(u64, Shard)> {
        let (mut left, mut now) = (Vec::new(), MonoTime(from_us));
        while now.0 < until_us {
            while let Some(shard) = pacer.poll(now) {
                pacer.spend(shard.bytes, now);
                left.push((now.0, shard));
            }
            let Some(next) = pacer.deadline() else { break };
            assert!(next > now, "it says to come back at once and has nothing");
            now = next;
        }
        left
    }

    #[test]
    fn without_a_rate_everything_leaves_at_once_in_order() {
        let mut pacer = Pacer::default();
        push(&mut pacer, 1, 3);
        pacer.push_first(Shard { frame: 0, index: 9, bytes: 1000 });
        let left: Vec<(u64, u64, u16)> =
            leaving(&mut pacer, 7, 100).into_iter().map(|(at, shard)| (at, shard.frame, shard.index)).collect();
        assert_eq!(left, [(7, 0, 9), (7, 1, 0), (7, 1, 1), (7, 1, 2)]);
    }

    #[test]
    fn shards_leave_at_the_rate_after_two_milliseconds_of_credit() {
        // 1000 bytes at 8 Mbit/s are one millisecond.
        let mut pacer = Pacer::default();
        pacer.set(Some(8_000_000), None);
        push(&mut pacer, 0, 50);
        let left = leaving(&mut pacer, 1_000_000, 2_000_000);
        assert_eq!(left.len(), 50, "it drains");
        for (n, (at_us, _)) in left.iter().enumerate() {
            let ideal_us = 1_000_000 + (n as u64).saturating_sub(2) * 1000;
            assert!(at_us.abs_diff(ideal_us) <= 1000, "shard {n} left at {at_us}");
        }
        assert_eq!(left.iter().filter(|(at_us, _)| *at_us == 1_000_000).count(), 3, "two of credit and one");
    }

    #[test]
    fn frames_pay_for_the_messages_and_words_that_leave_before_them() {
        let mut pacer = Pacer::default();
        pacer.set(Some(8_000_000), None);
        push(&mut pacer, 0, 10);
        leaving(&mut pacer, 1_000_000, 1_000_500);
        let due = pacer.deadline().unwrap();
        (0..2).for_each(|_| pacer.spend(1000, MonoTime(1_000_500)));
        assert_eq!(pacer.deadline(), Some(due + Duration::from_millis(2)));
    }

    #[test]
    fn without_room_shards_wait_until_there_is_some() {
        let mut pacer = Pacer::default();
        pacer.set(None, Some(2500));
        push(&mut pacer, 0, 5);
        assert_eq!(leaving(&mut pacer, 0, 1_000_000).len(), 2);
        assert_eq!(pacer.deadline(), None, "only room helps");
        pacer.set(None, None);
        assert_eq!(leaving(&mut pacer, 10, 1_000_000).len(), 3);
    }

    #[test]
    fn large_things_have_the_line_only_while_no_shard_waits_and_it_is_idle() {
        let mut pacer = Pacer::default();
        pacer.set(Some(8_000_000), None);
        assert_eq!(pacer.free_at(1000), Some(MonoTime(0)));
        push(&mut pacer, 0, 4);
        assert_eq!(pacer.free_at(1000), None);
        leaving(&mut pacer, 1_000_000, 1_003_000);
        assert_eq!(pacer.free_at(1000), Some(MonoTime(1_002_000)));
        pacer.set(Some(8_000_000), Some(999));
        assert_eq!(pacer.free_at(1000), None);
    }

    #[test]
    fn a_copy_that_has_left_elsewhere_gives_way_and_is_counted() {
        let mut pacer = Pacer::default();
        push(&mut pacer, 0, 6);
        push(&mut pacer, 1, 2);
        pacer.give_way(|frame, index| frame == 0 && index < 4);
        assert_eq!((pacer.len(), pacer.dropped(), pacer.oldest_frame()), (4, 4, Some(0)));
    }

    #[test]
    fn memory_is_bounded_when_nothing_ever_leaves() {
        let mut pacer = Pacer::default();
        (0..20).for_each(|frame| push(&mut pacer, frame, 8192));
        pacer.push_first(Shard { frame: 0, index: 0, bytes: 1 });
        assert_eq!(pacer.len(), MAX_WAITING);
    }
}
