//! What one run gave, kept as JSON so that a pass can be taken up again, and the figures that follow from it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::statistics::{freezes, gaps_over_two_frames, spread};
use serde::{Deserialize, Serialize};

use super::pictures::FPS;
use super::squeeze::{self, Squeeze};

/// A frame that takes longer than this from capture to decoded is lost, whatever becomes of it (DESIGN, section 7).
pub const LOST_AFTER_US: u64 = 250_000;

/// Names one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The system's name.
    pub system: String,
    /// The link profile's name.
    pub profile: String,
    /// The system's latency setting, where it has one.
    pub latency_ms: Option<u32>,
    /// Seconds counted.
    pub seconds: u64,
    /// Which of several passes.
    pub pass: usize,
}

/// One counted frame. Times are on one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FrameResult {
    /// When its picture went into the encoder; `None` if the system held the encoder back so long that it was left out.
    pub captured_us: Option<u64>,
    /// When it was decoded.
    pub decoded_us: Option<u64>,
    /// Whether it was decoded with visible damage.
    pub damaged: bool,
    /// What it met when it was captured; `None` if it was left out.
    #[serde(default)]
    pub met: Option<Met>,
}

/// The state of things when a frame was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// What the encoder was told, in bits per second.
    pub rate_bps: u64,
    /// How long a datagram would have waited before the worst path's bottleneck, for those of earlier frames.
    pub standing_us: u64,
}

/// All that was measured in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Which run.
    pub order: Order,
    /// The counted frames in the order of their capture.
    pub frames: Vec<FrameResult>,
    /// When counting began and ended.
    pub counted_us: (u64, u64),
    /// Access units of the counted frames.
    pub encoded_bytes: u64,
    /// UDP payload from the sending end in that time; `None` without a network.
    pub sent_bytes: Option<u64>,
    /// Processor time of all threads but the relay's.
    pub cpu_us: u64,
    /// How late the relay handed datagrams on, 99 of 100.
    pub relay_late_p99_us: Option<u64>,
}

/// What a page says of one run, or the medians of several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Latencies of undamaged frames in milliseconds, late ones too; `None` if there were none.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
    /// Not decoded within 250 ms.
    pub lost: f64,
    /// Decoded in time and visibly damaged.
    pub damaged: f64,
    /// Freezes of the decoded picture (W3C).
    pub freezes: f64,
    /// Gaps over two frames.
    pub gaps: f64,
    /// Bytes sent over bytes encoded.
    pub bytes: Option<f64>,
    /// Processor milliseconds for each frame.
    pub cpu_ms: f64,
    /// Frames counted.
    pub frames: f64,
    /// Frames decoded in time for each second counted.
    pub fps: f64,
    /// Bits per second that the encoder made.
    pub encoded_bps: f64,
    /// What became of the rate over a squeezed link; `None` over others.
    pub squeeze: Option<Squeeze>,
}

impl FrameResult {
    /// From capture to decoded.
    pub fn latency_us(&self) -> Option<u64> {
        Some(self.decoded_us?.saturating_sub(self.captured_us?))
    }

    /// Whether it counts as lost.
    pub fn is_lost(&self) -> bool {
        self.latency_us().is_none_or(|us| us > LOST_AFTER_US)
    }
}

impl Run {
    /// The figures of this run.
    pub fn figures(&self) -> Figures {
        let whole = self.frames.iter().filter(|frame| !frame.damaged);
        let spread = spread(whole.filter_map(FrameResult::latency_us).collect());
        let shown = self.shown_us();
        let count = |is: &dyn Fn(&FrameResult) -> bool| self.frames.iter().filter(|frame| is(frame)).count() as f64;
        // Without a single picture there is no mean to hold the pause against; it is one freeze all the same.
        let frozen = if shown.len() < 3 { 1 } else { freezes(&shown).count };
        let lost = count(&|frame| frame.is_lost());
        let seconds = (self.counted_us.1.saturating_sub(self.counted_us.0) as f64 / 1e6).max(1e-6);
        Figures {
            p50: spread.map(|spread| spread.p50),
            p95: spread.map(|spread| spread.p95),
            p99: spread.map(|spread| spread.p99),
            max: spread.map(|spread| spread.max),
            lost,
            damaged: count(&|frame| !frame.is_lost() && frame.damaged),
            freezes: frozen as f64,
            gaps: gaps_over_two_frames(&shown, 1e6 / f64::from(FPS)) as f64,
            bytes: self.sent_bytes.map(|sent| sent as f64 / (self.encoded_bytes as f64).max(1.0)),
            cpu_ms: self.cpu_us as f64 / 1e3 / (self.frames.len() as f64).max(1.0),
            frames: self.frames.len() as f64,
            fps: (self.frames.len() as f64 - lost) / seconds,
            encoded_bps: self.encoded_bytes as f64 * 8.0 / seconds,
            squeeze: (self.order.profile == "squeeze").then(|| Squeeze::of(self)),
        }
    }

