//! Marks from the console, words from the windows and frames, in every order that happens.

use annotation::anchor::motion::{Motion, Point};
use annotation::anchor::tracker::Grip;
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

/// A pose of the scene that has moved by this part of the width since the beginning.
fn moved_by(part: f32) -> Pose {
    let half = Point::new(80.0, 45.0);
    let motion = Motion::shift(Point::new(part * 160.0, 0.0));
    Pose { scene: 0, motion, half, grip: Grip::Firm }
}

/// [`begun`], with mark 1 drawn on a picture captured at 0 ms and shown.
fn followed() -> Marks {
    let mut marks = marks();
    marks.seen(SHOWN, SessionTime(0), moved_by(0.0));
    marks.sent(header(0, SHOWN, Some(0)), at(1));
    marks.apply(&begin(1, SHOWN), at(2));
    marks.apply(&extend(1, 4), at(2));
    assert_eq!(marks.judge(at(2)), (Vec::new(), Vec::new()));
    marks.told(SHOWN, &displayed(1, 4, 2_500, 0), at(3));
    assert_eq!(marks.receipts()[0].fate, Fate::Shown);
    marks
}

#[test]
fn a_mark_under_which_the_picture_moves_is_told_at_both_ends_and_again_when_it_is_back() {
    let mut marks = followed();
    for (ms, part, fate) in [(33, 0.02, None), (66, 0.04, Some(Fate::Moved)), (99, 0.01, Some(Fate::Shown))] {
        marks.seen(SHOWN, SessionTime(ms * 1_000), moved_by(part));
        let (receipts, words) = marks.judge(at(ms));
        assert_eq!(receipts.iter().map(|receipt| receipt.fate).collect::<Vec<_>>(), Vec::from_iter(fate));
        let moved = fate.map(|fate| ToDisplay::Moved { id: id(1), moved: fate == Fate::Moved });
        assert_eq!(words, Vec::from_iter(moved));
        assert_eq!(marks.moved().count(), usize::from(fate == Some(Fate::Moved)));
    }
}

#[test]
fn a_mark_from_which_the_picture_moved_away_goes_and_the_mentor_is_told_when_it_is_gone() {
    let mut marks = followed();
    marks.seen(SHOWN, SessionTime(33_000), moved_by(0.2));
    let undo = Operation::Undo { id: id(1) };
    assert_eq!(marks.judge(at(33)), (Vec::new(), vec![ToDisplay::Apply(undo)]));
    assert_eq!(marks.told(SHOWN, &FromDisplay::Removed { id: id(1) }, at(40))[0].fate, Fate::MovedAway);
    assert_eq!(marks.apply(&begin(1, SHOWN), at(50)), [], "it does not come back");
    assert_eq!((marks.receipts(), marks.judge(at(50))), (Vec::new(), (Vec::new(), Vec::new())));
}

#[test]
fn a_mark_that_arrives_after_the_picture_moved_is_judged_by_the_frame_it_was_drawn_on() {
    let mut marks = followed();
    marks.sent(header(9, SHOWN, Some(30_000)), at(34));
    for (ms, part) in [(30, 0.0), (60, 0.05), (90, 0.10)] {
        marks.seen(SHOWN, SessionTime(ms * 1_000), moved_by(part));
    }
    let Operation::Begin { id, source, ink, width, .. } = begin(2, SHOWN) else { unreachable!() };
    let late = FrameId { epoch: Epoch(1), index: 9 };
    marks.apply(&Operation::Begin { id, source, frame: late, ink, width }, at(95));
    marks.apply(&extend(2, 4), at(95));
    assert!(marks.judge(at(95)).1.contains(&ToDisplay::Moved { id, moved: true }));
}

#[test]
fn a_mark_on_a_still_counts_from_when_the_still_was_taken_and_one_on_an_unknown_frame_is_moved() {
    let mut marks = followed();
    let frame = FrameId { epoch: Epoch(1), index: 700 };
    let size = protocol::geometry::SizePx { width: 9, height: 9 };
    for (ms, part) in [(1_000, 0.10), (2_000, 0.11)] {
        marks.seen(SHOWN, SessionTime(ms * 1_000), moved_by(part));
    }
    marks.judge(at(2_000));
    marks.still(&still::Header { frame, source: SHOWN, captured: SessionTime(1_000_000), size });
    for (number, frame) in [(2, frame), (3, FrameId { epoch: Epoch(8), index: 1 })] {
        let Operation::Begin { id, source, ink, width, .. } = begin(number, SHOWN) else { unreachable!() };
        marks.apply(&Operation::Begin { id, source, frame, ink, width }, at(2_001));
        marks.apply(&extend(number, 4), at(2_001));
    }
    assert_eq!(marks.judge(at(2_001)).1, [ToDisplay::Moved { id: id(3), moved: true }]);
}
