//! What is shown of vital signs, by the moment.

use protocol::vitals::{Decimal, Deviation, Inactivation, Origin, Piece, Priority};

use super::*;

fn at(seconds: u64) -> SessionTime {
    SessionTime(seconds * 1_000_000)
}

fn channel(term: Term) -> Channel {
    Channel { term, instance: 0 }
}

fn numeric(term: Term, value: &str, seconds: u64) -> Numeric {
    Numeric {
        channel: channel(term),
        unit: terms::MMHG,
        reading: Decimal::parse(value).map_or(Reading::Unavailable, Reading::Valid),
        at: at(seconds),
        interval_ms: Some(10_000),
    }
}

fn panel(numerics: impl IntoIterator<Item = Numeric>) -> Panel {
    let mut panel = Panel::default();
    panel.take(Vitals::Numerics(numerics.into_iter().collect()));
    panel
}

fn texts(panel: &Panel, seconds: u64) -> Vec<(String, String, Standing)> {
    let numbers = panel.numbers(at(seconds)).into_iter();
    numbers.map(|number| (number.label, number.text, number.standing)).collect()
}

fn one(label: &str, text: &str, standing: Standing) -> Vec<(String, String, Standing)> {
    vec![(label.to_owned(), text.to_owned(), standing)]
}

fn alarm(state: AlarmState, priority: Priority, seconds: u64) -> Vitals {
    Vitals::Alarm(Alarm {
        source: channel(terms::OXYGEN),
        event: Term(196_674),
        deviation: Deviation::Low,
        priority,
        state,
        inactivation: Inactivation::Enabled,
        at: at(seconds),
    })
}

#[test]
fn a_value_is_shown_then_grey_then_gone_and_its_age_is_told_all_the_while() {
    let panel = panel([numeric(terms::HEART_RATE, "72", 100)]);
    assert_eq!(texts(&panel, 110), one("HR", "72", Standing::Current));
    assert_eq!(texts(&panel, 111), one("HR", "72", Standing::Late));
    assert_eq!(panel.numbers(at(117))[0].age, Duration::from_secs(17));
    assert_eq!(texts(&panel, 121), []);
}

#[test]
fn what_has_not_been_learned_lasts_by_its_kind() {
    let unlearned = |term| Numeric { interval_ms: None, ..numeric(term, "90", 0) };
    let panel = panel([unlearned(terms::HEART_RATE), unlearned(Term(terms::CUFF.0 + 3))]);
    assert_eq!(texts(&panel, 61)[0].2, Standing::Late);
    assert_eq!(texts(&panel, 299), one("NIBP", "90", Standing::Current));
}

#[test]
fn parts_of_a_blood_pressure_stand_together_and_the_oldest_tells_the_age() {
    let part = |part, value, seconds| numeric(Term(terms::CUFF.0 + part), value, seconds);
    let whole = panel([part(1, "118", 100), part(2, "74", 100), part(3, "89", 95)]);
    assert_eq!(texts(&whole, 101), one("NIBP", "118/74 (89)", Standing::Current));
    assert_eq!(whole.numbers(at(101))[0].age, Duration::from_secs(6));
    assert_eq!(texts(&panel([part(1, "118", 100)]), 101), one("NIBP", "118/-", Standing::Current));
    assert_eq!(texts(&panel([part(3, "9", 100)]), 101), one("NIBP", "9", Standing::Current));
}

#[test]
fn a_value_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    let mut panel = panel([numeric(terms::HEART_RATE, "72", 100)]);
    panel.take(Vitals::Numerics(vec![numeric(terms::HEART_RATE, "120", 90)]));
    assert_eq!(texts(&panel, 101), one("HR", "72", Standing::Current));
}

#[test]
fn a_device_that_has_no_value_is_shown_with_a_dash_and_one_that_doubts_is_told() {
    let mut panel = panel([numeric(terms::OXYGEN, "none", 100)]);
    assert_eq!(texts(&panel, 101), one("SpO2", "-", Standing::Current));
    let doubted = Reading::Questionable(Decimal { mantissa: 88, exponent: 0 });
    panel.take(Vitals::Numerics(vec![Numeric { reading: doubted, ..numeric(terms::OXYGEN, "", 101) }]));
    assert!(panel.numbers(at(101))[0].is_questionable);
}

