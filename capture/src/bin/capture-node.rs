//! `capture-node`: makes the canvas, encodes and sends it, and carries marks to the windows.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use capture::config::Theatre;
use capture::node;
use clap::Parser;
use program::exit::{self, Kind, OrExit as _};
use program::stop::Signal;
use program::trace::Trace;
use transport::driver;

/// Sends theatre's pictures to the consoles and brings the mentors' marks to the windows.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where to write what was sent when; nothing is traced without it.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit::run("capture-node", || run(&arguments))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let theatre = Theatre::load(&arguments.config).or_exit(Kind::Config)?;
    let trace = Trace::open(arguments.trace.as_deref(), "capture-node", env!("CARGO_PKG_VERSION"));
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
        Error::Canvas(_) | Error::Window(_) | Error::Thread(_) | Error::Ended(_) => Kind::Software,
    }
}
