//! The decoders there may be on a machine. Which of them works here is `probe`'s to find out.

use std::fmt;

use protocol::codec::Codec;

use crate::probe::Candidate;

/// Decoders that go by one plugin of GStreamer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// NVIDIA's NVDEC.
    Nvdec,
    /// Intel's and AMD's, through VA-API.
    Va,
    /// Intel's Quick Sync, through oneVPL.
    Qsv,
    /// Systems on a chip: Video4Linux decoders that are told each slice's parameters.
    V4l2Stateless,
    /// Systems on a chip: Video4Linux decoders that read the stream themselves.
    V4l2,
    /// The processor: libavcodec.
    Libav,
}

impl Family {
    /// All of them, in the order in which they are tried: chips before the processor.
    pub const ALL: [Self; 6] = [Self::Nvdec, Self::Va, Self::Qsv, Self::V4l2Stateless, Self::V4l2, Self::Libav];

    /// Its name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nvdec => "nvdec",
            Self::Va => "va",
            Self::Qsv => "qsv",
            Self::V4l2Stateless => "v4l2 stateless",
            Self::V4l2 => "v4l2",
            Self::Libav => "libav",
        }
    }

    /// The factory of its element for `codec`.
    pub(super) fn factory(self, codec: Codec) -> String {
        let codec = codec.word();
        match self {
            Self::Nvdec => format!("nv{codec}dec"),
            Self::Va => format!("va{codec}dec"),
            Self::Qsv => format!("qsv{codec}dec"),
            Self::V4l2Stateless => format!("v4l2sl{codec}dec"),
            Self::V4l2 => format!("v4l2{codec}dec"),
            Self::Libav => format!("avdec_{codec}"),
        }
    }

    /// What brings its element on Debian and Ubuntu, and the device under it.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Nvdec => "the package gstreamer1.0-plugins-bad, an NVIDIA card and its driver's libnvcuvid",
            Self::Va => {
                "the package gstreamer1.0-plugins-bad, a graphics chip with a VA-API driver and leave to open /dev/dri/renderD128"
            }
            Self::Qsv => "the package gstreamer1.0-plugins-bad and an Intel graphics chip with its oneVPL runtime",
            Self::V4l2Stateless => {
                "the package gstreamer1.0-plugins-bad and a decoder of the system on a chip under /dev/media*"
            }
            Self::V4l2 => {
                "the package gstreamer1.0-plugins-good and a decoder of the system on a chip under /dev/video*"
            }
            Self::Libav => "the package gstreamer1.0-libav",
        }
    }

    /// Properties for the least delay. What an element of another version does not know is left out.
    pub(super) fn settings(self, codec: Codec) -> &'static [(&'static str, &'static str)] {
        match self {
            // Of H.265 two threads now and then make no picture of an independent access unit: twice in 60 runs of the tests here,
            // by one thread in none of 48.
            Self::Libav if codec == Codec::H265 => &[("max-threads", "1")],
            // Two slice threads for the two slices that the encoder makes: half a millisecond of 720p less than one thread, and
            // nothing held. No frame threads: each would hold back one picture.
            Self::Libav => &[("thread-type", "slice"), ("max-threads", "2")],
            Self::Nvdec => &[("max-display-delay", "0")],
            Self::Va | Self::Qsv | Self::V4l2Stateless | Self::V4l2 => &[],
        }
    }
}

impl Candidate for Family {
    fn is_hardware(self) -> bool {
        self != Self::Libav
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
