//! What a relay counts: datagrams per path and direction, and how late it was itself.

use crate::link::Reason;

/// What happened to datagrams, and how far the relay strayed from its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// In the config's order.
    pub paths: Vec<PathReport>,
    /// How long after its due time a datagram was handed to the system.
    pub lateness: LatenessReport,
}

/// Both directions of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathReport {
    /// Towards the end that listens.
    pub to_listener: Traffic,
    /// Towards the end that dials.
    pub to_dialler: Traffic,
}

/// One direction of one path. What is neither delivered nor dropped is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Datagrams that came.
    pub packets: u64,
    /// Their UDP payload.
    pub bytes: u64,
    /// Datagrams handed on.
    pub delivered_packets: u64,
    /// Their UDP payload.
    pub delivered_bytes: u64,
    /// Datagrams that went no further.
    pub dropped: Drops,
    /// How long a datagram would wait before the bottleneck if it came at the moment of the report.
    pub standing_us: u64,
}

/// Datagrams that went no further, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drops {
    /// Sent into a darkness.
    pub dark: u64,
    /// Larger than the path passes.
    pub size: u64,
    /// Found the bottleneck's queue full.
    pub queue: u64,
    /// Lost on their own.
    pub random: u64,
    /// Lost in a burst.
    pub burst: u64,
    /// The relay could not hand them on: nobody there, or its memory full.
    pub undeliverable: u64,
}

/// How late the relay was, to the microsecond. All zero if it handed nothing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatenessReport {
    /// Datagrams handed on.
    pub count: u64,
    /// Half of them were no later than this.
    pub p50_us: u64,
    /// 99 of 100 were no later than this.
    pub p99_us: u64,
    /// The latest.
    pub max_us: u64,
}

/// Lateness is told apart to the microsecond up to here. Ten times what a bound allows for; all above counts as the
/// latest one seen.
const RESOLVED_US: usize = 50_000;

/// A count for each microsecond of lateness: exact percentiles in bounded memory.
#[derive(Debug)]
pub(super) struct Lateness {
    counts: Vec<u32>,
    count: u64,
    max_us: u64,
}

impl Drops {
    /// Of whatever cause.
    pub fn total(&self) -> u64 {
        self.dark + self.size + self.queue + self.random + self.burst + self.undeliverable
    }

    pub(super) fn count(&mut self, reason: Reason) {
        let counter = match reason {
            Reason::Dark => &mut self.dark,
            Reason::Size => &mut self.size,
            Reason::Queue => &mut self.queue,
            Reason::Random => &mut self.random,
            Reason::Burst => &mut self.burst,
        };
        *counter += 1;
    }
}

impl Default for Lateness {
    fn default() -> Self {
        Self { counts: vec![0; RESOLVED_US], count: 0, max_us: 0 }
    }
}

impl Lateness {
    pub(super) fn add(&mut self, late_us: u64) {
        self.count += 1;
        self.max_us = self.max_us.max(late_us);
        if let Some(counter) = usize::try_from(late_us).ok().and_then(|us| self.counts.get_mut(us)) {
            *counter = counter.saturating_add(1);
        }
    }

    pub(super) fn report(&self) -> LatenessReport {
        LatenessReport {
            count: self.count,
            p50_us: self.percentile_us(50),
            p99_us: self.percentile_us(99),
            max_us: self.max_us,
        }
    }

    /// The nearest-rank percentile.
    fn percentile_us(&self, percent: u64) -> u64 {
        let rank = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        let reached = self.counts.iter().position(|&count| {
            seen += u64::from(count);
            seen >= rank
        });
        reached.map_or(self.max_us, |us| us as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact() {
        let mut lateness = Lateness::default();
        (1..=200).rev().for_each(|us| lateness.add(us));
        assert_eq!(lateness.report(), LatenessReport { count: 200, p50_us: 100, p99_us: 198, max_us: 200 });
    }

    #[test]
    fn a_stall_beyond_the_resolved_range_shows_as_the_latest() {
        let mut lateness = Lateness::default();
        lateness.add(3);
        lateness.add(2_000_000);
        assert_eq!(lateness.report(), LatenessReport { count: 2, p50_us: 3, p99_us: 2_000_000, max_us: 2_000_000 });
    }

    #[test]
    fn nothing_handed_on_is_no_lateness() {
        assert_eq!(Lateness::default().report(), LatenessReport::default());
    }
}
