//! The canvas beside GStreamer's `compositor`: four sources, already scaled to their tiles, onto 1920x1080 at 30 pictures a
//! second. What each costs of a processor, and how long a picture of the primary takes from where it comes in to the canvas
//! that shows it, also where the room camera gives 10 a second or stands still. Written to
//! `docs/measurements/canvas.md`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use capture::canvas::{Canvas, Inlet};
use capture::config::{Kind, Source, Theatre};
use clap::Parser;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video::prelude::*;
use harness::statistics::tail;
use media::picture::{self, Picture};
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::ids::Epoch;
use protocol::layout::{Layout, Role};
use protocol::time::MonoTime;
use rustix::time::{ClockId, clock_gettime};

/// What the canvas may take of the processor time that the compositor takes.
const CPU_BOUND: f64 = 0.5;
/// What a picture of the primary may take to the canvas, in ms, of 99 in 100.
const P99_BOUND_MS: f64 = 3.0;
/// The primary's interval.
const INTERVAL: Duration = Duration::from_micros(33_333);
/// Different pictures of each source: enough that nothing finds them unchanged.
const PICTURES: usize = 4;
/// The first pictures are not counted: queues and caches fill.
const WARM_UP: u32 = 30;
const CANVAS: SizePx = SizePx { width: 1920, height: 1080 };
const NAMES: [&str; 4] = ["endoscope", "fluoroscopy", "vitals", "room"];

/// Measures and writes the page.
#[derive(Debug, Parser)]
struct Options {
    /// Seconds of each case.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Where the page goes.
    #[arg(long, default_value = "docs/measurements/canvas.md")]
    page: PathBuf,
}

/// How the room camera behaves; the others give a picture with each of the primary's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    InStep,
    /// Ten pictures a second.
    Slow,
    /// None after the first second.
    Stalled,
}

const ROOMS: [(Room, &str); 3] =
    [(Room::InStep, "all at 30/s"), (Room::Slow, "room at 10/s"), (Room::Stalled, "room stalled after 1 s")];

impl Room {
    fn gives(self, number: u32) -> bool {
        match self {
            Self::InStep => true,
            Self::Slow => number.is_multiple_of(3),
            Self::Stalled => number < WARM_UP,
        }
    }
}

/// What one way of composing came to.
#[derive(Debug, Default)]
struct Measured {
    /// Share of one processor, percent.
    cpu_percent: f64,
    /// A picture of the primary in, to the canvas with it out.
    delays_us: Vec<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("canvas", || bench(&options))
}

fn bench(options: &Options) -> Result<()> {
    media::init()?;
    let mut page = heading(options);
    for (room, name) in ROOMS {
        println!("{name}");
        let (canvas, compositor) = (canvas(room, options.seconds)?, compositor(room, options.seconds)?);
        section(&mut page, name, &canvas, &compositor)?;
    }
    fs::write(&options.page, page).with_context(|| format!("writing {}", options.page.display()))
}

fn heading(options: &Options) -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "# The canvas\n\n`cargo run --release --locked -p system-benches --bin canvas -- --seconds {}`\n\nFour sources in \
         I420, already scaled to their tiles, onto {}x{} at 30 pictures a second, {} s each, on a machine with {processors} \
         processors. Beside it GStreamer's `compositor` with the same pictures at the same places, live, with the latency it \
         asks for and no more, in the same run. CPU is of the whole process, feeding included. Delays are from a picture \
         of the primary handed over to the canvas that shows it. The bounds: {CPU_BOUND} of the compositor's CPU, and \
         {P99_BOUND_MS} ms for 99 in 100.\n",
        options.seconds, CANVAS.width, CANVAS.height, options.seconds
    )
}

fn section(page: &mut String, name: &str, canvas: &Measured, compositor: &Measured) -> Result<()> {
    let ratio = canvas.cpu_percent / compositor.cpu_percent;
    let _ = write!(
        page,
        "\n## {name}\n\n| | CPU, percent of one processor | over compositor | delay p50, ms | p99, ms | canvases |\n\
         |---|---|---|---|---|---|\n"
    );
    for (way, measured, ratio) in [("compositor", compositor, 1.0), ("canvas", canvas, ratio)] {
        let count = measured.delays_us.len();
        let delays = tail(measured.delays_us.clone()).context("nothing was composed")?;
        let _ = writeln!(
            page,
            "| {way} | {:.1} | {ratio:.2} | {:.2} | {:.2} | {count} |",
            measured.cpu_percent, delays.p50, delays.p99
        );
    }
    let p99 = tail(canvas.delays_us.clone()).context("nothing was composed")?.p99;
    let verdict = |kept: bool| if kept { "kept" } else { "missed" };
    let _ = writeln!(page, "\nCPU {}, delay {}.", verdict(ratio <= CPU_BOUND), verdict(p99 <= P99_BOUND_MS));
    Ok(())
}

