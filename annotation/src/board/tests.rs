//! What two boards must agree on, and what one must show.

use proptest::prelude::*;
use protocol::geometry::ImagePoint;
use protocol::ids::{FrameId, SourceId};
use protocol::mark::{Ink, Width};

use super::*;

const CONSOLE: Epoch = Epoch(7);

fn id(number: u32) -> MarkId {
    MarkId { author: CONSOLE, number }
}

fn way(points: std::ops::Range<u16>) -> Vec<ImagePoint> {
    points.map(|n| ImagePoint { x: n * 10, y: n }).collect()
}

fn begin(id: MarkId) -> Operation {
    let frame = FrameId { epoch: Epoch(1), index: 3 };
    Operation::Begin { id, source: SourceId(0), frame, ink: Ink::Green, width: Width::Medium }
}

/// All steps of a mark: begun, extended twice, ended.
fn life(id: MarkId) -> Vec<Operation> {
    vec![
        begin(id),
        Operation::Extend { id, first: 0, points: way(0..3) },
        Operation::Extend { id, first: 3, points: way(3..5) },
        Operation::End { id, points: 5 },
    ]
}

fn board<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Board {
    let mut board = Board::new();
    operations.into_iter().for_each(|operation| board.apply(operation));
    board
}

fn numbers(board: &Board) -> Vec<u32> {
    board.marks().map(|mark| mark.id.number).collect()
}

#[test]
fn a_mark_taken_back_before_it_began_never_appears() {
    let mut operations = vec![Operation::Undo { id: id(0) }];
    operations.extend(life(id(0)));
    assert_eq!(numbers(&board(&operations)), []);
    let mut operations = vec![Operation::Clear { author: CONSOLE, through: 1 }];
    operations.extend([0, 1, 2].map(id).into_iter().flat_map(life));
    assert_eq!(numbers(&board(&operations)), [2]);
}

#[test]
fn the_oldest_marks_go_when_there_are_too_many() {
    let operations: Vec<Operation> = (0..MAX_MARKS as u32 + 3).flat_map(|number| life(id(number))).collect();
    let board = board(&operations);
    assert_eq!(numbers(&board), (3..MAX_MARKS as u32 + 3).collect::<Vec<_>>());
}

#[test]
fn lives_of_consoles_without_end_do_not_grow_the_board() {
    let mut board = Board::new();
    for author in 0..1_000 {
        for number in 0..40 {
            board.apply(&begin(MarkId { author: Epoch(author), number }));
        }
    }
    assert_eq!(board.authors.len(), MAX_AUTHORS);
    assert_eq!(board.marks().count(), MAX_MARKS);
}

#[test]
fn the_revision_changes_exactly_when_the_picture_does() {
    let mut board = Board::new();
    let mut changed = |operation: &Operation| {
        let before = board.revision();
        board.apply(operation);
        board.revision() != before
    };
    let steps = life(id(0));
    assert!(!changed(&steps[0]), "a mark without points is invisible");
    assert!(changed(&steps[1]));
    assert!(!changed(&steps[1]), "the same points again");
    assert!(changed(&steps[2]));
    assert!(!changed(&steps[3]), "lifting the pen draws nothing");
    assert!(!changed(&Operation::Undo { id: id(1) }), "that mark was not there");
    assert!(changed(&Operation::Clear { author: CONSOLE, through: 5 }));
    assert!(!changed(&Operation::Clear { author: CONSOLE, through: 5 }));
}

#[test]
fn a_peer_that_restarted_is_brought_up_to_date_whatever_it_kept() {
    let mut operations: Vec<Operation> = (0..5).flat_map(|number| life(id(number))).collect();
    operations.push(Operation::Undo { id: id(3) });
    operations.push(Operation::Clear { author: CONSOLE, through: 1 });
    operations.push(begin(id(5)));
    let whole = board(&operations);
    assert_eq!(board(&whole.operations()), whole);
    let mut partial = board(&operations[..9]);
    whole.operations().iter().for_each(|operation| partial.apply(operation));
    assert_eq!(partial, whole);
}

