//! The thread that listens to every session: marks and news from the consoles, what their lines carry, and a beat ten
//! times a second, which also moves theatre on the ladder. Nothing it does waits, so that no session's news delays another's.

mod rates;
mod words;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, tick};
use program::clock;
use program::trace::Trace;
use program::worker::Worker;
use protocol::camera::Offer;
use transport::driver;
use transport::path::State;
use transport::session::Event;

use super::arranging::Arranging;
use super::codec;
use super::curtain::Curtain;
use super::demand::Demand;
use super::drills::Drills;
use super::participants::share::{Limits, Share, Video};
use super::participants::{Member, Participants, round_trip};
use super::people;
use super::record;
use super::relay::{Relay, Topic};
use super::steps::Steps;
use super::stills::Stills;
use crate::ptz::Cameras;
use crate::vitals::hub::Hub;

/// How often windows are told when the mentors were last heard: a tenth of the silence after which marks are dashed.
const BEAT: Duration = Duration::from_millis(100);
/// Beats between two lines about each session in the trace: one a second.
const BEATS_PER_RECORD: u32 = 10;

/// The running thread; stops and joins when dropped.
pub struct Link {
    worker: Worker,
}

/// What the thread works on.
pub struct Parts {
    /// Room cameras.
    pub cameras: Cameras,
    /// Marks.
    pub relay: Arc<Relay>,
    /// Drills.
    pub drills: Arc<Drills>,
    /// Stills.
    pub stills: Arc<Stills>,
    /// The encoder.
    pub demand: Demand,
    /// What frames are encoded as.
    pub codec: codec::Choice,
    /// The ladder.
    pub steps: Steps,
    /// Vital signs, where there are any.
    pub vitals: Option<Arc<Hub>>,
    /// How the canvas is arranged.
    pub arranging: Arc<Arranging>,
    /// Whether anything of any source leaves.
    pub curtain: Curtain,
}

impl Link {
    /// Starts the thread. `events` are those of `participants`, in their order.
    ///
    /// # Errors
    /// The system gave none.
    pub fn start(
        participants: Arc<Participants>,
        events: Vec<Receiver<Event>>,
        limits: Limits,
        parts: Parts,
        trace: Trace,
    ) -> std::io::Result<Self> {
        let known = participants.members().iter().map(|_| Known::default()).collect();
        let share = Share::new(limits, participants.members().len(), clock::now());
        let listener = Listener { participants, known, share, parts, offered: Vec::new(), trace, beats: 0, accused: 0 };
        let worker = Worker::start("link", move |stopped| listener.run(&events, stopped))?;
        Ok(Self { worker })
    }

    /// Whether the thread still listens. It ends by itself with the first session that does.
    pub fn is_alive(&self) -> bool {
        self.worker.is_alive()
    }
}

struct Listener {
    participants: Arc<Participants>,
    /// In the order of the participants.
    known: Vec<Known>,
    share: Share,
    parts: Parts,
    /// The cameras as mentors were told of them.
    offered: Vec<Offer>,
    trace: Trace,
    beats: u32,
    /// Steps down that the encoder is to blame for.
    accused: u64,
}

/// What was heard of one participant.
#[derive(Debug, Default)]
struct Known {
    /// The session's last word on what frames may take.
    budget_bps: Option<u64>,
    /// Its last verdict, so that each is said once.
    video: Option<Video>,
    /// Messages that were left out.
    refused: u64,
}

impl Listener {
    fn run(mut self, events: &[Receiver<Event>], stopped: &Receiver<()>) {
        let beat = tick(BEAT);
        let mut select = Select::new();
        for events in events {
            select.recv(events);
        }
        let beats = select.recv(&beat);
        select.recv(stopped);
        loop {
            let ready = select.select();
            let at = ready.index();
            match events.get(at) {
                Some(events) => match ready.recv(events) {
                    Ok(event) => self.hear(at, event),
                    Err(_) => return,
                },
                None if at == beats => {
                    // The moment of the beat is of no interest.
                    let _ = ready.recv(&beat);
                    self.beat();
                }
                None => {
                    let _ = ready.recv(stopped);
                    return;
                }
            }
        }
    }

