use super::*;
use std::time::Duration;

use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, FrameId};
use protocol::mark::{Ink, Width};

const SIZE: SizePx = SizePx { width: 640, height: 360 };
const OURS: SourceId = SourceId(2);

fn at(ms: u64) -> MonoTime {
    MonoTime(5_000_000) + Duration::from_millis(ms)
}

fn id(number: u32) -> MarkId {
    MarkId { author: Epoch(7), number }
}

fn stroke(number: u32, source: SourceId, points: u16) -> Vec<ToDisplay> {
    let id = id(number);
    let frame = FrameId { epoch: Epoch(1), index: 0 };
    let way = (0..points).map(|n| ImagePoint { x: 1_000 * n, y: 9_000 }).collect();
    let begin = Operation::Begin { id, source, frame, ink: Ink::Green, width: Width::Medium };
    let extend = Operation::Extend { id, first: 0, points: way };
    vec![ToDisplay::Apply(begin), ToDisplay::Apply(extend)]
}

fn heard(at: MonoTime) -> ToDisplay {
    ToDisplay::Heard { author: Epoch(7), last_us: at.0 }
}

/// A window attached at 0 ms, with a stroke of five points, drawn.
fn with_one_mark() -> Marks {
    let mut marks = Marks::default();
    marks.take(&[ToDisplay::Reset { source: OURS }, heard(at(0))], at(0));
    marks.take(&stroke(0, OURS, 5), at(10));
    assert!(marks.changed(at(10)));
    let (overlay, news) = marks.draw(SIZE, at(10));
    assert!(!overlay.rects.is_empty());
    assert_eq!(news, [News::Shown { id: id(0), points: 5, received: at(10) }]);
    assert!(!marks.changed(at(11)), "nothing is drawn twice");
    marks
}

#[test]
fn more_points_of_a_mark_are_told_with_the_moment_they_came() {
    let mut marks = with_one_mark();
    marks.take(&stroke(0, OURS, 8), at(30));
    assert!(marks.changed(at(31)));
    assert_eq!(marks.draw(SIZE, at(31)).1, [News::Shown { id: id(0), points: 8, received: at(30) }]);
}

#[test]
fn a_mark_on_another_source_is_not_shown_here() {
    let mut marks = with_one_mark();
    marks.take(&stroke(1, SourceId(3), 5), at(20));
    assert_eq!(marks.draw(SIZE, at(20)).1, []);
}

#[test]
fn a_mark_taken_back_is_told_as_removed_once_it_is_not_drawn() {
    let mut marks = with_one_mark();
    marks.take(&[ToDisplay::Apply(Operation::Undo { id: id(0) })], at(20));
    assert!(marks.changed(at(20)));
    let (overlay, news) = marks.draw(SIZE, at(20));
    assert_eq!((overlay, news), (Overlay::default(), vec![News::Removed { id: id(0) }]));
}

#[test]
fn silence_makes_marks_dashed_after_one_second_and_gone_after_five() {
    let mut marks = with_one_mark();
    let solid = marks.draw(SIZE, at(20)).0;
    assert_eq!(marks.changes_at(at(20)), Some(at(1_000)));
    assert!(!marks.changed(at(999)) && marks.changed(at(1_000)));
    let (dashed, news) = marks.draw(SIZE, at(1_000));
    assert!(dashed != solid && !dashed.rects.is_empty());
    assert_eq!(news, [], "they are still shown");
    assert_eq!(marks.changes_at(at(1_000)), Some(at(5_000)));
    assert!(!marks.changed(at(4_999)) && marks.changed(at(5_000)));
    assert_eq!(marks.draw(SIZE, at(5_000)), (Overlay::default(), vec![News::Faded { id: id(0) }]));
    assert_eq!(marks.changes_at(at(5_000)), None);
}

#[test]
fn a_word_from_the_mentor_makes_dashed_marks_solid_again_but_brings_no_gone_ones_back() {
    let mut marks = with_one_mark();
    assert!(marks.changed(at(1_500)));
    marks.draw(SIZE, at(1_500));
    marks.take(&[heard(at(1_600))], at(1_600));
    assert!(marks.changed(at(1_600)));
    marks.draw(SIZE, at(1_600));
    assert!(marks.changed(at(6_600)));
    marks.draw(SIZE, at(6_600));
    marks.take(&[heard(at(7_000))], at(7_000));
    marks.take(&stroke(0, OURS, 9), at(7_000));
    assert_eq!(marks.draw(SIZE, at(7_000)), (Overlay::default(), vec![News::Faded { id: id(0) }]), "told once more");
}

#[test]
fn one_mentors_silence_is_not_hidden_by_anothers_presence() {
    let mut marks = with_one_mark();
    let other = MarkId { author: Epoch(8), number: 0 };
    let renamed = stroke(0, OURS, 5).into_iter().map(|message| match message {
        ToDisplay::Apply(Operation::Begin { source, frame, ink, width, .. }) => {
            ToDisplay::Apply(Operation::Begin { id: other, source, frame, ink, width })
        }
        ToDisplay::Apply(Operation::Extend { first, points, .. }) => {
            ToDisplay::Apply(Operation::Extend { id: other, first, points })
        }
        message => message,
    });
    marks.take(&renamed.collect::<Vec<_>>(), at(20));
    let of_other = |ms| ToDisplay::Heard { author: Epoch(8), last_us: at(ms).0 };
    marks.take(&[of_other(20)], at(20));
    assert_eq!(marks.draw(SIZE, at(20)).1, [News::Shown { id: other, points: 5, received: at(20) }]);
    (1..10).for_each(|step| marks.take(&[of_other(step * 500)], at(step * 500)));
    assert_eq!(marks.changes_at(at(4_500)), Some(at(5_000)));
    assert!(marks.changed(at(5_000)));
    let (overlay, news) = marks.draw(SIZE, at(5_000));
    assert_eq!(news, [News::Faded { id: id(0) }], "the silent one's mark goes, the other's stays");
    assert!(!overlay.rects.is_empty());
}