    /// When pictures were decoded, in order, between the ends of the counted time: a system that goes silent has a gap up to
    /// the end. Damaged pictures are pictures here; they are counted elsewhere.
    fn shown_us(&self) -> Vec<u64> {
        let mut shown: Vec<u64> = self.frames.iter().filter_map(|frame| frame.decoded_us).collect();
        shown.sort_unstable();
        let first = shown.first().copied().unwrap_or(self.counted_us.0);
        let last = shown.last().copied().unwrap_or(first);
        [&[self.counted_us.0.min(first)], shown.as_slice(), &[self.counted_us.1.max(last)]].concat()
    }
}

/// The median of each figure. A latency that most runs do not have is none.
pub fn median(runs: &[Run]) -> Option<Figures> {
    let figures: Vec<Figures> = runs.iter().map(Run::figures).collect();
    let maybe = |value: fn(&Figures) -> Option<f64>| {
        let middle = middle(figures.iter().map(|figures| value(figures).unwrap_or(f64::INFINITY)))?;
        middle.is_finite().then_some(middle)
    };
    let all = |value: fn(&Figures) -> f64| middle(figures.iter().map(value));
    Some(Figures {
        p50: maybe(|figures| figures.p50),
        p95: maybe(|figures| figures.p95),
        p99: maybe(|figures| figures.p99),
        max: maybe(|figures| figures.max),
        lost: all(|figures| figures.lost)?,
        damaged: all(|figures| figures.damaged)?,
        freezes: all(|figures| figures.freezes)?,
        gaps: all(|figures| figures.gaps)?,
        bytes: maybe(|figures| figures.bytes),
        cpu_ms: all(|figures| figures.cpu_ms)?,
        frames: all(|figures| figures.frames)?,
        fps: all(|figures| figures.fps)?,
        encoded_bps: all(|figures| figures.encoded_bps)?,
        squeeze: squeeze::median(figures.iter().filter_map(|figures| figures.squeeze)),
    })
}

/// The middle of `values`, the upper one of two.
pub fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The folder that runs are kept in.
#[derive(Debug)]
pub struct Store(PathBuf);

impl Store {
    /// Keeps runs in `folder`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self(folder.to_owned()))
    }

    /// The run kept for `order`. One that cannot be read, as of an earlier version, is as good as none.
    pub fn find(&self, order: &Order) -> Option<Run> {
        serde_json::from_str(&fs::read_to_string(self.path(order)).ok()?).ok()
    }

    /// Keeps `run`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, run: &Run) -> Result<()> {
        let path = self.path(&run.order);
        fs::write(&path, serde_json::to_string(run)?).with_context(|| format!("writing {}", path.display()))
    }

    fn path(&self, order: &Order) -> PathBuf {
        let latency = order.latency_ms.map(|ms| format!("-{ms}ms")).unwrap_or_default();
        let Order { system, profile, seconds, pass, .. } = order;
        self.0.join(format!("{system}-{profile}{latency}-{seconds}s-{pass}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(latencies_ms: &[Option<u64>]) -> Run {
        let frame = |(at, latency): (u64, &Option<u64>)| {
            let captured = 1_000_000 + at * 33_333;
            FrameResult {
                captured_us: Some(captured),
                decoded_us: latency.map(|ms| captured + ms * 1000),
                ..FrameResult::default()
            }
        };
        let frames: Vec<FrameResult> = (0..).zip(latencies_ms).map(frame).collect();
        let order = Order { system: "a".into(), profile: "wan".into(), latency_ms: Some(80), seconds: 20, pass: 0 };
        let end = 1_000_000 + frames.len() as u64 * 33_333;
        Run {
            order,
            frames,
            counted_us: (1_000_000, end),
            encoded_bytes: 1000,
            sent_bytes: Some(2100),
            cpu_us: 0,
            relay_late_p99_us: None,
        }
    }

    #[test]
    fn a_frame_that_comes_after_a_quarter_of_a_second_is_lost() {
        let figures = run(&[Some(20), Some(251), None, Some(250)]).figures();
        assert_eq!((figures.lost, figures.bytes), (2.0, Some(2.1)));
    }

    #[test]
    fn a_system_that_goes_silent_freezes_until_the_end() {
        let mut latencies = vec![Some(20); 60];
        assert_eq!(run(&latencies).figures().freezes, 0.0);
        latencies[30..].fill(None);
        let figures = run(&latencies).figures();
        assert_eq!((figures.freezes, figures.gaps, figures.lost), (1.0, 1.0, 30.0));
        assert_eq!(run(&[None; 60]).figures().freezes, 1.0);
    }

    #[test]
    fn medians_are_of_each_figure_and_nothing_decoded_is_the_worst_latency() {
        let runs = [run(&[Some(20)]), run(&[None]), run(&[Some(30)])];
        assert_eq!(median(&runs).unwrap().p50, Some(30.0));
        assert_eq!(median(&runs).unwrap().lost, 0.0);
        assert_eq!(median(&[run(&[None])]).unwrap().p50, None);
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_run_is_found_again_under_its_order_alone() {
        let folder = std::env::temp_dir().join(format!("peers-store-{}", std::process::id()));
        let store = Store::open(&folder).unwrap();
        let kept = run(&[Some(20)]);
        store.keep(&kept).unwrap();
        assert_eq!(store.find(&kept.order), Some(kept.clone()));
        assert_eq!(store.find(&Order { latency_ms: Some(60), ..kept.order }), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
