//! The end that all kinds with a pipeline share: an `appsink`, watched by one thread.
//!
//! The sink holds nothing: each buffer is taken on the streaming thread, brought into order ([`Normal`]) and delivered
//! before the next may come. How a pipeline begins, and what its end means, is left to the kinds.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use media::picture::Picture;
use program::clock;
use protocol::time::MonoTime;

use super::Event;
use super::fault::{self, Words};
use super::normal::Normal;
use super::pace::{Schedule, Stop, Waiter};

/// How long opening waits for the first picture of what is no live device. Long enough for a disk that has to spin
/// up, short enough for a person who waits for the error.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(8);

/// Name of the sink within its pipeline; unlike any name a description may hold.
pub const SINK_NAME: &str = "theatre-pictures";

/// Time after its opening within which a live source's first picture must come: network cameras send a picture that
/// stands alone every ten seconds at least, and nothing can be decoded before it.
const FIRST_PICTURE_WITHIN: Duration = Duration::from_secs(15);

/// Longest silence of a live source after that. It is opened anew then, since a peer that was restarted knows nothing of
/// the old session. Several times what a switch or a grabber takes to find its signal again by itself.
const MAX_SILENCE: Duration = Duration::from_secs(5);

/// How often a live source's silence is looked at.
const LOOK: gst::ClockTime = gst::ClockTime::from_mseconds(500);

/// Who says when a picture is due.
pub enum Pace {
    /// The device, or GStreamer's clock: deliver at once.
    Device,
    /// The timestamps of a recording: wait on the streaming thread.
    Recording(Waiter),
}

/// When the newest picture arrived, in microseconds of this machine's clock; 0 before the first.
pub type Arrivals = Arc<AtomicU64>;

