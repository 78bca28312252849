//! `capture-node`: everything in theatre that is not the surgeon's picture. It opens the other sources, makes and
//! encodes the canvas, sends it, and carries marks between the consoles and the windows.
//!
//! Three threads hold it together: the caller's makes canvases, the encoder's encodes and sends them, the link's
//! listens to the consoles. Nothing here is needed for what the OR display shows.

pub mod calls;
pub mod demand;
mod drill;
mod drills;
pub mod encoding;
pub mod frames;
mod inputs;
mod link;
pub mod marks;
mod outgoing;
pub mod participants;
pub mod people;
mod record;
mod relay;
pub mod steps;
#[cfg(test)]
mod test_frames;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use program::clock;
use program::trace::{DropReason, Trace};
use protocol::ids::{Epoch, SourceId};
use transport::shards::Frame;

use crate::canvas::{self, Canvas, Composed};
use crate::config::Theatre;
use crate::control;
use crate::ladder::Shape;
use crate::local::{self, NodeEnd};
use crate::run_dir;
use demand::Demand;
use drills::Drills;
use encoding::{CanvasEncoder, Encoded, Encoding};
pub use inputs::{Error as InputError, Inputs, connect};
use link::Link;
use participants::Participants;
use participants::share::Limits;
use relay::Relay;
use steps::Steps;

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
    /// Requests of this machine cannot be taken.
    #[error(transparent)]
    Control(#[from] control::Error),
    /// The folder of the sockets cannot be made.
    #[error(transparent)]
    Folder(#[from] run_dir::Error),
    /// The network, or certificates.
    #[error(transparent)]
    Network(#[from] participants::Error),
    /// The system gave no thread.
    #[error("no thread to listen to the consoles: {0}")]
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
    let mut encoder = CanvasEncoder::new(theatre.encoder.kind, bitrate_bps);
    encoder.seek(theatre.canvas.size()).map_err(encoding::Error::from)?;
    run_dir::ensure(&theatre.run_dir)?;
    let epoch = Epoch(random() as u32);
    let (mut canvas, inlets) = Canvas::new(theatre, epoch, clock::now())?;
    let (participants, events) = Participants::start(theatre, epoch)?;
    let participants = Arc::new(participants);
    let (relay, _windows) = windows(theatre, &canvas, &participants)?;
    let demand = Demand::default();
    let drills = Arc::new(Drills::new(&participants, trace));
    let shape = Shape { canvas: theatre.canvas.size(), configured_bps: bitrate_bps };
    let steps = Steps::new(shape, theatre.ladder.phone.clone());
    let parts = link::Parts { relay: relay.clone(), drills: drills.clone(), demand: demand.clone(), steps };
    let link = Link::start(participants.clone(), events, limits(theatre), parts, trace.clone());
    let link = link.map_err(Error::Thread)?;
    let answer = move |request| drills.answer(request, clock::now());
    let _control = control::Server::start(&run_dir::control(&theatre.run_dir), answer)?;
    let admitting = admit(participants.clone(), demand.clone(), trace.clone());
    let encoding =
        Encoding::start(encoder, demand.clone(), admitting, send(participants, relay.clone(), trace.clone()))?;
    let _inputs = connect(theatre, inlets)?;
    while stop.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
        turn(&mut canvas, &encoding, &demand, &relay, trace)?;
        if !encoding.is_alive() {
            return Err(Error::Ended("the encoder"));
        }
        if !link.is_alive() {
            return Err(Error::Ended("the link"));
        }
    }
    Ok(())
}

/// Waits for a canvas and hands it to the encoder, unless the ladder leaves it out. One that it overtakes there is dropped.
fn turn(canvas: &mut Canvas, encoding: &Encoding, demand: &Demand, relay: &Relay, trace: &Trace) -> Result<(), Error> {
    canvas.wait(STOP_WITHIN, clock::now());
    canvas.set_insets(demand.insets());
    let Some(mut composed) = canvas.step(clock::now())? else { return Ok(()) };
    if let Some(layout) = composed.new_layout.take() {
        relay.layout(layout);
    }
    demand.note_interval(composed.interval);
    composed.interval *= demand.canvases_per_frame();
    composed.handed_on(clock::now());
    let dropped = match demand.leaves_out(composed.header.id) {
        Some(reason) => Some((composed, reason)),
        None => encoding.offer(composed).map(|overtaken| (overtaken, DropReason::EncoderBusy)),
    };
    if let Some((dropped, reason)) = dropped {
        trace.write(record::dropped(&dropped, reason, clock::now()));
    }
    Ok(())
}

/// Whether a canvas is to be encoded: only if somebody has room for it. Asks for an independent one if somebody needs it.
fn admit(participants: Arc<Participants>, demand: Demand, trace: Trace) -> impl FnMut(&Composed) -> bool {
    move |canvas| {
        let now = clock::now();
        let room = participants.have_room();
        if !room {
            trace.write(record::dropped(canvas, DropReason::NoRoom, now));
        } else if participants.want_independent(now) {
            demand.refresh();
        }
        room
    }
}

/// What becomes of an encoded canvas.
fn send(participants: Arc<Participants>, relay: Arc<Relay>, trace: Trace) -> impl FnMut(Encoded) {
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
        let numbers = participants.deliver(&frame, clock::now());
        trace.write(record::sent(&encoded, numbers, clock::now()));
        relay.sent(encoded.canvas.header);
    }
}

/// The relay of marks, attached to every window.
fn windows(
    theatre: &Theatre,
    canvas: &Canvas,
    participants: &Arc<Participants>,
) -> Result<(Arc<Relay>, Vec<NodeEnd>), Error> {
    let named = |name: &str| Some((name.to_owned(), theatre.source_id(name)?));
    let windows: Vec<(String, SourceId)> = theatre.windows().into_iter().filter_map(named).collect();
    let sources = windows.iter().map(|(_, source)| *source);
    let members = participants.members().iter().map(|member| (member.name.clone(), member.role, member.teller()));
    let relay = Arc::new(Relay::new(sources, canvas.layout().clone(), members));
    let attach = |(name, source): (String, SourceId)| {
        let relay = Arc::clone(&relay);
        let socket = run_dir::board(&theatre.run_dir, &name);
        NodeEnd::attach(&socket, move |event, sender| relay.window(source, event, sender))
    };
    let ends = windows.into_iter().map(attach).collect::<Result<_, _>>()?;
    Ok((relay, ends))
}

fn limits(theatre: &Theatre) -> Limits {
    let bps = |kbps: u32| u64::from(kbps) * 1_000;
    Limits { floor_bps: bps(theatre.encoder.floor_kbps), ceiling_bps: bps(theatre.encoder.bitrate_kbps) }
}

/// A number that differs from start to start. The standard library draws the keys of its hash maps at random.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