#[test]
fn another_patient_takes_everything_away() {
    let mut panel = panel([numeric(terms::HEART_RATE, "72", 100)]);
    panel.take(alarm(AlarmState::Active, Priority::High, 100));
    let feed = Feed { origin: Origin::Monitor, state: FeedState::PatientChanged, since: at(101) };
    panel.take(Vitals::Feed(feed));
    assert_eq!((texts(&panel, 101), panel.told(at(101))), (vec![], vec![]));
    assert_eq!(panel.feed(), Some(feed));
}

#[test]
fn an_alarm_is_told_until_its_device_ends_it_and_with_its_age_when_nothing_more_is_heard() {
    let mut panel = panel([numeric(terms::OXYGEN, "84", 100)]);
    panel.take(alarm(AlarmState::Active, Priority::High, 100));
    assert_eq!(panel.numbers(at(101))[0].alarm.as_ref().map(|alarm| alarm.priority), Some(Priority::High));
    let told = panel.told(at(161)).pop().unwrap();
    assert_eq!((told.text.as_str(), told.standing), ("SpO2 low", Standing::Late));
    panel.take(alarm(AlarmState::Inactive, Priority::High, 162));
    assert_eq!((panel.told(at(163)), &panel.numbers(at(110))[0].alarm), (vec![], &None));
}

#[test]
fn an_alarm_ends_though_its_devices_clock_was_set_back_meanwhile() {
    let mut panel = panel([numeric(terms::OXYGEN, "84", 4_000)]);
    panel.take(alarm(AlarmState::Active, Priority::High, 4_000));
    panel.take(alarm(AlarmState::Inactive, Priority::High, 420));
    assert_eq!(panel.told(at(4_020)), []);
    assert_eq!(panel.numbers(at(4_010))[0].alarm, None);
}

#[test]
fn a_present_alarm_stands_before_a_more_urgent_one_that_nothing_was_heard_of_for_a_minute() {
    let mut panel = panel([numeric(terms::OXYGEN, "84", 165)]);
    panel.take(alarm(AlarmState::Active, Priority::High, 100));
    let Vitals::Alarm(other) = alarm(AlarmState::Active, Priority::Medium, 165) else { panic!("an alarm") };
    let other = Alarm { event: Term(196_670), ..other };
    panel.take(Vitals::Alarm(other));
    let told = panel.told(at(170));
    let standings: Vec<_> = told.iter().map(|alarm| (alarm.priority, alarm.standing)).collect();
    assert_eq!(standings, [(Priority::Medium, Standing::Current), (Priority::High, Standing::Late)]);
    assert_eq!(panel.numbers(at(170))[0].alarm.as_ref(), told.first(), "so does the sign beside its number");
    panel.take(Vitals::Alarm(Alarm { state: AlarmState::Inactive, ..other }));
    assert_eq!(panel.numbers(at(170))[0].alarm.as_ref(), told.last());
}

fn piece(seconds: u64) -> Piece {
    let (scale, offset) = (Decimal { mantissa: 1, exponent: 0 }, Decimal { mantissa: 0, exponent: 0 });
    let rate_mhz = 250_000.try_into().unwrap();
    let (channel, unit, samples) = (channel(terms::ECG_II), terms::MILLIVOLT, vec![0; 50]);
    Piece { channel, unit, first: at(seconds), rate_mhz, scale, offset, samples }
}

#[test]
fn a_curve_without_samples_for_ten_seconds_is_gone() {
    let mut panel = Panel::default();
    panel.take(Vitals::Wave(piece(100)));
    let shown = |seconds| panel.curves(at(seconds), Duration::from_secs(4)).len();
    assert_eq!([shown(101), shown(110), shown(111)], [1, 1, 0]);
}

#[test]
fn a_device_that_invents_channels_costs_bounded_memory() {
    let mut panel = Panel::default();
    for instance in 0..=u8::MAX {
        let channel = Channel { term: terms::OXYGEN, instance };
        panel.take(Vitals::Numerics(vec![Numeric { channel, ..numeric(terms::OXYGEN, "9", 0) }]));
        let Vitals::Alarm(alarm) = alarm(AlarmState::Active, Priority::Low, 0) else { panic!("an alarm") };
        panel.take(Vitals::Alarm(Alarm { source: channel, ..alarm }));
    }
    assert_eq!((panel.numerics().count(), panel.alarms().count()), (MAX_NUMERICS, MAX_ALARMS));
}

