//! Lines that carry too little for the picture: what is given up is seen in it, told at both ends with its reason, and
//! comes back with the lines.

use std::collections::BTreeSet;

use harness::rig::{Case, Sources};
use netem::impairment::{Capacity, Impairment, Step};
use netem::profile::Profile;
use program::trace::{DropReason, DroppedFrame, Record, SentFrame};

use crate::stage::{SOON, Stage};

/// Two lines that carry enough until `thin_s` and too little until `wide_s`, in seconds of counted time.
fn thin(bps: u64, thin_s: u64, wide_s: u64) -> Profile {
    let enough = 12_000_000;
    let steps = [(thin_s, bps), (wide_s, enough)].map(|(at_s, bps)| Step { at_us: at_s * 1_000_000, bps }).to_vec();
    let capacity = Some(Capacity { bps: enough, steps, queue_us: 100_000 });
    let path = Impairment { delay_us: 10_000, capacity, ..Impairment::default() };
    Profile { name: "thin", paths: vec![path; 2] }
}

/// Waits until the console has been told that theatre stands on `wanted`; the reason it was given.
fn wait_for_rung(stage: &Stage, wanted: &str) -> Option<String> {
    stage
        .trace("mentor-console")
        .wait_for(&format!("the rung {wanted}"), SOON, |records| {
            let told = records.iter().rev().find_map(|record| match record {
                Record::Ladder { rung, reason, .. } => Some((rung, reason)),
                _ => None,
            })?;
            (told.0 == wanted).then(|| told.1.clone())
        })
        .expect("theatre moves on the ladder, and the console is told")
}

/// Pixels in the colour of a notice that is to be thought of, in the lower left corner of the OR display.
fn notice_pixels(stage: &Stage) -> usize {
    let (screen, window) = stage.rig.display_window(&stage.displays, stage.rig.primary()).expect("the OR display");
    let image = screen.image(&window).expect("its pixels");
    let (width, height) = (usize::from(window.width_px), usize::from(window.height_px));
    let corner = (height * 9 / 10..height).flat_map(|y| (0..width / 2).map(move |x| (x, y)));
    corner
        .filter(|&(x, y)| {
            let [red, green, blue] = image.pixel(x, y).map(i32::from);
            (red - 255).abs() < 12 && (green - 196).abs() < 12 && (blue - 84).abs() < 12
        })
        .count()
}

/// Looks until the notice is there, or gone.
fn wait_for_notice(stage: &Stage, wanted: bool) {
    let deadline = program::clock::now() + SOON;
    while (notice_pixels(stage) > 30) != wanted {
        assert!(program::clock::now() < deadline, "{} pixels of a notice", notice_pixels(stage));
    }
}

/// captured = encoded + dropped: no canvas is missing between the first and the last, but for those in the encoder at the end.
fn assert_all_accounted_for(records: &[Record]) {
    let name = |record: &Record| match record {
        Record::SentFrame(SentFrame { frame, .. }) | Record::DroppedFrame(DroppedFrame { frame, .. }) => {
            let (_, index) = frame.split_once(':').expect("a frame's name");
            Some(index.parse::<u64>().expect("its index"))
        }
        _ => None,
    };
    let named: Vec<u64> = records.iter().filter_map(name).collect();
    let canvases: BTreeSet<u64> = named.iter().copied().collect();
    assert_eq!(canvases.len(), named.len(), "a canvas is sent or dropped, not both");
    let made = canvases.last().zip(canvases.first()).map_or(0, |(last, first)| last - first + 1);
    assert!(made - named.len() as u64 <= 2, "{} of {made} canvases are accounted for", named.len());
}

#[test]
fn thin_lines_halve_the_picture_rate_which_both_ends_say_until_the_lines_are_back() {
    let mut stage = Stage::set_on("ladder", Sources::generated(Case::Endoscopy), thin(1_700_000, 1, 8));
    let reason = wait_for_rung(&stage, "halfrate");
    assert!(reason.is_some_and(|reason| reason.starts_with("lines carry ")), "the mentor is told why");
    wait_for_notice(&stage, true);
    stage.wait_for_state("live");
    for rung in ["insets", "bitrate", "full"] {
        wait_for_rung(&stage, rung);
    }
    wait_for_notice(&stage, false);
    stage.end();
    let records = harness::trace::read(&stage.rig.trace("capture-node")).expect("a trace");
    let halved =
        |record: &&Record| matches!(record, Record::DroppedFrame(frame) if frame.reason == DropReason::HalfRate);
    assert!(records.iter().filter(halved).count() > 30, "every second picture was left out");
    assert_all_accounted_for(&records);
}

#[test]
fn lines_too_thin_for_video_bring_the_canvas_as_a_still_which_is_never_called_live() {
    let mut stage = Stage::set_on("ladder-stills", Sources::generated(Case::Endoscopy), thin(250_000, 1, 60));
    wait_for_rung(&stage, "stills");
    stage.wait_for_state("still");
    stage.end();
    let records = harness::trace::read(&stage.rig.trace("capture-node")).expect("a trace");
    let still = |record: &&Record| matches!(record, Record::SentFrame(frame) if frame.numbers.is_empty());
    assert!(records.iter().any(|record| still(&record)), "a canvas was encoded that is no frame of any session");
    assert_all_accounted_for(&records);
}
