//! The whole loop, several times over each link: medians of the runs beside the bounds that follow from the floors of
//! the same runs, written to `docs/measurements/whole-loop.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use harness::process::command;
use harness::report::Report;

/// Runs the demonstration several times over each link and writes what was measured.
#[derive(Debug, Parser)]
struct Options {
    /// Runs over each link; the median is written.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Seconds of each run.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where the page goes.
    #[arg(long, default_value = "docs/measurements/whole-loop.md")]
    page: PathBuf,
}

/// A link and what may come on top of the floors, its own delay included.
struct Link {
    name: &'static str,
    glass_p50_extra_ms: Option<f64>,
    glass_p99_extra_ms: f64,
    pen_p50_ms: Option<f64>,
    pen_p99_ms: Option<f64>,
    gaps: Option<f64>,
}

impl Link {
    /// A link that loses at random, where only the slowest pictures and losses are bounded.
    const fn rough(name: &'static str, glass_p99_extra_ms: f64) -> Self {
        Self { name, glass_p50_extra_ms: None, glass_p99_extra_ms, pen_p50_ms: None, pen_p99_ms: None, gaps: None }
    }
}

const LINKS: [Link; 6] = [
    Link {
        glass_p50_extra_ms: Some(10.0 + 6.0),
        pen_p50_ms: Some(10.0 + 15.0),
        pen_p99_ms: Some(10.0 + 35.0),
        gaps: Some(0.0),
        ..Link::rough("wan", 10.0 + 20.0)
    },
    Link {
        pen_p50_ms: Some(18.0 + 15.0),
        pen_p99_ms: Some(18.0 + 35.0),
        gaps: Some(0.0),
        ..Link::rough("cut", 18.0 + 25.0)
    },
    Link::rough("lossy", 45.0),
    Link::rough("burst", 35.0),
    Link::rough("lte", 60.0),
    Link::rough("cutlossy", 45.0),
];

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("whole-loop", || bench(&options))
}

fn bench(options: &Options) -> Result<()> {
    let mut page = heading(options);
    for link in &LINKS {
        let reports = (0..options.runs).map(|run| measure(link, run, options)).collect::<Result<Vec<_>>>()?;
        section(&mut page, link, &reports);
    }
    fs::write(&options.page, page).with_context(|| format!("writing {}", options.page.display()))
}

fn measure(link: &Link, run: usize, options: &Options) -> Result<Report> {
    println!("{}: run {} of {}", link.name, run + 1, options.runs);
    let out = Path::new("target/bench").join(format!("{}-{run}", link.name));
    let report = Path::new("target").join(format!("whole-loop-{}-{run}.json", link.name));
    fs::create_dir_all("target/bench")?;
    let mut demo = command("demo")?;
    demo.args(["--headless", "--scripted-strokes", "--link", link.name, "--seconds", &options.seconds.to_string()]);
    demo.arg("--out").arg(out).arg("--report").arg(&report);
    ensure!(demo.status()?.success(), "the demonstration failed over {}", link.name);
    Ok(serde_json::from_str(&fs::read_to_string(report)?)?)
}

fn heading(options: &Options) -> String {
    format!(
        "# The whole loop\n\n`cargo build --release --locked --workspace --bins && cargo run --release --locked -p \
         system-benches --bin whole-loop -- --runs {} --seconds {}`\n\nGenerated pictures, 1280x720 at 30 frames/s, \
         6 Mbit/s, theatre, console, both virtual displays and the emulated link on one machine with {} processors, \
         software OpenGL. Every value is the median of {} runs; floors are of the same runs. The bounds are those of \
         the floors plus the link's delay plus what may come on top.\n",
        options.runs,
        options.seconds,
        std::thread::available_parallelism().map_or(1, usize::from),
        options.runs
    )
}

fn section(page: &mut String, link: &Link, reports: &[Report]) {
    let median = |value: &dyn Fn(&Report) -> Option<f64>| {
        let mut values: Vec<f64> = reports.iter().filter_map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let floor = |p: fn(&harness::statistics::Tail) -> f64| {
        let codec = median(&|report| report.codec_floor_ms.as_ref().map(p))?;
        Some(codec + median(&|report| report.present_floor_ms.as_ref().map(p))?)
    };
    let _ = write!(page, "\n## `{}`\n\n| | measured | bound |\n|---|---|---|\n", link.name);
    let mut row = |name: &str, measured: Option<f64>, bound: Option<f64>| {
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.1}"));
        let _ = writeln!(page, "| {name} | {} | {} |", number(measured), number(bound));
    };
    let (p50, p99) = (floor(|tail| tail.p50), floor(|tail| tail.p99));
    row("codec floor p50, ms", median(&|report| Some(report.codec_floor_ms?.p50)), Some(12.0));
    row("codec floor p99, ms", median(&|report| Some(report.codec_floor_ms?.p99)), None);
    row("present floor p50, ms", median(&|report| Some(report.present_floor_ms?.p50)), Some(20.0));
    row("present floor p99, ms", median(&|report| Some(report.present_floor_ms?.p99)), None);
    let extra = |floor: Option<f64>, extra: Option<f64>| Some(floor? + extra?);
    let glass_p50 = median(&|report| Some(report.glass_to_glass_ms?.p50));
    row("glass to glass p50, ms", glass_p50, extra(p50, link.glass_p50_extra_ms));
    let glass_p99 = median(&|report| Some(report.glass_to_glass_ms?.p99));
    row("glass to glass p99, ms", glass_p99, extra(p99, Some(link.glass_p99_extra_ms)));
    row("captured to composed p50, ms", median(&|report| Some(report.stages_ms.compose?.p50)), None);
    row("of which in slot to canvas p99, ms", median(&|report| Some(report.stages_ms.canvas?.p99)), Some(3.0));
    row("encode p50, ms", median(&|report| Some(report.stages_ms.encode?.p50)), None);
    row("transport p50, ms", median(&|report| Some(report.stages_ms.transport?.p50)), None);
    row("decode p50, ms", median(&|report| Some(report.stages_ms.decode?.p50)), None);
    row("present p50, ms", median(&|report| Some(report.stages_ms.present?.p50)), None);
    let pen =
        |p: fn(&harness::statistics::Tail) -> f64| median(&|report| report.marks.pen_to_display_ms.as_ref().map(p));
    row("pen to OR display p50, ms", pen(|tail| tail.p50), link.pen_p50_ms);
    row("pen to OR display p99, ms", pen(|tail| tail.p99), link.pen_p99_ms);
    row("marks not shown", median(&|report| Some((report.marks.sent - report.marks.shown) as f64)), Some(0.0));
    row("frames dropped", median(&|report| Some(report.frames.dropped as f64)), Some(0.0));
    row("frames lost", median(&|report| Some(report.frames.lost as f64)), Some(0.0));
    row("freezes", median(&|report| Some(report.freezes.count as f64)), Some(0.0));
    row("gaps over two frames", median(&|report| Some(report.gaps_over_two_frames as f64)), link.gaps);
    row("bytes over encoded bytes", median(&|report| report.bytes_ratio), None);
    row("link emulation late p99, ms", median(&|report| Some(report.relay_lateness_ms?.p99)), None);
}
