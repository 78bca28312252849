//! Paths that die and come back: nothing lost or late while one lives, recovery when none did.

use proptest::prelude::*;
use transport::path::State;
use transport::session::Event;

use crate::world::{Who, World};

const S: u64 = 1_000_000;

fn state(world: &World, path: usize) -> State {
    world.console.session.facts(world.console.clock(world.now_us)).paths[path].state
}

#[test]
fn the_cut_profile_loses_no_frame_and_delays_none_beyond_the_slower_path() {
    let mut world = World::new("cut", 1);
    world.run_until(12 * S);
    let released = world.released();
    assert_eq!(world.lost(), 0);
    assert!(released.len() > 350, "{}", released.len());
    assert!(released.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "every frame once, in order");
    assert_eq!(released.iter().map(|(_, took_us)| *took_us).max(), Some(18_000));
}

#[test]
fn a_mark_drawn_in_a_cut_arrives_by_the_other_path_without_delay() {
    let mut world = World::new("cut", 2);
    let sent: Vec<u64> = (0..200).map(|at| 4 * S + at * 20_000).collect();
    for (number, at_us) in sent.iter().enumerate() {
        world.run_until(*at_us);
        world.message(Who::Console, &number.to_string());
    }
    world.run_until(10 * S);
    let messages = world.messages(Who::Theatre);
    assert_eq!(messages.len(), 200);
    for (number, (at_us, text)) in messages.iter().enumerate() {
        assert_eq!(*text, number.to_string());
        assert!(at_us - sent[number] <= 18_000, "message {number} took {} us", at_us - sent[number]);
    }
}

#[test]
fn a_cut_path_is_dark_within_three_round_trips_and_50_ms_and_resumes_without_a_dial() {
    let mut world = World::new("cut", 3);
    world.run_until(5 * S - 1);
    assert_eq!(state(&world, 0), State::Live);
    world.run_until(5 * S + 130_000 + 20_000);
    assert_eq!((state(&world, 0), state(&world, 1)), (State::Dark, State::Live));
    world.run_until(9 * S + 20_000 + 11_000);
    assert_eq!(state(&world, 0), State::Live);
    let changes = world.console.events.iter().filter(|(_, event)| matches!(event, Event::PathChanged { .. })).count();
    assert_eq!(changes, 4, "up, up, dark, live");
}

#[test]
fn total_darkness_ends_with_an_independent_frame_within_two_round_trips_and_a_frame() {
    let mut world = World::new("wan", 4);
    world.run_until(3 * S);
    (0..2).for_each(|path| world.cut(path, 3 * S, 4 * S));
    for number in 0..100 {
        world.run_until(3 * S + 30_000 * (number + 1));
        world.message(Who::Console, &number.to_string());
    }
    world.run_until(9 * S);
    let after: Vec<_> = world
        .console
        .events
        .iter()
        .filter_map(|(at_us, event)| match event {
            Event::Frame(frame) if *at_us > 4 * S => Some((*at_us, frame.independent)),
            _ => None,
        })
        .collect();
    let (first_us, independent) = after[0];
    assert!(independent, "what builds on lost frames is not released");
    // Frames resume within an interval; the gap settles, the request travels, the next frame answers it.
    assert!(first_us - 7 * S < 150_000, "{} us after the paths came back", first_us - 7 * S);
    let messages = world.messages(Who::Theatre);
    assert_eq!(messages.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), numbers(100));
    assert!(messages.last().unwrap().0 - 7 * S < 150_000, "the queue is flushed at once");
    assert_eq!(world.released().len() as u64 + world.lost() + skipped_at_join(&world), world.sent_us.len() as u64);
}

#[test]
fn one_way_silence_on_a_path_harms_nothing() {
    let mut world = World::new("wan", 5);
    world.run_until(2 * S);
    world.links[0].to_listener.cut(2 * S, 5 * S);
    world.run_until(3 * S);
    world.message(Who::Theatre, "layout");
    world.run_until(6 * S);
    assert_eq!(world.lost(), 0);
    assert_eq!(world.messages(Who::Console).len(), 1);
    assert_eq!(world.theatre.session.facts(world.theatre.clock(world.now_us)).messages_waiting, 0);
}

fn numbers(end: u32) -> Vec<String> {
    (0..end).map(|number| number.to_string()).collect()
}

/// Frames sent before the first release, and those still on their way.
fn skipped_at_join(world: &World) -> u64 {
    let released = world.released();
    released[0].0 + (world.sent_us.len() as u64 - 1 - released.last().unwrap().0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_cut_of_either_path_at_any_time_loses_and_delays_nothing(
        seed in 0..1000u64, path in 0..2usize, from_us in S..2 * S, for_us in 1_000..S,
    ) {
        let mut world = World::new("wan", seed);
        world.frame_bytes = 5_000;
        world.cut(path, from_us, for_us);
        world.run_until(3 * S + 500_000);
        prop_assert_eq!(world.lost(), 0);
        prop_assert!(world.released().iter().all(|(_, took_us)| *took_us == 10_000));
    }
}
