//! The mentor's marks: drawn with the pen, echoed on this console's own board at once, sent to theatre, and followed
//! until theatre says what became of them. What a mark is and how boards converge is `annotation`'s.

use std::time::Duration;

use annotation::board::Board;
use annotation::geometry::CanvasPoint;
use annotation::input::Pen;
use annotation::mark::Mark;
use annotation::receipts::{FAILED_AFTER, Outcome, Receipts};
use protocol::ids::{Epoch, FrameId, MarkId};
use protocol::layout::Layout;
use protocol::mark::{Fate, Ink, Operation, Receipt, Width};
use protocol::time::MonoTime;

use crate::state;

/// Everything about this console's marks.
#[derive(Debug)]
pub struct Marks {
    pen: Pen,
    board: Board,
    receipts: Receipts,
    removing: Vec<Removing>,
    /// Marks that went in theatre because the picture moved away from them.
    moved_away: Vec<Removing>,
}

/// How long a mark that went with the picture is still told of: long enough to see which it was.
const MOVED_AWAY_STAYS: Duration = Duration::from_secs(5);

/// A mark that is on this board no more, and since when.
#[derive(Debug)]
struct Removing {
    mark: Mark,
    since: MonoTime,
}

/// How a mark has to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// This many points are on a display in theatre, the rest is on the way.
    Shown {
        /// Points of which theatre said so.
        points: usize,
    },
    /// No display in theatre shows its source.
    NoDisplay,
    /// This many points are on a display in theatre, dashed: the picture has moved under it.
    Moved {
        /// Points of which theatre said so.
        points: usize,
    },
    /// It went in theatre: the picture has moved away from where it was drawn.
    MovedAway,
    /// It went in theatre after silence.
    Faded,
    /// Theatre hides all marks.
    Hidden,
    /// Theatre has not confirmed it in time.
    Failed,
    /// Taken back, not yet confirmed.
    Removing,
}

impl Marks {
    /// No marks yet. `author` is this life of the console.
    pub fn new(author: Epoch) -> Self {
        Self {
            pen: Pen::new(author),
            board: Board::new(),
            receipts: Receipts::new(),
            removing: Vec::new(),
            moved_away: Vec::new(),
        }
    }

    /// The pen in hand.
    pub fn pen(&self) -> state::Pen {
        state::Pen { ink: self.pen.ink, width: self.pen.width }
    }

    /// Changes the ink of the next stroke.
    pub fn set_ink(&mut self, ink: Ink) {
        self.pen.ink = ink;
    }

    /// Changes the width of the next stroke.
    pub fn set_width(&mut self, width: Width) {
        self.pen.width = width;
    }

    /// The mark being drawn and how many points it has.
    pub fn drawing(&self) -> Option<(MarkId, u16)> {
        let mark = self.board.mark(self.pen.drawing()?)?;
        Some((mark.id, u16::try_from(mark.points().len()).unwrap_or(u16::MAX)))
    }

    /// The pen comes down at `at` of the canvas, on `frame`, which has `layout`. Returns what theatre has to be told,
    /// as all that follow do.
    pub fn press(&mut self, layout: &Layout, at: CanvasPoint, frame: FrameId, now: MonoTime) -> Vec<Operation> {
        let operations = self.pen.press(layout, at, frame);
        for operation in &operations {
            if let Operation::Begin { id, .. } = operation {
                self.receipts.begun(*id, now);
            }
        }
        self.apply(operations)
    }

    /// The pen moved to `at`.
    pub fn draw(&mut self, layout: &Layout, at: CanvasPoint) -> Vec<Operation> {
        let operations = self.pen.draw(layout, &[at]);
        self.apply(operations)
    }

    /// The pen was lifted.
    pub fn release(&mut self) -> Vec<Operation> {
        let operations = self.pen.release();
        self.apply(operations)
    }

    /// Takes back the newest mark.
    pub fn undo(&mut self, now: MonoTime) -> Vec<Operation> {
        let operations = self.pen.undo(&self.board);
        for operation in &operations {
            if let Operation::Undo { id } = operation {
                self.removing.extend(self.board.mark(*id).cloned().map(|mark| Removing { mark, since: now }));
            }
        }
        self.apply(operations)
    }

    /// Takes back all marks.
    pub fn clear(&mut self, now: MonoTime) -> Vec<Operation> {
        let all = self.board.marks().cloned().map(|mark| Removing { mark, since: now });
        self.removing.extend(all);
        let operations = self.pen.clear();
        self.apply(operations)
    }

