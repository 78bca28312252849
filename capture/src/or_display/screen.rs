//! The monitor's end: pictures into a GStreamer sink, and the moment each arrives there. What is on them is not known
//! here.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video::prelude::*;
use gstreamer_video::{NavigationEvent, VideoInfo, VideoOverlay};
use media::picture::Picture;
use program::clock;
use protocol::time::MonoTime;

use super::hand::{Ear, Press};
use super::monitor::Window;
use super::output;
use crate::config;
use crate::config::Output;

/// Why pictures cannot be put on the monitor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the window names is not here.
    #[error("window.{name}.{key}: {reason}")]
    Absent {
        /// The window.
        name: String,
        /// Its key.
        key: &'static str,
        /// What is not here, and what is.
        reason: String,
    },
    /// The sink's description has to be mended.
    #[error("window.{name}.sink = \"{sink}\": {reason}; it must be a GStreamer sink such as \"ximagesink\"")]
    Description {
        /// The window.
        name: String,
        /// Its key.
        sink: String,
        /// What GStreamer says.
        reason: String,
    },
    /// The sink does not open, or stopped working.
    #[error(
        "the display's sink `{sink}` does not work: {reason}; DISPLAY is {display}: start the X server or set DISPLAY \
         to it, or name another sink with the key `sink` in [window.{name}]"
    )]
    Unavailable {
        /// The window.
        name: String,
        /// Its sink.
        sink: String,
        /// What GStreamer says.
        reason: String,
        /// The environment's `DISPLAY`.
        display: String,
    },
}

/// One window, or whatever the sink makes of it.
pub struct Screen {
    name: String,
    sink: String,
    pipeline: gst::Pipeline,
    input: gst_app::AppSrc,
    kind: Option<VideoInfo>,
    arrivals: Receiver<MonoTime>,
    /// Goes after the pipeline that shows pictures in it.
    _window: Option<Window>,
}

impl Screen {
    /// Opens the output of the window called `name`. What is pressed there goes to `ear`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(name: &str, window: &config::Window, ear: Ear) -> Result<Self, Error> {
        let output = window.output();
        let absent = |key| move |reason| Error::Absent { name: name.into(), key, reason };
        let sink = output::description(&output).map_err(absent("kms"))?;
        // Sinks that make a window of their own take its title from here.
        let title = format!("OR display \u{2013} {name}");
        gst::glib::set_application_name(&title);
        let window = match &output {
            Output::Monitor(monitor) => Some(Window::open(monitor, &title, ear.clone()).map_err(absent("monitor"))?),
            Output::Sink(_) | Output::Kms(_) | Output::DeckLink(_) => None,
        };
        let (arrived, arrivals) = bounded(1);
        let built = build(&sink, Ears { arrived, ear }, window.as_ref());
        let described = |error: gst::glib::Error| Error::Description {
            name: name.into(),
            sink: sink.clone(),
            reason: error.message().into(),
        };
        let (pipeline, input) = built.map_err(described)?;
        let screen = Self { name: name.into(), sink, pipeline, input, kind: None, arrivals, _window: window };
        match screen.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(screen),
            Err(error) => Err(screen.told_fault().unwrap_or_else(|| screen.unavailable(error.to_string()))),
        }
    }

    /// Receives when a picture reached the sink's own pad: once for each [`Screen::show`], which the caller waits for
    /// before it shows the next, so that nothing is ever queued here.
    pub fn arrivals(&self) -> &Receiver<MonoTime> {
        &self.arrivals
    }

    /// Puts `picture` on the way to the sink.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the sink stopped working.
    pub fn show(&mut self, picture: Picture) -> Result<(), Error> {
        if self.kind.as_ref() != Some(&picture.info) {
            let caps = picture.info.to_caps().map_err(|error| self.unavailable(error.to_string()))?;
            self.input.set_caps(Some(&caps));
            self.kind = Some(picture.info);
        }
        match self.input.push_buffer(picture.buffer) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.told_fault().unwrap_or_else(|| self.unavailable(error.to_string()))),
        }
    }

    /// Whether the sink still works.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if not: also when someone closed the window.
    pub fn check(&self) -> Result<(), Error> {
        self.told_fault().map_or(Ok(()), Err)
    }

    /// It cannot be used, for this reason.
    pub fn broken(&self, reason: String) -> Error {
        self.unavailable(reason)
    }

    fn told_fault(&self) -> Option<Error> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(self.unavailable(error.error().message().into())),
            _ => None,
        }
    }

    fn unavailable(&self, reason: String) -> Error {
        let display = std::env::var("DISPLAY").map_or_else(|_| "not set".into(), |display| format!("`{display}`"));
        Error::Unavailable { name: self.name.clone(), sink: self.sink.clone(), reason, display }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::warn!("window {}: {error}", self.name);
        }
    }
}

