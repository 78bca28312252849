//! The report of one run, computed from the traces of its programs. What counts as what is DESIGN section 7's;
//! `docs/report.md` explains every value to readers of the JSON.

mod frames;
mod marks;

use std::collections::BTreeMap;

use program::trace::{LinkFacts, Record};
use serde::{Deserialize, Serialize};

use crate::process::Usage;
use crate::statistics::{Freezes, Spread, Tail};
pub use crate::strokes::Stroke;
use frames::Frames;

/// Everything known about one run. What was not measured is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The encoded picture.
    pub video: Video,
    /// Where the frames went.
    pub frames: Counts,
    /// Capture of the primary's picture to the console having shown the frame.
    pub glass_to_glass_ms: Option<Spread>,
    /// Encoder straight into decoder, measured alone before the session.
    pub codec_floor_ms: Option<Tail>,
    /// Decoded picture to shown, the console fed locally, measured alone before the session.
    pub present_floor_ms: Option<Tail>,
    /// The same time cut at every hand-off; the five tile the total.
    pub stages_ms: Stages,
    /// Freezes as W3C `webrtc-stats` defines them.
    pub freezes: Freezes,
    /// More than 2.5 nominal intervals between shown frames.
    pub gaps_over_two_frames: u64,
    /// Scripted strokes.
    pub marks: Marks,
    /// Every path as the console saw it last.
    pub paths: Vec<Path>,
    /// Link drills, as the console's trace tells them: faults on purpose, which belong to no line.
    pub drills: Vec<Drill>,
    /// UDP payload from theatre to console over encoded bytes.
    pub bytes_ratio: Option<f64>,
    /// How much later than asked the emulated link delivered.
    pub relay_lateness_ms: Option<P99>,
    /// The console's idea of theatre's clock. On one machine the true offset is zero.
    pub clock: Clock,
    /// Processor time in the counted time.
    pub cpu_seconds: PerProgram,
    /// Resident memory at the end.
    pub rss_mib: PerProgram,
}

/// The encoded picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Pixels in a row of the canvas.
    pub width: u16,
    /// Rows of the canvas.
    pub height: u16,
    /// Canvases captured per second of the counted time.
    pub fps: Option<f64>,
    /// Access units, bits per second of the counted time.
    pub encoded_bps: Option<f64>,
    /// How many of them were encoded as what.
    pub codecs: BTreeMap<String, u64>,
}

/// Where the frames went: captured = encoded + dropped; encoded = released + lost + in flight on the link;
/// released = shown + skipped + in flight in the console.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Canvases composed.
    pub captured: u64,
    /// Of these, not encoded because the encoder was busy.
    pub dropped: u64,
    /// Of these, encoded.
    pub encoded: u64,
    /// Encoded and released at the console within 250 ms of capture.
    pub released: u64,
    /// Released and shown.
    pub shown: u64,
    /// Released and overtaken by a newer one before a repaint.
    pub skipped: u64,
    /// Encoded and not released within 250 ms of capture.
    pub lost: u64,
    /// Of the lost: bytes differed from those sent, or a frame they build on was lost.
    pub damaged: u64,
    /// Neither released nor lost, or neither shown nor skipped, when the run ended.
    pub in_flight: u64,
}

/// The stages of a shown frame's way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// The primary's picture in its slot until the canvas was handed to the encoder; a part of `compose`.
    pub canvas: Option<Tail>,
    /// Captured until the canvas was handed to the encoder.
    pub compose: Option<Tail>,
    /// Until the access unit was out.
    pub encode: Option<Tail>,
    /// Until the console's transport released it.
    pub transport: Option<Tail>,
    /// Until the decoder gave the picture.
    pub decode: Option<Tail>,
    /// Until the buffer swap returned.
    pub present: Option<Tail>,
}

/// Scripted strokes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Strokes injected at the console.
    pub sent: u64,
    /// Strokes whose last point reached the OR display's sink.
    pub shown: u64,
    /// Each injected pointer event until the first picture with its point reached the OR display's sink.
    pub pen_to_display_ms: Option<Tail>,
}

/// One path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// Its name at the console.
    pub name: String,
    /// Its state at the end.
    pub state: String,
    /// Smoothed round trip.
    pub rtt_ms: Option<f64>,
    /// Datagrams from theatre that did not come, in percent.
    pub loss_pct: Option<f64>,
    /// UDP payload received at the console.
    pub bytes: u64,
}

/// One link drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// The path's name at the end that ran it.
    pub path: String,
    /// What was done to it.
    pub effect: String,
    /// The end that ran it: `theatre` or `console`.
    pub by: String,
    /// How long it lasted, up to the run's end.
    pub seconds: f64,
}

/// A 99th percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct P99 {
    /// Milliseconds.
    pub p99: f64,
}

/// A clock offset.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Theatre's clock minus the console's, as estimated at the end.
    pub offset_ms: Option<f64>,
    /// Half the width of the interval that holds the true offset.
    pub uncertainty_ms: Option<f64>,
}

