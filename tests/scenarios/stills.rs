//! Stills: lossless pictures on request, beside a video that does not suffer by them.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use capture::config::{Role, Theatre};
use capture::node::stills::Maker;
use harness::certificates;
use harness::display::Display;
use harness::rig::{Case, Sources, files, free_ports, start_theatre};
use harness::statistics::freezes;
use program::trace::Record;
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use protocol::message::Message;
use protocol::still::{Header, Still};

use crate::people::peer::{Line, Peer, Story};
use crate::stage::{Stage, folder, light, machine};

/// The endoscope's place among the sources by name: endoscope, fluoroscopy, room, vitals.
const ENDOSCOPE: SourceId = SourceId(0);
/// Two seconds of frames.
const A_WHILE: usize = 60;

/// A card that gives 4:2:2 and holds one image, whose chroma differs from row to row, with a mask over its upper left corner.
const GRABBER: &str = r#"
kind = "gstreamer"
bin = "videotestsrc is-live=true pattern=chroma-zone-plate kx2=20 ky2=20 ! video/x-raw,format=UYVY,width=640,height=360,framerate=30/1"
still_ok = true
mask = { size = { width = 640, height = 360 }, areas = [{ rectangle = [0, 0, 198, 58] }] }
"#;
/// The rectangle's size, and beyond it what a chroma sample more on its edge reaches.
const MASKED: (usize, usize) = (198, 58);
const EDGE: usize = 6;

/// A still of the endoscope that theatre sends, when `keys` configure it.
struct Taken {
    header: Header,
    /// Red, green and blue of its pixels.
    pixels: Vec<u8>,
    /// The same of a picture that was taken from the source itself.
    source: Vec<u8>,
    story: Story,
}

/// Two paths over wan, an endoscope configured by `keys`, and the wish for a still of it.
fn taken(name: &str, keys: &str) -> Taken {
    let folder = folder(name);
    fs::create_dir_all(folder.join("run")).expect("a folder");
    let own = certificates::make(&folder, "theatre").expect("a certificate");
    let console = certificates::make(&folder, "console").expect("a certificate");
    let ports = free_ports(2).expect("free ports");
    let sources = Sources::generated(Case::Endoscopy);
    let mut text = files::theatre(&sources, &folder, &[], &own, &own);
    let scene = "kind = \"scene\"\nscene = \"tissue\"\n";
    assert!(text.contains(scene), "the endoscope is a scene");
    text = text.replace(scene, keys);
    text.truncate(text.find("[participant.").expect("a participant"));
    text.push_str(&files::participant("console", Role::Mentor, &ports, &console));
    let config = folder.join("theatre.toml");
    fs::write(&config, text).expect("the folder can be written");
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
    Taken { header, pixels: decoded(png), source: decoded(&given(&config)), story }
}

/// A picture of the endoscope as PNG, taken from the source itself.
fn given(config: &Path) -> Vec<u8> {
    let (give, given) = crossbeam_channel::bounded(1);
    let theatre = Theatre::load(config).expect("a configuration");
    media::init().expect("GStreamer");
    let source = &theatre.source["endoscope"];
    let _running =
        capture::source::open("endoscope", source, move |picture| drop(give.try_send(picture))).expect("a source");
    Maker::default().png(&given.recv().expect("a picture")).expect("a PNG")
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
    let Taken { header, pixels, source, story } = taken("still-lossless", &(files::bars(Colour::default()) + "\n"));
    assert_eq!((header.source, header.size), (ENDOSCOPE, SizePx { width: 1280, height: 720 }));
    assert!(pixels == source, "every pixel is the source's");
    if story.late_us > 125_000 {
        return println!("the machine stood still (link late by {} us): loss is not judged", story.late_us);
    }
    assert_eq!((story.lost, freezes(&story.released_us).count), (0, 0), "frames lost, and freezes");
}

#[test]
fn a_still_of_a_grabber_keeps_the_colour_of_every_row_beside_the_mask_and_nothing_under_it() {
    let _machine = machine();
    let Taken { header, pixels, source, .. } = taken("still-grabber", GRABBER);
    let (width, rows) = (usize::from(header.size.width), usize::from(header.size.height));
    assert_eq!((width, rows, source.len()), (640, 360, pixels.len()));
    let at = |all: &[u8], x: usize, y: usize| -> [u8; 3] { all[(y * width + x) * 3..][..3].try_into().expect("three") };
    let (mut differing, mut halved) = (0, 0);
    for (y, x) in (0..rows).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (got, given) = (at(&pixels, x, y), at(&source, x, y));
        if x < MASKED.0 && y < MASKED.1 {
            assert_eq!(got, [0; 3], "under the mask at {x},{y}");
        } else if x >= MASKED.0 + EDGE || y >= MASKED.1 + EDGE {
            differing += usize::from(got != given);
            halved += usize::from(at(&source, x, y & !1) != given);
        }
    }
    assert!(halved > width * rows / 4, "rows differ in colour: {halved}");
    assert_eq!(differing, 0, "every pixel beside the mask is the source's");
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
