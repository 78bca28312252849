//! From pen samples to operations. Which samples the pen gives and when drawing is allowed is the console's to say.
//!
//! A stroke stays on the source it began on: samples beside that source's picture count as its nearest edge.

use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, FrameId, MarkId, SourceId};
use protocol::layout::Layout;
use protocol::mark::{Ink, MAX_POINTS_PER_MARK, Operation, Width};

use crate::board::Board;
use crate::geometry::{CanvasPoint, image_from_canvas, image_from_canvas_clamped, tile_under};
use crate::mark::extends;

/// The mentor's pen. What it returns goes to the console's own board and to theatre.
#[derive(Debug)]
pub struct Pen {
    /// The ink of the next stroke.
    pub ink: Ink,
    /// The width of the next stroke.
    pub width: Width,
    author: Epoch,
    next_number: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Drawing(Stroke),
}

#[derive(Debug, Clone, Copy)]
struct Stroke {
    id: MarkId,
    source: SourceId,
    last: ImagePoint,
    points: usize,
}

impl Pen {
    /// A lifted pen of the console whose life is `author`.
    pub fn new(author: Epoch) -> Self {
        Self { ink: Ink::default(), width: Width::default(), author, next_number: 0, state: State::Idle }
    }

    /// The mark being drawn.
    pub fn drawing(&self) -> Option<MarkId> {
        match &self.state {
            State::Idle => None,
            State::Drawing(stroke) => Some(stroke.id),
        }
    }

    /// The pen comes down at a point of the canvas while the mentor sees `frame`, which was made with `layout`.
    ///
    /// Beside every picture it draws nothing. A stroke that was not lifted ends first.
    pub fn press(&mut self, layout: &Layout, at: CanvasPoint, frame: FrameId) -> Vec<Operation> {
        let mut operations = self.release();
        let Some(tile) = tile_under(layout, at) else { return operations };
        let Some(point) = image_from_canvas(tile, at) else { return operations };
        let id = MarkId { author: self.author, number: self.next_number };
        self.next_number = self.next_number.saturating_add(1);
        let source = tile.source;
        self.state = State::Drawing(Stroke { id, source, last: point, points: 1 });
        operations.push(Operation::Begin { id, source, frame, ink: self.ink, width: self.width });
        operations.push(Operation::Extend { id, first: 0, points: vec![point] });
        operations
    }

    /// The pen passed these points of the canvas. Points that repeat the one before are left out, and those beyond
    /// [`MAX_POINTS_PER_MARK`]. The stroke ends if `layout` no longer shows its source.
    pub fn draw(&mut self, layout: &Layout, samples: &[CanvasPoint]) -> Vec<Operation> {
        let State::Drawing(stroke) = &mut self.state else { return Vec::new() };
        let Some(tile) = layout.tile(stroke.source) else { return self.release() };
        let first = stroke.points;
        let mut points: Vec<ImagePoint> = Vec::with_capacity(samples.len());
        for sample in samples {
            let point = image_from_canvas_clamped(tile, *sample);
            if point != stroke.last && stroke.points < MAX_POINTS_PER_MARK {
                stroke.last = point;
                stroke.points += 1;
                points.push(point);
            }
        }
        extends(stroke.id, first, &points).collect()
    }

