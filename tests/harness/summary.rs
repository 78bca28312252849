//! A report as a person reads it on a terminal.

use std::fmt::Write as _;

use crate::report::{Report, Stages};
use crate::statistics::Tail;

/// The report in a few lines. What is unknown is a dash.
pub fn text(report: &Report, link: &str) -> String {
    let mut out = String::new();
    let frames = &report.frames;
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "  {name:<18}{value}");
    };
    let rate = report.video.encoded_bps.map(|bps| bps / 1e6);
    line(
        "picture",
        format!(
            "{}x{} at {} frames/s, {} Mbit/s",
            report.video.width,
            report.video.height,
            number(report.video.fps, 1),
            number(rate, 2)
        ),
    );
    line(
        "frames",
        format!(
            "{} captured, {} dropped, {} shown, {} skipped, {} lost ({} damaged), {} under way at the end",
            frames.captured,
            frames.dropped,
            frames.shown,
            frames.skipped,
            frames.lost,
            frames.damaged,
            frames.in_flight
        ),
    );
    line(
        "stalls",
        format!("{} freezes, {} gaps of over two frames", report.freezes.count, report.gaps_over_two_frames),
    );
    let glass = report.glass_to_glass_ms;
    line(
        "glass to glass",
        format!(
            "{} ms median, {} p95, {} p99, {} worst",
            number(glass.map(|s| s.p50), 1),
            number(glass.map(|s| s.p95), 1),
            number(glass.map(|s| s.p99), 1),
            number(glass.map(|s| s.max), 1)
        ),
    );
    line("  of which", stages(&report.stages_ms));
    line(
        "floors",
        format!("codec alone {}, console window alone {}", tail(report.codec_floor_ms), tail(report.present_floor_ms)),
    );
    line(
        "marks",
        format!(
            "{} drawn, {} shown in theatre; pen to OR display {}",
            report.marks.sent,
            report.marks.shown,
            tail(report.marks.pen_to_display_ms)
        ),
    );
    for path in &report.paths {
        line(
            &format!("path {}", path.name),
            format!("{}, RTT {} ms, loss {} %", path.state, number(path.rtt_ms, 1), number(path.loss_pct, 2)),
        );
    }
    line(
        "link",
        format!(
            "{link}; {} x the encoded bytes; emulation late by {} ms (p99)",
            number(report.bytes_ratio, 2),
            number(report.relay_lateness_ms.map(|late| late.p99), 2)
        ),
    );
    line(
        "clock",
        format!(
            "offset {} ms, within {} ms",
            number(report.clock.offset_ms, 2),
            number(report.clock.uncertainty_ms, 2)
        ),
    );
    let (cpu, rss) = (&report.cpu_seconds, &report.rss_mib);
    for (name, cpu, rss) in [
        ("or-display", cpu.or_display, rss.or_display),
        ("capture-node", cpu.capture_node, rss.capture_node),
        ("mentor-console", cpu.console, rss.console),
    ] {
        line(name, format!("{} s of processor time, {} MiB", number(cpu, 1), number(rss, 0)));
    }
    out
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
