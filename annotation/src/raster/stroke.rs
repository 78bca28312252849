//! One mark's pixels, kept while it grows. The order of marks is `raster`'s.

use std::collections::{BTreeMap, BTreeSet};

use protocol::geometry::SizePx;

use super::field::{CELL_PX, Cell, Field, Place, STEPS_PER_PX};
use super::{Line, Rect};
use crate::geometry::{DisplayPoint, display_from_image};
use crate::ink::{Srgb, srgb};
use crate::mark::Mark;
use crate::shape::{bend, curve, dashes, width_px};

/// How far the halo reaches beyond the ink, as a part of the image's width: 2 px of 1280. Enough to part ink from a
/// highlight of its own lightness, little enough to hide no vessel.
const HALO_OF_IMAGE_WIDTH: f32 = 1.0 / 640.0;
/// The halo's least reach, in pixels: below, it would only grey the edge.
const MIN_HALO_PX: f32 = 1.0;
/// Opacity of the halo, of 255: dark enough beside white, and what it covers is still seen.
const HALO_OPACITY: u32 = 153;
/// Length of a dash along the line's middle, in widths of the line.
const DASH_WIDTHS: f32 = 3.0;
/// Length of the line from one dash to the next, in widths and halos of the line. Round ends take a width and two
/// halos of it; two widths and a halo show the picture.
const GAP_WIDTHS: f32 = 3.0;

/// What a faint line's strength is divided by: ink and halo are still seen on every tissue, and nobody takes it for a
/// mark in force.
const FAINT: u32 = 2;

#[derive(Debug)]
pub(super) struct Stroke {
    display: SizePx,
    ink: Srgb,
    line: Line,
    ink_reach: Steps,
    halo_reach: Steps,
    reach_px: f32,
    /// Distances from the part of the line that further samples cannot change.
    settled: Field,
    /// Pieces between samples that are in `settled`.
    settled_pieces: usize,
    /// Samples the pixels stand for.
    samples: usize,
    /// Squares that hold the part of the line that is not settled.
    tail: BTreeSet<Place>,
    rects: BTreeMap<Place, Rect>,
}

/// A distance in [`STEPS_PER_PX`]ths of a pixel.
type Steps = i32;

impl Stroke {
    pub(super) fn new(mark: &Mark, line: Line, display: SizePx) -> Self {
        let image_width_px = f32::from(display.width);
        let ink_px = width_px(mark.width, image_width_px) / 2.0;
        let halo_px = ink_px + (image_width_px * HALO_OF_IMAGE_WIDTH).max(MIN_HALO_PX);
        let reach_px = halo_px + 0.5;
        Self {
            display,
            ink: srgb(mark.ink),
            line,
            ink_reach: (ink_px * STEPS_PER_PX) as Steps,
            halo_reach: (halo_px * STEPS_PER_PX) as Steps,
            reach_px,
            settled: Field::new(display, reach_px),
            settled_pieces: 0,
            samples: 0,
            tail: BTreeSet::new(),
            rects: BTreeMap::new(),
        }
    }

    /// Whether [`Self::grow`] makes this stroke that mark. Dashes are not drawn on: a mark grows or is dashed.
    pub(super) fn leads_to(&self, mark: &Mark, line: Line) -> bool {
        let samples = mark.points().len();
        self.line == line && (samples == self.samples || line == Line::Solid && samples > self.samples)
    }

    /// The squares as they are, from the top.
    pub(super) fn rects(&self) -> impl Iterator<Item = &Rect> {
        self.rects.values()
    }

    /// Draws the samples of `mark` that came since.
    pub(super) fn grow(&mut self, mark: &Mark) {
        if mark.points().len() == self.samples {
            return;
        }
        self.samples = mark.points().len();
        let tail = match self.line {
            Line::Solid => self.lengthen(mark),
            Line::Dashed | Line::Faint => self.dash(mark),
        };
        let mut changed = std::mem::take(&mut self.tail);
        let mut loose = Field::new(self.display, self.reach_px);
        self.tail = loose.add(&tail.line);
        changed.extend(tail.settled);
        changed.extend(&self.tail);
        for place in changed {
            let cell = match (self.settled.cell(place), loose.cell(place)) {
                (Some(settled), Some(loose)) => settled.nearer(loose),
                (Some(cell), None) | (None, Some(cell)) => cell.clone(),
                (None, None) => {
                    self.rects.remove(&place);
                    continue;
                }
            };
            self.rects.insert(place, self.paint(place, &cell));
        }
    }

