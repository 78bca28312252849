//! The whole window, found by what a screen reader would say, in time that the test moves.

use super::*;
use crate::outbox::Outbox;
use crate::scene::tests::{header, layout};
use crate::state::{Condition, Path};
use crate::still::tests::still;
use eframe::egui::Key;
use eframe::egui::pos2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use program::trace::Trace;
use protocol::arrangement::{Answer, Arrangement, Grant, Offered, Preset, Wish};
use protocol::frame::Freshness;
use protocol::ids::{Epoch, LayoutEpoch, MarkId, SourceId};
use protocol::ladder::{Cause, Position, Rung};
use protocol::layout::Layout;
use protocol::mark::{Fate, Operation, Receipt};
use protocol::still::Refusal;
use protocol::time::{ClockOffset, SessionTime};
use std::sync::Mutex;

/// When the picture of [`session`] came onto the screen; it was captured 50 ms before.
pub(crate) const SHOWN: MonoTime = MonoTime(5_050_000);

/// What was sent to theatre.
pub(crate) type Sent = Arc<Mutex<Vec<Message>>>;

/// A moment in time.
pub(crate) fn after_ms(ms: u64) -> MonoTime {
    MonoTime(SHOWN.0 + ms * 1_000)
}

/// A window on a session over one live path, showing a picture, and what it sends.
pub(crate) fn session(room: Freshness) -> (App, Sent) {
    let sent = Sent::default();
    let into = Arc::clone(&sent);
    let outbox = Outbox::new(Box::new(move |bytes| {
        into.lock().unwrap().push(Message::from_bytes(&bytes).unwrap());
        true
    }));
    let mut console = Console::new(Trace::default(), Epoch(9), outbox, SHOWN);
    let path = Path { name: "a".into(), condition: Condition::Live, reason: None, rtt: None, loss_pct: None };
    console.frames.set_clock(ClockOffset::THEATRE);
    console.link(vec![path], SHOWN);
    console.layout(layout());
    console.picture(&Arc::new(header(Freshness::Live, room)), Kind::Video, SHOWN);
    let app = App::new(Shared::new(console), Arc::default(), Waker::default(), true);
    (app, sent)
}

/// The window at a moment that the test moves.
pub(crate) fn window(app: App) -> Harness<'static, (App, MonoTime)> {
    Harness::builder().with_size(vec2(1280.0, 720.0)).build_ui_state(|ui, (app, now)| app.ui(ui, *now), (app, SHOWN))
}

#[test]
fn a_stale_picture_is_named_with_its_age_over_the_picture_and_the_age_counts_on() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    assert!(window.query_by_label_contains("this picture is").is_none(), "it is live");
    for (ms, banner) in [
        (300, "LATE: this picture is 350 ms old"),
        (700, "FROZEN: this picture is 750 ms old"),
        (4_150, "FROZEN: this picture is 4.2 s old"),
    ] {
        window.state_mut().1 = after_ms(ms);
        window.run();
        window.get_by_label(banner);
    }
}

#[test]
fn a_primary_that_gives_no_news_is_never_called_live_and_what_it_shows_is_as_old_as_its_news() {
    let since = SessionTime(2_050_000);
    for (primary, banner) in [
        (Freshness::Repeating { since }, "SOURCE REPEATS: this picture is 3.0 s old"),
        (Freshness::Held { since }, "IMAGE HELD: this picture is 3.0 s old"),
        (Freshness::Black { since }, "SOURCE BLACK: nothing is to be seen on it"),
        (Freshness::Ended, "SOURCE LOST: this picture is 50 ms old"),
    ] {
        let (app, _) = session(Freshness::Live);
        app.console.lock().picture(&Arc::new(header(primary, Freshness::Live)), Kind::Video, SHOWN);
        let mut window = window(app);
        window.run();
        window.get_by_label(banner);
        assert!(window.query_by_label("LIVE").is_none());
    }
}

#[test]
fn a_layout_is_asked_of_theatre_from_the_toolbar_and_a_refusal_is_told() {
    let (app, sent) = session(Freshness::Live);
    let offered = Offered { source: SourceId(1), name: "room".into() };
    let shown = Wish { preset: Preset::Insets, main: SourceId(0) };
    app.console.lock().arrangement(Arrangement { shown, grant: Grant::Both, sources: vec![offered] });
    let mut window = window(app);
    window.run();
    for button in ["Choose the layout", "Main: room"] {
        window.get_by_label(button).click();
        window.run();
    }
    let wish = Wish { main: SourceId(1), ..shown };
    assert_eq!(*sent.lock().unwrap(), [Message::LayoutWish(wish)]);
    window.state().0.console.lock().layout_answer(Answer::NotMain, SHOWN);
    window.run();
    window.get_by_label("No change: the main source is theatre's to choose");
}

