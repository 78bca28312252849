//! Marks in pixels, made a part at a time: when a whole board comes, or all of it turns dashed, each drawing does as
//! much of it as fits between two pictures, and the next goes on. No picture is ever late for marks.

use std::collections::BTreeMap;

use annotation::mark::Mark;
use annotation::raster::{Line, Overlay, Raster};
use protocol::geometry::SizePx;
use protocol::ids::MarkId;

/// Samples made into pixels in one drawing, about: 3 ms of work.
const SAMPLES_PER_DRAWING: usize = 400;

/// The marks of one window in pixels.
#[derive(Debug, Default)]
pub struct Sheets {
    sheets: BTreeMap<MarkId, Sheet>,
}

/// What lies over a picture.
#[derive(Debug, Default)]
pub struct Drawing {
    /// In pixels.
    pub overlay: Overlay,
    /// How many points of each mark are in it.
    pub points: BTreeMap<MarkId, u16>,
    /// Whether it holds all there is to draw; if not, drawing again goes on with it.
    pub complete: bool,
}

/// One mark in pixels, perhaps with fewer points or another line than it should have by now.
#[derive(Debug)]
struct Sheet {
    size: SizePx,
    line: Line,
    raster: Raster,
    points: usize,
    overlay: Overlay,
}

impl Sheets {
    /// Draws `marks`, each with its line, for pictures of `size`, the later over the earlier. Those left out are forgotten.
    pub fn draw<'a>(&mut self, marks: impl Iterator<Item = (&'a Mark, Line)>, size: SizePx) -> Drawing {
        let mut known = std::mem::take(&mut self.sheets);
        let mut room = SAMPLES_PER_DRAWING;
        let mut drawing = Drawing { complete: true, ..Drawing::default() };
        for (mark, line) in marks {
            let mut sheet = known.remove(&mark.id).filter(|sheet| sheet.size == size);
            let cost = sheet.as_ref().map_or(mark.points().len(), |sheet| sheet.cost(mark, line));
            if cost > 0 && room > 0 {
                room = room.saturating_sub(cost);
                sheet = Some(Sheet::drawn(sheet, mark, line, size));
            } else if cost > 0 {
                drawing.complete = false;
            }
            let Some(sheet) = sheet else { continue };
            drawing.overlay.rects.extend(sheet.overlay.rects.iter().cloned());
            drawing.points.insert(mark.id, u16::try_from(sheet.points).unwrap_or(u16::MAX));
            self.sheets.insert(mark.id, sheet);
        }
        drawing
    }
}

impl Sheet {
    /// How many samples have to be made into pixels until this is `mark`.
    fn cost(&self, mark: &Mark, line: Line) -> usize {
        let points = mark.points().len();
        match points.checked_sub(self.points) {
            Some(more) if self.line == line && (more == 0 || line == Line::Solid) => more,
            _ => points,
        }
    }

    fn drawn(known: Option<Self>, mark: &Mark, line: Line, size: SizePx) -> Self {
        let mut raster = known.map_or_else(|| Raster::new(size), |sheet| sheet.raster);
        let overlay = raster.draw([mark], line);
        Self { size, line, raster, points: mark.points().len(), overlay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annotation::board::Board;
    use protocol::geometry::ImagePoint;
    use protocol::ids::{Epoch, FrameId, SourceId};
    use protocol::mark::{Ink, Operation, Width};

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    /// A board of `marks` strokes of a hundred points.
    fn board(marks: u32) -> Board {
        let mut board = Board::new();
        for number in 0..marks {
            let id = MarkId { author: Epoch(1), number };
            let frame = FrameId { epoch: Epoch(1), index: 0 };
            let (source, ink, width) = (SourceId(0), Ink::Green, Width::Fine);
            board.apply(&Operation::Begin { id, source, frame, ink, width });
            let y = 900 * (number as u16 + 1);
            let points = (0..100).map(|n| ImagePoint { x: 600 * n, y }).collect();
            board.apply(&Operation::Extend { id, first: 0, points });
        }
        board
    }

    /// Draws until all is there; the number of drawings it took, and the last.
    fn complete(sheets: &mut Sheets, board: &Board, line: Line) -> (usize, Drawing) {
        let mut drawings = (1..).map(|count| (count, sheets.draw(board.marks().map(|mark| (mark, line)), SIZE)));
        drawings.find(|(_, drawing)| drawing.complete).unwrap()
    }

    #[test]
    fn a_large_board_comes_in_parts_and_looks_as_if_drawn_at_once() {
        let board = board(20);
        let mut sheets = Sheets::default();
        let (count, drawing) = complete(&mut sheets, &board, Line::Solid);
        assert_eq!(count, 5, "2,000 samples, 400 a drawing");
        assert_eq!(drawing.overlay, Raster::new(SIZE).draw(board.marks(), Line::Solid));
        assert!(drawing.points.len() == 20 && drawing.points.values().all(|points| *points == 100));
    }

    #[test]
    fn marks_that_turn_dashed_in_parts_are_never_missing_meanwhile() {
        let board = board(20);
        let mut sheets = Sheets::default();
        complete(&mut sheets, &board, Line::Solid);
        let first = sheets.draw(board.marks().map(|mark| (mark, Line::Dashed)), SIZE);
        assert!(!first.complete && first.points.len() == 20);
        let (_, last) = complete(&mut sheets, &board, Line::Dashed);
        assert_eq!(last.overlay, Raster::new(SIZE).draw(board.marks(), Line::Dashed));
    }

    #[test]
    fn what_did_not_change_costs_no_room() {
        let board = board(20);
        let mut sheets = Sheets::default();
        complete(&mut sheets, &board, Line::Solid);
        assert_eq!(complete(&mut sheets, &board, Line::Solid).0, 1);
    }

    #[test]
    fn a_mark_longer_than_the_room_is_drawn_all_the_same() {
        let mut board = board(1);
        let id = MarkId { author: Epoch(1), number: 0 };
        for first in (100..1_000).step_by(100) {
            let points = (0..100).map(|n| ImagePoint { x: 600 * n, y: 60 * first }).collect();
            board.apply(&Operation::Extend { id, first, points });
        }
        assert_eq!(complete(&mut Sheets::default(), &board, Line::Solid).0, 1);
    }
}
