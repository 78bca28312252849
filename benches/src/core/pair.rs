//! Both ends of a session and perfect lines between them, in virtual time. What is measured of them is left to others.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::hello::Role;
use transport::path::{PathId, Side};
use transport::schedule::Policy;
use transport::session::{Config, Event, Input, Output, Session};
use transport::shards::Frame;

/// 30 frames a second.
pub const INTERVAL: Duration = Duration::from_micros(33_333);
/// One way of each line.
const DELAY: Duration = Duration::from_millis(10);
/// What quinn offers at packets of 1200 bytes.
pub const MAX_DATAGRAM_BYTES: usize = 1162;
/// After so many frames rates are known and every window is full.
const WARM_UP: usize = 300;

/// A theatre that sends a frame each interval, and its console.
pub struct Pair {
    theatre: Session,
    console: Session,
    now: MonoTime,
    next_frame: MonoTime,
    to_theatre: Line,
    to_console: Line,
    frame: Bytes,
    /// Frames that came whole.
    pub released: u64,
    /// Bytes of datagrams that left theatre.
    pub sent_bytes: u64,
}

/// What is on its way to one end. All lines are as long, so that order is kept.
type Line = VecDeque<(MonoTime, PathId, Bytes)>;

impl Pair {
    /// Frames of `frame_bytes` over so many paths, in their steady state.
    pub fn steady(paths: u8, policy: Policy, frame_bytes: usize) -> Self {
        let config = |role, side| Config { role, seed: 1, paths: vec![side; paths.into()], policy };
        let now = MonoTime(0);
        let mut theatre = Session::new(config(Role::Theatre, Side::Listens), now);
        let mut console = Session::new(config(Role::Console, Side::Dials), now);
        for path in (0..paths).map(PathId) {
            let up = |epoch| Input::PathUp { path, peer: Epoch(epoch), max_datagram_bytes: MAX_DATAGRAM_BYTES };
            theatre.handle(up(2), now);
            console.handle(up(1), now);
        }
        let frame = (0..frame_bytes).map(|at| (at * 31 + at / 256) as u8).collect::<Vec<u8>>().into();
        let (to_theatre, to_console) = (Line::new(), Line::new());
        let (released, sent_bytes) = (0, 0);
        let mut pair =
            Self { theatre, console, now, next_frame: now, to_theatre, to_console, frame, released, sent_bytes };
        (0..WARM_UP).for_each(|_| pair.pass());
        pair
    }

    /// Everything from one frame to the next: the frame's own datagrams, probes, reports and their answers.
    pub fn pass(&mut self) {
        let independent = self.released == 0;
        if let Ok(frame) = Frame::new(independent, self.frame.clone()) {
            self.theatre.handle(Input::Frame(frame), self.now);
        }
        self.next_frame = self.now + INTERVAL;
        self.drain();
        while let Some(at) = self.next().filter(|at| *at < self.next_frame) {
            self.now = at;
            while let Some((_, path, bytes)) = self.to_theatre.pop_front_if(|(due, ..)| *due <= at) {
                self.theatre.handle(Input::Datagram { path, bytes }, at);
            }
            while let Some((_, path, bytes)) = self.to_console.pop_front_if(|(due, ..)| *due <= at) {
                self.console.handle(Input::Datagram { path, bytes }, at);
            }
            for end in [&mut self.theatre, &mut self.console] {
                if end.next_deadline().is_some_and(|(due, _)| due <= at) {
                    end.handle(Input::Timeout, at);
                }
            }
            self.drain();
        }
        self.now = self.next_frame;
    }

    /// When something happens next.
    fn next(&self) -> Option<MonoTime> {
        let arrivals = [&self.to_theatre, &self.to_console].into_iter().filter_map(|line| line.front());
        let deadlines = [&self.theatre, &self.console].into_iter().filter_map(|end| end.next_deadline());
        arrivals.map(|(due, ..)| *due).chain(deadlines.map(|(due, _)| due)).min()
    }

    fn drain(&mut self) {
        let due = self.now + DELAY;
        while let Some(output) = self.theatre.poll() {
            if let Output::Send { path, bytes } = output {
                self.sent_bytes += bytes.len() as u64;
                self.to_console.push_back((due, path, bytes));
            }
        }
        while let Some(output) = self.console.poll() {
            match output {
                Output::Send { path, bytes } => self.to_theatre.push_back((due, path, bytes)),
                Output::Event(Event::Frame(_)) => self.released += 1,
                _ => {}
            }
        }
    }
}
