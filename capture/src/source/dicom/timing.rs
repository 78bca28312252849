//! When the frames of a run follow each other. Times that make no sense are replaced by usual ones: the picture is
//! worth more than its rate.

use std::time::Duration;

/// Time between two frames where the file tells none: X-ray pulsed at 15 a second.
const ASSUMED: Duration = Duration::from_micros(66_667);
/// Time between two pictures of a single image, which are all the same: often enough that its tile never counts as lost.
const STILL: Duration = Duration::from_millis(200);
/// Times between two frames that are believed: the fastest cameras and the slowest series.
const BELIEVED: std::ops::RangeInclusive<Duration> = Duration::from_millis(4)..=Duration::from_secs(10);

/// The moments of a run's frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    usual: Duration,
    /// The moment of each frame after the first's; empty where all are [`Timing::usual`] apart.
    starts: Vec<Duration>,
}

impl Timing {
    /// The times of `frames` frames. `times_ms` are those before each frame (FrameTimeVector, PS3.3 C.7.6.5), which count
    /// if they are as many as the frames; `usual_ms` is the time between any two (FrameTime).
    pub fn new(frames: u32, times_ms: &[f64], usual_ms: Option<f64>) -> Self {
        if frames == 1 {
            return Self { usual: STILL, starts: Vec::new() };
        }
        let usual = usual_ms.and_then(believed);
        let times: Option<Vec<Duration>> = times_ms.iter().skip(1).map(|ms| believed(*ms)).collect();
        let times = times.filter(|times| times.len() + 1 == frames as usize);
        let mean = times.as_ref().map(|times| times.iter().sum::<Duration>() / (frames - 1));
        let starts = times.unwrap_or_default().into_iter().scan(Duration::ZERO, |at, time| {
            *at += time;
            Some(*at)
        });
        let starts: Vec<Duration> = starts.collect();
        let starts = if starts.is_empty() { starts } else { [vec![Duration::ZERO], starts].concat() };
        Self { usual: mean.or(usual).unwrap_or(ASSUMED), starts }
    }

    /// The usual time between two frames; from the last frame of a round to the first of the next it is this.
    pub fn usual(&self) -> Duration {
        self.usual
    }

    /// When frame `frame` is due, from the first.
    pub fn at(&self, frame: u32) -> Duration {
        self.starts.get(frame as usize).copied().unwrap_or(self.usual * frame)
    }
}

fn believed(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1_000.0).ok().filter(|time| BELIEVED.contains(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn frames_follow_each_other_at_the_time_told() {
        let timing = Timing::new(96, &[], Some(33.0));
        assert_eq!((timing.usual(), timing.at(0), timing.at(95)), (33 * MS, Duration::ZERO, 95 * 33 * MS));
    }

    #[test]
    fn a_time_for_each_frame_goes_before_a_common_one() {
        let timing = Timing::new(4, &[0.0, 100.0, 50.0, 150.0], Some(33.0));
        assert_eq!([0, 1, 2, 3].map(|frame| timing.at(frame)), [Duration::ZERO, 100 * MS, 150 * MS, 300 * MS]);
        assert_eq!(timing.usual(), 100 * MS);
    }

    #[test]
    fn times_that_make_no_sense_are_replaced_by_usual_ones() {
        assert_eq!(Timing::new(4, &[0.0, 100.0], Some(33.0)), Timing::new(4, &[], Some(33.0)), "too few");
        for wrong in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e30, 0.001] {
            assert_eq!(Timing::new(4, &[0.0, wrong, 5.0, 5.0], Some(wrong)).usual(), ASSUMED, "{wrong}");
        }
    }

    #[test]
    fn a_single_image_comes_again_so_that_it_never_counts_as_lost() {
        assert_eq!(Timing::new(1, &[], Some(33.0)).usual(), STILL);
    }
}
