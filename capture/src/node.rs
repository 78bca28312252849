//! `capture-node`: everything in theatre that is not the surgeon's picture. It opens the other sources, makes and
//! encodes the canvas, sends it, and carries marks between the consoles and the windows.
//!
//! Three threads hold it together: the caller's makes canvases, the encoder's encodes and sends them, the link's
//! listens to the consoles. Nothing here is needed for what the OR display shows.

mod anchor;
mod branch;
pub mod calls;
pub mod demand;
mod drill;
mod drills;
pub mod encoding;
pub mod frames;
mod inputs;
mod journal;
mod link;
pub mod marks;
mod outgoing;
pub mod participants;
pub mod people;
mod record;
mod relay;
pub mod steps;
pub mod stills;
#[cfg(test)]
mod test_frames;

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use program::clock;
use program::trace::{DropReason, Trace};
use protocol::ids::{Epoch, SourceId};
use protocol::layout::Role;
use transport::shards::Frame;

use crate::canvas::{self, Canvas, Composed};
use crate::config::Theatre;
use crate::control::{self, Request};
use crate::ladder::Shape;
use crate::local::{self, NodeEnd};
use crate::ptz::Cameras;
use crate::run_dir;
use crate::vitals::{self, hub::Hub};
use anchor::Anchor;
use branch::Branch;
use demand::Demand;
use drills::Drills;
use encoding::{CanvasEncoder, Encoded, Encoding};
pub use inputs::{Error as InputError, Inputs, connect};
use journal::Teller;
use link::Link;
use participants::Participants;
use participants::share::Limits;
use relay::Relay;
use steps::Steps;
use stills::{Stills, Ways};

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
    #[error("no thread to bring vital signs in: {0}")]
    Vitals(std::io::Error),
    /// The system gave no thread.
    #[error("no thread to listen to the consoles, follow scenes, make stills or move cameras: {0}")]
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
    let hub = theatre.vitals.as_ref().map(|from| Arc::new(hub(from, &participants)));
    let demand = Demand::default();
    let drills = Arc::new(Drills::new(&participants, trace));
    let shape = Shape { canvas: theatre.canvas.size(), configured_bps: bitrate_bps };
    let steps = Steps::new(shape, theatre.ladder.phone.clone());
    let stills = Arc::new(stills(&canvas, &participants, &relay).map_err(Error::Thread)?);
    let anchors = anchors(theatre, &relay).map_err(Error::Thread)?;
    let branches = inlets.into_iter().map(|inlet| {
        let source = inlet.source();
        Branch::new(inlet, stills.tap(source), anchors.get(&source).map(Anchor::eye))
    });
    let parts = link::Parts {
        cameras: Cameras::start(theatre).map_err(Error::Thread)?,
        relay: relay.clone(),
        drills: drills.clone(),
        stills: stills.clone(),
        demand: demand.clone(),
        steps,
        vitals: hub.clone(),
    };
    let link = Link::start(participants.clone(), events, limits(theatre), parts, trace.clone());
    let link = link.map_err(Error::Thread)?;
    let asked = hub.clone();
    let answer = move |request| match (request, &asked) {
        (Request::ConfirmVitals, Some(hub)) => hub.confirm(clock::now()),
        (request, _) => drills.answer(request, clock::now()),
    };
    let _control = control::Server::start(&run_dir::control(&theatre.run_dir), answer)?;
    let admitting = admit(participants.clone(), demand.clone(), trace.clone());
    let sending = send(participants, relay.clone(), stills.clone(), demand.clone(), trace.clone());
    let encoding = Encoding::start(encoder, demand.clone(), admitting, sending)?;
    let vitals = theatre.vitals.clone().zip(hub.clone());
    let _vitals = vitals.map(|(from, hub)| vitals::Keeper::start(from, hub)).transpose().map_err(Error::Vitals)?;
    let _inputs = connect(theatre, branches.collect(), hub.as_ref())?;
    let mut teller = Teller::new(theatre, trace.clone());
    while stop.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
        turn(&mut canvas, &encoding, &demand, &relay, &stills, &mut teller)?;
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
fn turn(
    canvas: &mut Canvas,
    encoding: &Encoding,
    demand: &Demand,
    relay: &Relay,
    stills: &Stills,
    teller: &mut Teller,
) -> Result<(), Error> {
    canvas.wait(STOP_WITHIN, clock::now());
    canvas.set_insets(demand.insets());
    let Some(mut composed) = canvas.step(clock::now())? else { return Ok(()) };
    teller.look(&composed.header);
    if let Some(layout) = composed.new_layout.take() {
        relay.layout(layout);
    }
    demand.note_interval(composed.interval);
    composed.interval = demand.share(composed.interval);
    stills.canvas_made(composed.header.id);
    let now = clock::now();
    composed.handed_on(now);
    let dropped = match demand.leaves_out(composed.header.id, now) {
        Some(reason) => Some((composed, reason)),
        None => encoding.offer(composed).map(|overtaken| (overtaken, DropReason::EncoderBusy)),
    };
    if let Some((dropped, reason)) = dropped {
        teller.trace().write(record::dropped(&dropped, reason, clock::now()));
    }
    Ok(())
}

