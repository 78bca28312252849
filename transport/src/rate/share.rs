//! This sender's share of the bottleneck, where trains do not tell it: what arrived while a queue stood or everything
//! lost, and how it is won back. How these are seen is the estimator's other parts'.

use std::time::Duration;

use protocol::time::MonoTime;

use super::{CONGESTED, DRAINED};

/// The share grows by this much each second while no queue stands, in percent. A second's growth misjudged makes a
/// queue of 20 ms in 0.45 s, which lowers it again; GCC's 8 % would need 10 s to double.
const GROWTH_PERCENT: u64 = 20;
/// It grows only while at least this much of it arrives, in percent: what is not offered is not tried. An encoder makes
/// two thirds of its order of a quiet picture, and the order is nine tenths.
const TRIED_PERCENT: u64 = 50;
/// Trains that pass faster by this factor, in tenths, than when the share was learnt end it: the bottleneck is another.
const WIDENED_TENTHS: u64 = 15;
/// A queue that stays within [`FLAT`] for this long while little is lost is none of ours: what is offered is below
/// what arrived, so ours would have lost 90 ms in it.
const FLAT_FOR: Duration = Duration::from_millis(600);
/// As much as jitter moves the least delay of 100 ms.
const FLAT: Duration = Duration::from_millis(10);
/// Growth between two reports counts for this long at most; a path that was dark has not been tried.
const MAX_STEP_US: u64 = 200_000;

/// What the other parts see at a report.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Standing queue.
    pub queueing: Duration,
    /// Whether loss alone is congestion.
    pub heavy_loss: bool,
    /// Whether loss is more than a path has on its own.
    pub some_loss: bool,
    /// What arrives, in bits per second.
    pub receive_bps: u64,
    /// What trains say of the bottleneck, in bits per second.
    pub trains_bps: Option<u64>,
    /// Whether they said so lately.
    pub trains_hold: bool,
}

/// What the other parts are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Nothing,
    /// The loss was acted on and is not to count again.
    LossTaken,
    /// The delay has changed with the route; what it is now is without a queue.
    Rerouted,
}

/// The share, if one was learnt.
#[derive(Debug, Default)]
pub struct Share {
    limit: Option<u64>,
    /// What trains said when it was learnt.
    trains_bps: Option<u64>,
    congestion: Option<Congestion>,
    judged: Option<MonoTime>,
}

#[derive(Debug, Clone, Copy)]
struct Congestion {
    flat_since: MonoTime,
    least: Duration,
    most: Duration,
}

impl Share {
    /// Whether more is offered than the path takes.
    pub fn congested(&self) -> bool {
        self.congestion.is_some()
    }

    /// Bits per second this sender gets; `None` while nothing has shown a limit.
    pub fn limit_bps(&self) -> Option<u64> {
        self.limit
    }

    /// Takes in what is `seen` now.
    pub fn judge(&mut self, seen: Seen, now: MonoTime) -> Verdict {
        let since_us = self.judged.replace(now).map_or(0, |before| now.since(before).as_micros() as u64);
        if self.limit.is_none() && !seen.trains_hold {
            // What trains said is old: from here on it is probed for.
            (self.limit, self.trains_bps) = (seen.trains_bps, seen.trains_bps);
        }
        if seen.heavy_loss || seen.queueing > CONGESTED {
            return self.congest(seen, now);
        }
        if seen.queueing < DRAINED {
            self.congestion = None;
            self.win_back(seen, since_us.min(MAX_STEP_US));
        }
        Verdict::Nothing
    }

    fn congest(&mut self, seen: Seen, now: MonoTime) -> Verdict {
        let receive_bps = seen.receive_bps.max(1);
        let queued = seen.queueing > CONGESTED;
        // While a queue stands the bottleneck is busy and what arrives is our share. The least counts: at first the
        // 250 ms still have the time before in them.
        let learnt = self.limit.filter(|_| self.congested() && queued).map_or(receive_bps, |bps| bps.min(receive_bps));
        self.limit = Some(learnt);
        self.trains_bps = seen.trains_bps;
        let fresh = Congestion { flat_since: now, least: seen.queueing, most: seen.queueing };
        let mut congestion = self.congestion.unwrap_or(fresh);
        congestion.least = congestion.least.min(seen.queueing);
        congestion.most = congestion.most.max(seen.queueing);
        if congestion.most - congestion.least > FLAT || !queued {
            congestion = fresh;
        }
        self.congestion = Some(congestion);
        if queued && !seen.some_loss && now.since(congestion.flat_since) >= FLAT_FOR {
            *self = Self { judged: self.judged, ..Self::default() };
            return Verdict::Rerouted;
        }
        if seen.heavy_loss { Verdict::LossTaken } else { Verdict::Nothing }
    }

