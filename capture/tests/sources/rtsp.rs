//! Network cameras, played by GStreamer's RTSP server.

use std::path::PathBuf;
use std::time::Duration;

use capture::source::{self, Event};
use protocol::frame::Freshness;

use crate::peer::{OPEN, Peer, bars, free_tcp_port};
use crate::room::{BEFORE, Room, comes_and_comes_back};

/// What cameras do: H.264 with an independent picture each second, and sound that nobody asked for.
fn camera(width: u16, height: u16) -> String {
    format!(
        "{} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 \
         audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 pt=8",
        bars(width, height)
    )
}

fn keys(port: u16, more: &str) -> String {
    format!("kind = \"rtsp\"\nlocation = \"rtsp://127.0.0.1:{port}/stream\"\n{more}")
}

#[test]
fn a_camera_over_tcp_comes_and_comes_back_in_another_size() {
    let port = free_tcp_port();
    let serve = |size: protocol::geometry::SizePx| Peer::serves(port, OPEN, &camera(size.width, size.height));
    comes_and_comes_back("rtsp-tcp", &keys(port, ""), serve);
}

#[test]
fn a_camera_over_udp_comes_and_comes_back_in_another_size() {
    let port = free_tcp_port();
    let serve = |size: protocol::geometry::SizePx| Peer::serves(port, OPEN, &camera(size.width, size.height));
    comes_and_comes_back("rtsp-udp", &keys(port, "transport = \"udp\""), serve);
}

/// A file with credentials, as long as the value lasts.
struct Credentials(PathBuf);

impl Credentials {
    fn of(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("credentials-{name}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn key(&self) -> String {
        format!("credentials = \"{}\"", self.0.display())
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_camera_that_asks_for_a_password_gets_the_one_in_the_file() {
    let port = free_tcp_port();
    let _camera = Peer::serves(port, "viewer:secret", &camera(BEFORE.width, BEFORE.height));
    let right = Credentials::of("right", "viewer\nsecret\n");
    let mut room = Room::with("rtsp-login", &keys(port, &right.key()));
    room.until("pictures for the right password", |seen| seen.freshness == Freshness::Live && seen.shows_bars());

    let wrong = Credentials::of("wrong", "viewer\nguess\n");
    let source = toml::from_str(&format!("role = \"room\"\n{}", keys(port, &wrong.key()))).unwrap();
    let told = end_of(&source);
    assert!(told.contains("another user or password") && told.contains("`credentials`"), "{told}");
    assert!(!told.contains("guess") && !told.contains("127.0.0.1"), "{told}");
}

#[test]
fn a_stream_that_the_camera_does_not_have_is_told() {
    let port = free_tcp_port();
    let _camera = Peer::serves(port, OPEN, &camera(BEFORE.width, BEFORE.height));
    // The room's source waits until the camera serves.
    let mut room = Room::with("rtsp-path", &keys(port, ""));
    room.until("pictures of the right stream", |seen| seen.freshness == Freshness::Live);
    let source = toml::from_str(&format!("role = \"room\"\n{}", keys(port, "").replace("/stream", "/other"))).unwrap();
    let told = end_of(&source);
    assert!(told.contains("mend the path in `location`"), "{told}");
}

/// What a source says that cannot work.
pub fn end_of(source: &capture::config::Source) -> String {
    let running = match source::open("viewed", source, |_| {}) {
        Ok(running) => running,
        Err(error) => return error.to_string(),
    };
    match running.events().recv_timeout(Duration::from_secs(60)).unwrap() {
        Event::Failed { what } | Event::Unfit { what } => what,
        Event::Ended => panic!("it ended without a word"),
    }
}
