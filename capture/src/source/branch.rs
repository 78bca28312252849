//! The end that file and GStreamer sources share: a pipeline that ends in an `appsink`, watched by one thread.
//!
//! The sink holds nothing: each buffer is taken on the streaming thread and delivered before the next may come. How a
//! pipeline begins, and what its end means, is left to the kinds.

use std::ops::ControlFlow;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use media::picture::Picture;
use program::clock;

use super::Event;
use super::pace::{Schedule, Stop, Waiter};

/// How long opening waits for the first picture of what is no live device. Long enough for a disk that has to spin
/// up, short enough for a person who waits for the error.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(8);

/// Name of the sink within its pipeline; unlike any name a description may hold.
pub const SINK_NAME: &str = "theatre-pictures";

/// Who says when a picture is due.
pub enum Pace {
    /// The device, or GStreamer's clock: deliver at once.
    Device,
    /// The timestamps of a recording: wait on the streaming thread.
    Recording(Waiter),
}

/// Makes `sink` deliver every picture the moment its [`Pace`] says, and hold none.
pub fn equip(sink: &AppSink, pace: Pace, mut deliver: impl FnMut(Picture) + Send + 'static) {
    sink.set_sync(false);
    sink.set_max_buffers(1);
    sink.set_enable_last_sample(false);
    let mut schedule = Schedule::default();
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // Without `sync` the sink hands the buffer over the moment it arrives.
        let arrived = clock::now();
        let mut picture = Picture::from_sample(&sample, arrived).map_err(|error| {
            gst::element_error!(sink, gst::StreamError::Format, ("{error}"));
            gst::FlowError::NotNegotiated
        })?;
        if let Pace::Recording(waiter) = &pace {
            let timestamp = picture.buffer.pts().map(Duration::from);
            let due = schedule.due(timestamp, interval(&picture), arrived);
            if waiter.until(due).is_break() {
                return Err(gst::FlowError::Flushing);
            }
            picture.captured = clock::now();
        }
        deliver(picture);
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}

/// What a pipeline's end means to its source.
pub enum End {
    /// Everything was played, and the pipeline has stopped producing.
    Stream,
    /// A round of a segment was produced; the last of it may still be on its way to the sink.
    Segment,
}

/// How a pipeline stands once it was asked to get ready.
pub enum Ready {
    /// It has its first picture and waits to play.
    Prerolled,
    /// It is a live device: pictures come once it plays.
    Live,
}

/// A pipeline on its way to playing. Dropping it stops it.
#[derive(Debug)]
pub struct Branch(gst::Pipeline);

impl Branch {
    /// Takes charge of `pipeline`, whose sink is [`equip`]ped.
    pub fn new(pipeline: gst::Pipeline) -> Self {
        Self(pipeline)
    }

