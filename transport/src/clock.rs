//! Theatre's clock as the console knows it: an offset and how wrong it may be. Sending the probes is the session's.
//!
//! Each answered probe says: theatre's clock read `t` somewhere between my sending and my hearing. That interval holds
//! the true offset whatever the asymmetry of the path. The intersection over all paths and recent probes does too, and
//! is narrower: it is bounded by the quickest way out and the quickest way back (Marzullo 1984; the selection by
//! majority is RFC 5905 section 11.2.1). Old intervals are widened by what two clocks may have drifted since.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::{ClockOffset, MonoTime, SessionTime};

/// Samples older than this are dropped when newer ones come: by then drift has widened them past use.
pub const WINDOW: Duration = Duration::from_secs(5);
/// Two clocks may run apart this fast, in parts per million: 100 each, twice what common crystals are specified to.
pub const DRIFT_PPM: u64 = 200;
/// The offset is worked out anew at most this often. In that time drift makes 20 us.
pub const REFRESH: Duration = Duration::from_millis(100);
/// Samples kept at most: the window's worth on four paths.
const MAX_SAMPLES: usize = 1024;

/// What the console knows of theatre's clock.
#[derive(Debug, Default)]
pub struct Clock {
    samples: VecDeque<Sample>,
    latest: Option<(MonoTime, ClockOffset)>,
}

/// The offset lay between the two bounds, in microseconds, at some moment of a round trip.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// When the round trip began: the clocks have drifted since then at most.
    at: MonoTime,
    low_us: i64,
    high_us: i64,
}

impl Clock {
    /// A probe sent at `sent` and heard back at `heard` found theatre's clock at `session` when it was answered. Gives
    /// the offset if it was worked out anew.
    pub fn sample(&mut self, sent: MonoTime, session: SessionTime, heard: MonoTime) -> Option<ClockOffset> {
        let sample = Sample { at: sent, low_us: difference(session, heard), high_us: difference(session, sent) };
        if self.samples.len() == MAX_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        while self.samples.front().is_some_and(|sample| heard.since(sample.at) > WINDOW) {
            self.samples.pop_front();
        }
        let fresh = self.latest.is_some_and(|(at, _)| heard.since(at) < REFRESH);
        if fresh {
            return None;
        }
        let offset = intersect(&self.samples, heard)?;
        self.latest = Some((heard, offset));
        Some(offset)
    }

    /// The offset at `now`; its uncertainty grows while nothing is heard. `None` until the first answer, or while less
    /// than a majority of the answers can be true together.
    pub fn offset(&self, now: MonoTime) -> Option<ClockOffset> {
        let (at, offset) = self.latest?;
        Some(ClockOffset { uncertainty_us: offset.uncertainty_us.saturating_add(drift_us(at, now)), ..offset })
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { samples, latest: _ } = self;
        samples.len()
    }
}

impl Sample {
    /// The bounds as they hold `now`.
    fn bounds_us(&self, now: MonoTime) -> (i64, i64) {
        let drift_us = drift_us(self.at, now) as i64;
        (self.low_us.saturating_sub(drift_us), self.high_us.saturating_add(drift_us))
    }
}

/// The interval that all samples agree on, else the one of a majority.
fn intersect(samples: &VecDeque<Sample>, now: MonoTime) -> Option<ClockOffset> {
    let bounds = samples.iter().map(|sample| sample.bounds_us(now));
    let (low_us, high_us) = bounds.fold((i64::MIN, i64::MAX), |(low, high), (l, h)| (low.max(l), high.min(h)));
    if low_us <= high_us { Some(between(low_us, high_us)) } else { majority(samples, now) }
}

/// The interval that the most samples agree on, if that is a majority of them.
fn majority(samples: &VecDeque<Sample>, now: MonoTime) -> Option<ClockOffset> {
    let mut edges: Vec<(i64, i8)> = Vec::with_capacity(2 * samples.len());
    for (low_us, high_us) in samples.iter().map(|sample| sample.bounds_us(now)) {
        edges.extend([(low_us, -1), (high_us, 1)]);
    }
    edges.sort_unstable();
    let mut agreeing = 0;
    let mut best: Option<(i64, i64, i64)> = None;
    for (at, (edge_us, kind)) in edges.iter().enumerate() {
        agreeing -= i64::from(*kind);
        let most = best.map_or(0, |(most, ..)| most);
        if *kind < 0
            && agreeing > most
            && let Some((end_us, _)) = edges.get(at + 1)
        {
            best = Some((agreeing, *edge_us, *end_us));
        }
    }
    let (agreed, low_us, high_us) = best?;
    (agreed as usize * 2 > samples.len()).then(|| between(low_us, high_us))
}

fn between(low_us: i64, high_us: i64) -> ClockOffset {
    ClockOffset { offset_us: low_us.midpoint(high_us), uncertainty_us: high_us.abs_diff(low_us).div_ceil(2) }
}

/// What two clocks may have drifted apart between two moments; at least a microsecond, by which both are rounded.
fn drift_us(from: MonoTime, to: MonoTime) -> u64 {
    (to.0.saturating_sub(from.0) / 1000).saturating_mul(DRIFT_PPM) / 1000 + 1
}

