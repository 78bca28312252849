//! What one path carries, at its sending end, from [`Report`]s. What frames may take of it is
//! [`crate::budget`]'s.
//!
//! What the path swallows for its size alone is [`BlackHole`]'s to know, and no congestion.
//!
//! Three witnesses, each blind where another sees: [`dispersion`] (the bottleneck's capacity from single trains, at any
//! average rate, blind to what others send), [`delay`] (a standing queue, whoever fills it) and [`losses`] (a bottleneck
//! without a queue). A queue of the moment against the least delay is NADA's and SCReAM's signal (RFC 8698, RFC 8298),
//! not GCC's gradient; `docs/decisions.md` says why.

pub mod delay;
pub mod dispersion;
pub mod in_flight;
pub mod losses;
pub mod share;
pub mod throughput;

use std::time::Duration;

use protocol::time::MonoTime;

use self::delay::Delay;
use self::dispersion::{Arrival, Dispersion};
use self::in_flight::{InFlight, Sent};
use self::losses::Losses;
use self::share::Share;
use self::throughput::Throughput;
use crate::arrivals::Report;
use crate::black_hole::BlackHole;

/// A standing queue above this is congestion: more than any jitter of a profile (12 ms) can feign, less than a frame.
pub const CONGESTED: Duration = Duration::from_millis(20);
/// It is over when the standing queue is below this: what the moment's least delay still has of such jitter.
pub const DRAINED: Duration = Duration::from_millis(10);
/// While congested this much of what arrives is offered, in percent, so that the queue empties: 100 ms in 0.7 s. GCC's
/// factor of decrease (draft-ietf-rmcat-gcc-02 section 5.5).
const DRAIN_PERCENT: u64 = 85;
/// The capacity is no lower than this: messages and voice need it, whatever a report says.
pub const MIN_CAPACITY_BPS: u64 = 100_000;
/// What trains said is trusted for this long; then the capacity is probed for as if there were no trains.
const TRAINS_HOLD: Duration = Duration::from_secs(2);
/// Without a report for this long the queue and what arrives are not known: as long as a path may be silent.
const REPORTS_HOLD: Duration = Duration::from_millis(500);
/// A path that carries less than this of its capacity, in percent, is underused.
const UNDERUSED_PERCENT: u64 = 70;

/// Trains leave at this much of the bottleneck's capacity, in percent. At the capacity itself no train could show that there
/// is more (see [`dispersion`]); much above it the bottleneck's queue does what pacing is for.
const BURST_PERCENT: u64 = 125;
/// They leave no slower than this: a train of full datagrams further apart says nothing about the bottleneck (see
/// [`dispersion`]).
const MIN_BURST_BPS: u64 = 4_500_000;

/// Whether a path carries what it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Less than it could.
    #[default]
    Underused,
    /// About what it can.
    Steady,
    /// More than it can: a queue stands, or much is lost of every frame.
    Overused,
}

/// What is known of a path. All rates count bytes as handed to [`Estimator::sent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bits per second the path carries as far as known; `None` while nothing suggests a limit. It is not a target: a
    /// sender keeps a margin below it.
    pub capacity_bps: Option<u64>,
    /// Standing queue: the delay of the moment above the least of the last 30 s.
    pub queueing: Duration,
    /// Bits per second that arrive, over 250 ms.
    pub receive_bps: u64,
    /// Whether it carries what it can.
    pub state: State,
}

/// The estimator of one direction of one connection.
#[derive(Debug, Default)]
pub struct Estimator {
    /// The largest datagrams it passes.
    pub black_hole: BlackHole,
    in_flight: InFlight,
    dispersion: Dispersion,
    delay: Delay,
    losses: Losses,
    throughput: Throughput,
    share: Share,
    reported: Option<MonoTime>,
}

impl Estimator {
    /// Datagram `number` of `bytes` leaves now. Numbers rise.
    pub fn sent(&mut self, number: u64, bytes: usize, now: MonoTime) {
        self.in_flight.push(Sent { number, bytes: bytes as u64, at_us: now.0 });
    }

