//! Several sessions over emulated links, fed with one stream of frames, a millisecond at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use capture::config::Role;
use capture::node::participants::outlet::Outlet;
use capture::node::participants::share::{Limits, Share, Video};
use capture::node::participants::{round_trip, seen};
use netem::link::Verdict;
use netem::profile::{Directions, Profile};
use protocol::codec::Codec;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::hello;
use transport::path::{PathId, Side};
use transport::refresh::Merger;
use transport::schedule::Policy;
use transport::session::{Config, Event, Input, Output, Session};
use transport::shards::Frame;

/// The most that the stand-in for an encoder makes.
pub const CEILING_BPS: u64 = 5_000_000;
const STEP_US: u64 = 1_000;
const FRAME_INTERVAL_US: u64 = 33_000;
const BEAT_US: u64 = 100_000;
/// A handshake and the hellos take about three one-way delays.
const HANDSHAKE_US: u64 = 45_000;
const MAX_DATAGRAM_BYTES: usize = 1162;

/// One participant and theatre's session with it.
pub struct Person {
    pub name: &'static str,
    /// Number of each frame in theatre and how long it was under way.
    pub released: Vec<(u64, u64)>,
    /// When they came.
    pub came_us: Vec<u64>,
    role: Role,
    theatre: Session,
    console: Option<Session>,
    life: u32,
    links: Vec<Directions>,
    outlet: Outlet,
    budget_bps: Option<u64>,
    joined: bool,
    /// The frame in theatre that each number of the session is, and when it was sent.
    sent: Vec<(u64, u64)>,
    pending: BinaryHeap<Reverse<(u64, u64, Pending)>>,
    sequence: u64,
}

pub struct World {
    pub people: Vec<Person>,
    /// The encode's rate, at each change.
    pub rates: Vec<(u64, u64)>,
    now_us: u64,
    share: Share,
    merger: Merger,
    frames: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Datagram { to_theatre: bool, path: u8, life: u32, bytes: Vec<u8> },
    Connected { path: u8, life: u32 },
}

impl World {
    /// The first two of `people` are there from the beginning.
    pub fn new(mut people: Vec<Person>) -> Self {
        people.iter_mut().take(2).for_each(Person::join);
        let limits = Limits { floor_bps: CEILING_BPS / 10, ceiling_bps: CEILING_BPS };
        let share = Share::new(limits, people.len(), MonoTime(0));
        Self { people, rates: vec![(0, CEILING_BPS)], now_us: 0, share, merger: Merger::default(), frames: 0 }
    }

    /// Lets everything happen up to `until_us`.
    pub fn run_until(&mut self, until_us: u64) {
        while self.now_us < until_us {
            self.now_us += STEP_US;
            let now = MonoTime(self.now_us);
            self.people.iter_mut().for_each(|person| person.step(now));
            for (at, person) in self.people.iter_mut().enumerate() {
                if std::mem::take(&mut person.joined) {
                    self.share.joined(at, now);
                }
            }
            if self.now_us.is_multiple_of(BEAT_US) {
                self.judge(now);
            }
            if self.now_us.is_multiple_of(FRAME_INTERVAL_US) {
                self.frame(now);
            }
        }
    }

    fn judge(&mut self, now: MonoTime) {
        let all: Vec<_> = self.people.iter().map(|person| person.seen(now)).collect();
        let verdict = self.share.judge(&all, now);
        for (person, video) in self.people.iter_mut().zip(verdict.video) {
            person.outlet.allow(video == Video::Sent);
        }
        self.rates.push((self.now_us, verdict.rate_bps));
    }

    fn frame(&mut self, now: MonoTime) {
        let wanted = self.people.iter().any(|person| person.outlet.wants_independent());
        let independent = wanted && self.merger.passes(None, now);
        let rate_bps = self.rates.last().map_or(CEILING_BPS, |(_, bps)| *bps);
        let bytes = vec![self.frames as u8; (rate_bps * FRAME_INTERVAL_US / 8_000_000) as usize];
        let frame = Frame::new(independent, bytes).expect("a frame");
        for person in &mut self.people {
            if person.outlet.gets(Codec::H264, independent) {
                person.outlet.took(independent, now);
                person.sent.push((self.frames, now.0));
                person.theatre.handle(Input::Frame(frame.clone()), now);
                person.drain(now);
            }
        }
        self.frames += 1;
    }
}

