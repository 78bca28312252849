//! What participants wish of theatre: another layout, another view of the room. What theatre granted is done, and nobody else
//! moves anything.

use std::net::{SocketAddr, UdpSocket};

use capture::config::Role;
use protocol::arrangement::{Answer, Preset, Wish};
use protocol::camera::{Action, Command, Drive};
use protocol::ids::SourceId;
use protocol::message::Message;

use crate::people::Theatre;
use crate::people::peer::Peer;
use crate::stage::{SOON, light, machine};

/// A simulated camera that takes VISCA over IP (Sony: a header of 8 bytes, its last four the packet's number, then the payload).
struct Camera(UdpSocket);

impl Camera {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(SOON)).expect("a limit");
        Self(socket)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("it is bound")
    }

    /// The payload of the first command that comes; everything up to it is acknowledged.
    fn command(&self) -> Vec<u8> {
        loop {
            let mut packet = [0; 64];
            let (count, from) = self.0.recv_from(&mut packet).expect("theatre speaks to the camera");
            let is_control = packet[0] == 0x02;
            let [head, tail]: [&[u8]; 2] =
                if is_control { [&[0x02, 0x01, 0, 1], &[0x01]] } else { [&[0x01, 0x11, 0, 3], &[0x90, 0x41, 0xFF]] };
            self.0.send_to(&[head, &packet[4..8], tail].concat(), from).expect("theatre listens");
            if !is_control {
                return packet[8..count].to_vec();
            }
        }
    }

    /// Whether anybody has spoken to it.
    fn was_asked(&self) -> bool {
        self.0.set_nonblocking(true).expect("it is bound");
        self.0.peek_from(&mut [0; 64]).is_ok()
    }
}

fn drive(source: SourceId, zoom: i8) -> Message {
    Message::Camera(Command { source, action: Action::Drive(Drive { zoom, ..Drive::STOP }) })
}

#[test]
fn a_mentor_gets_what_theatre_grants_and_no_more_and_an_observer_moves_nothing() {
    let _machine = machine();
    let (room_camera, own_camera) = (Camera::new(), Camera::new());
    let people = [("anna", Role::Mentor), ("bela", Role::Mentor), ("carl", Role::Observer)];
    let theatre = Theatre::start_with("wishes", &light(), people, |text| {
        let control = |name: &str, camera: &Camera, may: bool| {
            format!("[source.{name}.control]\nvisca = \"{}\"\nmentor_may = {may}\n", camera.address())
        };
        text.replacen("[canvas]\n", "[canvas]\nmentor_may = \"main\"\n", 1)
            + &control("room", &room_camera, true)
            + "[source.door]\nrole = \"room\"\nkind = \"scene\"\nscene = \"room\"\n"
            + &control("door", &own_camera, false)
    });
    let config = capture::config::Theatre::load(&theatre.folder.join("theatre.toml")).expect("a good file");
    let source = |name| config.source_id(name).expect("a source");
    let (room, own) = (source("room"), source("door"));
    let (mut anna, mut carl) = (Peer::join(&theatre.lines[0], "clean", 1), Peer::join(&theatre.lines[2], "clean", 2));
    let width = |peer: &Peer, wanted: u16| {
        peer.wait_for("the room's tile", |story| {
            let tile = story.layout.as_ref()?.tile(room)?.tile.size.width;
            (tile == wanted).then_some(())
        });
    };
    let told = |peer: &Peer, number: usize| peer.wait_for("an answer", |story| story.granted.get(number).copied());

    // Messages of one participant come in their order: the camera was asked for when the layout is answered.
    carl.tell(&drive(room, 100));
    carl.tell(&Message::LayoutWish(Wish { preset: Preset::Insets, main: room }));
    assert_eq!(told(&carl, 0), Answer::Observer);
    anna.tell(&drive(own, 100));
    anna.tell(&Message::LayoutWish(Wish { preset: Preset::Quad, main: room }));
    assert_eq!(told(&anna, 0), Answer::NotLayout);
    assert!(!room_camera.was_asked() && !own_camera.was_asked());
    room_camera.0.set_nonblocking(false).expect("it is bound");

    let shown = anna.wait_for("a layout", |story| story.layout.clone());
    let main = shown.tile(source("endoscope")).expect("the primary has a tile").tile.size.width;
    anna.tell(&Message::LayoutWish(Wish { preset: Preset::Insets, main: room }));
    assert_eq!(told(&anna, 1), Answer::Granted);
    [&anna, &carl].into_iter().for_each(|peer| width(peer, main));
    let offered = anna.wait_for("cameras", |story| story.cameras.clone());
    assert_eq!(offered.iter().map(|offer| offer.source).collect::<Vec<_>>(), [room]);
    anna.tell(&drive(room, -100));
    assert_eq!(room_camera.command(), [0x81, 0x01, 0x04, 0x07, 0x37, 0xFF], "out, as fast as it can");
    assert!(carl.leave().cameras.is_none_or(|offered| offered.is_empty()), "who only watches is offered none");
    anna.leave();
}
