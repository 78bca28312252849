//! For each pixel near a line, how far its centre is from it. What colour that makes is `stroke`'s.

use std::collections::{BTreeMap, BTreeSet};

use protocol::geometry::SizePx;

use crate::geometry::DisplayPoint;

/// Side of the squares a field is made of, in pixels. Small enough to follow a thin diagonal line, large enough that
/// a mark has tens of them and not thousands.
pub(super) const CELL_PX: u16 = 64;
/// Steps of distance in a pixel: as fine as the 8 bits an edge ends in.
pub(super) const STEPS_PER_PX: f32 = 256.0;
/// Farther than any mark reaches: 256 px, five times the broadest mark with its halo on a picture 7680 px wide.
const FAR: u16 = u16::MAX;

/// Which square: column and row, in squares from the top left.
pub(super) type Place = (u16, u16);

/// Distances from a line, where it is within reach.
#[derive(Debug)]
pub(super) struct Field {
    display: SizePx,
    reach_px: f32,
    cells: BTreeMap<Place, Cell>,
}

/// Distances of one square's pixels in [`STEPS_PER_PX`]ths, row by row.
#[derive(Debug, Clone)]
pub(super) struct Cell(Vec<u16>);

impl Field {
    /// No line yet. Pixels farther than `reach_px` from one need not be known.
    pub(super) fn new(display: SizePx, reach_px: f32) -> Self {
        Self { display, reach_px, cells: BTreeMap::new() }
    }

    /// Adds a line; one point is a dot. Returns the squares it comes near.
    pub(super) fn add(&mut self, line: &[DisplayPoint]) -> BTreeSet<Place> {
        let mut touched = BTreeSet::new();
        if let &[dot] = line {
            self.add_piece(dot, dot, &mut touched);
        }
        for pair in line.windows(2) {
            if let &[from, to] = pair {
                self.add_piece(from, to, &mut touched);
            }
        }
        touched
    }

    pub(super) fn cell(&self, place: Place) -> Option<&Cell> {
        self.cells.get(&place)
    }

    fn add_piece(&mut self, from: DisplayPoint, to: DisplayPoint, touched: &mut BTreeSet<Place>) {
        let columns = pixels(from.x, to.x, self.reach_px, self.display.width);
        let rows = pixels(from.y, to.y, self.reach_px, self.display.height);
        for row in cells(rows) {
            for column in cells(columns) {
                let cell = self.cells.entry((column, row)).or_insert_with(Cell::far);
                let origin = (column * CELL_PX, row * CELL_PX);
                cell.add_piece(from, to, within(columns, origin.0), within(rows, origin.1), origin);
                touched.insert((column, row));
            }
        }
    }
}

impl Cell {
    fn far() -> Self {
        Self(vec![FAR; usize::from(CELL_PX) * usize::from(CELL_PX)])
    }

    /// Distances, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u16]> {
        self.0.chunks_exact(usize::from(CELL_PX))
    }

    /// The nearer of two lines, pixel by pixel.
    pub(super) fn nearer(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| *one.min(other)).collect())
    }

    /// Takes in the distance from the piece `from`-`to` for the pixels in `columns` and `rows` of this square.
    fn add_piece(&mut self, from: DisplayPoint, to: DisplayPoint, columns: Span, rows: Span, origin: (u16, u16)) {
        let (along_x, along_y) = (to.x - from.x, to.y - from.y);
        let length_squared = along_x * along_x + along_y * along_y;
        let per_length = if length_squared > 0.0 { length_squared.recip() } else { 0.0 };
        let left = f32::from(origin.0 + columns.start) + 0.5 - from.x;
        let lines = self.0.chunks_exact_mut(usize::from(CELL_PX)).zip(origin.1..);
        for (line, y) in lines.skip(usize::from(rows.start)).take(rows.len()) {
            let down = f32::from(y) + 0.5 - from.y;
            let Some(line) = line.get_mut(usize::from(columns.start)..usize::from(columns.end)) else { continue };
            for (n, known) in line.iter_mut().enumerate() {
                let right = left + n as f32;
                let foot = ((right * along_x + down * along_y) * per_length).clamp(0.0, 1.0);
                let (off_x, off_y) = (right - foot * along_x, down - foot * along_y);
                let distance_px = (off_x * off_x + off_y * off_y).sqrt();
                *known = (*known).min((distance_px * STEPS_PER_PX) as u16);
            }
        }
    }
}

/// A run of pixels or squares, its end not included.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u16,
    end: u16,
}

impl Span {
    fn len(self) -> usize {
        usize::from(self.end.saturating_sub(self.start))
    }
}

/// The pixels of an axis within reach of two coordinates, as far as the display goes.
fn pixels(one: f32, other: f32, reach_px: f32, extent: u16) -> Span {
    // Casts saturate: what lies beyond the display ends at its edge.
    let end = ((one.max(other) + reach_px).ceil() as u16).min(extent);
    Span { start: ((one.min(other) - reach_px) as u16).min(end), end }
}

/// The squares that hold these pixels.
fn cells(pixels: Span) -> std::ops::Range<u16> {
    if pixels.len() == 0 { 0..0 } else { pixels.start / CELL_PX..pixels.end.div_ceil(CELL_PX) }
}

/// These pixels, counted from the edge of the square that begins at `origin`, as far as it goes.
fn within(pixels: Span, origin: u16) -> Span {
    let start = pixels.start.saturating_sub(origin);
    Span { start, end: pixels.end.saturating_sub(origin).min(CELL_PX) }
}
