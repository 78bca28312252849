//! What a mentor sees of vital signs.

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use protocol::frame::Freshness;
use protocol::time::SessionTime;
use protocol::vitals::{Channel, Decimal, Numeric, Piece, Reading};
use vitals::terms;

use super::*;
use crate::app::App;
use crate::app::tests::{SHOWN, after_ms, session, window};
use protocol::time::MonoTime;

type Window = Harness<'static, (App, MonoTime)>;

/// When the values of the tests were measured.
const MEASURED: SessionTime = SessionTime(SHOWN.0);

fn feed(state: FeedState, origin: Origin) -> protocol::vitals::Vitals {
    protocol::vitals::Vitals::Feed(Feed { origin, state, since: MEASURED })
}

fn number(term: protocol::vitals::Term, value: i32, interval_ms: u32) -> Numeric {
    let reading = Reading::Valid(Decimal { mantissa: value, exponent: 0 });
    let channel = Channel { term, instance: 0 };
    Numeric { channel, unit: terms::BEAT_PER_MIN, reading, at: MEASURED, interval_ms: Some(interval_ms) }
}

/// The device tells of an alarm about this term.
fn alarm(term: protocol::vitals::Term, priority: Priority) -> protocol::vitals::Vitals {
    protocol::vitals::Vitals::Alarm(protocol::vitals::Alarm {
        source: Channel { term, instance: 0 },
        event: protocol::vitals::Term(196_652),
        deviation: protocol::vitals::Deviation::High,
        priority,
        state: protocol::vitals::AlarmState::Active,
        inactivation: protocol::vitals::Inactivation::Enabled,
        at: MEASURED,
    })
}

/// A window whose theatre sends a heart rate each 10 s.
fn with_heart_rate() -> Window {
    let (app, _) = session(Freshness::Live);
    {
        let mut console = app.console.lock();
        console.vitals(feed(FeedState::Live, Origin::Monitor));
        console.vitals(protocol::vitals::Vitals::Numerics(vec![number(terms::HEART_RATE, 72, 10_000)]));
    }
    let mut window = window(app);
    window.run();
    window
}

fn at(window: &mut Window, ms: u64) {
    window.state_mut().1 = after_ms(ms);
    window.run();
}

fn picture(window: &Window) -> f32 {
    window.state().0.console.lock().place.view.map_or(0.0, |view| view.rect.width)
}

#[test]
fn without_vital_signs_nothing_is_shown_of_them() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    assert!(window.query_by_label_contains("Vitals").is_none());
}

#[test]
fn a_value_is_shown_with_its_age_then_late_then_not_at_all() {
    let mut window = with_heart_rate();
    window.get_by_label("HR 72 /min, 0 s ago");
    at(&mut window, 9_000);
    window.get_by_label("HR 72 /min, 9 s ago");
    at(&mut window, 15_000);
    window.get_by_label("HR 72 /min, 15 s ago, late");
    at(&mut window, 21_000);
    assert!(window.query_by_label_contains("HR 72").is_none());
}

#[test]
fn the_strip_costs_the_picture_nothing_and_the_panel_opens_from_it_and_closes() {
    let (app, _) = session(Freshness::Live);
    let mut without = window(app);
    without.run();
    let mut window = with_heart_rate();
    assert_eq!(picture(&window), picture(&without));
    window.get_by_label("Not for alarms");
    window.get_by_label("Vitals: show curves").click();
    window.run();
    window.get_by_label(NO_ALARMS);
    assert!(picture(&window) > 0.7 * picture(&without), "{}", picture(&window));
    window.get_by_label("Close").click();
    window.run();
    assert_eq!(picture(&window), picture(&without));
}

#[test]
fn a_curve_and_an_alarm_are_shown_in_the_panel() {
    let mut window = with_heart_rate();
    let piece = Piece {
        channel: Channel { term: terms::ECG_II, instance: 0 },
        unit: terms::MILLIVOLT,
        first: MEASURED,
        rate_mhz: 250_000.try_into().unwrap(),
        scale: Decimal { mantissa: 1, exponent: -3 },
        offset: Decimal { mantissa: 0, exponent: 0 },
        samples: (0..50).collect(),
    };
    {
        let mut console = window.state().0.console.lock();
        console.vitals(alarm(terms::HEART_RATE, Priority::Medium));
        console.vitals(protocol::vitals::Vitals::Wave(piece));
    }
    at(&mut window, 1_000);
    window.get_by_label("HR 72 /min, 1 s ago, alarm !!");
    window.get_by_label("Vitals: show curves").click();
    window.run();
    window.get_by_label("!! HR high, 1 s ago");
    window.get_by_label("II curve");
}

