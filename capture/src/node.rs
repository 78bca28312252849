//! `capture-node`: everything in theatre that is not the surgeon's picture. It opens the other sources, makes and
//! encodes the canvas, sends it, and carries marks between the console and the windows.
//!
//! Three threads hold it together: the caller's makes canvases, the encoder's encodes and sends them, the link's
//! listens to the console. Nothing here is needed for what the OR display shows.

pub mod encoding;
pub mod frames;
mod inputs;
mod link;
pub mod marks;
mod outgoing;
mod record;
mod relay;
#[cfg(test)]
mod test_frames;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use program::clock;
use program::trace::Trace;
use protocol::ids::{Epoch, SourceId};
use protocol::message::Message;
use transport::driver::{self, Handle};
use transport::hello::Role;
use transport::shards::Frame;

use crate::canvas::{self, Canvas};
use crate::config::Theatre;
use crate::local::{self, NodeEnd};
use crate::run_dir;
use encoding::{Demand, Encoded, Encoding};
pub use inputs::{Error as InputError, Inputs, connect};
use link::Link;
use relay::Relay;

/// How soon the canvas's thread notices that it is to stop.
const STOP_WITHIN: Duration = Duration::from_millis(100);

/// Why the node does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer or one of its elements is missing.
    #[error(transparent)]
    Library(#[from] media::InitError),
    /// The encoder does not work.
    #[error(transparent)]
    Encoding(#[from] encoding::Error),
    /// The canvas cannot be made.
    #[error(transparent)]
    Canvas(#[from] canvas::Error),
    /// Sources cannot be followed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Windows cannot be reached.
    #[error(transparent)]
    Window(#[from] local::Error),
    /// The folder of the sockets cannot be made.
    #[error(transparent)]
    Folder(#[from] run_dir::Error),
    /// The network, or certificates.
    #[error(transparent)]
    Network(#[from] driver::Error),
    /// The system gave no thread.
    #[error("no thread to listen to the console: {0}")]
    Thread(std::io::Error),
    /// A part ended that must not; the log says why.
    #[error("{0} ended by itself; the log says why")]
    Ended(&'static str),
}

/// Runs the node until `stop` receives or closes.
///
/// # Errors
/// Whatever keeps it from starting, or a part that it cannot go on without.
pub fn run(theatre: &Theatre, trace: &Trace, stop: &Receiver<()>) -> Result<(), Error> {
    media::init_codecs()?;
    let bitrate_bps = theatre.encoder.bitrate_kbps.saturating_mul(1_000);
    encoding::try_out(theatre.canvas.size(), bitrate_bps).map_err(encoding::Error::from)?;
    run_dir::ensure(&theatre.run_dir)?;
    let epoch = Epoch(random() as u32);
    let (mut canvas, inlets) = Canvas::new(theatre, epoch, clock::now())?;
    let (handle, events) = driver::start(network(theatre, epoch)?)?;
    // The transport's thread ends with its last handle; this one sees to it on every way out.
    let _stopping = StopAtEnd(handle.clone());
    let (relay, _windows) = windows(theatre, &canvas, &handle)?;
    let demand = Demand::default();
    let link = Link::start(handle.clone(), events, Arc::clone(&relay), demand.clone(), trace.clone());
    let link = link.map_err(Error::Thread)?;
    let sending = send(handle, Arc::clone(&relay), trace.clone());
    let encoding = Encoding::start(bitrate_bps, demand, sending)?;
    let _inputs = connect(theatre, inlets)?;
    while stop.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
        turn(&mut canvas, &encoding, &relay, trace)?;
        if !encoding.is_alive() {
            return Err(Error::Ended("the encoder"));
        }
        if !link.is_alive() {
            return Err(Error::Ended("the link"));
        }
    }
    Ok(())
}

/// Waits for a canvas and hands it to the encoder. One that it overtakes there is dropped.
fn turn(canvas: &mut Canvas, encoding: &Encoding, relay: &Relay, trace: &Trace) -> Result<(), Error> {
    canvas.wait(STOP_WITHIN, clock::now());
    let Some(mut composed) = canvas.step(clock::now())? else { return Ok(()) };
    if let Some(layout) = composed.new_layout.take() {
        relay.layout(layout);
    }
    composed.handed_on(clock::now());
    if let Some(dropped) = encoding.offer(composed) {
        trace.write(record::dropped(&dropped, clock::now()));
    }
    Ok(())
}

/// What becomes of an encoded canvas. Waits for the transport, which is what holds the encoder back.
fn send(handle: Handle, relay: Arc<Relay>, trace: Trace) -> impl FnMut(Encoded) {
    let mut number = 0;
    move |encoded| {
        let header = &encoded.canvas.header;
        let bytes = match header.prefix(&encoded.unit.bytes) {
            Ok(bytes) => bytes,
            Err(error) => return tracing::error!("{error}; the frame is left out"),
        };
        let frame = match Frame::new(encoded.unit.independent, bytes) {
            Ok(frame) => frame,
            Err(error) => return tracing::error!("{error}; the frame is left out"),
        };
        if handle.send_frame(frame).is_err() {
            // The transport has stopped, and the program is about to.
            return;
        }
        trace.write(record::sent(&encoded, number, clock::now()));
        number += 1;
        relay.sent(encoded.canvas.header);
    }
}

/// The relay of marks, attached to every window.
fn windows(theatre: &Theatre, canvas: &Canvas, handle: &Handle) -> Result<(Arc<Relay>, Vec<NodeEnd>), Error> {
    let named = |name: &str| Some((name.to_owned(), theatre.source_id(name)?));
    let windows: Vec<(String, SourceId)> = theatre.windows().into_iter().filter_map(named).collect();
    let handle = handle.clone();
    let send = move |message: &Message| match message.to_bytes() {
        Ok(bytes) => handle.send_message(bytes).is_ok(),
        Err(error) => {
            // It would be no better the next time: it counts as sent.
            tracing::error!("{error}; the message is left out");
            true
        }
    };
    let sources = windows.iter().map(|(_, source)| *source);
    let relay = Arc::new(Relay::new(sources, canvas.layout().clone(), Box::new(send)));
    let attach = |(name, source): (String, SourceId)| {
        let relay = Arc::clone(&relay);
        let socket = run_dir::board(&theatre.run_dir, &name);
        NodeEnd::attach(&socket, move |event, sender| relay.window(source, event, sender))
    };
    let ends = windows.into_iter().map(attach).collect::<Result<_, _>>()?;
    Ok((relay, ends))
}

fn network(theatre: &Theatre, epoch: Epoch) -> Result<driver::Config, driver::Error> {
    Ok(driver::Config {
        role: Role::Theatre,
        epoch,
        seed: random(),
        paths: theatre.paths()?,
        policy: theatre.link.policy,
        files: driver::tls::Files {
            certificate: theatre.identity.certificate.clone(),
            key: theatre.identity.key.clone(),
            peer_certificate: theatre.console.certificate.clone(),
        },
        now: clock::now,
        wake: None,
    })
}

/// A number that differs from start to start. The standard library draws the keys of its hash maps at random.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Stops the transport when it goes.
struct StopAtEnd(Handle);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}
