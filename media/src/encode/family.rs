//! The encoders there may be on a machine, and what sets one apart from another: its element, its settings for the
//! least delay, and how it is told a new rate. Which of them works here is `probe`'s to find out.

use std::fmt;

use gstreamer as gst;
use protocol::codec::Codec;

use super::hardware::{Nvenc, Qsv, V4l2, Va};
use super::software::{OpenH264, X264, X265};
use crate::probe::Candidate;

/// Encoders that go by one plugin of GStreamer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// NVIDIA's NVENC.
    Nvenc,
    /// Intel's and AMD's, through VA-API.
    Va,
    /// Intel's Quick Sync, through oneVPL.
    Qsv,
    /// Systems on a chip: Video4Linux's memory-to-memory devices.
    V4l2,
    /// The processor: x264.
    #[default]
    X264,
    /// The processor: Cisco's OpenH264.
    OpenH264,
    /// The processor: x265, which takes several times the work of x264.
    X265,
}

/// What sets a family apart.
pub(super) trait Tuning: Sync {
    /// The factory of its element for `codec`, one that the family makes.
    fn factory(&self, codec: Codec) -> &'static str;

    /// What brings the element on Debian and Ubuntu, and the device under it.
    fn needs(&self) -> &'static str;

    /// Properties for the least delay: no picture held, none reordered, independent ones only when asked for, every one the
    /// same size. What an element of another version does not know is left out.
    fn settings(&self) -> &'static [(&'static str, &'static str)];

    /// Tells the element, running or not, to spend `bps` bits a second at [`super::NOMINAL_FPS`].
    fn set_rate(&self, element: &gst::Element, bps: u64);
}

impl Family {
    /// All of them, in the order in which they are tried: chips before the processor, which has a canvas to compose, and of
    /// the processor's the one that makes more of its bits first.
    pub const ALL: [Self; 7] = [Self::Nvenc, Self::Va, Self::Qsv, Self::V4l2, Self::X264, Self::OpenH264, Self::X265];

    /// Its name in configurations and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nvenc => "nvenc",
            Self::Va => "va",
            Self::Qsv => "qsv",
            Self::V4l2 => "v4l2",
            Self::X264 => "x264",
            Self::OpenH264 => "openh264",
            Self::X265 => "x265",
        }
    }

    /// Whether it makes `codec`. Chips make both.
    pub fn makes(self, codec: Codec) -> bool {
        match self {
            Self::Nvenc | Self::Va | Self::Qsv | Self::V4l2 => true,
            Self::X264 | Self::OpenH264 => codec == Codec::H264,
            Self::X265 => codec == Codec::H265,
        }
    }

    pub(super) fn tuning(self) -> &'static dyn Tuning {
        match self {
            Self::Nvenc => &Nvenc,
            Self::Va => &Va,
            Self::Qsv => &Qsv,
            Self::V4l2 => &V4l2,
            Self::X264 => &X264,
            Self::OpenH264 => &OpenH264,
            Self::X265 => &X265,
        }
    }
}

impl Candidate for Family {
    fn is_hardware(self) -> bool {
        !matches!(self, Self::X264 | Self::OpenH264 | Self::X265)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_are_tried_before_the_processor() {
        assert!(Family::ALL.is_sorted_by_key(|family| !family.is_hardware()));
    }
}
