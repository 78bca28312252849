//! One path: who dials it, whether it is connected, and the facts told about it. What travels on it is the session's.

use protocol::time::MonoTime;

use crate::connection::{Connection, Liveness};
use crate::redial::Backoff;
use crate::rtt::Rtt;

/// A path of the session, by its place in the configuration of its end; paths added later follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u8);

/// Which end opens a path's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// This one, again and again.
    Dials,
    /// The other one.
    Listens,
}

/// How a path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No connection yet: being dialled, or waited for.
    Connecting,
    /// Connected, and the peer is heard.
    Live,
    /// Connected, and the peer is silent. It resumes without a handshake.
    Dark,
    /// The connection ended or could not be made. Dialled again, or waited for.
    Down,
    /// Taken out of the session. Neither dialled nor waited for.
    Removed,
}

/// What is known of a path now.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// How it stands.
    pub state: State,
    /// Why it last went down, or what is wrong with its connection, in words for people.
    pub why: Option<String>,
    /// Round-trip time; `None` until measured on this connection.
    pub rtt: Option<Rtt>,
    /// Percent of datagrams lost on the way to the peer, over [`crate::loss::WINDOW`].
    pub loss_out_pct: Option<f32>,
    /// Percent of datagrams lost on the way here.
    pub loss_in_pct: Option<f32>,
    /// When the peer was last heard on it.
    pub heard: Option<MonoTime>,
    /// Bits per second it carries towards the peer, as far as known; see [`crate::rate::Estimate::capacity_bps`].
    pub capacity_bps: Option<u64>,
    /// How much of the newest frame's bytes went on it, repair included: 1.0 is a copy. 0 before the first.
    pub frame_share: f64,
    /// Bytes of datagrams handed to it since the start, without QUIC, UDP and IP.
    pub sent_bytes: u64,
    /// Bytes of datagrams that came by it, likewise.
    pub received_bytes: u64,
}

/// One path.
#[derive(Debug)]
pub struct Path {
    phase: Phase,
    backoff: Backoff,
    why: Option<String>,
    heard: Option<MonoTime>,
    /// Bytes of datagrams handed to it.
    pub sent_bytes: u64,
    /// Bytes of datagrams that came by it.
    pub received_bytes: u64,
}

#[derive(Debug)]
enum Phase {
    /// Waiting for the peer to dial, or for a dial's end.
    Waiting(State),
    /// To be dialled at a time.
    Undialled(State, MonoTime),
    Up(Box<Connection>),
}

impl Path {
    /// A path without a connection; one that dials is due at `now`.
    pub fn new(side: Side, now: MonoTime) -> Self {
        let phase = match side {
            Side::Dials => Phase::Undialled(State::Connecting, now),
            Side::Listens => Phase::Waiting(State::Connecting),
        };
        Self { phase, backoff: Backoff::default(), why: None, heard: None, sent_bytes: 0, received_bytes: 0 }
    }

    /// A connection stands; it replaces an earlier one.
    pub fn up(&mut self, max_datagram_bytes: usize, now: MonoTime) {
        self.phase = Phase::Up(Box::new(Connection::new(max_datagram_bytes, now)));
        self.backoff.succeeded();
        self.why = None;
        self.heard = Some(now);
    }

    /// The connection ended, or a dial failed. `rng` scatters the next dial of a `side` that dials.
    pub fn down(&mut self, why: String, side: Side, rng: &mut fastrand::Rng, now: MonoTime) {
        self.why = Some(why);
        self.phase = match side {
            Side::Dials => Phase::Undialled(State::Down, now + self.backoff.wait(rng)),
            Side::Listens => Phase::Waiting(State::Down),
        };
    }

    /// Something is wrong with the line under its connection, or is no more. Says whether anything changes by that; a path
    /// that is down has its reason already.
    pub fn trouble(&mut self, trouble: Option<String>) -> bool {
        let changes = self.connection().is_some() && self.why != trouble;
        if changes {
            self.why = trouble;
        }
        changes
    }

    /// It is no part of the session any more; its connection is forgotten.
    pub fn remove(&mut self) {
        self.phase = Phase::Waiting(State::Removed);
        self.why = None;
    }

    /// Whether to dial now; the path then waits for the dial's end.
    pub fn dial(&mut self, now: MonoTime) -> bool {
        let due = self.dial_at().is_some_and(|at| at <= now);
        if due {
            self.phase = Phase::Waiting(self.state());
        }
        due
    }

