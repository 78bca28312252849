//! The session under quinn: one named thread with sockets, TLS and a clock. All decisions are [`crate::session`]'s.
//!
//! [`start`] gives a [`Handle`] to put frames and messages in, and a channel of [`Event`]s. The channel is bounded
//! ([`outbox::CHANNEL`]); the driver never waits on it. To a program that is too slow frames are lost and counted
//! ([`crate::assembly::Loss::NotTaken`]) and an independent one is asked for; everything else is kept in order.

mod asked;
mod change;
mod drill;
mod fault;
mod gate;
mod link;
mod local;
pub mod outbox;
pub mod paths;
pub mod pin;
mod present;
mod quic;
mod refusals;
mod reset;
mod run;
pub mod socket;
#[cfg(test)]
mod tests;
pub mod tls;
mod watched;
mod window;

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::Receiver;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use rustls::pki_types::UnixTime;
use tokio::sync::{Notify, mpsc, watch};

use self::change::Change;
pub use self::change::ChangeError;
pub use self::link::Traffic;
use self::outbox::Outbox;
pub use self::paths::{End, PathConfig, Uplink};
use self::quic::Maker;
use self::run::{Inbox, Run};
use self::tls::Credentials;
use crate::bulk::{BulkError, MAX_BULK_BYTES};
use crate::delivery::{MAX_MESSAGE_BYTES, MessageSizeError};
use crate::drill::Period;
use crate::hello::{Hello, Role};
use crate::path::{self, PathId};
use crate::schedule::Policy;
use crate::session::{self, Event, Session};
use crate::shards::Frame;
use crate::voice::{MAX_VOICE_BYTES, VoiceSizeError};

/// Called from the driver's thread after an event was queued, to wake whoever reads them. Must neither block nor
/// own a [`Handle`].
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Frames between the encoder and the session: one being taken and one ready.
const FRAMES: usize = 2;
/// Messages between the program and the session's own queue.
const MESSAGES: usize = 64;
/// Pieces of voice on their way to the driver: 80 ms of it; what waits longer is worth less than the next.
const VOICE: usize = 8;
/// Large things on their way to the session, and words about them.
const BULK: usize = 4;
/// Refusals of frames on their way to the driver: those in the decoder's queue when the first was refused.
const REFUSED: usize = 8;
/// Paths to be added or removed, and drills: whoever asks waits for the answer.
const CHANGES: usize = 1;
/// Reports of the network's tasks; beyond it datagrams stay in quinn's buffers.
const NETWORK: usize = 1024;

/// What a driver is made from.
#[derive(Clone)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// This program's life, drawn at random at its start.
    pub epoch: Epoch,
    /// Start of the session's random numbers.
    pub seed: u64,
    /// The paths, at least one.
    pub paths: Vec<PathConfig>,
    /// How frames of this end are spread over them.
    pub policy: Policy,
    /// Who this end is and whom it trusts.
    pub files: tls::Files,
    /// Reads this machine's monotonic clock.
    pub now: fn() -> MonoTime,
    /// Wakes the reader of events.
    pub wake: Option<Wake>,
}

