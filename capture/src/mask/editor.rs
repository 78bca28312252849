//! `capture-node masks`: a window that shows a source, in which its mask is drawn and written into the configuration.
//! What the pointer draws is `drawing`'s, what is seen `preview`'s, the file `save`'s.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video::{NavigationEvent, VideoInfo};
use media::picture::Picture;
use media::slot::Slot;
use protocol::geometry::SizePx;

use super::drawing::{Act, Drawing};
use super::preview::{self, HINT, Preview};
use super::save;
use crate::config::mask::Area;
use crate::config::{self, Display, Mask};
use crate::{run_dir, share, source};

/// How long the source may take to give its first picture: as long as opening waits for a disk, and a camera's start.
const FIRST_PICTURE: Duration = Duration::from_secs(15);
/// How often the window is drawn anew at most: what is dragged follows the hand.
const REDRAW: Duration = Duration::from_millis(40);
/// Events of pointer and keys that may wait. Beyond them they are dropped: nobody moves a hand as fast.
const EVENTS: usize = 256;

/// Why no mask can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has to be mended.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// GStreamer is missing.
    #[error(transparent)]
    Library(#[from] media::InitError),
    /// The source does not open.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The pictures of a window cannot be followed.
    #[error(transparent)]
    Share(#[from] share::Error),
    /// The source gives nothing.
    #[error("source {name}: no picture came within {} s; is it switched on?", FIRST_PICTURE.as_secs())]
    NoPicture {
        /// The source.
        name: String,
    },
    /// The source gives pictures of another size than those that were drawn on.
    #[error("source {name}: its pictures became {}x{}; start again to draw on these", size.width, size.height)]
    Resized {
        /// The source.
        name: String,
        /// Their size.
        size: SizePx,
    },
    /// No window opens, or it broke.
    #[error(
        "the preview's window does not work: {reason}; DISPLAY is {display}: start the X server or set DISPLAY to it"
    )]
    Window {
        /// What GStreamer says.
        reason: String,
        /// The environment's `DISPLAY`.
        display: String,
    },
    /// A picture cannot be shown.
    #[error(transparent)]
    Preview(#[from] preview::Error),
}

/// Shows the source called `name` of the file at `config` until the window is closed or `stop` receives or closes. Whatever
/// is wrong elsewhere in the file, a missing mask among it, does not matter.
///
/// # Errors
/// [`Error`]. That a mask cannot be saved is said in the window and the log.
pub fn run(config: &Path, name: &str, stop: &Receiver<()>) -> Result<(), Error> {
    media::init()?;
    let (display, _) = Display::of_any_kind(config, Some(name))?;
    let pictures = Arc::<Slot<Picture>>::default();
    let _feed = Feed::open(config, &display, Arc::clone(&pictures))?;
    let first = pictures.wait_newer(0, FIRST_PICTURE).ok_or_else(|| Error::NoPicture { name: name.to_owned() })?.1;
    let size = first.size();
    let (events, happened) = bounded(EVENTS);
    let editor = Editor {
        config,
        name,
        drawing: Drawing::new(size, areas(&display, size)),
        preview: Preview::new(size)?,
        window: Window::open(name, events)?,
    };
    editor.run(&pictures, &happened, stop)
}