/// Theatre's canvas, composing on a thread of its own as `capture-node` does.
fn canvas(room: Room, seconds: u32) -> Result<Measured> {
    let (mut canvas, mut inlets) = Canvas::new(&theatre(), Epoch(1), program::clock::now())?;
    let pictures = pictures(canvas.layout())?;
    let stopped = Arc::new(Mutex::new(false));
    let stop = Arc::clone(&stopped);
    let composer = thread::Builder::new().name("composer".into()).spawn(move || -> Result<Vec<u64>> {
        let mut delays_us = Vec::new();
        while !*stop.lock().unwrap_or_else(PoisonError::into_inner) {
            canvas.wait(Duration::from_millis(100), program::clock::now());
            let Some(composed) = canvas.step(program::clock::now())? else { continue };
            delays_us.push(us(program::clock::now().since(composed.in_slot)));
        }
        Ok(delays_us)
    })?;
    let cpu_percent = paced(seconds, |number, now| {
        feed(&mut inlets, &pictures, room, number, now);
        Ok(())
    })?;
    *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
    let delays_us = composer.join().map_err(|_| anyhow::anyhow!("the composer failed"))??;
    Ok(Measured { cpu_percent, delays_us: delays_us.into_iter().skip(WARM_UP as usize).collect() })
}

/// Insets first, so that the primary's canvas finds them.
fn feed(inlets: &mut [Inlet], pictures: &[Vec<Picture>], room: Room, number: u32, now: MonoTime) {
    for (place, (inlet, pictures)) in inlets.iter_mut().zip(pictures).enumerate().rev() {
        if place + 1 < NAMES.len() || room.gives(number) {
            let picture = pictures.get(number as usize % PICTURES).or(pictures.first());
            picture.map_or((), |picture| inlet.deliver(&Picture { captured: now, ..picture.clone() }));
        }
    }
}

/// The same by `compositor`.
fn compositor(room: Room, seconds: u32) -> Result<Measured> {
    let (canvas, _inlets) = Canvas::new(&theatre(), Epoch(1), program::clock::now())?;
    let (layout, pictures) = (canvas.layout().clone(), pictures(canvas.layout())?);
    let pipeline = gst::parse::launch(&description(&layout))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| anyhow::anyhow!("no pipeline"))?;
    let of = |name: &str| pipeline.by_name(name).and_downcast::<gst_app::AppSrc>().context("an input is missing");
    let inputs = NAMES.into_iter().map(of).collect::<Result<Vec<_>>>()?;
    let sink = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().context("the output is missing")?;
    // When each picture of the primary was handed over, with its timestamp.
    let handed = Arc::new(Mutex::new(VecDeque::<(gst::ClockTime, MonoTime)>::new()));
    let delays = Arc::new(Mutex::new(Vec::new()));
    let (waiting, done) = (Arc::clone(&handed), Arc::clone(&delays));
    let composed = move |sink: &gst_app::AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // The compositor shows the newest picture that begins before the canvas ends; those before were overtaken.
        let end = sample.buffer().and_then(gst::BufferRef::pts).map(|begin| Duration::from(begin) + INTERVAL);
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = None;
        while waiting.front().is_some_and(|(pts, _)| end.is_some_and(|end| Duration::from(*pts) < end)) {
            newest = waiting.pop_front();
        }
        if let Some((_, at)) = newest {
            let delay = us(program::clock::now().since(at));
            done.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        }
        Ok(gst::FlowSuccess::Ok)
    };
    sink.set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(composed).build());
    pipeline.set_state(gst::State::Playing)?;
    let cpu_percent = paced(seconds, |number, _| {
        let pts = pipeline.current_running_time().unwrap_or(gst::ClockTime::ZERO);
        for (place, (input, pictures)) in inputs.iter().zip(&pictures).enumerate().rev() {
            if place + 1 < NAMES.len() || room.gives(number) {
                push(input, pictures, number, pts)?;
            }
            if place == 0 {
                handed.lock().unwrap_or_else(PoisonError::into_inner).push_back((pts, program::clock::now()));
            }
        }
        Ok(())
    })?;
    pipeline.set_state(gst::State::Null)?;
    let delays_us = std::mem::take(&mut *delays.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Measured { cpu_percent, delays_us: delays_us.into_iter().skip(WARM_UP as usize).collect() })
}

