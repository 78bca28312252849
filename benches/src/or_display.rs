//! The surgeon's picture: how long `or-display` itself takes for it, with a full board and without one, and that an
//! unchanged board costs no drawing. Written to `docs/measurements/or-display.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capture::local::{self, Event, NodeEnd, ToDisplay};
use capture::run_dir;
use clap::Parser;
use crossbeam_channel::{RecvTimeoutError, bounded};
use harness::process::{Program, command};
use harness::statistics::spread;
use harness::trace::Follower;
use program::clock;
use program::trace::Record;
use program::worker::Worker;
use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, FrameId, MarkId, SourceId};
use protocol::mark::{Ink, Operation, Width};

/// Runs the OR display alone and writes how long its pictures take.
#[derive(Debug, Parser)]
struct Options {
    /// Seconds of each run.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where the page goes.
    #[arg(long, default_value = "docs/measurements/or-display.md")]
    page: PathBuf,
}

/// Marks on the board: a mentor who never clears.
const MARKS: u32 = 50;
/// Points of each: a second of a 60 Hz pen.
const POINTS: u16 = 60;
const MENTOR: Epoch = Epoch(7);
/// What a picture may take from the source to the sink, 99 of 100.
const BOUND_MS: f64 = 4.0;
/// How long it may take until the display is up.
const WITHIN: Duration = Duration::from_secs(30);
/// Until everything stands.
const WARM: Duration = Duration::from_secs(3);

/// What lies over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Board {
    Empty,
    Rings,
    Across,
}

impl Board {
    const ALL: [Self; 3] = [Self::Empty, Self::Rings, Self::Across];

    fn name(self) -> &'static str {
        match self {
            Self::Empty => "without marks",
            Self::Rings => "50 marks",
            Self::Across => "50 lines across",
        }
    }

    fn marks(self) -> u32 {
        if self == Self::Empty { 0 } else { MARKS }
    }

    /// Where a mark's point lies, of 65,536 parts of the picture.
    fn point(self, mark: u32, step: u16) -> ImagePoint {
        let across = || ImagePoint { x: 6_000 + step * 880, y: 4_000 + mark as u16 * 1_100 + step % 12 * 300 };
        let ring = || {
            let turn = f64::from(step) / f64::from(POINTS - 1) * std::f64::consts::TAU;
            let (column, row) = (f64::from(mark % 10), f64::from(mark / 10));
            let (x, y) =
                (6_000.0 + column * 5_900.0 + turn.cos() * 3_277.0, 9_000.0 + row * 11_800.0 + turn.sin() * 5_825.0);
            ImagePoint { x: x as u16, y: y as u16 }
        };
        if self == Self::Rings { ring() } else { across() }
    }
}

/// One line of the table.
struct Line {
    board: Board,
    p50: f64,
    p99: f64,
    pictures: usize,
    redrawn: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("or-display-bench", || bench(&options))
}

fn bench(options: &Options) -> Result<()> {
    let mut page = heading(options);
    for (size, fps) in [((1280, 720), 60), ((1920, 1080), 30)] {
        let (width, height) = size;
        page.push_str(&format!("\n## {width}x{height} at {fps} pictures/s\n\n"));
        let [plain, rings, across] = Board::ALL.map(|board| measure(board, size, fps, options));
        let lines = [plain?, rings?, across?];
        page.push_str("| | p50, ms | p99, ms | bound, p99 | pictures | drawn again |\n|---|---|---|---|---|---|\n");
        for Line { board, p50, p99, pictures, redrawn } in &lines {
            let bound = match (board, *p99 <= BOUND_MS) {
                (Board::Across, _) => "told only".to_owned(),
                (_, true) => format!("{BOUND_MS:.1}, kept"),
                (_, false) => format!("{BOUND_MS:.1}, **missed**"),
            };
            let name = board.name();
            page.push_str(&format!("| {name} | {p50:.2} | {p99:.2} | {bound} | {pictures} | {redrawn} |\n"));
        }
        let [plain, rings, across] = &lines;
        let times = |line: &Line| line.p50 / plain.p50;
        page.push_str(&format!(
            "\nFifty rings take {:.2} times what no mark takes, fifty lines across {:.2} times (p50).\n",
            times(rings),
            times(across)
        ));
    }
    fs::write(&options.page, page).with_context(|| format!("writing {}", options.page.display()))?;
    println!("Written to {}", options.page.display());
    Ok(())
}

fn heading(options: &Options) -> String {
    format!(
        "# The OR display\n\n`cargo build --release --locked --workspace --bins && cargo run --release --locked -p system-benches \
         --bin or-display-bench -- --seconds {}`\n\nFrom a picture leaving its source to its arrival at the sink, in `or-display` as it is \
         installed: conversion to full colour, the marks over it, the way through GStreamer. Colour bars, so that making pictures \
         costs next to nothing; a sink that shows nothing, so that no X server is measured; {} processors. The baseline is the same program \
         without a mark, in the same run. *50 marks*: rings of a tenth of the picture's width, as around a vessel, of a second of a \
         60 Hz pen each; *50 lines across*: two thirds of the picture under ink, which no mentor leaves there. *drawn again*: pictures made anew though the source gave none, which an \
         unchanged board must not cost.\n",
        options.seconds,
        std::thread::available_parallelism().map_or(1, usize::from),
    )
}