#[test]
fn clearing_all_clears_another_board_too() {
    let mut operations = life(id(0));
    operations.extend(life(MarkId { author: Epoch(8), number: 4 }));
    let (mut here, mut there) = (board(&operations), board(&operations));
    here.clear_all().iter().for_each(|clear| there.apply(clear));
    assert_eq!((here.marks().count(), there.marks().count()), (0, 0));
    assert_eq!(here.clear_all(), []);
    operations.iter().for_each(|operation| here.apply(operation));
    assert_eq!(here.marks().count(), 0, "what was cleared does not come back when it is sent again");
}

#[derive(Debug, Clone, Copy)]
enum Removal {
    Undo(u32),
    Clear(u32),
}

/// Two arrivals of the same operations: each mark's steps in order, all else shuffled, much of it twice.
fn arrivals() -> impl Strategy<Value = (Vec<Operation>, Vec<Operation>)> {
    let marks = prop::collection::btree_set((0u32..2, 0u32..90), 1..12);
    let removal = prop_oneof![(0u32..90).prop_map(Removal::Undo), (0u32..90).prop_map(Removal::Clear)];
    let removals = prop::collection::vec((0u32..2, removal), 0..4);
    (marks, removals).prop_flat_map(|(marks, removals)| {
        let mark = |(author, number)| life(MarkId { author: Epoch(author), number });
        let removal = |(author, removal)| {
            let author = Epoch(author);
            vec![match removal {
                Removal::Undo(number) => Operation::Undo { id: MarkId { author, number } },
                Removal::Clear(through) => Operation::Clear { author, through },
            }]
        };
        let lanes: Vec<Vec<Operation>> = marks.into_iter().map(mark).chain(removals.into_iter().map(removal)).collect();
        (arrival(lanes.clone()), arrival(lanes))
    })
}

/// One arrival: lanes dealt out by a shuffled list of turns; a second copy of every lane may come at any time.
fn arrival(lanes: Vec<Vec<Operation>>) -> impl Strategy<Value = Vec<Operation>> {
    let doubled: Vec<Vec<Operation>> = lanes.iter().chain(&lanes).cloned().collect();
    let turns: Vec<usize> = doubled.iter().enumerate().flat_map(|(lane, steps)| vec![lane; steps.len()]).collect();
    Just(turns).prop_shuffle().prop_map(move |turns| {
        let mut next = vec![0; doubled.len()];
        let deal = |lane: usize| {
            next[lane] += 1;
            doubled[lane][next[lane] - 1].clone()
        };
        turns.into_iter().map(deal).collect()
    })
}

proptest! {
    #[test]
    fn boards_given_the_same_operations_in_any_order_are_the_same((one, other) in arrivals()) {
        let (one, other) = (board(&one), board(&other));
        prop_assert_eq!(&one, &other);
        let shown = |board: &Board| board.marks().cloned().collect::<Vec<_>>();
        prop_assert_eq!(shown(&one), shown(&other));
        prop_assert!(one.marks().all(Mark::is_complete));
    }

    #[test]
    fn no_operation_a_peer_may_send_breaks_a_bound(
        steps in prop::collection::vec((0u8..5, any::<u32>(), any::<u16>(), 0usize..200), 0..200),
    ) {
        let mut board = Board::new();
        for (kind, number, count, points) in steps {
            let id = id(if number % 2 == 0 { number % 4 } else { number });
            board.apply(&match kind {
                0 => begin(id),
                1 => Operation::Extend { id, first: count % 300, points: vec![ImagePoint { x: 0, y: 0 }; points] },
                2 => Operation::End { id, points: count },
                3 => Operation::Undo { id },
                _ => Operation::Clear { author: CONSOLE, through: number },
            });
        }
        prop_assert!(board.marks().count() <= MAX_MARKS);
    }
}
