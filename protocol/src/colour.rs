//! How the three planes of a picture become light: matrix and range, as ITU-T H.273 names them.

use serde::{Deserialize, Serialize};

/// Weights by which luma and chroma were made from red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matrix {
    /// ITU-R BT.601 (H.273 value 6): standard definition, JPEG.
    Bt601,
    /// ITU-R BT.709 (H.273 value 1): high definition.
    #[default]
    Bt709,
}

impl Matrix {
    /// Weights of red and of blue in luma (H.273 table 4); green has the rest.
    pub fn weights(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
        }
    }
}

/// Which codes mean black and white in an 8 bit plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Range {
    /// Luma 16-235, chroma 16-240.
    #[default]
    Limited,
    /// 0-255.
    Full,
}

/// Matrix and range of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Colour {
    /// See [`Matrix`].
    pub matrix: Matrix,
    /// See [`Range`].
    pub range: Range,
}
