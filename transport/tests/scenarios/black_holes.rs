//! Paths that begin to swallow large datagrams in the middle of a session while small ones pass.

use netem::impairment::{Impairment, Mtu};
use netem::link::Link;
use netem::profile::Directions;
use transport::path::State;
use transport::schedule::Policy;
use transport::session::Event;

use crate::world::World;

const S: u64 = 1_000_000;
const OPENS_US: u64 = 3 * S;

/// Paths of 10 ms; those with a size pass no more than that towards the console from [`OPENS_US`] to `until_us`.
fn world(sizes: &[Option<usize>], until_us: Option<u64>, policy: Policy) -> World {
    let perfect = Impairment { delay_us: 10_000, ..Impairment::default() };
    let links = (1..).zip(sizes).map(|(seed, size)| {
        let mtu = size.map(|bytes| Mtu { bytes, from_us: OPENS_US, until_us });
        let to_dialler = Link::new(Impairment { mtu, ..perfect.clone() }, seed);
        Directions { to_listener: Link::new(perfect.clone(), seed), to_dialler }
    });
    World::with(links.collect(), 1, policy)
}

/// Bytes that reached the console by `path` in the second after `at_us`.
fn received_in_a_second(world: &mut World, path: usize, at_us: u64) -> u64 {
    let received = |world: &World| {
        let facts = world.console.session.facts(world.console.clock(world.now_us));
        facts.paths.get(path).unwrap().received_bytes
    };
    world.run_until(at_us);
    let before = received(world);
    world.run_until(at_us + S);
    received(world) - before
}

/// Times at which frames were released, from `from_us` on.
fn released_us(world: &World, from_us: u64) -> Vec<u64> {
    let frames = world.released().into_iter().map(|(number, took_us)| world.sent_us[number as usize] + took_us);
    frames.filter(|at_us| *at_us >= from_us).collect()
}

fn longest_gap_us(world: &World, from_us: u64) -> u64 {
    let at_us = released_us(world, from_us);
    at_us.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

#[test]
fn one_of_two_paths_that_becomes_a_black_hole_costs_no_frame_and_carries_video_again_within_300_ms() {
    for policy in [Policy::Auto, Policy::Duplicate, Policy::Economy] {
        let mut world = world(&[Some(900), None], None, policy);
        world.run_until(OPENS_US);
        let carried = received_in_a_second(&mut world, 0, OPENS_US + 300_000);
        world.run_until(20 * S);
        assert_eq!(world.lost(), 0, "{policy:?}");
        if policy != Policy::Economy {
            // Six megabits a second are 750,000 bytes.
            assert!(carried > 740_000, "{policy:?}: {carried}");
            assert!(world.released().iter().all(|(_, took_us)| *took_us == 10_000), "{policy:?}");
        }
        let budgets = world.theatre.events.iter().filter(|(_, event)| matches!(event, Event::Budget(Some(_))));
        assert_eq!(budgets.count(), 0, "{policy:?}: a black hole is no congestion");
    }
}

#[test]
fn both_paths_that_become_black_holes_at_once_show_a_gap_of_a_quarter_second_and_lose_nothing_after() {
    let mut world = world(&[Some(900); 2], None, Policy::Auto);
    world.run_until(OPENS_US + S);
    let lost = world.lost();
    assert!(longest_gap_us(&world, OPENS_US - S) <= 250_000, "{}", longest_gap_us(&world, OPENS_US - S));
    world.run_until(30 * S);
    assert_eq!(world.lost(), lost, "nothing more");
    assert!(longest_gap_us(&world, OPENS_US + S) <= 40_000, "the search upwards takes no frame");
}

#[test]
fn theatre_says_which_path_is_narrow_and_that_it_is_no_more() {
    let mut world = world(&[Some(900), None], Some(10 * S), Policy::Auto);
    world.run_until(80 * S);
    let told = world.theatre.events.iter().filter_map(|(_, event)| match event {
        Event::PathChanged { path, state: State::Live, why } if path.0 == 0 => Some(why.clone()),
        _ => None,
    });
    let told: Vec<Option<String>> = told.collect();
    let sizes: Vec<bool> = told.iter().map(Option::is_some).collect();
    assert_eq!(sizes, [false, true, true, false], "{told:?}");
    assert!(told[2].as_ref().unwrap().starts_with("datagrams above 800 bytes vanish on this line"), "{told:?}");
    assert_eq!(world.lost(), 0);
}

#[test]
fn a_path_that_passes_only_signs_of_life_is_left_to_them_and_costs_the_budget_nothing() {
    let mut world = world(&[Some(400), None], None, Policy::Auto);
    world.run_until(20 * S);
    assert_eq!((world.lost(), world.budget_bps), (0, None));
    assert!(received_in_a_second(&mut world, 0, 20 * S) < 10_000);
    let shards_end_us = world.released().iter().map(|(_, took_us)| *took_us).max();
    assert_eq!(shards_end_us, Some(10_000));
}

#[test]
fn one_of_four_bonded_paths_that_becomes_a_black_hole_costs_no_frame() {
    let mut world = world(&[Some(700), None, None, None], None, Policy::Spread);
    world.run_until(20 * S);
    assert_eq!(world.lost(), 0);
}
