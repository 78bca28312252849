//! How frames are spread, and what that costs and saves: copies, spread, thrift.

use netem::impairment::{Capacity, Impairment, Step};
use netem::link::Link;
use netem::profile::{Directions, Profile};
use transport::schedule::Policy;

use crate::world::World;

const S: u64 = 1_000_000;

/// Paths with these one-way delays in ms and nothing else.
fn clean(delays_ms: &[u64]) -> Vec<Directions> {
    let link = |delay_ms: &u64| Link::new(Impairment { delay_us: delay_ms * 1_000, ..Impairment::default() }, 1);
    delays_ms.iter().map(|delay| Directions { to_listener: link(delay), to_dialler: link(delay) }).collect()
}

fn profile(name: &str, seed: u64, policy: Policy) -> World {
    World::with(Profile::by_name(name).unwrap().links(seed), seed, policy)
}

/// Payload that theatre sent over the bytes of its frames.
fn bytes_ratio(world: &World) -> f64 {
    let facts = world.theatre.session.facts(world.theatre.clock(world.now_us));
    let sent: u64 = facts.paths.iter().map(|path| path.sent_bytes).sum();
    sent as f64 / (world.sent_us.len() * world.frame_bytes) as f64
}

fn policy(world: &World) -> Option<Policy> {
    world.theatre.session.facts(world.theatre.clock(world.now_us)).policy
}

fn slowest_us(world: &World) -> u64 {
    world.released().into_iter().map(|(_, took_us)| took_us).max().unwrap()
}

/// Cuts at random: begin, length, path and phase against the frames, one after the other.
fn random_cuts(world: &mut World, random: &mut fastrand::Rng, cuts: usize) {
    for _ in 0..cuts {
        let path = random.usize(..world.links.len());
        let begin_us = world.now_us + random.u64(300_000..700_000);
        let length_us = random.u64(1_000..900_000);
        world.cut(path, begin_us, length_us);
        world.run_until(begin_us + length_us + 300_000);
    }
}

#[test]
fn five_hundred_random_cuts_of_one_of_two_paths_cost_nothing_when_everything_is_sent_twice() {
    for seed in 0..10 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::with(clean(&[10, 18]), seed, Policy::Duplicate);
        world.run_until(S);
        random_cuts(&mut world, &mut random, 50);
        assert_eq!(world.lost(), 0, "seed {seed}");
        assert!(slowest_us(&world) <= 18_000, "seed {seed}: {} us", slowest_us(&world));
        assert!(bytes_ratio(&world) < 2.15, "seed {seed}: {}", bytes_ratio(&world));
    }
}

#[test]
fn five_hundred_random_cuts_of_one_of_four_paths_cost_nothing_when_frames_are_spread() {
    for seed in 0..10 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::with(clean(&[10, 12, 15, 18]), seed, Policy::Auto);
        world.run_until(S);
        assert_eq!(policy(&world), Some(Policy::Spread));
        random_cuts(&mut world, &mut random, 50);
        assert_eq!(world.lost(), 0, "seed {seed}");
        assert!(slowest_us(&world) <= 18_000, "seed {seed}: {} us", slowest_us(&world));
        assert!(bytes_ratio(&world) < 4.0 / 3.0 * 1.25, "seed {seed}: {}", bytes_ratio(&world));
    }
}

#[test]
fn thrift_costs_little_more_than_once_and_a_cut_one_gap_of_at_most_100_ms() {
    for seed in 0..10 {
        let mut world = World::with(clean(&[10, 18]), seed, Policy::Economy);
        world.run_until(3 * S);
        assert!(bytes_ratio(&world) < 1.3, "seed {seed}: {}", bytes_ratio(&world));
        let begin_us = 3 * S + fastrand::Rng::with_seed(seed).u64(..50_000);
        world.cut(0, begin_us, 4 * S);
        world.run_until(10 * S);
        assert_eq!(world.lost(), 0, "seed {seed}");
        let shown: Vec<u64> =
            world.released().iter().map(|(number, took)| world.sent_us[*number as usize] + took).collect();
        let gaps: Vec<u64> = shown.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 84_000).collect();
        assert!(gaps.len() <= 1 && gaps.iter().all(|gap| *gap <= 100_000), "seed {seed}: {gaps:?} us");
    }
}

