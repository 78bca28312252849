//! Colour: SMPTE bars go through the whole loop and come back as they were, whatever matrix and range carries them.

use harness::rig::Sources;
use harness::screen::Image;
use program::trace::View;
use protocol::colour::{Colour, Matrix, Range};

use crate::stage::{Stage, light};

/// The seven 75 % bars of SMPTE EG 1, in display order.
const BARS: [[u8; 3]; 7] =
    [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191]];
/// How far a bar's centre may be from its colour.
const TOLERANCE: i32 = 5;

fn assert_bars(what: &str, image: &Image, view: &View) {
    for (bar, wanted) in BARS.iter().enumerate() {
        let x = view.x_px + view.width_px * (bar as f64 + 0.5) / 7.0;
        let y = view.y_px + view.height_px / 3.0;
        let seen = image.pixel(x as usize, y as usize);
        let near = seen.iter().zip(wanted).all(|(a, b)| (i32::from(*a) - i32::from(*b)).abs() <= TOLERANCE);
        assert!(near, "{what}, bar {bar}: {seen:?} instead of {wanted:?}");
    }
}

fn bars_return(name: &str, matrix: Matrix, range: Range) {
    let sources = Sources { bars: Some(Colour { matrix, range }), ..light() };
    let mut stage = Stage::set(name, sources, "clean");
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    let console = stage.console.0.image(&stage.console.1).expect("the console's pixels");
    assert_bars("console", &console, &stage.view("endoscope"));
    let (screen, window) = stage.rig.display_window(&stage.displays, "endoscope").expect("the OR display's window");
    let whole = View {
        source: "endoscope".into(),
        x_px: 0.0,
        y_px: 0.0,
        width_px: window.width_px.into(),
        height_px: window.height_px.into(),
    };
    assert_bars("OR display", &screen.image(&window).expect("the OR display's pixels"), &whole);
    stage.end();
}

#[test]
fn bars_of_bt709_limited_range_return() {
    bars_return("bars-709-limited", Matrix::Bt709, Range::Limited);
}

#[test]
fn bars_of_bt709_full_range_return() {
    bars_return("bars-709-full", Matrix::Bt709, Range::Full);
}

#[test]
fn bars_of_bt601_limited_range_return() {
    bars_return("bars-601-limited", Matrix::Bt601, Range::Limited);
}

#[test]
fn bars_of_bt601_full_range_return() {
    bars_return("bars-601-full", Matrix::Bt601, Range::Full);
}
