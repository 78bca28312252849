//! What each rung needs of the lines, by the canvas's pixels, their rate and the configured bit rate.

use std::time::Duration;

use protocol::geometry::SizePx;
use protocol::ladder::Rung;

/// A budget this near to the configured rate gives nothing up, in percent: it is told in steps of 5.
const FULL_PERCENT: u64 = 95;
/// Thousandths of a bit for each pixel below which tiles beside the primary are refreshed less often: half of what
/// 6 Mbit/s gives 720p30. There detail of tissue begins to go, and the bits of moving tiles are missing where the
/// operation is.
const SHARP: Need = Need { milli_bits_per_pixel: 110, percent_of_configured: 60 };
/// And below which every second picture goes: a quarter of it. Blocks are seen then, and half as many pictures, each
/// with twice the bits, guide better.
const FLUID: Need = Need { milli_bits_per_pixel: 55, percent_of_configured: 40 };
/// And below which, of the halved pictures, video stops: x264 makes no smaller ones of moving tissue.
const RECOGNISABLE: Need = Need { milli_bits_per_pixel: 20, percent_of_configured: 20 };
/// A still of 100 kB in five seconds, which is as long as one waits for it.
const STILLS_BPS: u64 = 160_000;

/// What a rung needs. The configured rate bounds it, since a site that configures little has chosen little.
#[derive(Debug, Clone, Copy)]
struct Need {
    milli_bits_per_pixel: u64,
    percent_of_configured: u64,
}

/// What the needs depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The canvas's size.
    pub canvas: SizePx,
    /// The encoder's configured rate.
    pub configured_bps: u32,
}

impl Shape {
    /// Bits per second below which `rung` does not hold, with canvases made every `interval`. Less for each lower rung.
    pub fn needs_bps(&self, rung: Rung, interval: Duration) -> u64 {
        let configured = u64::from(self.configured_bps);
        match rung {
            Rung::Full => configured * FULL_PERCENT / 100,
            Rung::Bitrate => self.of(SHARP, interval),
            Rung::Insets => self.of(FLUID, interval),
            Rung::HalfRate => self.of(RECOGNISABLE, interval * 2),
            Rung::Stills => STILLS_BPS.min(self.needs_bps(Rung::HalfRate, interval) / 2),
            Rung::Voice => 0,
        }
    }

    fn of(&self, need: Need, interval: Duration) -> u64 {
        let pixels = u64::from(self.canvas.width) * u64::from(self.canvas.height);
        let interval_us = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).max(1);
        // Thousandths of a bit a picture, times pictures in a thousand seconds' millionths: both thousands cancel.
        let by_pixels = pixels * need.milli_bits_per_pixel * 1_000 / interval_us;
        by_pixels.min(u64::from(self.configured_bps) * need.percent_of_configured / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HD: SizePx = SizePx { width: 1280, height: 720 };

    fn needs(canvas: SizePx, configured_bps: u32, interval_ms: u64) -> Vec<u64> {
        let shape = Shape { canvas, configured_bps };
        Rung::ALL.iter().map(|rung| shape.needs_bps(*rung, Duration::from_millis(interval_ms)) / 1_000).collect()
    }

    #[test]
    fn needs_follow_the_canvas_and_its_rate() {
        assert_eq!(needs(HD, 6_000_000, 33), [5_700, 3_072, 1_536, 279, 139, 0], "kbit/s at 720p30");
        let small = SizePx { width: 640, height: 360 };
        assert_eq!(needs(small, 6_000_000, 33), [5_700, 768, 384, 69, 34, 0]);
        assert_eq!(needs(HD, 6_000_000, 133), [5_700, 762, 381, 69, 34, 0], "fluoroscopy at 7.5 a second");
    }

    #[test]
    fn a_site_that_configures_little_is_not_down_the_ladder_for_it() {
        for configured_bps in [200_000, 500_000, 2_000_000, 100_000_000] {
            for interval_ms in [1, 16, 33, 133, 5_000] {
                let needs = needs(HD, configured_bps, interval_ms);
                assert!(needs.is_sorted_by(|a, b| a > b || *a == 0), "{configured_bps} {interval_ms}: {needs:?}");
            }
        }
    }
}
