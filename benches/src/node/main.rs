//! The whole theatre on this machine: whether every picture of an endoscope goes through to the surgeon's monitor and to the
//! encoder, at 1080p30, 720p60 and 1080p60; and whether its memory stays flat while a camera fails and returns for half an
//! hour. Written to `docs/measurements/node.md` and `docs/measurements/memory.md`.

mod memory;
mod speed;
mod theatre;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures and writes a page.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recorded endoscopy through theatre, a while at each size and rate.
    Speed {
        /// Seconds of each.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// Where the page goes.
        #[arg(long, default_value = "docs/measurements/node.md")]
        page: PathBuf,
    },
    /// Memory over a long time.
    Memory {
        /// Minutes that count.
        #[arg(long, default_value_t = 30)]
        minutes: u64,
        /// Where the page goes.
        #[arg(long, default_value = "docs/measurements/memory.md")]
        page: PathBuf,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("node", || match &options.what {
        What::Speed { seconds, page } => speed::measure(*seconds, page),
        What::Memory { minutes, page } => memory::measure(*minutes, page),
    })
}
