//! Another layout while the session runs: a stroke that is being drawn stays where the mentor draws it.

use std::time::Duration;

use crossbeam_channel::bounded;
use harness::strokes::{Sample, Stroke};
use program::trace::{Record, View};

use crate::pixels::{Drawn, assert_ink_where_drawn};
use crate::stage::{SOON, Stage, done, light};

/// Pointer events of half a stroke, and the time between two.
const SAMPLES: u32 = 16;
const EVERY: Duration = Duration::from_millis(8);

/// Moves the pointer over a part of the picture at `view`, from left to right at a third of its height.
fn pass(stage: &Stage, view: &View, along: std::ops::Range<f64>, press: bool) -> Stroke {
    let (_never, stop) = bounded::<()>(0);
    let (screen, window) = &stage.console;
    let mut samples = Vec::new();
    for step in 0..=SAMPLES {
        let part = along.start + (along.end - along.start) * f64::from(step) / f64::from(SAMPLES);
        let (x, y) = (view.x_px + view.width_px * part, view.y_px + view.height_px / 3.0);
        let (x, y) = (x.round() as i16, y.round() as i16);
        let at = screen.move_to(window, x, y).expect("the pointer moves");
        if press && step == 0 {
            screen.press().expect("the pen comes down");
        }
        samples.push(Sample { at_us: at.0, x_px: x.into(), y_px: y.into() });
        // Nothing ever comes: the pace of a hand.
        let _ = stop.recv_timeout(EVERY);
    }
    Stroke { samples }
}

/// Where the picture of `source` lies once it lies elsewhere than at `before`.
fn moved(stage: &Stage, before: &View) -> View {
    stage
        .trace("mentor-console")
        .wait_for("the picture's new place", SOON, |records| {
            let last = records.iter().rev().find_map(|record| match record {
                Record::View(view) if view.source == before.source => Some(view.clone()),
                _ => None,
            });
            last.filter(|view| view != before)
        })
        .expect("the layout changes")
}

#[test]
fn a_stroke_begun_on_one_layout_and_ended_on_another_lies_where_the_mentor_drew_it() {
    let mut stage = Stage::set("layouts", light(), "wan");
    stage.wait_for_state("live");
    stage.wait_until_shown(program::clock::now().0);
    let before = stage.view("endoscope");
    let first = pass(&stage, &before, 0.2..0.45, true);
    let answer = done(&stage.config(), "layout quad --main room");
    assert_eq!(answer, "the canvas shows quad with room as main source");
    let after = moved(&stage, &before);
    assert!(after.width_px < before.width_px && after.x_px > before.x_px, "{after:?}");
    let second = pass(&stage, &after, 0.5..0.8, false);
    stage.console.0.release().expect("the pen is lifted");
    let (mark, points) = stage.mark_of(&second);
    stage.wait_until_displayed("endoscope", &mark, points);
    let (screen, window) = stage.rig.display_window(&stage.displays, "endoscope").expect("the OR display's window");
    let display = screen.image(&window).expect("its pixels");
    assert_ink_where_drawn(&display, &window, &before, &first, Drawn::Solid);
    assert_ink_where_drawn(&display, &window, &after, &second, Drawn::Solid);
    assert_eq!(
        done(&stage.config(), "layout insets --main endoscope"),
        "the canvas shows insets with endoscope as main source"
    );
    let back = moved(&stage, &after);
    assert_eq!(back, before, "the picture is where it was");
    stage.end();
    let records = harness::trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    assert!(!records.iter().any(|record| matches!(record, Record::LostFrame { .. })), "no frame is lost by a change");
}
