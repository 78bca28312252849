//! What the encoder is told when lines get thinner and wider, and what the mentor sees of it.

use transport::session::Event;

use crate::world::World;

const S: u64 = 1_000_000;
/// What the encoder sends unless told otherwise: 25,000 bytes 30 times a second.
const NOMINAL_BPS: u64 = 6_000_000;

/// Budgets told, with the time of each.
fn budgets(world: &World) -> Vec<(u64, Option<u64>)> {
    let events = world.theatre.events.iter();
    let told = events.filter_map(|(at_us, event)| match event {
        Event::Budget(bps) => Some((*at_us, *bps)),
        _ => None,
    });
    told.collect()
}

/// The budget at a moment.
fn budget(world: &World, at_us: u64) -> Option<u64> {
    budgets(world).into_iter().take_while(|(told_us, _)| *told_us <= at_us).last().and_then(|(_, bps)| bps)
}

#[test]
fn a_line_squeezed_to_a_quarter_is_followed_within_a_second_and_left_again_within_five() {
    for seed in 1..5 {
        let mut world = World::new("squeeze", seed);
        world.run_until(25 * S);
        let told = budgets(&world);
        assert!(budget(&world, 5 * S - 1).is_none_or(|bps| bps >= NOMINAL_BPS), "seed {seed}: {told:?}");
        assert!(budget(&world, 6 * S).is_some_and(|bps| bps <= 3_000_000), "seed {seed}: {told:?}");
        let back = budget(&world, 20 * S);
        assert!(back.is_none_or(|bps| bps >= NOMINAL_BPS * 95 / 100), "seed {seed}: {back:?} of {told:?}");
        assert_eq!(world.lost(), 0, "seed {seed}");
        // A freeze would be three mean gaps, or the mean and 150 ms.
        let shown_us: Vec<u64> =
            world.released().iter().map(|(number, took)| world.sent_us[*number as usize] + took).collect();
        let gap_us = shown_us.windows(2).skip(30).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(gap_us < 100_000, "seed {seed}: {gap_us} us");
        // The queue of 100 ms fills while nobody knows; two seconds later it is gone.
        let late = |from_us: u64, to_us: u64| {
            let took = world.released().into_iter().filter(|(number, _)| {
                let sent_us = world.sent_us[*number as usize];
                (from_us..to_us).contains(&sent_us)
            });
            took.map(|(_, took_us)| took_us).max().unwrap()
        };
        assert!(late(7 * S, 15 * S) <= 10_000 + 40_000, "seed {seed}: {} us", late(7 * S, 15 * S));
        assert!(late(4 * S, 25 * S) <= 10_000 + 110_000, "seed {seed}: {} us", late(4 * S, 25 * S));
    }
}

#[test]
fn no_line_that_carries_the_picture_is_taken_for_too_thin_however_lossy_and_jittery() {
    for name in ["wan", "lossy", "burst", "lte", "cut", "cutlossy", "leo"] {
        for seed in 1..4 {
            let mut world = World::new(name, seed);
            world.run_until(30 * S);
            let least = budgets(&world).into_iter().filter_map(|(_, bps)| bps).min();
            assert!(least.is_none_or(|bps| bps >= NOMINAL_BPS * 95 / 100), "{name}, seed {seed}: {least:?}");
        }
    }
}

#[test]
fn a_console_whose_machine_stutters_is_not_taken_for_a_thin_line() {
    for (share, window_us) in [(0.3, 25_000), (0.3, 8_000), (0.6, 15_000), (0.1, 60_000)] {
        let mut world = World::new("lossy", 3);
        world.stutter = Some((share, window_us));
        world.run_until(30 * S);
        let least = budgets(&world).into_iter().filter_map(|(_, bps)| bps).min();
        assert!(least.is_none_or(|bps| bps >= NOMINAL_BPS), "{share} of {window_us} us: {least:?}");
        assert_eq!(world.lost(), 0);
        let slow = world.released().into_iter().map(|(_, took_us)| took_us).max().unwrap();
        assert!(slow <= 13_000 + 4 * window_us, "{share} of {window_us} us: {slow} us");
    }
}

#[test]
fn four_thin_lines_together_carry_what_none_could_alone() {
    for seed in 1..4 {
        let mut world = World::new("lte4", seed);
        world.run_until(21 * S);
        let least = budgets(&world).into_iter().filter_map(|(_, bps)| bps).min();
        // Their jitter hides up to a tenth of what they carry for a moment while one of them is dark.
        assert!(least.is_none_or(|bps| bps >= NOMINAL_BPS * 9 / 10), "seed {seed}: {least:?}");
        let offered: usize = world.sent_us.len() * world.frame_bytes;
        assert!(world.offered_bytes * 100 >= offered * 98, "seed {seed}: {} of {offered}", world.offered_bytes);
        assert_eq!(world.lost(), 0, "seed {seed}");
    }
}
