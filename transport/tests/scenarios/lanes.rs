//! Lanes over one link: words and marks before pictures, pictures before large things.

use transport::session::{Event, Input};

use crate::world::{Who, World};

const S: u64 = 1_000_000;
/// A piece of speech is said this often.
const WORD_US: u64 = 10_000;
/// 32 kbit/s of speech.
const WORD_BYTES: usize = 40;
const STILL_BYTES: usize = 2_000_000;

/// Lets both ends speak up to `until_us`; gives when theatre said each piece.
fn speak(world: &mut World, said_us: &mut Vec<u64>, until_us: u64) {
    while world.now_us < until_us {
        said_us.push(world.now_us);
        world.voice(Who::Theatre, &[7; WORD_BYTES]);
        world.voice(Who::Console, &[9; WORD_BYTES]);
        world.run_until(world.now_us + WORD_US);
    }
}

/// Of each piece the console heard, when it was said and how long it took.
fn heard(world: &World, said_us: &[u64]) -> Vec<(u64, u64)> {
    let events = world.console.events.iter();
    let voice = events.filter_map(|(at_us, event)| match event {
        Event::Voice { number, .. } => Some((said_us[*number as usize], at_us - said_us[*number as usize])),
        _ => None,
    });
    voice.collect()
}

fn stills(world: &World) -> Vec<(u64, usize)> {
    let events = world.console.events.iter();
    let bulk = events.filter_map(|(at_us, event)| match event {
        Event::Bulk(bytes) => Some((*at_us, bytes.len())),
        _ => None,
    });
    bulk.collect()
}

fn slowest(world: &World) -> u64 {
    world.released().into_iter().map(|(_, took_us)| took_us).max().unwrap()
}

#[test]
fn speech_comes_at_once_both_ways_and_a_cut_takes_none_of_it() {
    for name in ["wan", "cut"] {
        let (mut world, mut said_us) = (World::new(name, 4), Vec::new());
        world.run_until(S);
        speak(&mut world, &mut said_us, 12 * S);
        world.run_until(13 * S);
        let heard = heard(&world, &said_us);
        assert_eq!(heard.len(), said_us.len(), "{name}");
        let late = heard.iter().map(|(_, took_us)| *took_us).max().unwrap();
        assert!(late <= 18_000, "{name}: {late} us");
        let back = world.theatre.session.facts(world.theatre.clock(world.now_us)).voice_in;
        assert_eq!((back.received, back.missing), (said_us.len() as u64, 0), "{name}");
    }
}

#[test]
fn speech_and_marks_outlive_a_squeeze_that_pictures_give_way_to() {
    let (mut world, mut said_us) = (World::new("squeeze", 4), Vec::new());
    world.run_until(S);
    speak(&mut world, &mut said_us, 7 * S);
    let drawn_us = world.now_us;
    world.message(Who::Console, "a mark");
    world.message(Who::Theatre, "a receipt");
    speak(&mut world, &mut said_us, 14 * S);
    let heard = heard(&world, &said_us);
    assert!(heard.len() + 3 >= said_us.len(), "{} of {}", heard.len(), said_us.len());
    // The line's queue of 100 ms is full for a moment; two seconds later nothing waits in it.
    let later = heard.iter().filter(|(said_us, _)| *said_us > 7 * S).map(|(_, took_us)| *took_us).max().unwrap();
    assert!(later <= 40_000, "{later} us");
    for who in [Who::Theatre, Who::Console] {
        let (at_us, _) = world.messages(who)[0];
        assert!(at_us - drawn_us <= 60_000, "{who:?}: {} us", at_us - drawn_us);
    }
}

#[test]
fn a_still_of_two_megabytes_comes_whole_and_delays_no_picture() {
    for name in ["wan", "lossy", "cut", "lte4"] {
        let run = |with_still: bool| {
            let mut world = World::new(name, 4);
            world.run_until(2 * S);
            if with_still {
                world.bulk(Who::Theatre, vec![5; STILL_BYTES]);
            }
            world.run_until(40 * S);
            world
        };
        let (alone, beside) = (run(false), run(true));
        let stills = stills(&beside);
        assert_eq!(stills.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), [STILL_BYTES], "{name}");
        assert!(beside.theatre.events.iter().any(|(_, event)| *event == Event::BulkSent), "{name}");
        // A tenth of six to ten megabits a second, as long as nobody looks at it.
        let took_us = stills[0].0 - 2 * S;
        assert!((12 * S..35 * S).contains(&took_us), "{name}: {took_us} us");
        assert_eq!(beside.lost(), alone.lost(), "{name}");
        let (slow, slower) = (slowest(&alone), slowest(&beside));
        assert!(slower <= slow + 20_000, "{name}: {slower} us for {slow} us");
    }
}

