//! The transport's core without network: how many frames a session passes, what its code costs, how often it allocates,
//! and what share of a processor a whole session takes. Beside each stands a named baseline of the same run. The page
//! is `docs/measurements/core.md`.

mod code;
mod cpu;
mod page;
mod pair;
mod processor;
mod session;

use std::path::Path;

use anyhow::{Context as _, Result};
use criterion::Criterion;

/// Where the page goes, seen from the package, in which cargo runs benches.
const PAGE: &str = "../docs/measurements/core.md";
/// Where Criterion keeps its samples.
const SAMPLES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/criterion");

fn main() -> Result<()> {
    let criterion = Criterion::default().with_measurement(processor::ThreadTime);
    let mut criterion = criterion.output_directory(Path::new(SAMPLES)).configure_from_args();
    code::bench(&mut criterion);
    session::bench(&mut criterion);
    criterion.final_summary();
    // With a filter or as a test, some of what the page tells was not measured.
    if std::env::args().skip(1).ne(["--bench".to_owned()]) {
        return Ok(());
    }
    let page = page::write(Path::new(SAMPLES), &session::counted(), &cpu::measure()?)?;
    std::fs::write(PAGE, page).with_context(|| format!("writing {PAGE}"))?;
    println!("Written to {PAGE}");
    Ok(())
}
