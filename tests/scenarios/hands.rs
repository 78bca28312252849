//! What a hand in theatre does at the surgeon's monitor, with real keys in a real window, and what each end sees of it.

use harness::screen::{Image, Place, Screen};
use program::trace::Record;
use protocol::mark::Ink;

use crate::pixels::{Drawn, assert_ink_where_drawn};
use crate::stage::{SOON, Stage, light};

/// Presses closer than this are one, held down, to the display.
const ONE_PRESS_US: u64 = 400_000;

/// Pixels of a mark's ink in `image`.
fn ink(image: &Image) -> usize {
    let [red, green, blue] = annotation::ink::srgb(Ink::default());
    let near = |one: u8, other: u8| one.abs_diff(other) <= 10;
    let is_ink = |rgb: &&[u8]| matches!(rgb, [r, g, b] if near(*r, red) && near(*g, green) && near(*b, blue));
    image.rgb.chunks_exact(3).filter(is_ink).count()
}

/// Held this long a key has been repeated by the X server some twenty times, from 660 ms on.
const HELD_US: u64 = 1_500_000;

/// What a hand does at the monitor.
#[derive(Debug, Clone, Copy)]
enum Hand {
    Key(char),
    Held(char),
    Touch,
}

/// Does this over the surgeon's window and waits until the console was told that its mark is `fate` now.
fn press_until(stage: &Stage, display: &(Screen, Place), hand: Hand, mark: &str, fate: &str) {
    let (screen, place) = display;
    screen.move_to(place, 5, 5).expect("the pointer moves");
    let pressed = match hand {
        Hand::Key(key) => screen.key(key),
        Hand::Held(key) => screen.hold(key),
        Hand::Touch => screen.press().and_then(|at| screen.release().map(|_| at)),
    };
    let pressed = pressed.expect("the display takes it");
    let told_us = stage
        .trace("mentor-console")
        .wait_for(&format!("the mark being {fate}"), SOON, |records| {
            records.iter().find_map(|record| match record {
                Record::ReceivedReceipt(told)
                    if told.mark == mark && told.fate == fate && told.received_us >= pressed.0 =>
                {
                    Some(told.received_us)
                }
                _ => None,
            })
        })
        .expect("the console is told");
    // The sink takes a later picture only when the one before is painted, and a press this soon would still be this one.
    wait_for_picture(stage, told_us.max(pressed.0 + ONE_PRESS_US));
    if let Hand::Held(key) = hand {
        wait_for_picture(stage, pressed.0 + HELD_US);
        let ended = screen.let_go(key).expect("the display takes it");
        // Its last repeat may be read later than that by two looks of the sink.
        wait_for_picture(stage, ended.0 + 2 * ONE_PRESS_US);
    }
}

/// Waits for one at the surgeon's sink after `after_us`.
fn wait_for_picture(stage: &Stage, after_us: u64) {
    let later = |record: &Record| matches!(record, Record::Picture { at_sink_us, .. } if *at_sink_us > after_us);
    stage
        .trace(&stage.rig.primary_display())
        .wait_for("a later picture at the sink", SOON, |records| records.iter().any(later).then_some(()))
        .expect("the display goes on");
}

#[test]
fn keys_at_the_surgeons_monitor_hide_show_and_clear_marks_and_the_mentor_is_told_each_time() {
    let mut stage = Stage::set("hands", light(), "wan");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("endoscope", &mark, points);
    let display = stage.rig.display_window(&stage.displays, "endoscope").expect("the surgeon's window");
    let image = |display: &(Screen, Place)| display.0.image(&display.1).expect("its pixels");
    assert_ink_where_drawn(&image(&display), &display.1, &stage.view("endoscope"), &stroke, Drawn::Solid);

    press_until(&stage, &display, Hand::Key('h'), &mark, "Hidden");
    assert_eq!(ink(&image(&display)), 0, "no ink is left while marks are hidden");
    press_until(&stage, &display, Hand::Key('h'), &mark, "Shown");
    assert_ink_where_drawn(&image(&display), &display.1, &stage.view("endoscope"), &stroke, Drawn::Solid);
    press_until(&stage, &display, Hand::Held('h'), &mark, "Hidden");
    assert_eq!(ink(&image(&display)), 0, "a hand that rests on the key shows nothing again");
    press_until(&stage, &display, Hand::Key('h'), &mark, "Shown");
    press_until(&stage, &display, Hand::Key('c'), &mark, "Cleared");
    assert_eq!(ink(&image(&display)), 0, "no ink is left after clearing");

    let again = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&again);
    stage.wait_until_displayed("endoscope", &mark, points);
    stage.end();
}

#[test]
fn a_touch_of_the_surgeons_monitor_hides_marks_the_next_shows_them_and_the_mentor_is_told_each_time() {
    let mut stage = Stage::set("touch", light(), "wan");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("endoscope", &mark, points);
    let display = stage.rig.display_window(&stage.displays, "endoscope").expect("the surgeon's window");
    let image = |display: &(Screen, Place)| display.0.image(&display.1).expect("its pixels");
    press_until(&stage, &display, Hand::Touch, &mark, "Hidden");
    assert_eq!(ink(&image(&display)), 0, "no ink is left while marks are hidden");
    press_until(&stage, &display, Hand::Touch, &mark, "Shown");
    assert_ink_where_drawn(&image(&display), &display.1, &stage.view("endoscope"), &stroke, Drawn::Solid);
    stage.end();
}
