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
fn a_lost_frame_is_followed_by_a_refresh_and_nothing_that_builds_on_it() {
    for seed in 1..4 {
        let mut world = five_percent(seed);
        world.run_until(20 * S);
        assert!(world.lost() > 0, "seed {seed}: at this loss some shard is lost on both paths");
        let mut next = None;
        for (_, event) in &world.console.events {
            match event {
                Event::Frame(frame) => {
                    assert!(frame.independent || next.is_none_or(|next| next == frame.number), "seed {seed}");
                    assert_eq!(frame.bytes[..], vec![frame.number as u8; world.frame_bytes], "seed {seed}");
                    next = Some(frame.number + 1);
                }
                Event::FramesLost { numbers, .. } => next = next.filter(|next| numbers.end < *next),
                _ => {}
            }
        }
        assert!(world.released().iter().all(|(_, took_us)| *took_us <= 250_000), "seed {seed}");
    }
}

#[test]
fn after_one_lost_frame_the_picture_is_back_within_four_frames() {
    let mut world = World::new("wan", 7);
    world.run_until(2 * S);
    // Both paths are silent for the moment in which exactly one frame leaves.
    let frame_us = world.sent_us.last().unwrap() + crate::world::FRAME_INTERVAL_US;
    (0..2).for_each(|path| world.cut(path, frame_us - 500, 1_000));
    world.run_until(4 * S);
    let gap: Vec<u64> = world.released().iter().map(|(number, _)| *number).collect();
    let missing = gap.windows(2).map(|pair| pair[1] - pair[0] - 1).max().unwrap();
    assert!((1..=3).contains(&missing), "{missing} frames missing");
    assert_eq!(world.lost(), missing);
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
