//! Points and rectangles, each named for the space it lies in. Transforms between spaces live in `annotation`.

use serde::{Deserialize, Serialize};

/// A point of one source's image: a fraction of its width and height, in steps of 1/65535.
///
/// Fractions, not pixels, so that a mark keeps its place when the source changes its resolution. One step is 0.03
/// pixels of a 1920 pixel wide picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImagePoint {
    /// 0 is the left edge of the image, 65535 its right edge.
    pub x: u16,
    /// 0 is the top edge of the image, 65535 its bottom edge.
    pub y: u16,
}

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct SizePx {
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// A rectangle of the canvas, in canvas pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CanvasRect {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Extent in pixels.
    pub size: SizePx,
}
