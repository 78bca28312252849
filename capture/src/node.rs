//! `capture-node`: everything in theatre that is not the surgeon's picture. It opens the other sources, makes and
//! encodes the canvas, sends it, and carries marks between the consoles and the windows.
//!
//! Three threads hold it together: the caller's makes canvases, the encoder's encodes and sends them, the link's
//! listens to the consoles. Nothing here is needed for what the OR display shows.

mod answers;
pub mod arranging;
pub mod curtain;
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
use answers::Answers;
use arranging::Arranging;
use curtain::Curtain;
use demand::Demand;
use drills::Drills;
use encoding::{Encoded, Encoding};
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
    encoding::try_out(theatre.canvas.size(), bitrate_bps).map_err(encoding::Error::from)?;
    run_dir::ensure(&theatre.run_dir)?;
    let epoch = Epoch(random() as u32);
    let (mut canvas, inlets) = Canvas::new(theatre, epoch, clock::now())?;
    let (participants, events) = Participants::start(theatre, epoch)?;
    let participants = Arc::new(participants);
    let curtain = Curtain::as_left(&run_dir::curtain(&theatre.run_dir));
    let arranging = Arc::new(Arranging::new(canvas.plan().arrangement(theatre.canvas.mentor_may)));
    let (relay, _windows) = windows(theatre, &canvas, &participants, &curtain)?;
    let drills = Arc::new(Drills::new(&participants, trace));
    let gates = answers::named(theatre, canvas.gates());
    let answers = Answers { drills: drills.clone(), arranging: arranging.clone(), curtain: curtain.clone(), gates };
    let (demand, steps) = (Demand::default(), steps(theatre, bitrate_bps));
    let parts = link::Parts {
        relay: relay.clone(),
        drills,
        demand: demand.clone(),
        steps,
        arranging: arranging.clone(),
        curtain: curtain.clone(),
    };
    let link = Link::start(participants.clone(), events, limits(theatre), parts, trace.clone());
    let link = link.map_err(Error::Thread)?;
    let answer = move |request| answers.answer(request, clock::now());
    let _control = control::Server::start(&run_dir::control(&theatre.run_dir), answer)?;
    let encoding = encode(bitrate_bps, participants.clone(), &relay, &demand, &curtain, trace)?;
    let way = Way { arranging, curtain, demand, encoding, participants, relay, trace };
    let _inputs = connect(theatre, inlets)?;
    while stop.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
        way.turn(&mut canvas)?;
        if !way.encoding.is_alive() {
            return Err(Error::Ended("the encoder"));
        }
        if !link.is_alive() {
            return Err(Error::Ended("the link"));
        }
    }
    Ok(())
}

/// What a canvas is made by, and its way from there.
struct Way<'a> {
    arranging: Arc<Arranging>,
    curtain: Curtain,
    demand: Demand,
    encoding: Encoding,
    participants: Arc<Participants>,
    relay: Arc<Relay>,
    trace: &'a Trace,
}

impl Way<'_> {
    /// Waits for a canvas and hands it to the encoder, unless the ladder leaves it out. One that it overtakes there is
    /// dropped.
    fn turn(&self, canvas: &mut Canvas) -> Result<(), Error> {
        canvas.wait(STOP_WITHIN, clock::now());
        self.arrange(canvas);
        let Some(mut composed) = canvas.step(clock::now())? else { return Ok(()) };
        if let Some(layout) = composed.new_layout.take() {
            self.relay.layout(layout);
        }
        self.demand.note_interval(composed.interval);
        composed.interval *= self.demand.canvases_per_frame();
        composed.handed_on(clock::now());
        let dropped = match self.demand.leaves_out(composed.header.id) {
            Some(reason) => Some((composed, reason)),
            None => self.encoding.offer(composed).map(|overtaken| (overtaken, DropReason::EncoderBusy)),
        };
        if let Some((dropped, reason)) = dropped {
            self.trace.write(record::dropped(&dropped, reason, clock::now()));
        }
        Ok(())
    }

    /// Tells the canvas what is wanted of it now.
    fn arrange(&self, canvas: &mut Canvas) {
        canvas.set_insets(self.demand.insets());
        canvas.arrange(self.arranging.wanted());
        let position = self.curtain.position();
        if canvas.set_curtain(position) {
            if position == local::Curtain::Closed {
                self.participants.withdraw_frames();
            }
            // Nothing of what was before may shine through what comes.
            self.demand.refresh();
        }
    }
}