/// One value a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PerProgram {
    /// The primary's window.
    pub or_display: Option<f64>,
    /// Theatre's node.
    pub capture_node: Option<f64>,
    /// The mentor's program.
    pub console: Option<f64>,
}

/// Everything a report is made from.
pub struct Evidence<'a> {
    /// Trace of `capture-node`.
    pub capture_node: &'a [Record],
    /// The console's name among theatre's participants.
    pub participant: &'a str,
    /// Trace of `mentor-console`.
    pub console: &'a [Record],
    /// Trace of the primary's `or-display`.
    pub or_display: &'a [Record],
    /// Canvas size.
    pub canvas: (u16, u16),
    /// Nominal frame rate of the primary.
    pub nominal_fps: f64,
    /// Injected strokes.
    pub strokes: &'a [Stroke],
    /// See [`Report::codec_floor_ms`].
    pub codec_floor_ms: Option<Tail>,
    /// See [`Report::present_floor_ms`].
    pub present_floor_ms: Option<Tail>,
    /// See [`Report::relay_lateness_ms`].
    pub relay_lateness_ms: Option<P99>,
    /// End of the counted time, in session time.
    pub until_us: u64,
    /// Usage of each program, by its name, when counting began and when it ended.
    pub usage: &'a BTreeMap<String, (Usage, Usage)>,
}

impl Report {
    /// Computes the report.
    pub fn from(evidence: &Evidence<'_>) -> Self {
        let frames = Frames::join(evidence.capture_node, evidence.console, evidence.participant, evidence.until_us);
        let shown_us = frames.shown_us();
        let link = last_link(evidence.console);
        Self {
            video: frames.video(evidence.canvas),
            frames: frames.counts(),
            glass_to_glass_ms: frames.glass_to_glass(),
            codec_floor_ms: evidence.codec_floor_ms,
            present_floor_ms: evidence.present_floor_ms,
            stages_ms: frames.stages(),
            freezes: crate::statistics::freezes(&shown_us),
            gaps_over_two_frames: crate::statistics::gaps_over_two_frames(&shown_us, 1e6 / evidence.nominal_fps),
            marks: marks::count(evidence.strokes, evidence.console, evidence.or_display),
            paths: link.map(paths).unwrap_or_default(),
            drills: drills(evidence.console, evidence.until_us),
            bytes_ratio: frames.bytes_ratio(evidence.capture_node, evidence.participant),
            relay_lateness_ms: evidence.relay_lateness_ms,
            clock: Clock {
                offset_ms: link.and_then(|link| link.offset_us).map(|us| us as f64 / 1000.0),
                uncertainty_ms: link.and_then(|link| link.uncertainty_us).map(|us| us as f64 / 1000.0),
            },
            cpu_seconds: per_program(evidence.usage, |(start, end)| end.cpu_seconds - start.cpu_seconds),
            rss_mib: per_program(evidence.usage, |(_, end)| end.rss_mib),
        }
    }
}

fn last_link(records: &[Record]) -> Option<&LinkFacts> {
    records.iter().rev().find_map(|record| if let Record::Link(link) = record { Some(link) } else { None })
}

fn paths(link: &LinkFacts) -> Vec<Path> {
    let path = |path: &program::trace::PathFacts| Path {
        name: path.name.clone(),
        state: path.state.clone(),
        rtt_ms: path.rtt_ms,
        loss_pct: path.loss_in_pct,
        bytes: path.bytes_in,
    };
    link.paths.iter().map(path).collect()
}

/// Each drill that began, with its end or else the run's.
fn drills(records: &[Record], until_us: u64) -> Vec<Drill> {
    let told = |record: &Record| if let Record::Drill(drill) = record { Some(drill.clone()) } else { None };
    let told: Vec<program::trace::Drill> = records.iter().filter_map(told).collect();
    let begun = told.iter().enumerate().filter(|(_, drill)| drill.phase == "begun" && drill.at_us < until_us);
    let whole = |(place, begun): (usize, &program::trace::Drill)| {
        let mut later = told.iter().skip(place + 1);
        let over = later.find(|drill| drill.phase == "over" && (&drill.path, &drill.by) == (&begun.path, &begun.by));
        let over_us = over.map_or(until_us, |over| over.at_us).min(until_us);
        Drill {
            path: begun.path.clone(),
            effect: begun.effect.clone(),
            by: begun.by.clone(),
            seconds: over_us.saturating_sub(begun.at_us) as f64 / 1e6,
        }
    };
    begun.map(whole).collect()
}

fn per_program(usage: &BTreeMap<String, (Usage, Usage)>, value: impl Fn(&(Usage, Usage)) -> f64) -> PerProgram {
    PerProgram {
        or_display: usage.get("or-display").map(&value),
        capture_node: usage.get("capture-node").map(&value),
        console: usage.get("mentor-console").map(&value),
    }
}
