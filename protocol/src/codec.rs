//! How pictures of the video are compressed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A video codec. Its access units travel in the byte stream format of its annex B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Codec {
    /// ITU-T H.264, which every console decodes.
    #[default]
    H264,
    /// ITU-T H.265: less bits for the same picture, more work at both ends.
    H265,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::H264, Self::H265];

    /// Its name in one word, as traces have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        })
    }
}
