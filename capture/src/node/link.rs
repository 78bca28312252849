//! The thread that listens to every session: marks and news from the consoles, what their lines carry, and a beat ten
//! times a second, which also moves theatre on the ladder. Nothing it does waits, so that no session's news delays another's.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, tick};
use program::clock;
use program::trace::Trace;
use program::worker::Worker;
use protocol::arrangement::Wish;
use protocol::camera::{self, Offer};
use protocol::codec::Codec;
use protocol::ladder::Position;
use protocol::message::Message;
use protocol::time::MonoTime;
use transport::driver;
use transport::path::State;
use transport::session::Event;

use super::arranging::{self, Arranging};
use super::codec;
use super::curtain::Curtain;
use super::demand::Demand;
use super::drills::Drills;
use super::participants::share::{Limits, Share, Video};
use super::participants::{Member, Participants, round_trip};
use super::people;
use super::record;
use super::relay::{Relay, Topic};
use super::steps::{self, News, Steps};
use super::stills::Stills;
use crate::config::Role;
use crate::ladder::Seen;
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

    fn message(&mut self, at: usize, name: &str, bytes: &[u8]) {
        let fault = match Message::from_bytes(bytes) {
            Ok(Message::Mark(operation)) => {
                self.parts.relay.operation(at, &operation).err().map(|refusal| refusal.to_string())
            }
            Ok(Message::Drill(news)) => {
                return self.parts.drills.of(at).map_or((), |desk| desk.hear(&news, clock::now()));
            }
            Ok(Message::Cursor(to)) => self.parts.relay.cursor(at, to).err().map(|refusal| refusal.to_string()),
            Ok(Message::Call(call)) => self.parts.relay.call(at, call).err().map(|refusal| refusal.to_string()),
            Ok(Message::Camera(command)) => self.move_camera(at, command).err(),
            Ok(Message::StillWish(source)) => return self.parts.stills.wish(at, source),
            Ok(Message::LayoutWish(wish)) => return self.wish(at, wish),
            Ok(Message::Decodes(codecs)) => return self.decodes(at, &codecs),
            Ok(
                Message::Layout(_)
                | Message::Receipt(_)
                | Message::Ladder(_)
                | Message::Answer(_)
                | Message::Vitals(_)
                | Message::StillRefused { .. }
                | Message::Cameras(_)
                | Message::Pattern(_)
                | Message::Arrangement(_)
                | Message::LayoutAnswer(_),
            ) => Some("it is theatre's to send".to_owned()),
            Ok(Message::Judged(_)) => Some("no test picture was sent".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let (Some(fault), Some(known)) = (fault, self.known.get_mut(at)) else { return };
        // The first of them is said; the rest would flood the log.
        if known.refused == 0 {
            tracing::warn!(participant = name, "a message is left out: {fault}; so will be others like it");
        }
        known.refused += 1;
    }

    /// The console of participant `at` decodes these codecs beside H.264.
    fn decodes(&mut self, at: usize, codecs: &[Codec]) {
        let decodes = codecs.contains(&Codec::H265);
        let Some(member) = self.participants.members().get(at) else { return };
        let before = member.outlet().decodes_h265();
        if before != decodes {
            tracing::debug!(participant = member.name, decodes, "the console on H.265");
            member.outlet().set_decodes_h265(decodes);
            self.judge(&self.facts(), clock::now());
        }
    }

    /// A mentor moves a room camera that theatre grants; whoever watches moves nothing.
    fn move_camera(&self, at: usize, command: camera::Command) -> Result<(), String> {
        match self.participants.members().get(at).map(|member| member.role) {
            Some(Role::Mentor) => self.parts.cameras.ask(command).map_err(|refusal| refusal.to_string()),
            Some(Role::Observer) | None => Err("observers move no camera".into()),
        }
    }

    /// Tells mentors how the cameras stand, when that changes.
    fn offer_cameras(&mut self) {
        let offers = self.parts.cameras.offers();
        if self.offered != offers {
            self.offered.clone_from(&offers);
            self.parts.relay.cameras(offers);
        }
    }

    /// The console of participant `at` wants the canvas arranged so.
    fn wish(&self, at: usize, wish: Wish) {
        let Some(member) = self.participants.members().get(at) else { return };
        let answer = self.parts.arranging.wish(member.role, wish);
        tracing::info!(participant = member.name, "asks for the layout {}: {answer:?}", arranging::word(wish.preset));
        self.parts.relay.layout_answer(at, answer);
        self.parts.relay.arrangement(self.parts.arranging.arrangement());
    }

    /// What the encode may take from now on, and who gets it. Gives what the slowest mentor's lines carry.
    fn judge(&mut self, facts: &[driver::Facts], now: MonoTime) -> Option<u64> {
        let members = self.participants.members().iter();
        let seen: Vec<_> = members
            .zip(facts)
            .zip(&self.known)
            .map(|((member, facts), known)| member.seen(&facts.session, known.budget_bps))
            .collect();
        let members = self.participants.members().iter();
        let consoles = seen.iter().zip(members).map(|(seen, member)| (seen.presence, member.outlet().decodes_h265()));
        if let Some(codec) = self.parts.codec.judge(consoles, now) {
            self.parts.demand.set_codec(codec);
        }
        let verdict = self.share.judge(&seen, now);
        self.parts.demand.set_budget(Some(verdict.rate_bps));
        let members = self.participants.members().iter();
        for ((member, known), video) in members.zip(&mut self.known).zip(verdict.video) {
            if known.video.replace(video) != Some(video) {
                member.outlet().allow(video == Video::Sent);
                tell(member, video);
            }
        }
        verdict.slowest_bps
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

    /// Moves theatre on the ladder, and tells everyone.
    fn climb(&mut self, facts: &[driver::Facts], budget_bps: Option<u64>, now: MonoTime) {
        let interval = self.parts.demand.interval();
        if interval.is_zero() {
            return;
        }
        let mentors = self.participants.members().iter().zip(facts).filter(|(member, _)| member.role == Role::Mentor);
        let policy = mentors.filter_map(|(_, facts)| facts.session.policy).next();
        let seen = Seen { budget_bps, made_bytes: self.parts.demand.made_bytes(), interval };
        let position = match self.parts.steps.judge(&seen, policy.and_then(record::spreading), now) {
            Some(News::Step(position)) => {
                self.stepped(&position);
                self.parts.demand.set_rung(position.rung);
                self.trace.write(record::ladder(&position, now));
                position
            }
            Some(News::Figures(position)) => position,
            None => return,
        };
        self.parts.relay.notice(Topic::Ladder, steps::notice(&position));
        self.parts.relay.ladder(position);
    }

    /// A climb is good news. An encoder that ignores its rate is said once: it will be tried again and again.
    fn stepped(&mut self, position: &Position) {
        if !steps::blames_encoder(position) {
            return tracing::info!("the mentor's view: {position}");
        }
        if self.accused == 0 {
            tracing::warn!("the mentor's view: {position}; it does not follow its bit rate");
        }
        self.accused += 1;
    }
}

fn tell(member: &Member, video: Video) {
    let text = match video {
        Video::Sent => "is sent video",
        Video::TooSlow => "gets no video: its lines carry less than the mentors' rate",
        Video::NoRoom => "gets no video: others need what an uplink carries",
    };
    tracing::info!(participant = member.name, "{text}");
}