fn measure(board: Board, size: (u16, u16), fps: u16, options: &Options) -> Result<Line> {
    println!("{}x{} at {fps}, {}", size.0, size.1, board.name());
    let folder = Path::new("target/bench").join(format!("or-display-{}-{board:?}", size.0));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let (config, trace) = (folder.join("theatre.toml"), folder.join("trace.jsonl"));
    fs::write(&config, toml(size, fps))?;
    let mut display = command("or-display")?;
    display.arg("--config").arg(&config).arg("--trace").arg(&trace);
    let mut display = Program::start("or-display", display, &folder.join("log"))?;
    let mut follower = Follower::new(&trace);
    let (tell, attached) = bounded(1);
    let _node = NodeEnd::attach(&run_dir::board(&folder.join("run"), "scope"), move |event, sender| {
        if event == Event::Attached {
            sender.send(&messages(board));
            // Attached once more: the first one's words are enough.
            tell.try_send(sender.clone()).ok();
        }
    })?;
    let _words = words_to(attached.recv_timeout(WITHIN).context("or-display does not take marks")?)?;
    wait_for_marks(&mut follower, board.marks())?;
    let (from, until) = (clock::now() + WARM, clock::now() + WARM + Duration::from_secs(options.seconds));
    follower.wait_for("the counted time to pass", WARM + Duration::from_secs(options.seconds + 20), |records| {
        pictures(records).last().filter(|(_, at_us, _)| *at_us >= until.0).map(drop)
    })?;
    display.check_alive()?;
    let counted = follower.records()?;
    let counted: Vec<_> = pictures(counted).filter(|(_, at, _)| (from.0..until.0).contains(at)).collect();
    line(board, &counted, options.seconds * u64::from(fps))
}

fn line(board: Board, counted: &[(u64, u64, bool)], expected: u64) -> Result<Line> {
    let fresh = counted.iter().filter(|(_, _, redrawn)| !redrawn);
    let times: Vec<u64> = fresh.map(|(captured, at, _)| at - captured).collect();
    let pictures = times.len();
    ensure!(pictures as u64 * 100 >= expected * 95, "{pictures} of {expected} pictures; is the machine busy?");
    let spread = spread(times).context("no picture")?;
    Ok(Line { board, p50: spread.p50, p99: spread.p99, pictures, redrawn: counted.len() - pictures })
}

/// When each picture was captured and came to the sink, and whether it was drawn for what lies over it alone.
fn pictures(records: &[Record]) -> impl DoubleEndedIterator<Item = (u64, u64, bool)> {
    records.iter().filter_map(|record| match record {
        Record::Picture { captured_us, at_sink_us, redrawn, .. } => Some((*captured_us, *at_sink_us, *redrawn)),
        _ => None,
    })
}

fn wait_for_marks(follower: &mut Follower, marks: u32) -> Result<()> {
    follower.wait_for("every mark on the display", WITHIN, |records| {
        let whole = |record: &&Record| matches!(record, Record::DisplayedMark(shown) if shown.points == POINTS);
        (records.iter().filter(whole).count() >= marks as usize && pictures(records).next().is_some()).then_some(())
    })
}

/// Vouches for the mentor ten times a second, as `capture-node` does, until dropped.
fn words_to(display: local::Sender<ToDisplay>) -> std::io::Result<Worker> {
    Worker::start("words", move |stopped| {
        while stopped.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
            display.send(&[ToDisplay::Heard { author: MENTOR, last_us: clock::now().0 }]);
        }
    })
}

/// The whole board.
fn messages(board: Board) -> Vec<ToDisplay> {
    let mut messages = vec![ToDisplay::Reset { source: SourceId(0) }];
    let frame = FrameId { epoch: Epoch(1), index: 1 };
    for number in 0..board.marks() {
        let id = MarkId { author: MENTOR, number };
        let begin = Operation::Begin { id, source: SourceId(0), frame, ink: Ink::Green, width: Width::Medium };
        let points = (0..POINTS).map(|step| board.point(number, step)).collect();
        messages.push(ToDisplay::Apply(begin));
        messages.push(ToDisplay::Apply(Operation::Extend { id, first: 0, points }));
    }
    messages.push(ToDisplay::Heard { author: MENTOR, last_us: clock::now().0 });
    messages
}

fn toml((width, height): (u16, u16), fps: u16) -> String {
    format!(
        "primary = \"scope\"\nrun_dir = \"run\"\n[source.scope]\nrole = \"endoscope\"\nkind = \"scene\"\nscene = \"bars\"\n\
         size = {{ width = {width}, height = {height} }}\nfps = {fps}\n[window.scope]\nsink = \"fakesink\"\n"
    )
}
