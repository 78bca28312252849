//! Clips: where recorded ones are, the pictures in one, and writing one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};

/// How long the end of a clip may take to be written, in seconds.
const WRITTEN_WITHIN_S: u64 = 60;

/// The recorded clip at `path` below the folder in the environment variable `REALDATA`, if it is there.
pub fn find(path: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/realdata");
    let folder = std::env::var_os("REALDATA").map_or_else(|| PathBuf::from(default), PathBuf::from);
    Some(folder.join(path)).filter(|clip| clip.exists())
}

/// The pictures of a clip, one after the other, as fast as they are taken.
pub struct Pictures {
    pipeline: gst::Pipeline,
    sink: AppSink,
}

impl Pictures {
    /// Those of `clip`, converted to `caps`.
    ///
    /// # Errors
    /// It cannot be played.
    pub fn of(clip: &Path, caps: &str) -> Result<Self> {
        let (pipeline, sink) = opened(&format!(
            "filesrc location=\"{}\" ! decodebin ! videoconvertscale ! {caps} \
             ! appsink name=end sync=false max-buffers=4",
            clip.display()
        ))?;
        Ok(Self { pipeline, sink: sink.downcast().map_err(|_| anyhow::anyhow!("no appsink"))? })
    }
}

impl Iterator for Pictures {
    type Item = gst::Sample;

    fn next(&mut self) -> Option<gst::Sample> {
        self.sink.pull_sample().ok()
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        // Going to rest does not fail.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Writes pictures of these caps to `clip`, `fps` a second, H.264 in Matroska with more bits than it needs.
///
/// # Errors
/// It cannot be written.
pub fn record(clip: &Path, caps: &str, fps: u64, pictures: impl IntoIterator<Item = gst::Buffer>) -> Result<()> {
    let (pipeline, input) = opened(&format!(
        "appsrc name=end format=time block=true max-buffers=4 caps=\"{caps}\" ! videoconvert ! video/x-raw,format=I420 \
         ! x264enc speed-preset=ultrafast bitrate=20000 ! matroskamux ! filesink location=\"{}\"",
        clip.display()
    ))?;
    let input: AppSrc = input.downcast().map_err(|_| anyhow::anyhow!("no appsrc"))?;
    for (number, mut picture) in (0..).zip(pictures) {
        let timed = picture.make_mut();
        timed.set_pts(gst::ClockTime::from_useconds(number * 1_000_000 / fps));
        timed.set_dts(gst::ClockTime::NONE);
        input.push_buffer(picture)?;
    }
    input.end_of_stream()?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().context("a pipeline has a bus")?;
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(WRITTEN_WITHIN_S), &ends);
    pipeline.set_state(gst::State::Null)?;
    if end.is_none_or(|end| end.type_() != gst::MessageType::Eos) {
        bail!("{}: it could not be written", clip.display());
    }
    Ok(())
}

/// A pipeline that plays, and its element called `end`.
fn opened(description: &str) -> Result<(gst::Pipeline, gst::Element)> {
    media::init_codecs()?;
    let pipeline = gst::parse::launch(description)?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| anyhow::anyhow!("no pipeline"))?;
    let end = pipeline.by_name("end").context("a pipeline without its end")?;
    pipeline.set_state(gst::State::Playing)?;
    Ok((pipeline, end))
}
