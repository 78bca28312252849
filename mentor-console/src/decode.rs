//! Between the transport and the window: a thread that turns access units into pictures and keeps the newest one
//! for the window. The decoder itself is `media`'s.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use media::decode::Decoder;
use media::picture::Picture;
use media::slot::Slot;
use program::clock;
use protocol::frame::Header;
use protocol::time::MonoTime;

use crate::console::Shared;
use crate::journal::Ticket;
use crate::waker::Waker;

/// Frames that may wait for the decoder. It is faster than they come; a burst released at once after a gap must fit.
/// When it is full the transport waits, and drops and asks for a refresh by itself if that lasts.
const QUEUE_FRAMES: usize = 8;

/// A frame to be decoded.
pub struct Job {
    /// The console's name for it.
    pub ticket: Ticket,
    /// What theatre says about it.
    pub header: Arc<Header>,
    /// The frame's bytes, the header included.
    pub bytes: Bytes,
    /// Where in `bytes` the access unit begins.
    pub access_unit_at: usize,
}

/// A decoded frame.
#[derive(Clone)]
pub struct Decoded {
    /// The console's name for it.
    pub ticket: Ticket,
    /// What theatre says about it.
    pub header: Arc<Header>,
    /// Its picture.
    pub picture: Picture,
}

/// The thread's ends.
pub struct Decode {
    /// Frames go in here, in order.
    pub jobs: Sender<Job>,
    /// The newest picture comes out here.
    pub newest: Arc<Slot<Decoded>>,
    /// Ends when every sender of jobs is gone.
    pub thread: JoinHandle<()>,
}

/// Why frames cannot be decoded on this machine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer or a plugin of it is missing.
    #[error(transparent)]
    Missing(#[from] media::InitError),
    /// The decoder does not start.
    #[error(transparent)]
    Decoder(#[from] media::decode::Error),
    /// The system gave no thread.
    #[error("no thread to decode on: {0}")]
    Thread(#[from] io::Error),
}

/// Starts the thread.
///
/// # Errors
/// See [`Error`].
pub fn start(console: Shared, waker: Waker) -> Result<Decode, Error> {
    media::init_codecs()?;
    let decoder = Decoder::start()?;
    let (jobs, queue) = bounded(QUEUE_FRAMES);
    let newest = Arc::new(Slot::default());
    let slot = Arc::clone(&newest);
    let thread =
        Builder::new().name("decode".into()).spawn(move || decode_all(decoder, &queue, &slot, &console, &waker))?;
    Ok(Decode { jobs, newest, thread })
}

fn decode_all(mut decoder: Decoder, queue: &Receiver<Job>, slot: &Slot<Decoded>, console: &Shared, waker: &Waker) {
    let mut last = Outcome::Picture;
    for job in queue {
        let access_unit = job.bytes.get(job.access_unit_at..).unwrap_or_default();
        // The picture's capture time is in the frame's header, on theatre's clock; this machine's has no part in it.
        let outcome = match decoder.decode(access_unit, MonoTime::default()) {
            Ok(picture) => {
                console.lock().frames.decoded(job.ticket, clock::now());
                slot.put(Decoded { ticket: job.ticket, header: job.header, picture });
                waker.wake();
                Outcome::Picture
            }
            Err(error) => {
                if last == Outcome::Picture {
                    tracing::warn!("frame {}: {error}", job.header.id);
                }
                Outcome::Nothing
            }
        };
        if (last, outcome) == (Outcome::Nothing, Outcome::Picture) {
            tracing::info!("frames decode again");
        }
        last = outcome;
    }
}

/// What the decoder made of a frame. Only changes are logged: frames come by the dozen a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Picture,
    Nothing,
}