    /// When [`Self::dial`] will say yes.
    pub fn dial_at(&self) -> Option<MonoTime> {
        match self.phase {
            Phase::Undialled(_, at) => Some(at),
            Phase::Waiting(_) | Phase::Up(_) => None,
        }
    }

    /// How it stands. A path being dialled again stays down until it is up: it has no news.
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Waiting(state) | Phase::Undialled(state, _) => *state,
            Phase::Up(connection) => match connection.liveness() {
                Liveness::Live => State::Live,
                Liveness::Dark => State::Dark,
            },
        }
    }

    /// Its connection, if it has one.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.phase {
            Phase::Up(connection) => Some(connection),
            Phase::Waiting(_) | Phase::Undialled(..) => None,
        }
    }

    /// Its connection, if it has one.
    pub fn connection_mut(&mut self) -> Option<&mut Connection> {
        match &mut self.phase {
            Phase::Up(connection) => Some(connection),
            Phase::Waiting(_) | Phase::Undialled(..) => None,
        }
    }

    /// A datagram of `bytes` and with `number` came by it. `None` without a connection, else whether a darkness ended.
    pub fn hear(&mut self, number: u64, bytes: usize, now: MonoTime) -> Option<bool> {
        let revived = self.connection_mut()?.hear(number, now);
        self.heard = Some(now);
        self.received_bytes += bytes as u64;
        Some(revived)
    }

    /// Why it last went down, or what is wrong with its connection.
    pub fn why(&self) -> Option<String> {
        match self.connection() {
            Some(connection) => self.why.clone().or_else(|| connection.reach().notice()),
            None => self.why.clone(),
        }
    }

    /// How much each of its parts holds, for [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let Self { phase: _, backoff: _, why, heard: _, sent_bytes: _, received_bytes: _ } = self;
        let why = why.as_ref().map_or(0, String::len);
        [("bytes of reasons", why)].into_iter().chain(self.connection().into_iter().flat_map(Connection::sizes))
    }

    /// What is known of it at `now`. It carried `frame_share` of the newest frame.
    pub fn facts(&self, frame_share: f64, now: MonoTime) -> Facts {
        let connection = self.connection();
        Facts {
            state: self.state(),
            why: self.why(),
            rtt: connection.and_then(Connection::rtt),
            loss_out_pct: connection.and_then(|connection| connection.loss_out.percent()),
            loss_in_pct: connection.and_then(|connection| connection.loss_in.percent()),
            heard: self.heard,
            capacity_bps: connection.and_then(|connection| connection.rate.estimate(now).capacity_bps),
            frame_share,
            sent_bytes: self.sent_bytes,
            received_bytes: self.received_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redial;

    #[test]
    fn a_dialled_path_that_fails_says_why_and_dials_again_for_ever() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut path = Path::new(Side::Dials, MonoTime(0));
        let mut now = MonoTime(0);
        for _ in 0..100 {
            assert!(path.dial(now));
            assert_eq!(path.dial_at(), None, "one dial at a time");
            path.down("nobody answers".into(), Side::Dials, &mut rng, now);
            assert_eq!((path.state(), path.why().as_deref()), (State::Down, Some("nobody answers")));
            let next = path.dial_at().unwrap();
            assert!(next.since(now) >= redial::MIN && next.since(now) <= redial::MAX);
            now = next;
        }
    }

    #[test]
    fn what_is_wrong_with_the_line_is_told_while_it_is_wrong() {
        let mut path = Path::new(Side::Dials, MonoTime(0));
        assert!(!path.trouble(Some("no route".into())), "there is no connection to be wrong");
        path.up(1162, MonoTime(5));
        assert!(path.trouble(Some("no route".into())));
        assert_eq!((path.state(), path.why().as_deref()), (State::Live, Some("no route")));
        assert!(path.trouble(None) && !path.trouble(None));
        assert_eq!(path.why(), None);
    }

    #[test]
    fn a_listening_path_never_dials_and_comes_up_when_dialled() {
        let mut path = Path::new(Side::Listens, MonoTime(0));
        assert!(!path.dial(MonoTime(1_000_000_000)));
        path.up(1162, MonoTime(5));
        assert_eq!((path.state(), path.facts(0.0, MonoTime(5)).heard), (State::Live, Some(MonoTime(5))));
    }
}
