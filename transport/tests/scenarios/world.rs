//! A theatre, a console and the paths between them, in virtual time. One seed decides everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bytes::Bytes;
use netem::link::Verdict;
use netem::profile::{Directions, Profile};
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::hello::Role;
use transport::path::{PathId, Side};
use transport::schedule::Policy;
use transport::session::{Config, Event, Input, Output, Session};
use transport::shards::Frame;

/// 30 frames a second.
pub const FRAME_INTERVAL_US: u64 = 33_333;
/// A handshake and the hellos take about three one-way delays; the exact figure matters to no scenario.
const HANDSHAKE_US: u64 = 45_000;
/// What quinn offers at 1200 byte packets.
const MAX_DATAGRAM_BYTES: usize = 1162;

/// One end and all it told its program.
pub struct End {
    pub session: Session,
    pub epoch: Epoch,
    pub events: Vec<(u64, Event)>,
    /// Its clock at world time 0, and how fast it runs, in parts per million off.
    pub clock_at_0_us: u64,
    pub drift_ppm: i64,
    /// When its session wakes, in world time; `None` once something has happened to it since.
    wake_us: Option<Option<u64>>,
    connected: Vec<Option<u64>>,
}

pub struct World {
    pub now_us: u64,
    pub theatre: End,
    pub console: End,
    pub links: Vec<Directions>,
    /// World time each frame was sent, by its number in theatre's present life.
    pub sent_us: Vec<u64>,
    pub frame_bytes: usize,
    /// Bytes of all frames, as the encoder made them.
    pub offered_bytes: usize,
    /// Bits per second that the encoder keeps to, as it was told.
    pub budget_bps: Option<u64>,
    /// The console's machine has no time for it in this share of windows of so many microseconds, and sees what came
    /// at their ends.
    pub stutter: Option<(f64, u64)>,
    /// Decides what the lines do beyond their profile: one datagram in ten comes twice, and each is up to 40 ms late,
    /// whatever was sent after it.
    pub disorder: Option<fastrand::Rng>,
    /// Every datagram sent, and to whom, if anybody asked for it.
    pub tape: Option<Vec<(Who, PathId, Bytes)>>,
    policy: Policy,
    pending: BinaryHeap<Reverse<(u64, u64, Pending)>>,
    sequence: u64,
    generation: u64,
    next_frame_us: u64,
    refresh_wanted: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy, Debug)]
pub enum Who {
    Theatre,
    Console,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Datagram(Who, u8, u64, Bytes),
    Connected(u8),
    Down(Who, u8, u64),
}

impl End {
    fn new(role: Role, epoch: u32, paths: usize, seed: u64, policy: Policy) -> Self {
        let side = if role == Role::Console { Side::Dials } else { Side::Listens };
        let config = Config { role, seed, paths: vec![side; paths], policy };
        let session = Session::new(config, MonoTime(0));
        let connected = vec![None; paths];
        Self {
            session,
            epoch: Epoch(epoch),
            events: Vec::new(),
            clock_at_0_us: 0,
            drift_ppm: 0,
            wake_us: None,
            connected,
        }
    }

    pub fn clock(&self, world_us: u64) -> MonoTime {
        let drift_us = world_us as i64 * self.drift_ppm / 1_000_000;
        MonoTime(self.clock_at_0_us + world_us.saturating_add_signed(drift_us))
    }

    fn wake_us(&mut self, now_us: u64) -> Option<u64> {
        if self.wake_us.is_none() {
            let deadline = self.session.next_deadline().map(|(deadline, _)| deadline);
            let wake_us = deadline.and_then(|deadline| {
                let wait_us = deadline.0.saturating_sub(self.clock(now_us).0);
                (now_us + wait_us..).find(|at| self.clock(*at) >= deadline)
            });
            self.wake_us = Some(wake_us);
        }
        self.wake_us.flatten()
    }
}

impl World {
    pub fn new(profile: &str, seed: u64) -> Self {
        Self::with(Profile::by_name(profile).unwrap().links(seed), seed, Policy::Auto)
    }

    /// Over `links`, frames spread by `policy`.
    pub fn with(links: Vec<Directions>, seed: u64, policy: Policy) -> Self {
        Self {
            now_us: 0,
            theatre: End::new(Role::Theatre, 1, links.len(), seed, policy),
            console: End::new(Role::Console, 1000, links.len(), seed + 1, policy),
            links,
            policy,
            sent_us: Vec::new(),
            frame_bytes: 25_000,
            offered_bytes: 0,
            budget_bps: None,
            stutter: None,
            disorder: None,
            tape: None,
            pending: BinaryHeap::new(),
            sequence: 0,
            generation: 0,
            next_frame_us: 0,
            refresh_wanted: true,
        }
    }