    /// The far end told of arrivals. Reports about what was told before, or never sent, change nothing.
    pub fn report(&mut self, report: &Report, now: MonoTime) {
        let mut unknown_bytes = 0u64;
        while let Some(sent) = self.in_flight.pop_below(report.first()) {
            unknown_bytes = unknown_bytes.saturating_add(sent.bytes);
        }
        let mut any = false;
        for (number, arrived_us) in report.arrivals() {
            // A lost report says nothing against what it covered.
            if unknown_bytes > 0 {
                self.throughput.record(std::mem::take(&mut unknown_bytes), arrived_us);
            }
            while let Some(sent) = self.in_flight.pop_below(number.saturating_add(1)) {
                any = true;
                let lost = sent.number < number;
                if self.black_hole.record(sent.bytes as usize, lost, now) {
                    self.losses.clear();
                } else if !self.black_hole.reach().is_beyond(sent.bytes as usize) {
                    self.losses.record(sent.at_us, lost);
                }
                if !lost {
                    self.arrived(sent, arrived_us);
                }
            }
        }
        if any {
            self.reported = Some(now);
            self.judge(now);
        }
    }

    /// How fast a train may leave, in bits per second: a little faster than what the bottleneck passes, so that more would
    /// show. `None` while nothing suggests a limit.
    pub fn burst_bps(&self) -> Option<u64> {
        let bottleneck = self.dispersion.limit_bps().or(self.share.limit_bps())?;
        Some((bottleneck.saturating_mul(BURST_PERCENT) / 100).max(MIN_BURST_BPS))
    }

    /// Bytes sent and not told about yet.
    pub fn in_flight_bytes(&mut self, now: MonoTime) -> u64 {
        self.in_flight.bytes(now.0)
    }

    /// What is known now.
    pub fn estimate(&self, now: MonoTime) -> Estimate {
        let current = self.reported.is_some_and(|at| now.since(at) < REPORTS_HOLD);
        let receive_bps = if current { self.throughput.bps() } else { 0 };
        let congested = self.share.congested() && current;
        let share = self.share.limit_bps();
        let trains = self.dispersion.limit_bps().filter(|_| share.is_none() || self.trains_hold(now));
        let limit = [trains, share].into_iter().flatten().min();
        let percent = if congested { DRAIN_PERCENT } else { 100 };
        let capacity_bps = limit.map(|bps| (bps.saturating_mul(percent) / 100).max(MIN_CAPACITY_BPS));
        let full = capacity_bps.is_some_and(|bps| receive_bps > bps.saturating_mul(UNDERUSED_PERCENT) / 100);
        Estimate {
            capacity_bps,
            queueing: if current { self.delay.standing() } else { Duration::ZERO },
            receive_bps,
            state: match (congested, full) {
                (true, _) => State::Overused,
                (false, true) => State::Steady,
                (false, false) => State::Underused,
            },
        }
    }

