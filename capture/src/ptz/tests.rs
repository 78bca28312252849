//! A camera that is a real UDP socket, and what it is told.

use std::net::SocketAddr;

use protocol::camera::Drive;

use super::*;
use visca::Order;

const ROOM: SourceId = SourceId(3);

/// A simulated camera.
struct Simulated {
    socket: UdpSocket,
}

impl Simulated {
    fn new() -> (Self, Cameras) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let camera = Camera::start("room", socket.local_addr().unwrap().to_string()).unwrap();
        (Self { socket }, Cameras([(ROOM, camera)].into()))
    }

    /// The next packet, and who sent it.
    fn hear(&self) -> (Vec<u8>, SocketAddr) {
        let mut packet = [0; 64];
        let (count, from) = self.socket.recv_from(&mut packet).unwrap();
        (packet[..count].to_vec(), from)
    }

    /// The next packet, which is acknowledged (`90 41 FF`), and its payload.
    fn take(&self) -> Vec<u8> {
        self.answer(&[0x90, 0x41, 0xFF])
    }

    /// The next packet, which is answered so unless it is a reset, and its payload.
    fn answer(&self, says: &[u8]) -> Vec<u8> {
        let (packet, from) = self.hear();
        let answer = match packet[0] {
            0x02 => [&[0x02, 0x01, 0, 1], &packet[4..8], &[0x01]].concat(),
            _ => [&[0x01, 0x11, 0, says.len() as u8], &packet[4..8], says].concat(),
        };
        self.socket.send_to(&answer, from).unwrap();
        packet[8..].to_vec()
    }

    /// The payload of the next packet that is none of `known`: what was not yet acknowledged may come twice.
    fn next_but(&self, known: &[u8]) -> Vec<u8> {
        std::iter::repeat_with(|| self.take()).find(|payload| payload != known).unwrap()
    }
}

fn ask(cameras: &Cameras, action: Action) -> Result<(), Refusal> {
    cameras.ask(Command { source: ROOM, action })
}

fn payload(order: Order) -> Vec<u8> {
    order.packet(0)[8..].to_vec()
}

#[test]
fn a_camera_moves_as_it_is_told_and_stops_by_itself_when_nobody_speaks_any_more() {
    let (simulated, cameras) = Simulated::new();
    let drive = Drive { pan: 60, tilt: -20, zoom: 0 };
    let begun = clock::now();
    ask(&cameras, Action::Drive(drive)).unwrap();
    assert_eq!(simulated.take(), payload(Order::Reset));
    let moves = simulated.next_but(&payload(Order::Reset));
    assert_eq!(moves, [0x81, 0x01, 0x06, 0x01, 0x0F, 0x05, 0x02, 0x02, 0xFF]);
    let stop = simulated.next_but(&moves);
    assert_eq!(stop, [0x81, 0x01, 0x06, 0x01, 0x01, 0x01, 0x03, 0x03, 0xFF]);
    assert!(clock::now().since(begun) >= pilot::DEAD_MAN);
}

#[test]
fn a_camera_that_moves_when_theatre_ends_is_stopped() {
    let (simulated, cameras) = Simulated::new();
    ask(&cameras, Action::Drive(Drive { zoom: 100, ..Drive::STOP })).unwrap();
    assert_eq!(simulated.take(), payload(Order::Reset));
    let zooms = simulated.next_but(&payload(Order::Reset));
    assert_eq!(zooms, [0x81, 0x01, 0x04, 0x07, 0x27, 0xFF]);
    drop(cameras);
    assert_eq!(simulated.next_but(&zooms), [0x81, 0x01, 0x04, 0x07, 0x00, 0xFF]);
}

#[test]
fn a_camera_whose_buffer_is_full_is_told_to_stop_until_it_does() {
    let (simulated, cameras) = Simulated::new();
    ask(&cameras, Action::Drive(Drive { pan: 60, ..Drive::STOP })).unwrap();
    assert_eq!(simulated.take(), payload(Order::Reset));
    let moves = simulated.next_but(&payload(Order::Reset));
    let stop = payload(Order::pan_tilt(Drive::STOP));
    let refused = std::iter::repeat_with(|| simulated.answer(&[0x90, 0x60, 0x03, 0xFF])).find(|told| *told != moves);
    assert_eq!(refused, Some(stop.clone()));
    assert_eq!(simulated.take(), stop, "again");
}

#[test]
fn no_message_moves_a_source_that_theatre_does_not_grant() {
    let (_simulated, cameras) = Simulated::new();
    let command = Command { source: SourceId(0), action: Action::Home };
    assert_eq!(cameras.ask(command), Err(Refusal::NotGranted(SourceId(0))));
    assert_eq!(cameras.offers(), [Offer { source: ROOM, health: Health::Ready }]);
}
