//! A report as a person reads it on a terminal.

use std::fmt::{Result, Write};

use crate::report::{Report, Stages};
use crate::statistics::Tail;

/// The report in a few lines. What is unknown is a dash.
pub fn text(report: &Report, link: &str) -> String {
    let mut out = String::new();
    let written = picture(&mut out, report)
        .and_then(|()| times(&mut out, report))
        .and_then(|()| link_lines(&mut out, report, link))
        .and_then(|()| programs(&mut out, report));
    debug_assert!(written.is_ok(), "a string takes whatever is written");
    out
}

fn line(out: &mut String, name: &str, value: &str) -> Result {
    writeln!(out, "  {name:<18}{value}")
}

fn picture(out: &mut String, report: &Report) -> Result {
    let (video, frames) = (&report.video, &report.frames);
    let (fps, rate) = (number(video.fps, 1), number(video.encoded_bps.map(|bps| bps / 1e6), 2));
    line(out, "picture", &format!("{}x{} at {fps} frames/s, {rate} Mbit/s", video.width, video.height))?;
    let counts = format!(
        "{} captured, {} dropped, {} shown, {} skipped, {} lost ({} damaged), {} under way at the end",
        frames.captured, frames.dropped, frames.shown, frames.skipped, frames.lost, frames.damaged, frames.in_flight
    );
    line(out, "frames", &counts)?;
    let stalls = format!("{} freezes, {} gaps of over two frames", report.freezes.count, report.gaps_over_two_frames);
    line(out, "stalls", &stalls)
}

fn times(out: &mut String, report: &Report) -> Result {
    let glass = report.glass_to_glass_ms;
    let [p50, p95, p99, max] =
        [glass.map(|all| all.p50), glass.map(|all| all.p95), glass.map(|all| all.p99), glass.map(|all| all.max)]
            .map(|value| number(value, 1));
    line(out, "glass to glass", &format!("{p50} ms median, {p95} p95, {p99} p99, {max} worst"))?;
    line(out, "  of which", &stages(&report.stages_ms))?;
    let (codec, present) = (tail(report.codec_floor_ms), tail(report.present_floor_ms));
    line(out, "floors", &format!("codec alone {codec}, console window alone {present}"))?;
    let marks = &report.marks;
    let pen = tail(marks.pen_to_display_ms);
    line(out, "marks", &format!("{} drawn, {} shown in theatre; pen to OR display {pen}", marks.sent, marks.shown))
}

fn link_lines(out: &mut String, report: &Report, link: &str) -> Result {
    for path in &report.paths {
        let (rtt, loss) = (number(path.rtt_ms, 1), number(path.loss_pct, 2));
        line(out, &format!("path {}", path.name), &format!("{}, RTT {rtt} ms, loss {loss} %", path.state))?;
    }
    for drill in &report.drills {
        let text =
            format!("path {} {} by {} for {:.1} s, on purpose", drill.path, drill.effect, drill.by, drill.seconds);
        line(out, "drill", &text)?;
    }
    let late = number(report.relay_lateness_ms.map(|late| late.p99), 2);
    let ratio = number(report.bytes_ratio, 2);
    line(out, "link", &format!("{link}; {ratio} x the encoded bytes; emulation late by {late} ms (p99)"))?;
    let (offset, within) = (number(report.clock.offset_ms, 2), number(report.clock.uncertainty_ms, 2));
    line(out, "clock", &format!("offset {offset} ms, within {within} ms"))
}

fn programs(out: &mut String, report: &Report) -> Result {
    let (cpu, rss) = (&report.cpu_seconds, &report.rss_mib);
    for (name, cpu, rss) in [
        ("or-display", cpu.or_display, rss.or_display),
        ("capture-node", cpu.capture_node, rss.capture_node),
        ("mentor-console", cpu.console, rss.console),
    ] {
        line(out, name, &format!("{} s of processor time, {} MiB", number(cpu, 1), number(rss, 0)))?;
    }
    Ok(())
}

fn stages(stages: &Stages) -> String {
    [
        ("compose", stages.compose),
        ("encode", stages.encode),
        ("transport", stages.transport),
        ("decode", stages.decode),
        ("present", stages.present),
    ]
    .map(|(name, stage)| format!("{name} {}", number(stage.map(|stage| stage.p50), 1)))
    .join(", ")
}

fn tail(tail: Option<Tail>) -> String {
    format!("{} ms median, {} p99", number(tail.map(|tail| tail.p50), 1), number(tail.map(|tail| tail.p99), 1))
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}