    /// How much each of its parts holds, for [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 5] {
        let Self { in_flight, dispersion, delay, losses, throughput, share: _, reported: _, black_hole: _ } = self;
        [
            ("datagrams in flight", in_flight.held()),
            ("trains", dispersion.held()),
            ("delays", delay.held()),
            ("losses", losses.held()),
            ("throughput", throughput.held()),
        ]
    }

    fn arrived(&mut self, sent: Sent, arrived_us: u64) {
        let Sent { number, bytes, at_us: sent_us } = sent;
        self.throughput.record(bytes, arrived_us);
        self.delay.record(sent_us, arrived_us);
        self.dispersion.record(Arrival { number, bytes, sent_us, arrived_us });
    }

    fn judge(&mut self, now: MonoTime) {
        let seen = share::Seen {
            queueing: self.delay.standing(),
            heavy_loss: self.losses.heavy(),
            some_loss: self.losses.one_in(20),
            receive_bps: self.throughput.bps(),
            trains_bps: self.dispersion.limit_bps(),
            trains_hold: self.trains_hold(now),
        };
        match self.share.judge(seen, now) {
            share::Verdict::Nothing => {}
            share::Verdict::LossTaken => self.losses.clear(),
            share::Verdict::Rerouted => self.delay.rebase(),
        }
    }

    fn trains_hold(&self, now: MonoTime) -> bool {
        self.dispersion.sampled_us().is_some_and(|at| now.since(MonoTime(at)) < TRAINS_HOLD)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arrivals::Log;

    /// Frames of 25 datagrams of 1000 bytes, 6 Mbit/s, for `ms`, over a path that takes `per_datagram_us` for each and
    /// keeps those that `keep` says. Only reports that `told` says arrive.
    fn estimate(ms: u64, per_datagram_us: u64, keep: impl Fn(u64) -> bool, told: impl Fn(u64) -> bool) -> Estimate {
        let (mut estimator, mut log, mut reports, mut free_us) = (Estimator::default(), Log::default(), 0, 0);
        for number in 0..ms * 25 / 33 {
            let now = MonoTime(number / 25 * 33_000);
            estimator.sent(number, 1000, now);
            free_us = now.0.max(free_us) + per_datagram_us;
            if keep(number) {
                log.record(number, MonoTime(5_000_000_000 + free_us));
            }
            if let Some(report) = log.report(MonoTime(5_000_000_000 + now.0)) {
                reports += 1;
                if told(reports) {
                    estimator.report(&report, now);
                }
            }
        }
        estimator.estimate(MonoTime(ms * 1000))
    }

    #[test]
    fn nothing_known_is_no_limit() {
        let estimate = Estimator::default().estimate(MonoTime(7));
        assert_eq!((estimate.capacity_bps, estimate.state), (None, State::Underused));
    }

    #[test]
    fn a_bottleneck_twice_as_wide_is_known_to_the_percent_and_underused() {
        let estimate = estimate(2_000, 667, |_| true, |_| true);
        let capacity_bps = estimate.capacity_bps.unwrap();
        assert!(capacity_bps.abs_diff(12_000_000) < 120_000, "{estimate:?}");
        assert_eq!((estimate.state, estimate.queueing), (State::Underused, Duration::ZERO));
    }

    #[test]
    fn a_bottleneck_half_as_wide_is_overused_and_drained() {
        let estimate = estimate(1_000, 2_667, |_| true, |_| true);
        assert_eq!(estimate.state, State::Overused);
        assert!(estimate.queueing > Duration::from_millis(300), "{estimate:?}");
        assert!(estimate.capacity_bps.unwrap().abs_diff(2_550_000) < 150_000, "{estimate:?}");
    }

    #[test]
    fn lost_reports_are_not_lost_datagrams() {
        let estimate = estimate(3_000, 10, |_| true, |report| report % 3 != 0);
        assert_eq!((estimate.capacity_bps, estimate.state), (None, State::Underused));
        // 250 ms hold seven frames or eight, and what was in a lost report counts when the next comes.
        assert!(estimate.receive_bps.abs_diff(6_000_000) < 1_200_000, "{estimate:?}");
    }

    #[test]
    fn a_bottleneck_without_a_queue_is_known_by_what_it_takes_of_every_frame() {
        let estimate = estimate(3_000, 10, |number| number % 4 != 0, |_| true);
        let capacity_bps = estimate.capacity_bps.unwrap();
        assert!((3_300_000..5_000_000).contains(&capacity_bps), "{estimate:?}");
    }

    proptest! {
        #[test]
        fn whatever_is_reported_the_estimate_stays_sane(
            reports in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), 0u64..100_000), 1..40),
        ) {
            let (mut estimator, mut now) = (Estimator::default(), MonoTime(0));
            for (number, (bytes, later_us)) in (0..).zip(reports) {
                estimator.sent(number, bytes.len(), now);
                if let Ok(report) = postcard::from_bytes(&bytes) {
                    estimator.report(&report, now);
                }
                now = now + Duration::from_micros(later_us);
                let estimate = estimator.estimate(now);
                prop_assert!(estimate.capacity_bps.is_none_or(|bps| bps >= MIN_CAPACITY_BPS));
            }
        }
    }
}
