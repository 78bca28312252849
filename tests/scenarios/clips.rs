//! Recorded clips of real devices, for those who have them, and pictures out of them.

use std::ops::Range;
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
    let caps = format!("video/x-raw,format=GRAY8,width={width},height={height},pixel-aspect-ratio=1/1");
    let grey = |sample: gst::Sample| {
        let info = gstreamer_video::VideoInfo::from_caps(sample.caps().expect("caps")).expect("video");
        let buffer = sample.buffer().expect("a picture");
        let frame = gstreamer_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("a picture");
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0).expect("a plane").chunks(stride).take(height);
        rows.flat_map(|row| &row[..width]).copied().collect()
    };
    pictures(clip, &caps, grey)
}

/// What `take` makes of every picture of a clip, converted to `caps`.
fn pictures<T>(clip: &Path, caps: &str, take: impl FnMut(gst::Sample) -> T) -> Vec<T> {
    media::init().expect("GStreamer");
    let description = format!(
        "filesrc location=\"{}\" ! decodebin ! videoconvertscale ! {caps} ! appsink name=sink sync=false",
        clip.display()
    );
    let pipeline = pipeline(&description);
    let sink = pipeline.by_name("sink").expect("a sink").downcast::<gstreamer_app::AppSink>().expect("an appsink");
    pipeline.set_state(gst::State::Playing).expect("the clip plays");
    let pictures = std::iter::from_fn(|| sink.pull_sample().ok()).map(take).collect();
    pipeline.set_state(gst::State::Null).expect("the clip stops");
    pictures
}

/// Writes pictures of these caps to `clip`, H.264 in Matroska, 25 a second.
pub fn record(clip: &Path, caps: &str, pictures: impl IntoIterator<Item = gst::Buffer>) {
    media::init_codecs().expect("GStreamer");
    let description = format!(
        "appsrc name=in format=time caps=\"{caps}\" ! videoconvert ! video/x-raw,format=I420 \
         ! x264enc speed-preset=ultrafast bitrate=20000 ! matroskamux ! filesink location=\"{}\"",
        clip.display()
    );
    let pipeline = pipeline(&description);
    let input = pipeline.by_name("in").expect("an input").downcast::<gstreamer_app::AppSrc>().expect("an appsrc");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    for (number, mut picture) in (0..).zip(pictures) {
        let timed = picture.make_mut();
        timed.set_pts(gst::ClockTime::from_mseconds(40 * number));
        timed.set_dts(gst::ClockTime::NONE);
        input.push_buffer(picture).expect("it takes pictures");
    }
    input.end_of_stream().expect("it ends");
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().expect("a bus").timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
    assert!(end.is_some_and(|end| end.type_() == gst::MessageType::Eos), "the clip is written");
    pipeline.set_state(gst::State::Null).expect("it stops");
}

/// The pictures of a clip that are numbered so, forth and back, so that it goes on without a jump when it is repeated. They
/// are as they were: the encoder has more bits than it needs.
pub fn there_and_back(clip: &Path, numbers: Range<usize>, folder: &Path) -> PathBuf {
    let mut count = 0..;
    let kept = |sample: gst::Sample| {
        let caps = sample.caps().expect("caps").to_string();
        numbers.contains(&count.next().expect("endless")).then(|| (caps, sample.buffer_owned().expect("a picture")))
    };
    let there: Vec<_> = pictures(clip, "video/x-raw,format=I420", kept).into_iter().flatten().collect();
    let written = folder.join("there-and-back.mkv");
    let (caps, _) = there.first().expect("the clip has such pictures");
    record(&written, caps, there.iter().chain(there.iter().rev()).map(|(_, buffer)| buffer.clone()));
    written
}

fn pipeline(description: &str) -> gst::Pipeline {
    gst::parse::launch(description).expect("elements").downcast().expect("a pipeline")
}
