//! A day's session in virtual time: two lossy lines, a connection lost or a line dark every few minutes, clocks that
//! drift. Nothing grows, nothing is lost that no outage explains, and theatre's clock stays known.

use std::collections::BTreeMap;
use std::ops::Range;

use netem::profile::Profile;
use transport::delivery::IN_FLIGHT;
use transport::path::State;
use transport::schedule::Policy;
use transport::session::Event;

use crate::world::{Who, World};

const S: u64 = 1_000_000;
const HOUR: u64 = 3600 * S;
/// How often everything is looked at: out of step with frames and probes.
const LOOK_EVERY_US: u64 = 997_000;
/// The longest darkness.
const LONGEST_US: u64 = 20 * S;
/// A lost connection stands again within this: the longest wait for a dial and a handshake.
const REDIALLED_US: u64 = 2_100_000;

/// The most that each collection of theatre's and of the console's session held.
type Sizes = [BTreeMap<&'static str, usize>; 2];

struct Day {
    world: World,
    rng: fastrand::Rng,
    trouble_at_us: u64,
    connections_lost: u64,
    /// When no path carried anything.
    outages: Vec<Range<u64>>,
    released: u64,
    lost: Vec<Range<u64>>,
    messages: [u64; 2],
}

impl Day {
    fn new(seed: u64) -> Self {
        let mut world = World::with(Profile::by_name("lossy").unwrap().links(seed), seed, Policy::Auto);
        world.frame_bytes = 900;
        world.console.clock_at_0_us = 77_000_000;
        (world.theatre.drift_ppm, world.console.drift_ppm) = (-50, 50);
        let (outages, lost) = (Vec::new(), Vec::new());
        let rng = fastrand::Rng::with_seed(seed);
        Self { world, rng, trouble_at_us: 60 * S, connections_lost: 0, outages, released: 0, lost, messages: [0; 2] }
    }

    /// Every two to six minutes a path loses its connection or goes dark; one time in eight both do.
    fn trouble(&mut self) {
        let (path, for_us) = (self.rng.u8(0..2), self.rng.u64(S / 10..LONGEST_US));
        let (both, hang_up) = (self.rng.u8(0..8) == 0, self.rng.bool());
        let who = if self.rng.bool() { Who::Theatre } else { Who::Console };
        for path in [path, 1 - path].into_iter().take(if both { 2 } else { 1 }) {
            if hang_up {
                self.world.hang_up(who, path);
                self.connections_lost += 1;
            } else {
                self.world.cut(usize::from(path), self.world.now_us, for_us);
            }
        }
        if both {
            let for_us = if hang_up { REDIALLED_US } else { for_us };
            self.outages.push(self.world.now_us..self.world.now_us + for_us);
        }
        self.trouble_at_us = self.world.now_us + self.rng.u64(120..360) * S;
    }

    /// The longest outage there is, so that the first hour has seen the worst.
    fn worst(&mut self) {
        let now_us = self.world.now_us;
        (0..2).for_each(|path| self.world.cut(path, now_us, LONGEST_US));
        self.outages.push(now_us..now_us + LONGEST_US);
    }

    /// Takes what was told, sends a message each way, and raises `most` to what is held.
    fn look(&mut self, number: u64, most: &mut Sizes) {
        for (at, who) in [Who::Theatre, Who::Console].into_iter().enumerate() {
            for (_, event) in std::mem::take(&mut self.world.end(who).events) {
                match event {
                    Event::Frame(_) => self.released += 1,
                    Event::FramesLost { numbers, .. } => self.lost.push(numbers),
                    Event::Message(text) => {
                        assert_eq!(text, self.messages[at].to_string().as_bytes(), "once, and in order");
                        self.messages[at] += 1;
                    }
                    _ => {}
                }
            }
            self.world.message(who, &number.to_string());
            for (name, size) in self.world.end(who).session.sizes() {
                let held = most[at].entry(name).or_insert(0);
                *held = size.max(*held);
            }
        }
    }

    /// The console's error about theatre's clock.
    fn clock_error_us(&self) -> u64 {
        let mono = self.world.console.clock(self.world.now_us);
        let offset = self.world.console.session.facts(mono).clock.unwrap();
        let error_us = offset.session(mono).0.abs_diff(self.world.theatre.clock(self.world.now_us).0);
        assert!(error_us <= offset.uncertainty_us, "{error_us} us off, said {} us", offset.uncertainty_us);
        error_us
    }

    /// Whether an outage took the frame: it was sent in one, or so shortly before that it was on its way; or it builds on
    /// one that was, until an independent frame has come.
    fn is_explained(&self, frame: u64) -> bool {
        let sent_us = self.world.sent_us[frame as usize];
        self.outages.iter().any(|outage| outage.start < sent_us + 100_000 && sent_us < outage.end + 500_000)
    }
}

#[test]
fn a_day_with_reconnects_every_few_minutes_loses_nothing_unexplained_and_holds_no_more_than_its_first_hour() {
    let mut day = Day::new(9);
    let (mut first_hour, mut later) = (Sizes::default(), Sizes::default());
    let looks = 24 * HOUR / LOOK_EVERY_US;
    for look in 0..looks {
        day.world.run_until((look + 1) * LOOK_EVERY_US);
        let first = day.world.now_us < HOUR;
        day.look(look, if first { &mut first_hour } else { &mut later });
        // 100 ppm apart, a clock not heard of for 20 s is off by 2 ms.
        assert!(day.clock_error_us() <= 3_000);
        if look == looks / 48 {
            day.worst();
        } else if day.world.now_us >= day.trouble_at_us && look + 60 < looks {
            day.trouble();
        }
    }
    assert!(day.connections_lost > 150, "{}", day.connections_lost);
    for (first_hour, later) in first_hour.iter().zip(&later) {
        for (name, held) in later {
            // What waits for an instant depends on the instant: after an outage much comes at once.
            let burst = if name.contains("bytes") { IN_FLIGHT * day.world.frame_bytes } else { IN_FLIGHT };
            let bound = first_hour[name] + first_hour[name] / 10 + burst;
            assert!(*held <= bound, "{name}: {held} later, {} in the first hour", first_hour[name]);
        }
    }
    for lost in day.lost.iter().cloned().flatten() {
        assert!(day.is_explained(lost), "frame {lost} of {} us: {:?}", day.world.sent_us[lost as usize], day.outages);
    }
    let lost: u64 = day.lost.iter().map(|numbers| numbers.end - numbers.start).sum();
    let missing = day.world.sent_us.len() as u64 - day.released - lost;
    assert!(missing <= 5, "{missing} frames before the session stood or on their way");
    assert!(day.messages.iter().all(|messages| looks - messages <= 1), "{:?} of {looks}", day.messages);
    let now = day.world.console.clock(day.world.now_us);
    assert!(day.world.console.session.facts(now).paths.iter().all(|path| path.state == State::Live));
}