    fn win_back(&mut self, seen: Seen, since_us: u64) {
        let Some(limit) = self.limit else { return };
        let widened = |(now, then): (u64, u64)| now.saturating_mul(10) > then.saturating_mul(WIDENED_TENTHS);
        let unlimited = self.trains_bps.is_some() && seen.trains_hold && seen.trains_bps.is_none();
        let surpassed = seen.trains_hold && seen.trains_bps.is_some_and(|bps| bps < limit);
        if unlimited || surpassed || seen.trains_bps.zip(self.trains_bps).is_some_and(widened) {
            self.limit = None;
        } else if seen.receive_bps > limit.saturating_mul(TRIED_PERCENT) / 100 {
            let grown = limit.saturating_mul(GROWTH_PERCENT).saturating_mul(since_us) / 100_000_000;
            self.limit = Some(limit.saturating_add(grown));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const CALM: Seen = Seen {
        queueing: Duration::ZERO,
        heavy_loss: false,
        some_loss: false,
        receive_bps: 4_000_000,
        trains_bps: Some(10_000_000),
        trains_hold: true,
    };

    /// Judges `seen` each 20 ms from `from_ms` to `to_ms`; gives the last verdict.
    fn judge(share: &mut Share, from_ms: u64, to_ms: u64, seen: impl Fn(u64) -> Seen) -> Verdict {
        (from_ms..to_ms).step_by(20).map(|ms| share.judge(seen(ms), MonoTime(ms * 1000))).last().unwrap()
    }

    #[test]
    fn a_queue_that_others_fill_leaves_what_arrived_and_that_grows_by_a_fifth_each_second() {
        let mut share = Share::default();
        judge(&mut share, 0, 200, |ms| Seen { queueing: MS(ms), receive_bps: 4_000_000 - ms * 1000, ..CALM });
        assert!(share.congested());
        assert_eq!(share.limit_bps(), Some(3_820_000), "the least");
        judge(&mut share, 200, 1_200, |_| CALM);
        assert!(!share.congested());
        let grown = share.limit_bps().unwrap();
        assert!((4_550_000..4_680_000).contains(&grown), "{grown}");
    }

    #[test]
    fn a_share_not_tried_does_not_grow() {
        let mut share = Share::default();
        judge(&mut share, 0, 100, |_| Seen { queueing: MS(50), ..CALM });
        judge(&mut share, 100, 5_000, |_| Seen { receive_bps: 1_000_000, ..CALM });
        assert_eq!(share.limit_bps(), Some(4_000_000));
    }

    #[test]
    fn trains_that_pass_faster_than_before_end_it_and_so_do_those_slower_than_it() {
        for trains_bps in [Some(15_100_000), None, Some(3_900_000)] {
            let mut share = Share::default();
            judge(&mut share, 0, 100, |_| Seen { queueing: MS(50), ..CALM });
            judge(&mut share, 100, 120, |_| Seen { trains_bps, ..CALM });
            assert_eq!(share.limit_bps(), None, "{trains_bps:?}");
        }
    }

    #[test]
    fn a_delay_that_stays_up_without_loss_is_another_route() {
        let mut share = Share::default();
        let seen = |ms: u64| Seen { queueing: MS(40 + ms % 7), ..CALM };
        assert_eq!(judge(&mut share, 0, 600, seen), Verdict::Nothing);
        assert_eq!(judge(&mut share, 600, 620, seen), Verdict::Rerouted);
        assert_eq!((share.limit_bps(), share.congested()), (None, false));
        let lossy = |ms: u64| Seen { some_loss: true, ..seen(ms) };
        assert_eq!(judge(&mut share, 700, 3_000, lossy), Verdict::Nothing, "a full queue is one");
    }

    #[test]
    fn heavy_loss_without_a_queue_counts_once() {
        let mut share = Share::default();
        let heavy = Seen { heavy_loss: true, ..CALM };
        assert_eq!(share.judge(heavy, MonoTime(0)), Verdict::LossTaken);
        assert_eq!((share.limit_bps(), share.congested()), (Some(4_000_000), true));
    }

    #[test]
    fn what_trains_said_long_ago_is_where_probing_begins() {
        let mut share = Share::default();
        share.judge(Seen { trains_hold: false, ..CALM }, MonoTime(0));
        assert_eq!(share.limit_bps(), Some(10_000_000));
    }
}