#[test]
fn behind_the_curtain_nothing_but_theatres_word_is_shown_and_the_pen_says_why_it_does_not_draw() {
    let (app, sent) = session(Freshness::Live);
    app.console.lock().layout(Layout { epoch: LayoutEpoch(2), tiles: Vec::new(), ..layout() });
    let mut window = window(app);
    window.state_mut().1 = after_ms(700);
    window.run();
    window.get_by_label("Curtain: theatre has closed the picture");
    window.get_by_label("CURTAIN");
    assert!(window.query_by_label_contains("FROZEN").is_none(), "it is not a fault");
    assert!(window.query_by_label("room").is_none(), "no source is named over nothing");
    let (app, now) = window.state_mut();
    app.hand.moved((500.0, 300.0), *now);
    app.hand.pressed(*now);
    assert!(sent.lock().unwrap().is_empty());
    window.run();
    window.get_by_label("No drawing: theatre has closed the curtain");
}

#[test]
fn a_picture_held_because_theatre_sends_no_video_says_why_and_whom_to_call() {
    let (app, _) = session(Freshness::Live);
    let position = Position {
        rung: Rung::Voice,
        cause: Some(Cause::Lines),
        budget_bps: Some(80_000),
        spreading: None,
        phone: Some("+49 30 12".into()),
    };
    app.console.lock().ladder(position, SHOWN);
    let mut window = window(app);
    window.state_mut().1 = after_ms(4_150);
    window.run();
    for label in [
        "FROZEN: this picture is 4.2 s old",
        "Video and stills stopped: lines carry 80 kbit/s",
        "Call theatre: +49 30 12",
    ] {
        window.get_by_label(label);
    }
}

#[test]
fn without_a_link_the_reason_is_told_for_each_path() {
    let (app, _) = session(Freshness::Live);
    let reason = Some("the peer's certificate is not the one expected".into());
    let down = Path { name: "a".into(), condition: Condition::Down, reason, rtt: None, loss_pct: None };
    app.console.lock().link(vec![down], SHOWN);
    let mut window = window(app);
    window.state_mut().1 = after_ms(2_100);
    window.run();
    window.get_by_label("Path a: the peer's certificate is not the one expected");
}

#[test]
fn every_source_is_named_and_one_without_signal_says_since_when() {
    let (app, _) = session(Freshness::Lost);
    let mut window = window(app);
    window.run();
    for label in ["endoscope", "room", "NO SIGNAL for 50 ms"] {
        window.get_by_label(label);
    }
}

#[test]
fn a_still_is_asked_for_told_as_it_comes_and_shown_in_place_of_live_with_its_age_until_escape() {
    let (app, sent) = session(Freshness::Live);
    let console = app.console.clone();
    let mut window = window(app);
    window.run();
    window.get_by_label("Still of the picture under the pointer, else of the primary (S)").click();
    window.run();
    assert_eq!(sent.lock().unwrap().last(), Some(&Message::StillWish(SourceId(0))));
    window.get_by_label("Still of endoscope: asked for");
    console.lock().stills.progress(Some((1_200_000, 3_400_000)));
    window.run();
    window.get_by_label("Still of endoscope: 1.2 of 3.4 MB");
    console.lock().stills.arrived(still());
    window.run();
    window.get_by_label("STILL: this picture is 1.1 s old");
    window.get_by_label("endoscope, 64 x 36, lossless");
    assert!(window.query_by_label("LIVE").is_none());
    window.state_mut().1 = after_ms(9_000);
    window.run();
    window.get_by_label("STILL: this picture is 10 s old");
    window.key_press(Key::Escape);
    window.run();
    window.get_by_label_contains("FROZEN: this picture is");
}

#[test]
fn a_still_that_theatre_refuses_is_told_with_the_reason() {
    let (app, _) = session(Freshness::Live);
    let console = app.console.clone();
    let mut window = window(app);
    window.run();
    window.key_press(Key::S);
    window.run();
    console.lock().stills.refused(SourceId(0), Refusal::Curtain, SHOWN);
    window.run();
    window.get_by_label("No still: theatre's curtain is closed");
}

#[test]
fn a_mark_on_a_still_names_its_frame_and_its_source() {
    let (app, sent) = session(Freshness::Live);
    app.console.lock().stills.arrived(still());
    let mut window = window(app);
    window.run();
    let mut app = window.into_state().0;
    app.hand.moved((500.0, 300.0), SHOWN);
    app.hand.pressed(after_ms(8_000));
    let begun = sent.lock().unwrap().iter().find_map(|message| match message {
        Message::Mark(Operation::Begin { source, frame, .. }) => Some((*source, *frame)),
        _ => None,
    });
    assert_eq!(begun, Some((SourceId(0), still().header.frame)));
}

