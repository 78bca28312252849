//! Theatre's curtain with the real programs: after it is closed no pixel of the operation reaches a decoder, the session
//! and the surgeon's picture go on, and everybody is told.

use capture::config::Role;
use media::decode::Decoder;
use protocol::frame::Header;
use rustix::process::{Pid, Signal, kill_process};

use crate::people::Theatre;
use crate::people::peer::Peer;
use crate::stage::{Stage, done, light, machine};

/// About a second of frames.
const A_WHILE: usize = 30;
/// Frames that may be under way when the curtain closes: in the transport, on the line, in the hand-off here.
const ON_THE_WAY: usize = 4;
/// The curtain's key, as a keysym (keysymdef.h).
const F12: u32 = 0xFFC9;

/// The share of each frame's pixels that have a colour, and whether the frame names any source, in the order of frames.
fn seen(frames: &[Vec<u8>]) -> Vec<(f64, bool)> {
    media::init_codecs().expect("GStreamer");
    let mut decoder = Decoder::start().expect("a decoder");
    let mut seen = Vec::new();
    for bytes in frames {
        let (header, _, access_unit) = Header::take(bytes).expect("a frame");
        let now = program::clock::now();
        let picture = decoder.decode(access_unit, now).expect("it decodes");
        let frame = picture.read().expect("a picture");
        // Red difference: tissue has most of it.
        let chroma = frame.plane_data(2).expect("chroma");
        let coloured = chroma.iter().filter(|code| code.abs_diff(128) > 6).count();
        seen.push((coloured as f64 / chroma.len() as f64, !header.tiles.is_empty()));
    }
    seen
}

#[test]
fn after_the_curtain_closed_no_pixel_of_the_operation_reaches_a_decoder_not_even_from_a_node_that_starts_anew() {
    let _machine = machine();
    let people = [("anna", Role::Mentor), ("bela", Role::Observer), ("carl", Role::Observer)];
    let mut theatre = Theatre::start("curtain", people);
    let config = theatre.folder.join("theatre.toml");
    let mut anna = Peer::join_and_keep(&theatre.lines[0], "clean", 1);
    anna.wait_for_frames(A_WHILE);
    let answer = done(&config, "curtain on");
    assert_eq!(answer, "the curtain is closed: nothing of any source leaves theatre");
    let closed_at = anna.frames();
    anna.wait_for_frames(closed_at + A_WHILE);
    let frames = anna.kept();
    let seen_by_anna = seen(&frames);
    let first = seen_by_anna.iter().position(|(_, names_sources)| !names_sources).expect("the curtain is seen");
    assert!(first <= closed_at + ON_THE_WAY, "frame {first}, closed after {closed_at}");
    let (open, closed) = seen_by_anna.split_at(first);
    assert!(open.iter().any(|(coloured, _)| *coloured > 0.3), "the operation is coloured: {open:?}");
    for (number, (coloured, names_sources)) in closed.iter().enumerate() {
        assert!(*coloured < 0.001 && !names_sources, "frame {number} behind the curtain: {coloured:.3} is coloured");
    }
    anna.leave();

    // Killed, it is started anew by its parent, and the curtain is closed as it was.
    let node = harness::trace::read(&theatre.folder.join("capture-node.jsonl")).expect("a trace");
    let pid = node.iter().find_map(|record| match record {
        program::trace::Record::Start(start) => Pid::from_raw(start.pid as i32),
        _ => None,
    });
    kill_process(pid.expect("it wrote its number"), Signal::KILL).expect("it runs");
    let mut again = Peer::join_and_keep(&theatre.lines[0], "clean", 2);
    again.wait_for_frames(A_WHILE);
    assert!(seen(&again.kept()).iter().all(|(coloured, names_sources)| *coloured < 0.001 && !names_sources));

    assert_eq!(done(&config, "curtain off"), "the curtain is open");
    let opened_at = again.frames();
    again.wait_for_frames(opened_at + A_WHILE);
    let last = *seen(&again.kept()).last().expect("frames came");
    assert!(last.0 > 0.3 && last.1, "the operation is seen again: {last:?}");
    again.leave();
    theatre.program.stop().expect("theatre ends in order");
}

#[test]
fn the_curtain_shows_at_every_end_as_itself_and_costs_neither_the_session_nor_the_surgeons_picture() {
    let mut stage = Stage::set("curtain-seen", light(), "clean");
    stage.wait_for_state("live");
    done(&stage.config(), "curtain on");
    stage.wait_for_state("curtain");
    let closed_us = program::clock::now().0;
    stage.wait_until_shown(closed_us + 1_000_000);
    let image = stage.console.0.image(&stage.console.1).expect("the console's pixels");
    let view = stage.view("endoscope");
    let (x0, y0) = (view.x_px as usize, view.y_px as usize);
    let rows = y0 + view.height_px as usize / 2..y0 + view.height_px as usize * 9 / 10;
    let coloured =
        rows.flat_map(|y| (x0 + 20..x0 + view.width_px as usize - 20).map(move |x| (x, y))).filter(|(x, y)| {
            let [red, green, blue] = image.pixel(*x, *y);
            red.max(green).max(blue) - red.min(green).min(blue) > 24
        });
    assert_eq!(coloured.count(), 0, "nothing of the operation is on the console's screen");
    let (screen, window) = stage.rig.display_window(&stage.displays, "endoscope").expect("the OR display's window");
    let display = screen.image(&window).expect("its pixels");
    let coloured = display.rgb.chunks_exact(3).filter(|rgb| rgb[0].abs_diff(rgb[2]) > 24).count();
    assert!(coloured > display.rgb.len() / 3 / 4, "the surgeon sees the operation: {coloured} coloured pixels");
    // Opened again by whoever stands at the surgeon's monitor.
    screen.move_to(&window, 10, 10).expect("the pointer moves");
    screen.key(F12).expect("the key is pressed");
    stage.wait_for_state("live");
    stage.end();
    let records = harness::trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    let states: Vec<&str> = records
        .iter()
        .filter_map(|record| match record {
            program::trace::Record::State { state, at_us } if at_us.is_some_and(|at| at >= closed_us) => {
                Some(state.as_str())
            }
            _ => None,
        })
        .collect();
    assert!(!states.contains(&"lost") && !states.contains(&"sourcelost"), "the session stood: {states:?}");
}
