//! Percentiles and the two ways a picture can stall, as DESIGN counts them.

use serde::{Deserialize, Serialize};

/// The median and the tail of a set of times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Median, milliseconds.
    pub p50: f64,
    /// 99th percentile, milliseconds.
    pub p99: f64,
}

/// The whole shape of a set of times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median, milliseconds.
    pub p50: f64,
    /// 95th percentile, milliseconds.
    pub p95: f64,
    /// 99th percentile, milliseconds.
    pub p99: f64,
    /// Largest, milliseconds.
    pub max: f64,
}

/// Freezes of the shown picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Freezes {
    /// How many.
    pub count: u64,
    /// Their gaps together, milliseconds.
    pub total_ms: f64,
}

/// The value below which `percent` of `sorted_us` lie (nearest rank), in milliseconds.
pub fn percentile_ms(sorted_us: &[u64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted_us.len() as f64).ceil().max(1.0) as usize - 1;
    sorted_us.get(rank.min(sorted_us.len().checked_sub(1)?)).map(|us| *us as f64 / 1000.0)
}

/// Median and tail of `us`; `None` without any.
pub fn tail(mut us: Vec<u64>) -> Option<Tail> {
    us.sort_unstable();
    Some(Tail { p50: percentile_ms(&us, 50.0)?, p99: percentile_ms(&us, 99.0)? })
}

/// The spread of `us`; `None` without any.
pub fn spread(mut us: Vec<u64>) -> Option<Spread> {
    us.sort_unstable();
    Some(Spread {
        p50: percentile_ms(&us, 50.0)?,
        p95: percentile_ms(&us, 95.0)?,
        p99: percentile_ms(&us, 99.0)?,
        max: percentile_ms(&us, 100.0)?,
    })
}

/// Gaps between shown frames of at least max(3 x mean, mean + 150 ms), the mean over the last 30 gaps
/// (W3C `webrtc-stats`, `freezeCount`). `shown_us` is in order.
pub fn freezes(shown_us: &[u64]) -> Freezes {
    const WINDOW: usize = 30;
    const EXTRA_US: f64 = 150_000.0;
    let gaps: Vec<u64> = gaps_us(shown_us).collect();
    let mut found = Freezes::default();
    for (index, gap) in gaps.iter().enumerate().skip(1) {
        let last = gaps.get(index.saturating_sub(WINDOW)..index).unwrap_or_default();
        let mean = last.iter().sum::<u64>() as f64 / last.len() as f64;
        if *gap as f64 >= (3.0 * mean).max(mean + EXTRA_US) {
            found.count += 1;
            found.total_ms += *gap as f64 / 1000.0;
        }
    }
    found
}

/// Gaps of more than 2.5 nominal intervals between shown frames.
pub fn gaps_over_two_frames(shown_us: &[u64], interval_us: f64) -> u64 {
    gaps_us(shown_us).filter(|gap| *gap as f64 > 2.5 * interval_us).count() as u64
}

fn gaps_us(shown_us: &[u64]) -> impl Iterator<Item = u64> {
    shown_us.iter().zip(shown_us.iter().skip(1)).map(|(before, after)| after.saturating_sub(*before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank_and_unknown_without_values() {
        let us: Vec<u64> = (1..=100).map(|ms| ms * 1000).collect();
        assert_eq!(spread(us).unwrap(), Spread { p50: 50.0, p95: 95.0, p99: 99.0, max: 100.0 });
        assert_eq!(tail(vec![]), None);
        assert_eq!(tail(vec![7000]), Some(Tail { p50: 7.0, p99: 7.0 }));
    }

    #[test]
    fn a_pause_of_two_hundred_milliseconds_at_thirty_frames_a_second_is_a_freeze() {
        let mut at = 0;
        let shown: Vec<u64> = (0..60)
            .map(|frame| {
                at += if frame == 40 { 200_000 } else { 33_000 };
                at
            })
            .collect();
        assert_eq!(freezes(&shown), Freezes { count: 1, total_ms: 200.0 });
        assert_eq!(gaps_over_two_frames(&shown, 33_333.3), 1);
    }

    #[test]
    fn a_steady_picture_has_neither() {
        let shown: Vec<u64> = (0..90).map(|frame| frame * 33_333).collect();
        assert_eq!(freezes(&shown), Freezes::default());
        assert_eq!(gaps_over_two_frames(&shown, 33_333.3), 0);
    }
}
