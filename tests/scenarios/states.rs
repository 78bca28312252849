//! How far the mentor can trust the picture, told by its pixels: a picture that is not live never looks so, and no
//! stroke begins on it.

use std::time::Duration;

use program::trace::{Record, View};

use crate::stage::{SOON, Stage, light};

/// Longer than it takes for the link to count as lost.
const DARK: Duration = Duration::from_secs(4);

/// The share of the picture's pixels that have a colour; its frame and what is written at its top are left out.
fn coloured(stage: &Stage, view: &View) -> f64 {
    let image = stage.console.0.image(&stage.console.1).expect("the console's pixels");
    let (x0, y0) = (view.x_px as usize, view.y_px as usize);
    let (width, height) = (view.width_px as usize, view.height_px as usize);
    let rows = height / 2..height * 9 / 10;
    let pixels = rows.flat_map(|y| (width / 10..width * 9 / 10).map(move |x| (x0 + x, y0 + y)));
    let is_coloured = pixels.map(|(x, y)| {
        let [red, green, blue] = image.pixel(x, y);
        red.max(green).max(blue) - red.min(green).min(blue) > 24
    });
    let (count, coloured) = is_coloured.fold((0u32, 0u32), |(n, is), pixel| (n + 1, is + u32::from(pixel)));
    f64::from(coloured) / f64::from(count)
}

/// Looks until the picture's colour is as wanted: the state is told a repaint before it is seen.
fn wait_for_colour(stage: &Stage, view: &View, wanted: impl Fn(f64) -> bool) {
    let deadline = program::clock::now() + SOON;
    while !wanted(coloured(stage, view)) {
        assert!(program::clock::now() < deadline, "{:.2} of the picture is coloured", coloured(stage, view));
    }
}

fn pen_moves(stage: &Stage) -> usize {
    let records = harness::trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    records.iter().filter(|record| matches!(record, Record::MovedPen(_))).count()
}

#[test]
fn a_link_that_goes_dark_turns_the_picture_grey_and_refuses_the_pen_until_it_is_back() {
    let mut stage = Stage::set("states", light(), "clean");
    stage.wait_for_state("live");
    let view = stage.view("endoscope");
    wait_for_colour(&stage, &view, |coloured| coloured > 0.5);
    for path in [0, 1] {
        stage.rig.relay.cut(path, DARK).expect("the relay runs");
    }
    stage.wait_for_state("frozen");
    wait_for_colour(&stage, &view, |coloured| coloured < 0.01);
    stage.move_pen("endoscope");
    stage.wait_for_state("lost");
    assert_eq!(pen_moves(&stage), 0, "a stroke began on a picture that is not live");
    stage.wait_for_state("live");
    wait_for_colour(&stage, &view, |coloured| coloured > 0.5);
    let stroke = stage.draw("endoscope");
    stage.mark_of(&stroke);
    stage.end();
}