#[test]
fn no_profile_of_two_mobile_or_wired_lines_costs_a_frame() {
    for name in ["wan", "lossy", "burst", "lte", "cut", "cutlossy"] {
        for seed in 1..4 {
            let mut world = profile(name, seed, Policy::Auto);
            world.run_until(20 * S);
            assert_eq!((world.lost(), policy(&world)), (0, Some(Policy::Duplicate)), "{name}, seed {seed}");
            assert!(bytes_ratio(&world) < 2.6, "{name}, seed {seed}: {}", bytes_ratio(&world));
        }
    }
}

#[test]
fn four_thin_mobile_lines_that_go_dark_one_after_the_other_are_bonded_into_one_that_loses_nothing() {
    for seed in 1..4 {
        let mut world = profile("lte4", seed, Policy::Auto);
        world.run_until(21 * S);
        assert_eq!((world.lost(), policy(&world)), (0, Some(Policy::Spread)), "seed {seed}");
        assert!(bytes_ratio(&world) <= 1.75, "seed {seed}: {}", bytes_ratio(&world));
    }
}

#[test]
fn spread_without_a_third_path_is_copies() {
    let mut world = World::with(clean(&[10, 18]), 1, Policy::Spread);
    world.run_until(S);
    assert_eq!(policy(&world), Some(Policy::Duplicate));
}

/// A line without a limit, and one that carries `kbps` until `widens_us` and 12 Mbit/s from then on.
fn uneven(kbps: u64, widens_us: u64, seed: u64) -> Vec<Directions> {
    let steps = vec![Step { at_us: widens_us, bps: 12_000_000 }];
    let thin = Capacity { bps: kbps * 1_000, steps, queue_us: 100_000 };
    let line = |delay_us, capacity| Impairment { delay_us, capacity, ..Impairment::default() };
    let paths = vec![line(10_000, None), line(10_000, Some(thin))];
    Profile { name: "uneven", paths }.links(seed)
}

#[test]
fn a_thin_line_beside_a_fat_one_leaves_the_picture_as_good_as_the_fat_one_carries_until_it_widens() {
    let mut world = World::with(uneven(800, 40 * S, 5), 5, Policy::Auto);
    world.run_until(10 * S);
    assert_eq!(policy(&world), Some(Policy::Economy));
    assert!(world.budget_bps.is_none_or(|bps| bps >= 6_000_000), "{:?}", world.budget_bps);
    let slow = |world: &World, from_us: u64| {
        let sent = world.released().into_iter().filter(|(number, _)| world.sent_us[*number as usize] >= from_us);
        sent.map(|(_, took_us)| took_us).max().unwrap()
    };
    assert!(slow(&world, 3 * S) <= 12_000, "{} us", slow(&world, 3 * S));
    assert_eq!(world.lost(), 0);
    world.run_until(75 * S);
    assert_eq!(policy(&world), Some(Policy::Duplicate), "it was looked at again");
    assert_eq!(world.lost(), 0);
}

#[test]
fn when_the_fat_line_dies_the_thin_one_brings_a_picture_of_its_own_size() {
    let mut world = World::with(uneven(800, 1_000 * S, 5), 5, Policy::Auto);
    world.cut(0, 10 * S + 10_000, 5 * S);
    world.run_until(20 * S);
    let shown_us: Vec<u64> =
        world.released().iter().map(|(number, took_us)| world.sent_us[*number as usize] + took_us).collect();
    let gap_us = shown_us.windows(2).skip(30).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(gap_us <= 700_000, "{gap_us} us");
    assert!(shown_us.iter().filter(|at_us| (12 * S..14 * S).contains(*at_us)).count() >= 50);
}
