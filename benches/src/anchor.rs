//! How well and how fast a source's scene is followed under marks, on recorded clips of real devices. Truth comes from real
//! pictures moved by known amounts, and from clips played there and back. Beside it stands plain full-search block matching
//! on the same pictures. The page is `docs/measurements/anchor.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use annotation::anchor::motion::Point;
use annotation::anchor::tracker::Grip;
use annotation::anchor::{Luma, Moved, Pose, Track, Tracker, size_for};
use anyhow::{Context as _, Result};
use capture::node::anchor::luma;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::{VideoFormat, VideoFrameExt, VideoInfo};
use media::picture::Picture;
use protocol::geometry::{ImagePoint, SizePx};
use protocol::time::{MonoTime, SessionTime};
use rustix::time::{ClockId, clock_gettime};

/// Where the page goes, seen from the package, in which cargo runs benches.
const PAGE: &str = "../docs/measurements/anchor.md";
/// The clips, below the folder of recordings.
const CLIPS: [&str; 3] =
    ["endoscopy/laparoscopy_720p25.mp4", "endoscopy/sinus_1080p30.mp4", "xray/coronary_512_mjpeg.mkv"];
/// Pictures of a clip that are moved by known amounts, spread over it.
const STILLS: usize = 12;
/// Steps of a known movement.
const STEPS: usize = 60;
/// How far the known movement goes, as a part of the width: beyond where a mark goes.
const FAR: f32 = 0.16;
/// Block matching: a block of half the picture, looked for so far in both directions, in pixels of the small picture.
const SEARCH: (i32, i32) = (28, 16);

/// A grey picture in full size.
struct Grey {
    size: SizePx,
    pixels: Vec<u8>,
}

/// Errors in percent of the width, and processor time a picture.
#[derive(Default)]
struct Tally {
    errors: Vec<f64>,
    micros: Vec<f64>,
    lost: usize,
}

fn main() -> Result<()> {
    let folder = std::env::var_os("REALDATA").map_or_else(|| PathBuf::from("../../shared/realdata"), PathBuf::from);
    let mut known = String::new();
    let mut running = String::new();
    for name in CLIPS {
        let path = folder.join(name);
        if !path.is_file() {
            println!("no recorded clip {name}: set REALDATA to the folder that holds it; nothing was measured");
            return Ok(());
        }
        let pictures = pictures(&path)?;
        let (ours, baseline) = moved_by_known_amounts(&pictures);
        known += &row(name, "tracker", &ours, &baseline);
        known += &row(name, "full-search block matching", &baseline, &baseline);
        running += &there_and_back(name, &pictures)?;
    }
    let small = made_small()?;
    if std::env::args().skip(1).eq(["--bench".to_owned()]) {
        std::fs::write(PAGE, page(&known, &running, &small)).with_context(|| format!("writing {PAGE}"))?;
        println!("Written to {PAGE}");
    }
    println!("{known}\n{running}\n{small}");
    Ok(())
}

fn page(known: &str, running: &str, small: &str) -> String {
    format!(
        "# Marks under a moving camera\n\n`cargo bench --locked -p system-benches --bench anchor`, with `REALDATA` naming the \
         folder of recorded clips.\n\nPictures are made small (160x90 for 16:9) as theatre does. Times are processor time of \
         the one thread for each picture, in the first table once it is small, in the second from its full size on; errors are \
         in percent of the picture's width, where a mark turns broken \
         at 3 % and goes at 15 %.\n\n## Real pictures moved by known amounts\n\n{STILLS} pictures of each clip, each moved \
         in {STEPS} steps out to {:.0} % of the width and back, by a window that moves over it. Block matching compares \
         each picture with the first one: the middle block, half as wide and half as high, by the least sum of absolute \
         differences of all places within {} by {} pixels. *Lost*: pictures in which the scene was not found.\n\n\
         | clip | method | median error | p95 | worst | lost | us a picture | time over block matching |\n\
         |---|---|---|---|---|---|---|---|\n{known}\n## Clips as they are, there and back\n\nEach clip is played to its \
         end and back again: whatever moved in it, each picture must be found where it was on the way there. *Drift* is \
         the difference, in the middle of the picture. *Moved* is how far the middle was from the first picture at most. \
         *Scenes* beyond the first would cost every mark.\n\n| clip | pictures | found | scenes | moved at most | drift \
         median | p95 | worst | us a picture p50 | p99 |\n|---|---|---|---|---|---|---|---|---|---|\n{running}\n## Pictures of \
         1920x1080 made small\n\nOn the thread of the source, which has other things to do. A thousand of each format.\n\n\
         | format | us p50 | p99 |\n|---|---|---|\n{small}",
        FAR * 100.0,
        SEARCH.0,
        SEARCH.1
    )
}

fn row(clip: &str, method: &str, tally: &Tally, baseline: &Tally) -> String {
    let (median, p95, worst) = tail(&tally.errors);
    let (micros, floor) = (tail(&tally.micros).0, tail(&baseline.micros).0);
    let ratio = micros / floor;
    format!("| {clip} | {method} | {median:.2} | {p95:.2} | {worst:.2} | {} | {micros:.0} | {ratio:.3} |\n", tally.lost)
}

