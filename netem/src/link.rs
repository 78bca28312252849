//! One direction of one path: offered a packet, it says when it arrives or why it does not. Sockets are `relay`'s.

use std::ops::Range;

use fastrand::Rng;

use crate::channel::Channel;
use crate::impairment::Impairment;
use crate::queue::Queue;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does not arrive.
    Drop(Reason),
    /// It arrives at this time, in microseconds of the caller's clock. Never before an earlier packet.
    DeliverAt(u64),
}

/// Why a packet does not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It was sent into a darkness, scheduled or cut.
    Dark,
    /// Larger than the path passes.
    Size,
    /// The queue before the bottleneck was full.
    Queue,
    /// Lost on its own.
    Random,
    /// Lost while the channel was bad.
    Burst,
}

/// One direction of one path. The same seed and the same offers give the same verdicts.
#[derive(Debug)]
pub struct Link {
    impairment: Impairment,
    rng: Rng,
    channel: Option<Channel>,
    queue: Option<Queue>,
    counted_from_us: Option<u64>,
    cuts: Vec<Range<u64>>,
    now_us: u64,
    last_arrival_us: u64,
}

impl Link {
    /// A link whose counted time begins at 0 of the caller's clock.
    pub fn new(impairment: Impairment, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let channel = impairment.bursts.map(|bursts| Channel::new(bursts, rng.fork()));
        let queue = impairment.capacity.clone().map(Queue::new);
        Self {
            impairment,
            rng,
            channel,
            queue,
            counted_from_us: Some(0),
            cuts: Vec::new(),
            now_us: 0,
            last_arrival_us: 0,
        }
    }