#[test]
fn values_that_live_are_shown_among_channels_that_a_device_invents_and_new_ones_take_the_place_of_those() {
    let mut panel = panel([numeric(terms::HEART_RATE, "72", 0)]);
    let invented = |instance, seconds| Numeric {
        channel: Channel { term: terms::OXYGEN, instance },
        ..numeric(terms::OXYGEN, "9", seconds)
    };
    for second in 1..=u8::MAX {
        let mut numerics: Vec<_> =
            (0..=u8::MAX).map(|more| invented(more.wrapping_add(second), second.into())).collect();
        numerics.push(numeric(terms::HEART_RATE, "72", second.into()));
        panel.take(Vitals::Numerics(numerics));
        assert_eq!(texts(&panel, second.into())[0].0, "HR", "second {second}");
        assert_eq!(panel.numerics().count(), MAX_NUMERICS);
    }
    panel.take(Vitals::Numerics(vec![numeric(terms::PULSE_RATE, "71", 256)]));
    assert!(texts(&panel, 256).iter().any(|(label, ..)| label == "PR"), "{:?}", texts(&panel, 256));
}

#[test]
fn a_number_that_is_gone_makes_room_before_an_older_one_that_is_not() {
    let cuff = Numeric { interval_ms: Some(450_000), ..numeric(Term(terms::CUFF.0 + 3), "90", 0) };
    let mut panel = panel([cuff]);
    let oxygen = |instance, seconds| Numeric {
        channel: Channel { term: terms::OXYGEN, instance },
        ..numeric(terms::OXYGEN, "9", seconds)
    };
    panel.take(Vitals::Numerics((1..64).map(|instance| oxygen(instance, 100)).collect()));
    panel.take(Vitals::Numerics(vec![oxygen(64, 99)]));
    assert!(panel.numerics().all(|held| held.channel.term == terms::OXYGEN), "the oldest, where none is gone");
    panel.take(Vitals::Numerics(vec![Numeric { at: at(101), ..cuff }]));
    (130..140).for_each(|second| panel.take(Vitals::Numerics(vec![numeric(terms::HEART_RATE, "72", second)])));
    panel.take(Vitals::Numerics(vec![oxygen(70, 140), oxygen(71, 60)]));
    let shown = texts(&panel, 140).into_iter().map(|(label, ..)| label).collect::<Vec<_>>();
    assert_eq!(shown, ["HR", "SpO2 71", "NIBP"], "what is older than all that is held is left out");
}

#[test]
fn an_alarm_takes_the_place_of_the_one_that_was_told_longest_ago() {
    let mut panel = Panel::default();
    let invented = |instance, seconds| {
        let Vitals::Alarm(alarm) = alarm(AlarmState::Active, Priority::Low, seconds) else { panic!("an alarm") };
        Vitals::Alarm(Alarm { source: Channel { term: terms::OXYGEN, instance }, ..alarm })
    };
    (1..=100).for_each(|instance| panel.take(invented(instance, instance.into())));
    panel.take(alarm(AlarmState::Active, Priority::High, 101));
    panel.take(invented(101, 1));
    assert_eq!((panel.told(at(101))[0].priority, panel.alarms().count()), (Priority::High, MAX_ALARMS));
    assert!(panel.alarms().all(|alarm| alarm.at > at(69)));
}

#[test]
fn a_new_curve_takes_the_place_of_one_that_is_gone_and_of_none_that_still_comes() {
    let mut panel = Panel::default();
    let mut piece = |instance, seconds| {
        panel.take(Vitals::Wave(Piece { channel: Channel { term: terms::ECG_II, instance }, ..piece(seconds) }));
        panel.curves(at(seconds), Duration::from_secs(4)).into_iter().map(|curve| curve.label).collect::<Vec<_>>()
    };
    (0..100).for_each(|instance| drop(piece(instance, 100)));
    piece(0, 105);
    assert_eq!(piece(100, 105).len(), MAX_TRACES);
    assert_eq!(piece(100, 111), ["II", "II 101"]);
}