    /// Theatre's word on a mark at `now`. One that theatre cleared, or that went with the picture, leaves this board too, so that
    /// a theatre that starts anew is not asked to show it again; and its pen draws no further.
    pub fn receipt(&mut self, receipt: &Receipt, now: MonoTime) {
        self.receipts.apply(receipt);
        if !matches!(receipt.fate, Fate::Cleared | Fate::MovedAway) {
            return;
        }
        if self.pen.drawing() == Some(receipt.id) {
            self.pen.release();
        }
        if receipt.fate == Fate::MovedAway {
            self.moved_away.extend(self.board.mark(receipt.id).cloned().map(|mark| Removing { mark, since: now }));
        }
        self.board.apply(&Operation::Undo { id: receipt.id });
    }

    /// What theatre has to be told to have all of this console's marks, whatever it has already.
    pub fn operations(&self) -> Vec<Operation> {
        self.board.operations()
    }

    /// Every mark that has to be drawn, in drawing order, with its look.
    pub fn drawn(&self, now: MonoTime) -> impl Iterator<Item = (&Mark, Look)> {
        let removing = self
            .removing
            .iter()
            .filter(move |removing| self.is_removing(removing, now))
            .map(|removing| (&removing.mark, Look::Removing));
        let away = self.moved_away.iter().filter(move |away| now.since(away.since) < MOVED_AWAY_STAYS);
        let away = away.map(|away| (&away.mark, Look::MovedAway));
        removing.chain(away).chain(self.board.marks().map(move |mark| (mark, self.look(mark.id, now))))
    }

    /// How many marks are in which state.
    pub fn counts(&self, now: MonoTime) -> state::Marks {
        let mut counts = state::Marks::default();
        for (mark, look) in self.drawn(now) {
            match look {
                Look::Removing => counts.removing += 1,
                Look::Shown { points } if points >= mark.points().len() => {}
                Look::Shown { .. } => counts.pending += 1,
                Look::Moved { .. } => counts.moved += 1,
                Look::MovedAway => counts.moved_away += 1,
                Look::NoDisplay => counts.no_display += 1,
                Look::Faded => counts.faded += 1,
                Look::Hidden => counts.hidden += 1,
                Look::Failed => counts.failed += 1,
            }
            counts.on_board += usize::from(!matches!(look, Look::Removing | Look::MovedAway));
        }
        counts
    }

    /// Forgets taken-back marks that are settled.
    pub fn tidy(&mut self, now: MonoTime) {
        let removing = std::mem::take(&mut self.removing);
        self.removing = removing.into_iter().filter(|removing| self.is_removing(removing, now)).collect();
        self.moved_away.retain(|away| now.since(away.since) < MOVED_AWAY_STAYS);
    }

    fn look(&self, id: MarkId, now: MonoTime) -> Look {
        match self.receipts.outcome(id, now) {
            Some(Outcome::Shown { points }) => Look::Shown { points: usize::from(points) },
            Some(Outcome::Moved { points }) => Look::Moved { points: usize::from(points) },
            Some(Outcome::Pending) => Look::Shown { points: 0 },
            Some(Outcome::NoDisplay) => Look::NoDisplay,
            Some(Outcome::Faded) => Look::Faded,
            Some(Outcome::Hidden) => Look::Hidden,
            // Removed in theatre, yet on this board: whatever the reason, theatre does not show it.
            Some(Outcome::Failed | Outcome::Removed | Outcome::Cleared | Outcome::MovedAway) | None => Look::Failed,
        }
    }

    fn is_removing(&self, removing: &Removing, now: MonoTime) -> bool {
        let in_doubt = match self.receipts.outcome(removing.mark.id, now) {
            Some(
                Outcome::Pending | Outcome::Shown { .. } | Outcome::Hidden | Outcome::Moved { .. } | Outcome::Failed,
            ) => true,
            Some(Outcome::NoDisplay | Outcome::Faded | Outcome::Removed | Outcome::Cleared | Outcome::MovedAway)
            | None => false,
        };
        in_doubt && now.since(removing.since) < FAILED_AFTER
    }

