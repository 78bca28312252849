//! What happens where counters end, and where those that the wire folds wrap: nothing that a mentor would notice before
//! the numbers of frames themselves are used up, and no panic then.

use super::*;
use crate::path::Side;
use crate::schedule::Policy;
use crate::shards::Frame;
use crate::wire::COUNTER_END;

const WAY_US: u64 = 5_000;
const THEATRE: usize = 0;
const CONSOLE: usize = 1;

/// Where counting begins, so that the end is near.
#[derive(Clone, Copy, Default)]
struct Start {
    frames: u64,
    messages: u64,
    /// Of the first connection of each path.
    datagrams: [u64; 2],
    now_us: u64,
}

/// Both ends and two perfect paths between them, in virtual time.
struct Pair {
    ends: [Session; 2],
    start: Start,
    now: MonoTime,
    wire: VecDeque<(MonoTime, usize, Input)>,
    events: [Vec<Event>; 2],
    closed: usize,
}

impl Pair {
    fn new(start: Start) -> Self {
        let now = MonoTime(start.now_us);
        let end = |role, side| {
            let config = Config { role, seed: 1, paths: vec![side; 2], policy: Policy::Duplicate };
            let mut session = Session::new(config, now);
            session.frames_out = start.frames;
            session.outgoing = Outgoing::numbered_from(start.messages);
            session.incoming = Incoming::numbered_from(start.messages);
            session
        };
        let ends = [end(Role::Theatre, Side::Listens), end(Role::Console, Side::Dials)];
        Self { ends, start, now, wire: VecDeque::new(), events: Default::default(), closed: 0 }
    }

    /// Connects a path; only its first connection is old.
    fn connect(&mut self, path: PathId) {
        let number = std::mem::take(&mut self.start.datagrams[usize::from(path.0)]);
        for (at, end) in self.ends.iter_mut().enumerate() {
            end.handle(Input::PathUp { path, peer: Epoch(at as u32), max_datagram_bytes: 1162 }, self.now);
            // Nothing has left the end yet: what it wants to send is made anew.
            end.outputs.retain(|output| !matches!(output, Output::Send { .. }));
            if let Some(connection) = end.path_mut(path).and_then(Path::connection_mut).filter(|_| number > 0) {
                connection.age(number);
            }
        }
    }

    fn drain(&mut self) {
        for at in [THEATRE, CONSOLE] {
            while let Some(output) = self.ends[at].poll() {
                let due = self.now + std::time::Duration::from_micros(WAY_US);
                match output {
                    Output::Send { path, bytes } => {
                        self.wire.push_back((due, 1 - at, Input::Datagram { path, bytes }));
                    }
                    Output::Close(path) => {
                        self.closed += 1;
                        self.wire.push_back((due, 1 - at, Input::PathDown { path, why: "closed".into() }));
                    }
                    Output::Dial(path) => self.connect(path),
                    Output::Event(event) => self.events[at].push(event),
                }
            }
        }
    }

    /// Runs for so many milliseconds, with a frame each 20 and a message each way beside it. Gives how many were taken.
    fn run(&mut self, ms: u64) -> usize {
        let mut taken = 0;
        for ms in 0..ms {
            self.now = self.now + std::time::Duration::from_millis(1);
            while let Some((_, to, input)) = self.wire.pop_front_if(|(due, ..)| *due <= self.now) {
                self.ends[to].handle(input, self.now);
                self.drain();
            }
            self.ends.iter_mut().for_each(|end| end.handle(Input::Timeout, self.now));
            if ms % 20 == 19 {
                let frame = Frame::new(taken % 10 == 0, vec![7; 3000]).unwrap();
                self.ends[THEATRE].handle(Input::Frame(frame), self.now);
                let sent = self.ends.iter_mut().map(|end| end.send_message(Bytes::from_static(b"m"), self.now));
                taken += usize::from(sent.filter(Result::is_ok).count() == 2);
            }
            self.drain();
        }
        taken
    }

    fn frames(&self) -> Vec<u64> {
        let frames = self.events[CONSOLE].iter().filter_map(|event| match event {
            Event::Frame(frame) => Some(frame.number),
            _ => None,
        });
        frames.collect()
    }

