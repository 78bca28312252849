//! The canvas beside GStreamer's `compositor`: four sources, already scaled to their tiles, onto 1920x1080 at 30 pictures a
//! second. What each costs of a processor, and how long a picture of the primary takes from where it comes in to the canvas
//! that shows it, also where the room camera gives 10 a second or stands still. Written to
//! `docs/measurements/canvas.md`.

mod compositor;
mod ours;
mod page;
mod stage;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use compositor::Background;
use stage::ROOMS;

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

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("canvas", || bench(&options))
}

fn bench(options: &Options) -> Result<()> {
    media::init()?;
    let mut page = page::heading(options.seconds);
    for (room, name) in ROOMS {
        println!("{name}");
        let ours = ours::measure(room, options.seconds)?;
        let [plain, black] = [Background::Default, Background::Black]
            .map(|background| compositor::measure(room, background, options.seconds));
        page::section(&mut page, name, &ours, &plain?, &black?)?;
    }
    fs::write(&options.page, page).with_context(|| format!("writing {}", options.page.display()))
}
