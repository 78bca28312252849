//! Whether every picture of an endoscope goes through, and how long each stage takes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use harness::clips::{self, Pictures, record};
use harness::statistics::{Tail, tail};
use harness::trace::read;
use program::clock;
use program::trace::{Record, SentFrame};

use crate::theatre::{PROGRAMS, Theatre};

/// Until everything stands.
const WARM: Duration = Duration::from_secs(5);

/// What goes through.
struct Case {
    name: &'static str,
    clip: &'static str,
    /// Pictures a second; another rate than the clip's own plays it faster.
    fps: u64,
    retimed: bool,
    canvas: (u16, u16),
    bitrate_kbps: u32,
    /// Whether none may be missing, or what is missing is only told.
    bound: bool,
}

const CASES: [Case; 3] = [
    Case {
        name: "sinus, 1920x1080 at 30/s",
        clip: "endoscopy/sinus_1080p30.mp4",
        fps: 30,
        retimed: false,
        canvas: (1920, 1080),
        bitrate_kbps: 8_000,
        bound: true,
    },
    Case {
        name: "laparoscopy re-timed, 1280x720 at 60/s",
        clip: "endoscopy/laparoscopy_720p25.mp4",
        fps: 60,
        retimed: true,
        canvas: (1280, 720),
        bitrate_kbps: 6_000,
        bound: true,
    },
    Case {
        name: "sinus re-timed, 1920x1080 at 60/s",
        clip: "endoscopy/sinus_1080p30.mp4",
        fps: 60,
        retimed: true,
        canvas: (1920, 1080),
        bitrate_kbps: 12_000,
        bound: false,
    },
];

/// What became of the pictures of one case.
struct Outcome {
    /// Pictures that the source gave.
    given: u64,
    /// Of them, not at the sink of the surgeon's monitor.
    not_displayed: u64,
    /// Of them, not encoded and sent.
    not_sent: u64,
    compose_ms: Option<Tail>,
    encode_ms: Option<Tail>,
    display_ms: Option<Tail>,
    /// Of each of [`PROGRAMS`], percent of one processor.
    cpu: [f64; 2],
}

/// Measures every case and writes the page.
///
/// # Errors
/// A clip is not there, or theatre does not run.
pub fn measure(seconds: u64, page: &Path) -> Result<()> {
    let mut text = heading(seconds);
    for case in &CASES {
        println!("{}", case.name);
        let outcome = run(case, seconds)?;
        line(&mut text, case, &outcome);
    }
    fs::write(page, text).with_context(|| format!("writing {}", page.display()))?;
    println!("Written to {}", page.display());
    Ok(())
}

fn run(case: &Case, seconds: u64) -> Result<Outcome> {
    let folder = Path::new("target/bench").join(format!("node-{}-{}", case.canvas.1, case.fps));
    let theatre = Theatre::start(&folder, &tables(case, &clip(case)?))?;
    let pictures =
        |records: &[Record]| records.iter().any(|record| matches!(record, Record::SentFrame(_))).then_some(());
    theatre.trace("capture-node").wait_for("a frame", harness::rig::START_UP, pictures)?;
    let from = clock::now() + WARM;
    wait_until(&theatre, from.0)?;
    let before = theatre.usage()?;
    let until = from + Duration::from_secs(seconds);
    wait_until(&theatre, until.0)?;
    let after = theatre.usage()?;
    theatre.stop()?;
    let [display, node] = PROGRAMS.map(|program| read(&folder.join(format!("{program}.jsonl"))));
    let share = |at: usize| Some((after.get(at)?.cpu_seconds - before.get(at)?.cpu_seconds) * 100.0 / seconds as f64);
    let cpu = [share(0).unwrap_or_default(), share(1).unwrap_or_default()];
    outcome(&display?, &node?, from.0..until.0, cpu).context("no picture came through")
}

/// Waits until a picture that came at `us` or later has reached the sink.
fn wait_until(theatre: &Theatre, us: u64) -> Result<()> {
    let limit = Duration::from_micros(us.saturating_sub(clock::now().0)) + Duration::from_secs(20);
    let [display, _] = PROGRAMS;
    theatre.trace(display).wait_for("pictures to go on", limit, |records| {
        let last = records.iter().rev().find_map(|record| match record {
            Record::Picture { at_sink_us, .. } => Some(*at_sink_us),
            _ => None,
        });
        last.filter(|at| *at >= us).map(drop)
    })
}

