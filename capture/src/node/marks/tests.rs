//! Marks from the console, words from the windows and frames, in every order that happens.

use protocol::geometry::ImagePoint;
use protocol::ids::Epoch;
use protocol::mark::{Ink, Width};

use super::*;
use crate::node::test_frames::header;

const SHOWN: SourceId = SourceId(0);
const UNSHOWN: SourceId = SourceId(3);

fn marks() -> Marks {
    Marks::new([SHOWN])
}

fn id(number: u32) -> MarkId {
    MarkId { author: Epoch(9), number }
}

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1_000)
}

fn begin(number: u32, source: SourceId) -> Operation {
    let frame = FrameId { epoch: Epoch(1), index: 0 };
    Operation::Begin { id: id(number), source, frame, ink: Ink::Green, width: Width::Medium }
}

fn extend(number: u32, points: u16) -> Operation {
    let points = (0..points).map(|n| ImagePoint { x: n, y: n }).collect();
    Operation::Extend { id: id(number), first: 0, points }
}

fn displayed(number: u32, points: u16, at_us: u64, picture_captured_us: u64) -> FromDisplay {
    FromDisplay::Displayed { id: id(number), points, at_us, picture_captured_us }
}

/// Marks with mark 1 begun on a source that a window shows.
fn begun() -> Marks {
    let mut marks = marks();
    assert_eq!(marks.apply(&begin(1, SHOWN), at(0)), []);
    assert_eq!(marks.apply(&extend(1, 4), at(0)), []);
    marks
}

#[test]
fn a_mark_on_a_source_without_a_window_is_answered_no_display_at_once() {
    let mut marks = marks();
    let receipts = marks.apply(&begin(1, UNSHOWN), at(5));
    let no_display = Receipt { id: id(1), fate: Fate::NoDisplay, points: 0, at: SessionTime(5_000), first_on: None };
    assert_eq!(receipts, [no_display]);
    assert_eq!(marks.receipts(), [no_display], "a console that comes later learns it too");
    assert_eq!(marks.apply(&begin(1, UNSHOWN), at(6)), [], "once");
    let removed = marks.apply(&Operation::Undo { id: id(1) }, at(7));
    assert_eq!(removed[0].fate, Fate::Removed);
    assert_eq!(marks.receipts(), []);
}

#[test]
fn a_shown_mark_is_answered_with_the_frame_made_from_the_picture_it_appeared_on() {
    let mut marks = begun();
    marks.sent(header(6, SHOWN, Some(900)), at(1));
    assert_eq!(marks.told(SHOWN, &displayed(1, 2, 1_500, 1_000), at(2)), [], "the frame is not made yet");
    let receipts = marks.sent(header(7, SHOWN, Some(1_000)), at(9));
    let first_on = Some(header(7, SHOWN, None).id);
    let shown = Receipt { id: id(1), fate: Fate::Shown, points: 2, at: SessionTime(1_500), first_on };
    assert_eq!(receipts, [shown]);
    let more = marks.told(SHOWN, &displayed(1, 4, 2_500, 2_000), at(12));
    let shown = Receipt { points: 4, at: SessionTime(2_500), ..shown };
    assert_eq!(more, [shown], "more points come with the frame of the first");
    assert_eq!(marks.receipts(), [shown]);
}

#[test]
fn a_mark_whose_picture_makes_no_frame_is_answered_without_one() {
    let mut overtaken = begun();
    overtaken.told(SHOWN, &displayed(1, 4, 1_500, 1_000), at(2));
    let receipts = overtaken.sent(header(7, SHOWN, Some(2_000)), at(40));
    assert_eq!((receipts[0].fate, receipts[0].first_on), (Fate::Shown, None));

    let mut no_video = begun();
    no_video.told(SHOWN, &displayed(1, 4, 1_500, 1_000), at(2));
    assert_eq!(no_video.settle_all(at(200)), []);
    assert_eq!(no_video.settle_all(at(252))[0].fate, Fate::Shown, "marks outlive video");
}

#[test]
fn a_mark_that_was_taken_back_is_removed_when_the_window_says_so() {
    let mut marks = begun();
    marks.sent(header(7, SHOWN, Some(1_000)), at(1));
    marks.told(SHOWN, &displayed(1, 4, 1_500, 1_000), at(2));
    assert_eq!(marks.apply(&Operation::Undo { id: id(1) }, at(3)), [], "it is still to be seen");
    assert_eq!(marks.told(SHOWN, &FromDisplay::Removed { id: id(1) }, at(9))[0].fate, Fate::Removed);
    assert_eq!(marks.receipts(), []);
}

#[test]
fn a_mark_that_faded_leaves_the_board_and_a_window_that_starts_anew_does_not_get_it() {
    let mut marks = begun();
    let faded = marks.told(SHOWN, &FromDisplay::Faded { id: id(1) }, at(5_000));
    assert_eq!(faded[0].fate, Fate::Faded);
    let mut anew = Board::new();
    marks.operations().iter().for_each(|operation| anew.apply(operation));
    assert_eq!(anew.marks().count(), 0);
}

#[test]
fn a_window_that_starts_anew_no_longer_shows_what_was_taken_back_while_it_was_gone() {
    let mut marks = begun();
    marks.sent(header(7, SHOWN, Some(1_000)), at(1));
    marks.told(SHOWN, &displayed(1, 4, 1_500, 1_000), at(2));
    marks.apply(&Operation::Undo { id: id(1) }, at(3));
    assert_eq!(marks.reset(SHOWN, at(4))[0].fate, Fate::Removed);
    assert_eq!(marks.reset(SHOWN, at(5)), []);
}

#[test]
fn what_a_window_says_of_a_mark_that_nobody_drew_is_left_out() {
    let mut marks = marks();
    assert_eq!(marks.told(SHOWN, &displayed(8, 4, 1_500, 1_000), at(2)), []);
    assert_eq!(marks.receipts(), []);
}
