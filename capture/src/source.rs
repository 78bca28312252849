//! One input of theatre, opened: pictures out of a generated scene, a file, a DICOM study, a GStreamer description, a device
//! of this machine or a network. One file a kind.
//!
//! Each picture is handed to the caller on the source's own thread, progressive and with square pixels, stamped at the
//! moment it arrived from the device's own part, before any conversion; nothing is queued on the way. What becomes of a
//! picture, and opening a source again after it failed, is left to the caller.

mod branch;
mod decklink;
mod decode;
mod dicom;
mod fault;
mod file;
mod gstreamer;
pub mod keep;
mod live;
mod normal;
pub(crate) mod pace;
mod rtp;
mod rtsp;
pub(crate) mod scene;
mod screen;
mod secret;
mod srt;
mod v4l2;
mod vitals;

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, select};
use media::picture::Picture;

use crate::config::{Kind, Source};
pub use dicom::{BurnedIn, Fault as DicomFault, open_judged as open_dicom};
use normal::Normal;

use crate::vitals::hub::Hub;

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
    /// The DICOM file cannot be played, or not yet.
    #[error("source {name}: {}: {fault}", location.display())]
    Dicom {
        /// The source.
        name: String,
        /// Its file.
        location: PathBuf,
        /// What is wrong with it, and how to mend it.
        fault: DicomFault,
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
    /// The device gives pictures, and none that can be carried on.
    #[error("source {name}: {reason}")]
    Unfit {
        /// The source.
        name: String,
        /// What it offers, and how to mend it.
        reason: String,
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

impl Error {
    /// Whether it is of the machine or the device as they are now: it may pass without anybody mending a configuration.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unfit { .. })
    }
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
    /// It gives pictures, and none that can be carried on.
    Unfit {
        /// Why, in one line.
        what: String,
    },
}

/// Silence after which a source is worth opening again, though it has said nothing: devices and connections hang. Longer
/// than any takes to give its first picture.
pub const REOPEN_AFTER: Duration = Duration::from_secs(20);

/// Why an opened source is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Whoever opened it wants it no more.
    Stopped,
    /// It came to its end.
    Ended,
    /// It broke.
    Failed {
        /// What happened, in one line.
        what: String,
    },
    /// Its pictures cannot be carried on.
    Unfit {
        /// Why, in one line.
        what: String,
    },
    /// It gave nothing for so long.
    Silent(Duration),
}

impl Display for Over {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Ended => f.write_str("ended"),
            Self::Failed { what } | Self::Unfit { what } => f.write_str(what),
            Self::Silent(silence) => write!(f, "no picture came for {} s", silence.as_secs()),
        }
    }
}

/// An opened source. Dropping it stops it: when `drop` returns, no picture is delivered any more.
#[derive(Debug)]
pub struct Running {
    events: Receiver<Event>,
    /// How many pictures it has delivered.
    pictures: Arc<AtomicU64>,
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

    /// Waits until it is of no more use: until it says so, `stopped` receives or closes, or it gave nothing for `silence`.
    pub fn over(&self, stopped: &Receiver<()>, silence: Duration) -> Over {
        let mut pictures = 0;
        loop {
            select! {
                recv(stopped) -> _ => return Over::Stopped,
                recv(self.events) -> event => return match event {
                    Ok(Event::Failed { what }) => Over::Failed { what },
                    Ok(Event::Unfit { what }) => Over::Unfit { what },
                    Ok(Event::Ended) | Err(_) => Over::Ended,
                },
                default(silence) => {
                    let before = std::mem::replace(&mut pictures, self.pictures.load(Ordering::Relaxed));
                    if before == pictures {
                        return Over::Silent(silence);
                    }
                }
            }
        }
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
    if source.kind.may_be_displayed() {
        return open_displayed(name, source, deliver);
    }
    media::init().map_err(|error| Error::Unavailable { name: name.into(), reason: error.to_string() })?;
    let normal = Normal::new(source.deinterlace);
    let (pictures, deliver) = counted(deliver);
    match &source.kind {
        Kind::Dicom { location } => dicom::open(name, location, deliver).map(|opened| running(opened, pictures)),
        Kind::Rtsp(camera) => rtsp::open(name, camera, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::Srt(encoder) => srt::open(name, encoder, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::Rtp(encoder) => rtp::open(name, encoder, normal, deliver).map(|opened| running(opened, pictures)),
        kind => Err(undisplayed(name, kind)),
    }
}

/// The same for the sources that `or-display` may open; so its program has no parser of what comes from elsewhere in it.
///
/// # Errors
/// [`Error`]; [`Error::Unavailable`] for a kind that no display may open ([`Kind::may_be_displayed`]).
pub fn open_displayed(
    name: &str,
    source: &Source,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<Running, Error> {
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    media::init().map_err(|error| unavailable(error.to_string()))?;
    let normal = Normal::new(source.deinterlace);
    let (pictures, deliver) = counted(deliver);
    match &source.kind {
        Kind::Scene(scene) => {
            scene::open(name, *scene, deliver).map_err(unavailable).map(|opened| running(opened, pictures))
        }
        Kind::File { location } => file::open(name, location, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::Gstreamer { bin } => gstreamer::open(name, bin, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::V4l2(camera) => v4l2::open(name, camera, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::Decklink(card) => decklink::open(name, card, normal, deliver).map(|opened| running(opened, pictures)),
        Kind::Screen(screen) => {
            screen::open(name, screen, deliver).map_err(unavailable).map(|opened| running(opened, pictures))
        }
        kind => Err(undisplayed(name, kind)),
    }
}

fn undisplayed(name: &str, kind: &Kind) -> Error {
    let reason = format!("kind = \"{}\" is not for the surgeon's display", kind.name());
    Error::Unavailable { name: name.into(), reason }
}

fn running((events, part): (Receiver<Event>, impl Into<Part>), pictures: Arc<AtomicU64>) -> Running {
    Running { events, pictures, _part: part.into() }
}

/// `deliver`, and how often it was called.
fn counted(
    mut deliver: impl FnMut(Picture) + Send + 'static,
) -> (Arc<AtomicU64>, impl FnMut(Picture) + Send + 'static) {
    let pictures = Arc::<AtomicU64>::default();
    let count = Arc::clone(&pictures);
    let counting = move |picture| {
        count.fetch_add(1, Ordering::Relaxed);
        deliver(picture);
    };
    (pictures, counting)
}

/// Opens a source that shows the vital signs of `hub`; as [`open`] in all else.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn open_vitals(name: &str, hub: Arc<Hub>, deliver: impl FnMut(Picture) + Send + 'static) -> Result<Running, Error> {
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    media::init().map_err(|error| unavailable(error.to_string()))?;
    let (pictures, deliver) = counted(deliver);
    vitals::open(name, hub, deliver).map_err(unavailable).map(|opened| running(opened, pictures))
}

#[cfg(test)]
mod tests;
