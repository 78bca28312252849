//! What the console makes of what it hears, in virtual time.

use super::*;
use crate::picture_state as states;
use crate::scene::tests::{header, layout};
use protocol::frame::Freshness;
use protocol::ladder::Rung;

fn path(condition: Condition) -> Path {
    Path { name: "a".into(), condition, reason: None, rtt: None, loss_pct: None }
}

fn console() -> Console {
    let mut console = Console::new(Trace::default(), Epoch(1), Outbox::nowhere(), MonoTime(0));
    console.layout(layout());
    console
}

#[test]
fn a_console_that_never_reaches_theatre_says_so_after_two_seconds() {
    let console = console();
    assert_eq!(console.verdict(MonoTime(1_900_000)).state, states::State::Waiting);
    assert_eq!(console.verdict(MonoTime(2_000_000)).state, states::State::Lost);
}

#[test]
fn a_new_life_of_theatre_has_another_clock_and_no_picture_is_live_by_the_old_one() {
    let mut console = console();
    console.frames.set_clock(ClockOffset::THEATRE);
    console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
    console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
    assert_eq!(console.verdict(MonoTime(5_060_000)).state, states::State::Live);
    console.peer(true, MonoTime(5_060_000));
    console.layout(layout());
    assert_eq!(console.verdict(MonoTime(5_070_000)).state, states::State::Unknown);
}

#[test]
fn darkness_counts_from_when_the_last_path_went_dark() {
    let mut console = console();
    console.frames.set_clock(ClockOffset::THEATRE);
    console.link(vec![path(Condition::Live)], MonoTime(4_000_000));
    console.link(vec![path(Condition::Dark)], MonoTime(5_000_000));
    console.link(vec![path(Condition::Down)], MonoTime(6_000_000));
    console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(6_900_000));
    assert_ne!(console.verdict(MonoTime(6_999_999)).state, states::State::Lost);
    assert_eq!(console.verdict(MonoTime(7_000_000)).state, states::State::Lost);
    console.link(vec![path(Condition::Live)], MonoTime(7_100_000));
    assert_ne!(console.verdict(MonoTime(7_200_000)).state, states::State::Lost);
}

#[test]
fn a_picture_is_live_when_the_link_lives_its_clock_is_known_and_it_is_young() {
    let mut console = console();
    console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
    console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
    assert_eq!(console.verdict(MonoTime(5_060_000)).state, states::State::Unknown);
    console.frames.set_clock(ClockOffset::THEATRE);
    assert_eq!(console.verdict(MonoTime(5_070_000)).state, states::State::Live);
}

#[test]
fn a_picture_held_while_theatre_sends_stills_or_voice_is_frozen_and_never_live() {
    for rung in [Rung::Stills, Rung::Voice] {
        let mut console = console();
        console.frames.set_clock(ClockOffset::THEATRE);
        console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
        console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
        console.ladder(Position { rung, ..Position::default() }, MonoTime(5_060_000));
        for ms in (5_550..60_000).step_by(450) {
            assert_eq!(console.verdict(MonoTime(ms * 1_000)).state, states::State::Frozen, "at {ms}");
        }
    }
}

#[test]
fn what_a_former_life_of_theatre_gave_up_is_forgotten() {
    let mut console = console();
    console.ladder(Position::default(), MonoTime(1));
    console.peer(false, MonoTime(0));
    assert!(console.position().is_some());
    console.peer(true, MonoTime(0));
    assert_eq!(console.state(MonoTime(2)).position, None);
}

#[test]
fn figures_stand_still_long_enough_to_be_read_but_the_state_does_not() {
    let mut console = console();
    console.frames.set_clock(ClockOffset::THEATRE);
    console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
    console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
    let first = console.state(MonoTime(5_050_000));
    let soon = console.state(MonoTime(5_299_000));
    assert_eq!((soon.age, &soon.latency), (first.age, &first.latency));
    assert_ne!(soon.verdict, first.verdict);
    assert_ne!(console.state(MonoTime(5_300_000)).age, first.age);
}