#[test]
fn a_restarted_capture_node_is_told_everything_again_and_keeps_faded_marks_away() {
    let mut marks = with_one_mark();
    marks.changed(at(5_000));
    marks.draw(SIZE, at(5_000));
    let mut messages = vec![ToDisplay::Reset { source: OURS }];
    messages.extend(stroke(0, OURS, 5));
    messages.extend(stroke(1, OURS, 3));
    messages.push(heard(at(6_000)));
    marks.take(&messages, at(6_000));
    assert!(marks.changed(at(6_000)));
    let news = marks.draw(SIZE, at(6_000)).1;
    let shown = News::Shown { id: id(1), points: 3, received: at(6_000) };
    assert_eq!(news, [shown, News::Faded { id: id(0) }]);
    marks.take(&messages, at(6_500));
    assert!(marks.changed(at(6_500)), "the next attachment has to be told too");
    assert!(marks.draw(SIZE, at(6_500)).1.contains(&News::Shown { id: id(1), points: 3, received: at(6_500) }));
}

#[test]
fn an_empty_board_after_a_restart_leaves_no_mark_on_the_picture() {
    let mut marks = with_one_mark();
    marks.take(&[ToDisplay::Reset { source: OURS }], at(50));
    assert!(marks.changed(at(50)));
    assert_eq!(marks.draw(SIZE, at(50)).0, Overlay::default());
}

#[test]
fn marks_that_nobody_vouches_for_wait_unseen() {
    let mut marks = Marks::default();
    marks.take(&[ToDisplay::Reset { source: OURS }], at(0));
    marks.take(&stroke(0, OURS, 5), at(10));
    marks.changed(at(10));
    assert_eq!(marks.draw(SIZE, at(10)), (Overlay::default(), vec![]));
    marks.take(&[heard(at(90))], at(100));
    assert!(marks.changed(at(100)));
    assert_eq!(marks.draw(SIZE, at(100)).1.len(), 1);
}

#[test]
fn a_mark_under_which_the_picture_moved_is_drawn_faint_until_it_is_in_place_again() {
    let mut marks = with_one_mark();
    let solid = marks.draw(SIZE, at(20)).0;
    let moved = |moved| [ToDisplay::Moved { id: id(0), moved }];
    marks.take(&moved(true), at(30));
    assert!(marks.changed(at(30)));
    let (faint, news) = marks.draw(SIZE, at(30));
    assert!(faint != solid && !faint.rects.is_empty());
    assert_eq!(news, [], "it is still shown");
    marks.take(&moved(false), at(40));
    assert!(marks.changed(at(40)));
    assert_eq!(marks.draw(SIZE, at(40)).0, solid);
}

#[test]
fn a_mark_that_is_not_on_the_board_cannot_move_and_a_new_board_has_forgotten_it() {
    let mut marks = with_one_mark();
    marks.take(&[ToDisplay::Moved { id: id(7), moved: true }], at(20));
    assert!(!marks.changed(at(20)));
    let solid = marks.draw(SIZE, at(20)).0;
    marks.take(&[ToDisplay::Moved { id: id(0), moved: true }, ToDisplay::Reset { source: OURS }], at(30));
    marks.take(&stroke(0, OURS, 5), at(30));
    assert_eq!(marks.draw(SIZE, at(30)).0, solid);
}

#[test]
fn a_word_from_the_future_counts_as_of_now() {
    let mut marks = with_one_mark();
    marks.take(&[heard(at(900_000))], at(20));
    assert_eq!(marks.changes_at(at(20)), Some(at(1_020)));
}

#[test]
fn marks_that_arrive_just_before_the_word_after_a_long_silence_are_shown() {
    let mut marks = with_one_mark();
    marks.take(&stroke(1, OURS, 4), at(9_000));
    assert!(marks.changed(at(9_010)));
    assert_eq!(marks.draw(SIZE, at(9_010)).1, [News::Faded { id: id(0) }]);
    marks.take(&[heard(at(9_000))], at(9_100));
    assert!(marks.changed(at(9_100)));
    assert_eq!(marks.draw(SIZE, at(9_100)).1, [News::Shown { id: id(1), points: 4, received: at(9_000) }]);
}

#[test]
fn marks_of_a_mentor_who_is_long_gone_are_never_drawn_and_told_as_faded() {
    let mut marks = Marks::default();
    let mut messages = vec![ToDisplay::Reset { source: OURS }];
    messages.extend(stroke(0, OURS, 5));
    messages.push(heard(at(0)));
    marks.take(&messages, at(20_000));
    marks.draw(SIZE, at(20_000));
    assert!(marks.changed(at(20_500)));
    assert_eq!(marks.draw(SIZE, at(20_500)), (Overlay::default(), vec![News::Faded { id: id(0) }]));
}