fn push(input: &gst_app::AppSrc, pictures: &[Picture], number: u32, pts: gst::ClockTime) -> Result<()> {
    let picture = pictures.get(number as usize % PICTURES).context("a picture")?;
    // A new buffer around the same memory.
    let mut buffer = picture.buffer.copy();
    let stamped = buffer.make_mut();
    stamped.set_pts(pts);
    stamped.set_duration(gst::ClockTime::try_from(INTERVAL)?);
    input.push_buffer(buffer)?;
    Ok(())
}

fn description(layout: &Layout) -> String {
    let mut line = String::from("compositor name=mix background=black ");
    for (index, tile) in layout.tiles.iter().enumerate() {
        let at = tile.picture;
        let _ = write!(line, "sink_{index}::xpos={} sink_{index}::ypos={} ", at.x, at.y);
    }
    let caps = |size: SizePx| {
        let (width, height) = (size.width, size.height);
        format!("video/x-raw,format=I420,width={width},height={height},framerate=30/1,colorimetry=bt709")
    };
    let _ = write!(line, "! {} ! appsink name=out sync=false max-buffers=2 ", caps(layout.canvas));
    for (index, (tile, name)) in layout.tiles.iter().zip(NAMES).enumerate() {
        let caps = caps(tile.picture.size);
        let _ = write!(line, "appsrc name={name} is-live=true format=time caps={caps} ! mix.sink_{index} ");
    }
    line
}

/// Pictures of each source in the size of its tile, in the order of the layout, which is that of [`NAMES`].
fn pictures(layout: &Layout) -> Result<Vec<Vec<Picture>>> {
    let of = |(index, tile): (usize, &protocol::layout::Tile)| {
        (0..PICTURES).map(|number| drawn(tile.picture.size, index * 31 + number * 7)).collect::<Result<Vec<_>>>()
    };
    layout.tiles.iter().enumerate().map(of).collect()
}

fn drawn(size: SizePx, seed: usize) -> Result<Picture> {
    let info = picture::i420(size, Colour::default())?;
    let mut frame = picture::write(gst::Buffer::with_size(info.size())?, &info)?;
    for plane in 0..frame.n_planes() {
        for (at, byte) in frame.plane_data_mut(plane)?.iter_mut().enumerate() {
            *byte = 40 + ((at * 7 + seed) % 160) as u8;
        }
    }
    Ok(Picture { buffer: frame.into_buffer(), info, captured: MonoTime(0) })
}

/// Does `give` once an interval; gives the share of one processor that this process took meanwhile, in percent.
fn paced(seconds: u32, mut give: impl FnMut(u32, MonoTime) -> Result<()>) -> Result<f64> {
    let (mut due, mut before, mut begun) = (program::clock::now(), Duration::ZERO, MonoTime(0));
    for number in 0..WARM_UP + seconds * 30 {
        if number == WARM_UP {
            (before, begun) = (used(), program::clock::now());
        }
        due = due + INTERVAL;
        thread::sleep(due.since(program::clock::now()));
        give(number, program::clock::now())?;
    }
    let wall = program::clock::now().since(begun);
    Ok((used() - before).as_secs_f64() * 100.0 / wall.as_secs_f64())
}

/// Processor time of this process so far.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or(0))
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Four sources on one canvas, in the usual layout.
fn theatre() -> Theatre {
    let source = |name: &&str| {
        let kind = Kind::Gstreamer { bin: String::new() };
        ((*name).to_owned(), Source { role: Role::Room, kind, mask: Ok(None) })
    };
    Theatre {
        primary: "endoscope".into(),
        run_dir: PathBuf::new(),
        source: NAMES.iter().map(source).collect(),
        window: Default::default(),
        canvas: capture::config::Canvas {
            width: CANVAS.width,
            height: CANVAS.height,
            tiles: NAMES.map(str::to_owned).to_vec(),
            ..Default::default()
        },
        encoder: Default::default(),
        identity: capture::config::Identity { certificate: PathBuf::new(), key: PathBuf::new() },
        participant: Default::default(),
        link: Default::default(),
        ladder: Default::default(),
    }
}
