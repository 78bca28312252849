//! Drawing a privacy mask: what the pointer drags over a source's picture is in the file afterwards, and black on the canvas.

use std::fs;
use std::path::Path;

use capture::canvas::Canvas;
use capture::config::mask::{Area, Areas};
use capture::config::{Mask, Theatre};
use harness::certificates;
use harness::display::Display;
use harness::process::{Program, command};
use harness::rig::files;
use harness::screen::{Place, Screen};
use media::picture::{Picture, i420, write};
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::ids::Epoch;
use protocol::time::MonoTime;

use crate::stage::{SOON, folder, light, machine};

/// The size of the generated endoscope of [`light`].
const SIZE: SizePx = SizePx { width: 640, height: 360 };

fn drag(screen: &Screen, window: &Place, from: (i16, i16), to: (i16, i16)) {
    screen.move_to(window, from.0, from.1).expect("the pointer moves");
    screen.press().expect("it is pressed");
    screen.move_to(window, to.0, to.1).expect("the pointer moves");
    screen.release().expect("it is released");
    screen.check().expect("the server took it");
}

/// What the editor has drawn, read from its pixels: whether a point of the picture is black.
fn wait_until_black(screen: &Screen, window: &Place, x: usize, y: usize) {
    let deadline = program::clock::now() + SOON;
    loop {
        let [red, green, blue] = screen.image(window).expect("the window's pixels").pixel(x, y);
        if red.max(green).max(blue) < 8 {
            return;
        }
        assert!(program::clock::now() < deadline, "{x},{y} is {red},{green},{blue}");
    }
}

/// The luma of the canvas that `theatre` makes of a white picture of the endoscope, which is alone on it in its own size.
fn canvas_of_white(theatre: &Theatre) -> Vec<u8> {
    let (mut canvas, inlets) = Canvas::new(theatre, Epoch(1), MonoTime(0)).expect("a canvas");
    let info = i420(SIZE, Colour::default()).expect("a kind of picture");
    let mut frame = write(gstreamer::Buffer::with_size(info.size()).expect("memory"), &info).expect("pixels");
    for (plane, code) in [(0, 235), (1, 128), (2, 128)] {
        frame.plane_data_mut(plane).expect("a plane").fill(code);
    }
    let white = Picture { buffer: frame.into_buffer(), info, captured: MonoTime(1_000) };
    for mut inlet in inlets {
        inlet.deliver(&white);
    }
    let composed = canvas.step(MonoTime(2_000)).expect("it composes").expect("the primary drives");
    let frame = composed.picture.read().expect("pixels");
    frame.plane_data(0).expect("luma").to_vec()
}

fn configure(folder: &Path) -> std::path::PathBuf {
    let own = certificates::make(folder, "theatre").expect("a certificate");
    let text = files::theatre(&light(), folder, &[9], &own, &own);
    let text = text.replace("[canvas]\n", "[canvas]\nlayout = \"solo\" # theatre's wish\n");
    let config = folder.join("theatre.toml");
    fs::write(&config, text).expect("the folder can be written");
    config
}

#[test]
fn a_rectangle_dragged_over_the_preview_is_saved_and_blackens_exactly_that() {
    let _machine = machine();
    let folder = folder("masks");
    let config = configure(&folder);
    let display = Display::start_virtual(800, 600, &folder.join("xvfb.log")).expect("a display");
    let mut masks = command("capture-node").expect("it is built");
    masks.args(["masks", "--source", "endoscope", "--config"]).arg(&config);
    display.give_to(&mut masks);
    let mut masks = Program::start("capture-node", masks, &folder.join("masks.log")).expect("it starts");
    let screen = Screen::connect(&display).expect("the display answers");
    let window =
        screen.window("Mask \u{2013} endoscope", SOON).unwrap_or_else(|error| panic!("{error}: {}", masks.printed()));
    drag(&screen, &window, (100, 120), (300, 220));
    wait_until_black(&screen, &window, 200, 170);
    screen.key('s').expect("the key is pressed");
    masks.wait_for_line("its mask is saved", SOON).expect("it says so");
    let image = screen.image(&window).expect("the window's pixels");
    image.save(&folder.join("masks.png")).expect("a screenshot");
    let below = usize::from(SIZE.height)..image.height;
    let words = below.flat_map(|y| (0..image.width).map(move |x| (x, y))).any(|(x, y)| image.pixel(x, y)[0] > 100);
    assert!(words, "what to do stands below the picture, which is in the window's upper left corner");
    screen.key('q').expect("the key is pressed");
    assert!(masks.wait(SOON).expect("it ends").success(), "{}", masks.printed());

    let text = fs::read_to_string(&config).expect("the file");
    assert!(text.contains("layout = \"solo\" # theatre's wish"), "what else stands there is left alone");
    let theatre = Theatre::load(&config).expect("the file is good");
    let areas = vec![Area::Rectangle([100, 120, 200, 100])];
    assert_eq!(theatre.source["endoscope"].mask, Ok(Some(Mask::Areas(Areas { size: SIZE, areas }))));
    media::init().expect("GStreamer");
    let luma = canvas_of_white(&theatre);
    // The area with its even edges, and one chroma sample around it.
    let black = |x: usize, y: usize| (98..302).contains(&x) && (118..222).contains(&y);
    let wrong = (0..360)
        .flat_map(|y| (0..640).map(move |x| (x, y)))
        .find(|(x, y)| luma[y * 640 + x] != if black(*x, *y) { 16 } else { 235 });
    assert_eq!(wrong, None);
}
