//! A peer: a process that sends one GStreamer pipeline, or serves it by RTSP, until it is killed.
//!
//! It is this very test program, started again with its part in the environment, so that nothing has to be installed
//! and a kill is a real one. It dies with the test that started it.

use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;

/// The environment variable that holds the part: `send LINE` or `serve PORT USER:PASSWORD LINE`.
const PART: &str = "SOURCES_TEST_PEER";

/// User and password of a served stream, as a part writes them; `-` lets everybody in.
pub const OPEN: &str = "-";

/// A peer that is killed when dropped.
pub struct Peer(Child);

impl Peer {
    /// Sends what `line` describes, beginning anew whenever it breaks.
    pub fn sends(line: &str) -> Self {
        Self::plays(&format!("send {line}"))
    }

    /// Serves what `line` describes at `rtsp://127.0.0.1:PORT/stream`, to whoever has `login`.
    pub fn serves(port: u16, login: &str, line: &str) -> Self {
        Self::plays(&format!("serve {port} {login} {line}"))
    }

    fn plays(part: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "peer::plays_its_part_until_it_is_killed", "--nocapture"]).env(PART, part);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A UDP port of this machine that is free now.
pub fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A TCP port of this machine that is free now.
pub fn free_tcp_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Colour bars of this size, as the beginning of a peer's line.
pub fn bars(width: u16, height: u16) -> String {
    format!(
        "videotestsrc is-live=true pattern=smpte75 ! video/x-raw,format=I420,width={width},height={height},framerate=15/1"
    )
}

/// Not a test where nobody asked for a peer.
#[test]
fn plays_its_part_until_it_is_killed() {
    let Ok(part) = std::env::var(PART) else { return };
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    gst::init().unwrap();
    let (play, rest) = part.split_once(' ').unwrap();
    if play == "send" {
        loop {
            send(rest);
        }
    }
    let mut words = rest.splitn(3, ' ');
    let [port, login, line] = [(); 3].map(|()| words.next().unwrap());
    serve(port, login, line);
}

/// Sends until it breaks, as a caller does whom nobody answers.
fn send(line: &str) {
    let pipeline = gst::parse::launch(line).unwrap();
    if pipeline.set_state(gst::State::Playing).is_ok() {
        let broken = [gst::MessageType::Error, gst::MessageType::Eos];
        pipeline.bus().unwrap().timed_pop_filtered(None, &broken);
    }
    pipeline.set_state(gst::State::Null).unwrap();
}

fn serve(port: &str, login: &str, line: &str) {
    let server = rtsp::RTSPServer::new();
    server.set_address("127.0.0.1");
    server.set_service(port);
    let stream = rtsp::RTSPMediaFactory::new();
    stream.set_launch(&format!("( {line} )"));
    stream.set_shared(true);
    if let Some((user, password)) = login.split_once(':') {
        let token = rtsp::RTSPToken::builder().field("media.factory.role", "viewer").build();
        let auth = rtsp::RTSPAuth::new();
        auth.add_basic(&rtsp::RTSPAuth::make_basic(user, password), &token);
        server.set_auth(Some(&auth));
        let rights = gst::Structure::builder("viewer");
        let rights = rights.field("media.factory.access", true).field("media.factory.construct", true);
        stream.add_role_from_structure(&rights.build());
    }
    server.mount_points().unwrap().add_factory("/stream", stream);
    let _attached = server.attach(None).unwrap();
    gst::glib::MainLoop::new(None, false).run();
}
