//! The sessions with everybody theatre talks to: one transport and one outlet each, and one encode for all. Nobody waits
//! for another: a session that has no room for a frame misses it, alone. Who gets video at which rate is `share`'s.

pub mod outlet;
pub mod share;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use program::clock;
use protocol::codec::Codec;
use protocol::ids::Epoch;
use protocol::message::Message;
use protocol::time::MonoTime;
use transport::driver::{self, Handle};
use transport::hello;
use transport::path::{self, State};
use transport::refresh::Merger;
use transport::session::{self, Event};
use transport::shards::Frame;

use crate::config::{Participant, Role, Theatre};
use outlet::Outlet;
use share::{Line, Presence, Seen};

/// Messages that wait for a participant's acknowledgement while it is still sent vital signs: less than half of what is under way
/// at once (`transport::delivery::IN_FLIGHT`), with what comes in one turn and the age of this figure counted in.
const VITALS_BELOW: usize = 16;

/// Why a session does not start.
#[derive(Debug, thiserror::Error)]
#[error("participant.{name}: {source}")]
pub struct Error {
    /// With whom.
    pub name: String,
    /// Why.
    pub source: Box<driver::Error>,
}

/// Every session; dropping it ends them.
pub struct Participants {
    members: Vec<Member>,
    /// Requests for an independent frame, over all sessions.
    merger: Mutex<Merger>,
}

/// One session.
pub struct Member {
    /// Its name in the configuration.
    pub name: String,
    /// What the participant may do.
    pub role: Role,
    handle: Handle,
    /// The line each path leaves by.
    uplinks: Vec<String>,
    outlet: Mutex<Outlet>,
}

impl Participants {
    /// Starts a session with everybody in `theatre`, in the order of their names; and where each one's events come out.
    ///
    /// # Errors
    /// The first that does not start.
    pub fn start(theatre: &Theatre, epoch: Epoch) -> Result<(Self, Vec<Receiver<Event>>), Error> {
        let started = theatre.participant.iter().map(|(name, participant)| {
            let of = |source: driver::Error| Error { name: name.clone(), source: source.into() };
            let config = network(theatre, participant, epoch).map_err(of)?;
            let (handle, events) =
                tracing::info_span!("participant", name).in_scope(|| driver::start(config)).map_err(of)?;
            let (uplinks, outlet) = (participant.uplinks(), Mutex::default());
            Ok((Member { name: name.clone(), role: participant.role, handle, uplinks, outlet }, events))
        });
        let (members, events) = started.collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
        Ok((Self { members, merger: Mutex::default() }, events))
    }

    /// Every session, in the order of their names.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whether a frame encoded now would find room at one session at least. It stays so until the next is delivered.
    pub fn have_room(&self) -> bool {
        self.members.iter().any(|member| member.outlet().is_open() && member.handle.takes_frame())
    }

    /// Whether the next frame is to be independent; asked just before it is made. At most once in
    /// [`transport::refresh::MERGE`], whoever asks how often.
    pub fn want_independent(&self, now: MonoTime) -> bool {
        let wanted = self.members.iter().any(|member| member.outlet().wants_independent());
        wanted && lock(&self.merger).passes(None, now)
    }

    /// Hands a frame to every session that gets video and has room. Never waits. Gives the number it has at each that took
    /// it.
    pub fn deliver(&self, codec: Codec, frame: &Frame, now: MonoTime) -> BTreeMap<String, u64> {
        let taken =
            self.members.iter().filter_map(|member| Some((member.name.clone(), member.deliver(codec, frame, now)?)));
        taken.collect()
    }

    /// A frame that was made goes to nobody: what builds on it is of no use to those who would have got it.
    pub fn withhold(&self, codec: Codec, independent: bool) {
        for member in &self.members {
            let mut outlet = member.outlet();
            if outlet.gets(codec, independent) {
                outlet.missed();
            }
        }
    }

    /// Nothing of the frames and stills so far may leave any more; the next frame is to be independent.
    pub fn withdraw(&self) {
        self.members.iter().for_each(|member| member.handle.withdraw());
    }