/// Ours and the baseline's.
fn moved_by_known_amounts(pictures: &[Grey]) -> (Tally, Tally) {
    let (mut ours, mut baseline) = (Tally::default(), Tally::default());
    for picture in pictures.iter().step_by((pictures.len() / STILLS).max(1)).take(STILLS) {
        let (mut tracker, mut track, mut first) = (Tracker::default(), Track::default(), None);
        for step in 0..=STEPS {
            // Out along an arc and back: every size of shift, none of them a whole pixel.
            let out = (step as f32 / STEPS as f32 * std::f32::consts::PI).sin() * FAR;
            let bend = (step as f32 / STEPS as f32 * std::f32::consts::TAU).sin() * FAR * 0.2;
            let luma = window(picture, out, bend);
            let truth = f64::from(out.hypot(bend));
            let at = SessionTime(step as u64 * 33_334);
            let began = used();
            track.note(at, tracker.see(luma.clone(), at));
            ours.micros.push(micros(used() - began));
            match track.moved(SessionTime(0), &middle()) {
                Moved::By(part) => ours.errors.push((f64::from(part) - truth).abs() * 100.0),
                Moved::Unknown | Moved::Elsewhere => ours.lost += 1,
            }
            let reference = first.get_or_insert_with(|| luma.clone()).clone();
            let began = used();
            let (dx, dy) = matched(reference.pixels(), luma.pixels(), luma.size());
            baseline.micros.push(micros(used() - began));
            let part = f64::from(dx).hypot(f64::from(dy)) / f64::from(luma.size().width);
            baseline.errors.push((part - truth).abs() * 100.0);
        }
    }
    (ours, baseline)
}

/// The clip's own movement, to its end and back.
fn there_and_back(name: &str, pictures: &[Grey]) -> Result<String> {
    let (mut tracker, mut poses, mut times): (Tracker, Vec<Pose>, Vec<f64>) = Default::default();
    for (n, grey) in pictures.iter().chain(pictures.iter().rev()).enumerate() {
        let picture = picture(grey)?;
        let began = used();
        let luma = luma(&picture)?.context("a format of bytes")?;
        poses.push(tracker.see(luma, SessionTime(n as u64 * 33_334)));
        times.push(micros(used() - began));
    }
    let width = f64::from(size_for(pictures.first().context("a clip without pictures")?.size).width);
    let percent = |pixels: f32| f64::from(pixels) / width * 100.0;
    let firm = |pose: &&Pose| pose.grip == Grip::Firm;
    let first = poses.first().context("no pose")?;
    let farthest = poses.iter().filter(firm).map(|pose| percent(pose.motion.of(Point::default()).norm()));
    let pairs = poses
        .iter()
        .zip(poses.iter().rev())
        .take(pictures.len())
        .filter(|(there, back)| firm(there) && firm(back) && there.scene == back.scene);
    let drift: Vec<f64> = pairs
        .map(|(there, back)| percent((there.motion.of(Point::default()) - back.motion.of(Point::default())).norm()))
        .collect();
    let scenes = poses.last().map_or(0, |last| last.scene - first.scene) + 1;
    let found = poses.iter().filter(firm).count() * 100 / poses.len().max(1);
    let ((median, p95, worst), (p50, _, _)) = (tail(&drift), tail(&times));
    let p99 = quantile(&times, 0.99);
    let mut line = String::new();
    writeln!(
        line,
        "| {name} | {} | {found} % | {scenes} | {:.1} | {median:.2} | {p95:.2} | {worst:.2} | {p50:.0} | {p99:.0} |",
        poses.len(),
        farthest.fold(0.0, f64::max)
    )?;
    Ok(line)
}

/// `grey` as a source gives it.
fn picture(grey: &Grey) -> Result<Picture> {
    let info = VideoInfo::builder(VideoFormat::Gray8, grey.size.width.into(), grey.size.height.into()).build()?;
    let mut frame = media::picture::write(gst::Buffer::with_size(info.size())?, &info)?;
    let stride = usize::try_from(frame.plane_stride().first().copied().unwrap_or(0))?;
    let rows = grey.pixels.chunks(grey.size.width.into());
    for (to, from) in frame.plane_data_mut(0).context("no pixels")?.chunks_mut(stride.max(1)).zip(rows) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    Ok(Picture { buffer: frame.into_buffer(), info, captured: MonoTime(0) })
}

/// Processor time of making pictures of 1920x1080 small, by format: p50 and p99 of a thousand.
fn made_small() -> Result<String> {
    let mut rows = String::new();
    for format in [VideoFormat::I420, VideoFormat::Uyvy, VideoFormat::Rgb, VideoFormat::Bgrx] {
        let info = VideoInfo::builder(format, 1920, 1080).build()?;
        let buffer = gst::Buffer::from_slice((0..info.size()).map(|at| (at * 31 % 251) as u8).collect::<Vec<_>>());
        let picture = Picture { buffer, info, captured: MonoTime(0) };
        let times = (0..1_000).map(|_| {
            let began = used();
            luma(&picture)?.context("a format of bytes")?;
            Ok(micros(used() - began))
        });
        let times = times.collect::<Result<Vec<f64>>>()?;
        writeln!(rows, "| {format:?} | {:.0} | {:.0} |", quantile(&times, 0.5), quantile(&times, 0.99))?;
    }
    Ok(rows)
}

