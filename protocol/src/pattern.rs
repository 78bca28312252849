//! A test picture in the primary's place on the canvas, in the primary's size: theatre says when it shows one, the console
//! says how it came, and nobody has to look at it. What the picture is, and how it is judged, is `media`'s.

use serde::{Deserialize, Serialize};

use crate::geometry::SizePx;

/// Pictures that one judgement is about at most: minutes of them.
pub const MAX_PICTURES: u32 = 20_000;

/// From now on every frame shows the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Pictures a second that are sent.
    pub per_second: u16,
}

/// How the pattern came, over all pictures since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// Pictures that were decoded; at most [`MAX_PICTURES`].
    pub pictures: u32,
    /// Of these, how many had no number that can be read.
    pub unreadable: u32,
    /// How many had the number of the one before.
    pub repeats: u32,
    /// From the first to the last, in milliseconds.
    pub lasted_ms: u32,
    /// The canvas's size in pixels; `None` without a picture.
    pub size: Option<SizePx>,
    /// The largest distance of a patch from its luma in the worst picture but the first, in codes.
    pub luma_off: u8,
    /// The same of chroma.
    pub chroma_off: u8,
    /// Pixels of the primary by which the left, right and bottom edge lay elsewhere, at worst.
    pub cropped_px: [u8; 3],
    /// How much of the contrast of fine lines was left in the last picture, in percent of what its place on the canvas leaves.
    pub sharpness_pct: u8,
}
