//! Bad input: each mistake gives one clear line that says what, where and how to mend it, and the right exit code;
//! what can go on goes on.

use std::fs;
use std::net::UdpSocket;

use harness::certificates;
use harness::display::Display;
use harness::look;
use harness::rig::{Case, Sources, files, start_theatre};
use harness::screen::{Image, Screen};
use harness::trace::Follower;
use program::trace::Record;
use rustix::process::{Pid, Signal, kill_process};

use crate::site::{Site, assert_ends};
use crate::stage::{Load, SOON, Stage, light, machine};

/// A port that nothing else gets while the socket lives.
fn taken_port() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("an address").port();
    (socket, port)
}

#[test]
fn an_unknown_key_is_told_with_line_and_nearest_key_and_does_not_stop_the_surgeons_picture() {
    let _machine = machine();
    let site = Site::new("fault-key");
    let text = site.theatre_toml(&Sources::generated(Case::Endoscopy), 9) + "[encoder]\nbitrat_kbps = 6000\n";
    let line = format!("line {}", text.lines().count());
    let config = site.write("theatre.toml", &text);
    let display = Display::start_virtual(1280, 720, &site.folder.join("xvfb.log")).expect("a display");
    let mut or_display = site.start("or-display", &config, |command| display.give_to(command));
    assert_ends(
        site.start("capture-node", &config, |_| {}),
        78,
        &["theatre.toml", &line, "bitrat_kbps", "`bitrate_kbps`"],
    );
    let screen = Screen::connect(&display).expect("the display");
    screen.window("OR display", SOON).expect("the surgeon's picture is there");
    or_display.stop().expect("it was running");
}

#[test]
fn a_missing_file_and_a_file_that_is_no_video_are_told_with_the_sources_name() {
    let _machine = machine();
    let site = Site::new("fault-file");
    let display = Display::start_virtual(640, 480, &site.folder.join("xvfb.log")).expect("a display");
    let missing = Sources { endoscope: Some("/nowhere/operation.mp4".into()), ..Sources::generated(Case::Endoscopy) };
    let config = site.write("theatre.toml", &site.theatre_toml(&missing, 9));
    let program = site.start("or-display", &config, |command| display.give_to(command));
    assert_ends(program, 66, &["endoscope", "/nowhere/operation.mp4"]);

    let letter = site.write("letter.mp4", "Dear colleague, this is no video.\n");
    let no_video = Sources { endoscope: Some(letter), ..Sources::generated(Case::Endoscopy) };
    let config = site.write("theatre.toml", &site.theatre_toml(&no_video, 9));
    let program = site.start("or-display", &config, |command| display.give_to(command));
    assert_ends(program, 66, &["endoscope", "letter.mp4"]);
}

#[test]
fn a_port_in_use_is_told_with_the_paths_name() {
    let _machine = machine();
    let site = Site::new("fault-port");
    let (_taken, port) = taken_port();
    let config = site.write("theatre.toml", &site.theatre_toml(&Sources::generated(Case::Endoscopy), port));
    assert_ends(site.start("capture-node", &config, |_| {}), 69, &["path", &port.to_string()]);
}

#[test]
fn an_expired_certificate_of_ones_own_is_told_at_start() {
    let _machine = machine();
    let mut site = Site::new("fault-expired");
    site.theatre = certificates::make_expired(&site.folder, "theatre").expect("a certificate");
    let (socket, port) = taken_port();
    drop(socket);
    let config = site.write("theatre.toml", &site.theatre_toml(&Sources::generated(Case::Endoscopy), port));
    assert_ends(site.start("capture-node", &config, |_| {}), 77, &["theatre.crt", "expired"]);
}

#[test]
fn without_a_display_each_window_program_says_so() {
    let _machine = machine();
    let site = Site::new("fault-display");
    let config = site.write("theatre.toml", &site.theatre_toml(&Sources::generated(Case::Endoscopy), 9));
    assert_ends(site.start("or-display", &config, |_| {}), 69, &["DISPLAY"]);
    let config = site.write("console.toml", &site.console_toml());
    assert_ends(site.start("mentor-console", &config, |_| {}), 69, &["DISPLAY"]);
}

#[test]
fn a_trace_that_cannot_be_made_is_told_with_the_file() {
    let _machine = machine();
    let site = Site::new("fault-trace");
    let (socket, port) = taken_port();
    drop(socket);
    let config = site.write("theatre.toml", &site.theatre_toml(&Sources::generated(Case::Endoscopy), port));
    let program = site.start("capture-node", &config, |command| {
        command.arg("--trace").arg("/nowhere/trace.jsonl");
    });
    assert_ends(program, 66, &["/nowhere/trace.jsonl", "folder"]);

    let display = Display::start_virtual(640, 480, &site.folder.join("xvfb.log")).expect("a display");
    let _surgeons = site.start("or-display", &config, |command| {
        command.arg("--trace").arg("/nowhere/trace.jsonl");
        display.give_to(command);
    });
    let screen = Screen::connect(&display).expect("the display");
    screen.window("OR display", SOON).expect("the surgeon's picture needs no trace");
}

/// Two pictures at the window, one after the other, are not the same.
fn assert_picture_goes_on(display: &Display) {
    let screen = Screen::connect(display).expect("the display");
    let place = screen.window("OR display", SOON).expect("the surgeon's picture is there");
    let window = (screen, place);
    let coloured = |image: &Image| image.rgb.chunks_exact(3).filter(|rgb| rgb[0].abs_diff(rgb[2]) > 24).count();
    let first = look::until(&window, "the operation", SOON, |image| {
        (coloured(image) > image.rgb.len() / 3 / 4).then(|| image.rgb.clone())
    });
    let first = first.expect("the operation is seen");
    look::until(&window, "another picture", SOON, |image| (image.rgb != first).then_some(())).expect("it goes on");
}

