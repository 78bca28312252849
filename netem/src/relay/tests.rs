//! The relay on real sockets of the loopback interface.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use super::*;

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Ends a test that would hang; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(20);

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind(ANY).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A relay of the profile and, for each path, the end that listens and the end that dials.
fn relay(profile: &str) -> (Relay, Vec<UdpSocket>, Vec<UdpSocket>) {
    let profile = Profile::by_name(profile).unwrap();
    let listeners: Vec<UdpSocket> = profile.paths.iter().map(|_| socket()).collect();
    let paths = listeners.iter().map(|listener| Path { listen: ANY, far: listener.local_addr().unwrap() }).collect();
    let relay = Relay::start(Config { paths, profile, seed: 1 }).unwrap();
    let diallers = relay.addresses().iter().map(|address| {
        let dialler = socket();
        dialler.connect(address).unwrap();
        dialler
    });
    let diallers = diallers.collect();
    (relay, listeners, diallers)
}

#[test]
fn datagrams_pass_both_ways_in_order_no_sooner_than_the_link_says_and_lateness_is_reported() {
    let (relay, listeners, diallers) = relay("wan");
    relay.start_counting();
    let mut buffer = [0; 2_000];
    for (listener, dialler) in listeners.iter().zip(&diallers) {
        let sent = Clock::start();
        for number in 0..50u8 {
            dialler.send(&[number; 1_200]).unwrap();
        }
        let mut back = None;
        for number in 0..50 {
            let (len, from) = listener.recv_from(&mut buffer).unwrap();
            assert_eq!(buffer[..len], [number; 1_200]);
            back = Some(from);
        }
        listener.send_to(b"answer", back.unwrap()).unwrap();
        let len = dialler.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"answer");
        assert!(sent.now_us() >= 20_000, "the way there and back is 20 ms, it took {} us", sent.now_us());
    }
    let report = relay.stop();
    for path in &report.paths {
        assert_eq!((path.to_listener.delivered_packets, path.to_listener.delivered_bytes), (50, 60_000));
        assert_eq!((path.to_dialler.packets, path.to_dialler.bytes, path.to_dialler.delivered_packets), (1, 6, 1));
        assert_eq!(path.to_listener.dropped, Drops::default());
    }
    assert_eq!(report.lateness.count, 102);
    assert!(report.lateness.p50_us <= report.lateness.p99_us && report.lateness.p99_us <= report.lateness.max_us);
}

#[test]
fn a_cut_path_is_dark_and_the_other_is_not() {
    let (relay, listeners, diallers) = relay("clean");
    relay.cut(0, Duration::from_secs(3_600)).unwrap();
    let mut buffer = [0; 16];
    diallers[0].send(b"into the dark").unwrap();
    // Once the first of these is through, the relay looks at every socket again before the second.
    for word in [b"after it", b"and more"] {
        diallers[1].send(word).unwrap();
        let len = listeners[1].recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], word);
    }
    let report = relay.stop();
    assert_eq!((report.paths[0].to_listener.packets, report.paths[0].to_listener.dropped.dark), (1, 1));
    assert_eq!(report.paths[1].to_listener.delivered_packets, 2);
}

#[test]
fn what_passed_before_counting_is_not_counted() {
    let (relay, listeners, diallers) = relay("clean");
    let mut buffer = [0; 16];
    let mut pass = || {
        diallers[0].send(b"word").unwrap();
        listeners[0].recv(&mut buffer).unwrap();
    };
    pass();
    relay.start_counting();
    pass();
    let report = relay.stop();
    let counted = report.paths[0].to_listener;
    assert_eq!((counted.packets, counted.delivered_packets, report.lateness.count), (1, 1, 1));
}

#[test]
fn the_dialling_end_may_change_its_address() {
    let (relay, listeners, diallers) = relay("clean");
    let mut buffer = [0; 16];
    diallers[0].send(b"from here").unwrap();
    let (_, back) = listeners[0].recv_from(&mut buffer).unwrap();
    let moved = socket();
    moved.send_to(b"from there", relay.addresses()[0]).unwrap();
    listeners[0].recv_from(&mut buffer).unwrap();
    listeners[0].send_to(b"hello", back).unwrap();
    let len = moved.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"hello");
}

#[test]
fn an_absent_listener_harms_nothing_and_is_met_when_it_comes() {
    let (relay, mut listeners, diallers) = relay("clean");
    let address = listeners[0].local_addr().unwrap();
    drop(listeners.remove(0));
    diallers[0].send(b"nobody there").unwrap();
    diallers[0].send(b"still nobody").unwrap();
    let listener = UdpSocket::bind(address).unwrap();
    listener.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut buffer = [0; 16];
    // An ICMP answer to the first two may eat one more; the sender keeps on, as a peer that re-dials would.
    let met = (0..200).any(|_| diallers[0].send(b"again").is_ok() && listener.recv(&mut buffer).is_ok());
    assert!(met);
    drop(relay);
}

#[test]
fn a_port_in_use_and_a_wrong_number_of_paths_are_refused_in_words() {
    let taken = socket();
    let path = |listen| Path { listen, far: ANY };
    let start = |paths| Relay::start(Config { paths, profile: Profile::by_name("wan").unwrap(), seed: 1 });
    let taken_port = taken.local_addr().unwrap();
    let text = start(vec![path(ANY), path(taken_port)]).unwrap_err().to_string();
    assert!(text.contains("path 1") && text.contains(&taken_port.port().to_string()), "{text}");
    let text = start(vec![path(ANY)]).unwrap_err().to_string();
    assert!(text.contains("\"wan\" has 2 paths, but 1"), "{text}");
}

#[test]
fn a_path_that_does_not_exist_cannot_be_cut() {
    let (relay, _listeners, _diallers) = relay("clean");
    assert!(matches!(relay.cut(2, Duration::ZERO), Err(Error::NoPath { path: 2, paths: 2 })));
}
