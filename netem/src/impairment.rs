//! What is wrong with one direction of one path, as plain data. Acting on it is `link`'s.
//!
//! Times are microseconds of *counted* time: schedules begin when the measurement does, not when sockets open.

/// One direction of one path. The default is a perfect link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Impairment {
    /// Delay every packet has.
    pub delay_us: u64,
    /// Each packet gets an extra delay drawn uniformly from 0 to this. Never reorders.
    pub jitter_us: u64,
    /// Share of packets lost, each on its own: 0.0 to 1.0.
    pub loss: f64,
    /// Loss that comes in bursts, beside [`Self::loss`].
    pub bursts: Option<Bursts>,
    /// When nothing passes.
    pub dark: Option<Dark>,
    /// How much fits; `None` is no limit.
    pub capacity: Option<Capacity>,
    /// Larger packets vanish without a word; `None` passes every size.
    pub mtu: Option<Mtu>,
}

/// A two-state channel (Gilbert 1960, Elliott 1963) that steps once per *millisecond*.
///
/// Stepping with time and not with packets keeps a sender from healing the channel by sending more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Probability per millisecond that a good channel turns bad: 0.0 to 1.0.
    pub good_to_bad: f64,
    /// Probability per millisecond that a bad channel turns good: 0.0 to 1.0.
    pub bad_to_good: f64,
    /// Share of packets lost while bad: 0.0 to 1.0. A good channel loses none.
    pub loss_while_bad: f64,
}

/// When a link passes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dark {
    /// Start of the first darkness.
    pub first_us: u64,
    /// How long each lasts.
    pub for_us: u64,
    /// Start to start; `None` is dark once.
    pub every_us: Option<u64>,
}

/// A black hole for large packets (RFC 2923 section 2.1): those above a size vanish, and nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mtu {
    /// The largest packet that passes.
    pub bytes: usize,
    /// When the hole opens.
    pub from_us: u64,
    /// When it closes; `None` is never.
    pub until_us: Option<u64>,
}

/// A bottleneck: so many bits per second, and a queue that drops what does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Capacity until the first step, in bits per second; at least 1.
    pub bps: u64,
    /// Changes, in order of time.
    pub steps: Vec<Step>,
    /// Bound of the queue: the bytes that the capacity of the moment carries in this time.
    pub queue_us: u64,
}

/// A change of capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at_us: u64,
    /// The capacity from then on, in bits per second; at least 1.
    pub bps: u64,
}

impl Bursts {
    /// Share of time the channel is bad in the long run.
    pub fn bad_share(self) -> f64 {
        self.good_to_bad / (self.good_to_bad + self.bad_to_good)
    }
}

impl Dark {
    /// Whether nothing passes at `counted_us`. A darkness includes its first microsecond, not its end.
    pub fn holds_at(self, counted_us: u64) -> bool {
        let Some(since_first_us) = counted_us.checked_sub(self.first_us) else {
            return false;
        };
        let into_us = match self.every_us {
            Some(every_us) => since_first_us % every_us.max(1),
            None => since_first_us,
        };
        into_us < self.for_us
    }
}

impl Mtu {
    /// Whether a packet of `bytes` sent at `counted_us` passes.
    pub fn passes(self, bytes: usize, counted_us: u64) -> bool {
        let open = counted_us >= self.from_us && self.until_us.is_none_or(|until_us| counted_us < until_us);
        bytes <= self.bytes || !open
    }
}

impl Capacity {
    /// The capacity at `counted_us` in bits per second, and when it changes next, if it does.
    pub(crate) fn at(&self, counted_us: u64) -> (u64, Option<u64>) {
        let passed = self.steps.iter().take_while(|step| step.at_us <= counted_us).count();
        let bps = self.steps.get(..passed).and_then(<[Step]>::last).map_or(self.bps, |step| step.bps);
        (bps.max(1), self.steps.get(passed).map(|step| step.at_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn darkness_begins_and_ends_on_the_microsecond() {
        let dark = Dark { first_us: 5_000_000, for_us: 4_000_000, every_us: None };
        assert_eq!(
            [4_999_999, 5_000_000, 8_999_999, 9_000_000, 14_000_000].map(|us| dark.holds_at(us)),
            [false, true, true, false, false]
        );
    }

    #[test]
    fn a_darkness_that_repeats_keeps_its_period() {
        let dark = Dark { first_us: 15, for_us: 2, every_us: Some(15) };
        let at: Vec<u64> = (0..62).filter(|&us| dark.holds_at(us)).collect();
        assert_eq!(at, [15, 16, 30, 31, 45, 46, 60, 61]);
    }

    #[test]
    fn a_black_hole_takes_what_is_too_large_while_it_is_open() {
        let mtu = Mtu { bytes: 900, from_us: 10, until_us: Some(20) };
        assert_eq!([9, 10, 19, 20].map(|us| mtu.passes(901, us)), [true, false, false, true]);
        assert!(mtu.passes(900, 15));
        assert!(!Mtu { until_us: None, ..mtu }.passes(901, u64::MAX));
    }

    #[test]
    fn capacity_follows_its_schedule() {
        let steps = vec![Step { at_us: 10, bps: 3 }, Step { at_us: 20, bps: 12 }];
        let capacity = Capacity { bps: 12, steps, queue_us: 1 };
        assert_eq!([9, 10, 20].map(|us| capacity.at(us)), [(12, Some(10)), (3, Some(20)), (12, None)]);
    }
}