fn difference(session: SessionTime, mono: MonoTime) -> i64 {
    let apart = i64::try_from(session.0.abs_diff(mono.0)).unwrap_or(i64::MAX);
    if session.0 >= mono.0 { apart } else { -apart }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET_US: i64 = 5_000_000;

    /// Probes every 20 ms over ways of the given least delays and jitter; theatre's clock runs fast by `drift_ppm`.
    /// Calls `check` with the true offset after each answer.
    fn run(ways_us: &[(u64, u64, u64)], drift_ppm: i64, seed: u64, mut check: impl FnMut(&Clock, MonoTime, i64)) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut clock = Clock::default();
        let offset_at = |now_us: u64| OFFSET_US + now_us as i64 * drift_ppm / 1_000_000;
        for sent_us in (0..60_000_000u64).step_by(20_000) {
            for &(out_us, back_us, jitter_us) in ways_us {
                let there_us = sent_us + out_us + rng.u64(0..=jitter_us);
                let heard = MonoTime(there_us + back_us + rng.u64(0..=jitter_us));
                let session = SessionTime(there_us.saturating_add_signed(offset_at(there_us)));
                clock.sample(MonoTime(sent_us), session, heard);
                check(&clock, heard, offset_at(heard.0));
            }
        }
    }

    fn error_us(clock: &Clock, now: MonoTime, truth_us: i64) -> (u64, u64) {
        let offset = clock.offset(now).unwrap();
        (offset.offset_us.abs_diff(truth_us), offset.uncertainty_us)
    }

    #[test]
    fn unknown_until_the_first_answer() {
        assert_eq!(Clock::default().offset(MonoTime(7)), None);
    }

    #[test]
    fn symmetric_paths_give_an_error_of_at_most_a_millisecond() {
        for seed in 0..5 {
            run(&[(10_000, 10_000, 3_000), (25_000, 25_000, 12_000)], 0, seed, |clock, now, truth_us| {
                if now.0 > 2_000_000 {
                    assert!(error_us(clock, now, truth_us).0 <= 1000, "seed {seed}");
                }
            });
        }
    }

    #[test]
    fn on_asymmetric_paths_the_truth_lies_within_the_uncertainty() {
        for seed in 0..5 {
            run(&[(30_000, 5_000, 4_000), (10_000, 40_000, 9_000)], 0, seed, |clock, now, truth_us| {
                let (error_us, uncertainty_us) = error_us(clock, now, truth_us);
                assert!(error_us <= uncertainty_us, "seed {seed}: {error_us} > {uncertainty_us}");
            });
        }
    }

    #[test]
    fn two_paths_of_opposite_asymmetry_narrow_each_other() {
        run(&[(30_000, 5_000, 0), (5_000, 30_000, 0)], 0, 1, |clock, now, truth_us| {
            if now.0 > 1_000_000 {
                let (error_us, uncertainty_us) = error_us(clock, now, truth_us);
                assert!(uncertainty_us <= 5_100 && error_us <= 100, "{error_us} of {uncertainty_us}");
            }
        });
    }

    #[test]
    fn a_drift_of_100_ppm_is_followed() {
        for drift_ppm in [-100, 100] {
            run(&[(10_000, 10_000, 3_000), (18_000, 18_000, 3_000)], drift_ppm, 4, |clock, now, truth_us| {
                let (error_us, uncertainty_us) = error_us(clock, now, truth_us);
                assert!(error_us <= uncertainty_us);
                assert!(now.0 < 2_000_000 || error_us <= 1000, "{error_us}");
            });
        }
    }

    #[test]
    fn drift_during_a_slow_way_back_is_within_the_uncertainty_too() {
        run(&[(0, 400_000, 0)], 200, 1, |clock, now, truth_us| {
            let (error_us, uncertainty_us) = error_us(clock, now, truth_us);
            assert!(error_us <= uncertainty_us, "{error_us} > {uncertainty_us}");
        });
    }

    #[test]
    fn uncertainty_grows_while_nothing_is_heard() {
        let mut clock = Clock::default();
        clock.sample(MonoTime(0), SessionTime(1_010_000), MonoTime(20_000));
        let near = clock.offset(MonoTime(20_000)).unwrap();
        let far = clock.offset(MonoTime(10_020_000)).unwrap();
        assert_eq!(far.uncertainty_us - near.uncertainty_us, 2_000);
        assert_eq!(far.offset_us, near.offset_us);
    }

    #[test]
    fn a_minority_of_false_answers_is_outvoted_and_a_contradiction_publishes_nothing_new() {
        let mut clock = Clock::default();
        for at in 0..10u64 {
            let lie = if at % 4 == 1 { 900_000_000 } else { 0 };
            clock.sample(
                MonoTime(at * 200_000),
                SessionTime(at * 200_000 + 10_000 + lie),
                MonoTime(at * 200_000 + 20_000),
            );
        }
        let offset = clock.offset(MonoTime(1_820_000)).unwrap();
        assert!(offset.offset_us.unsigned_abs() <= offset.uncertainty_us && offset.uncertainty_us < 11_000);
        let mut torn = Clock::default();
        torn.sample(MonoTime(0), SessionTime(0), MonoTime(10));
        assert_eq!(torn.sample(MonoTime(200_000), SessionTime(99_000_000), MonoTime(200_010)), None);
    }

    #[test]
    fn extreme_readings_neither_panic_nor_grow_memory() {
        let mut clock = Clock::default();
        for at in 0..5_000 {
            clock.sample(MonoTime(at), SessionTime(if at % 2 == 0 { u64::MAX } else { 0 }), MonoTime(at));
        }
        assert!(clock.samples.len() <= MAX_SAMPLES);
    }
}