    /// Makes it ready to play, and waits until it is.
    ///
    /// # Errors
    /// Why it never will be, in one line.
    pub fn preroll(&self) -> Result<Ready, String> {
        match self.0.set_state(gst::State::Paused) {
            Ok(gst::StateChangeSuccess::NoPreroll) => Ok(Ready::Live),
            Ok(_) => self.wait().map(|()| Ready::Prerolled),
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// Goes to the beginning; pictures on their way are thrown away. Tells whether it will play in rounds, each of which
    /// ends with [`End::Segment`]; where the container cannot (an MPEG transport stream), it ends with [`End::Stream`].
    ///
    /// # Errors
    /// It broke; in one line.
    pub fn play_in_rounds(&self) -> Result<bool, String> {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::SEGMENT;
        if self.0.seek_simple(flags, gst::ClockTime::ZERO).is_ok() {
            return self.wait().map(|()| true);
        }
        // The refused seek has flushed the first picture away, so the pipeline begins anew.
        self.0.set_state(gst::State::Ready).map_err(|error| self.refusal(error))?;
        self.preroll().map(|_| false)
    }

    /// Plays it under the name of its source. At an end `go_on` is asked: `Continue` goes on, `Break` is final.
    ///
    /// # Errors
    /// The pipeline refuses to play, or the system refuses the thread; in one line.
    pub fn play(
        self,
        name: &str,
        stop: Option<Stop>,
        go_on: impl FnMut(&gst::Pipeline, End) -> ControlFlow<Event> + Send + 'static,
    ) -> Result<(Receiver<Event>, Playing), String> {
        self.0.set_state(gst::State::Playing).map_err(|error| self.refusal(error))?;
        // One event is a source's last word, so one place is enough.
        let (sender, events) = bounded(1);
        let pipeline = self.0.clone();
        let watch = Builder::new()
            .name(format!("source {name}"))
            .spawn(move || watch(&pipeline, &sender, go_on))
            .map_err(|error| format!("the system refuses a thread: {error}"))?;
        let playing = Playing { branch: self, stop, watch: Some(watch) };
        Ok((events, playing))
    }

    /// Waits until a state change or seek under way is done.
    fn wait(&self) -> Result<(), String> {
        let bus = self.0.bus().ok_or("the pipeline has no bus")?;
        let timeout = gst::ClockTime::try_from(OPEN_TIMEOUT).ok();
        let kinds = [gst::MessageType::AsyncDone, gst::MessageType::Error, gst::MessageType::Eos];
        match bus.timed_pop_filtered(timeout, &kinds).as_deref().map(gst::MessageRef::view) {
            Some(gst::MessageView::Error(error)) => Err(one_line(error)),
            Some(gst::MessageView::Eos(_)) => Err("it ends before its first picture".into()),
            Some(_) => Ok(()),
            None => Err(format!("no picture came within {} s", OPEN_TIMEOUT.as_secs())),
        }
    }

    /// Why a state change failed: what an element said, if one did.
    fn refusal(&self, error: gst::StateChangeError) -> String {
        let message = self.0.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match message.as_deref().map(gst::MessageRef::view) {
            Some(gst::MessageView::Error(told)) => one_line(told),
            _ => error.to_string(),
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        if let Err(error) = self.0.set_state(gst::State::Null) {
            tracing::warn!("a source did not stop cleanly: {error}");
        }
    }
}

/// A branch that plays until dropped.
#[derive(Debug)]
pub struct Playing {
    branch: Branch,
    stop: Option<Stop>,
    watch: Option<JoinHandle<()>>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.stop = None;
        let leave = gst::message::Application::new(gst::Structure::new_empty("leave"));
        if self.branch.0.post_message(leave).is_err() {
            tracing::debug!("a source's bus was closed before it was stopped");
        }
        if let Some(watch) = self.watch.take()
            && watch.join().is_err()
        {
            tracing::error!("the thread that watches a source panicked");
        }
    }
}

fn watch(
    pipeline: &gst::Pipeline,
    events: &Sender<Event>,
    mut go_on: impl FnMut(&gst::Pipeline, End) -> ControlFlow<Event>,
) {
    use gst::MessageView;
    let Some(bus) = pipeline.bus() else { return };
    for message in bus.iter_timed(None) {
        let next = match message.view() {
            MessageView::Application(_) => return,
            MessageView::Error(error) => ControlFlow::Break(Event::Failed { what: one_line(error) }),
            MessageView::Eos(_) => go_on(pipeline, End::Stream),
            MessageView::SegmentDone(_) => go_on(pipeline, End::Segment),
            _ => ControlFlow::Continue(()),
        };
        if let ControlFlow::Break(event) = next {
            // Full cannot be: this is the only event, and the thread ends with it.
            if events.try_send(event).is_err() {
                tracing::debug!("nobody listens to a source that ended");
            }
            return;
        }
    }
}

/// What GStreamer says, and the most specific line of its debugging text.
fn one_line(error: &gst::message::Error) -> String {
    let detail = error.debug().and_then(|debug| debug.lines().last().map(str::trim).map(str::to_owned));
    let text = error.error().message().trim_end_matches('.').to_owned();
    match detail.filter(|detail| !detail.is_empty() && *detail != text) {
        Some(detail) => format!("{text} ({detail})"),
        None => text,
    }
}

fn interval(picture: &Picture) -> Option<Duration> {
    let fps = picture.info.fps();
    let (pictures, seconds) = (u32::try_from(fps.numer()).ok()?, u32::try_from(fps.denom()).ok()?);
    (pictures > 0).then(|| Duration::from_secs(seconds.into()) / pictures)
}