/// Why a driver does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The paths make no sense.
    #[error(transparent)]
    Path(#[from] paths::Error),
    /// Certificates or keys cannot be used.
    #[error(transparent)]
    Credentials(#[from] tls::Error),
    /// A path's socket cannot be had.
    #[error(transparent)]
    Socket(#[from] socket::Error),
    /// The system gives no thread or no event queue.
    #[error("the network thread cannot start: {0}; close other programs and try again")]
    Thread(#[from] std::io::Error),
}

/// Why something could not be handed to the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The driver has been stopped.
    #[error("the session has been stopped")]
    Stopped,
    /// So much waits on this lane that this was not taken: the peer acknowledges nothing, or the lines are slow.
    #[error("too much waits for the peer: wait until the link is back")]
    QueueFull,
    /// The frames before this one have not been taken yet; this one was not.
    #[error("the session has not yet taken the frames before")]
    Busy,
    /// The message can never be sent.
    #[error(transparent)]
    MessageSize(#[from] MessageSizeError),
    /// The piece of voice can never be sent.
    #[error(transparent)]
    VoiceSize(#[from] VoiceSizeError),
    /// The large thing can never be sent.
    #[error(transparent)]
    Bulk(#[from] BulkError),
}

/// Everything counted, at most 50 ms ago while connected.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Each path with its name and its UDP bytes: a [`PathId`] is a place in this list. A path that was removed stays,
    /// as [`path::State::Removed`].
    pub paths: Vec<PathFacts>,
    /// What the session counts.
    pub session: session::Facts,
}

/// One path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathFacts {
    /// Its name in the configuration.
    pub name: String,
    /// What the session knows of it.
    pub facts: path::Facts,
    /// What its sockets carried.
    pub traffic: Traffic,
    /// Where the peer is awaited; it names the port if 0 was configured. `None` for a path that dials.
    pub listening: Option<SocketAddr>,
    /// This end's drill on it, to come or under way: while it holds, what else stands here is no fault of the line.
    pub drill: Option<Period>,
}

/// The program's end of a running driver. Clones share it; when the last is dropped the driver stops.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    frames: mpsc::Sender<Frame>,
    withdraw: Arc<Notify>,
    messages: mpsc::Sender<Bytes>,
    voice: mpsc::Sender<Bytes>,
    bulk: mpsc::Sender<Bytes>,
    raise_bulk: watch::Sender<bool>,
    refused: mpsc::Sender<u64>,
    changes: mpsc::Sender<Change>,
    stop: mpsc::Sender<()>,
    facts: Arc<Mutex<Facts>>,
    listening: Vec<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Starts a session on a thread of its own.
///
/// # Errors
/// Whatever in the configuration cannot work, before anything runs.
pub fn start(config: Config) -> Result<(Handle, Receiver<Event>), Error> {
    paths::check(&config.paths)?;
    let credentials = Credentials::load(&config.files, UnixTime::now())?;
    let maker = Maker::new(&credentials, Hello::new(config.epoch, config.role))?;
    let sockets = bind(&config.paths)?;
    let listening = sockets.iter().map(|(_, socket)| socket.local_addr()).collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let sides = config.paths.iter().map(|path| path.end.side()).collect();
    let session = session::Config { role: config.role, seed: config.seed, paths: sides, policy: config.policy };
    let session = Session::new(session, (config.now)());
    let facts = Facts { paths: Vec::new(), session: session.facts((config.now)()) };
    let facts = Arc::new(Mutex::new(facts));
    let (event_sender, events) = crossbeam_channel::bounded(outbox::CHANNEL);
    let outbox = Outbox::new(event_sender, config.wake);
    let (frames, frames_receiver) = mpsc::channel(FRAMES);
    let withdraw = Arc::<Notify>::default();
    let (messages, messages_receiver) = mpsc::channel(MESSAGES);
    let (voice, voice_receiver) = mpsc::channel(VOICE);
    let (bulk, bulk_receiver) = mpsc::channel(BULK);
    let (raise_bulk, raise_bulk_receiver) = watch::channel(false);
    let (refused, refused_receiver) = mpsc::channel(REFUSED);
    let (changes, changes_receiver) = mpsc::channel(CHANGES);
    let (stop, stop_receiver) = mpsc::channel(1);
    let (network, network_receiver) = mpsc::channel(NETWORK);
    let inbox = Inbox {
        stop: stop_receiver,
        frames: frames_receiver,
        withdraw: withdraw.clone(),
        messages: messages_receiver,
        voice: voice_receiver,
        bulk: bulk_receiver,
        raise_bulk: raise_bulk_receiver,
        refused: refused_receiver,
        changes: changes_receiver,
        network: network_receiver,
    };
    let mut run = Run::new(session, config.paths, outbox, facts.clone(), maker, network, config.now);
    run.accept(sockets)?;
    drop(entered);
    let thread = std::thread::Builder::new().name("transport".to_owned());
    // What the thread logs stands in the span in which it was started, which tells sessions apart.
    let span = tracing::Span::current();
    let thread = thread.spawn(move || span.in_scope(|| runtime.block_on(run.run(inbox))))?;
    let thread = Mutex::new(Some(thread));
    let shared = Shared {
        frames,
        withdraw,
        messages,
        voice,
        bulk,
        raise_bulk,
        refused,
        changes,
        stop,
        facts,
        listening,
        thread,
    };
    Ok((Handle(Arc::new(shared)), events))
}

impl Handle {
    /// Hands over an encoded frame. Blocks while the hand-off is full, so that whatever must be dropped is dropped
    /// before the encoder. Not to be called from the driver's own thread.
    ///
    /// # Errors
    /// [`SendError::Stopped`].
    pub fn send_frame(&self, frame: Frame) -> Result<(), SendError> {
        self.0.frames.blocking_send(frame).map_err(|_| SendError::Stopped)
    }

    /// Hands over an encoded frame as [`Self::send_frame`] does, or not at all. Never blocks.
    ///
    /// # Errors
    /// [`SendError::Busy`] while [`Self::takes_frame`] says no, or [`SendError::Stopped`].
    pub fn offer_frame(&self, frame: Frame) -> Result<(), SendError> {
        self.0.frames.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Busy,
            mpsc::error::TrySendError::Closed(_) => SendError::Stopped,
        })
    }

    /// Nothing of the frames and large things handed over so far may leave any more: those that wait are dropped, and what
    /// was lost of those that left is not sent again. The next frame is to be independent; [`Event::BulkSent`] comes for each
    /// large thing all the same. Never blocks.
    pub fn withdraw(&self) {
        self.0.withdraw.notify_one();
    }

    /// Whether [`Self::offer_frame`] would take one. It stays so until the caller hands one over.
    pub fn takes_frame(&self) -> bool {
        self.0.frames.capacity() > 0
    }

    /// Hands over a message of at most [`MAX_MESSAGE_BYTES`]. Never blocks.
    ///
    /// # Errors
    /// If it is too long, or so many wait for the peer that it cannot be taken.
    pub fn send_message(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageSizeError(bytes.len()).into());
        }
        self.0.messages.try_send(bytes.into()).map_err(not_sent)
    }

    /// Hands over a piece of speech, of at most [`MAX_VOICE_BYTES`]. Never blocks.
    ///
    /// # Errors
    /// If it is empty or too long, or the driver is behind; it is not sent then, and the next is worth more.
    pub fn send_voice(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        if bytes.is_empty() || bytes.len() > MAX_VOICE_BYTES {
            return Err(VoiceSizeError(bytes.len()).into());
        }
        self.0.voice.try_send(bytes.into()).map_err(not_sent)
    }

    /// Hands over something large, of at most [`MAX_BULK_BYTES`]; [`Event::BulkSent`] says that it has arrived, or was
    /// withdrawn. Never blocks.
    ///
    /// # Errors
    /// If it is empty or too large, or so much waits that it cannot be taken.
    pub fn send_bulk(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        if bytes.is_empty() || bytes.len() > MAX_BULK_BYTES {
            return Err(BulkError::Size(bytes.len()).into());
        }
        self.0.bulk.try_send(bytes.into()).map_err(not_sent)
    }

    /// Whether somebody looks at what [`Self::send_bulk`] brings: it gets half of the budget then, else a tenth.
    pub fn raise_bulk(&self, raised: bool) {
        // Nobody there: the session is over.
        let _ = self.0.raise_bulk.send(raised);
    }

    /// The received frame `number` is of no use, such as one that no decoder takes: it counts as lost, what builds on it
    /// is not handed out, and an independent one is asked for. Never blocks.
    pub fn refuse_frame(&self, number: u64) {
        // Full: an independent frame is being asked for already. Closed: the session is over.
        let _ = self.0.refused.try_send(number);
    }

    /// The latest facts.
    pub fn facts(&self) -> Facts {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The addresses listened on since the start, in the order of the listening paths; they name the port if 0 was
    /// configured. Those of paths added later stand in the facts.
    pub fn listening(&self) -> &[SocketAddr] {
        &self.0.listening
    }

    /// Tells the peer, ends all connections and waits for the thread. Safe to call again.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Shared {
    fn stop(&self) {
        // Full or closed: it has been told, or has ended.
        let _ = self.stop.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the network thread ended in a panic");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}

fn not_sent<T>(error: mpsc::error::TrySendError<T>) -> SendError {
    match error {
        mpsc::error::TrySendError::Full(_) => SendError::QueueFull,
        mpsc::error::TrySendError::Closed(_) => SendError::Stopped,
    }
}

/// The sockets of the paths that listen. Those of the others are only tried.
fn bind(paths: &[PathConfig]) -> Result<Vec<(PathId, UdpSocket)>, socket::Error> {
    paths.iter().try_for_each(socket::check)?;
    let listening = (0..=u8::MAX).map(PathId).zip(paths).filter_map(|(id, path)| match path.end {
        End::Listen(address) => Some((id, path, address)),
        End::Dial(_) => None,
    });
    listening.map(|(id, path, address)| Ok((id, socket::listening(path, address)?))).collect()
}
