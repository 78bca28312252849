//! `./demo`: theatre and console on this machine over an emulated link, and a report of how it went.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use crossbeam_channel::{Receiver, Sender, bounded};
use harness::display::Display;
use harness::floors::Floors;
use harness::keyboard::Keyboard;
use harness::process::Usage;
use harness::report::{Evidence, P99, Report, Stroke};
use harness::rig::{Case, Displays, Rig, Setup, Sources};
use harness::{floors, strokes, summary, trace};
use netem::profile::Profile;
use program::exit::{Kind, OrExit as _};
use program::stop::Signal;
use protocol::time::MonoTime;

/// Runs the whole system on this machine: theatre and mentor's console over emulated links.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Options {
    /// End this long after the first shown frame [default: 20 without a display, else when the console is closed].
    #[arg(long)]
    seconds: Option<u64>,
    /// Use virtual displays even if there is a real one.
    #[arg(long)]
    headless: bool,
    /// The link: clean, wan, lossy, burst, lte, cut, cutlossy, lte4, squeeze, leo.
    #[arg(long, value_name = "PROFILE", default_value = "wan")]
    link: String,
    /// Whose picture drives the canvas.
    #[arg(long, value_enum, default_value = "endoscopy")]
    case: CaseName,
    /// A video in place of the generated endoscope.
    #[arg(long, value_name = "FILE")]
    endoscope: Option<PathBuf>,
    /// A video in place of the generated X-ray run.
    #[arg(long, value_name = "FILE")]
    fluoroscopy: Option<PathBuf>,
    /// A video in place of the generated room.
    #[arg(long, value_name = "FILE")]
    room: Option<PathBuf>,
    /// Where the JSON report goes [default: report.json among the other results].
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Draw a stroke each second, every sample timed.
    #[arg(long)]
    scripted_strokes: bool,
    /// The folder for screenshots, traces and logs; what an earlier run left there is removed.
    #[arg(long, value_name = "FOLDER", default_value = "target/demo", overrides_with = "out")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CaseName {
    /// The endoscope.
    Endoscopy,
    /// The X-ray run.
    Catheter,
}

/// Scripted strokes stop this long before the end, so that the last one can be shown.
const QUIET_END: Duration = Duration::from_secs(2);
/// How long a run without anybody watching takes.
const HEADLESS: Duration = Duration::from_secs(20);
/// How long the key `c` cuts a line.
const CUT: Duration = Duration::from_secs(5);
/// Whence the emulated link draws its luck; fixed, so that two runs meet the same weather.
const SEED: u64 = 1;

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("demo", || demo(&options))
}

fn demo(options: &Options) -> Result<()> {
    let stop = Signal::listen()?;
    let setup = setup(options)?;
    if options.out.exists() {
        fs::remove_dir_all(&options.out).with_context(|| format!("clearing {}", options.out.display()))?;
    }
    let displays = displays(options)?;
    println!("Measuring the floors: the codec alone, then the console's window alone");
    let floors = floors::measure(&setup, displays.console()).context("measuring the floors")?;
    let link = setup.profile.name;
    let mut rig = Rig::start(setup, &displays)?;
    rig.wait_for_first_frame()?;
    println!("Running on link \"{link}\"");
    let outcome = session(options, &mut rig, &displays, &stop)?;
    rig.stop()?;
    report(options, &rig, &floors, &outcome, link)
}

fn setup(options: &Options) -> Result<Setup> {
    let profile = Profile::by_name(&options.link).or_exit(Kind::Config).context("--link")?;
    let file = |key: &str, file: &Option<PathBuf>| -> Result<Option<PathBuf>> {
        let Some(file) = file else { return Ok(None) };
        let absolute = fs::canonicalize(file).with_context(|| format!("{key} {}", file.display()));
        absolute.or_exit(Kind::Input).map(Some)
    };
    let case = match options.case {
        CaseName::Endoscopy => Case::Endoscopy,
        CaseName::Catheter => Case::Catheter,
    };
    let sources = Sources {
        endoscope: file("--endoscope", &options.endoscope)?,
        fluoroscopy: file("--fluoroscopy", &options.fluoroscopy)?,
        room: file("--room", &options.room)?,
        vitals: true,
        ..Sources::generated(case)
    };
    let folder = std::path::absolute(&options.out)?;
    Ok(Setup { folder, sources, profile, seed: SEED, card: !is_headless(options) })
}

fn is_headless(options: &Options) -> bool {
    options.headless || Display::from_environment().is_none()
}

fn displays(options: &Options) -> Result<Displays> {
    match Display::from_environment().filter(|_| !options.headless) {
        Some(display) => Ok(Displays { theatre: display, console: None }),
        None => Displays::start_virtual(&options.out).or_exit(Kind::Unavailable),
    }
}

/// What a session left beside its traces.
struct Outcome {
    strokes: Vec<Stroke>,
    usage: BTreeMap<String, (Usage, Usage)>,
    /// Theatre's clock is this machine's.
    until: MonoTime,
}

