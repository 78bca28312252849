//! One mark as it stands on a board. How marks come and go is `board`'s.

use protocol::geometry::ImagePoint;
use protocol::ids::{FrameId, MarkId, SourceId};
use protocol::mark::{Ink, MAX_POINTS_PER_EXTEND, MAX_POINTS_PER_MARK, Operation, Width};

/// One pen stroke. What it has never changes; points only come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its name.
    pub id: MarkId,
    /// The source it lies on.
    pub source: SourceId,
    /// The frame the mentor was looking at.
    pub frame: FrameId,
    /// Its ink.
    pub ink: Ink,
    /// Its width.
    pub width: Width,
    points: Vec<ImagePoint>,
    pen: PenState,
}

/// Whether more points may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PenState {
    /// The pen is on the picture.
    Down,
    /// It was lifted; the mark has this many points in all.
    Lifted { points: u16 },
}

impl Mark {
    /// A mark whose pen just came down, if that is what `operation` says.
    pub(crate) fn begun(operation: &Operation) -> Option<Self> {
        let &Operation::Begin { id, source, frame, ink, width } = operation else { return None };
        Some(Self { id, source, frame, ink, width, points: Vec::new(), pen: PenState::Down })
    }

    /// The way of the pen.
    pub fn points(&self) -> &[ImagePoint] {
        &self.points
    }

    /// Whether all its points are here and no more will come.
    pub fn is_complete(&self) -> bool {
        self.pen == PenState::Lifted { points: self.points.len() as u16 }
    }

    /// Takes points of which `first` came before. Those it has are skipped; a gap before them, and it takes none.
    pub(crate) fn extend(&mut self, first: u16, points: &[ImagePoint]) {
        let bound = match self.pen {
            PenState::Down => MAX_POINTS_PER_MARK,
            PenState::Lifted { points } => MAX_POINTS_PER_MARK.min(usize::from(points)),
        };
        let Some(known) = self.points.len().checked_sub(usize::from(first)) else { return };
        let room = bound.saturating_sub(self.points.len());
        self.points.extend(points.iter().skip(known).take(room));
    }

    /// The pen was lifted after `points` points.
    pub(crate) fn end(&mut self, points: u16) {
        if self.pen == PenState::Down {
            self.pen = PenState::Lifted { points };
        }
    }

    /// The operations that make this mark anew.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let &Self { id, source, frame, ink, width, .. } = self;
        let mut operations = vec![Operation::Begin { id, source, frame, ink, width }];
        operations.extend(extends(id, 0, &self.points));
        if let PenState::Lifted { points } = self.pen {
            operations.push(Operation::End { id, points });
        }
        operations
    }
}

/// The operations that carry `points`, of which `first` came before.
pub(crate) fn extends(id: MarkId, first: usize, points: &[ImagePoint]) -> impl Iterator<Item = Operation> {
    points.chunks(MAX_POINTS_PER_EXTEND).enumerate().map(move |(n, chunk)| Operation::Extend {
        id,
        first: (first + n * MAX_POINTS_PER_EXTEND) as u16,
        points: chunk.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use protocol::ids::Epoch;

    use super::*;

    fn mark() -> Mark {
        let id = MarkId { author: Epoch(1), number: 0 };
        let frame = FrameId { epoch: Epoch(2), index: 9 };
        let (source, ink, width) = (SourceId(0), Ink::Cyan, Width::Fine);
        Mark::begun(&Operation::Begin { id, source, frame, ink, width }).unwrap()
    }

    fn way(points: std::ops::Range<u16>) -> Vec<ImagePoint> {
        points.map(|n| ImagePoint { x: n, y: n }).collect()
    }

    #[test]
    fn points_that_arrive_twice_or_overlap_are_taken_once() {
        let mut mark = mark();
        mark.extend(0, &way(0..5));
        mark.extend(3, &way(3..8));
        mark.extend(0, &way(0..5));
        assert_eq!(mark.points(), way(0..8));
    }

    #[test]
    fn points_after_a_gap_wait_to_be_sent_again() {
        let mut mark = mark();
        mark.extend(2, &way(2..4));
        assert_eq!(mark.points(), []);
    }

    #[test]
    fn a_mark_takes_no_more_points_than_the_protocol_allows_nor_than_its_end_says() {
        let mut endless = mark();
        (0..100).for_each(|n| endless.extend(n * 128, &way(n * 128..(n + 1) * 128)));
        assert_eq!(endless.points().len(), MAX_POINTS_PER_MARK);
        let mut ended = mark();
        ended.end(3);
        assert!(!ended.is_complete());
        ended.extend(0, &way(0..5));
        assert_eq!(ended.points(), way(0..3));
        assert!(ended.is_complete());
    }
}
