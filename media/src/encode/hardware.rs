//! Encoders on chips of their own. Their properties are those of GStreamer 1.22 and 1.24.

use gstreamer as gst;
use gstreamer::prelude::*;
use protocol::codec::Codec;

use super::NOMINAL_FPS;
use super::family::Tuning;

/// NVIDIA's.
pub(super) struct Nvenc;

/// VA-API, by the `va` plugin.
pub(super) struct Va;

/// Intel's Quick Sync.
pub(super) struct Qsv;

/// Video4Linux memory-to-memory.
pub(super) struct V4l2;

impl Tuning for Nvenc {
    fn factory(&self, codec: Codec) -> &'static str {
        match codec {
            Codec::H264 => "nvh264enc",
            Codec::H265 => "nvh265enc",
        }
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-bad, an NVIDIA card and its driver's libnvidia-encode"
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("preset", "low-latency-hq"),
            ("zerolatency", "true"),
            ("rc-mode", "cbr-ld-hq"),
            ("gop-size", "-1"),
            ("bframes", "0"),
            ("rc-lookahead", "0"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        kilobits(element, "bitrate", bps);
        kilobits(element, "vbv-buffer-size", one_picture(bps));
    }
}

impl Tuning for Va {
    fn factory(&self, codec: Codec) -> &'static str {
        match codec {
            Codec::H264 => "vah264enc",
            Codec::H265 => "vah265enc",
        }
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-bad, a graphics chip with a VA-API driver and leave to open /dev/dri/renderD128"
    }

    /// 1024 is the longest group of pictures that the element knows.
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("rate-control", "cbr"),
            ("key-int-max", "1024"),
            ("b-frames", "0"),
            ("ref-frames", "1"),
            ("target-usage", "6"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        kilobits(element, "bitrate", bps);
        kilobits(element, "cpb-size", one_picture(bps));
    }
}

impl Tuning for Qsv {
    fn factory(&self, codec: Codec) -> &'static str {
        match codec {
            Codec::H264 => "qsvh264enc",
            Codec::H265 => "qsvh265enc",
        }
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-bad and an Intel graphics chip with its oneVPL runtime"
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("low-latency", "true"),
            ("rate-control", "cbr"),
            ("gop-size", "2147483647"),
            ("b-frames", "0"),
            ("ref-frames", "1"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        kilobits(element, "bitrate", bps);
    }
}

impl Tuning for V4l2 {
    fn factory(&self, codec: Codec) -> &'static str {
        match codec {
            Codec::H264 => "v4l2h264enc",
            Codec::H265 => "v4l2h265enc",
        }
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-good and an encoder of the system on a chip under /dev/video*"
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// By the controls of the Linux media API (Codec Control Reference): they hold from the next picture on.
    fn set_rate(&self, element: &gst::Element, bps: u64) {
        let controls = gst::Structure::builder("controls")
            .field("video_bitrate_mode", 1i32)
            .field("video_bitrate", i32::try_from(bps).unwrap_or(i32::MAX))
            .field("video_gop_size", i32::MAX)
            .field("video_b_frames", 0i32)
            .field("repeat_sequence_header", 1i32);
        element.set_property("extra-controls", controls.build());
    }
}

/// Bits of one picture at the nominal rate.
fn one_picture(bps: u64) -> u64 {
    bps / u64::from(NOMINAL_FPS.unsigned_abs())
}

/// Sets a property that counts in kilobits, if the element has it, as near as its range allows.
fn kilobits(element: &gst::Element, property: &str, bits: u64) {
    let Some(known) = element.find_property(property) else { return };
    let Some(range) = known.downcast_ref::<gst::glib::ParamSpecUInt>() else { return };
    let kilobits = u32::try_from((bits + 500) / 1_000).unwrap_or(u32::MAX);
    element.set_property(property, kilobits.clamp(range.minimum().max(1), range.maximum()));
}
