//! Paths that are added and removed while a session runs.

use proptest::prelude::*;
use transport::path::{PathId, State};
use transport::session::{Event, Input};

use crate::world::{FRAME_INTERVAL_US, Who, World};

const S: u64 = 1_000_000;

fn states(world: &World) -> Vec<State> {
    let facts = world.console.session.facts(world.console.clock(world.now_us));
    facts.paths.iter().map(|path| path.state).collect()
}

/// The middle of a frame's way: its datagrams have left and none has arrived.
fn mid_frame(after_us: u64) -> u64 {
    after_us.next_multiple_of(FRAME_INTERVAL_US) + 5_000
}

#[test]
fn a_path_added_and_another_removed_mid_frame_lose_and_delay_nothing_over_the_third() {
    let mut world = World::new("wan", 1);
    world.run_until(mid_frame(S));
    let added = world.add_path("wan", 7);
    assert_eq!((added, states(&world)), (2, vec![State::Live, State::Live, State::Connecting]));
    world.run_until(mid_frame(2 * S));
    assert_eq!(states(&world), [State::Live; 3]);
    for (at_us, path) in [(2 * S, 0), (3 * S, 1)] {
        world.run_until(mid_frame(at_us));
        world.input(Who::Console, Input::RemovePath(PathId(path)));
    }
    world.run_until(4 * S);
    assert_eq!(states(&world), [State::Removed, State::Removed, State::Live], "the third keeps its id");
    world.message(Who::Console, "mark");
    world.run_until(5 * S);
    assert_eq!((world.lost(), world.messages(Who::Theatre).len()), (0, 1));
    let released = world.released();
    assert!(released.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "every frame once, in order");
    assert!(released.len() >= 148, "{}", released.len());
    assert!(released.iter().all(|(_, took_us)| *took_us == 10_000), "none waited");
}

#[test]
fn removing_the_only_carrier_mid_frame_loses_what_was_in_flight_and_a_new_path_goes_on() {
    let mut world = World::new("wan", 2);
    world.run_until(S);
    world.input(Who::Console, Input::RemovePath(PathId(1)));
    let removed_us = mid_frame(2 * S);
    world.run_until(removed_us);
    world.input(Who::Theatre, Input::RemovePath(PathId(0)));
    world.input(Who::Console, Input::RemovePath(PathId(0)));
    for number in 0..20 {
        world.run_until(removed_us + number * 20_000);
        world.message(Who::Console, &number.to_string());
    }
    world.input(Who::Theatre, Input::RemovePath(PathId(1)));
    assert_eq!(states(&world), [State::Removed; 2]);
    let added_us = world.now_us;
    assert_eq!(world.add_path("wan", 8), 2, "ids are not used again while others are left");
    world.run_until(4 * S);
    let released = world.released();
    let whole_before = world.sent_us.iter().filter(|sent_us| **sent_us + 10_000 <= removed_us).count();
    let before = released.iter().filter(|(number, _)| world.sent_us[*number as usize] < removed_us).count();
    let first = released[0].0 as usize;
    assert_eq!(before, whole_before - first, "only what was in flight is missing");
    let resumed = released.iter().map(|(number, _)| world.sent_us[*number as usize]).find(|sent| *sent > added_us);
    assert!(resumed.unwrap() - added_us < 150_000, "an independent frame soon after the path is there");
    let messages: Vec<String> = world.messages(Who::Theatre).into_iter().map(|(_, text)| text).collect();
    assert_eq!(messages, (0..20).map(|number: u32| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_concerns_a_removed_path_is_ignored_and_its_id_is_used_again_only_when_all_are() {
    let mut world = World::new("wan", 3);
    world.run_until(S);
    world.input(Who::Console, Input::RemovePath(PathId(0)));
    let events = world.console.events.len();
    let peer = world.theatre.epoch;
    world.input(Who::Console, Input::PathUp { path: PathId(0), peer, max_datagram_bytes: 1162 });
    world.input(Who::Console, Input::PathDown { path: PathId(0), why: "late".to_owned() });
    world.input(Who::Console, Input::RemovePath(PathId(0)));
    world.input(Who::Console, Input::RemovePath(PathId(200)));
    let news = world.console.events.iter().skip(events);
    assert_eq!(news.filter(|(_, event)| matches!(event, Event::PathChanged { .. })).count(), 0);
    let session = &mut world.console.session;
    let now = world.console.clock_at_0_us;
    for _ in 0..253 {
        let path = session.free_path().unwrap();
        assert!(path.0 >= 2);
        let side = transport::path::Side::Listens;
        session.handle(Input::AddPath { path, side }, protocol::time::MonoTime(now + S));
    }
    assert_eq!(session.free_path(), Some(PathId(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_path_removed_by_either_end_at_any_time_loses_and_delays_nothing(
        seed in 0..1000u64, path in 0..2u8, theatre: bool, at_us in S..2 * S,
    ) {
        let mut world = World::new("wan", seed);
        world.frame_bytes = 5_000;
        world.run_until(at_us);
        world.input(if theatre { Who::Theatre } else { Who::Console }, Input::RemovePath(PathId(path)));
        world.run_until(3 * S);
        prop_assert_eq!(world.lost(), 0);
        prop_assert!(world.released().iter().all(|(_, took_us)| *took_us == 10_000));
    }
}