/// The picture through a window four fifths as large, which is moved so that what it shows moves right by `x` and down by
/// `y`, as parts of its width; small, each pixel the mean of what it stands for, to a pixel of the real picture.
fn window(picture: &Grey, x: f32, y: f32) -> Luma {
    const PART: f32 = 0.8;
    let (width, height) = (f32::from(picture.size.width), f32::from(picture.size.height));
    let small = size_for(picture.size);
    let (left, top) = (width * (0.5 - PART / 2.0 - x * PART), height * (0.5 - PART / 2.0) - y * PART * width);
    let (step_x, step_y) = (width * PART / f32::from(small.width), height * PART / f32::from(small.height));
    let light = |x: f32, y: f32| {
        let (x, y) = (x.clamp(0.0, width - 1.0) as usize, y.clamp(0.0, height - 1.0) as usize);
        f32::from(picture.pixels.get(y * usize::from(picture.size.width) + x).copied().unwrap_or(0))
    };
    let pixels = (0..usize::from(small.width) * usize::from(small.height)).map(|n| {
        let (column, row) = (n % usize::from(small.width), n / usize::from(small.width));
        let (x0, y0) = (left + column as f32 * step_x, top + row as f32 * step_y);
        let samples = (0..16u8)
            .map(|n| light(x0 + (f32::from(n % 4) + 0.5) / 4.0 * step_x, y0 + (f32::from(n / 4) + 0.5) / 4.0 * step_y));
        (samples.sum::<f32>() / 16.0) as u8
    });
    Luma::new(small, pixels.collect()).unwrap_or_else(|| unreachable!("as many pixels as the size says"))
}

/// Full search: where the middle block of `from` is in `to`, in whole pixels.
fn matched(from: &[u8], to: &[u8], size: SizePx) -> (i32, i32) {
    let (width, height) = (i32::from(size.width), i32::from(size.height));
    let (left, top) = (width / 4, height / 4);
    let line = |picture: &[u8], x: i32, y: i32| -> Vec<u8> {
        let at = usize::try_from(y * width + x).unwrap_or(0);
        picture.iter().skip(at).take((width / 2) as usize).copied().collect()
    };
    let block: Vec<Vec<u8>> = (0..height / 2).map(|y| line(from, left, top + y)).collect();
    let differs = |dx: i32, dy: i32| -> u32 {
        let lines = block.iter().zip(0..).map(|(line, y): (&Vec<u8>, i32)| {
            let at = usize::try_from((top + y + dy) * width + left + dx).unwrap_or(0);
            let there = to.get(at..at + line.len()).unwrap_or_default();
            line.iter().zip(there).map(|(one, other)| u32::from(one.abs_diff(*other))).sum::<u32>()
        });
        lines.sum()
    };
    let (reach_x, reach_y) = (SEARCH.0.min(left), SEARCH.1.min(top));
    let places = (-reach_y..=reach_y).flat_map(|dy| (-reach_x..=reach_x).map(move |dx| (dx, dy)));
    places.min_by_key(|(dx, dy)| differs(*dx, *dy)).unwrap_or_default()
}

/// Every picture of a clip, its luma.
fn pictures(path: &Path) -> Result<Vec<Grey>> {
    media::init()?;
    let description = format!(
        "filesrc location=\"{}\" ! decodebin ! videoconvert ! video/x-raw,format=GRAY8 ! appsink name=sink sync=false",
        path.display()
    );
    let pipeline = gst::parse::launch(&description)?.downcast::<gst::Pipeline>().ok().context("no pipeline")?;
    let sink =
        pipeline.by_name("sink").and_then(|sink| sink.downcast::<gstreamer_app::AppSink>().ok()).context("no sink")?;
    pipeline.set_state(gst::State::Playing)?;
    let mut pictures = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let picture = Picture::from_sample(&sample, MonoTime(0))?;
        let frame = picture.read()?;
        let stride = usize::try_from(frame.plane_stride().first().copied().unwrap_or(0))?;
        let width = usize::from(picture.size().width);
        let plane = frame.plane_data(0).context("no pixels")?;
        let pixels = plane.chunks(stride.max(1)).filter_map(|row| row.get(..width)).flatten().copied().collect();
        pictures.push(Grey { size: picture.size(), pixels });
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(pictures)
}

fn middle() -> [ImagePoint; 1] {
    [ImagePoint { x: 32_768, y: 32_768 }]
}

/// Processor time of this thread so far.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or(0))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Median, 95th percentile and the worst.
fn tail(values: &[f64]) -> (f64, f64, f64) {
    (quantile(values, 0.5), quantile(values, 0.95), quantile(values, 1.0))
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1)) as f64 * part;
    sorted.get(at.round() as usize).copied().unwrap_or(f64::NAN)
}
