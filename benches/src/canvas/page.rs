//! The page of the canvas bench, in Markdown. Nothing is measured here.

use std::fmt::Write as _;
use std::thread;

use anyhow::{Context as _, Result};
use harness::statistics::tail;

use crate::stage::{CANVAS, Measured};

/// What the canvas may take of the processor time that the compositor takes.
const CPU_BOUND: f64 = 0.5;
/// What a picture of the primary may take to the canvas, in ms, of 99 in 100.
const P99_BOUND_MS: f64 = 3.0;

/// What was measured, how, and against which bounds.
pub fn heading(seconds: u32) -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "# The canvas\n\n`cargo run --release --locked -p system-benches --bin canvas -- --seconds {}`\n\nFour sources in \
         I420, already scaled to their tiles, onto {}x{} at 30 pictures a second, {} s each, on a machine with {processors} \
         processors. Beside it GStreamer's `compositor` with the same pictures at the same places, live, with the latency it \
         asks for and no more, in the same run: as it comes, which paints checkers first, and with a black background. CPU is of the whole process, feeding included. Delays are from a picture \
         of the primary handed over to the canvas that shows it. The bounds: {CPU_BOUND} of the compositor's CPU, and \
         {P99_BOUND_MS} ms for 99 in 100.\n",
        seconds, CANVAS.width, CANVAS.height, seconds
    )
}

/// One behaviour of the room camera: the canvas beside the compositor as it comes and on black.
///
/// # Errors
/// Nothing was composed.
pub fn section(page: &mut String, name: &str, canvas: &Measured, plain: &Measured, black: &Measured) -> Result<()> {
    let _ = write!(
        page,
        "\n## {name}\n\n| | CPU, percent of one processor | the canvas's over it | delay p50, ms | p99, ms | canvases |\n\
         |---|---|---|---|---|---|\n"
    );
    for (way, measured) in [("compositor", plain), ("compositor on black", black), ("canvas", canvas)] {
        let delays = tail(measured.delays_us.clone()).context("nothing was composed")?;
        let _ = writeln!(
            page,
            "| {way} | {:.1} | {:.2} | {:.2} | {:.2} | {} |",
            measured.cpu_percent,
            canvas.cpu_percent / measured.cpu_percent,
            delays.p50,
            delays.p99,
            measured.delays_us.len()
        );
    }
    let p99 = tail(canvas.delays_us.clone()).context("nothing was composed")?.p99;
    let verdict = |kept: bool| if kept { "kept" } else { "missed" };
    let cpu = |measured: &Measured| verdict(canvas.cpu_percent <= CPU_BOUND * measured.cpu_percent);
    let _ = writeln!(
        page,
        "\nCPU beside the plain compositor {}, beside one on black {}; delay {}.",
        cpu(plain),
        cpu(black),
        verdict(p99 <= P99_BOUND_MS)
    );
    Ok(())
}
