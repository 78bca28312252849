//! From marks to pixels: for each mark the squares of the display it touches, ink over a dark halo, premultiplied.
//!
//! A mark is a field of distances from its line: within half the width is ink, a little farther is halo, and the last
//! half pixel of each is their anti-aliased edge. Distances only ever shrink as a stroke grows, so a longer stroke
//! costs what was added to it and not what it is. When to draw, and onto what, is the display's.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::geometry::SizePx;
use protocol::ids::MarkId;

use crate::mark::Mark;

mod blend;
mod field;
mod stroke;

pub use blend::blend_bgrx;
use stroke::Stroke;

/// How lines are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Line {
    /// As the pen went.
    #[default]
    Solid,
    /// With gaps: nobody has vouched for the marks lately.
    Dashed,
    /// With gaps and at half strength: the picture has moved under the mark.
    Faint,
}

/// A part of the display that a mark touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rect {
    /// Left edge in pixels of the display.
    pub x: u16,
    /// Top edge in pixels of the display.
    pub y: u16,
    /// Extent in pixels; it does not reach beyond the display.
    pub size: SizePx,
    /// Rows from the top without gaps, four bytes a pixel: red, green, blue, each already multiplied by the fourth,
    /// opacity. Shared, so that an overlay is cheap to hand on.
    pub rgba: Arc<[u8]>,
}

/// What lies over a picture. To be blended in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlay {
    /// Small squares; those of one mark do not overlap.
    pub rects: Vec<Rect>,
}

/// Draws marks for one display and remembers what it drew.
#[derive(Debug)]
pub struct Raster {
    display: SizePx,
    strokes: HashMap<MarkId, Stroke>,
}

impl Raster {
    /// For a display that shows an image `display` large, without letterbox.
    pub fn new(display: SizePx) -> Self {
        Self { display, strokes: HashMap::new() }
    }

    /// The overlay of these marks, the later over the earlier. Which marks lie on the displayed source is the caller's
    /// to know. Only what changed since the last call is drawn anew.
    pub fn draw<'a>(&mut self, marks: impl IntoIterator<Item = &'a Mark>, line: Line) -> Overlay {
        let mut overlay = Overlay::default();
        let mut kept = HashMap::new();
        for mark in marks {
            let known = self.strokes.remove(&mark.id).filter(|stroke| stroke.leads_to(mark, line));
            let mut stroke = known.unwrap_or_else(|| Stroke::new(mark, line, self.display));
            stroke.grow(mark);
            overlay.rects.extend(stroke.rects().cloned());
            kept.insert(mark.id, stroke);
        }
        self.strokes = kept;
        overlay
    }
}

#[cfg(test)]
mod tests;