impl Person {
    /// Somebody who has not joined yet.
    pub fn new(role: Role, name: &'static str, profile: &str, seed: u64) -> Self {
        let links = Profile::by_name(profile).expect("a profile").links(seed);
        Self {
            name,
            released: Vec::new(),
            came_us: Vec::new(),
            role,
            theatre: session(hello::Role::Theatre, links.len(), seed),
            console: None,
            life: seed as u32 * 100,
            links,
            outlet: Outlet::default(),
            budget_bps: None,
            joined: false,
            sent: Vec::new(),
            pending: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// A new life of its console begins.
    pub fn join(&mut self) {
        self.life += 1;
        self.console = Some(session(hello::Role::Console, self.links.len(), self.life.into()));
    }

    /// Its console is gone, unheard.
    pub fn vanish(&mut self) {
        self.console = None;
        self.life += 1;
    }

    /// Both its lines pass nothing for a while.
    pub fn darken(&mut self, from_us: u64, for_us: u64) {
        for Directions { to_listener, to_dialler } in &mut self.links {
            to_listener.cut(from_us, for_us);
            to_dialler.cut(from_us, for_us);
        }
    }

    /// Frames given up by its console.
    pub fn lost(&self) -> u64 {
        self.console.as_ref().map_or(0, |console| console.facts(MonoTime(0)).frames_in.lost())
    }

    fn seen(&self, now: MonoTime) -> capture::node::participants::share::Seen {
        let uplinks: Vec<String> = (0..self.links.len()).map(|path| format!("{}-{path}", self.name)).collect();
        seen(self.role, &uplinks, &self.theatre.facts(now), self.budget_bps)
    }

    fn step(&mut self, now: MonoTime) {
        while let Some(Reverse((at_us, ..))) = self.pending.peek()
            && *at_us <= now.0
        {
            let Some(Reverse((_, _, pending))) = self.pending.pop() else { break };
            self.happen(pending, now);
            self.drain(now);
        }
        let due = |session: &Session| session.next_deadline().is_some_and(|(at, _)| at <= now);
        for session in [Some(&mut self.theatre), self.console.as_mut()].into_iter().flatten() {
            if due(session) {
                session.handle(Input::Timeout, now);
            }
        }
        self.drain(now);
    }

    fn happen(&mut self, pending: Pending, now: MonoTime) {
        match pending {
            Pending::Datagram { to_theatre, path, life, bytes } if life == self.life => {
                let input = Input::Datagram { path: PathId(path), bytes: bytes.into() };
                let end = if to_theatre { Some(&mut self.theatre) } else { self.console.as_mut() };
                end.into_iter().for_each(|end| end.handle(input.clone(), now));
            }
            Pending::Connected { path, life } if life == self.life => {
                let up = |peer| Input::PathUp { path: PathId(path), peer, max_datagram_bytes: MAX_DATAGRAM_BYTES };
                self.theatre.handle(up(Epoch(life)), now);
                self.console.iter_mut().for_each(|console| console.handle(up(Epoch(1)), now));
            }
            _ => {}
        }
    }

    fn drain(&mut self, now: MonoTime) {
        while let Some(output) = self.theatre.poll() {
            match output {
                Output::Send { path, bytes } => self.carry(false, path, &bytes, now),
                Output::Event(Event::Budget(bps)) => self.budget_bps = bps,
                Output::Event(Event::RefreshWanted) => self.outlet.ask(round_trip(&self.theatre.facts(now)), now),
                Output::Event(Event::PeerUp { .. }) => {
                    (self.budget_bps, self.joined) = (None, true);
                    self.outlet.join();
                }
                _ => {}
            }
        }
        while let Some(output) = self.console.as_mut().and_then(Session::poll) {
            match output {
                Output::Send { path, bytes } => self.carry(true, path, &bytes, now),
                Output::Dial(path) => {
                    self.later(now.0 + HANDSHAKE_US, Pending::Connected { path: path.0, life: self.life })
                }
                Output::Event(Event::Frame(frame)) => {
                    let (index, sent_us) = self.sent[frame.number as usize];
                    self.released.push((index, now.0 - sent_us));
                    self.came_us.push(now.0);
                }
                _ => {}
            }
        }
    }

    fn carry(&mut self, to_theatre: bool, path: PathId, bytes: &[u8], now: MonoTime) {
        let Directions { to_listener, to_dialler } = &mut self.links[usize::from(path.0)];
        let link = if to_theatre { to_listener } else { to_dialler };
        if let Verdict::DeliverAt(at_us) = link.offer(now.0, bytes.len()) {
            let (path, life, bytes) = (path.0, self.life, bytes.to_vec());
            self.later(at_us, Pending::Datagram { to_theatre, path, life, bytes });
        }
    }

    fn later(&mut self, at_us: u64, pending: Pending) {
        self.sequence += 1;
        self.pending.push(Reverse((at_us, self.sequence, pending)));
    }
}

fn session(role: hello::Role, paths: usize, seed: u64) -> Session {
    let side = if role == hello::Role::Console { Side::Dials } else { Side::Listens };
    Session::new(Config { role, seed, paths: vec![side; paths], policy: Policy::Auto }, MonoTime(0))
}
