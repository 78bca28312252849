//! The same pictures at the same places by GStreamer's `compositor`, live.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use capture::canvas::Canvas;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use media::picture::Picture;
use protocol::geometry::SizePx;
use protocol::ids::Epoch;
use protocol::layout::Layout;
use protocol::time::MonoTime;

use crate::stage::{INTERVAL, Measured, NAMES, PICTURES, Room, WARM_UP, paced, pictures, theatre, us};

/// What it paints first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Its own choice: checkers.
    Default,
    /// What a canvas has; cheaper.
    Black,
}

/// Pictures of the primary that were handed over, with their timestamps and when.
type Handed = Arc<Mutex<VecDeque<(gst::ClockTime, MonoTime)>>>;

/// What it comes to.
///
/// # Errors
/// GStreamer does not compose.
pub fn measure(room: Room, background: Background, seconds: u32) -> Result<Measured> {
    let (canvas, _inlets) = Canvas::new(&theatre(), Epoch(1), program::clock::now())?;
    let (layout, pictures) = (canvas.layout().clone(), pictures(canvas.layout())?);
    let pipeline = gst::parse::launch(&description(&layout, background))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| anyhow::anyhow!("no pipeline"))?;
    let of = |name: &str| pipeline.by_name(name).and_downcast::<gst_app::AppSrc>().context("an input is missing");
    let inputs = NAMES.into_iter().map(of).collect::<Result<Vec<_>>>()?;
    let sink = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().context("the output is missing")?;
    let (handed, delays) = (Handed::default(), Arc::new(Mutex::new(Vec::new())));
    sink.set_callbacks(timed(Arc::clone(&handed), Arc::clone(&delays)));
    pipeline.set_state(gst::State::Playing)?;
    let cpu_percent = paced(seconds, |number, _| {
        let pts = pipeline.current_running_time().unwrap_or(gst::ClockTime::ZERO);
        for (place, (input, pictures)) in inputs.iter().zip(&pictures).enumerate().rev() {
            if place + 1 < NAMES.len() || room.gives(number) {
                push(input, pictures, number, pts)?;
            }
            if place == 0 {
                handed.lock().unwrap_or_else(PoisonError::into_inner).push_back((pts, program::clock::now()));
            }
        }
        Ok(())
    })?;
    pipeline.set_state(gst::State::Null)?;
    let delays_us = std::mem::take(&mut *delays.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Measured { cpu_percent, delays_us: delays_us.into_iter().skip(WARM_UP as usize).collect() })
}

/// Notes for each canvas how long the newest picture of the primary in it took.
fn timed(handed: Handed, delays_us: Arc<Mutex<Vec<u64>>>) -> gst_app::AppSinkCallbacks {
    let composed = move |sink: &gst_app::AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // The compositor shows the newest picture that begins before the canvas ends; those before were overtaken.
        let end = sample.buffer().and_then(gst::BufferRef::pts).map(|begin| Duration::from(begin) + INTERVAL);
        let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = None;
        while handed.front().is_some_and(|(pts, _)| end.is_some_and(|end| Duration::from(*pts) < end)) {
            newest = handed.pop_front();
        }
        if let Some((_, at)) = newest {
            let delay_us = us(program::clock::now().since(at));
            delays_us.lock().unwrap_or_else(PoisonError::into_inner).push(delay_us);
        }
        Ok(gst::FlowSuccess::Ok)
    };
    gst_app::AppSinkCallbacks::builder().new_sample(composed).build()
}

fn push(input: &gst_app::AppSrc, pictures: &[Picture], number: u32, pts: gst::ClockTime) -> Result<()> {
    let picture = pictures.get(number as usize % PICTURES).context("a picture")?;
    // A new buffer around the same memory.
    let mut buffer = picture.buffer.copy();
    let stamped = buffer.make_mut();
    stamped.set_pts(pts);
    stamped.set_duration(gst::ClockTime::try_from(INTERVAL)?);
    input.push_buffer(buffer)?;
    Ok(())
}

fn description(layout: &Layout, background: Background) -> String {
    let mut line = String::from(match background {
        Background::Default => "compositor name=mix ",
        Background::Black => "compositor name=mix background=black ",
    });
    for (index, tile) in layout.tiles.iter().enumerate() {
        let at = tile.picture;
        let _ = write!(line, "sink_{index}::xpos={} sink_{index}::ypos={} ", at.x, at.y);
    }
    let caps = |size: SizePx| {
        let (width, height) = (size.width, size.height);
        format!("video/x-raw,format=I420,width={width},height={height},framerate=30/1,colorimetry=bt709")
    };
    let _ = write!(line, "! {} ! appsink name=out sync=false max-buffers=2 ", caps(layout.canvas));
    for (index, (tile, name)) in layout.tiles.iter().zip(NAMES).enumerate() {
        let caps = caps(tile.picture.size);
        let _ = write!(line, "appsrc name={name} is-live=true format=time caps={caps} ! mix.sink_{index} ");
    }
    line
}