    /// Settles every piece whose neighbours are known. The last piece bends anew when the next sample comes.
    fn lengthen(&mut self, mark: &Mark) -> Tail {
        let (from, last) = (self.settled_pieces, self.samples.saturating_sub(2));
        let first = from.saturating_sub(1);
        let samples: Vec<DisplayPoint> =
            mark.points().iter().skip(first).map(|point| display_from_image(self.display, *point)).collect();
        let sample = |n: usize| n.checked_sub(first).and_then(|n| samples.get(n)).copied();
        let bend_on = |piece: usize, line: &mut Vec<DisplayPoint>| {
            if let (Some(start), Some(end)) = (sample(piece), sample(piece + 1)) {
                bend(piece.checked_sub(1).and_then(sample), start, end, sample(piece + 2), line);
            }
        };
        let mut settled: Vec<DisplayPoint> = sample(from).into_iter().collect();
        (from..last).for_each(|piece| bend_on(piece, &mut settled));
        self.settled_pieces = last;
        let mut tail: Vec<DisplayPoint> = sample(last).into_iter().collect();
        bend_on(last, &mut tail);
        let touched = if from < last { self.settled.add(&settled) } else { BTreeSet::new() };
        Tail { settled: touched, line: tail }
    }

    fn dash(&mut self, mark: &Mark) -> Tail {
        let samples: Vec<DisplayPoint> =
            mark.points().iter().map(|point| display_from_image(self.display, *point)).collect();
        let width_px = width_px(mark.width, f32::from(self.display.width));
        let halo_px = self.reach_px - width_px / 2.0;
        let dashes = dashes(&curve(&samples), width_px * DASH_WIDTHS, (width_px + halo_px) * GAP_WIDTHS);
        let settled = dashes.iter().flat_map(|dash| self.settled.add(dash)).collect();
        Tail { settled, line: Vec::new() }
    }

    fn paint(&self, place: Place, cell: &Cell) -> Rect {
        let (x, y) = (place.0 * CELL_PX, place.1 * CELL_PX);
        let size = SizePx {
            width: CELL_PX.min(self.display.width.saturating_sub(x)),
            height: CELL_PX.min(self.display.height.saturating_sub(y)),
        };
        let mut rgba = vec![0; usize::from(size.width) * usize::from(size.height) * 4];
        let lines = rgba.chunks_exact_mut(usize::from(size.width).max(1) * 4);
        for (line, distances) in lines.zip(cell.rows()) {
            for (pixel, distance) in line.chunks_exact_mut(4).zip(distances) {
                let distance = Steps::from(*distance);
                if covered(self.halo_reach, distance) > 0 {
                    pixel.copy_from_slice(&self.colour(distance));
                }
            }
        }
        Rect { x, y, size, rgba: rgba.into() }
    }

    /// The pixel whose centre is so far from the line: ink over halo, premultiplied.
    fn colour(&self, distance: Steps) -> [u8; 4] {
        let (ink, halo) = (covered(self.ink_reach, distance), covered(self.halo_reach, distance));
        let opacity = (255 * ink + HALO_OPACITY * halo * (256 - ink) / 256 + 128) / 256;
        let [red, green, blue] = self.ink.map(|channel| (u32::from(channel) * ink + 128) / 256);
        // Premultiplied, so that strength is one factor for all four.
        let weakened = if self.line == Line::Faint { FAINT } else { 1 };
        [red, green, blue, opacity].map(|part| (part / weakened) as u8)
    }
}

/// What settling and bending left to do.
struct Tail {
    /// Squares that settled pieces came near.
    settled: BTreeSet<Place>,
    /// The part of the line that is not settled.
    line: Vec<DisplayPoint>,
}

/// How much of a pixel, of 256, lies within `reach` of the line: an edge is taken for straight across it.
fn covered(reach: Steps, distance: Steps) -> u32 {
    (reach + 128 - distance).clamp(0, 256) as u32
}
