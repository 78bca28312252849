//! What a connection outlives without a handshake: darkness, a NAT that gives the dialling end another address, and a line
//! that swallows large packets.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::tick;
use protocol::ids::Epoch;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use transport::path::State;
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{Running, any_port, console, files, theatre};

const FRAME_INTERVAL: Duration = Duration::from_millis(33);

/// What the router between the two ends does from now on.
enum Order {
    /// Towards theatre the session has this address, and what comes to the one before is lost.
    Rebind(SocketAddr),
    /// Nothing passes, or everything.
    Pass(bool),
    /// Larger packets vanish on their way back.
    Narrow(usize),
}

/// A router between a console and a theatre, on a thread of its own. It ends with the value.
struct Router {
    address: SocketAddr,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    fn start(theatre: SocketAddr) -> Self {
        let (orders, orders_receiver) = mpsc::channel(1);
        let (bound, address) = crossbeam_channel::bounded(1);
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let near = UdpSocket::bind(any_port()).await.unwrap();
                bound.send(near.local_addr().unwrap()).unwrap();
                route(near, theatre, orders_receiver).await;
            });
        };
        let thread = std::thread::Builder::new().name("router".to_owned()).spawn(run).unwrap();
        Self { address: address.recv().unwrap(), orders: Some(orders), thread: Some(thread) }
    }

    fn order(&self, order: Order) {
        assert!(self.orders.as_ref().unwrap().blocking_send(order).is_ok());
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn far_socket(from: SocketAddr, theatre: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(from).await.unwrap();
    socket.connect(theatre).await.unwrap();
    socket
}

async fn route(near: UdpSocket, theatre: SocketAddr, mut orders: mpsc::Receiver<Order>) {
    let (mut far, mut passes, mut dialler) = (far_socket(any_port(), theatre).await, true, None);
    let mut mtu = usize::MAX;
    let (mut out, mut back) = (vec![0; 2000], vec![0; 2000]);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Rebind(from)) => far = far_socket(from, theatre).await,
                Some(Order::Pass(pass)) => passes = pass,
                Some(Order::Narrow(bytes)) => mtu = bytes,
                None => return,
            },
            Ok((length, from)) = near.recv_from(&mut out) => {
                dialler = Some(from);
                if passes {
                    // A datagram that cannot go on is lost, as on any line.
                    let _ = far.send(out.get(..length).unwrap()).await;
                }
            }
            Ok(length) = far.recv(&mut back) => {
                if let Some(to) = dialler && passes && length <= mtu {
                    let _ = near.send_to(back.get(..length).unwrap(), to).await;
                }
            }
        }
    }
}

fn session(test: &str) -> (Running, Router, Running) {
    let (theatre_files, console_files) = files(test);
    let theatre = theatre(1, theatre_files, &[any_port()]).unwrap();
    let router = Router::start(*theatre.handle.listening().first().unwrap());
    let console = console(1000, console_files, &[router.address]);
    assert_eq!(console.wait_for_peer(), (Epoch(1), false));
    assert_eq!(theatre.wait_for_peer(), (Epoch(1000), false));
    (theatre, router, console)
}

/// Waits for a state of the one path; any other than those of a standing connection fails the test.
fn wait_for_state(end: &Running, wanted: State) {
    end.wait_for("state", |event| match event {
        Event::PathChanged { state, why, .. } => {
            assert!(matches!(state, State::Live | State::Dark), "{state:?}: {why:?}");
            (*state == wanted).then_some(())
        }
        _ => None,
    });
}

/// The next message; a connection that ends before fails the test, and so does a new handshake.
fn message_without_handshake(end: &Running) -> Vec<u8> {
    end.wait_for("message", |event| match event {
        Event::Message(bytes) => Some(bytes.to_vec()),
        Event::PathChanged { state, why, .. } => {
            assert!(matches!(state, State::Live | State::Dark), "{state:?}: {why:?}");
            None
        }
        Event::PeerUp { .. } => panic!("a new handshake"),
        _ => None,
    })
}

#[test]
fn a_dark_path_goes_on_without_a_handshake_and_delivers_what_waited() {
    let (theatre, router, console) = session("dark");
    wait_for_state(&console, State::Live);
    router.order(Order::Pass(false));
    wait_for_state(&console, State::Dark);
    console.handle.send_message(b"said in the dark".to_vec()).unwrap();
    router.order(Order::Pass(true));
    wait_for_state(&console, State::Live);
    assert_eq!(message_without_handshake(&theatre), b"said in the dark");
}

#[test]
fn a_nat_that_changes_port_and_address_of_the_dialling_end_costs_no_message_and_no_handshake() {
    let (theatre, router, console) = session("nat");
    let froms = ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"];
    for (round, from) in (0u8..).zip(froms) {
        for number in 0..10 {
            if number == 5 {
                router.order(Order::Rebind(from.parse().unwrap()));
            }
            console.handle.send_message(vec![round, number]).unwrap();
            theatre.handle.send_message(vec![round, number]).unwrap();
        }
        for number in 0..10 {
            assert_eq!(message_without_handshake(&theatre), [round, number]);
            assert_eq!(message_without_handshake(&console), [round, number]);
        }
    }
}

#[test]
fn a_line_that_swallows_packets_above_900_bytes_carries_frames_of_every_size_again_by_the_same_connection() {
    let (theatre, router, console) = session("narrow");
    wait_for_state(&console, State::Live);
    router.order(Order::Narrow(900));
    let ticks = tick(FRAME_INTERVAL);
    // Half a second to find the hole in, then frames that QUIC could pack two shards of into one packet. Each decodes by
    // itself, so that one that is lost holds none back.
    let sizes = (0..15).map(|_| 20_000).chain((0..60).map(|number| 300 * (1 + number % 13)));
    let mut arrived = Vec::new();
    for bytes in sizes {
        ticks.recv().unwrap();
        theatre.handle.send_frame(Frame::new(true, vec![1; bytes]).unwrap()).unwrap();
        arrived.extend(console.events.try_iter().filter_map(|event| match event {
            Event::Frame(frame) => Some(frame.number),
            Event::PeerUp { .. } => panic!("a new handshake"),
            _ => None,
        }));
    }
    console.wait_for("last frame", |event| match event {
        Event::Frame(frame) => {
            arrived.push(frame.number);
            (frame.number == 74).then_some(())
        }
        _ => None,
    });
    arrived.retain(|number| *number >= 15);
    assert_eq!(arrived, (15..75).collect::<Vec<_>>());
}