    /// Lets everything happen up to `until_us`.
    pub fn run_until(&mut self, until_us: u64) {
        self.drain();
        loop {
            let arrival = self.pending.peek().map(|Reverse((at_us, ..))| *at_us);
            let wakes = [self.theatre.wake_us(self.now_us), self.console.wake_us(self.now_us)];
            let next_us = wakes.into_iter().chain([arrival]).flatten().fold(self.next_frame_us, u64::min);
            if next_us > until_us {
                self.now_us = until_us;
                return;
            }
            self.now_us = next_us.max(self.now_us);
            self.step(wakes);
        }
    }

    pub fn end(&mut self, who: Who) -> &mut End {
        match who {
            Who::Theatre => &mut self.theatre,
            Who::Console => &mut self.console,
        }
    }

    pub fn input(&mut self, who: Who, input: Input) {
        let now_us = self.now_us;
        let end = self.end(who);
        let now = end.clock(now_us);
        end.wake_us = None;
        end.session.handle(input, now);
        self.drain();
    }

    pub fn message(&mut self, from: Who, text: &str) {
        let now_us = self.now_us;
        let end = self.end(from);
        let now = end.clock(now_us);
        end.wake_us = None;
        end.session.send_message(Bytes::copy_from_slice(text.as_bytes()), now).unwrap();
        self.drain();
    }

    pub fn voice(&mut self, from: Who, bytes: &[u8]) {
        let now_us = self.now_us;
        let end = self.end(from);
        let now = end.clock(now_us);
        end.session.send_voice(bytes, now).unwrap();
        self.drain();
    }

    pub fn bulk(&mut self, from: Who, bytes: Vec<u8>) {
        let now_us = self.now_us;
        let end = self.end(from);
        let now = end.clock(now_us);
        end.session.send_bulk(bytes.into(), now).unwrap();
        self.drain();
    }

    /// Cuts both directions of a path.
    pub fn cut(&mut self, path: usize, from_us: u64, for_us: u64) {
        let Directions { to_listener, to_dialler } = &mut self.links[path];
        to_listener.cut(from_us, for_us);
        to_dialler.cut(from_us, for_us);
    }

    /// `who` loses the connection of a path; the other end hears of it a little later.
    pub fn hang_up(&mut self, who: Who, path: u8) {
        let other = if who == Who::Theatre { Who::Console } else { Who::Theatre };
        if let Some(generation) = self.end(who).connected[usize::from(path)] {
            self.later(0, Pending::Down(who, path, generation));
            self.later(20_000, Pending::Down(other, path, generation));
        }
    }

    /// Both ends get a path more, over the first line of `profile`. Gives its place.
    pub fn add_path(&mut self, profile: &str, seed: u64) -> usize {
        let path = self.theatre.session.free_path().unwrap();
        assert_eq!(self.console.session.free_path(), Some(path));
        let links = Profile::by_name(profile).unwrap().links(seed).swap_remove(0);
        let at = usize::from(path.0);
        if at == self.links.len() {
            self.links.push(links);
            self.theatre.connected.push(None);
            self.console.connected.push(None);
        } else {
            self.links[at] = links;
        }
        self.input(Who::Theatre, Input::AddPath { path, side: Side::Listens });
        self.input(Who::Console, Input::AddPath { path, side: Side::Dials });
        at
    }

    /// The program at `who` dies and starts again: a new life, nothing remembered. Its sockets answer with a reset.
    pub fn restart(&mut self, who: Who) {
        let paths = self.links.len();
        let (now_us, epoch) = (self.now_us, self.end(who).epoch.0 + 1);
        let role = if who == Who::Theatre { Role::Theatre } else { Role::Console };
        let new = End::new(role, epoch, paths, now_us, self.policy);
        let old = std::mem::replace(self.end(who), new);
        if who == Who::Theatre {
            (self.sent_us, self.refresh_wanted) = (Vec::new(), true);
            for (path, generation) in old.connected.iter().enumerate() {
                if let Some(generation) = generation {
                    self.later(20_000, Pending::Down(Who::Console, path as u8, *generation));
                }
            }
        }
        self.input(who, Input::Timeout);
    }

    /// Numbers of the frames released at the console, with how long each took.
    pub fn released(&self) -> Vec<(u64, u64)> {
        let events = self.console.events.iter();
        let frames = events.filter_map(|(at_us, event)| match event {
            Event::Frame(frame) => Some((frame.number, *at_us)),
            _ => None,
        });
        frames.map(|(number, at_us)| (number, at_us - self.sent_us[number as usize])).collect()
    }

    pub fn lost(&self) -> u64 {
        let now = self.console.clock(self.now_us);
        self.console.session.facts(now).frames_in.lost()
    }

    pub fn messages(&self, at: Who) -> Vec<(u64, String)> {
        let events = if at == Who::Theatre { &self.theatre.events } else { &self.console.events };
        let texts = events.iter().filter_map(|(at_us, event)| match event {
            Event::Message(bytes) => Some((*at_us, String::from_utf8(bytes.to_vec()).unwrap())),
            _ => None,
        });
        texts.collect()
    }

