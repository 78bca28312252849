//! `capture-node`: everything in theatre that is not the surgeon's picture. It opens the other sources, makes and
//! encodes the canvas, sends it, and carries marks between the consoles and the windows.
//!
//! Three threads hold it together: the caller's makes canvases, the encoder's encodes and sends them, the link's
//! listens to the consoles. Nothing here is needed for what the OR display shows.

pub mod anchor;
mod answers;
pub mod arranging;
pub mod branch;
pub mod calls;
pub mod codec;
pub mod curtain;
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
mod way;

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use program::clock;
use program::trace::Trace;
use protocol::ids::{Epoch, SourceId};
use protocol::layout::Role;
use protocol::message::Message;
use transport::session::Event;

use crate::canvas::{self, Canvas};
use crate::config::Theatre;
use crate::control;
use crate::ladder::Shape;
use crate::local::{self, NodeEnd};
use crate::ptz::Cameras;
use crate::run_dir;
use crate::vitals::{self, hub::Hub};
use anchor::Anchor;
use answers::Answers;
use arranging::Arranging;
use branch::Branch;
use curtain::Curtain;
use demand::Demand;
use drills::Drills;
use encoding::CanvasEncoder;
pub(crate) use inputs::open;
pub use inputs::{Error as InputError, Inputs, connect};
use journal::Teller;
use link::Link;
use participants::Participants;
use participants::share::Limits;
use relay::Relay;
use steps::Steps;
use stills::{Stills, Ways};
use way::Way;

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
    let mut encoder = CanvasEncoder::new(theatre.encoder);
    encoder.seek(theatre.canvas.size()).map_err(encoding::Error::from)?;
    run_dir::ensure(&theatre.run_dir)?;
    let epoch = Epoch(random() as u32);
    let (mut canvas, inlets) = Canvas::new(theatre, epoch, clock::now())?;
    let (participants, events) = Participants::start(theatre, epoch)?;
    let participants = Arc::new(participants);
    let curtain = Curtain::as_left(&run_dir::curtain(&theatre.run_dir));
    let (relay, _windows) = windows(theatre, &canvas, &participants, &curtain)?;
    let stills = Arc::new(stills(theatre, &participants, &relay).map_err(Error::Thread)?);
    let anchors = anchors(theatre, &relay).map_err(Error::Thread)?;
    let branch = |inlet: canvas::Inlet| {
        let source = inlet.source();
        Branch::new(inlet, stills.tap(source), anchors.get(&source).map(Anchor::eye))
    };
    let branches = inlets.into_iter().map(branch).collect();
    let arranging = Arc::new(Arranging::new(canvas.plan().arrangement(theatre.canvas.mentor_may)));
    let demand = Demand::default();
    let way =
        Way { arranging, curtain, demand, participants, relay, stills, trace: trace.clone(), leaving: Arc::default() };
    way.follow_curtain();
    let hub = theatre.vitals.as_ref().map(|from| Arc::new(hub(from, &way)));
    let drills = Arc::new(Drills::new(&way.participants, trace));
    let link = listen(theatre, &way, (&drills, hub.as_ref()), codec::Choice::new(encoder.makes_h265()), events)
        .map_err(Error::Thread)?;
    let gates = answers::named(theatre, canvas.gates());
    let (arranging, curtain, vitals) = (way.arranging.clone(), way.curtain.clone(), hub.clone());
    let answers = Answers { drills, arranging, curtain, vitals, gates };
    let answer = move |request| answers.answer(request, clock::now());
    let _control = control::Server::start(&run_dir::control(&theatre.run_dir), answer)?;
    let encoding = way.encode(encoder)?;
    let vitals = theatre.vitals.clone().zip(hub.clone());
    let _vitals = vitals.map(|(from, hub)| vitals::Keeper::start(from, hub)).transpose().map_err(Error::Vitals)?;
    let _inputs = connect(theatre, branches, hub.as_ref())?;
    let mut teller = Teller::new(theatre, trace.clone());
    while stop.try_recv() == Err(crossbeam_channel::TryRecvError::Empty) {
        way.turn(&mut canvas, &encoding, &mut teller)?;
        if !encoding.is_alive() {
            return Err(Error::Ended("the encoder"));
        }
        if !link.is_alive() {
            return Err(Error::Ended("the link"));
        }
    }
    Ok(())
}

/// The thread that listens to every session.
fn listen(
    theatre: &Theatre,
    way: &Way,
    (drills, hub): (&Arc<Drills>, Option<&Arc<Hub>>),
    codec: codec::Choice,
    events: Vec<Receiver<Event>>,
) -> std::io::Result<Link> {
    let shape = Shape { canvas: theatre.canvas.size(), configured_bps: theatre.encoder.bitrate_bps() };
    let parts = link::Parts {
        cameras: Cameras::start(theatre)?,
        stills: way.stills.clone(),
        relay: way.relay.clone(),
        drills: drills.clone(),
        demand: way.demand.clone(),
        codec,
        steps: Steps::new(shape, theatre.ladder.phone.clone()),
        vitals: hub.cloned(),
        arranging: way.arranging.clone(),
        curtain: way.curtain.clone(),
    };
    Link::start(way.participants.clone(), events, limits(theatre), parts, way.trace.clone())
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
    let members = participants.members().iter().map(|member| (member.name.clone(), member.role, member.teller()));
    let relay = Arc::new(Relay::new(sources, canvas.layout().clone(), members));
    let attach = |(name, source): (String, SourceId)| {
        let (relay, curtain, trouble) = (Arc::clone(&relay), curtain.clone(), canvas.troubles(source));
        let socket = run_dir::board(&theatre.run_dir, &name);
        NodeEnd::attach(&socket, move |event, sender| {
            curtain.hear(&event);
            trouble.iter().for_each(|tell| event.troubles().for_each(|(trouble, at)| tell(trouble, at)));
            relay.window(source, event, sender);
        })
    };
    let ends = windows.into_iter().map(attach).collect::<Result<_, _>>()?;
    Ok((relay, ends))
}

/// Where vital signs that come `from` somewhere meet, on their way to all participants. While the curtain is closed values
/// wait there, the newest of each.
fn hub(from: &crate::config::Vitals, way: &Way) -> Hub {
    let tellers = way.participants.members().iter().map(|member| -> vitals::hub::Send {
        let (tell, curtain) = (member.vitals_teller(), way.curtain.clone());
        Box::new(move |message: &Message| curtain.lets_out(message) && tell(message))
    });
    Hub::new(vitals::origin(from), tellers, clock::now())
}

/// Stills of every source on the canvas, for everybody.
fn stills(theatre: &Theatre, participants: &Arc<Participants>, relay: &Arc<Relay>) -> std::io::Result<Stills> {
    let sources: Vec<SourceId> = theatre.canvas.tiles.iter().filter_map(|name| theatre.source_id(name)).collect();
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
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