/// `videoscale` and `videoconvert` pass pictures through untouched when the sink takes BGRx of their size.
fn build(
    sink: &str,
    ears: Ears,
    window: Option<&Window>,
) -> Result<(gst::Pipeline, gst_app::AppSrc), gst::glib::Error> {
    let failed = |error: gst::glib::BoolError| gst::glib::Error::new(gst::CoreError::Failed, &error.message);
    let input = gst_app::AppSrc::builder().is_live(true).do_timestamp(true).format(gst::Format::Time).build();
    let scale = gst::ElementFactory::make("videoscale").property("add-borders", true).build().map_err(failed)?;
    let convert = gst::ElementFactory::make("videoconvert").build().map_err(failed)?;
    let sink = gst::parse::bin_from_description(sink, true)?;
    watch(&sink, ears, window)?;
    let pipeline = gst::Pipeline::new();
    let elements = [input.upcast_ref(), &scale, &convert, sink.upcast_ref()];
    pipeline.add_many(elements).map_err(failed)?;
    gst::Element::link_many(elements).map_err(failed)?;
    Ok((pipeline, input))
}

/// Where news of the sink go.
struct Ears {
    arrived: Sender<MonoTime>,
    ear: Ear,
}

/// Finds the sink itself in its bin, takes the clock from it, gives it its window, stamps what arrives at its pad, and hears
/// what is pressed in its window.
fn watch(bin: &gst::Bin, Ears { arrived, ear }: Ears, window: Option<&Window>) -> Result<(), gst::glib::Error> {
    let no_sink = || gst::glib::Error::new(gst::CoreError::Failed, "there is no sink for pictures in it");
    let sink = bin.iterate_sinks().into_iter().flatten().next().ok_or_else(no_sink)?;
    let pad = sink.static_pad("sink").ok_or_else(no_sink)?;
    // With a clock the sink would hold pictures back by the pipeline's latency.
    if sink.has_property("sync") {
        sink.set_property("sync", false);
    }
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        match arrived.try_send(clock::now()) {
            // Full: a sink that shows a picture twice by itself. Disconnected: the screen is being closed.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
        gst::PadProbeReturn::Ok
    });
    pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
        let press = info.event().and_then(|event| NavigationEvent::parse(event).ok()).and_then(pressed);
        press.into_iter().for_each(|press| ear.hear(&press));
        gst::PadProbeReturn::Ok
    });
    if let (Some(window), Some(overlay)) = (window, sink.dynamic_cast_ref::<VideoOverlay>()) {
        show_in(overlay, window);
    }
    Ok(())
}

#[expect(unsafe_code, reason = "the binding takes any number for a window; this one lives longer than the sink")]
fn show_in(overlay: &VideoOverlay, window: &Window) {
    unsafe { overlay.set_window_handle(window.id() as usize) }
}

/// What a person did, if it is a press or the end of one.
fn pressed(event: NavigationEvent) -> Option<Press> {
    match event {
        NavigationEvent::KeyPress { key, .. } => Some(Press::Key(key)),
        NavigationEvent::KeyRelease { key, .. } => Some(Press::Release(key)),
        NavigationEvent::MouseButtonPress { button: 1, .. } | NavigationEvent::TouchDown { .. } => Some(Press::Touch),
        _ => None,
    }
}
