//! What the peers have in common: access units into a GStreamer pipeline by `appsrc`, out of one by `appsink`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use media::encode::AccessUnit;

use super::{Arrived, Console, Theatre};
use crate::pictures::FPS;

/// Access units on their way to the decoder: a second's worth. What comes beyond is dropped, and counts as lost.
const ARRIVING: usize = 30;

/// The beginning of every sending pipeline: the encoder's access units into RTP packets as soon as they come. Parameter
/// sets are in every independent one already; the payloader would put them before each slice and so cut the unit in two.
/// The 1200 bytes are what our own datagrams have.
pub const SEND_RTP: &str = "appsrc name=units is-live=true format=time do-timestamp=true max-buffers=30 leaky-type=downstream \
     caps=video/x-h264,stream-format=byte-stream,alignment=au \
     ! rtph264pay pt=96 config-interval=0 aggregate-mode=zero-latency mtu=1200";
/// RTP caps of those packets.
pub const RTP_CAPS: &str = "application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96";
/// The end of every receiving pipeline: whole access units, handed over at once.
pub const RECEIVE_UNITS: &str = "video/x-h264,stream-format=byte-stream,alignment=au \
     ! appsink name=units sync=false async=false max-buffers=30";

/// A pipeline that plays until dropped.
#[derive(Debug)]
pub struct Playing(gst::Pipeline);

/// The sending end.
pub struct Out {
    units: AppSrc,
    refresh: Refresh,
    playing: Playing,
}

/// How a system comes by independent access units.
pub enum Refresh {
    /// Nobody can ask: one comes every second. The counter is of access units.
    Periodic(u32),
    /// The console asks for them.
    Asked(Arc<AtomicBool>),
}

/// The receiving end.
pub struct In {
    units: Receiver<Arrived>,
    /// Asks for an independent access unit, where the system can.
    refuse: Box<dyn Fn() + Send>,
    playing: Playing,
}

impl Playing {
    /// Builds a pipeline, still at rest.
    ///
    /// # Errors
    /// An element or property is not there.
    pub fn build(description: &str) -> Result<Self> {
        let element = gst::parse::launch(description).with_context(|| format!("building \"{description}\""))?;
        // A description of one element makes just that.
        let pipeline = match element.downcast::<gst::Pipeline>() {
            Ok(pipeline) => pipeline,
            Err(single) => {
                let pipeline = gst::Pipeline::new();
                pipeline.add(&single)?;
                pipeline
            }
        };
        Ok(Self(pipeline))
    }

    /// The element called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn element(&self, name: &str) -> Result<gst::Element> {
        self.0.by_name(name).with_context(|| format!("the pipeline has no element {name}"))
    }

    /// The pipeline itself.
    pub fn pipeline(&self) -> &gst::Pipeline {
        &self.0
    }

    /// Sets it going.
    ///
    /// # Errors
    /// It refuses.
    pub fn play(&self) -> Result<()> {
        self.0.set_state(gst::State::Playing).context("starting a pipeline")?;
        Ok(())
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Err(error) = self.0.set_state(gst::State::Null) {
            tracing::warn!("a pipeline does not stop: {error}");
        }
    }
}

impl Out {
    /// The end that `playing`, which begins with [`SEND_RTP`], makes.
    ///
    /// # Errors
    /// It does not begin so.
    pub fn new(playing: Playing, refresh: Refresh) -> Result<Self> {
        let units = playing.element("units")?.downcast::<AppSrc>().map_err(|_| anyhow!("no appsrc"))?;
        Ok(Self { units, refresh, playing })
    }

    /// Sets it going.
    ///
    /// # Errors
    /// It refuses.
    pub fn play(&self) -> Result<()> {
        self.playing.play()
    }
}

impl Theatre for Out {
    fn wants_refresh(&mut self) -> bool {
        match &mut self.refresh {
            Refresh::Periodic(units) => {
                *units += 1;
                *units % FPS == 0
            }
            Refresh::Asked(asked) => asked.swap(false, Ordering::AcqRel),
        }
    }

    fn send(&mut self, unit: AccessUnit) -> Result<()> {
        // A pipeline that failed, as with its line, takes no more; what follows is lost, and counted so.
        if let Err(error) = self.units.push_buffer(gst::Buffer::from_slice(unit.bytes)) {
            tracing::debug!("an access unit is not taken: {error}");
        }
        Ok(())
    }
}

impl In {
    /// The end that `playing` makes, whose access units come by `units`.
    pub fn new(playing: Playing, units: Receiver<Arrived>, refuse: impl Fn() + Send + 'static) -> Self {
        Self { units, refuse: Box::new(refuse), playing }
    }

    /// Sets it going.
    ///
    /// # Errors
    /// It refuses.
    pub fn play(&self) -> Result<()> {
        self.playing.play()
    }

    /// The same for a pipeline that ends in [`RECEIVE_UNITS`] and cannot ask for anything.
    ///
    /// # Errors
    /// It does not end so.
    pub fn deaf(playing: Playing) -> Result<Self> {
        let units = take_units(playing.element("units")?)?;
        Ok(Self::new(playing, units, || {}))
    }
}

impl Console for In {
    fn receive(&mut self, wait: Duration) -> Option<Arrived> {
        self.units.recv_timeout(wait).ok()
    }

    fn refuse(&mut self, _: u64) {
        (self.refuse)();
    }
}

/// Takes what comes to the appsink `sink`, numbered.
///
/// # Errors
/// It is none.
pub fn take_units(sink: gst::Element) -> Result<Receiver<Arrived>> {
    let (sender, receiver) = bounded(ARRIVING);
    on_buffer(sink, move |number, buffer| hand_over(&sender, number, &buffer))?;
    Ok(receiver)
}

/// Calls `take` with each buffer that comes to the appsink `sink`.
///
/// # Errors
/// It is none.
pub fn on_buffer(sink: gst::Element, mut take: impl FnMut(u64, gst::Buffer) + Send + 'static) -> Result<()> {
    let sink = sink.downcast::<AppSink>().map_err(|_| anyhow!("no appsink"))?;
    let mut number = 0;
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some(buffer) = sample.buffer_owned() {
            take(number, buffer);
            number += 1;
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    Ok(())
}

fn hand_over(sender: &Sender<Arrived>, number: u64, buffer: &gst::Buffer) {
    let Ok(bytes) = buffer.map_readable() else { return };
    if let Err(TrySendError::Full(_)) = sender.try_send(Arrived { number, bytes: bytes.to_vec().into() }) {
        tracing::debug!("the decoder is a second behind; an access unit is dropped");
    }
}
