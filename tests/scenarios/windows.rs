//! Windows in theatre: a mark is shown by the window of its source, and where there is none the mentor is told.

use harness::rig::Sources;
use program::trace::Record;

use crate::stage::{SOON, Stage, light};

fn fate_of(stage: &Stage, mark: &str) -> String {
    stage
        .trace("mentor-console")
        .wait_for("a receipt", SOON, |records| {
            records.iter().find_map(|record| match record {
                Record::ReceivedReceipt(receipt) if receipt.mark == mark => Some(receipt.fate.clone()),
                _ => None,
            })
        })
        .expect("theatre says what became of the mark")
}

#[test]
fn a_mark_on_a_source_without_a_window_is_answered_no_display() {
    let mut stage = Stage::set("no-display", light(), "wan");
    let stroke = stage.draw("fluoroscopy");
    let (mark, _) = stage.mark_of(&stroke);
    assert_eq!(fate_of(&stage, &mark), "NoDisplay");
    stage.end();
}

#[test]
fn a_further_window_shows_its_own_source_with_its_marks() {
    let sources = Sources { second_window: true, ..light() };
    let mut stage = Stage::set("second-window", sources, "wan");
    let stroke = stage.draw("fluoroscopy");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("fluoroscopy", &mark, points);
    assert_eq!(fate_of(&stage, &mark), "Shown");
    stage.end();
}