/// The encoder, fed with what may leave, its frames handed to everybody.
fn encode(
    bitrate_bps: u32,
    participants: Arc<Participants>,
    relay: &Arc<Relay>,
    demand: &Demand,
    curtain: &Curtain,
    trace: &Trace,
) -> Result<Encoding, Error> {
    let admit = admit(participants.clone(), demand.clone(), curtain.clone(), trace.clone());
    let send = send(participants, relay.clone(), demand.clone(), curtain.clone(), trace.clone());
    Ok(Encoding::start(bitrate_bps, demand.clone(), admit, send)?)
}

/// Whether a canvas is to be encoded: only if somebody has room for it, and the curtain hides nothing on it. Asks for an
/// independent one if somebody needs it.
fn admit(
    participants: Arc<Participants>,
    demand: Demand,
    curtain: Curtain,
    trace: Trace,
) -> impl FnMut(&Composed) -> bool {
    move |canvas| {
        let now = clock::now();
        if curtain.is_closed() && canvas.shows_sources() {
            trace.write(record::dropped(canvas, DropReason::CurtainClosed, now));
            return false;
        }
        let room = participants.have_room();
        if !room {
            trace.write(record::dropped(canvas, DropReason::NoRoom, now));
        } else if participants.want_independent(now) {
            demand.refresh();
        }
        room
    }
}

/// What becomes of an encoded canvas. One that the curtain was closed behind goes no further.
fn send(
    participants: Arc<Participants>,
    relay: Arc<Relay>,
    demand: Demand,
    curtain: Curtain,
    trace: Trace,
) -> impl FnMut(Encoded) {
    move |encoded| {
        if curtain.is_closed() && encoded.canvas.shows_sources() {
            participants.withhold(encoded.unit.independent);
            demand.refresh();
            return trace.write(record::dropped(&encoded.canvas, DropReason::CurtainClosed, clock::now()));
        }
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
    curtain: &Curtain,
) -> Result<(Arc<Relay>, Vec<NodeEnd>), Error> {
    let named = |name: &str| Some((name.to_owned(), theatre.source_id(name)?));
    let windows: Vec<(String, SourceId)> = theatre.windows().into_iter().filter_map(named).collect();
    let sources = windows.iter().map(|(_, source)| *source);
    let members = participants.members().iter().map(|member| (member.role, member.teller()));
    let relay = Arc::new(Relay::new(sources, canvas.layout().clone(), members));
    let attach = |(name, source): (String, SourceId)| {
        let (relay, curtain) = (Arc::clone(&relay), curtain.clone());
        let socket = run_dir::board(&theatre.run_dir, &name);
        NodeEnd::attach(&socket, move |event, sender| {
            curtain.hear(&event);
            relay.window(source, event, sender);
        })
    };
    let ends = windows.into_iter().map(attach).collect::<Result<_, _>>()?;
    Ok((relay, ends))
}

fn steps(theatre: &Theatre, configured_bps: u32) -> Steps {
    Steps::new(Shape { canvas: theatre.canvas.size(), configured_bps }, theatre.ladder.phone.clone())
}

fn limits(theatre: &Theatre) -> Limits {
    let bps = |kbps: u32| u64::from(kbps) * 1_000;
    Limits { floor_bps: bps(theatre.encoder.floor_kbps), ceiling_bps: bps(theatre.encoder.bitrate_kbps) }
}

/// A number that differs from start to start. The standard library draws the keys of its hash maps at random.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
