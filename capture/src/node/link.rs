//! The thread that listens to every session: marks and news from the consoles, what their lines carry, and a beat ten
//! times a second, which also moves theatre on the ladder. Nothing it does waits, so that no session's news delays another's.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, tick};
use program::clock;
use program::trace::Trace;
use program::worker::Worker;
use protocol::ladder::Position;
use protocol::message::Message;
use protocol::time::MonoTime;
use transport::driver;
use transport::path::State;
use transport::session::Event;

use super::demand::Demand;
use super::drills::Drills;
use super::participants::share::{Limits, Share, Video};
use super::participants::{Member, Participants, round_trip};
use super::people;
use super::record;
use super::relay::{Relay, Topic};
use super::steps::{self, News, Steps};
use crate::config::Role;
use crate::ladder::Seen;

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
    /// Marks.
    pub relay: Arc<Relay>,
    /// Drills.
    pub drills: Arc<Drills>,
    /// The encoder.
    pub demand: Demand,
    /// The ladder.
    pub steps: Steps,
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
        Parts { relay, drills, demand, steps }: Parts,
        trace: Trace,
    ) -> std::io::Result<Self> {
        let known = participants.members().iter().map(|_| Known::default()).collect();
        let share = Share::new(limits, participants.members().len(), clock::now());
        let listener =
            Listener { participants, known, share, relay, drills, demand, steps, trace, beats: 0, accused: 0 };
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
    relay: Arc<Relay>,
    drills: Arc<Drills>,
    demand: Demand,
    steps: Steps,
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
                self.relay.peer_up(at, peer);
                if let Some(desk) = self.drills.of(at) {
                    desk.peer_up(restarted, clock::now());
                }
            }
            Event::PathChanged { path, state, why } => {
                let facts = member.facts();
                let path = facts.paths.get(usize::from(path.0)).map_or("?", |path| path.name.as_str());
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let drill = self.drills.of(at).and_then(|desk| desk.on(path));
                let drill = drill.map(|by| format!(", in a drill by {by}")).unwrap_or_default();
                tracing::info!(participant = name, "path {path}: {}{why}{drill}", record::state(state));
            }
            // Theatre sends video and is the session's clock; nobody speaks yet, and nothing large is sent.
            Event::Frame(_)
            | Event::FramesLost { .. }
            | Event::Clock(_)
            | Event::Voice { .. }
            | Event::Bulk(_)
            | Event::BulkSent => return,
        }
        self.judge(&self.facts(), clock::now());
    }

    fn message(&mut self, at: usize, name: &str, bytes: &[u8]) {
        let fault = match Message::from_bytes(bytes) {
            Ok(Message::Mark(operation)) => {
                self.relay.operation(at, &operation).err().map(|refusal| refusal.to_string())
            }
            Ok(Message::Drill(news)) => {
                return self.drills.of(at).map_or((), |desk| desk.hear(&news, clock::now()));
            }
            Ok(Message::Cursor(to)) => self.relay.cursor(at, to).err().map(|refusal| refusal.to_string()),
            Ok(Message::Call(call)) => self.relay.call(at, call).err().map(|refusal| refusal.to_string()),
            Ok(Message::Layout(_) | Message::Receipt(_) | Message::Ladder(_) | Message::Answer(_)) => {
                Some("it is theatre's to send".to_owned())
            }
            Err(error) => Some(error.to_string()),
        };
        let (Some(fault), Some(known)) = (fault, self.known.get_mut(at)) else { return };
        // The first of them is said; the rest would flood the log.
        if known.refused == 0 {
            tracing::warn!(participant = name, "a message is left out: {fault}; so will be others like it");
        }
        known.refused += 1;
    }

    /// What the encode may take from now on, and who gets it. Gives what the slowest mentor's lines carry.
    fn judge(&mut self, facts: &[driver::Facts], now: MonoTime) -> Option<u64> {
        let members = self.participants.members().iter();
        let seen: Vec<_> = members
            .zip(facts)
            .zip(&self.known)
            .map(|((member, facts), known)| member.seen(&facts.session, known.budget_bps))
            .collect();
        let verdict = self.share.judge(&seen, now);
        self.demand.set_budget(Some(verdict.rate_bps));
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
        self.relay.tick(&heard);
        for (at, facts) in facts.iter().enumerate() {
            self.drills.of(at).into_iter().for_each(|desk| desk.look(facts, now));
        }
        self.relay.notice(Topic::Drill, self.drills.notice(now));
        self.relay.notice(Topic::People, Some(people::notice(&self.present(&facts))));
        let slowest_bps = self.judge(&facts, now);
        self.climb(&facts, slowest_bps, now);
        if self.beats.is_multiple_of(BEATS_PER_RECORD) && self.trace.is_on() {
            for (at, ((member, known), facts)) in
                self.participants.members().iter().zip(&self.known).zip(&facts).enumerate()
            {
                let participant = record::participant(member, known.video, known.refused);
                let drill = |path: &str| self.drills.of(at).and_then(|desk| desk.on(path));
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
        let interval = self.demand.interval();
        if interval.is_zero() {
            return;
        }
        let mentors = self.participants.members().iter().zip(facts).filter(|(member, _)| member.role == Role::Mentor);
        let policy = mentors.filter_map(|(_, facts)| facts.session.policy).next();
        let seen = Seen { budget_bps, made_bytes: self.demand.made_bytes(), interval };
        let position = match self.steps.judge(&seen, policy.and_then(record::spreading), now) {
            Some(News::Step(position)) => {
                self.stepped(&position);
                self.demand.set_rung(position.rung);
                self.trace.write(record::ladder(&position, now));
                position
            }
            Some(News::Figures(position)) => position,
            None => return,
        };
        self.relay.notice(Topic::Ladder, steps::notice(&position));
        self.relay.ladder(position);
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
