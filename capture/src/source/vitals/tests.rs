use super::*;
use protocol::time::MonoTime;
use protocol::vitals::{
    Alarm, AlarmState, Channel, Decimal, Deviation, Inactivation, Numeric, Piece, Reading, Term, Vitals,
};
use vitals::terms;

const WIDTH: usize = SIZE.width as usize;

/// The luma of the picture of `hub` at `now`.
fn luma(hub: &Hub, now: MonoTime) -> Vec<u8> {
    let pixels = WIDTH * SIZE.height as usize;
    let (mut luma, mut cb, mut cr) = (vec![0; pixels], vec![0; pixels / 4], vec![0; pixels / 4]);
    let strides = [WIDTH, WIDTH / 2, WIDTH / 2];
    let frame = Frame::new([&mut luma, &mut cb, &mut cr], strides, WIDTH, SIZE.height.into()).unwrap();
    Screen { frame }.draw(&hub.shown(now, SPAN));
    luma
}

/// How many pixels of a part are bright.
fn bright(luma: &[u8], columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> usize {
    rows.flat_map(|y| columns.clone().map(move |x| y * WIDTH + x)).filter(|place| luma[*place] > 90).count()
}

fn hub() -> Hub {
    Hub::new(Origin::Monitor, [], MonoTime(0))
}

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1_000)
}

fn heart_rate(ms: u64) -> Vec<Vitals> {
    let (channel, unit) = (Channel { term: terms::HEART_RATE, instance: 0 }, terms::BEAT_PER_MIN);
    let reading = Reading::Valid(Decimal { mantissa: 72, exponent: 0 });
    let at = at(ms).as_session_in_theatre();
    vec![Vitals::Numerics(vec![Numeric { channel, unit, reading, at, interval_ms: None }])]
}

#[test]
fn a_number_is_drawn_until_it_is_gone() {
    let hub = hub();
    let row = (456..632, 60..100);
    let there = |now| bright(&luma(&hub, now), row.0.clone(), row.1.clone());
    assert_eq!(there(at(0)), 0);
    hub.hear(heart_rate(1_000), at(1_000));
    assert!(there(at(1_100)) > 200);
    assert_ne!(luma(&hub, at(1_100)), luma(&hub, at(3_100)), "its age is told");
    assert!(there(at(70_000)) > 100, "grey");
    assert_eq!(there(at(130_000)), 0, "gone");
}

#[test]
fn a_doubt_about_a_value_stays_beside_it_as_long_as_it_is_drawn() {
    let (sure, doubted) = (hub(), hub());
    sure.hear(heart_rate(1_000), at(1_000));
    let mut values = heart_rate(1_000);
    let Some(Vitals::Numerics(numerics)) = values.first_mut() else { unreachable!() };
    numerics[0].reading = Reading::Questionable(Decimal { mantissa: 72, exponent: 0 });
    doubted.hear(values, at(1_000));
    for (now, standing) in [(at(1_100), "current"), (at(70_000), "late")] {
        assert_ne!(luma(&sure, now), luma(&doubted, now), "{standing}");
    }
}

/// A device tells of an alarm about the heart rate.
fn alarm(event: u32, priority: Priority, ms: u64) -> Vec<Vitals> {
    vec![Vitals::Alarm(Alarm {
        source: Channel { term: terms::HEART_RATE, instance: 0 },
        event: Term(event),
        deviation: Deviation::Low,
        priority,
        state: AlarmState::Active,
        inactivation: Inactivation::Enabled,
        at: at(ms).as_session_in_theatre(),
    })]
}

#[test]
fn the_sign_of_an_alarm_is_grey_once_nothing_was_heard_of_it_for_a_minute_and_hides_none_of_the_present() {
    let (dead, both) = (hub(), hub());
    for hub in [&dead, &both] {
        hub.hear(alarm(1, Priority::High, 1_000), at(1_000));
        hub.hear(heart_rate(60_000), at(60_000));
    }
    both.hear(alarm(2, Priority::Medium, 60_000), at(60_000));
    // The alarm in the heading, and the sign beside the number's name.
    for (columns, rows) in [(480..632, 0..38), (470..530, 40..56)] {
        let part = |hub: &Hub, ms: u64| {
            let luma = luma(hub, at(ms));
            rows.clone().flat_map(|row: usize| luma[row * WIDTH..][columns.clone()].to_vec()).collect::<Vec<_>>()
        };
        assert!(part(&dead, 60_900) != part(&dead, 61_100), "grey: {columns:?}");
        let present = hub();
        present.hear(heart_rate(60_000), at(60_000));
        present.hear(alarm(2, Priority::Medium, 60_000), at(60_000));
        assert!(part(&both, 61_100) == part(&present, 61_100), "hidden: {columns:?}");
    }
}

#[test]
fn values_for_which_there_is_no_room_are_counted() {
    let hub = hub();
    let told = || bright(&luma(&hub, at(1_100)), 560..632, 450..470);
    let of = |instances: std::ops::Range<u8>| {
        for instance in instances {
            let mut values = heart_rate(1_000);
            let Some(Vitals::Numerics(numerics)) = values.first_mut() else { unreachable!() };
            numerics[0].channel.instance = instance;
            hub.hear(values, at(1_000));
        }
    };
    of(0..ROWS as u8);
    assert_eq!(told(), 0);
    of(ROWS as u8..ROWS as u8 + 2);
    assert!(told() > 30);
}

#[test]
fn a_lost_piece_leaves_its_columns_dark() {
    let hub = hub();
    let channel = Channel { term: terms::ECG_II, instance: 0 };
    for ms in (0..3_000_u64).step_by(200).filter(|ms| !(1_000..2_000).contains(ms)) {
        let (scale, offset) = (Decimal { mantissa: 1, exponent: 0 }, Decimal { mantissa: 0, exponent: 0 });
        let samples = (0..50).map(|number| if number % 2 == 0 { 100 } else { -100 }).collect();
        let first = at(ms).as_session_in_theatre();
        let rate_mhz = 250_000.try_into().unwrap();
        let piece = Piece { channel, unit: terms::MILLIVOLT, first, rate_mhz, scale, offset, samples };
        hub.hear(vec![Vitals::Wave(piece)], at(ms));
    }
    let luma = luma(&hub, at(3_000));
    let column = |ms: u64| SWEEP.0 as usize + (ms as usize * 428) / 6_000;
    let lane = 60..140;
    for (from, to, drawn) in [(100, 900, true), (1_050, 1_950, false), (2_100, 2_900, true), (3_100, 5_900, false)] {
        let count = bright(&luma, column(from)..column(to), lane.clone());
        assert_eq!(count > 0, drawn, "{from} to {to} ms: {count}");
    }
}

#[test]
fn the_picture_says_that_it_is_no_alarm_system_and_who_has_to_confirm() {
    let hub = hub();
    assert!(bright(&luma(&hub, at(0)), 0..640, 450..470) > 200);
    let [one, other] = [b"1", b"2"].map(|id| hub.identity(&[id]));
    let before = luma(&hub, at(0));
    hub.named(one, at(1));
    hub.named(other, at(2));
    assert_ne!(luma(&hub, at(3))[..WIDTH * 40], before[..WIDTH * 40]);
}
