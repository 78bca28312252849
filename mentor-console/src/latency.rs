//! Where the milliseconds went in the last seconds: glass to glass and its stages, from the frames that were shown.
//! Pure; what is unknown stays `None`, never zero.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::{ClockOffset, MonoTime};

use crate::journal::Finished;

/// How far back the figures look: long enough for a p99 of 300 frames at 30 a second, short enough to follow a change.
pub const WINDOW: Duration = Duration::from_secs(10);
/// How far back the picture rate looks.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// Frames kept at most: the window at 120 frames a second.
const MAX_SAMPLES: usize = 1_200;

/// The stages of a frame's way, in order; together they are the whole of it.
pub const STAGES: [&str; 5] = ["compose", "encode + network", "reassemble", "decode", "present"];

/// The figures at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Glass to glass of the newest shown frame.
    pub now: Option<Duration>,
    /// Its median over [`WINDOW`].
    pub p50: Option<Duration>,
    /// Its 99th percentile over [`WINDOW`].
    pub p99: Option<Duration>,
    /// Median of each of [`STAGES`] over [`WINDOW`].
    pub stages: [Option<Duration>; 5],
    /// New pictures shown a second, over two seconds.
    pub fps: Option<f32>,
}

/// Shown frames of the last [`WINDOW`].
#[derive(Debug, Default)]
pub struct Latency {
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    shown: MonoTime,
    total: Option<Duration>,
    stages: [Option<Duration>; 5],
}

impl Latency {
    /// Takes a finished frame into account, if it was shown. Without a `clock` only what happened on this machine
    /// is known.
    pub fn add(&mut self, finished: &Finished, clock: Option<ClockOffset>) {
        let Some(sample) = sample(finished, clock) else { return };
        if self.samples.len() == MAX_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The figures at `now`.
    pub fn summary(&mut self, now: MonoTime) -> Summary {
        while self.samples.front().is_some_and(|sample| now.since(sample.shown) > WINDOW) {
            self.samples.pop_front();
        }
        let totals = self.samples.iter().map(|sample| sample.total);
        let [p50, p99] = percentiles(totals, [50, 99]);
        let mut stages = [None; 5];
        for (index, stage) in stages.iter_mut().enumerate() {
            let values = self.samples.iter().map(|sample| sample.stages.get(index).copied().flatten());
            [*stage] = percentiles(values, [50]);
        }
        Summary { now: self.samples.back().and_then(|sample| sample.total), p50, p99, stages, fps: self.fps(now) }
    }

    fn fps(&self, now: MonoTime) -> Option<f32> {
        let mut recent = self.samples.iter().filter(|sample| now.since(sample.shown) <= RATE_WINDOW);
        let first = recent.next()?;
        let (count, last) = recent.fold((0u16, first), |(count, _), sample| (count.saturating_add(1), sample));
        // Until now, not until the last one: a picture that stands still loses its rate at once.
        let span = last.shown.since(first.shown).max(now.since(first.shown).saturating_sub(Duration::from_millis(100)));
        (count > 0).then(|| f32::from(count) / span.as_secs_f32())
    }
}

fn sample(finished: &Finished, clock: Option<ClockOffset>) -> Option<Sample> {
    let (frame, shown) = (&finished.frame, finished.shown?);
    let session = |at: MonoTime| clock.map(|clock| clock.session(at));
    let composed = frame.captured.map(|captured| frame.composed.since(captured));
    let network = session(frame.first_shard).map(|at| at.since(frame.composed));
    let total = frame.captured.and_then(|captured| session(shown).map(|at| at.since(captured)));
    Some(Sample {
        shown,
        total,
        stages: [
            composed,
            network,
            Some(frame.released.since(frame.first_shard)),
            finished.decoded.map(|at| at.since(frame.released)),
            finished.decoded.map(|at| shown.since(at)),
        ],
    })
}

/// Exact percentiles by nearest rank; `None` without values.
fn percentiles<const N: usize>(
    values: impl Iterator<Item = Option<Duration>>,
    wanted: [usize; N],
) -> [Option<Duration>; N] {
    let mut known: Vec<Duration> = values.flatten().collect();
    known.sort_unstable();
    wanted.map(|percent| {
        let rank = (known.len() * percent).div_ceil(100).saturating_sub(1);
        known.get(rank).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::released;

    const CLOCK: ClockOffset = ClockOffset { offset_us: 0, uncertainty_us: 0 };

    fn shown(index: u64, total_us: u64) -> Finished {
        let frame = released(index);
        let captured = index * 33_000;
        Finished { decoded: Some(MonoTime(captured + 24_000)), shown: Some(MonoTime(captured + total_us)), frame }
    }

    #[test]
    fn the_stages_of_a_frame_add_up_to_its_whole_way() {
        let mut latency = Latency::default();
        latency.add(&shown(3, 40_000), Some(CLOCK));
        let summary = latency.summary(MonoTime(200_000));
        let sum: Duration = summary.stages.iter().flatten().sum();
        assert_eq!(Some(sum), summary.now);
        assert_eq!(summary.now, Some(Duration::from_millis(40)));
        assert_eq!(summary.stages[1], Some(Duration::from_millis(13)));
    }

    #[test]
    fn percentiles_are_exact_and_old_frames_leave_the_window() {
        let mut latency = Latency::default();
        for index in 0..100 {
            latency.add(&shown(index, 25_000 + index * 100), Some(CLOCK));
        }
        let summary = latency.summary(MonoTime(100 * 33_000));
        assert_eq!(summary.p50, Some(Duration::from_micros(29_900)));
        assert_eq!(summary.p99, Some(Duration::from_micros(34_800)));
        assert!((summary.fps.unwrap() - 30.3).abs() < 0.5, "{:?}", summary.fps);
        assert_eq!(latency.summary(MonoTime(60_000_000)), Summary::default());
    }

    #[test]
    fn without_a_clock_only_this_machines_stages_are_known() {
        let mut latency = Latency::default();
        latency.add(&shown(0, 40_000), None);
        let summary = latency.summary(MonoTime(50_000));
        assert_eq!((summary.now, summary.p99, summary.stages[1]), (None, None, None));
        assert_eq!(summary.stages[4], Some(Duration::from_millis(16)));
    }

    #[test]
    fn a_picture_that_stands_still_loses_its_rate() {
        let mut latency = Latency::default();
        for index in 0..30 {
            latency.add(&shown(index, 40_000), Some(CLOCK));
        }
        let moving = latency.summary(MonoTime(1_000_000)).fps.unwrap();
        let standing = latency.summary(MonoTime(1_900_000)).fps.unwrap();
        assert!(moving > 28.0 && standing < 20.0, "{moving} {standing}");
        assert_eq!(latency.summary(MonoTime(5_000_000)).fps, None);
    }
}
