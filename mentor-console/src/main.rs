//! The program `mentor-console`: reads its options and configuration, starts the parts, runs the window, ends them
//! in order.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use crossbeam_channel::Sender;
use media::h265::H265;
use mentor_console::app::App;
use mentor_console::config::Config;
use mentor_console::console::{Console, Shared};
use mentor_console::decode::{self, Decode, Job, Refuse};
use mentor_console::link::{self, Link};
use mentor_console::local::Recording;
use mentor_console::outbox::Outbox;
use mentor_console::software_gl;
use mentor_console::waker::Waker;
use mentor_console::window::{self, Opening};
use program::clock;
use program::exit::{self, Kind, OrExit as _};
use program::stop::Signal;
use program::trace::Trace;
use protocol::ids::Epoch;
use transport::driver;

const NAME: &str = "mentor-console";

/// The mentor's console: theatre's picture with its age, and a pen that reaches theatre.
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
struct Options {
    /// The console's configuration (console.toml).
    #[arg(long, required_unless_present = "local")]
    config: Option<PathBuf>,
    /// Write one JSON line per frame and mark to this file.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// The window's size.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720", value_parser = size)]
    window: Opening,
    /// Show a card that says what to try.
    #[arg(long)]
    card: bool,
    /// Play frames from a file instead of a session's, to measure what showing them takes.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    local: Option<PathBuf>,
}

#[expect(unsafe_code, reason = "the environment can only be changed so, and only here are there no threads yet")]
fn main() -> ExitCode {
    // SAFETY: this is the first thing that the program does, and it has started no thread.
    unsafe { software_gl::balance() };
    let options = Options::parse();
    exit::run(NAME, || match (&options.config, &options.local) {
        (Some(config), _) => session(&options, config),
        (None, Some(file)) => local(&options, file),
        (None, None) => anyhow::bail!("neither --config nor --local is given"),
    })
}

/// A session with theatre.
fn session(options: &Options, config: &Path) -> anyhow::Result<()> {
    let config = Config::load(config).or_exit(Kind::Config)?;
    let trace = trace(options)?;
    let epoch = Epoch(link::random() as u32);
    let h265 = config.decoder.h265;
    let started = link::start(config, epoch);
    let kind = started.as_ref().err().map_or(Kind::Software, exit_kind);
    let (handle, events) = started.or_exit(kind)?;
    let outbox = Outbox::new(link::deliver(&handle));
    let console = Shared::new(Console::new(trace, epoch, outbox, clock::now()));
    let refusing = handle.clone();
    let refuse: Refuse = Box::new(move |number| refusing.refuse_frame(number));
    run(options, &console, (h265, refuse), |jobs, waker| {
        let link = Link::start(handle, events, console.clone(), jobs, waker)?;
        Ok(Box::new(move || link.stop()))
    })
}

/// Frames from a file.
fn local(options: &Options, file: &Path) -> anyhow::Result<()> {
    media::init_codecs().or_exit(Kind::Unavailable)?;
    let recording = Recording::read(file).or_exit(Kind::Input)?;
    let console = Console::new(trace(options)?, Epoch(0), Outbox::nowhere(), clock::now());
    let console = Shared::new(console);
    // A file has nobody to ask for an independent frame.
    run(options, &console, (H265::Software, Box::new(|_| {})), |jobs, _| {
        let player = recording.play(console.clone(), jobs)?;
        Ok(Box::new(move || player.stop()))
    })
}

/// Ends what a window's pictures came from.
type Stop = Box<dyn FnOnce()>;

/// Decoder and window around whatever `start` has pictures come from.
fn run(
    options: &Options,
    console: &Shared,
    (h265, refuse): (H265, Refuse),
    start: impl FnOnce(Sender<Job>, Waker) -> io::Result<Stop>,
) -> anyhow::Result<()> {
    let signal = Signal::listen().context("signals")?;
    let waker = Waker::default();
    let Decode { jobs, newest, thread } =
        decode::start(h265, console.clone(), waker.clone(), refuse).or_exit(Kind::Unavailable)?;
    let stop = start(jobs, waker.clone()).context("no thread for pictures")?;
    let app = App::new(console.clone(), newest, waker.clone(), options.card);
    let shown = window::run(options.window, app, &waker, signal.asked()).or_exit(Kind::Unavailable);
    stop();
    if thread.join().is_err() {
        tracing::error!("the decoder's thread panicked");
    }
    console.lock().frames.close();
    shown
}

fn trace(options: &Options) -> anyhow::Result<Trace> {
    Trace::open(options.trace.as_deref(), NAME, env!("CARGO_PKG_VERSION")).or_exit(Kind::Input)
}

/// Certificates are a matter of permission, a port in use of the machine, all else of the configuration.
fn exit_kind(error: &driver::Error) -> Kind {
    match error {
        driver::Error::Credentials(_) => Kind::Permission,
        driver::Error::Socket(_) => Kind::Unavailable,
        driver::Error::Thread(_) => Kind::Software,
        _ => Kind::Config,
    }
}

/// `WIDTHxHEIGHT` in points.
fn size(text: &str) -> Result<Opening, String> {
    let refused = || format!("`{text}` is no window size; write WIDTHxHEIGHT, such as 1280x720");
    let (width, height) = text.split_once('x').ok_or_else(refused)?;
    let side = |text: &str| text.parse::<u16>().ok().filter(|side| *side > 0).map(f32::from).ok_or_else(refused);
    Ok(Opening { size: [side(width)?, side(height)?] })
}