fn session(options: &Options, rig: &mut Rig, displays: &Displays, stop: &Signal) -> Result<Outcome> {
    let start = rig.usage()?;
    let length = options.seconds.map(Duration::from_secs).or_else(|| is_headless(options).then_some(HEADLESS));
    let script = options.scripted_strokes.then(|| Script::start(rig, displays, length)).transpose()?;
    watch(rig, stop, length)?;
    let strokes = script.map(Script::finish).transpose()?.unwrap_or_default();
    let (until, end) = (program::clock::now(), rig.usage()?);
    if rig.console.check_alive().is_ok() {
        screenshots(options, rig, displays)?;
    }
    let usage = start.into_iter().filter_map(|(name, start)| Some((name.clone(), (start, *end.get(&name)?)))).collect();
    Ok(Outcome { strokes, usage, until })
}

/// Until the time is over, the console was closed, or somebody asked to stop; keys work meanwhile.
fn watch(rig: &mut Rig, stop: &Signal, length: Option<Duration>) -> Result<()> {
    // How soon a closed window or a stop is noticed while no key is pressed.
    const GLANCE: Duration = Duration::from_millis(100);
    let keyboard = Keyboard::take()?;
    if keyboard.is_some() {
        println!("Press c to cut line a for {} s, q to end.", CUT.as_secs());
    }
    let deadline = length.map(|length| program::clock::now() + length);
    loop {
        let glance = deadline.map_or(GLANCE, |deadline| deadline.since(program::clock::now()).min(GLANCE));
        let key = match &keyboard {
            Some(keyboard) => keyboard.key(glance)?,
            None => None,
        };
        if keyboard.is_none() && stop.asked().recv_timeout(glance).is_ok() {
            return Ok(());
        }
        match key {
            Some(b'c') => {
                rig.relay.cut(0, CUT)?;
                println!("Line a is cut for {} s.", CUT.as_secs());
            }
            Some(b'q') => return Ok(()),
            _ => {}
        }
        rig.theatre.check_alive()?;
        let over = deadline.is_some_and(|deadline| deadline.since(program::clock::now()).is_zero());
        if over || stop.asked().try_recv().is_ok() || rig.console.has_ended()? {
            return Ok(());
        }
    }
}

/// The hand that draws a stroke each second.
struct Script {
    stop: Sender<()>,
    thread: JoinHandle<Result<Vec<Stroke>>>,
}

impl Script {
    fn start(rig: &Rig, displays: &Displays, length: Option<Duration>) -> Result<Self> {
        let (screen, window) = rig.console_window(displays)?;
        let end = length.map(|length| program::clock::now() + length.saturating_sub(QUIET_END + strokes::LENGTH));
        rig.wait_for_live_picture()?;
        let view = rig.view(rig.primary())?;
        // Dropping the sender is what stops the thread.
        let (stop, stopped): (Sender<()>, Receiver<()>) = bounded(0);
        let thread = Builder::new().name("strokes".into()).spawn(move || {
            let begin = program::clock::now();
            let mut drawn = Vec::new();
            for number in 0.. {
                let due = begin + strokes::EVERY * number;
                if end.is_some_and(|end| due > end) {
                    break;
                }
                let waited = stopped.recv_timeout(due.since(program::clock::now()));
                if waited != Err(crossbeam_channel::RecvTimeoutError::Timeout) {
                    break;
                }
                drawn.push(strokes::draw(&screen, &window, &view, number, &stopped)?);
            }
            Ok(drawn)
        })?;
        Ok(Self { stop, thread })
    }

    fn finish(self) -> Result<Vec<Stroke>> {
        drop(self.stop);
        match self.thread.join() {
            Ok(drawn) => drawn,
            Err(_) => bail!("the thread that draws strokes panicked"),
        }
    }
}

fn screenshots(options: &Options, rig: &Rig, displays: &Displays) -> Result<()> {
    let (screen, window) = rig.display_window(displays, rig.primary())?;
    screen.image(&window)?.save(&options.out.join("or-display.png"))?;
    let (screen, window) = rig.console_window(displays)?;
    screen.image(&window)?.save(&options.out.join("console.png"))
}

fn report(options: &Options, rig: &Rig, floors: &Floors, outcome: &Outcome, link: &str) -> Result<()> {
    let late = rig.relay.report().lateness;
    let evidence = Evidence {
        participant: harness::rig::files::CONSOLE,
        capture_node: &trace::read(&rig.trace("capture-node"))?,
        console: &trace::read(&rig.trace("mentor-console"))?,
        or_display: &trace::read(&rig.trace(&rig.primary_display()))?,
        canvas: floors.canvas,
        nominal_fps: floors.nominal_fps,
        strokes: &outcome.strokes,
        codec_floor_ms: floors.codec_ms,
        present_floor_ms: floors.present_ms,
        relay_lateness_ms: (late.count > 0).then_some(P99 { p99: late.p99_us as f64 / 1000.0 }),
        until_us: outcome.until.0,
        usage: &outcome.usage,
    };
    let report = Report::from(&evidence);
    let path = options.report.clone().unwrap_or_else(|| options.out.join("report.json"));
    let text = serde_json::to_string_pretty(&report)?;
    fs::write(&path, text + "\n").with_context(|| format!("writing {}", path.display()))?;
    println!("\n{}", summary::text(&report, link));
    println!("Report: {}\nScreenshots, traces and logs: {}", path.display(), options.out.display());
    Ok(())
}