    fn messages(&self) -> [usize; 2] {
        let count = |events: &Vec<Event>| events.iter().filter(|event| matches!(event, Event::Message(_))).count();
        [count(&self.events[THEATRE]), count(&self.events[CONSOLE])]
    }

    fn is_clean(&self) -> bool {
        let facts = self.ends.each_ref().map(|end| end.facts(self.now));
        facts.iter().all(|facts| facts.malformed_datagrams == 0 && facts.frames_in.lost() == 0)
    }
}

#[test]
fn counters_pass_the_bounds_of_four_varint_bytes_and_of_32_bits_unnoticed() {
    for bound in [1 << 28, 1 << 32] {
        let near = bound - 50;
        let start = Start { frames: near, messages: near, datagrams: [near, near], now_us: bound - 500_000 };
        let mut pair = Pair::new(start);
        assert_eq!(pair.run(2_000), 100);
        let frames = pair.frames();
        assert!(frames.len() >= 97 && frames.windows(2).all(|pair| pair[1] == pair[0] + 1), "{frames:?}");
        assert!(frames.contains(&bound) && pair.messages().iter().all(|count| *count >= 99) && pair.is_clean());
        let facts = pair.ends.each_ref().map(|end| end.facts(pair.now));
        assert!(facts.iter().flat_map(|facts| &facts.paths).all(|path| path.loss_in_pct == Some(0.0)));
    }
}

#[test]
fn a_connection_whose_numbers_are_used_up_is_dialled_again_while_another_carries_every_frame() {
    let mut pair = Pair::new(Start { datagrams: [COUNTER_END - 300, 0], ..Start::default() });
    pair.run(3_000);
    assert_eq!(pair.closed, 1);
    let frames = pair.frames();
    assert!(frames.len() >= 147 && frames.windows(2).all(|pair| pair[1] == pair[0] + 1), "{frames:?}");
    assert!(pair.messages().iter().all(|count| *count >= 149) && pair.is_clean());
    let facts = pair.ends[CONSOLE].facts(pair.now);
    assert!(facts.paths.iter().all(|path| path.state == State::Live));
}

#[test]
fn both_paths_used_up_at_once_are_one_short_gap_and_every_message_arrives() {
    let mut pair = Pair::new(Start { datagrams: [COUNTER_END - 300; 2], ..Start::default() });
    pair.run(4_000);
    // The listening end's peer dials after at most 200 ms, then asks for an independent frame, the next of which comes
    // within as long.
    assert!(pair.frames().len() >= 178, "{}", pair.frames().len());
    assert!(pair.messages().iter().all(|count| *count >= 199));
    assert!(pair.ends.iter().all(|end| end.facts(pair.now).malformed_datagrams == 0));
}

#[test]
fn frames_beyond_the_last_number_are_not_taken_and_counted_while_messages_go_on() {
    let mut pair = Pair::new(Start { frames: COUNTER_END - 20, ..Start::default() });
    pair.run(2_000);
    assert_eq!(pair.frames().last(), Some(&(COUNTER_END - 1)));
    let facts = pair.ends[THEATRE].facts(pair.now);
    assert_eq!((facts.frames_out, facts.frames_unsent), (COUNTER_END, 80));
    assert!(pair.messages().iter().all(|count| *count >= 99) && pair.is_clean());
    assert!(facts.paths.iter().all(|path| path.state == State::Live));
}

#[test]
fn messages_beyond_the_last_number_are_refused_and_all_before_it_arrive_while_frames_go_on() {
    let mut pair = Pair::new(Start { messages: COUNTER_END - 20, ..Start::default() });
    assert_eq!(pair.run(2_000), 20);
    assert_eq!(pair.messages(), [20, 20]);
    assert!(pair.ends.iter().all(|end| end.facts(pair.now).messages_waiting == 0 && end.message_room() == 0));
    assert!(pair.frames().len() >= 97 && pair.is_clean());
}

#[test]
fn clocks_of_any_reading_carry_frames_up_to_the_end_of_time() {
    let mut late = Pair::new(Start { now_us: 1 << 59, ..Start::default() });
    late.run(2_000);
    assert!(late.frames().len() >= 97 && late.is_clean());
    let mut last = Pair::new(Start { now_us: u64::MAX - 500_000, ..Start::default() });
    last.run(490);
    assert!(last.frames().len() >= 20, "{}", last.frames().len());
}
