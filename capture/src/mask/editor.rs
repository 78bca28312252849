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
use program::clock;
use protocol::geometry::SizePx;

use super::drawing::{Act, Drawing};
use super::preview::{self, HINT, Preview};
use super::save;
use crate::config::mask::Areas;
use crate::config::{self, Display, Kind, Mask};
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
    /// Nothing has to be drawn.
    #[error("source {name}: its vital signs are drawn by theatre itself and name nobody: they need no mask")]
    Vitals {
        /// The source.
        name: String,
    },
    /// The source does not open.
    #[error(transparent)]
    Source(source::Error),
    /// The source does not open because another program has it.
    #[error("{0}; if that program is theatre, stop theatre while the mask is drawn, and start it again afterwards")]
    Taken(source::Error),
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
    if display.source.kind == Kind::Vitals {
        return Err(Error::Vitals { name: name.to_owned() });
    }
    let pictures = Arc::<Slot<Picture>>::default();
    let feed = Feed::open(config, &display, Arc::clone(&pictures))?;
    let size = feed.first(name, &pictures)?.size();
    let (events, happened) = bounded(EVENTS);
    let mask = areas(&display);
    let mut preview = Preview::new(size)?;
    if let Some(mask) = mask.filter(|mask| mask.size != size) {
        let told = stretched(mask.size, size);
        tracing::warn!("source {name}: its mask was {told}");
        preview.say(&format!("The mask was {told}.\n{HINT}"))?;
    }
    let (drawing, window) = (Drawing::new(size, mask), Window::open(name, events)?);
    Editor { config, name, drawing, preview, window }.run(&pictures, &happened, stop)
}

/// The areas that the file has already.
fn areas(display: &Display) -> Option<&Areas> {
    match &display.source.mask {
        Ok(Some(Mask::Areas(mask))) => Some(mask),
        _ => None,
    }
}

/// What is seen of a mask that was drawn on a picture of another size.
fn stretched(drawn_on: SizePx, size: SizePx) -> String {
    format!(
        "drawn on {}x{} and is stretched onto {}x{}, as `ctl mask confirm` would let it pass; save it if it fits",
        drawn_on.width, drawn_on.height, size.width, size.height
    )
}

/// Where pictures come from: a window that is up and so has the device open, else the source itself.
enum Feed {
    Shared { _reader: share::Reader },
    Own { running: source::Running },
}

impl Feed {
    fn open(config: &Path, display: &Display, pictures: Arc<Slot<Picture>>) -> Result<Self, Error> {
        let deliver = move |picture| {
            pictures.put(picture);
        };
        let (windows, _) = config::window_names(config)?;
        if windows.contains(&display.name) && is_up(display) {
            let socket = run_dir::pictures(&display.run_dir, &display.name);
            return Ok(Self::Shared { _reader: share::Reader::start(&socket, deliver)? });
        }
        Ok(Self::Own { running: source::open(&display.name, &display.source, deliver).map_err(unopened)? })
    }

    /// The first picture of the source called `name`.
    fn first(&self, name: &str, pictures: &Slot<Picture>) -> Result<Picture, Error> {
        let until = clock::now() + FIRST_PICTURE;
        while clock::now() < until {
            if let Some((_, picture)) = pictures.wait_newer(0, REDRAW) {
                return Ok(picture);
            }
            let Self::Own { running } = self else { continue };
            let Ok(event) = running.events().try_recv() else { continue };
            // It may have come just before the source's end.
            let first = pictures.newer_than(0).map(|(_, picture)| picture);
            return first.ok_or_else(|| over(name, event));
        }
        Err(Error::NoPicture { name: name.to_owned() })
    }
}

/// Whether the source's window is up. Its place is given back at once: the surgeon's window may start at any time.
fn is_up(display: &Display) -> bool {
    matches!(run_dir::Claim::take(&display.run_dir, &display.name), Err(run_dir::Error::Running { .. }))
}

fn over(name: &str, event: source::Event) -> Error {
    let reason = match event {
        source::Event::Failed { what } | source::Event::Unfit { what } => what,
        source::Event::Ended => "it ended before its first picture".to_owned(),
    };
    unopened(source::Error::Unavailable { name: name.to_owned(), reason })
}

/// Why the source gives nothing, and what to do if somebody else has it (`source::fault`).
fn unopened(error: source::Error) -> Error {
    match &error {
        source::Error::Unavailable { reason, .. } if reason.contains("another program") => Error::Taken(error),
        _ => Error::Source(error),
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
            NavigationEvent::MouseButtonRelease { button: 1, x, y, .. } => {
                self.drawing.released(x, y);
                // What stood there was true of what was drawn before.
                self.preview.say(HINT)?;
            }
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
        // A window that is smaller than the preview shows all of it, if out of shape: `videoscale` turns places in the
        // window into places in the preview, but takes no account of borders.
        let line = "appsrc name=pictures is-live=true format=time do-timestamp=true max-buffers=1 leaky-type=downstream ! \
                    videoconvert ! videoscale add-borders=false ! video/x-raw,pixel-aspect-ratio=1/1 ! \
                    ximagesink sync=false";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vital_signs_that_theatre_draws_need_no_mask() {
        let path = std::env::temp_dir().join(format!("mask-vitals-{}.toml", std::process::id()));
        let text = "primary = \"scope\"\n[source.signs]\nrole = \"vitals\"\nkind = \"vitals\"\n";
        std::fs::write(&path, text).unwrap();
        let (_alive, stop) = bounded(1);
        let error = run(&path, "signs", &stop).unwrap_err().to_string();
        std::fs::remove_file(path).unwrap();
        assert!(error.contains("source signs") && error.contains("need no mask"), "{error}");
    }

    #[test]
    fn who_has_a_source_is_told_with_what_to_do_and_other_faults_as_they_are() {
        let told = |reason: &str| {
            unopened(source::Error::Unavailable { name: "scope".into(), reason: reason.into() }).to_string()
        };
        let [taken, port, gone] =
            ["busy: another program uses it; end that program", "another program has this port", "it is gone"]
                .map(told);
        assert!(taken.ends_with("start it again afterwards") && port.contains("stop theatre"), "{taken} {port}");
        assert_eq!(gone, "source scope: it is gone");
    }

    #[test]
    fn a_window_is_up_while_its_program_holds_its_place_and_asking_leaves_the_place_free() {
        let run_dir = std::env::temp_dir().join(format!("mask-window-{}", std::process::id()));
        let source = config::Source::new(protocol::layout::Role::Endoscope, Kind::Vitals);
        let display = Display { name: "scope".into(), source, window: Default::default(), run_dir: run_dir.clone() };
        assert!(!is_up(&display));
        let claim = run_dir::Claim::take(&run_dir, "scope").unwrap();
        assert!(is_up(&display));
        drop(claim);
        std::fs::remove_dir_all(run_dir).unwrap();
    }
}