    fn hear(&mut self, at: usize, event: Event) {
        let participants = Arc::clone(&self.participants);
        let (Some(member), Some(known)) = (participants.members().get(at), self.known.get_mut(at)) else { return };
        let name = &member.name;
        match event {
            Event::Message(bytes) => return self.message(at, name, &bytes),
            Event::RefreshWanted => {
                let round_trip = round_trip(&member.facts().session);
                return member.outlet().ask(round_trip, clock::now());
            }
            Event::Budget(bps) => known.budget_bps = bps,
            Event::PeerUp { peer, restarted } => {
                tracing::info!(
                    participant = name,
                    "the console is there{}",
                    if restarted { ", started anew" } else { "" }
                );
                known.budget_bps = None;
                self.share.joined(at, clock::now());
                member.outlet().join();
                self.parts.relay.peer_up(at, peer);
                self.parts.vitals.iter().for_each(|vitals| vitals.peer_up(at, clock::now()));
                self.parts.stills.settled(at);
                if let Some(desk) = self.parts.drills.of(at) {
                    desk.peer_up(restarted, clock::now());
                }
            }
            Event::PathChanged { path, state, why } => {
                let facts = member.facts();
                let path = facts.paths.get(usize::from(path.0)).map_or("?", |path| path.name.as_str());
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let drill = self.parts.drills.of(at).and_then(|desk| desk.on(path));
                let drill = drill.map(|by| format!(", in a drill by {by}")).unwrap_or_default();
                tracing::info!(participant = name, "path {path}: {}{why}{drill}", record::state(state));
            }
            Event::BulkSent => return self.parts.stills.settled(at),
            // Theatre sends video and is the session's clock; nobody speaks yet, and consoles send nothing large.
            Event::Frame(_) | Event::FramesLost { .. } | Event::Clock(_) | Event::Voice { .. } | Event::Bulk(_) => {
                return;
            }
        }
        self.judge(&self.facts(), clock::now());
    }

    fn beat(&mut self) {
        let (facts, now) = (self.facts(), clock::now());
        let heard: Vec<_> = facts.iter().map(|facts| facts.session.heard).collect();
        self.parts.relay.tick(&heard);
        for (at, facts) in facts.iter().enumerate() {
            self.parts.drills.of(at).into_iter().for_each(|desk| desk.look(facts, now));
        }
        self.parts.relay.notice(Topic::Drill, self.parts.drills.notice(now));
        self.parts.relay.notice(Topic::People, Some(people::notice(&self.present(&facts))));
        self.parts.relay.notice(Topic::Curtain, self.parts.curtain.notice());
        self.parts.relay.arrangement(self.parts.arranging.arrangement());
        if let Some(vitals) = &self.parts.vitals {
            vitals.tick(now);
            self.parts.relay.notice(Topic::Vitals, vitals.notice());
        }
        self.offer_cameras();
        let slowest_bps = self.judge(&facts, now);
        self.climb(&facts, slowest_bps, now);
        if self.beats.is_multiple_of(BEATS_PER_RECORD) && self.trace.is_on() {
            for (at, ((member, known), facts)) in
                self.participants.members().iter().zip(&self.known).zip(&facts).enumerate()
            {
                let participant = record::participant(member, known.video, known.refused);
                let drill = |path: &str| self.parts.drills.of(at).and_then(|desk| desk.on(path));
                self.trace.write(record::link(facts, participant, drill, now));
            }
        }
        self.beats = self.beats.wrapping_add(1);
    }

    fn present<'a>(&'a self, facts: &'a [driver::Facts]) -> Vec<people::Present<'a>> {
        let members = self.participants.members().iter().zip(facts);
        let present = members.map(|(member, facts)| people::Present {
            name: &member.name,
            role: member.role,
            live_paths: facts.session.paths.iter().filter(|path| path.state == State::Live).count(),
            paths: facts.session.paths.iter().filter(|path| path.state != State::Removed).count(),
        });
        present.collect()
    }

    fn facts(&self) -> Vec<driver::Facts> {
        self.participants.members().iter().map(Member::facts).collect()
    }
}
