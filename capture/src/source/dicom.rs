//! Source kind `dicom`: a file as X-ray and ultrasound machines write it (DICOM PS3.10), a run played in a loop at its own
//! rate or a single image.
//!
//! The file is read once to find its frames, which are then read and decoded one at a time as they are due: however
//! long a run is, it costs the memory of a picture. How a file is walked is [`walk`]'s, what its attributes mean
//! [`image`]'s, how bytes become a picture [`pixels`]'. Names and dates of patients are never looked at; what the file
//! says of names in its pixels is told to whoever masks ([`open_judged`]), and no other file takes its place afterwards.

mod image;
mod jpeg;
mod pixels;
mod reel;
mod timing;
mod walk;
mod window;

use std::path::Path;

use crossbeam_channel::{Receiver, Sender};
use media::picture::Picture;
use program::clock;

use super::pace::{Schedule, Thread, Waiter};
use super::{Error, Event, Running};
pub use image::BurnedIn;
use reel::Reel;

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not there, or not readable. It may come.
    #[error("{0}; put a DICOM file there or mend `location`")]
    Missing(std::io::Error),
    /// It has no content.
    #[error("it is empty (0 bytes); copy it again or mend `location`")]
    Empty,
    /// It is something else.
    #[error(
        "it is no DICOM file: {0}; name a file in `location` that has the mark DICM behind its first 128 bytes (PS3.10)"
    )]
    Foreign(&'static str),
    /// Its structure breaks the standard.
    #[error("it cannot be read: {0}; copy it again, let its maker's software write it anew, or mend `location`")]
    Malformed(String),
    /// It is not the file that was opened any more, or not as it was.
    #[error("it was exchanged or written to while it played; what stands in `location` now is opened anew")]
    Exchanged,
    /// Part of it is missing.
    #[error("it is cut off: {there} of {told} {what} are there; copy it again or mend `location`")]
    Cut {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        there: u64,
        /// How many it tells.
        told: u64,
    },
    /// Its pixels are coded in a way that is not played.
    #[error(
        "its pixels are coded as {0}; convert it to JPEG Baseline or uncompressed, for instance with `gdcmconv --raw`, and name \
         that in `location`"
    )]
    Syntax(String),
    /// It shows no picture: a report, a waveform, a plan.
    #[error("it holds no picture ({0} is missing); name a file of an image or a run in `location`")]
    NoImage(&'static str),
    /// An attribute has a value that is not played.
    #[error("its {attribute} is {value}; {wanted}; name another file in `location`")]
    Value {
        /// The attribute's name in PS3.6.
        attribute: &'static str,
        /// What the file says.
        value: String,
        /// What could be played.
        wanted: &'static str,
    },
    /// Its pictures may show who the patient is, and nobody drew a mask for them or looked.
    #[error(
        "its Burned In Annotation (0028,0301) {0}: its pictures may show who the patient is; draw a mask with `capture-node \
         masks`, or look at them and add mask_pictures_seen = true beside mask_decided_by"
    )]
    Unmasked(&'static str),
    /// A picture cannot be made, in one line.
    #[error("{0}; name another file in `location`")]
    Picture(String),
}

impl From<media::picture::Error> for Fault {
    fn from(error: media::picture::Error) -> Self {
        Self::Picture(error.to_string())
    }
}

/// Opens the file at `location` and plays it on a thread of its own.
///
/// # Errors
/// [`Error::Dicom`] with its [`Fault`], [`Error::Unavailable`] if the system gives no thread.
pub fn open(
    name: &str,
    location: &Path,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Thread), Error> {
    open_if(name, location, |_| Ok(()), deliver)
}

/// The same if `may_be_seen` agrees to what the opened file says of names, dates and the like in its pixels
/// (BurnedInAnnotation, PS3.3 C.7.6.1); as `source::open` in all else.
///
/// # Errors
/// As [`open`], and what `may_be_seen` says.
pub fn open_judged(
    name: &str,
    location: &Path,
    may_be_seen: impl FnOnce(BurnedIn) -> Result<(), Fault>,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<Running, Error> {
    media::init().map_err(|error| Error::Unavailable { name: name.into(), reason: error.to_string() })?;
    let (pictures, deliver) = super::counted(deliver);
    open_if(name, location, may_be_seen, deliver).map(|opened| super::running(opened, pictures))
}

fn open_if(
    name: &str,
    location: &Path,
    may_be_seen: impl FnOnce(BurnedIn) -> Result<(), Fault>,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Thread), Error> {
    let fault = |fault| Error::Dicom { name: name.into(), location: location.into(), fault };
    let mut reel = Reel::open(location).map_err(fault)?;
    may_be_seen(reel.burned_in()).map_err(fault)?;
    // Whether pictures can be made of it at all is known before anything plays.
    reel.picture(0).map_err(fault)?;
    let work = move |waiter: &Waiter, events: &Sender<Event>| run(reel, waiter, events, deliver);
    Thread::start(format!("dicom {name}"), work).map_err(|reason| Error::Unavailable { name: name.into(), reason })
}

fn run(mut reel: Reel, waiter: &Waiter, events: &Sender<Event>, mut deliver: impl FnMut(Picture)) {
    if let Err(fault) = play(&mut reel, waiter, &mut deliver)
        && events.try_send(Event::Failed { what: format!("{}: {fault}", reel.location().display()) }).is_err()
    {
        tracing::debug!("nobody listens to a DICOM file that failed");
    }
}

/// Delivers frame after frame, each when it is due, round after round until told to stop.
fn play(reel: &mut Reel, waiter: &Waiter, deliver: &mut impl FnMut(Picture)) -> Result<(), Fault> {
    let mut schedule = Schedule::default();
    loop {
        for frame in 0..reel.frames() {
            let mut picture = reel.picture(frame)?;
            let due = schedule.due(Some(reel.timing().at(frame)), Some(reel.timing().usual()), clock::now());
            if waiter.until(due).is_break() {
                return Ok(());
            }
            picture.captured = clock::now();
            deliver(picture);
        }
    }
}

#[cfg(test)]
mod tests;