    /// Tells every peer and ends every session.
    pub fn stop(&self) {
        self.members.iter().for_each(|member| member.handle.stop());
    }
}

impl Drop for Participants {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Member {
    /// Its outlet, for a moment.
    pub fn outlet(&self) -> MutexGuard<'_, Outlet> {
        lock(&self.outlet)
    }

    /// Its session.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What its session counts.
    pub fn facts(&self) -> driver::Facts {
        self.handle.facts()
    }

    /// Hands over messages; `false` if the session takes none now. Never waits.
    pub fn teller(&self) -> Box<dyn Fn(&Message) -> bool + Send> {
        let handle = self.handle.clone();
        Box::new(move |message| match message.to_bytes() {
            Ok(bytes) => handle.send_message(bytes).is_ok(),
            Err(error) => {
                // It would be no better the next time: it counts as sent.
                tracing::error!("{error}; the message is left out");
                true
            }
        })
    }

    /// The same for vital signs, which are taken only while few messages wait: a mark's receipt never waits for them.
    pub fn vitals_teller(&self) -> Box<dyn Fn(&Message) -> bool + Send> {
        let (handle, tell) = (self.handle.clone(), self.teller());
        Box::new(move |message| handle.facts().session.messages_waiting < VITALS_BELOW && tell(message))
    }

    /// What `share` is to know of it, whose last word on its budget was `budget_bps`.
    pub fn seen(&self, facts: &session::Facts, budget_bps: Option<u64>) -> Seen {
        seen(self.role, &self.uplinks, facts, budget_bps)
    }

    fn deliver(&self, codec: Codec, frame: &Frame, now: MonoTime) -> Option<u64> {
        let mut outlet = self.outlet();
        let independent = frame.independent();
        if !outlet.gets(codec, independent) {
            return None;
        }
        if self.handle.offer_frame(frame.clone()).is_err() {
            outlet.missed();
            return None;
        }
        Some(outlet.took(independent, now))
    }
}

/// What a session with somebody of this `role`, whose paths leave by `uplinks`, knows by `facts` and its last word on its
/// budget.
pub fn seen(role: Role, uplinks: &[String], facts: &session::Facts, budget_bps: Option<u64>) -> Seen {
    let any = |state| facts.paths.iter().any(|path| path.state == state);
    let presence = match (any(State::Live), any(State::Dark)) {
        (true, _) => Presence::Here,
        (false, true) => Presence::Silent,
        (false, false) => Presence::Away,
    };
    let live = facts.paths.iter().zip(uplinks).filter(|(path, _)| path.state == State::Live);
    let line = |(path, uplink): (&path::Facts, &String)| Line {
        uplink: uplink.clone(),
        capacity_bps: path.capacity_bps,
        // Before its first frame it is taken to get a copy.
        part: if facts.policy.is_some() { path.frame_share } else { 1.0 },
    };
    Seen { role, presence, budget_bps, lines: live.map(line).collect() }
}

/// The round trip of the quickest live path; nothing while unknown.
pub fn round_trip(facts: &session::Facts) -> Duration {
    let live = facts.paths.iter().filter(|path| path.state == State::Live);
    live.filter_map(|path| path.rtt).map(|rtt| rtt.smoothed).min().unwrap_or_default()
}

/// The files by which theatre and `participant` know each other.
pub fn files(theatre: &Theatre, participant: &Participant) -> driver::tls::Files {
    driver::tls::Files {
        certificate: theatre.identity.certificate.clone(),
        key: theatre.identity.key.clone(),
        peer_certificate: participant.certificate.clone(),
    }
}

fn network(theatre: &Theatre, participant: &Participant, epoch: Epoch) -> Result<driver::Config, driver::Error> {
    Ok(driver::Config {
        role: hello::Role::Theatre,
        epoch,
        seed: super::random(),
        paths: participant.paths()?,
        policy: theatre.link.policy,
        files: files(theatre, participant),
        now: clock::now,
        wake: None,
    })
}

/// Nothing is left half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
