//! `capture-node`: makes the canvas, encodes and sends it, and carries marks to the windows. With `ctl` it asks the one
//! that runs already; with `masks` a privacy mask is drawn.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use capture::check;
use capture::check::finding::Verdict;
use capture::config::{DEFAULT_RUN_DIR, Theatre, run_dir};
use capture::control::{self, Answer, command};
use capture::mask::editor;
use capture::node;
use clap::{CommandFactory as _, Parser, Subcommand};
use program::exit::{self, Kind, OrExit as _};
use program::stop::Signal;
use program::trace::Trace;
use transport::driver;

/// Sends theatre's pictures to the consoles and brings the mentors' marks to the windows.
#[derive(Debug, Parser)]
#[command(name = "capture-node", version)]
struct Arguments {
    /// The configuration file. With `ctl` only its run_dir counts; without it that is /run/telementoring.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Where to write what was sent when; nothing is traced without it.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Asks the capture-node that runs on this machine to do something.
    #[command(subcommand)]
    Ctl(command::Command),
    /// Tries every source, window, the encoder, clock, disk, certificates, ports and paths before a case, in less than
    /// half a minute. Exits with 0 unless something failed, and with 69 if so.
    Check {
        /// Print JSON instead of words.
        #[arg(long)]
        json: bool,
        /// Instead, send a test picture in the primary's place to every console that is there, which judges it by itself:
        /// colours, range, cropping, sharpness, rate, repeats.
        #[arg(long)]
        picture: bool,
    },
    /// Shows a source in a window and lets its privacy mask be drawn.
    Masks {
        /// The source, by its name in the configuration.
        #[arg(long, value_name = "NAME")]
        source: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match (arguments.task, arguments.config) {
        (Some(Task::Ctl(command)), config) => exit::run("capture-node", || ctl(command, config.as_deref())),
        (Some(Task::Check { json, picture }), Some(config)) => {
            let scope = if picture { check::Scope::Picture } else { check::Scope::All };
            exit::run("capture-node", || preflight(&config, scope, json))
        }
        (Some(Task::Masks { source }), Some(config)) => exit::run("capture-node", || masks(&config, &source)),
        (Some(Task::Check { .. }), None) => needs_config("`check` needs the file that is to be tried: --config FILE"),
        (Some(Task::Masks { .. }), None) => {
            needs_config("`masks` needs the file that the mask is written to: --config FILE")
        }
        (None, Some(config)) => exit::run("capture-node", || run(&config, arguments.trace.as_deref())),
        (None, None) => needs_config("--config FILE is required, or `ctl` to ask the capture-node that runs"),
    }
}

fn needs_config(text: &str) -> ! {
    Arguments::command().error(clap::error::ErrorKind::MissingRequiredArgument, text).exit()
}

fn preflight(config: &Path, scope: check::Scope, json: bool) -> anyhow::Result<()> {
    let report = check::run(config, scope);
    if json {
        println!("{}", serde_json::to_string_pretty(&report).context("writing the report")?);
    } else {
        println!("{}", report.text());
    }
    match report.verdict {
        Verdict::Pass | Verdict::Warn => Ok(()),
        Verdict::Fail => Err(anyhow::Error::msg("something failed; see above")).or_exit(Kind::Unavailable),
    }
}

fn ctl(command: command::Command, config: Option<&Path>) -> anyhow::Result<()> {
    let run_dir = match config {
        Some(config) => run_dir(config).or_exit(Kind::Config)?,
        None => DEFAULT_RUN_DIR.into(),
    };
    match control::ask(&run_dir, &command.request()).or_exit(Kind::Unavailable)? {
        Answer::Done(text) => {
            println!("{text}");
            Ok(())
        }
        Answer::Refused(why) => Err(anyhow::Error::msg(why)).or_exit(Kind::Usage),
    }
}

fn masks(config: &Path, source: &str) -> anyhow::Result<()> {
    let stop = Signal::listen().context("capture-node cannot listen for signals")?;
    editor::run(config, source, stop.asked()).or_else(|error| {
        let kind = match error {
            editor::Error::Config(_) => Kind::Config,
            editor::Error::Preview(_) => Kind::Software,
            _ => Kind::Unavailable,
        };
        Err(error).or_exit(kind)
    })
}

fn run(config: &Path, trace: Option<&Path>) -> anyhow::Result<()> {
    let theatre = Theatre::load(config).or_exit(Kind::Config)?;
    for doubt in theatre.doubts() {
        tracing::warn!("{}: {doubt}", config.display());
    }
    for fault in theatre.mask_faults() {
        tracing::error!("{}: {fault}; until then none of its pictures leave theatre", config.display());
    }
    let trace = Trace::open(trace, "capture-node", env!("CARGO_PKG_VERSION"));
    let trace = trace.or_exit(Kind::Input)?;
    let stop = Signal::listen().context("capture-node cannot listen for signals")?;
    node::run(&theatre, &trace, stop.asked()).or_else(|error| {
        let kind = exit_kind(&error);
        Err(error).or_exit(kind)
    })
}

fn exit_kind(error: &node::Error) -> Kind {
    use node::Error;
    match error {
        Error::Network(error) => match *error.source {
            driver::Error::Credentials(_) => Kind::Permission,
            driver::Error::Path(_) => Kind::Config,
            driver::Error::Socket(_) => Kind::Unavailable,
            driver::Error::Thread(_) => Kind::Software,
        },
        Error::Library(_) | Error::Input(_) | Error::Encoding(_) | Error::Folder(_) => Kind::Unavailable,
        Error::Control(_)
        | Error::Canvas(_)
        | Error::Window(_)
        | Error::Thread(_)
        | Error::Vitals(_)
        | Error::Ended(_) => Kind::Software,
    }
}
