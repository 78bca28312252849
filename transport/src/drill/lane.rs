//! One direction of one socket under a drill: what comes in is lost, passed, or held until its time. The emulation is
//! `netem`'s; without a drill nothing comes here.

use std::collections::VecDeque;

use netem::impairment::{Capacity, Dark, Impairment};
use netem::link::{Link, Verdict};
use protocol::time::MonoTime;

use super::{Effect, Period};

/// Bytes held back at most: two seconds, the longest delay, of 16 Mbit/s. Beyond it datagrams are lost, as in any
/// full queue.
pub const MAX_HELD_BYTES: usize = 4 << 20;
/// The queue before a thinned path, as in the profile `squeeze`: what routers commonly have.
const QUEUE_US: u64 = 100_000;

/// A first-in first-out queue before a drilled path. Nothing overtakes anything, and nothing comes twice; what is held
/// when the drill ends is due at once, and comes out before anything newer.
#[derive(Debug)]
pub struct Lane<T> {
    imposed: Option<(Period, Link)>,
    held: VecDeque<Held<T>>,
    held_bytes: usize,
}

#[derive(Debug)]
struct Held<T> {
    due: MonoTime,
    bytes: usize,
    datagram: T,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { imposed: None, held: VecDeque::new(), held_bytes: 0 }
    }
}

impl<T> Lane<T> {
    /// The drill is `period` from `now` on. The same one again changes nothing; what a former one held is due.
    pub fn impose(&mut self, period: Option<Period>, now: MonoTime) {
        if self.imposed.as_ref().map(|(period, _)| *period) == period {
            return;
        }
        for held in &mut self.held {
            held.due = held.due.min(now);
        }
        // Nothing of a drill is random: any seed does.
        self.imposed = period.map(|period| (period, Link::new(impairment(period.effect), 0)));
    }

    /// Whether datagrams may pass by the lane at `now`.
    pub fn is_clear(&self, now: MonoTime) -> bool {
        self.held.is_empty() && !self.imposed.as_ref().is_some_and(|(period, _)| period.holds_at(now))
    }

    /// A datagram of `bytes` comes in at `now`.
    pub fn offer(&mut self, datagram: T, bytes: usize, now: MonoTime) {
        let due = match &mut self.imposed {
            Some((period, link)) if period.holds_at(now) => match link.offer(now.0, bytes) {
                Verdict::DeliverAt(at_us) => MonoTime(at_us).min(period.until),
                Verdict::Drop(_) => return,
            },
            _ => now,
        };
        if self.held_bytes + bytes <= MAX_HELD_BYTES {
            self.held_bytes += bytes;
            self.held.push_back(Held { due, bytes, datagram });
        }
    }

    /// The next datagram, if it is due at `now`. It stays until [`Self::pop`].
    pub fn due(&self, now: MonoTime) -> Option<&T> {
        self.held.front().filter(|held| held.due <= now).map(|held| &held.datagram)
    }

    /// Takes the next datagram out.
    pub fn pop(&mut self) -> Option<T> {
        let held = self.held.pop_front()?;
        self.held_bytes -= held.bytes;
        Some(held.datagram)
    }

    /// When the next datagram is due.
    pub fn next_due(&self) -> Option<MonoTime> {
        self.held.front().map(|held| held.due)
    }
}

