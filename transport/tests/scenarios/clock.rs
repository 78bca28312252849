//! Theatre's clock as the console tells it, on every kind of path.

use netem::impairment::Impairment;
use netem::link::Link;
use netem::profile::Directions;
use transport::schedule::Policy;

use crate::world::{Who, World};

const S: u64 = 1_000_000;

/// The console's error about theatre's clock and the uncertainty it states, in microseconds.
fn error_us(world: &World) -> (u64, u64) {
    let mono = world.console.clock(world.now_us);
    let offset = world.console.session.facts(mono).clock.unwrap();
    (offset.session(mono).0.abs_diff(world.theatre.clock(world.now_us).0), offset.uncertainty_us)
}

/// The largest error from two seconds on, or now, to `until_us`, looked at 20 times a second. It is never more than is
/// stated.
fn largest_error_us(world: &mut World, until_us: u64, label: &str) -> u64 {
    let mut largest_us = 0;
    for at_us in (world.now_us.max(2 * S)..until_us).step_by(50_000) {
        world.run_until(at_us);
        let (error_us, stated_us) = error_us(world);
        assert!(error_us <= stated_us, "{label}: {error_us} us off, said {stated_us} us");
        largest_us = largest_us.max(error_us);
    }
    largest_us
}

/// A world whose ends' clocks have different readings and run apart.
fn apart(mut world: World, theatre_ppm: i64, console_ppm: i64) -> World {
    world.console.clock_at_0_us = 77_000_000;
    (world.theatre.drift_ppm, world.console.drift_ppm) = (theatre_ppm, console_ppm);
    world
}

#[test]
fn unknown_before_the_first_probe_is_answered() {
    let world = World::new("wan", 1);
    assert_eq!(world.console.session.facts(world.console.clock(0)).clock, None);
}

#[test]
fn every_profile_is_told_within_a_millisecond_idle_or_full_for_in_all_of_them_both_ways_are_alike() {
    for profile in netem::profile::NAMES {
        for (theatre_ppm, console_ppm, frame_bytes) in [(0, -100, 1000), (0, 0, 25_000), (-100, 100, 25_000)] {
            let mut world = apart(World::new(profile, 5), theatre_ppm, console_ppm);
            world.frame_bytes = frame_bytes;
            let error_us = largest_error_us(&mut world, 20 * S, profile);
            // A line that pictures fill one way is no longer alike both ways.
            let most_us = if profile == "squeeze" { 2000 } else { 1000 };
            assert!(error_us <= most_us, "{profile}, {theatre_ppm} and {console_ppm} ppm: {error_us} us");
        }
    }
}

#[test]
fn a_drift_of_100_ppm_either_way_is_followed_for_an_hour() {
    for ppm in [-100, 100] {
        let mut world = apart(World::new("lossy", 7), 0, ppm);
        world.frame_bytes = 200;
        for minute in 1..=60 {
            world.run_until(minute * 60 * S - S);
            world.end(Who::Console).events.clear();
            world.end(Who::Theatre).events.clear();
            let error_us = largest_error_us(&mut world, minute * 60 * S, "an hour");
            assert!(error_us <= 1000, "{ppm} ppm, minute {minute}: {error_us} us");
        }
    }
}

/// One to four paths, each way of each with a delay, jitter and loss of its own, and clocks that run apart.
fn asymmetric(rng: &mut fastrand::Rng) -> World {
    let way = |rng: &mut fastrand::Rng| {
        let (delay_us, jitter_us) = (rng.u64(0..80_000), rng.u64(0..20_000));
        let loss = if rng.bool() { rng.f64() * 0.2 } else { 0.0 };
        Link::new(Impairment { delay_us, jitter_us, loss, ..Impairment::default() }, rng.u64(..))
    };
    let paths = rng.usize(1..=4);
    let links = (0..paths).map(|_| Directions { to_listener: way(rng), to_dialler: way(rng) }).collect();
    let mut world = apart(World::with(links, rng.u64(..), Policy::Auto), rng.i64(-100..=100), rng.i64(-100..=100));
    world.frame_bytes = 200;
    world
}

#[test]
fn in_two_thousand_trials_on_asymmetric_paths_the_stated_uncertainty_covers_the_error_in_99_of_100() {
    let mut rng = fastrand::Rng::with_seed(20);
    let (trials, mut covered) = (2000, 0);
    for _ in 0..trials {
        let mut world = asymmetric(&mut rng);
        world.run_until(S / 2 + rng.u64(0..3 * S));
        let (error_us, stated_us) = error_us(&world);
        covered += u64::from(error_us <= stated_us);
    }
    assert!(covered * 100 >= trials * 99, "{covered} of {trials}");
}

#[test]
fn of_two_paths_whose_asymmetries_are_opposite_the_quick_ways_bound_the_uncertainty() {
    let way = |delay_us| Link::new(Impairment { delay_us, ..Impairment::default() }, 1);
    let links = vec![
        Directions { to_listener: way(5_000), to_dialler: way(60_000) },
        Directions { to_listener: way(60_000), to_dialler: way(5_000) },
    ];
    let mut world = apart(World::with(links, 1, Policy::Auto), 100, -100);
    world.frame_bytes = 200;
    assert!(largest_error_us(&mut world, 10 * S, "opposite") <= 500);
    let (_, stated_us) = error_us(&world);
    assert!(stated_us <= 5_100, "5 ms out and 5 ms back leave 5 ms, said {stated_us} us");
}
