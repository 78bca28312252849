//! One input of theatre, opened: pictures out of a generated scene, a file, a GStreamer description, a device of this
//! machine or a network. One file a kind.
//!
//! Each picture is handed to the caller on the source's own thread, progressive and with square pixels, stamped at the
//! moment it arrived from the device's own part, before any conversion; nothing is queued on the way. What becomes of a
//! picture, and opening a source again after it failed, is left to the caller.

mod branch;
mod decklink;
mod decode;
mod fault;
mod file;
mod gstreamer;
mod live;
mod normal;
mod pace;
mod rtp;
mod rtsp;
mod scene;
mod screen;
mod secret;
mod srt;
mod v4l2;

use std::path::PathBuf;

use crossbeam_channel::Receiver;
use media::picture::Picture;

use crate::config::{Kind, Source};
use normal::Normal;

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there, or not readable. It may come.
    #[error("source {name}: {}: {reason}; put a video file there or mend `location`", location.display())]
    Missing {
        /// The source.
        name: String,
        /// Its file.
        location: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is there, but no video can be got out of it.
    #[error("source {name}: {} is no video that can be played: {reason}; name another file in `location`", location.display())]
    NotVideo {
        /// The source.
        name: String,
        /// Its file.
        location: PathBuf,
        /// What GStreamer says.
        reason: String,
    },
    /// The bin description has to be mended.
    #[error("source {name}: `bin` = \"{bin}\": {fault}")]
    Description {
        /// The source.
        name: String,
        /// The description.
        bin: String,
        /// What is wrong with it, where, and how to mend it.
        fault: String,
    },
    /// The machine lacks something or a device does not work now: trying again later may help.
    #[error("source {name}: {reason}")]
    Unavailable {
        /// The source.
        name: String,
        /// What failed, and how to mend it.
        reason: String,
    },
}

/// What a source says of itself after it was opened. It delivers nothing after either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The device or description came to its end.
    Ended,
    /// It broke.
    Failed {
        /// What happened, in one line.
        what: String,
    },
}

/// An opened source. Dropping it stops it: when `drop` returns, no picture is delivered any more.
#[derive(Debug)]
pub struct Running {
    events: Receiver<Event>,
    _part: Part,
}

/// What makes the pictures; each part stops and joins its threads when dropped.
#[derive(Debug)]
enum Part {
    Pipeline { _playing: branch::Playing },
    Thread { _thread: pace::Thread },
}

impl From<branch::Playing> for Part {
    fn from(playing: branch::Playing) -> Self {
        Self::Pipeline { _playing: playing }
    }
}

impl From<pace::Thread> for Part {
    fn from(thread: pace::Thread) -> Self {
        Self::Thread { _thread: thread }
    }
}

impl Running {
    /// Receives at most one event: the source's end. Closed without one while the source is being dropped.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }
}

/// Opens `source`, which errors call `name`, and hands every picture to `deliver` until the result is dropped.
///
/// Waits at most some seconds until it is known whether a file or a description gives pictures.
/// `deliver` runs on the source's thread and holds the next picture up for as long as it takes.
///
/// # Errors
/// [`Error`], split by what has to be mended.
pub fn open(name: &str, source: &Source, deliver: impl FnMut(Picture) + Send + 'static) -> Result<Running, Error> {
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    media::init().map_err(|error| unavailable(error.to_string()))?;
    let normal = Normal::new(source.deinterlace);
    match &source.kind {
        Kind::Scene(scene) => scene::open(name, *scene, deliver).map_err(unavailable).map(running),
        Kind::File { location } => file::open(name, location, normal, deliver).map(running),
        Kind::Gstreamer { bin } => gstreamer::open(name, bin, normal, deliver).map(running),
        Kind::V4l2(camera) => v4l2::open(name, camera, normal, deliver).map(running),
        Kind::Decklink(card) => decklink::open(name, card, normal, deliver).map(running),
        Kind::Rtsp(camera) => rtsp::open(name, camera, normal, deliver).map(running),
        Kind::Srt(encoder) => srt::open(name, encoder, normal, deliver).map(running),
        Kind::Rtp(encoder) => rtp::open(name, encoder, normal, deliver).map(running),
        Kind::Screen(screen) => screen::open(name, screen, deliver).map_err(unavailable).map(running),
    }
}

fn running((events, part): (Receiver<Event>, impl Into<Part>)) -> Running {
    Running { events, _part: part.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use crossbeam_channel::{TryRecvError, bounded};
    use protocol::colour::{Colour, Matrix, Range};
    use protocol::geometry::SizePx;
    use protocol::layout::Role;

    use crate::config::{Deinterlace, Scene, Scenery};

    fn source(kind: Kind) -> Source {
        Source { role: Role::Endoscope, kind, deinterlace: Deinterlace::default() }
    }

    fn bars(colour: Colour) -> Source {
        source(Kind::Scene(Scene {
            scenery: Scenery::Bars,
            size: Some(SizePx { width: 322, height: 182 }),
            fps: Some(100),
            colour,
        }))
    }

    #[test]
    fn a_scene_delivers_pictures_of_its_size_and_colour_in_order() {
        let colour = Colour { matrix: Matrix::Bt601, range: Range::Full };
        let (sender, pictures) = bounded(5);
        let _running = open("bars", &bars(colour), move |picture| {
            // Pictures after the fifth are not looked at.
            sender.try_send(picture).ok();
        })
        .unwrap();
        let pictures: Vec<Picture> = (0..5).map(|_| pictures.recv_timeout(Duration::from_secs(20)).unwrap()).collect();
        assert!(pictures.iter().all(|picture| picture.colour() == colour && picture.size().width == 322));
        assert!(pictures.is_sorted_by(|a, b| a.captured < b.captured));
        let frame = pictures[0].read().unwrap();
        assert_eq!(frame.plane_data(0).unwrap()[10], 191, "75 % white in full range");
    }

    #[test]
    fn a_dropped_source_delivers_nothing_more() {
        let kinds = [
            bars(Colour::default()),
            source(Kind::Gstreamer { bin: "videotestsrc is-live=true ! video/x-raw,framerate=100/1".into() }),
            source(Kind::Gstreamer { bin: "videotestsrc ! video/x-raw,framerate=1/1".into() }),
        ];
        for kind in kinds {
            let delivered = Arc::new(AtomicUsize::new(0));
            let (sender, first) = bounded(1);
            let count = Arc::clone(&delivered);
            let running = open("source", &kind, move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                // Only the first is waited for.
                sender.try_send(()).ok();
            })
            .unwrap();
            first.recv_timeout(Duration::from_secs(20)).unwrap();
            let events = running.events().clone();
            drop(running);
            let after_drop = delivered.load(Ordering::SeqCst);
            assert_eq!(events.try_recv(), Err(TryRecvError::Disconnected), "nobody is left to say anything");
            assert_eq!(delivered.load(Ordering::SeqCst), after_drop);
            assert_eq!(Arc::strong_count(&delivered), 1, "what delivered is gone");
        }
    }
}