    /// This link before counting: scheduled darkness and changes of capacity wait for [`Self::count_from`], so that
    /// connecting is no part of what is measured.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self { counted_from_us: None, ..self }
    }

    /// Schedules begin at `now_us`.
    pub fn count_from(&mut self, now_us: u64) {
        self.counted_from_us = Some(now_us);
    }

    /// Nothing passes from `from_us` for `for_us`, whatever the schedule says.
    pub fn cut(&mut self, from_us: u64, for_us: u64) {
        self.cuts.push(from_us..from_us.saturating_add(for_us));
    }

    /// A packet of `bytes` is sent at `now_us`. A time before an earlier offer's counts as that offer's.
    ///
    /// A darkness takes what is sent during it; what was on its way before still arrives. A packet that is lost has
    /// passed the bottleneck and taken its share of it.
    pub fn offer(&mut self, now_us: u64, bytes: usize) -> Verdict {
        self.now_us = self.now_us.max(now_us);
        match self.pass(bytes) {
            Ok(at_us) => Verdict::DeliverAt(at_us),
            Err(reason) => Verdict::Drop(reason),
        }
    }

    /// How long a packet offered at `now_us` would wait before the bottleneck.
    pub fn standing_us(&mut self, now_us: u64) -> u64 {
        let counted_from_us = self.counted_from_us;
        self.queue.as_mut().map_or(0, |queue| queue.standing_us(now_us, counted_from_us))
    }

    fn pass(&mut self, bytes: usize) -> Result<u64, Reason> {
        let now_us = self.now_us;
        if self.is_dark() {
            return Err(Reason::Dark);
        }
        if self.vanishes(bytes) {
            return Err(Reason::Size);
        }
        let leaves_us = match &mut self.queue {
            Some(queue) => queue.offer(now_us, self.counted_from_us, bytes).ok_or(Reason::Queue)?,
            None => now_us,
        };
        self.survive()?;
        let jitter_us = self.rng.u64(0..=self.impairment.jitter_us);
        let arrives_us = leaves_us.saturating_add(self.impairment.delay_us).saturating_add(jitter_us);
        self.last_arrival_us = self.last_arrival_us.max(arrives_us);
        Ok(self.last_arrival_us)
    }

    fn is_dark(&mut self) -> bool {
        let now_us = self.now_us;
        self.cuts.retain(|cut| now_us < cut.end);
        let scheduled = self.counted_us().zip(self.impairment.dark).is_some_and(|(us, dark)| dark.holds_at(us));
        scheduled || self.cuts.iter().any(|cut| cut.contains(&now_us))
    }

    fn vanishes(&self, bytes: usize) -> bool {
        self.counted_us().zip(self.impairment.mtu).is_some_and(|(us, mtu)| !mtu.passes(bytes, us))
    }

    /// Counted time; `None` before it begins.
    fn counted_us(&self) -> Option<u64> {
        self.counted_from_us.and_then(|from_us| self.now_us.checked_sub(from_us))
    }

    fn survive(&mut self) -> Result<(), Reason> {
        if self.rng.f64() < self.impairment.loss {
            return Err(Reason::Random);
        }
        let now_us = self.now_us;
        let is_bad = self.channel.as_mut().is_some_and(|channel| channel.is_bad(now_us));
        let loss_now = self.impairment.bursts.filter(|_| is_bad).map_or(0.0, |bursts| bursts.loss_while_bad);
        if self.rng.f64() < loss_now { Err(Reason::Burst) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impairment::{Bursts, Capacity, Dark, Mtu};

    const BURST: Bursts = Bursts { good_to_bad: 0.002, bad_to_good: 0.1, loss_while_bad: 0.6 };

    /// Verdicts on `packets` packets, one each `gap_us`.
    fn verdicts(impairment: Impairment, seed: u64, packets: u64, gap_us: u64) -> Vec<Verdict> {
        let mut link = Link::new(impairment, seed);
        (0..packets).map(|n| link.offer(n * gap_us, 1_200)).collect()
    }

    fn share(verdicts: &[Verdict], reason: Reason) -> f64 {
        verdicts.iter().filter(|&&verdict| verdict == Verdict::Drop(reason)).count() as f64 / verdicts.len() as f64
    }

    #[test]
    fn a_perfect_link_delivers_at_once() {
        assert_eq!(verdicts(Impairment::default(), 1, 2, 5), [Verdict::DeliverAt(0), Verdict::DeliverAt(5)]);
    }

    #[test]
    fn the_same_seed_gives_the_same_verdicts_and_another_seed_others() {
        let lte = || Impairment { jitter_us: 12_000, loss: 0.01, bursts: Some(BURST), ..Impairment::default() };
        assert_eq!(verdicts(lte(), 9, 5_000, 700), verdicts(lte(), 9, 5_000, 700));
        assert_ne!(verdicts(lte(), 9, 5_000, 700), verdicts(lte(), 10, 5_000, 700));
    }

    #[test]
    fn random_loss_has_the_share_asked_for() {
        let packets = 200_000;
        let lossy = Impairment { loss: 0.02, ..Impairment::default() };
        let lost = share(&verdicts(lossy, 2, packets, 1_000), Reason::Random);
        // Binomial; five standard deviations.
        let bound = 5.0 * (0.02 * 0.98 / packets as f64).sqrt();
        assert!((lost - 0.02).abs() < bound, "{lost} is not 0.02 +- {bound}");
    }

    #[test]
    fn a_faster_sender_loses_the_same_share_to_bursts() {
        let expected = BURST.bad_share() * BURST.loss_while_bad;
        for gap_us in [100, 1_000, 5_000] {
            let bursty = Impairment { bursts: Some(BURST), ..Impairment::default() };
            let time_us = 2_000_000_000;
            let lost = share(&verdicts(bursty, 4, time_us / gap_us, gap_us), Reason::Burst);
            // Over 2000 s there are 3,900 bursts; the share's standard deviation stays below 0.0003 at each rate.
            assert!((lost - expected).abs() < 0.0015, "{lost} at a gap of {gap_us} us, expected {expected}");
        }
    }

    #[test]
    fn jitter_stays_in_its_bounds_and_never_reorders() {
        let jittery = Impairment { delay_us: 10_000, jitter_us: 5_000, ..Impairment::default() };
        let mut last_us = 0;
        for (n, verdict) in verdicts(jittery, 6, 20_000, 150).into_iter().enumerate() {
            let Verdict::DeliverAt(at_us) = verdict else { panic!("lost without a cause") };
            assert!(at_us >= last_us, "packet {n} overtook");
            assert!((10_000..=15_000).contains(&(at_us - n as u64 * 150)), "packet {n} took {at_us}");
            last_us = at_us;
        }
    }

    #[test]
    fn jitter_of_sparse_packets_is_uniform() {
        // Packets further apart than the jitter are not held back by each other.
        let jittery = Impairment { jitter_us: 5_000, ..Impairment::default() };
        let packets = 20_000;
        let taken_us: Vec<u64> = verdicts(jittery, 8, packets, 6_000)
            .iter()
            .enumerate()
            .filter_map(|(n, verdict)| match verdict {
                Verdict::DeliverAt(at_us) => Some(at_us - n as u64 * 6_000),
                Verdict::Drop(_) => None,
            })
            .collect();
        let mean = taken_us.iter().sum::<u64>() as f64 / packets as f64;
        // Standard deviation of the mean: 5000 / sqrt(12 * 20000), about 10.
        assert!((mean - 2_500.0).abs() < 51.0, "{mean}");
        let lowest_quarter = taken_us.iter().filter(|&&us| us < 1_250).count() as f64 / packets as f64;
        assert!((lowest_quarter - 0.25).abs() < 0.016, "{lowest_quarter}");
    }

    #[test]
    fn a_scheduled_darkness_waits_for_counting_to_start() {
        let dark = Some(Dark { first_us: 5_000, for_us: 4_000, every_us: None });
        let mut link = Link::new(Impairment { dark, ..Impairment::default() }, 1).uncounted();
        assert_eq!(link.offer(6_000, 1), Verdict::DeliverAt(6_000));
        link.count_from(10_000);
        assert_eq!(link.offer(14_999, 1), Verdict::DeliverAt(14_999));
        assert_eq!(link.offer(15_000, 1), Verdict::Drop(Reason::Dark));
        assert_eq!(link.offer(18_999, 1), Verdict::Drop(Reason::Dark));
        assert_eq!(link.offer(19_000, 1), Verdict::DeliverAt(19_000));
    }

    #[test]
    fn a_cut_takes_what_is_sent_during_it_and_nothing_else() {
        let mut link = Link::new(Impairment { delay_us: 10, ..Impairment::default() }, 1);
        link.cut(100, 50);
        let arrived: Vec<u64> = (90..160).filter(|&us| link.offer(us, 1) == Verdict::DeliverAt(us + 10)).collect();
        assert_eq!(arrived, (90..100).chain(150..160).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_queue_drops_and_says_so() {
        let capacity = Some(Capacity { bps: 1_000_000, steps: Vec::new(), queue_us: 100_000 });
        let flood = verdicts(Impairment { capacity, ..Impairment::default() }, 1, 10_000, 100);
        // 96 Mbit/s into 1 Mbit/s for a second: what passed is what a second and the queue hold, 1.1 of 96.
        assert!((share(&flood, Reason::Queue) - (1.0 - 1.1 / 96.0)).abs() < 0.001);
    }

    #[test]
    fn large_packets_vanish_in_a_black_hole_and_small_ones_pass() {
        let mtu = Some(Mtu { bytes: 900, from_us: 5_000, until_us: None });
        let mut link = Link::new(Impairment { mtu, ..Impairment::default() }, 1).uncounted();
        assert_eq!(link.offer(9_000, 1_200), Verdict::DeliverAt(9_000), "it waits for counting to start");
        link.count_from(10_000);
        assert_eq!(link.offer(15_000, 901), Verdict::Drop(Reason::Size));
        assert_eq!(link.offer(15_000, 900), Verdict::DeliverAt(15_000));
    }

    #[test]
    fn time_that_runs_back_does_no_harm() {
        let mut link = Link::new(Impairment { bursts: Some(BURST), ..Impairment::default() }, 1);
        assert_eq!(link.offer(1_000, 1), Verdict::DeliverAt(1_000));
        assert_eq!(link.offer(0, 1), Verdict::DeliverAt(1_000));
    }
}
