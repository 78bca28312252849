//! Theatre's clock as the console tells it, on every kind of path.

use netem::impairment::Impairment;
use netem::link::Link;

use crate::world::World;

const S: u64 = 1_000_000;

/// Runs a world and checks the console's idea of theatre's clock 20 times a second; gives the largest error.
fn largest_error_us(mut world: World, drift_ppm: i64, label: &str) -> u64 {
    world.frame_bytes = 1000;
    world.console.clock_at_0_us = 77_000_000;
    world.console.drift_ppm = drift_ppm;
    let mut largest_us = 0;
    for tick in 40..400 {
        world.run_until(tick * S / 20);
        let mono = world.console.clock(world.now_us);
        let offset = world.console.session.facts(mono).clock.unwrap();
        let error_us = offset.session(mono).0.abs_diff(world.theatre.clock(world.now_us).0);
        assert!(error_us <= offset.uncertainty_us, "{label}: {error_us} us off, said {} us", offset.uncertainty_us);
        largest_us = largest_us.max(error_us);
    }
    largest_us
}

#[test]
fn unknown_before_the_first_probe_is_answered() {
    let world = World::new("wan", 1);
    assert_eq!(world.console.session.facts(world.console.clock(0)).clock, None);
}

#[test]
fn symmetric_paths_are_told_within_a_millisecond_even_with_loss_cuts_and_drift() {
    for profile in ["clean", "wan", "lossy", "cut", "cutlossy"] {
        for drift_ppm in [-100, 0, 100] {
            let error_us = largest_error_us(World::new(profile, 5), drift_ppm, profile);
            assert!(error_us <= 1000, "{profile} at {drift_ppm} ppm: {error_us} us");
        }
    }
}

#[test]
fn on_asymmetric_paths_the_stated_uncertainty_covers_the_error() {
    for (seed, (out_ms, back_ms)) in [(5, 30), (40, 10), (0, 60)].into_iter().enumerate() {
        let mut world = World::new("wan", seed as u64);
        let way = |delay_ms: u64| Impairment { delay_us: delay_ms * 1000, jitter_us: 4_000, ..Impairment::default() };
        for links in &mut world.links {
            links.to_listener = Link::new(way(out_ms), 1);
            links.to_dialler = Link::new(way(back_ms), 2);
        }
        largest_error_us(world, 100, &format!("{out_ms} ms out, {back_ms} ms back"));
    }
}
