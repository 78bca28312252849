//! A source in virtual time: pictures come, stand still, go dark and stop.

use protocol::time::SessionTime;

use super::*;

const LIVE: Freshness = Freshness::Live;
const DEAD: Policy = Policy { stills: Stills::Dead, after: Duration::from_millis(500), repeats: 5 };
const HELD: Policy = Policy { stills: Stills::Held, ..DEAD };
const NATURAL: Policy = Policy { stills: Stills::Natural, ..DEAD };

/// A source and the time, in milliseconds.
struct Bench {
    signal: Signal,
    now_ms: u64,
    print: u64,
}

impl Bench {
    /// A source that has lived for a second.
    fn new(policy: Policy) -> Self {
        let mut bench = Self { signal: Signal::new(policy), now_ms: 1_000, print: 0 };
        bench.lives(30);
        assert_eq!(bench.stands(), LIVE);
        bench
    }

    fn comes(&mut self, print: u64, is_dark: bool) -> Freshness {
        self.now_ms += 33;
        self.signal.picture(Look { print, is_dark }, MonoTime(self.now_ms * 1_000));
        self.stands()
    }

    /// Pictures that differ.
    fn lives(&mut self, pictures: u64) {
        for _ in 0..pictures {
            self.print += 1;
            self.comes(self.print, false);
        }
    }

    /// Something goes wrong, a while after the last picture.
    fn fails(&mut self, trouble: Trouble) {
        self.now_ms += 10;
        self.signal.trouble(trouble, MonoTime(self.now_ms * 1_000));
    }

    fn stands(&self) -> Freshness {
        self.signal.freshness(LIVE)
    }

    fn now(&self) -> SessionTime {
        SessionTime(self.now_ms * 1_000)
    }
}

#[test]
fn a_grabber_that_repeats_its_last_picture_is_told_within_half_a_second_with_the_time_it_began() {
    let mut bench = Bench::new(DEAD);
    let (last_news, print) = (bench.now(), bench.print);
    let states: Vec<Freshness> = (0..20).map(|_| bench.comes(print, false)).collect();
    let told = states.iter().position(|state| *state != LIVE).unwrap();
    assert_eq!(told, 15, "16 intervals of 33 ms are the first that take 500 ms");
    assert!(states[told..].iter().all(|state| *state == Freshness::Repeating { since: last_news }));
}

#[test]
fn the_first_new_picture_makes_it_live_again() {
    let mut bench = Bench::new(DEAD);
    (0..40).for_each(|_| _ = bench.comes(7, false));
    assert_ne!(bench.stands(), LIVE);
    bench.lives(1);
    assert_eq!(bench.stands(), LIVE);
}

#[test]
fn a_slow_source_in_a_fast_signal_is_not_called_dead() {
    let mut bench = Bench::new(DEAD);
    for picture in 100..130 {
        // X-ray pulsed at 7.5 a second in a signal of 30.
        (0..4).for_each(|_| assert_eq!(bench.comes(picture, false), LIVE));
    }
}

#[test]
fn few_pictures_are_not_enough_however_long_they_take() {
    let mut signal = Signal::new(DEAD);
    for (second, expected) in [(0, true), (1, true), (2, true), (3, true), (4, true), (5, false)] {
        signal.picture(Look { print: 1, is_dark: false }, MonoTime(second * 1_000_000));
        assert_eq!(signal.freshness(LIVE) == LIVE, expected, "after {second} s at one picture a second");
    }
}

#[test]
fn an_image_held_on_purpose_is_told_with_the_time_it_began() {
    let mut bench = Bench::new(HELD);
    let (last_news, print) = (bench.now(), bench.print);
    (0..40).for_each(|_| _ = bench.comes(print, false));
    assert_eq!(bench.stands(), Freshness::Held { since: last_news });
}

#[test]
fn a_recording_may_stand_still_for_ever() {
    let mut bench = Bench::new(NATURAL);
    (0..1_000).for_each(|_| assert_eq!(bench.comes(7, false), LIVE));
}

#[test]
fn darkness_with_noise_is_black_after_a_second_and_a_blink_is_nothing() {
    let mut bench = Bench::new(DEAD);
    (0..20).for_each(|noise| assert_eq!(bench.comes(1_000 + noise, true), LIVE));
    bench.lives(1);
    let states: Vec<Freshness> = (0..40).map(|noise| bench.comes(2_000 + noise, true)).collect();
    let told = states.iter().position(|state| *state != LIVE).unwrap();
    assert_eq!(told, 31, "a second");
    assert!(matches!(states[39], Freshness::Black { .. }));
    bench.lives(1);
    assert_eq!(bench.stands(), LIVE);
}

#[test]
fn black_without_any_noise_is_a_dead_source_where_that_is_known_and_black_elsewhere() {
    for (policy, is_dead) in [(DEAD, true), (HELD, false), (NATURAL, false)] {
        let mut bench = Bench::new(policy);
        (0..40).for_each(|_| _ = bench.comes(7, true));
        assert_eq!(matches!(bench.stands(), Freshness::Repeating { .. }), is_dead);
        assert_eq!(matches!(bench.stands(), Freshness::Black { .. }), !is_dead);
    }
}

#[test]
fn what_a_source_says_of_itself_holds_until_its_next_picture() {
    let mut bench = Bench::new(DEAD);
    for (trouble, state) in [
        (Trouble::Ended, Freshness::Ended),
        (Trouble::Failed, Freshness::Failed),
        (Trouble::Unusable, Freshness::Unusable),
    ] {
        bench.fails(trouble);
        for heard in [LIVE, Freshness::Waiting, Freshness::Lost] {
            assert_eq!(bench.signal.freshness(heard), state);
        }
        bench.lives(1);
        assert_eq!(bench.stands(), LIVE);
    }
}

#[test]
fn a_picture_that_was_on_its_way_when_a_source_failed_does_not_make_it_live() {
    let mut bench = Bench::new(DEAD);
    bench.fails(Trouble::Failed);
    let late = MonoTime((bench.now_ms - 5) * 1_000);
    bench.signal.picture(Look { print: 7, is_dark: false }, late);
    assert_eq!(bench.stands(), Freshness::Failed);
    bench.lives(1);
    assert_eq!(bench.stands(), LIVE);
}

#[test]
fn silence_is_lost_even_if_the_last_pictures_were_the_same() {
    let mut bench = Bench::new(HELD);
    (0..40).for_each(|_| _ = bench.comes(7, false));
    assert_eq!(bench.signal.freshness(Freshness::Lost), Freshness::Lost);
    assert_eq!(Signal::new(DEAD).freshness(Freshness::Waiting), Freshness::Waiting);
}

#[test]
fn a_source_opened_again_begins_anew_even_with_the_picture_it_ended_with() {
    let mut bench = Bench::new(DEAD);
    (0..40).for_each(|_| _ = bench.comes(7, false));
    bench.fails(Trouble::Failed);
    assert_eq!(bench.comes(7, false), LIVE);
}