    /// The pen is lifted.
    pub fn release(&mut self) -> Vec<Operation> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Vec::new(),
            State::Drawing(stroke) => vec![Operation::End { id: stroke.id, points: stroke.points as u16 }],
        }
    }

    /// The stroke being drawn was not meant.
    pub fn cancel(&mut self) -> Vec<Operation> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Vec::new(),
            State::Drawing(stroke) => vec![Operation::Undo { id: stroke.id }],
        }
    }

    /// Takes back the last of this pen's marks that is still on `board`; one being drawn is the last.
    pub fn undo(&mut self, board: &Board) -> Vec<Operation> {
        if self.drawing().is_some() {
            return self.cancel();
        }
        let last = board.marks().map(|mark| mark.id).filter(|id| id.author == self.author).last();
        last.map(|id| Operation::Undo { id }).into_iter().collect()
    }

    /// Takes back all of this pen's marks.
    pub fn clear(&mut self) -> Vec<Operation> {
        self.state = State::Idle;
        let last = self.next_number.checked_sub(1);
        last.map(|through| Operation::Clear { author: self.author, through }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use protocol::geometry::{CanvasRect, SizePx};
    use protocol::ids::LayoutEpoch;
    use protocol::layout::{Role, Tile};

    use super::*;

    const FRAME: FrameId = FrameId { epoch: Epoch(3), index: 41 };

    /// Two tiles side by side, the first with bars above and below.
    fn layout() -> Layout {
        let rect = |x, y, width, height| CanvasRect { x, y, size: SizePx { width, height } };
        let tile = |source, tile, picture| {
            let (name, role) = (String::new(), Role::Endoscope);
            Tile { source: SourceId(source), name, role, tile, picture, image: None, on_display: true }
        };
        let tiles = vec![
            tile(0, rect(0, 0, 640, 480), rect(0, 60, 640, 360)),
            tile(1, rect(640, 0, 640, 480), rect(640, 0, 640, 480)),
        ];
        let canvas = SizePx { width: 1280, height: 480 };
        Layout { epoch: LayoutEpoch(1), canvas, primary: SourceId(0), tiles }
    }

    fn at(x: f32, y: f32) -> CanvasPoint {
        CanvasPoint { x, y }
    }

    fn applied(board: &mut Board, operations: &[Operation]) {
        operations.iter().for_each(|operation| board.apply(operation));
    }

    #[test]
    fn a_stroke_goes_on_in_image_coordinates_when_its_picture_moves_to_another_place() {
        let mut pen = Pen::new(Epoch(1));
        let old = layout();
        pen.press(&old, CanvasPoint { x: 160.0, y: 240.0 }, FRAME);
        // The other tile's place and size, in another layout.
        let mut new = layout();
        new.epoch = LayoutEpoch(2);
        let (first, second) = (new.tiles[0].clone(), new.tiles[1].clone());
        new.tiles[0] = Tile { tile: second.tile, picture: second.picture, ..first };
        let operations = pen.draw(&new, &[CanvasPoint { x: 640.0 + 480.0, y: 240.0 }]);
        let Operation::Extend { first: 1, points, .. } = &operations[0] else { panic!("{operations:?}") };
        assert_eq!(points[..], [ImagePoint { x: 49151, y: 32768 }], "three quarters along, half way down");
    }

    #[test]
    fn a_stroke_carries_its_frame_source_and_every_point() {
        let (mut pen, mut board, layout) = (Pen::new(Epoch(5)), Board::new(), layout());
        pen.ink = Ink::Yellow;
        applied(&mut board, &pen.press(&layout, at(960.0, 240.0), FRAME));
        applied(&mut board, &pen.draw(&layout, &[at(970.0, 240.0), at(970.0, 240.0), at(980.0, 250.0)]));
        applied(&mut board, &pen.release());
        let mark = board.marks().next().unwrap();
        assert_eq!((mark.source, mark.frame, mark.ink), (SourceId(1), FRAME, Ink::Yellow));
        assert_eq!(mark.points().len(), 3, "the repeated point counts once");
        assert_eq!(mark.points()[0], ImagePoint { x: 32768, y: 32768 });
        assert!(mark.is_complete());
    }

    #[test]
    fn a_pen_that_comes_down_beside_a_picture_draws_nothing() {
        let (mut pen, layout) = (Pen::new(Epoch(5)), layout());
        assert_eq!(pen.press(&layout, at(100.0, 20.0), FRAME), []);
        assert_eq!(pen.draw(&layout, &[at(100.0, 200.0)]), []);
        assert_eq!(pen.release(), []);
    }

    #[test]
    fn a_stroke_that_leaves_its_picture_stays_on_its_source_at_the_edge() {
        let (mut pen, layout) = (Pen::new(Epoch(5)), layout());
        pen.press(&layout, at(600.0, 240.0), FRAME);
        let [Operation::Extend { points, .. }] = &pen.draw(&layout, &[at(900.0, 0.0)])[..] else { panic!() };
        assert_eq!(points, &[ImagePoint { x: 65535, y: 0 }]);
    }

    #[test]
    fn many_samples_at_once_travel_in_pieces_that_fit() {
        let (mut pen, mut board, layout) = (Pen::new(Epoch(5)), Board::new(), layout());
        applied(&mut board, &pen.press(&layout, at(640.0, 240.0), FRAME));
        let samples: Vec<CanvasPoint> = (0..300u16).map(|n| at(641.0 + f32::from(n), 240.0)).collect();
        let operations = pen.draw(&layout, &samples);
        let firsts: Vec<u16> = operations
            .iter()
            .map(|operation| match operation {
                Operation::Extend { first, .. } => *first,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(firsts, [1, 91, 181, 271]);
        applied(&mut board, &operations);
        assert_eq!(board.marks().next().unwrap().points().len(), 301);
    }

    #[test]
    fn an_endless_stroke_stops_growing_and_still_ends() {
        let (mut pen, mut board, layout) = (Pen::new(Epoch(5)), Board::new(), layout());
        applied(&mut board, &pen.press(&layout, at(640.0, 0.0), FRAME));
        for n in 0..5_000u16 {
            applied(&mut board, &pen.draw(&layout, &[at(640.0 + f32::from(n % 600), f32::from(n / 600))]));
        }
        applied(&mut board, &pen.release());
        let mark = board.marks().next().unwrap();
        assert_eq!(mark.points().len(), MAX_POINTS_PER_MARK);
        assert!(mark.is_complete());
    }

    #[test]
    fn undo_takes_the_last_own_mark_still_there_then_the_one_before() {
        let (mut pen, mut board, layout) = (Pen::new(Epoch(5)), Board::new(), layout());
        let stranger = Pen::new(Epoch(6)).press(&layout, at(700.0, 100.0), FRAME);
        applied(&mut board, &stranger);
        for x in [700.0, 800.0, 900.0] {
            applied(&mut board, &pen.press(&layout, at(x, 100.0), FRAME));
            applied(&mut board, &pen.release());
        }
        for left in [3, 2, 1, 1] {
            let operations = pen.undo(&board);
            applied(&mut board, &operations);
            assert_eq!(board.marks().count(), left);
        }
        assert_eq!(board.marks().next().unwrap().id.author, Epoch(6));
    }

    #[test]
    fn undo_and_clear_in_the_middle_of_a_stroke_end_it() {
        let (mut pen, mut board, layout) = (Pen::new(Epoch(5)), Board::new(), layout());
        applied(&mut board, &pen.press(&layout, at(700.0, 100.0), FRAME));
        let undo = pen.undo(&board);
        applied(&mut board, &undo);
        assert_eq!((board.marks().count(), pen.drawing()), (0, None));
        applied(&mut board, &pen.press(&layout, at(700.0, 100.0), FRAME));
        applied(&mut board, &pen.clear());
        assert_eq!((board.marks().count(), pen.drawing()), (0, None));
        assert_eq!(pen.draw(&layout, &[at(800.0, 100.0)]), []);
    }

    #[test]
    fn marks_never_share_a_number() {
        let (mut pen, layout) = (Pen::new(Epoch(5)), layout());
        let mut begun = Vec::new();
        for _ in 0..3 {
            for operation in pen.press(&layout, at(700.0, 100.0), FRAME) {
                if let Operation::Begin { id, .. } = operation {
                    begun.push(id.number);
                }
            }
        }
        assert_eq!(begun, [0, 1, 2]);
    }

    #[test]
    fn a_stroke_ends_when_its_source_leaves_the_canvas() {
        let (mut pen, mut layout) = (Pen::new(Epoch(5)), layout());
        pen.press(&layout, at(700.0, 100.0), FRAME);
        layout.tiles.truncate(1);
        let operations = pen.draw(&layout, &[at(710.0, 100.0)]);
        assert!(matches!(operations[..], [Operation::End { points: 1, .. }]), "{operations:?}");
    }
}
