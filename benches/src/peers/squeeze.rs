//! How soon the rate follows a link that gets thinner and wide again, in seconds from each change. The changes are those
//! of `netem`'s profile `squeeze`: a quarter of the capacity from 5 s to 15 s.

use super::results::{Met, Run, middle};

const THINNER_US: u64 = 5_000_000;
const WIDE_AGAIN_US: u64 = 15_000_000;
/// The capacity between the two.
const THIN_BPS: u64 = 3_000_000;
/// A queue shorter than this has drained.
const DRAINED_US: u64 = 30_000;
/// The share of the former rate that counts as having come back to it.
const REGAINED: f64 = 0.95;

/// What became of the rate. `None`: it did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Squeeze {
    /// Until the encoder was told less than the new capacity, for good.
    pub followed_s: Option<f64>,
    /// Until no frame found a queue of 30 ms any more.
    pub drained_s: Option<f64>,
    /// From the capacity's return until the encoder was told 95 % of its former rate, for good.
    pub regained_s: Option<f64>,
}

impl Squeeze {
    /// What became of it in `run`.
    pub fn of(run: &Run) -> Self {
        let met: Vec<(u64, Met)> = run
            .frames
            .iter()
            .filter_map(|frame| Some((frame.captured_us?.saturating_sub(run.counted_us.0), frame.met?)))
            .collect();
        let until = |from_us, to_us| met.iter().copied().filter(move |(at_us, _)| (from_us..to_us).contains(at_us));
        let before = until(0, THINNER_US).map(|(_, met)| met.rate_bps).max().unwrap_or(u64::MAX);
        Self {
            followed_s: settled(until(THINNER_US, WIDE_AGAIN_US), |met| met.rate_bps < THIN_BPS),
            drained_s: settled(until(THINNER_US, WIDE_AGAIN_US), |met| met.standing_us < DRAINED_US),
            regained_s: settled(until(WIDE_AGAIN_US, u64::MAX), |met| met.rate_bps as f64 >= before as f64 * REGAINED),
        }
    }
}

/// Seconds from the first of `met` to where `holds` begins to hold up to the last.
fn settled(met: impl Iterator<Item = (u64, Met)>, holds: impl Fn(Met) -> bool) -> Option<f64> {
    let met: Vec<(u64, bool)> = met.map(|(at_us, met)| (at_us, holds(met))).collect();
    let (first_us, _) = met.first()?;
    let since = met.iter().rposition(|(_, held)| !held).map_or(0, |last| last + 1);
    let (since_us, _) = met.get(since)?;
    Some((since_us - first_us) as f64 / 1e6)
}

/// The median of each time; one that most runs do not have is none.
pub fn median(runs: impl Iterator<Item = Squeeze>) -> Option<Squeeze> {
    let runs: Vec<Squeeze> = runs.collect();
    let of = |time: fn(&Squeeze) -> Option<f64>| {
        middle(runs.iter().map(|run| time(run).unwrap_or(f64::INFINITY))).filter(|seconds| seconds.is_finite())
    };
    (!runs.is_empty()).then(|| Squeeze {
        followed_s: of(|run| run.followed_s),
        drained_s: of(|run| run.drained_s),
        regained_s: of(|run| run.regained_s),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{FrameResult, Order};

    /// Ten frames a second, each with the rate in Mbit/s and the queue in ms of its moment.
    fn squeeze(met: impl Fn(f64) -> (f64, u64)) -> Squeeze {
        let frame = |tenth: u64| {
            let (mbps, standing_ms) = met(tenth as f64 / 10.0);
            let met = Met { rate_bps: (mbps * 1e6) as u64, standing_us: standing_ms * 1_000 };
            FrameResult { captured_us: Some(tenth * 100_000), met: Some(met), ..FrameResult::default() }
        };
        let order = Order { system: "a".into(), profile: "squeeze".into(), latency_ms: None, seconds: 20, pass: 0 };
        let (frames, counted_us) = ((0..200).map(frame).collect(), (0, 20_000_000));
        Squeeze::of(&Run {
            order,
            frames,
            counted_us,
            encoded_bytes: 0,
            sent_bytes: None,
            cpu_us: 0,
            relay_late_p99_us: None,
        })
    }

    #[test]
    fn times_run_from_each_change_to_the_last_frame_that_was_not_yet_right() {
        let squeeze = squeeze(|s| match s {
            s if s < 5.35 => (6.0, 0),
            s if s < 6.15 => (2.5, 60),
            s if s < 16.95 => (2.5, 5),
            _ => (5.8, 0),
        });
        assert_eq!(squeeze, Squeeze { followed_s: Some(0.4), drained_s: Some(1.2), regained_s: Some(2.0) });
    }

    #[test]
    fn a_rate_that_never_follows_or_comes_back_has_no_time() {
        let stubborn = squeeze(|_| (6.0, 90));
        assert_eq!((stubborn.followed_s, stubborn.drained_s, stubborn.regained_s), (None, None, Some(0.0)));
        let timid = squeeze(|s| if s < 5.0 { (6.0, 0) } else { (2.0, 0) });
        assert_eq!(timid.regained_s, None);
        assert_eq!(median([stubborn, timid, timid].into_iter()).unwrap().followed_s, Some(0.0));
        assert_eq!(median(std::iter::empty()), None);
    }
}