#[test]
fn a_still_that_is_looked_at_gets_half_of_a_thin_line_and_gives_it_back() {
    let mut world = World::new("squeeze", 4);
    world.run_until(8 * S);
    let before = world.budget_bps.unwrap();
    world.input(Who::Theatre, Input::RaiseBulk(true));
    world.bulk(Who::Theatre, vec![5; 500_000]);
    world.run_until(9 * S);
    let during = world.budget_bps.unwrap();
    assert!(during * 100 <= before * 65, "{during} of {before}");
    world.run_until(15 * S - 1);
    let stills = stills(&world);
    assert_eq!(stills.len(), 1);
    // Half of about 2.5 Mbit/s.
    assert!((2 * S..5 * S).contains(&(stills[0].0 - 8 * S)), "{} us", stills[0].0 - 8 * S);
    let after = world.budget_bps.unwrap();
    assert!(after * 100 >= before * 90, "{after} of {before}");
    assert_eq!(world.lost(), 0);
}

#[test]
fn a_still_cut_off_by_the_darkness_of_all_lines_comes_whole_when_they_are_back() {
    let mut world = World::new("wan", 4);
    world.run_until(2 * S);
    world.input(Who::Theatre, Input::RaiseBulk(true));
    world.bulk(Who::Theatre, vec![5; STILL_BYTES]);
    (0..2).for_each(|path| world.cut(path, 3 * S, 2 * S));
    world.run_until(20 * S);
    assert_eq!(stills(&world).iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), [STILL_BYTES]);
}

#[test]
fn of_a_still_that_is_withdrawn_on_its_way_no_byte_leaves_any_more_and_the_next_comes_whole() {
    for name in ["wan", "lossy", "cut", "lte4"] {
        let mut world = World::new(name, 4);
        world.run_until(2 * S);
        world.input(Who::Theatre, Input::RaiseBulk(true));
        // No frame is made of these.
        (0..2).for_each(|_| world.bulk(Who::Theatre, b"still".repeat(STILL_BYTES / 5)));
        world.run_until(3 * S);
        assert!(world.console.session.facts(world.console.clock(world.now_us)).bulk_progress.is_some(), "{name}");
        world.tape = Some(Vec::new());
        world.input(Who::Theatre, Input::Withdraw { frames: 0, bulk: 1 });
        let settled = world.theatre.events.iter().filter(|(at_us, event)| (*at_us, event) == (3 * S, &Event::BulkSent));
        assert_eq!(settled.count(), 3, "{name}: two here, and one that never came here");
        world.run_until(6 * S);
        let facts = world.console.session.facts(world.console.clock(world.now_us));
        assert_eq!((stills(&world).len(), facts.bulk_progress), (0, None), "{name}: nothing is waited for");
        world.bulk(Who::Theatre, vec![6; 50_000]);
        world.run_until(10 * S);
        assert_eq!(stills(&world).iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), [50_000], "{name}");
        let tape = world.tape.take().unwrap();
        let leaked = tape.iter().filter(|(_, _, bytes)| bytes.windows(5).any(|part| part == b"still")).count();
        assert!(leaked == 0 && tape.len() > 1000, "{name}: {leaked} of {}", tape.len());
    }
}

#[test]
fn what_was_on_its_way_to_a_console_that_died_is_over_and_its_next_life_gets_what_is_sent_to_it() {
    let mut world = World::new("wan", 4);
    world.run_until(2 * S);
    world.bulk(Who::Theatre, vec![5; STILL_BYTES]);
    world.run_until(3 * S);
    world.restart(Who::Console);
    world.run_until(5 * S);
    world.bulk(Who::Theatre, vec![6; 50_000]);
    world.run_until(7 * S);
    assert_eq!(stills(&world).iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>(), [50_000]);
}