    fn step(&mut self, wakes: [Option<u64>; 2]) {
        while let Some(Reverse((at_us, ..))) = self.pending.peek()
            && *at_us <= self.now_us
        {
            let Some(Reverse((_, _, pending))) = self.pending.pop() else { break };
            self.happen(pending);
        }
        for (who, wake) in [Who::Theatre, Who::Console].into_iter().zip(wakes) {
            if wake.is_some_and(|at_us| at_us <= self.now_us) {
                self.input(who, Input::Timeout);
            }
        }
        if self.next_frame_us <= self.now_us {
            self.next_frame_us += FRAME_INTERVAL_US;
            self.send_frame();
        }
    }

    fn send_frame(&mut self) {
        let independent = std::mem::take(&mut self.refresh_wanted);
        let number = self.sent_us.len();
        self.sent_us.push(self.now_us);
        let share = self.budget_bps.map(|bps| (bps * FRAME_INTERVAL_US / 8_000_000) as usize);
        let bytes = share.map_or(self.frame_bytes, |share| share.min(self.frame_bytes)).max(1);
        self.offered_bytes += bytes;
        let frame = Frame::new(independent, vec![number as u8; bytes]).unwrap();
        self.input(Who::Theatre, Input::Frame(frame));
    }

    fn happen(&mut self, pending: Pending) {
        match pending {
            Pending::Datagram(to, path, generation, bytes) => {
                if self.end(to).connected[usize::from(path)] == Some(generation) {
                    self.input(to, Input::Datagram { path: PathId(path), bytes });
                }
            }
            Pending::Connected(path) => self.connect(path),
            Pending::Down(who, path, generation) => {
                let connected = &mut self.end(who).connected[usize::from(path)];
                if *connected == Some(generation) {
                    *connected = None;
                    self.input(who, Input::PathDown { path: PathId(path), why: "reset by peer".to_owned() });
                }
            }
        }
    }

    fn connect(&mut self, path: u8) {
        self.generation += 1;
        let (theatre, console) = (self.theatre.epoch, self.console.epoch);
        for (who, peer) in [(Who::Theatre, console), (Who::Console, theatre)] {
            let generation = self.generation;
            self.end(who).connected[usize::from(path)] = Some(generation);
            let max_datagram_bytes = MAX_DATAGRAM_BYTES;
            self.input(who, Input::PathUp { path: PathId(path), peer, max_datagram_bytes });
        }
    }

    fn drain(&mut self) {
        for who in [Who::Theatre, Who::Console] {
            while let Some(output) = self.end(who).session.poll() {
                self.output(who, output);
            }
        }
    }

    fn output(&mut self, who: Who, output: Output) {
        let now_us = self.now_us;
        match output {
            Output::Send { path, bytes } => self.carry(who, path, bytes),
            Output::Dial(path) => self.later(HANDSHAKE_US, Pending::Connected(path.0)),
            Output::Close(path) => {
                let generation = self.end(who).connected[usize::from(path.0)].take();
                let other = if who == Who::Theatre { Who::Console } else { Who::Theatre };
                if let Some(generation) = generation {
                    self.later(20_000, Pending::Down(other, path.0, generation));
                }
            }
            Output::Event(event) => {
                self.refresh_wanted |= event == Event::RefreshWanted;
                if let Event::Budget(budget_bps) = event {
                    self.budget_bps = budget_bps;
                }
                self.end(who).events.push((now_us, event));
            }
        }
    }

    fn carry(&mut self, from: Who, path: PathId, bytes: Bytes) {
        assert!(bytes.len() <= MAX_DATAGRAM_BYTES, "{} bytes do not fit the path", bytes.len());
        let now_us = self.now_us;
        let Some(generation) = self.end(from).connected[usize::from(path.0)] else { return };
        let links = &mut self.links[usize::from(path.0)];
        let (to, link) = match from {
            Who::Theatre => (Who::Console, &mut links.to_dialler),
            Who::Console => (Who::Theatre, &mut links.to_listener),
        };
        if let Some(tape) = &mut self.tape {
            tape.push((to, path, bytes.clone()));
        }
        if let Verdict::DeliverAt(at_us) = link.offer(now_us, bytes.len()) {
            let at_us = if to == Who::Console { self.seen_us(at_us) } else { at_us };
            let copies = 1 + self.disorder.as_mut().map_or(0, |rng| u32::from(rng.u8(0..10) == 0));
            for _ in 0..copies {
                let late_us = self.disorder.as_mut().map_or(0, |rng| rng.u64(0..40_000));
                self.later(at_us - now_us + late_us, Pending::Datagram(to, path.0, generation, bytes.clone()));
            }
        }
    }

    /// When the console sees what came at `at_us`.
    fn seen_us(&self, at_us: u64) -> u64 {
        let Some((share, window_us)) = self.stutter else { return at_us };
        let window = at_us / window_us;
        let busy = fastrand::Rng::with_seed(window).f64() < share;
        if busy { (window + 1) * window_us } else { at_us }
    }

    fn later(&mut self, by_us: u64, pending: Pending) {
        self.sequence += 1;
        self.pending.push(Reverse((self.now_us + by_us, self.sequence, pending)));
    }
}