/// Whether a canvas is to be encoded: a still always, a frame only if somebody has room for it. Asks for an independent one if somebody needs it.
fn admit(participants: Arc<Participants>, demand: Demand, trace: Trace) -> impl FnMut(&Composed) -> bool {
    move |canvas| {
        let now = clock::now();
        if !demand.has_video() {
            return true;
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

/// What becomes of an encoded canvas: it is a frame, or without video a still.
fn send(
    participants: Arc<Participants>,
    relay: Arc<Relay>,
    stills: Arc<Stills>,
    demand: Demand,
    trace: Trace,
) -> impl FnMut(Encoded) {
    move |encoded| {
        let header = &encoded.canvas.header;
        let bytes = match header.prefix(&encoded.unit.bytes) {
            Ok(bytes) => bytes,
            Err(error) => return tracing::error!("{error}; the frame is left out"),
        };
        if !demand.has_video() {
            // One that was encoded as a frame while video stopped may build on others.
            if encoded.unit.independent {
                stills.send_canvas(&bytes);
            }
            trace.write(record::sent(&encoded, BTreeMap::new(), clock::now()));
            return relay.sent(encoded.canvas.header);
        }
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

/// Where vital signs that come `from` somewhere meet, on their way to all participants.
fn hub(from: &crate::config::Vitals, participants: &Participants) -> Hub {
    let tellers = participants.members().iter().map(participants::Member::vitals_teller);
    Hub::new(vitals::origin(from), tellers, clock::now())
}

/// Stills of every source on the canvas, for everybody.
fn stills(canvas: &Canvas, participants: &Arc<Participants>, relay: &Arc<Relay>) -> std::io::Result<Stills> {
    let sources: Vec<SourceId> = canvas.layout().tiles.iter().map(|tile| tile.source).collect();
    let [sender, raiser] = [Arc::clone(participants), Arc::clone(participants)];
    let [refuser, noter] = [Arc::clone(relay), Arc::clone(relay)];
    let ways = Ways {
        send: Box::new(move |at, bytes| {
            sender.members().get(at).is_some_and(|member| member.handle().send_bulk(bytes).is_ok())
        }),
        raise: Box::new(move |at, raised| {
            raiser.members().get(at).into_iter().for_each(|member| member.handle().raise_bulk(raised));
        }),
        refuse: Box::new(move |at, source, why| refuser.no_still(at, source, why)),
        taken: Box::new(move |header| noter.still(header)),
    };
    Stills::start(participants.members().len(), sources, ways)
}

/// What follows the scene of each source that a window shows and a camera takes. A patient monitor's screen has no camera:
/// its curves run though nothing moves.
fn anchors(theatre: &Theatre, relay: &Arc<Relay>) -> std::io::Result<BTreeMap<SourceId, Anchor>> {
    let windows = theatre.windows().into_iter();
    let seen = windows.filter(|name| theatre.source.get(*name).is_some_and(|source| source.role != Role::Vitals));
    let follow = |name: &str| {
        let (relay, source) = (Arc::clone(relay), theatre.source_id(name)?);
        Some(
            Anchor::start(name, move |captured, pose| relay.seen(source, captured, pose))
                .map(|anchor| (source, anchor)),
        )
    };
    seen.filter_map(follow).collect()
}

fn limits(theatre: &Theatre) -> Limits {
    let bps = |kbps: u32| u64::from(kbps) * 1_000;
    Limits { floor_bps: bps(theatre.encoder.floor_kbps), ceiling_bps: bps(theatre.encoder.bitrate_kbps) }
}

/// A number that differs from start to start. The standard library draws the keys of its hash maps at random.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
