//! Stills: pictures on the bulk lane. A participant asks for one of a source and gets it lossless and whole; and while the
//! lines carry no video, the canvas goes to everybody so. A thread of its own takes, converts and compresses; no picture
//! waits for it, and what it sends leaves with what is left of the lines. Who is served when is `desk`'s.

mod compress;
mod desk;
mod tap;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use media::picture::Picture;
use protocol::ids::{FrameId, SourceId};
use protocol::still::{Header, Refusal, Still};
use transport::bulk::MAX_BULK_BYTES;

use crate::local::Curtain;

pub use compress::Maker;
use desk::Desk;
pub use tap::Tap;

/// How long a source may take to give a picture: one and a half intervals of the slowest there is, a screen that is read once a
/// second.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How stills leave, by the place of a participant among all. None of these may wait.
pub struct Ways {
    /// Hands over one on the bulk lane; `false` if it is not taken.
    pub send: Box<dyn Fn(usize, Vec<u8>) -> bool + Send + Sync>,
    /// Whether somebody waits for what the lane brings.
    pub raise: Box<dyn Fn(usize, bool) + Send + Sync>,
    /// Says that there will be none.
    pub refuse: Box<dyn Fn(usize, SourceId, Refusal) + Send + Sync>,
    /// Notes that one is about to be sent.
    pub taken: Box<dyn Fn(&Header) + Send + Sync>,
}

/// The running thread and what it works on; stops and joins when dropped.
pub struct Stills {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
    taps: BTreeMap<SourceId, Tap>,
    ways: Ways,
}

impl Stills {
    /// Starts the thread, for `participants` people and these sources.
    ///
    /// # Errors
    /// The system gave none.
    pub fn start(participants: usize, sources: impl IntoIterator<Item = SourceId>, ways: Ways) -> io::Result<Self> {
        let taps = sources.into_iter().map(|source| (source, Tap::default())).collect();
        let desk = Mutex::new(Desk::new(participants));
        let shared = Arc::new(Shared { desk, changed: Condvar::new(), taps, ways });
        let work = Arc::clone(&shared);
        let thread = Builder::new().name("stills".into()).spawn(move || work.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Where the pictures of `source` are to be offered.
    pub fn tap(&self, source: SourceId) -> Tap {
        self.shared.taps.get(&source).cloned().unwrap_or_default()
    }

    /// `frame` is the newest canvas: stills taken from now on name it.
    pub fn canvas_made(&self, frame: FrameId) {
        self.shared.lock().newest = Some(frame);
    }

    /// Participant `at` wants a still of `source`.
    pub fn wish(&self, at: usize, source: SourceId) {
        let known = self.shared.taps.contains_key(&source);
        let refused = if known { self.shared.lock().wish(at, source).err() } else { Some(Refusal::NoSource) };
        match refused {
            Some(why) => (self.shared.ways.refuse)(at, source, why),
            None => self.shared.changed.notify_all(),
        }
    }

    /// The canvas's `frame`, with an independent access unit, goes to everybody whose lane is free.
    pub fn send_canvas(&self, frame: &[u8]) {
        let bytes = match Still::Canvas.prefix(frame) {
            Ok(bytes) if bytes.len() <= MAX_BULK_BYTES => bytes,
            Ok(_) => return tracing::error!("a canvas is larger than the lane for stills takes"),
            Err(error) => return tracing::error!("{error}; the canvas is left out"),
        };
        let mut desk = self.shared.lock();
        let free = desk.take_free();
        free.into_iter().for_each(|at| self.shared.send(&mut desk, at, None, bytes.clone()));
    }

    /// What was sent to participant `at` has arrived; or, as it was withdrawn or the participant starts anew, never will.
    pub fn settled(&self, at: usize) {
        self.shared.lock().settled(at);
        (self.shared.ways.raise)(at, false);
        self.shared.changed.notify_all();
    }

    /// Theatre's curtain closes or opens: while it is closed no source's picture leaves, not even one that is being made. One
    /// that was handed over before is the caller's to withdraw.
    pub fn set_curtain(&self, curtain: Curtain) {
        let refused = self.shared.lock().set_curtain(curtain);
        for (at, source) in refused {
            (self.shared.ways.refuse)(at, source, Refusal::Curtain);
        }
    }
}

impl Drop for Stills {
    fn drop(&mut self) {
        self.shared.lock().end();
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the stills panicked");
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut maker = Maker::default();
        while let Some((at, source)) = self.next() {
            match self.make(&mut maker, source) {
                Ok(bytes) => self.send_if_open(at, source, bytes),
                Err(why) => {
                    self.lock().settled(at);
                    (self.ways.refuse)(at, source, why);
                }
            }
        }
    }

    /// Waits for the next wish; `None` at the end.
    fn next(&self) -> Option<(usize, SourceId)> {
        let mut desk = self.lock();
        loop {
            if desk.has_ended() {
                return None;
            }
            if let Some(next) = desk.next() {
                return Some(next);
            }
            desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn make(&self, maker: &mut Maker, source: SourceId) -> Result<Vec<u8>, Refusal> {
        let picture = self.taps.get(&source).and_then(|tap| tap.take(PATIENCE)).ok_or(Refusal::NoPicture)?;
        let frame = self.lock().newest.ok_or(Refusal::NoPicture)?;
        self.compress(maker, source, frame, &picture).map_err(|error| {
            tracing::warn!("a still of source {}: {error}", source.0);
            Refusal::Unfit
        })
    }

    fn compress(
        &self,
        maker: &mut Maker,
        source: SourceId,
        frame: FrameId,
        picture: &Picture,
    ) -> Result<Vec<u8>, compress::Error> {
        let captured = picture.captured.as_session_in_theatre();
        let header = Header { frame, source, captured, size: picture.size() };
        let bytes = Still::Source(header).prefix(&maker.png(picture)?)?;
        if bytes.len() > MAX_BULK_BYTES {
            return Err(compress::Error::Large(bytes.len()));
        }
        (self.ways.taken)(&header);
        Ok(bytes)
    }

    /// The curtain may have closed meanwhile. It does not while this hands over: what is handed over when it closes is
    /// withdrawn, what comes later is refused, and nothing slips between.
    fn send_if_open(&self, at: usize, source: SourceId, bytes: Vec<u8>) {
        let mut desk = self.lock();
        if desk.is_open() {
            return self.send(&mut desk, at, Some(source), bytes);
        }
        desk.settled(at);
        drop(desk);
        (self.ways.refuse)(at, source, Refusal::Curtain);
    }

    /// One of `source`, or of the canvas.
    fn send(&self, desk: &mut Desk, at: usize, source: Option<SourceId>, bytes: Vec<u8>) {
        (self.ways.raise)(at, true);
        if !(self.ways.send)(at, bytes) {
            tracing::debug!("participant {at} takes no still now");
            (self.ways.raise)(at, false);
            desk.settled(at);
        } else if let Some(source) = source {
            desk.sent(at, source);
        }
    }

    /// Nothing is left half done under this lock.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
