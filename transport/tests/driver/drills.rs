//! Link drills over real sockets: what both ends see of one, and that it costs nothing.

use std::time::Duration;

use transport::drill::{Drill, Effect, Refused};
use transport::path::{PathId, State};
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{Running, any_port, console, files, now, theatre};

/// Two ends over `paths` live paths.
fn session(test: &str, paths: usize) -> (Running, Running) {
    let (theatre_files, console_files) = files(test);
    let theatre = theatre(1, theatre_files, &vec![any_port(); paths]).unwrap();
    let console = console(1000, console_files, theatre.handle.listening());
    for end in [&theatre, &console] {
        let mut live = 0;
        end.wait_for("live paths", |event| {
            live += usize::from(matches!(event, Event::PathChanged { state: State::Live, .. }));
            (live == paths).then_some(())
        });
    }
    (theatre, console)
}

fn drill(path: &str, effect: Effect, s: u64) -> Drill {
    Drill { path: path.to_owned(), effect, lasts: Duration::from_secs(s) }
}

/// Sends frames from theatre at 50 a second, and takes all events of both ends, until `done` says so of their states.
struct Traffic<'a> {
    theatre: &'a Running,
    console: &'a Running,
    sent: u64,
    arrived: Vec<u64>,
    states: [Vec<State>; 2],
}

impl<'a> Traffic<'a> {
    fn new(theatre: &'a Running, console: &'a Running) -> Self {
        Self { theatre, console, sent: 0, arrived: Vec::new(), states: Default::default() }
    }

    fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let deadline = now() + Duration::from_secs(20);
        while !done(self) {
            assert!(now() < deadline, "{:?}, {} sent, {:?} arrived", self.states, self.sent, self.arrived.len());
            self.theatre.handle.send_frame(Frame::new(self.sent == 0, vec![7; 20_000]).unwrap()).unwrap();
            self.sent += 1;
            let next = now() + Duration::from_millis(20);
            while let Ok(event) = self.console.events.recv_timeout(next.since(now())) {
                self.take(1, event);
            }
            while let Ok(event) = self.theatre.events.try_recv() {
                self.take(0, event);
            }
        }
    }

    /// Whether the drilled path stands so at both ends. A machine that stood still may have made it dark before.
    fn are(&self, wanted: State) -> bool {
        self.states.iter().all(|states| states.last() == Some(&wanted))
    }

    fn take(&mut self, end: usize, event: Event) {
        match event {
            Event::Frame(frame) => self.arrived.push(frame.number),
            Event::FramesLost { numbers, loss } => panic!("{numbers:?} lost: {loss:?}"),
            Event::PathChanged { path: PathId(0), state, .. } => self.states[end].push(state),
            _ => {}
        }
    }
}

#[test]
fn a_cut_path_is_dark_at_both_ends_no_frame_is_lost_and_it_comes_back_without_a_handshake() {
    let (theatre, console) = session("drill_cut", 2);
    let mut traffic = Traffic::new(&theatre, &console);
    traffic.until(|traffic| traffic.arrived.len() > 5);
    let asked = now();
    let period = console.handle.drill(drill("0", Effect::Cut, 1)).unwrap();
    assert_eq!(console.handle.facts().drill(), Some(("0", period)), "whoever counts faults can tell");
    assert!(period.from >= asked + transport::drill::LEAD, "there is time to tell the other end");
    traffic.until(|traffic| traffic.are(State::Dark) && now() >= period.from);
    traffic.until(|traffic| traffic.are(State::Live));
    assert!(now() >= period.until, "it ended by itself, and not before its time");
    let known = |state: &State| matches!(state, State::Dark | State::Live);
    assert!(traffic.states.iter().flatten().all(known), "without a handshake: {:?}", traffic.states);
    assert_eq!(console.handle.facts().drill(), None);
    let sent = traffic.sent;
    traffic.until(|traffic| traffic.arrived.len() as u64 >= sent);
    assert!(traffic.arrived.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn a_delayed_path_is_slower_both_ways_and_quick_again_when_the_drill_is_ended_early() {
    let (theatre, console) = session("drill_delay", 2);
    theatre.handle.drill(drill("0", Effect::Delay(150), 60)).unwrap();
    let both = |known: fn(Duration) -> bool| {
        let rtt = |end: &Running| Some(end.handle.facts().paths.first()?.facts.rtt?.smoothed);
        [&theatre, &console].into_iter().all(|end| rtt(end).is_some_and(known))
    };
    let mut traffic = Traffic::new(&theatre, &console);
    traffic.until(|_| both(|rtt| rtt.as_millis() > 250));
    theatre.handle.end_drill().unwrap();
    traffic.until(|_| both(|rtt| rtt.as_millis() < 50));
    assert_eq!(theatre.handle.end_drill(), Err(Refused::None));
}

#[test]
fn a_cut_ends_at_once_when_the_other_path_goes_for_real() {
    let (theatre, console) = session("drill_spared", 2);
    let period = console.handle.drill(drill("0", Effect::Cut, 60)).unwrap();
    console.wait_for("darkness", |event| match event {
        Event::PathChanged { path: PathId(0), state: State::Dark, .. } => period.holds_at(now()).then_some(()),
        _ => None,
    });
    theatre.handle.remove_path("1").unwrap();
    console.wait_for("the drilled path", |event| match event {
        Event::PathChanged { path, state, .. } => ((*path, *state) == (PathId(0), State::Live)).then_some(()),
        _ => None,
    });
    assert_eq!(console.handle.facts().drill(), None);
}

#[test]
fn what_is_no_drill_is_refused_and_says_why() {
    let (theatre, console) = session("drill_refused", 1);
    for (asked, told) in [
        (drill("9", Effect::Cut, 5), "there is no path `9`; the paths are `0`"),
        (drill("0", Effect::Cut, 5), "path `0` is the only live one; cutting it would be an outage and no drill"),
        (drill("0", Effect::Delay(200), 0), "the drill's length in ms must be from 1000 to 120000; 0 was given"),
    ] {
        assert_eq!(console.handle.drill(asked).unwrap_err().to_string(), told);
    }
    console.handle.drill(drill("0", Effect::Delay(20), 5)).unwrap();
    let text = console.handle.drill(drill("0", Effect::Thin(500), 5)).unwrap_err().to_string();
    assert!(text.starts_with("there is a drill on path `0` for ") && text.ends_with(" s more; end it first"), "{text}");
    theatre.handle.stop();
    console.wait_for_refusal();
    console.handle.end_drill().unwrap();
    let text = console.handle.drill(drill("0", Effect::Thin(500), 5)).unwrap_err().to_string();
    assert_eq!(text, "path `0` is down; only a live path can be drilled");
    console.handle.stop();
    assert_eq!(console.handle.drill(drill("0", Effect::Thin(500), 5)), Err(Refused::Stopped));
}
