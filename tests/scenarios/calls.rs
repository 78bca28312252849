//! What mentors ask and where they point, from their machines to the pixels of the surgeon's monitor; and the answer that
//! is given there.

use std::time::Duration;

use capture::config::Role;
use harness::look;
use harness::screen::{Image, Place, Screen};
use protocol::call::{Answer, Asked, Call, CallState, Pointed};
use protocol::geometry::ImagePoint;
use protocol::mark::Ink;
use protocol::message::Message;

use crate::people::Theatre;
use crate::people::peer::Peer;
use crate::stage::{SOON, machine};

const PEOPLE: [(&str, Role); 3] = [("anna", Role::Mentor), ("bela", Role::Observer), ("carl", Role::Observer)];
/// The key that answers, as a keysym (keysymdef.h).
const RETURN: u32 = 0xFF0D;
/// Red, green and blue of urgent words and of the frame that asks for attention.
const URGENT: [u8; 3] = [255, 128, 118];
/// Pixels that the letters of a call have at least, of those that are looked at.
const LETTERS: usize = 20;
/// The frame comes and goes once a second: what is gone for longer has gone for good.
const LONGER_THAN_A_PULSE: Duration = Duration::from_millis(1_200);

fn is_near(seen: [u8; 3], wanted: [u8; 3], tolerance: u8) -> bool {
    seen.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= tolerance)
}

/// How many of the pixels on the outermost rows and columns are the frame's.
fn edge(image: &Image) -> usize {
    let (right, bottom) = (image.width - 1, image.height - 1);
    let rows = (0..image.height).flat_map(|y| [(0, y), (right, y)]);
    let columns = (1..right).flat_map(|x| [(x, 0), (x, bottom)]);
    rows.chain(columns).filter(|(x, y)| is_near(image.pixel(*x, *y), URGENT, 2)).count()
}

/// Whether the frame stands around the whole picture.
fn is_framed(image: &Image) -> bool {
    edge(image) == 2 * (image.width + image.height) - 4
}

/// Pixels of urgent words in the lower left corner, where an endoscope's picture is black.
fn letters(image: &Image) -> usize {
    let (columns, rows) = (10..image.width / 7, image.height * 9 / 10..image.height - 10);
    let pixels = rows.flat_map(|y| columns.clone().map(move |x| image.pixel(x, y)));
    pixels.filter(|[red, green, _]| *red >= 140 && red - green.min(red) >= 40).count()
}

/// Whether nothing of a call is seen.
fn is_calm(image: &Image) -> bool {
    edge(image) == 0 && letters(image) == 0
}

/// The share of a cursor's ring around the middle of the picture that is there.
fn ring(image: &Image) -> f64 {
    const PLACES: u32 = 48;
    let radius = image.width as f64 / 70.0;
    let is_ring = |place: &u32| {
        let (sin, cos) = (f64::from(*place) / f64::from(PLACES) * std::f64::consts::TAU).sin_cos();
        let (x, y) = (image.width as f64 / 2.0 + radius * cos, image.height as f64 / 2.0 + radius * sin);
        is_near(image.pixel(x as usize, y as usize), annotation::ink::srgb(Ink::White), 40)
    };
    (0..PLACES).filter(is_ring).count() as f64 / f64::from(PLACES)
}

/// Asks, sees it asked at the window, presses Return there, and sees it gone.
fn ask_and_answer(anna: &Peer, display: &(Screen, Place), number: u32, asked: Asked) {
    let (screen, place) = display;
    // At the start a path that is not there yet is urgent, too.
    look::until(display, "nothing urgent", SOON, |image| is_calm(image).then_some(())).expect("nothing asks before");
    anna.tell(&Message::Call(Call { number, asked: Some(asked) }));
    anna.wait_for_answer(Answer { number, state: CallState::Told });
    look::until(display, "the frame", SOON, |image| is_framed(image).then_some(())).expect("the frame is seen");
    look::until(display, "the words", SOON, |image| (letters(image) >= LETTERS).then_some(())).expect("words are read");

    screen.move_to(place, 20, 20).expect("the pointer moves");
    screen.key(RETURN).expect("the key is pressed");
    anna.wait_for_answer(Answer { number, state: CallState::Ok });
    let gone = |image: &Image| is_calm(image).then(program::clock::now);
    let gone_at = look::until(display, "neither frame nor words", SOON, gone).expect("the call goes");
    let stays_gone = |image: &Image| {
        assert!(is_calm(image), "an answered call asks again");
        (program::clock::now() >= gone_at + LONGER_THAN_A_PULSE).then_some(())
    };
    look::until(display, "a later picture", SOON, stays_gone).expect("the picture goes on");
}

#[test]
fn each_call_frames_the_surgeons_monitor_until_somebody_there_presses_ok_and_the_mentor_is_told() {
    let _machine = machine();
    let mut theatre = Theatre::start("calls", PEOPLE);
    let mut anna = Peer::join(&theatre.lines[0], "wan", 1);
    anna.wait_for_frames(1);
    let display = theatre.window("endoscope");
    for (number, asked) in (1..).zip([Asked::Urgent, Asked::CannotJudge, Asked::Attention]) {
        ask_and_answer(&anna, &display, number, asked);
    }
    anna.leave();
    theatre.program.stop().expect("theatre ends in order");
}

#[test]
fn a_mentors_cursor_is_a_ring_on_the_surgeons_monitor_where_it_points_until_it_leaves() {
    let _machine = machine();
    let mut theatre = Theatre::start("cursor", PEOPLE);
    let mut anna = Peer::join(&theatre.lines[0], "wan", 1);
    anna.wait_for_frames(1);
    let display = theatre.window("endoscope");
    let before = ring(&display.0.image(&display.1).expect("its pixels"));
    assert!(before < 0.3, "{before} of a ring before anybody points");

    let middle = ImagePoint { x: 32_768, y: 32_768 };
    // Again with each picture, as a console does: a cursor of which nothing is heard goes.
    let seen = look::until(&display, "the ring", SOON, |image| {
        let source = anna.layout()?.primary;
        anna.tell(&Message::Cursor(Some(Pointed { source, at: middle })));
        (ring(image) > 0.9).then_some(())
    });
    seen.expect("the ring is seen");
    anna.tell(&Message::Cursor(None));
    look::until(&display, "no ring", SOON, |image| (ring(image) < 0.3).then_some(())).expect("the ring goes");
    anna.leave();
    theatre.program.stop().expect("theatre ends in order");
}
