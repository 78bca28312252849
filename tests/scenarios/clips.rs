//! Recorded clips of real devices, for those who have them, and pictures out of them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use gstreamer as gst;
use gstreamer_video::prelude::*;
use harness::clips::{Pictures, record};

/// The clip at `path` below the folder in the environment variable `REALDATA`; says so and gives `None` without it.
pub fn clip(path: &str) -> Option<PathBuf> {
    let found = harness::clips::find(path);
    if found.is_none() {
        println!("no recorded clip {path}: set REALDATA to the folder that holds it; this scenario did not run");
    }
    found
}

/// Every picture of a clip in grey, scaled to a size.
pub fn grey_pictures(clip: &Path, width: usize, height: usize) -> Vec<Vec<u8>> {
    let caps = format!("video/x-raw,format=GRAY8,width={width},height={height},pixel-aspect-ratio=1/1");
    let grey = |sample: gst::Sample| {
        let info = gstreamer_video::VideoInfo::from_caps(sample.caps().expect("caps")).expect("video");
        let buffer = sample.buffer().expect("a picture");
        let frame = gstreamer_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("a picture");
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0).expect("a plane").chunks(stride).take(height);
        rows.flat_map(|row| &row[..width]).copied().collect()
    };
    Pictures::of(clip, &caps).expect("the clip plays").map(grey).collect()
}

/// The pictures of a clip that are numbered so, forth and back, so that it goes on without a jump when it is repeated. They
/// are as they were: the encoder has more bits than it needs.
pub fn there_and_back(clip: &Path, numbers: Range<usize>, folder: &Path) -> PathBuf {
    let pictures = Pictures::of(clip, "video/x-raw,format=I420").expect("the clip plays");
    let there: Vec<_> = pictures.take(numbers.end).skip(numbers.start).collect();
    let written = folder.join("there-and-back.mkv");
    let caps = there.first().and_then(|sample| sample.caps()).expect("the clip has such pictures").to_string();
    let both = there.iter().chain(there.iter().rev()).filter_map(|sample| sample.buffer_owned());
    record(&written, &caps, 25, both).expect("the clip is written");
    written
}
