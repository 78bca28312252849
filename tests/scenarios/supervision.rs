//! A device that fails and returns: every frame says how its source stands, and the other sources go on as if nothing
//! had happened.

use std::fs;
use std::path::Path;
use std::process::Command;

use capture::config::Theatre;
use harness::certificates;
use harness::display::Display;
use harness::process::Program;
use harness::rig::{files, free_ports, start_theatre};
use harness::trace;
use program::trace::Record;
use rustix::process::Signal;

use crate::people::peer::{Line, Peer};
use crate::stage::{folder, light, machine};

/// About a second of frames.
const A_WHILE: usize = 30;

/// A camera that sends over the network, as a process of its own: something that moves, or one picture for ever.
fn camera(folder: &Path, port: u16, pattern: &str) -> Program {
    sender(folder, pattern, &format!("rtpjpegpay ! udpsink host=127.0.0.1 port={port}"))
}

/// A tower that serves its picture to whoever connects.
fn tower(folder: &Path, port: u16) -> Program {
    sender(folder, "ball", &format!("multipartmux ! tcpserversink host=127.0.0.1 port={port}"))
}

fn sender(folder: &Path, pattern: &str, way: &str) -> Program {
    let mut command = Command::new("gst-launch-1.0");
    let pipeline = format!(
        "videotestsrc is-live=true pattern={pattern} ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 \
         ! jpegenc ! {way}"
    );
    command.arg("-q").args(pipeline.split_whitespace());
    Program::start("gst-launch-1.0", command, &folder.join(format!("camera-{pattern}.log"))).expect("a camera")
}

/// The camera is gone at once.
fn kill(mut camera: Program) {
    camera.signal(Signal::KILL).expect("it runs");
    camera.wait(crate::stage::SOON).expect("it is gone");
}

/// `theatre.toml` with the camera beside the usual sources.
fn configured(folder: &Path, camera_port: u16, ports: &[u16]) -> Line {
    let own = certificates::make(folder, "theatre").expect("a certificate");
    let console = certificates::make(folder, "console").expect("a certificate");
    let text = files::theatre(&light(), folder, ports, &own, &console)
        + &format!(
            "[source.camera]\nrole = \"room\"\nkind = \"gstreamer\"\nbin = \"udpsrc address=127.0.0.1 port={camera_port} \
             caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=JPEG,payload=26 \
             ! rtpjpegdepay ! jpegdec\"\n"
        );
    fs::write(folder.join("theatre.toml"), text).expect("the folder can be written");
    Line { console, theatre: own.certificate, ports: ports.to_vec() }
}

#[test]
fn a_camera_that_is_killed_comes_back_and_then_repeats_one_picture_is_told_each_time_and_disturbs_nobody() {
    let _machine = machine();
    let folder = folder("supervision");
    fs::create_dir_all(folder.join("run")).expect("a folder");
    let ports = free_ports(3).expect("free ports");
    let line = configured(&folder, ports[0], &ports[1..]);
    let theatre = Theatre::load(&folder.join("theatre.toml")).expect("a good file");
    let source = |name| theatre.source_id(name).expect("a source");
    let display = Display::start_virtual(640, 480, &folder.join("xvfb.log")).expect("a display");
    let mut program = start_theatre(&folder, &display).expect("theatre starts");
    let mut peer = Peer::join(&line, "clean", 1);
    peer.wait_for_source(source("camera"), "waiting");

    let first = camera(&folder, ports[0], "ball");
    peer.wait_for_source(source("camera"), "live");
    kill(first);
    peer.wait_for_source(source("camera"), "lost");
    peer.wait_for_frames(peer.frames() + A_WHILE);
    let second = camera(&folder, ports[0], "ball");
    peer.wait_for_source(source("camera"), "live");
    kill(second);
    let stuck = camera(&folder, ports[0], "checkers-8");
    peer.wait_for_source(source("camera"), "repeating");
    peer.wait_for_frames(peer.frames() + A_WHILE);
    kill(stuck);
    let _third = camera(&folder, ports[0], "ball");
    peer.wait_for_source(source("camera"), "live");
    peer.wait_for_frames(peer.frames() + A_WHILE);

    let story = peer.leave();
    for name in ["fluoroscopy", "vitals", "room"] {
        let states = &story.sources[&source(name)];
        assert!(states.ends_with(&["live"]) && states.len() <= 2, "{name} was {states:?}");
    }
    program.stop().expect("theatre ends in order");
    assert_told(&folder, "camera", &["live", "lost", "live", "repeating", "live"]);
}

/// Theatre's trace tells these states of the source called `name`, in this order, and others between them at most.
fn assert_told(folder: &Path, name: &str, states: &[&str]) {
    let records = trace::read(&folder.join("capture-node.jsonl")).expect("a trace");
    let mut told = records.into_iter().filter_map(|record| match record {
        Record::Source { source, state, .. } if source == name => Some(state),
        _ => None,
    });
    for state in states {
        assert!(told.any(|told| told == *state), "{state} is missing, or not in its place");
    }
}

#[test]
fn a_tower_that_ends_or_is_not_there_says_so_at_every_end_and_its_window_waits_for_it() {
    let _machine = machine();
    let folder = folder("tower");
    fs::create_dir_all(folder.join("run")).expect("a folder");
    let ports = free_ports(3).expect("free ports");
    let line = configured(&folder, ports[0], &ports[1..]);
    let file = folder.join("theatre.toml");
    let text = fs::read_to_string(&file).expect("it was written");
    let of_tower = format!(
        "kind = \"gstreamer\"\nbin = \"tcpclientsrc host=127.0.0.1 port={} ! multipartdemux ! jpegdec\"\n",
        ports[0]
    );
    let scene = "kind = \"scene\"\nscene = \"tissue\"\nsize = { width = 640, height = 360 }\n";
    fs::write(&file, text.replacen(scene, &of_tower, 1)).expect("the folder can be written");
    let endoscope = Theatre::load(&file).expect("a good file").source_id("endoscope").expect("a source");
    let display = Display::start_virtual(640, 480, &folder.join("xvfb.log")).expect("a display");
    let mut program = start_theatre(&folder, &display).expect("theatre starts");
    let mut peer = Peer::join(&line, "clean", 1);
    peer.wait_for_source(endoscope, "failed");

    for _ in 0..2 {
        let tower = tower(&folder, ports[0]);
        peer.wait_for_source(endoscope, "live");
        peer.wait_for_frames(peer.frames() + A_WHILE);
        kill(tower);
        peer.wait_for_source(endoscope, "failed");
        peer.wait_for_frames(peer.frames() + A_WHILE);
    }
    peer.leave();
    program.stop().expect("theatre ends in order");
    let window = trace::read(&folder.join("or-display-endoscope.jsonl")).expect("a trace");
    let starts = window.iter().filter(|record| matches!(record, Record::Start(_))).count();
    assert_eq!(starts, 1, "the window was there all the time");
    assert_told(&folder, "endoscope", &["failed", "live", "failed", "live", "failed"]);
}
