//! Programs that die and start again, and peers that come late.

use protocol::ids::Epoch;
use transport::session::Event;

use crate::world::{End, Who, World};

const S: u64 = 1_000_000;

fn peers(end: &End) -> Vec<(Epoch, bool)> {
    let events = end.events.iter();
    let peers = events.filter_map(|(_, event)| match event {
        Event::PeerUp { peer, restarted } => Some((*peer, *restarted)),
        _ => None,
    });
    peers.collect()
}

#[test]
fn a_console_is_introduced_once_however_many_paths_come_up_and_theatre_refreshes_for_it() {
    let mut world = World::new("wan", 1);
    world.run_until(2 * S);
    assert_eq!(peers(&world.theatre), [(Epoch(1000), false)]);
    assert_eq!(peers(&world.console), [(Epoch(1), false)]);
    let refreshes = world.theatre.events.iter().filter(|(_, event)| *event == Event::RefreshWanted).count();
    assert_eq!(refreshes, 1);
    assert!(world.released()[0].1 <= 11_000);
}

#[test]
fn after_theatre_restarts_frames_and_messages_of_its_new_life_arrive() {
    let mut world = World::new("wan", 2);
    world.run_until(2 * S);
    world.message(Who::Theatre, "old");
    world.run_until(3 * S);
    world.restart(Who::Theatre);
    let before = world.console.events.len();
    world.run_until(3 * S + 500_000);
    world.message(Who::Theatre, "new");
    world.message(Who::Console, "mark");
    world.run_until(5 * S);
    assert_eq!(peers(&world.console), [(Epoch(1), false), (Epoch(2), true)]);
    let frames = world.console.events[before..].iter().filter(|(_, event)| matches!(event, Event::Frame(_))).count();
    assert!(frames > 40, "{frames} frames");
    let texts: Vec<String> = world.messages(Who::Console).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["old", "new"]);
    assert_eq!(world.messages(Who::Theatre).len(), 1);
    assert_eq!(world.lost(), 0, "frames of a former life are not counted against the new one");
}

#[test]
fn after_the_console_restarts_theatre_is_told_and_sends_it_an_independent_frame() {
    let mut world = World::new("wan", 3);
    world.run_until(2 * S);
    (0..20).for_each(|number| world.message(Who::Console, &format!("old {number}")));
    world.restart(Who::Console);
    world.run_until(2 * S + 300_000);
    world.message(Who::Console, "new");
    world.run_until(4 * S);
    assert_eq!(peers(&world.theatre), [(Epoch(1000), false), (Epoch(1001), true)]);
    assert!(world.released().len() > 50);
    assert_eq!(world.messages(Who::Theatre).last().unwrap().1, "new");
    let states = world.theatre.session.facts(world.theatre.clock(world.now_us)).paths;
    assert!(states.iter().all(|path| path.state == transport::path::State::Live));
}

#[test]
fn messages_queued_before_anybody_is_there_arrive_when_somebody_is() {
    let mut world = World::new("wan", 4);
    world.message(Who::Theatre, "early");
    world.run_until(S);
    assert_eq!(world.messages(Who::Console).len(), 1);
}
