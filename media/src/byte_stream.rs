//! The byte streams of H.264 and H.265 (annex B of each): how GStreamer names them, and what kinds of units are in an access unit.

use gstreamer as gst;
use protocol::codec::Codec;

/// What encoder and decoder call the byte stream of `codec`, one access unit a buffer.
pub(crate) fn caps(codec: Codec) -> gst::Caps {
    let name = match codec {
        Codec::H264 => "video/x-h264",
        Codec::H265 => "video/x-h265",
    };
    gst::Caps::builder(name).field("stream-format", "byte-stream").field("alignment", "au").build()
}

/// Whether an access unit begins a stream: it holds a slice of an IDR picture (H.264 table 7-1), or of an IDR, BLA or CRA picture
/// (H.265 table 7-1).
pub(crate) fn is_independent(codec: Codec, access_unit: &[u8]) -> bool {
    units(codec, access_unit).any(|kind| match codec {
        Codec::H264 => kind == 5,
        Codec::H265 => (16..=21).contains(&kind),
    })
}

/// Whether an access unit holds all parameter sets that it takes to decode it alone (tables 7-1).
pub(crate) fn has_parameter_sets(codec: Codec, access_unit: &[u8]) -> bool {
    let sets: &[u8] = match codec {
        Codec::H264 => &[7, 8],
        Codec::H265 => &[32, 33, 34],
    };
    sets.iter().all(|set| units(codec, access_unit).any(|kind| kind == *set))
}

/// The type of each unit, behind its start code.
fn units(codec: Codec, access_unit: &[u8]) -> impl Iterator<Item = u8> {
    access_unit.windows(4).filter_map(move |bytes| match (bytes, codec) {
        ([0, 0, 1, header], Codec::H264) => Some(header & 0x1f),
        ([0, 0, 1, header], Codec::H265) => Some(header >> 1 & 0x3f),
        _ => None,
    })
}
