//! The session's core: everything between theatre and a console, over all paths, without a socket, task or clock.
//!
//! [`Session::handle`] an input, [`Session::poll`] until empty, sleep until [`Session::next_deadline`]. What is
//! known about frames, messages, paths and clock lives in modules of their own; here they are tied together.

#[cfg(test)]
mod counters;
mod event;
mod frames;
mod lanes;
mod paths;
mod receive;
mod sizes;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::ids::Epoch;
use protocol::time::{ClockOffset, MonoTime};

pub use self::event::{Config, Event, Facts, Input, Output, Reason};
use crate::assembly::Assembly;
use crate::black_hole::Reach;
use crate::budget::{Budget, Spread};
use crate::bulk;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::delivery::{Incoming, MAX_MESSAGE_BYTES, MessageSizeError, Outgoing, QueueFullError};
use crate::hello::Role;
use crate::history::History;
use crate::path::{Path, PathId, State};
use crate::protect::Code;
use crate::refresh::{Asker, Merger};
use crate::rtt::Rtt;
use crate::schedule;
use crate::voice;
use crate::wire::{Body, Datagram};

/// Everything between this end and one peer.
#[derive(Debug)]
pub struct Session {
    config: Config,
    rng: fastrand::Rng,
    /// The moment of what is being handled.
    now: MonoTime,
    paths: Vec<Path>,
    peer: Option<Epoch>,
    heard: Option<MonoTime>,
    frames_out: u64,
    frames_unsent: u64,
    planned: Option<Spread>,
    /// Whether the newest frame only measures lines that are left out.
    looks: bool,
    budget: Budget,
    history: History,
    code: Code,
    shards_resent: u64,
    malformed_datagrams: u64,
    assembly: Assembly,
    outgoing: Outgoing,
    incoming: Incoming,
    voice_out: u64,
    voice_in: voice::Incoming,
    bulk_out: bulk::Sending,
    bulk_in: bulk::Receiving,
    clock: Clock,
    asker: Asker,
    merger: Merger,
    outputs: VecDeque<Output>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It can never be sent.
    #[error(transparent)]
    Size(#[from] MessageSizeError),
    /// It cannot be sent now.
    #[error(transparent)]
    QueueFull(#[from] QueueFullError),
}

impl Session {
    /// A session without any connection. Paths this end dials are due at once.
    pub fn new(config: Config, now: MonoTime) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(config.seed),
            now,
            paths: config.paths.iter().map(|side| Path::new(*side, now)).collect(),
            config,
            peer: None,
            heard: None,
            frames_out: 0,
            frames_unsent: 0,
            planned: None,
            looks: false,
            budget: Budget::default(),
            history: History::default(),
            code: Code::warmed(),
            shards_resent: 0,
            malformed_datagrams: 0,
            assembly: Assembly::default(),
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            voice_out: 0,
            voice_in: voice::Incoming::default(),
            bulk_out: bulk::Sending::default(),
            bulk_in: bulk::Receiving::default(),
            clock: Clock::default(),
            asker: Asker::default(),
            merger: Merger::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened, and does whatever is due at `now`.
    pub fn handle(&mut self, input: Input, now: MonoTime) {
        self.now = now;
        match input {
            Input::PathUp { path, peer, max_datagram_bytes } => self.path_up(path, peer, max_datagram_bytes, now),
            Input::PathDown { path, why } => self.path_down(path, why, now),
            Input::PathTrouble { path, trouble } => self.path_trouble(path, trouble),
            Input::Datagram { path, bytes } => self.datagram(path, &bytes, now),
            Input::Frame(frame) => self.send_frame(frame, now),
            Input::Withdraw { frames, bulk } => self.withdraw(frames, bulk),
            Input::FrameNotTaken(number) => self.assembly.not_taken(number),
            Input::AddPath { path, side } => self.add_path(path, side, now),
            Input::RemovePath(path) => self.remove_path(path),
            Input::RaiseBulk(raised) => self.raise_bulk(raised, now),
            Input::Timeout => {}
        }
        self.turn(now);
    }

    /// Queues a message of at most [`MAX_MESSAGE_BYTES`] and sends it.
    ///
    /// # Errors
    /// If it is too long, or the queue is full because the peer acknowledges nothing.
    pub fn send_message(&mut self, bytes: Bytes, now: MonoTime) -> Result<(), MessageError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageSizeError(bytes.len()).into());
        }
        self.outgoing.push(bytes)?;
        self.now = now;
        self.turn(now);
        Ok(())
    }

    /// How many messages [`Self::send_message`] takes now.
    pub fn message_room(&self) -> usize {
        self.outgoing.room()
    }

    /// The next thing to be done outside.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether a path swallows datagrams that its connection takes.
    pub fn is_narrow(&self, id: PathId) -> bool {
        self.path(id).and_then(Path::connection).is_some_and(|connection| connection.reach() != Reach::Everything)
    }

    /// When to call [`Self::handle`] with [`Input::Timeout`] if nothing else happens, and what is due then.
    pub fn next_deadline(&self) -> Option<(MonoTime, Reason)> {
        let mut next: Option<(MonoTime, Reason)> = None;
        let mut due = |at: Option<MonoTime>, reason| {
            let sooner = at.map(|at| (at, reason)).filter(|due| next.is_none_or(|next| *due < next));
            next = sooner.or(next);
        };
        for (id, path) in ids().zip(&self.paths) {
            due(path.dial_at(), Reason::Dial(id));
            due(path.connection().map(Connection::probe_at), Reason::Probe(id));
            due(path.connection().and_then(Connection::dark_at), Reason::Dark(id));
            due(path.connection().and_then(|connection| connection.pacer.deadline()), Reason::Pace(id));
        }
        due(self.assembly.deadline(), Reason::GiveUp);
        if self.connected() {
            due(self.outgoing.deadline(), Reason::Resend);
            due(self.asker.deadline(), Reason::Refresh);
            due(self.assembly.ask_at(), Reason::Ask);
            due(self.bulk_deadline(), Reason::Bulk);
        }
        next
    }

    /// How the path `id` stands; [`State::Removed`] if there is none.
    pub fn state(&self, id: PathId) -> State {
        self.path(id).map_or(State::Removed, Path::state)
    }

    /// Everything counted, as it stands at `now`.
    pub fn facts(&self, now: MonoTime) -> Facts {
        let share = |id| self.planned.as_ref().map_or(0.0, |spread| spread.share(id));
        Facts {
            peer: self.peer,
            paths: ids().zip(&self.paths).map(|(id, path)| path.facts(share(id), now)).collect(),
            heard: self.heard,
            clock: self.clock_offset(now),
            frames_in: self.assembly.counts(),
            frames_out: self.frames_out,
            frames_unsent: self.frames_unsent,
            policy: self.planned.as_ref().map(|spread| spread.policy),
            budget_bps: self.budget.told_bps(),
            shards_resent: self.shards_resent,
            messages_waiting: self.outgoing.len(),
            shards_dropped: self.shards_dropped(),
            voice_in: self.voice_in.counts(),
            bulk_waiting_bytes: self.bulk_out.waiting_bytes(),
            bulk_progress: self.bulk_in.progress(),
            malformed_datagrams: self.malformed_datagrams,
        }
    }

    fn clock_offset(&self, now: MonoTime) -> Option<ClockOffset> {
        match self.config.role {
            Role::Theatre => Some(ClockOffset::THEATRE),
            Role::Console => self.clock.offset(now),
        }
    }

    fn path_up(&mut self, id: PathId, peer: Epoch, max_datagram_bytes: usize, now: MonoTime) {
        if !self.has_path(id) {
            return;
        }
        if self.peer != Some(peer) {
            self.meet(id, peer, now);
        }
        if !self.any(State::Live) {
            self.outgoing.hurry(now);
        }
        if let Some(path) = self.path_mut(id) {
            path.up(max_datagram_bytes, now);
        }
        self.heard = Some(now);
        self.path_changed(id);
    }

    /// A peer this session has not spoken to: everything about a former one is over.
    fn meet(&mut self, by: PathId, peer: Epoch, now: MonoTime) {
        let restarted = self.peer.replace(peer).is_some();
        if restarted {
            for id in ids().take(self.paths.len()).filter(|id| *id != by) {
                self.close(id, "the peer restarted", now);
            }
            (self.outgoing, self.incoming, self.history) = Default::default();
            (self.voice_in, self.bulk_out, self.bulk_in) = Default::default();
            (self.clock, self.asker) = Default::default();
            self.assembly.reset();
        }
        self.event(Event::PeerUp { peer, restarted });
        if self.config.role == Role::Theatre {
            self.merger.join(now);
            self.event(Event::RefreshWanted);
        }
    }

    /// Ends a connection that is of no use any more.
    fn close(&mut self, id: PathId, why: &str, now: MonoTime) {
        if self.path(id).is_some_and(|path| path.connection().is_some()) {
            self.outputs.push_back(Output::Close(id));
            self.path_down(id, why.to_owned(), now);
        }
    }

    fn path_down(&mut self, id: PathId, why: String, now: MonoTime) {
        if !self.has_path(id) {
            return;
        }
        let at = usize::from(id.0);
        let (Some(path), Some(side)) = (self.paths.get_mut(at), self.config.paths.get(at)) else { return };
        path.down(why, *side, &mut self.rng, now);
        self.path_changed(id);
    }

    fn path_trouble(&mut self, id: PathId, trouble: Option<String>) {
        if self.path_mut(id).is_some_and(|path| path.trouble(trouble)) {
            self.path_changed(id);
        }
    }

    /// Round-trip time of the quickest live path: the one whose acknowledgement comes first.
    fn rtt(&self) -> Option<Rtt> {
        let live = self.paths.iter().filter(|path| path.state() == State::Live);
        live.filter_map(|path| path.connection()?.rtt()).min_by_key(|rtt| rtt.smoothed)
    }

    fn carriers(&self) -> Vec<PathId> {
        let states: Vec<_> = ids().zip(self.paths.iter().map(Path::state)).collect();
        schedule::carriers(&states)
    }

    fn connected(&self) -> bool {
        self.any(State::Live) || self.any(State::Dark)
    }

    fn any(&self, state: State) -> bool {
        self.paths.iter().any(|path| path.state() == state)
    }

    /// Sends on a connected path; gives the datagram's number.
    fn send(&mut self, id: PathId, body: Body<'_>) -> u64 {
        let now = self.now;
        let Some(path) = self.paths.get_mut(usize::from(id.0)) else { return 0 };
        let unspent = path.connection_mut().filter(|connection| !connection.is_spent());
        let Some(number) = unspent.map(Connection::number) else { return 0 };
        if let Ok(bytes) = (Datagram { number, body }).to_bytes() {
            path.sent_bytes += bytes.len() as u64;
            if let Some(connection) = path.connection_mut() {
                connection.rate.sent(number, bytes.len(), now);
                connection.pacer.spend(bytes.len(), now);
            }
            self.outputs.push_back(Output::Send { path: id, bytes: bytes.into() });
        }
        number
    }

    fn path(&self, id: PathId) -> Option<&Path> {
        self.paths.get(usize::from(id.0))
    }

    fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.get_mut(usize::from(id.0))
    }

    fn path_changed(&mut self, id: PathId) {
        if let Some(path) = self.path(id) {
            let (state, why) = (path.state(), path.why());
            self.event(Event::PathChanged { path: id, state, why });
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

fn ids() -> impl Iterator<Item = PathId> {
    (0..=u8::MAX).map(PathId)
}
