//! Encoders on the processor.

use gstreamer as gst;
use gstreamer::prelude::*;
use protocol::codec::Codec;

use super::VBV_MS;
use super::family::Tuning;

/// x264, which makes the most of its bits.
pub(super) struct X264;

/// OpenH264, where x264's licence or package is not wanted.
pub(super) struct OpenH264;

/// x265, to try H.265 where no chip makes it.
pub(super) struct X265;

impl Tuning for X264 {
    fn factory(&self, _: Codec) -> &'static str {
        "x264enc"
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-ugly"
    }

    /// Two threads, each with a slice of every picture: a slice for each core of the smallest machine this runs on. A third
    /// fills the bitrate 10 % less at one picture's buffer and gains nothing there. `key-int-max` is over a year at 60 fps.
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("tune", "zerolatency"),
            ("speed-preset", "ultrafast"),
            ("key-int-max", "2147483647"),
            ("bframes", "0"),
            ("sliced-threads", "true"),
            ("threads", "2"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        // The buffer counts in milliseconds, so it is right for every rate.
        if element.property::<u32>("vbv-buf-capacity") != VBV_MS {
            element.set_property("vbv-buf-capacity", VBV_MS);
        }
        // x264enc takes 1 to 2,048,000.
        let kilobits = ((bps + 500) / 1_000).clamp(1, 2_048_000);
        element.set_property("bitrate", u32::try_from(kilobits).unwrap_or(u32::MAX));
    }
}

impl Tuning for OpenH264 {
    fn factory(&self, _: Codec) -> &'static str {
        "openh264enc"
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-bad"
    }

    /// A group of pictures of 0 has no end. A change of scene would make an independent picture of itself, twice the size.
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("usage-type", "camera"),
            ("complexity", "low"),
            ("rate-control", "bitrate"),
            ("gop-size", "0"),
            ("scene-change-detection", "false"),
            ("enable-frame-skip", "false"),
            ("slice-mode", "n-slices"),
            ("num-slices", "2"),
            ("multi-thread", "2"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        let bps = u32::try_from(bps).unwrap_or(u32::MAX).max(1_000);
        element.set_property("bitrate", bps);
        element.set_property("max-bitrate", bps);
    }
}

impl Tuning for X265 {
    fn factory(&self, _: Codec) -> &'static str {
        "x265enc"
    }

    fn needs(&self) -> &'static str {
        "the package gstreamer1.0-plugins-bad"
    }

    /// One picture at a time, its rows shared out among threads (wavefronts).
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("tune", "zerolatency"),
            ("speed-preset", "ultrafast"),
            ("key-int-max", "2147483647"),
            ("option-string", "bframes=0:rc-lookahead=0:scenecut=0:frame-threads=1:open-gop=0:repeat-headers=1:info=0"),
        ]
    }

    fn set_rate(&self, element: &gst::Element, bps: u64) {
        // x265enc takes 1 to 102,400.
        let kilobits = ((bps + 500) / 1_000).clamp(1, 102_400);
        element.set_property("bitrate", u32::try_from(kilobits).unwrap_or(u32::MAX));
    }
}
