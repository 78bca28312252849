//! `or-display`: the surgeon's picture. One process a window; holds no network and no encoder.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use capture::{config, or_display, source};
use clap::Parser;
use program::exit::{self, Kind, OrExit as _};
use program::stop::Signal;
use program::trace::Trace;

/// Shows one source in a window, with the mentor's marks over it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The source to show; the primary if not given.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where to write what was shown when; nothing is traced without it.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit::run("or-display", || run(&arguments))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let loaded = config::Display::load(&arguments.config, arguments.source.as_deref());
    let (display, faults) = loaded.or_exit(Kind::Config)?;
    for fault in faults {
        tracing::warn!("{}: {fault}; this window does not need it", arguments.config.display());
    }
    let trace = Trace::open(arguments.trace.as_deref(), "or-display", env!("CARGO_PKG_VERSION"));
    let trace = trace.unwrap_or_else(|error| {
        tracing::error!("{error}; nothing is traced, the picture is shown");
        Trace::default()
    });
    let stop = Signal::listen().context("or-display cannot listen for signals")?;
    match or_display::run(display, trace, stop.asked()) {
        Ok(()) => Ok(()),
        Err(error) => {
            let kind = exit_kind(&error);
            Err(error).or_exit(kind)
        }
    }
}

fn exit_kind(error: &or_display::Error) -> Kind {
    use or_display::Error;
    match error {
        Error::Source(source::Error::Missing { .. } | source::Error::NotVideo { .. } | source::Error::Dicom { .. }) => {
            Kind::Input
        }
        Error::Source(source::Error::Description { .. })
        | Error::Screen(or_display::screen::Error::Description { .. } | or_display::screen::Error::Absent { .. }) => {
            Kind::Config
        }
        Error::Source(source::Error::Unavailable { .. } | source::Error::Unfit { .. })
        | Error::Screen(or_display::screen::Error::Unavailable { .. })
        | Error::Library(_)
        | Error::Running(_) => Kind::Unavailable,
    }
}
