//! Stills: lossless pictures on request, beside a video that does not suffer by them.

use std::fs;
use std::io::Cursor;

use capture::config::{Kind, Role, Scene, Scenery, Source};
use capture::node::stills::Maker;
use harness::certificates;
use harness::display::Display;
use harness::rig::{Case, Sources, files, free_ports, start_theatre};
use harness::statistics::freezes;
use media::picture::Picture;
use program::trace::Record;
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use protocol::layout;
use protocol::message::Message;
use protocol::still::Still;

use crate::people::peer::{Line, Peer};
use crate::stage::{Stage, folder, light, machine};

/// The endoscope's place among the sources by name: endoscope, fluoroscopy, room, vitals.
const ENDOSCOPE: SourceId = SourceId(0);
/// Two seconds of frames.
const A_WHILE: usize = 60;

/// The picture that the bars' source gives, and its pixels in RGB.
fn bars() -> (Picture, Vec<u8>) {
    let (give, given) = crossbeam_channel::bounded(1);
    let size = Some(SizePx { width: 1280, height: 720 });
    let scene = Scene { scenery: Scenery::Bars, size, fps: Some(30), colour: Colour::default() };
    let source = Source::new(layout::Role::Endoscope, Kind::Scene(scene));
    media::init().expect("GStreamer");
    let _running = capture::source::open("bars", &source, move |picture| drop(give.try_send(picture))).expect("bars");
    let picture = given.recv().expect("a picture");
    let pixels = decoded(&Maker::default().png(&picture).expect("a PNG"));
    (picture, pixels)
}

fn decoded(png: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut pixels).expect("its pixels");
    pixels
}

#[test]
fn a_still_is_the_sources_picture_pixel_for_pixel_and_costs_the_video_no_frame() {
    let _machine = machine();
    let (folder, (picture, pixels)) = (folder("still-lossless"), bars());
    fs::create_dir_all(folder.join("run")).expect("a folder");
    let own = certificates::make(&folder, "theatre").expect("a certificate");
    let console = certificates::make(&folder, "console").expect("a certificate");
    let ports = free_ports(2).expect("free ports");
    let sources = Sources { bars: Some(Colour::default()), ..Sources::generated(Case::Endoscopy) };
    let mut text = files::theatre(&sources, &folder, &[], &own, &own);
    text.truncate(text.find("[participant.").expect("a participant"));
    text.push_str(&files::participant("console", Role::Mentor, &ports, &console));
    fs::write(folder.join("theatre.toml"), text).expect("the folder can be written");
    let display = Display::start_virtual(1280, 720, &folder.join("xvfb.log")).expect("a display");
    let mut theatre = start_theatre(&folder, &display).expect("theatre starts");

    let mut peer = Peer::join(&Line { console, theatre: own.certificate, ports }, "wan", 1);
    peer.wait_for_frames(A_WHILE);
    peer.start_counting();
    peer.tell(&Message::StillWish(ENDOSCOPE));
    let still = peer.wait_for_still();
    peer.wait_for_frames(peer.frames() + A_WHILE);
    let story = peer.leave();
    theatre.stop().expect("theatre ends in order");

    let (still, png) = Still::take(&still).expect("a still");
    let Still::Source(header) = still else { panic!("{still:?}") };
    assert_eq!((header.source, header.size), (ENDOSCOPE, picture.size()));
    assert!(decoded(png) == pixels, "every pixel is the source's");
    if story.late_us > 125_000 {
        return println!("the machine stood still (link late by {} us): loss is not judged", story.late_us);
    }
    assert_eq!((story.lost, freezes(&story.released_us).count), (0, 0), "frames lost, and freezes");
}

/// The button for a still in the console's window, in pixels from its corner.
const BUTTON: (i16, i16) = (60, 28);

#[test]
fn the_mentor_looks_at_a_still_and_goes_back_to_what_happens_now() {
    let mut stage = Stage::set("still-console", light(), "wan");
    stage.wait_for_state("live");
    for state in ["still", "live"] {
        let (screen, window) = &stage.console;
        screen.move_to(window, BUTTON.0, BUTTON.1).expect("the pointer moves");
        screen.press().and_then(|_| screen.release()).expect("the button is pressed");
        stage.wait_for_state(state);
    }
    stage.end();
    let console = harness::trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    let lost = console.iter().filter(|record| matches!(record, Record::LostFrame { .. })).count();
    if stage.rig.relay.report().lateness.max_us <= 125_000 {
        assert_eq!(lost, 0, "live pictures came on beneath the still");
    }
}
