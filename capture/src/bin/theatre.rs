//! `theatre`: starts one `or-display` per window and `capture-node`, and starts again what died.
//!
//! Small on purpose: what it does not do cannot fail. It reads only the names of the windows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use capture::config;
use capture::supervise::{self, Program};
use clap::Parser;
use program::exit::{self, Kind, OrExit as _};
use program::stop::Signal;

/// Runs everything in theatre: the OR display's windows, and the part that talks to the console.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where each program writes its trace; nothing is traced without it.
    #[arg(long, value_name = "FOLDER")]
    trace_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit::run("theatre", || run(&arguments))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (windows, faults) = config::window_names(&arguments.config).or_exit(Kind::Config)?;
    for fault in faults {
        tracing::warn!("{}: {fault}", arguments.config.display());
    }
    let own = std::env::current_exe().context("theatre cannot find its own executable")?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let stop = Signal::listen().context("theatre cannot listen for signals")?;
    supervise::run(programs(arguments, folder, &windows), stop.asked());
    Ok(())
}

/// The displays first, the primary's before all others; then `capture-node`.
fn programs(arguments: &Arguments, folder: &Path, windows: &[String]) -> Vec<Program> {
    let program = |executable: &str, source: Option<&String>| {
        let mut parameters: Vec<OsString> = vec!["--config".into(), arguments.config.clone().into()];
        let mut name = executable.to_owned();
        if let Some(source) = source {
            parameters.extend(["--source".into(), source.into()]);
            name = format!("{executable}-{source}");
        }
        if let Some(dir) = &arguments.trace_dir {
            parameters.extend(["--trace".into(), dir.join(format!("{name}.jsonl")).into()]);
        }
        Program { name, executable: folder.join(executable), arguments: parameters }
    };
    let displays = windows.iter().map(|source| program("or-display", Some(source)));
    displays.chain([program("capture-node", None)]).collect()
}