fn impairment(effect: Effect) -> Impairment {
    let perfect = Impairment::default();
    match effect {
        Effect::Cut => Impairment { dark: Some(Dark { first_us: 0, for_us: u64::MAX, every_us: None }), ..perfect },
        Effect::Delay(ms) => Impairment { delay_us: u64::from(ms) * 1_000, ..perfect },
        Effect::Thin(kbps) => {
            let bps = u64::from(kbps) * 1_000;
            Impairment { capacity: Some(Capacity { bps, steps: Vec::new(), queue_us: QUEUE_US }), ..perfect }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000;

    fn period(effect: Effect, from_s: u64, until_s: u64) -> Period {
        Period { effect, from: MonoTime(from_s * S), until: MonoTime(until_s * S) }
    }

    /// What comes out and when, of datagrams of 1,200 bytes offered each `gap_us` from 0 to `until_s`.
    fn passed(period: Period, gap_us: u64, until_s: u64) -> Vec<(u64, u64)> {
        let mut lane = Lane::default();
        lane.impose(Some(period), MonoTime(0));
        let mut out = Vec::new();
        for now_us in (0..until_s * S).step_by(1_000) {
            let now = MonoTime(now_us);
            if now_us % gap_us == 0 {
                lane.offer(now_us, 1_200, now);
            }
            while lane.due(now).is_some() {
                out.extend(lane.pop().map(|sent_us| (sent_us, now_us)));
            }
        }
        out
    }

    #[test]
    fn a_cut_loses_what_is_sent_while_it_holds_and_nothing_else() {
        let passed = passed(period(Effect::Cut, 1, 2), 10_000, 3);
        let expected: Vec<(u64, u64)> =
            (0..3 * S).step_by(10_000).filter(|us| !(S..2 * S).contains(us)).map(|us| (us, us)).collect();
        assert_eq!(passed, expected);
    }

    #[test]
    fn a_delay_holds_everything_back_alike_and_what_is_held_at_its_end_comes_at_once() {
        let passed = passed(period(Effect::Delay(200), 1, 2), 10_000, 3);
        let delayed = |us: u64| if (S..2 * S).contains(&us) { (us + 200_000).min(2 * S) } else { us };
        let expected: Vec<(u64, u64)> = (0..3 * S).step_by(10_000).map(|us| (us, delayed(us))).collect();
        assert_eq!(passed, expected);
    }

    #[test]
    fn a_thinned_path_carries_its_rate_and_queues_for_a_tenth_of_a_second() {
        // 4.8 Mbit/s into 1 Mbit/s for a second.
        let passed = passed(period(Effect::Thin(1_000), 1, 2), 2_000, 3);
        let during: Vec<(u64, u64)> = passed.iter().copied().filter(|(sent, _)| (S..2 * S).contains(sent)).collect();
        assert!(during.iter().all(|(sent, came)| came - sent <= 101_000), "no longer than the queue");
        let carried = during.len() as u64 * 1_200 * 8;
        assert!((S..=S * 115 / 100).contains(&carried), "{carried} bits in a second and its queue");
        assert!(passed.iter().filter(|(sent, _)| *sent >= 2 * S).all(|(sent, came)| came == sent));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut lane = Lane::default();
        lane.impose(Some(period(Effect::Delay(2_000), 0, 9)), MonoTime(0));
        (0..1_000_000u32).for_each(|number| lane.offer(number, 1_200, MonoTime(0)));
        assert!(lane.held.len() * 1_200 <= MAX_HELD_BYTES);
    }

    #[test]
    fn a_drill_ended_early_lets_go_of_what_it_held_in_order() {
        let mut lane = Lane::default();
        let drill = period(Effect::Delay(2_000), 0, 9);
        lane.impose(Some(drill), MonoTime(0));
        lane.offer(1, 1_200, MonoTime(0));
        let now = MonoTime(S);
        assert_eq!(lane.due(now), None);
        lane.impose(Some(drill.ended(now)), now);
        assert!(!lane.is_clear(now), "the older comes first");
        lane.offer(2, 1_200, now);
        assert_eq!([lane.pop(), lane.pop()], [Some(1), Some(2)]);
        assert!(lane.is_clear(now));
    }

    fn effect() -> impl Strategy<Value = Effect> {
        prop_oneof![Just(Effect::Cut), (1u32..2_000).prop_map(Effect::Delay), (64u32..20_000).prop_map(Effect::Thin)]
    }

    proptest! {
        #[test]
        fn whatever_the_drills_nothing_is_reordered_or_doubled_and_after_them_all_flows_untouched(
            drills in proptest::collection::vec((effect(), 0u64..1_000_000, 0u64..3_000_000), 1..5),
            gaps in proptest::collection::vec(0u64..20_000, 1..400),
        ) {
            let (mut lane, mut now_us, mut out) = (Lane::default(), 0, Vec::new());
            let mut drills = drills.into_iter();
            for (number, gap_us) in gaps.iter().enumerate() {
                now_us += gap_us;
                let now = MonoTime(now_us);
                if number % 97 == 0 {
                    let drill = drills.next().map(|(effect, from_us, for_us)| {
                        let from = MonoTime(now_us + from_us);
                        Period { effect, from, until: MonoTime(from.0 + for_us) }
                    });
                    lane.impose(drill, now);
                }
                lane.offer(number, 1_200, now);
                while lane.due(now).is_some() {
                    out.extend(lane.pop());
                }
            }
            let after = MonoTime(now_us + 10 * S);
            while lane.due(after).is_some() {
                out.extend(lane.pop());
            }
            prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(lane.is_clear(after), "nothing is left behind");
            lane.offer(usize::MAX, 1_200, after);
            prop_assert_eq!(lane.due(after), Some(&usize::MAX));
        }
    }
}