#[test]
fn the_sign_of_an_alarm_is_quiet_once_nothing_was_heard_of_it_for_a_minute_though_its_number_is_current() {
    let mut window = with_heart_rate();
    window.state().0.console.lock().vitals(alarm(terms::HEART_RATE, Priority::High));
    at(&mut window, 60_000);
    let current = Numeric { at: SessionTime(MEASURED.0 + 61_000_000), ..number(terms::HEART_RATE, 72, 10_000) };
    window.state().0.console.lock().vitals(protocol::vitals::Vitals::Numerics(vec![current]));
    at(&mut window, 61_000);
    window.get_by_label("HR 72 /min, 0 s ago, alarm !!! told 61 s ago");
}

/// The strip's numbers and its last row, by their accessible names.
fn rows(window: &Window) -> Vec<String> {
    let names = window.query_all_by_label_contains("").filter_map(|node| {
        let node = node.accesskit_node();
        node.label().or_else(|| node.value())
    });
    names.filter(|name| name.contains(" 50 /min") || name.starts_with('+')).collect()
}

#[test]
fn numbers_that_the_strip_has_no_room_for_are_counted_and_none_with_a_present_alarm_is_among_them() {
    let terms = [
        terms::HEART_RATE,
        terms::OXYGEN,
        terms::PULSE_RATE,
        terms::ARTERIAL,
        terms::CUFF,
        terms::BREATH_RATE,
        terms::TEMPERATURE,
    ];
    let mut window = with_heart_rate();
    let numbers = terms.map(|term| number(term, 50, 10_000)).to_vec();
    window.state().0.console.lock().vitals(protocol::vitals::Vitals::Numerics(numbers));
    window.run();
    let before = rows(&window);
    let shown = before.len() - 1;
    assert!(shown > 0 && before[shown] == format!("+{} more", terms.len() - shown), "{before:?}");
    window.state().0.console.lock().vitals(alarm(terms::TEMPERATURE, Priority::High));
    window.run();
    let after = rows(&window);
    assert_eq!((after.len(), &after[0]), (before.len(), &before[0]), "what has room stays in its order");
    assert!(after[shown - 1].starts_with("Temp 50") && after[shown - 1].ends_with("alarm !!!"), "{after:?}");
}

#[test]
fn another_patient_a_silent_monitor_and_what_is_no_patient_are_told() {
    for (state, origin, told) in [
        (FeedState::PatientChanged, Origin::Monitor, "Stopped: the monitor names another patient"),
        (FeedState::Silent, Origin::Monitor, "Monitor silent for 2 s"),
        (FeedState::Waiting, Origin::Monitor, "Nothing yet from the monitor for 2 s"),
        (FeedState::Live, Origin::Recording, "A recording, no patient"),
        (FeedState::Live, Origin::Generated, "A simulation, no patient"),
    ] {
        let mut window = with_heart_rate();
        window.state().0.console.lock().vitals(feed(state, origin));
        at(&mut window, 2_000);
        window.get_by_label(told);
        let gone = window.query_by_label_contains("HR 72").is_none();
        assert_eq!(gone, state == FeedState::PatientChanged, "{told}");
    }
}

#[test]
fn a_new_life_of_theatre_has_other_vital_signs() {
    let mut window = with_heart_rate();
    window.state().0.console.lock().peer(true, SHOWN);
    window.run();
    assert!(window.query_by_label_contains("Vitals").is_none());
}

#[test]
fn no_more_of_a_curve_is_drawn_than_can_be_seen_and_its_peaks_are() {
    let line: Vec<Point> = (0..10_000)
        .map(|number| Point { across: number as f32 / 10_000.0, value: if number == 5_003 { 9.0 } else { 0.0 } })
        .collect();
    let outline = outline(&line, 200.0);
    assert!(outline.len() <= 400, "{}", outline.len());
    assert!(outline.iter().any(|point| point.value == 9.0));
    assert!(outline.is_sorted_by(|one, next| one.across < next.across));
}