#[test]
fn a_still_that_comes_while_a_stroke_is_drawn_waits_for_its_end() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    window.state_mut().0.hand.moved((500.0, 300.0), SHOWN);
    window.state_mut().0.hand.pressed(SHOWN);
    window.state().0.console.lock().stills.arrived(still());
    window.run();
    assert!(window.query_by_label_contains("STILL").is_none());
    window.state_mut().0.hand.released(SHOWN);
    window.run();
    window.get_by_label_contains("STILL: this picture is");
}

#[test]
fn the_canvas_as_a_still_is_told_as_one_and_never_as_live_or_frozen() {
    let (app, _) = session(Freshness::Live);
    app.console.lock().picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Still, SHOWN);
    let mut window = window(app);
    for (ms, banner) in [(0, "STILL: this picture is 50 ms old"), (4_150, "STILL: this picture is 4.2 s old")] {
        window.state_mut().1 = after_ms(ms);
        window.run();
        window.get_by_label(banner);
    }
}

#[test]
fn a_room_camera_that_theatre_grants_has_a_pad_that_is_kept_from_the_pen() {
    let (app, sent) = session(Freshness::Live);
    let covers = 1;
    let mut window = window(app);
    window.run();
    assert!(window.query_by_label("Bring the room camera home").is_none());
    let offer = camera::Offer { source: SourceId(1), health: camera::Health::Ready };
    window.state().0.console.lock().cameras.set_offers(vec![offer]);
    window.run();
    assert_eq!(window.state().0.console.lock().place.covers.len(), covers + 1);
    window.get_by_label("Bring the room camera home").click();
    window.run();
    let home = camera::Command { source: SourceId(1), action: camera::Action::Home };
    assert_eq!(sent.lock().unwrap().last(), Some(&Message::Camera(home)));
}

#[test]
fn marks_under_which_the_picture_moved_are_told_over_the_picture() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    let hand = &mut window.state_mut().0.hand;
    hand.moved((500.0, 300.0), SHOWN);
    hand.pressed(SHOWN);
    hand.released(SHOWN);
    let console = window.state().0.console.clone();
    let receipt = |fate, at| Receipt {
        id: MarkId { author: Epoch(9), number: 0 },
        fate,
        points: 1,
        at: SessionTime(at),
        first_on: None,
    };
    for (fate, at, told) in [
        (Fate::Moved, 5, "Picture moved: broken lines no longer lie where you drew them"),
        (Fate::MovedAway, 6, "Picture moved away: 1 mark is gone in theatre"),
    ] {
        console.lock().receipt(&receipt(fate, at), SHOWN);
        window.run();
        window.get_by_label(told);
    }
}

#[test]
fn the_card_goes_when_it_was_read() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    window.get_by_label("Got it").click();
    window.run();
    assert!(window.query_by_label("Try this").is_none());
}

#[test]
fn the_stages_open_from_the_status_bar() {
    let (app, _) = session(Freshness::Live);
    let mut window = window(app);
    window.run();
    window.get_by_label("glass to glass").click();
    window.run();
    window.get_by_label("encode + network");
}

#[test]
fn a_drill_is_asked_of_the_link_from_the_path_and_the_pen_is_kept_off_the_form() {
    let (app, _) = session(Freshness::Live);
    let (asks, asked) = crossbeam_channel::bounded(1);
    app.console.lock().drills.ask_at(asks);
    let mut window = window(app);
    window.run();
    let covers = window.state().0.console.lock().place.covers.len();
    window.get_by_label_contains("a live").click();
    window.run();
    assert_eq!(window.state().0.console.lock().place.covers.len(), covers + 1);
    for button in ["Delay by 200 ms", "for 15 s", "Start the drill"] {
        window.get_by_label(button).click();
        window.run();
    }
    let (effect, lasts) = (transport::drill::Effect::Delay(200), std::time::Duration::from_secs(15));
    let drill = transport::drill::Drill { path: "a".into(), effect, lasts };
    assert_eq!(asked.try_recv(), Ok(crate::drill::Ask::Begin(drill)));
    assert!(window.query_by_label("Start the drill").is_none(), "the form is gone");
}

#[test]
fn a_picture_is_shown_exactly_where_the_room_has_its_size() {
    let room = Rect::from_min_size(pos2(121.0, 0.0), vec2(1280.0, 720.0));
    let canvas = SizePx { width: 1280, height: 720 };
    let View { rect, .. } = fitted(room, 1.0, canvas).unwrap();
    assert_eq!((rect.x, rect.y, rect.width, rect.height), (121.0, 0.0, 1280.0, 720.0));
}
