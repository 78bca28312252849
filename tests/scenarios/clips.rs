//! Recorded clips of real devices, for those who have them, and pictures out of them.

use std::path::{Path, PathBuf};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::prelude::*;

/// The clip at `path` below the folder in the environment variable `REALDATA`; says so and gives `None` without it.
pub fn clip(path: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/realdata");
    let folder = std::env::var_os("REALDATA").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let clip = folder.join(path);
    if clip.is_file() {
        return Some(clip);
    }
    println!("no recorded clip {path}: set REALDATA to the folder that holds it; this scenario did not run");
    None
}

/// Every picture of a clip in grey, scaled to a size.
pub fn grey_pictures(clip: &Path, width: usize, height: usize) -> Vec<Vec<u8>> {
    media::init().expect("GStreamer");
    let description = format!(
        "filesrc location=\"{}\" ! decodebin ! videoconvertscale ! video/x-raw,format=GRAY8,width={width},height={height},\
         pixel-aspect-ratio=1/1 ! appsink name=sink sync=false",
        clip.display()
    );
    let pipeline =
        gst::parse::launch(&description).expect("a pipeline").downcast::<gst::Pipeline>().expect("a pipeline");
    let sink = pipeline.by_name("sink").expect("a sink").downcast::<gstreamer_app::AppSink>().expect("an appsink");
    pipeline.set_state(gst::State::Playing).expect("the clip plays");
    let mut pictures = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let info = gstreamer_video::VideoInfo::from_caps(sample.caps().expect("caps")).expect("video");
        let buffer = sample.buffer().expect("a picture");
        let frame = gstreamer_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("a picture");
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0).expect("a plane").chunks(stride).take(height);
        pictures.push(rows.flat_map(|row| &row[..width]).copied().collect());
    }
    pipeline.set_state(gst::State::Null).expect("the clip stops");
    pictures
}