/// Makes `sink` deliver every picture, brought into order by `normal`, the moment its [`Pace`] says, and hold none.
pub fn equip(
    sink: &AppSink,
    pace: Pace,
    mut normal: Normal,
    mut deliver: impl FnMut(Picture) + Send + 'static,
) -> Arrivals {
    sink.set_sync(false);
    sink.set_max_buffers(1);
    sink.set_enable_last_sample(false);
    let mut schedule = Schedule::default();
    let arrivals = Arrivals::default();
    let newest = Arc::clone(&arrivals);
    let callbacks = AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // Without `sync` the sink hands the buffer over the moment it arrives.
        let arrived = clock::now();
        newest.store(arrived.0, Ordering::Relaxed);
        let refused = |error: &dyn std::error::Error| {
            gst::element_error!(sink, gst::StreamError::Format, ("{error}"));
            gst::FlowError::NotNegotiated
        };
        let picture = Picture::from_sample(&sample, arrived).map_err(|error| refused(&error))?;
        let (timestamp, interval) = (picture.buffer.pts().map(Duration::from), interval(&picture));
        let mut picture = normal.bring(picture).map_err(|error| refused(&error))?;
        if let Pace::Recording(waiter) = &pace {
            let due = schedule.due(timestamp, interval, arrived);
            if waiter.until(due).is_break() {
                return Err(gst::FlowError::Flushing);
            }
            picture.captured = clock::now();
        }
        deliver(picture);
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    arrivals
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
pub struct Branch {
    pipeline: gst::Pipeline,
    words: &'static Words,
    /// Set for a live source, whose silence is a failure.
    arrivals: Option<Arrivals>,
}

impl Branch {
    /// Takes charge of `pipeline`, whose sink is [`equip`]ped.
    pub fn new(pipeline: gst::Pipeline) -> Self {
        Self { pipeline, words: &fault::PLAIN, arrivals: None }
    }

    /// Takes charge of a device's or a network's `pipeline`: its failures are told in `words`, and silence is one.
    pub fn live(pipeline: gst::Pipeline, words: &'static Words, arrivals: Arrivals) -> Self {
        Self { pipeline, words, arrivals: Some(arrivals) }
    }

    /// Opens the device, so that it can be asked what it offers.
    ///
    /// # Errors
    /// Why it does not open, in one line.
    pub fn ready(&self) -> Result<(), String> {
        self.pipeline.set_state(gst::State::Ready).map(drop).map_err(|error| self.refusal(error))
    }

    /// Makes it ready to play, and waits until it is.
    ///
    /// # Errors
    /// Why it never will be, in one line.
    pub fn preroll(&self) -> Result<Ready, String> {
        match self.pipeline.set_state(gst::State::Paused) {
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
        if self.pipeline.seek_simple(flags, gst::ClockTime::ZERO).is_ok() {
            return self.wait().map(|()| true);
        }
        // The refused seek has flushed the first picture away, so the pipeline begins anew.
        self.pipeline.set_state(gst::State::Ready).map_err(|error| self.refusal(error))?;
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
        self.pipeline.set_state(gst::State::Playing).map_err(|error| self.refusal(error))?;
        // One event is a source's last word, so one place is enough.
        let (sender, events) = bounded(1);
        let watch = Watch {
            pipeline: self.pipeline.clone(),
            words: self.words,
            vigil: self.arrivals.clone().map(|arrivals| Vigil { arrivals, opened: clock::now() }),
        };
        let watch = Builder::new()
            .name(format!("source {name}"))
            .spawn(move || watch.keep(&sender, go_on))
            .map_err(|error| format!("the system refuses a thread: {error}"))?;
        let playing = Playing { branch: self, stop, watch: Some(watch) };
        Ok((events, playing))
    }

    /// Waits until a state change or seek under way is done.
    fn wait(&self) -> Result<(), String> {
        let bus = self.pipeline.bus().ok_or("the pipeline has no bus")?;
        let timeout = gst::ClockTime::try_from(OPEN_TIMEOUT).ok();
        let kinds = [gst::MessageType::AsyncDone, gst::MessageType::Error, gst::MessageType::Eos];
        match bus.timed_pop_filtered(timeout, &kinds).as_deref().map(gst::MessageRef::view) {
            Some(gst::MessageView::Error(error)) => Err(self.words.tell(error)),
            Some(gst::MessageView::Eos(_)) => Err("it ends before its first picture".into()),
            Some(_) => Ok(()),
            None => Err(format!("no picture came within {} s", OPEN_TIMEOUT.as_secs())),
        }
    }

    /// Why a state change failed: what an element said, if one did.
    fn refusal(&self, error: gst::StateChangeError) -> String {
        let message = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match message.as_deref().map(gst::MessageRef::view) {
            Some(gst::MessageView::Error(told)) => self.words.tell(told),
            _ => self.words.put(self.words.own, &error.to_string(), None),
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
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
        if self.branch.pipeline.post_message(leave).is_err() {
            tracing::debug!("a source's bus was closed before it was stopped");
        }
        if let Some(watch) = self.watch.take()
            && watch.join().is_err()
        {
            tracing::error!("the thread that watches a source panicked");
        }
    }
}

/// What one thread watches.
struct Watch {
    pipeline: gst::Pipeline,
    words: &'static Words,
    vigil: Option<Vigil>,
}

impl Watch {
    fn keep(&self, events: &Sender<Event>, mut go_on: impl FnMut(&gst::Pipeline, End) -> ControlFlow<Event>) {
        let Some(bus) = self.pipeline.bus() else { return };
        loop {
            let message = bus.timed_pop(self.vigil.is_some().then_some(LOOK));
            let told = match message.as_deref().map(gst::MessageRef::view) {
                Some(gst::MessageView::Application(_)) => return,
                Some(gst::MessageView::Error(error)) => ControlFlow::Break(self.over(error)),
                Some(gst::MessageView::Eos(_)) => go_on(&self.pipeline, End::Stream),
                Some(gst::MessageView::SegmentDone(_)) => go_on(&self.pipeline, End::Segment),
                Some(_) => ControlFlow::Continue(()),
                None if self.vigil.is_some() => ControlFlow::Continue(()),
                // Only a bus that is closed gives nothing without a time-out.
                None => return,
            };
            let next = match (told, &self.vigil) {
                (ControlFlow::Continue(()), Some(vigil)) => vigil.look(clock::now(), self.words),
                (told, _) => told,
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
}

impl Watch {
    /// That the source has failed; or that all is well with it but for what its pictures are.
    fn over(&self, error: &gst::message::Error) -> Event {
        let (what, told) = (self.words.tell(error), error.error());
        let kinds = [gst::StreamError::Format, gst::StreamError::WrongType, gst::StreamError::CodecNotFound];
        let is_unfit = told.kind::<gst::StreamError>().is_some_and(|kind| kinds.contains(&kind));
        if is_unfit || error.debug().is_some_and(|debug| debug.contains("not-negotiated")) {
            return Event::Unfit { what };
        }
        Event::Failed { what }
    }
}

/// Whether a live source still gives pictures.
struct Vigil {
    arrivals: Arrivals,
    opened: MonoTime,
}

impl Vigil {
    fn look(&self, now: MonoTime, words: &Words) -> ControlFlow<Event> {
        let (newest, patience) = match self.arrivals.load(Ordering::Relaxed) {
            0 => (self.opened, FIRST_PICTURE_WITHIN),
            newest => (MonoTime(newest), MAX_SILENCE),
        };
        if now.since(newest) < patience {
            return ControlFlow::Continue(());
        }
        let what = format!("no picture came for {} s: {}", patience.as_secs(), words.silent);
        ControlFlow::Break(Event::Failed { what })
    }
}

fn interval(picture: &Picture) -> Option<Duration> {
    let fps = picture.info.fps();
    let (pictures, seconds) = (u32::try_from(fps.numer()).ok()?, u32::try_from(fps.denom()).ok()?);
    (pictures > 0).then(|| Duration::from_secs(seconds.into()) / pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words = Words { silent: "look at the cable", ..fault::PLAIN };

    fn silence(opened: u64, newest: u64, now: u64) -> Option<String> {
        let seconds = |seconds: u64| MonoTime(seconds * 1_000_000);
        let vigil = Vigil { arrivals: Arc::new(AtomicU64::new(seconds(newest).0)), opened: seconds(opened) };
        match vigil.look(seconds(now), &WORDS) {
            ControlFlow::Break(Event::Failed { what }) => Some(what),
            ControlFlow::Break(event) => panic!("{event:?}"),
            ControlFlow::Continue(()) => None,
        }
    }

    #[test]
    fn a_live_source_may_take_its_time_for_the_first_picture_and_less_for_the_next() {
        assert_eq!(silence(100, 0, 114), None);
        assert_eq!(silence(100, 0, 115).unwrap(), "no picture came for 15 s: look at the cable");
        assert_eq!(silence(100, 200, 204), None);
        assert_eq!(silence(100, 200, 205).unwrap(), "no picture came for 5 s: look at the cable");
    }
}