fn outcome(display: &[Record], node: &[Record], counted: Range<u64>, cpu: [f64; 2]) -> Option<Outcome> {
    let displayed: Vec<(u64, u64, u64)> = display
        .iter()
        .filter_map(|record| match record {
            Record::Picture { sequence, captured_us, at_sink_us, redrawn: false } if counted.contains(captured_us) => {
                Some((*sequence, *captured_us, *at_sink_us))
            }
            _ => None,
        })
        .collect();
    // The display numbers what its source gives; the last ones may still be under way.
    let (first, last) = (displayed.first()?, displayed.last()?);
    let given = last.0 - first.0 + 1;
    let sent: Vec<&SentFrame> = node
        .iter()
        .filter_map(|record| match record {
            Record::SentFrame(sent) => Some(sent),
            _ => None,
        })
        .filter(|sent| sent.captured_us.is_some_and(|captured| (first.1..=last.1).contains(&captured)))
        .collect();
    let distinct = sent.iter().filter_map(|sent| sent.captured_us).collect::<BTreeSet<_>>().len() as u64;
    let times = |of: fn(&SentFrame) -> u64| tail(sent.iter().map(|sent| of(sent)).collect());
    Some(Outcome {
        given,
        not_displayed: given - displayed.len() as u64,
        not_sent: given.saturating_sub(distinct),
        compose_ms: times(|sent| sent.composed_us.saturating_sub(sent.captured_us.unwrap_or(sent.composed_us))),
        encode_ms: times(|sent| sent.encoded_us.saturating_sub(sent.composed_us)),
        display_ms: tail(displayed.iter().map(|(_, captured, at)| at.saturating_sub(*captured)).collect()),
        cpu,
    })
}

/// The clip at the rate of the case.
fn clip(case: &Case) -> Result<PathBuf> {
    let Some(clip) = clips::find(case.clip) else {
        bail!("no recorded clip {}: set REALDATA to the folder that holds it; nothing was measured", case.clip);
    };
    if !case.retimed {
        return Ok(clip);
    }
    let retimed = Path::new("target/bench").join(format!("{}-{}.mkv", case.canvas.1, case.fps));
    let mut pictures = Pictures::of(&clip, "video/x-raw,format=I420")?.peekable();
    let caps = pictures.peek().and_then(|sample| sample.caps()).context("a clip without pictures")?.to_string();
    record(&retimed, &caps, case.fps, pictures.filter_map(|sample| sample.buffer_owned()))?;
    Ok(retimed.canonicalize()?)
}

fn tables(case: &Case, clip: &Path) -> String {
    let (width, height) = case.canvas;
    format!(
        "[source.endoscope]\nrole = \"endoscope\"\nkind = \"file\"\nlocation = \"{}\"\n\
         [source.fluoroscopy]\nrole = \"fluoroscopy\"\nkind = \"scene\"\nscene = \"coronary\"\n\
         [source.room]\nrole = \"room\"\nkind = \"scene\"\nscene = \"room\"\n\
         [source.vitals]\nrole = \"vitals\"\nkind = \"vitals\"\n[vitals]\nkind = \"generator\"\n\
         [canvas]\nwidth = {width}\nheight = {height}\n[encoder]\nbitrate_kbps = {}\n",
        clip.display(),
        case.bitrate_kbps
    )
}

fn heading(seconds: u64) -> String {
    format!(
        "# Theatre, picture by picture\n\n`cargo build --release --locked --workspace --bins && cargo run --release --locked -p \
         system-benches --bin node -- speed --seconds {seconds}`, with `REALDATA` naming the folder of recorded clips.\n\n\
         `theatre` with everything it starts, on a machine with {} processors and no graphics chip: the endoscope is decoded from a \
         file, shown by `or-display` on a virtual X server and shared with `capture-node`, which composes it with X-ray, room and \
         vital signs, encodes it with x264 and sends it over two lines on loopback to a participant that decodes nothing. *Not \
         displayed*, *not sent*: pictures of the endoscope that never reached the surgeon's monitor, and that no access unit was \
         made of. Times are p50 / p99 from a picture's capture to its canvas, through the encoder, and from capture to the \
         monitor's sink. The clip itself is the baseline: as many pictures must leave as it gives.\n\n\
         | | pictures | not displayed | not sent | bound | to canvas, ms | encoder, ms | to monitor, ms | or-display, % CPU | \
         capture-node, % CPU |\n|---|---|---|---|---|---|---|---|---|---|\n",
        std::thread::available_parallelism().map_or(1, usize::from),
    )
}

fn line(text: &mut String, case: &Case, outcome: &Outcome) {
    let times = |tail: Option<Tail>| tail.map_or("–".to_owned(), |tail| format!("{:.1} / {:.1}", tail.p50, tail.p99));
    let bound = match (case.bound, outcome.not_displayed + outcome.not_sent) {
        (false, _) => "told only",
        (true, 0) => "0, kept",
        (true, _) => "0, **missed**",
    };
    let Outcome { given, not_displayed, not_sent, cpu: [display, node], .. } = outcome;
    let (compose, encode, shown) = (times(outcome.compose_ms), times(outcome.encode_ms), times(outcome.display_ms));
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        "| {} | {given} | {not_displayed} | {not_sent} | {bound} | {compose} | {encode} | {shown} | {display:.0} | {node:.0} |",
        case.name
    );
}
