//! Loss on the paths: messages exactly once in order, frames whole or not at all.

use netem::impairment::Impairment;
use netem::link::Link;
use transport::session::Event;

use crate::world::{Who, World};

const S: u64 = 1_000_000;

/// Both directions of both paths lose 5 %.
fn five_percent(seed: u64) -> World {
    let mut world = World::new("wan", seed);
    for (path, links) in world.links.iter_mut().enumerate() {
        let lossy = Impairment { delay_us: 10_000, jitter_us: 3_000, loss: 0.05, ..Impairment::default() };
        links.to_dialler = Link::new(lossy.clone(), seed * 10 + path as u64);
        links.to_listener = Link::new(lossy, seed * 20 + path as u64);
    }
    world
}

#[test]
fn under_five_percent_loss_messages_arrive_exactly_once_in_order_both_ways() {
    for seed in 1..4 {
        let mut world = five_percent(seed);
        world.run_until(S);
        for number in 0..1000 {
            world.run_until(S + number * 8_000);
            world.message(Who::Console, &number.to_string());
            world.message(Who::Theatre, &number.to_string());
        }
        world.run_until(10 * S);
        for who in [Who::Theatre, Who::Console] {
            let texts: Vec<String> = world.messages(who).into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, (0..1000).map(|number| number.to_string()).collect::<Vec<_>>(), "seed {seed} {who:?}");
        }
    }
}

#[test]
fn five_percent_loss_on_each_of_two_paths_costs_no_frame_and_what_arrives_is_what_was_sent() {
    for seed in 1..4 {
        let mut world = five_percent(seed);
        world.run_until(20 * S);
        assert_eq!(world.lost(), 0, "seed {seed}");
        let frames = world.console.events.iter().filter_map(|(_, event)| match event {
            Event::Frame(frame) => Some(frame),
            _ => None,
        });
        let first = world.released()[0].0;
        for (number, frame) in (first..).zip(frames) {
            assert_eq!(frame.number, number, "seed {seed}");
            assert_eq!(frame.bytes[..], vec![number as u8; world.frame_bytes], "seed {seed}");
        }
        // A frame that has to be asked for again takes a round trip of up to 26 ms more, twice at the worst.
        let mut took_us: Vec<u64> = world.released().into_iter().map(|(_, took_us)| took_us).collect();
        took_us.sort_unstable();
        assert!(took_us[took_us.len() * 99 / 100] <= 30_000, "seed {seed}: {} us", took_us[took_us.len() * 99 / 100]);
        assert!(took_us[took_us.len() - 1] <= 120_000, "seed {seed}: {} us", took_us[took_us.len() - 1]);
    }
}

#[test]
fn a_frame_of_which_nothing_arrived_is_asked_for_and_delays_the_picture_by_little_more_than_a_round_trip() {
    let mut world = World::new("wan", 7);
    world.run_until(2 * S);
    // Both paths are silent for the moment in which exactly one frame leaves.
    let frame_us = world.sent_us.last().unwrap() + crate::world::FRAME_INTERVAL_US;
    (0..2).for_each(|path| world.cut(path, frame_us - 500, 1_000));
    world.run_until(4 * S);
    assert_eq!(world.lost(), 0);
    let worst_us = world.released().into_iter().map(|(_, took_us)| took_us).max().unwrap();
    // It is missed when a probe (every 20 ms) and three datagrams have followed it, and one of the next frame's was among them.
    assert!((30_000..80_000).contains(&worst_us), "{worst_us} us");
}

#[test]
fn a_frame_lost_for_good_is_followed_by_a_refresh_and_nothing_that_builds_on_it() {
    let mut world = World::new("wan", 5);
    world.run_until(2 * S);
    // Longer than any answer could help.
    (0..2).for_each(|path| world.cut(path, 2 * S, 400_000));
    world.run_until(4 * S);
    assert!(world.lost() > 0);
    let mut next = None;
    for (_, event) in &world.console.events {
        match event {
            Event::Frame(frame) => {
                assert!(frame.independent || next.is_none_or(|next| next == frame.number));
                next = Some(frame.number + 1);
            }
            Event::FramesLost { numbers, .. } => next = next.filter(|next| numbers.end < *next),
            _ => {}
        }
    }
    let last = world.released().last().unwrap().0;
    assert_eq!(last + 2, world.sent_us.len() as u64, "the picture is back");
}

#[test]
fn measured_loss_is_what_the_path_does_in_each_direction() {
    let mut world = World::new("wan", 8);
    let lossy = Impairment { delay_us: 10_000, loss: 0.1, ..Impairment::default() };
    world.links[1].to_dialler = Link::new(lossy, 9);
    world.run_until(12 * S);
    let theatre = world.theatre.session.facts(world.theatre.clock(world.now_us));
    let console = world.console.session.facts(world.console.clock(world.now_us));
    for (path, expected) in [(0, 0.0), (1, 10.0f32)] {
        let (out, seen) = (theatre.paths[path].loss_out_pct.unwrap(), console.paths[path].loss_in_pct.unwrap());
        assert!((out - expected).abs() < 1.5 && (seen - expected).abs() < 1.5, "path {path}: {out} % and {seen} %");
    }
    assert_eq!(console.paths[1].loss_out_pct, Some(0.0));
    let rtt = console.paths[0].rtt.unwrap();
    assert_eq!((rtt.smoothed.as_micros(), rtt.min.as_micros()), (20_000, 20_000));
}

#[test]
fn a_program_that_cannot_take_a_frame_gets_an_independent_one_next() {
    let mut world = World::new("wan", 9);
    world.run_until(2 * S);
    let last = world.released().last().unwrap().0;
    let at = world.console.events.len();
    world.input(Who::Console, transport::session::Input::FrameNotTaken(last));
    world.run_until(3 * S);
    let next = world.console.events[at..].iter().find_map(|(_, event)| match event {
        Event::Frame(frame) => Some(frame.independent),
        _ => None,
    });
    assert_eq!(next, Some(true));
    let counts = world.console.session.facts(world.console.clock(world.now_us)).frames_in;
    assert_eq!(counts.not_taken, 1);
}