/// The areas that the file has already, if they were drawn on pictures of this size.
fn areas(display: &Display, size: SizePx) -> Vec<Area> {
    match &display.source.mask {
        Ok(Some(Mask::Areas(mask))) if mask.size == size => mask.areas.clone(),
        Ok(Some(Mask::Areas(mask))) => {
            let (width, height) = (mask.size.width, mask.size.height);
            let name = &display.name;
            tracing::warn!("source {name}: its mask is for pictures of {width}x{height}; begun anew");
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Where pictures come from: a window that has the device open, else the source itself.
enum Feed {
    Shared { _reader: share::Reader },
    Own { _running: source::Running },
}

impl Feed {
    fn open(config: &Path, display: &Display, pictures: Arc<Slot<Picture>>) -> Result<Self, Error> {
        let deliver = move |picture| {
            pictures.put(picture);
        };
        let socket = run_dir::pictures(&display.run_dir, &display.name);
        let (windows, _) = config::window_names(config)?;
        if windows.contains(&display.name) && socket.exists() {
            return Ok(Self::Shared { _reader: share::Reader::start(&socket, deliver)? });
        }
        Ok(Self::Own { _running: source::open(&display.name, &display.source, deliver)? })
    }
}

struct Editor<'a> {
    config: &'a Path,
    name: &'a str,
    drawing: Drawing,
    preview: Preview,
    window: Window,
}

impl Editor<'_> {
    fn run(
        mut self,
        pictures: &Slot<Picture>,
        happened: &Receiver<NavigationEvent>,
        stop: &Receiver<()>,
    ) -> Result<(), Error> {
        let mut seen = 0;
        let mut newest = None;
        loop {
            let first = match happened.recv_timeout(REDRAW) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            for event in first.into_iter().chain(happened.try_iter()) {
                if self.take(event)? == Act::Quit {
                    return Ok(());
                }
            }
            if stop.try_recv() != Err(TryRecvError::Empty) {
                return Ok(());
            }
            if let Some((sequence, picture)) = pictures.newer_than(seen) {
                (seen, newest) = (sequence, Some(picture));
            }
            if let Some(picture) = &newest {
                self.show(picture)?;
            }
        }
    }

    fn take(&mut self, event: NavigationEvent) -> Result<Act, Error> {
        match event {
            NavigationEvent::MouseButtonPress { button: 1, x, y, .. } => self.drawing.pressed(x, y),
            NavigationEvent::MouseButtonRelease { button: 1, x, y, .. } => self.drawing.released(x, y),
            NavigationEvent::MouseMove { x, y, .. } => self.drawing.moved(x, y),
            NavigationEvent::KeyPress { key, .. } => match self.drawing.key(&key) {
                Act::Save => self.save()?,
                Act::Quit => return Ok(Act::Quit),
                Act::None => self.preview.say(HINT)?,
            },
            _ => {}
        }
        Ok(Act::None)
    }

    fn save(&mut self) -> Result<(), Error> {
        if self.drawing.areas().is_empty() {
            return Ok(self
                .preview
                .say("Nothing is drawn. For nothing to cover write mask = \"none\" into the file.")?);
        }
        let (size, areas) = (self.drawing.size(), self.drawing.areas());
        match save::save(self.config, self.name, size, areas) {
            Ok(()) => {
                tracing::info!(
                    "source {}: its mask is saved, {} areas; it holds when capture-node starts anew",
                    self.name,
                    areas.len()
                );
                Ok(self.preview.say("Saved. It holds when capture-node starts anew.")?)
            }
            Err(error) => {
                tracing::error!("{error}");
                Ok(self.preview.say(&error.to_string())?)
            }
        }
    }

    fn show(&mut self, picture: &Picture) -> Result<(), Error> {
        if picture.size() != self.drawing.size() {
            return Err(Error::Resized { name: self.name.to_owned(), size: picture.size() });
        }
        let preview = self.preview.of(picture, &self.drawing)?;
        self.window.show(preview)
    }
}

/// The window.
struct Window {
    pipeline: gst::Pipeline,
    input: gst_app::AppSrc,
    kind: Option<VideoInfo>,
}

impl Window {
    fn open(name: &str, events: Sender<NavigationEvent>) -> Result<Self, Error> {
        // The sink takes its window's title from here.
        gst::glib::set_application_name(&format!("Mask \u{2013} {name}"));
        let line = "appsrc name=pictures is-live=true format=time do-timestamp=true max-buffers=1 leaky-type=downstream ! \
                    videoconvert ! ximagesink sync=false";
        let pipeline = gst::parse::launch(line).map_err(|error| broken(error.message()))?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| broken("no pipeline"))?;
        let input = pipeline.by_name("pictures").and_downcast::<gst_app::AppSrc>().ok_or_else(|| broken("no input"))?;
        let pad = input.static_pad("src").ok_or_else(|| broken("the input has no pad"))?;
        pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
            if let Some(gst::PadProbeData::Event(event)) = &info.data
                && let Ok(event) = NavigationEvent::parse(event)
            {
                // Full: the hand is faster than anybody's; see `EVENTS`.
                events.try_send(event).ok();
            }
            gst::PadProbeReturn::Ok
        });
        let window = Self { pipeline, input, kind: None };
        match window.pipeline.set_state(gst::State::Playing) {
            Ok(_) => Ok(window),
            Err(error) => Err(window.fault().unwrap_or_else(|| broken(&error.to_string()))),
        }
    }

    fn show(&mut self, picture: Picture) -> Result<(), Error> {
        if self.kind.as_ref() != Some(&picture.info) {
            let caps = picture.info.to_caps().map_err(|error| broken(&error.to_string()))?;
            self.input.set_caps(Some(&caps));
            self.kind = Some(picture.info);
        }
        let pushed = self.input.push_buffer(picture.buffer);
        match self.fault() {
            Some(fault) => Err(fault),
            None => pushed.map(drop).map_err(|error| broken(&error.to_string())),
        }
    }

    fn fault(&self) -> Option<Error> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        match message.view() {
            gst::MessageView::Error(error) => Some(broken(error.error().message())),
            _ => None,
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::warn!("the preview's window did not close cleanly: {error}");
        }
    }
}

fn broken(reason: &str) -> Error {
    let display = std::env::var("DISPLAY").unwrap_or_else(|_| "not set".to_owned());
    Error::Window { reason: reason.to_owned(), display }
}