    fn apply(&mut self, operations: Vec<Operation>) -> Vec<Operation> {
        operations.iter().for_each(|operation| self.board.apply(operation));
        operations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::tests::layout;
    use protocol::time::SessionTime;

    const BEGUN: MonoTime = MonoTime(1_000_000);
    const FRAME: FrameId = FrameId { epoch: Epoch(1), index: 3 };

    fn at(x: f32) -> CanvasPoint {
        CanvasPoint { x, y: 300.0 }
    }

    fn later(ms: u64) -> MonoTime {
        MonoTime(BEGUN.0 + ms * 1_000)
    }

    fn stroke() -> Marks {
        let mut marks = Marks::new(Epoch(9));
        marks.press(&layout(), at(100.0), FRAME, BEGUN);
        marks.draw(&layout(), at(200.0));
        marks.draw(&layout(), at(300.0));
        marks.release();
        marks
    }

    fn receipt(fate: Fate, points: u16, at_us: u64) -> Receipt {
        Receipt { id: MarkId { author: Epoch(9), number: 0 }, fate, points, at: SessionTime(at_us), first_on: None }
    }

    fn looks(marks: &Marks, now: MonoTime) -> Vec<Look> {
        marks.drawn(now).map(|(_, look)| look).collect()
    }

    #[test]
    fn a_stroke_is_echoed_at_once_and_every_step_goes_to_theatre() {
        let mut marks = Marks::new(Epoch(9));
        assert_eq!(marks.press(&layout(), at(100.0), FRAME, BEGUN).len(), 2, "begin and its first point");
        assert_eq!(marks.draw(&layout(), at(200.0)).len(), 1);
        assert_eq!(marks.drawing().map(|(_, points)| points), Some(2));
        assert_eq!(looks(&marks, BEGUN), [Look::Shown { points: 0 }]);
    }

    #[test]
    fn each_word_of_theatre_gives_a_mark_its_own_look() {
        let table = [
            (Fate::Shown, 2, Look::Shown { points: 2 }),
            (Fate::NoDisplay, 0, Look::NoDisplay),
            (Fate::Faded, 3, Look::Faded),
            (Fate::Hidden, 0, Look::Hidden),
            (Fate::Moved, 3, Look::Moved { points: 3 }),
        ];
        for (fate, points, look) in table {
            let mut marks = stroke();
            marks.receipt(&receipt(fate, points, 5), BEGUN);
            assert_eq!(looks(&marks, later(100)), [look]);
        }
    }

    #[test]
    fn a_mark_that_theatre_cleared_is_gone_here_and_a_pen_that_still_drew_it_draws_no_further() {
        let mut marks = Marks::new(Epoch(9));
        marks.press(&layout(), at(100.0), FRAME, BEGUN);
        marks.receipt(&receipt(Fate::Cleared, 0, 5), later(5));
        assert_eq!((looks(&marks, later(10)), marks.drawing()), (Vec::new(), None));
        assert_eq!(marks.draw(&layout(), at(200.0)), []);
    }

    #[test]
    fn a_mark_that_went_with_the_picture_is_told_for_a_while_and_never_sent_again() {
        let mut marks = Marks::new(Epoch(9));
        marks.press(&layout(), at(100.0), FRAME, BEGUN);
        marks.receipt(&receipt(Fate::MovedAway, 0, 5), later(100));
        assert_eq!(marks.drawing(), None, "the pen draws no further on another picture");
        assert_eq!(marks.draw(&layout(), at(300.0)), []);
        assert_eq!(looks(&marks, later(5_000)), [Look::MovedAway]);
        let counts = marks.counts(later(200));
        assert_eq!((counts.on_board, counts.moved_away), (0, 1));
        let mut theatre = Board::new();
        marks.operations().iter().for_each(|operation| theatre.apply(operation));
        assert_eq!(theatre.marks().count(), 0);
        marks.tidy(later(5_100));
        assert_eq!(looks(&marks, later(200)), []);
    }

    #[test]
    fn a_mark_without_a_word_from_theatre_fails_after_two_seconds() {
        let marks = stroke();
        assert_eq!(marks.counts(later(1_999)).pending, 1);
        assert_eq!(marks.counts(later(2_000)).failed, 1);
    }

    #[test]
    fn an_undone_mark_stays_faint_until_theatre_confirms_or_too_long() {
        let mut marks = stroke();
        marks.receipt(&receipt(Fate::Shown, 3, 5), BEGUN);
        assert_eq!(marks.undo(later(100)).len(), 1);
        assert_eq!(looks(&marks, later(150)), [Look::Removing]);
        assert_eq!(marks.counts(later(150)).on_board, 0);
        assert_eq!(looks(&marks, later(2_200)), []);
        marks.receipt(&receipt(Fate::Removed, 0, 9), later(160));
        assert_eq!(looks(&marks, later(160)), []);
    }

    #[test]
    fn clearing_takes_back_every_mark_with_one_step() {
        let mut marks = stroke();
        marks.press(&layout(), at(400.0), FRAME, BEGUN);
        marks.release();
        assert_eq!(marks.clear(later(50)).len(), 1);
        let counts = marks.counts(later(60));
        assert_eq!((counts.on_board, counts.removing), (0, 2));
        marks.tidy(later(3_000));
        assert_eq!(looks(&marks, later(60)), []);
    }

    #[test]
    fn a_theatre_that_starts_anew_is_told_every_living_mark() {
        let marks = stroke();
        let mut theatre = Board::new();
        marks.operations().iter().for_each(|operation| theatre.apply(operation));
        assert_eq!(theatre.marks().count(), 1);
    }
}