#[test]
fn a_full_disk_ends_the_trace_with_one_line_and_the_picture_goes_on() {
    let _machine = machine();
    let site = Site::new("fault-disk");
    let config = site.write("theatre.toml", &site.theatre_toml(&light(), 9));
    let display = Display::start_virtual(1280, 720, &site.folder.join("xvfb.log")).expect("a display");
    let mut program = site.start("or-display", &config, |command| {
        display.give_to(command);
        command.arg("--trace").arg("/dev/full");
    });
    program.wait_for_line("tracing ends here", SOON).expect("the trace ends");
    assert_picture_goes_on(&display);
    program.stop().expect("it was running");
    let printed = program.printed();
    assert_eq!(printed.matches("tracing ends here").count(), 1, "{printed}");
}

#[test]
fn a_run_folder_that_cannot_be_written_is_told_and_the_surgeon_sees_the_picture_all_the_same() {
    let _machine = machine();
    let site = Site::new("fault-run-dir");
    let file = site.write("no-folder", "");
    let right = format!("run_dir = \"{}\"", site.folder.join("run").display());
    let wrong = format!("run_dir = \"{}\"", file.join("run").display());
    let config = site.write("theatre.toml", &site.theatre_toml(&light(), 9).replace(&right, &wrong));
    let display = Display::start_virtual(1280, 720, &site.folder.join("xvfb.log")).expect("a display");
    let mut program = site.start("or-display", &config, |command| display.give_to(command));
    assert_picture_goes_on(&display);
    program.stop().expect("it was running");
    let printed = program.printed();
    let told = printed.lines().find(|line| line.contains("run_dir")).expect("it is told");
    assert!(told.contains("no-folder/run") && told.contains("name a folder that can be written"), "{told}");
    assert!(told.contains("the picture is shown without marks"), "{told}");
}

#[test]
fn a_killed_display_is_back_within_three_seconds_under_load_without_network_or_certificates() {
    let _machine = machine();
    let site = Site::new("fault-killed");
    site.write("theatre.toml", &site.theatre_toml(&light(), 9));
    fs::remove_file(&site.theatre.certificate).expect("it is there");
    let display = Display::start_virtual(1280, 720, &site.folder.join("xvfb.log")).expect("a display");
    let mut theatre = start_theatre(&site.folder, &display).expect("it starts");
    let mut trace = Follower::new(&site.folder.join("or-display-endoscope.jsonl"));
    let shown_by = |records: &[Record], not: Option<u32>| {
        let pid = |record: &Record| if let Record::Start(start) = record { Some(start.pid) } else { None };
        let life = records.iter().skip_while(|record| pid(record).is_none_or(|pid| Some(pid) == not));
        let shown = life.clone().find_map(|record| match record {
            Record::Picture { at_sink_us, .. } => Some(*at_sink_us),
            _ => None,
        });
        life.clone().find_map(pid).zip(shown)
    };
    let (first, _) = trace.wait_for("a picture", SOON, |records| shown_by(records, None)).expect("a picture");
    let load = Load::start();
    let killed_us = program::clock::now().0;
    let pid = Pid::from_raw(i32::try_from(first).expect("a process id")).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it runs");
    let (_, back_us) = trace.wait_for("a picture", SOON, |records| shown_by(records, Some(first))).expect("it is back");
    drop(load);
    assert!(back_us - killed_us <= 3_000_000, "back after {} ms", (back_us - killed_us) / 1_000);
    theatre.stop().expect("it was running");
}

#[test]
fn a_console_whose_certificate_theatre_does_not_expect_is_refused_and_both_ends_say_why() {
    let _machine = machine();
    let mut site = Site::new("fault-stranger");
    let (socket, port) = taken_port();
    drop(socket);
    let config = site.write("theatre.toml", &site.theatre_toml(&Sources::generated(Case::Endoscopy), port));
    let mut theatre = site.start("capture-node", &config, |_| {});
    site.console = certificates::make(&site.folder, "stranger").expect("a certificate");
    let paths = [([127, 0, 0, 1], port).into()];
    let config = site.write("console.toml", &files::console(&light(), &paths, &site.theatre, &site.console));
    let display = Display::start_virtual(1280, 720, &site.folder.join("xvfb.log")).expect("a display");
    let mut console = site.start("mentor-console", &config, |command| display.give_to(command));
    theatre.wait_for_line("a peer was refused", SOON).expect("theatre says so");
    console.wait_for_line("it is not the one the peer expects", SOON).expect("the console says so");
    console.stop().expect("it was running");
    theatre.stop().expect("it was running");
}

#[test]
fn datagrams_of_strangers_do_not_touch_a_session() {
    let mut stage = Stage::set("fault-strangers", light(), "clean");
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let config = fs::read_to_string(stage.rig.trace("theatre").with_extension("toml")).expect("theatre.toml");
    let ports = config
        .lines()
        .filter_map(|line| line.strip_prefix("listen = \"127.0.0.1:")?.trim_end_matches('"').parse().ok());
    let ports: Vec<u16> = ports.collect();
    assert_eq!(ports.len(), 2);
    // A fixed sequence that looks like nothing: xorshift (Marsaglia 2003).
    let mut state = 0x9E37_79B9_u32;
    let mut bytes = [0_u8; 1200];
    for length in (0..1200).step_by(3) {
        for byte in &mut bytes[..length] {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            *byte = state as u8;
        }
        for port in &ports {
            stranger.send_to(&bytes[..length], ("127.0.0.1", *port)).expect("loopback takes it");
        }
    }
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    stage.end();
}
