//! Windows in theatre: a mark is shown by the window of its source, and where there is none the mentor is told; a window that
//! names a monitor fills it.

use std::time::Duration;

use harness::display::Display;
use harness::look;
use harness::rig::Sources;
use harness::screen::{Image, Screen};
use program::trace::Record;
use protocol::colour::Colour;

use crate::site::{Site, assert_ends};
use crate::stage::{SOON, Stage, light, machine};

/// What the one monitor of a virtual server is called.
const MONITOR: &str = "screen";
/// Amber pixels that the words have at least.
const LETTERS: usize = 100;
/// Presses closer than this are one, held down, to the display.
const ONE_PRESS: Duration = Duration::from_millis(400);

fn fate_of(stage: &Stage, mark: &str) -> String {
    stage
        .trace("mentor-console")
        .wait_for("a receipt", SOON, |records| {
            records.iter().find_map(|record| match record {
                Record::ReceivedReceipt(receipt) if receipt.mark == mark => Some(receipt.fate.clone()),
                _ => None,
            })
        })
        .expect("theatre says what became of the mark")
}

#[test]
fn a_mark_on_a_source_without_a_window_is_answered_no_display() {
    let mut stage = Stage::set("no-display", light(), "wan");
    let stroke = stage.draw("fluoroscopy");
    let (mark, _) = stage.mark_of(&stroke);
    assert_eq!(fate_of(&stage, &mark), "NoDisplay");
    stage.end();
}

#[test]
fn a_further_window_shows_its_own_source_with_its_marks() {
    let sources = Sources { second_window: true, ..light() };
    let mut stage = Stage::set("second-window", sources, "wan");
    let stroke = stage.draw("fluoroscopy");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("fluoroscopy", &mark, points);
    assert_eq!(fate_of(&stage, &mark), "Shown");
    stage.end();
}

/// Pixels of the words that marks are hidden: amber, in the lower end of the picture's first bar, which is grey.
fn amber(image: &Image) -> usize {
    let (columns, rows) = (10..image.width / 8, image.height * 4 / 5..image.height - 10);
    let pixels = rows.flat_map(|y| columns.clone().map(move |x| image.pixel(x, y)));
    pixels.filter(|[red, _, blue]| *red >= 140 && red - blue.min(red) >= 50).count()
}

/// Whether the outermost bars of the picture, white and blue, reach the window's edges from top to bottom.
fn is_filled(image: &Image) -> bool {
    let (right, bottom) = (image.width - 3, image.height - 3);
    let is_white = |y| image.pixel(2, y).into_iter().all(|channel| channel > 150);
    let is_blue = |y| matches!(image.pixel(right, y), [red, green, blue] if blue > 150 && red < 60 && green < 60);
    [2, bottom / 2, bottom].into_iter().all(|y| is_white(y) && is_blue(y))
}

/// `theatre.toml` with the surgeon's window on the monitor called `monitor`.
fn on_monitor(site: &Site, monitor: &str) -> std::path::PathBuf {
    let sources = Sources { bars: Some(Colour::default()), ..light() };
    let window = format!("[window.endoscope]\nmonitor = \"{monitor}\"\n");
    site.write("theatre.toml", &(site.theatre_toml(&sources, 9) + &window))
}

#[test]
fn a_window_that_names_a_monitor_fills_it_with_the_picture_and_takes_keys_and_touches() {
    let _machine = machine();
    let site = Site::new("monitor");
    let display = Display::start_virtual(1600, 900, &site.folder.join("xvfb.log")).expect("a display");
    let mut program = site.start("or-display", &on_monitor(&site, MONITOR), |command| display.give_to(command));
    let screen = Screen::connect(&display).expect("the display");
    let place = screen.window("OR display – endoscope", SOON).expect("the surgeon's window");
    assert_eq!((place.x_px, place.y_px, place.width_px, place.height_px), (0, 0, 1600, 900));
    let window = (screen, place);
    look::until(&window, "the picture", SOON, |image| is_filled(image).then_some(())).expect("it fills the monitor");

    let is_quiet = |image: &Image| (amber(image) == 0).then_some(());
    window.0.move_to(&place, 800, 450).expect("the pointer moves");
    let touched = window.0.press().expect("the display takes it");
    window.0.release().expect("the display takes it");
    let is_told =
        |image: &Image| (amber(image) > LETTERS && program::clock::now() >= touched + ONE_PRESS).then_some(());
    look::until(&window, "that marks are hidden", SOON, is_told).expect("a touch hides marks");
    window.0.key('h').expect("the display takes it");
    look::until(&window, "no such word", SOON, is_quiet).expect("the key shows them again");
    program.stop().expect("it was running");
}

#[test]
fn a_monitor_that_is_not_there_is_told_with_those_that_are() {
    let _machine = machine();
    let site = Site::new("no-monitor");
    let display = Display::start_virtual(640, 480, &site.folder.join("xvfb.log")).expect("a display");
    let program = site.start("or-display", &on_monitor(&site, "HDMI-1"), |command| display.give_to(command));
    let there = format!("there are: \"{MONITOR}\"");
    assert_ends(program, 78, &["window.endoscope.monitor", "no monitor \"HDMI-1\"", &there]);
}
