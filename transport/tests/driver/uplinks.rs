//! Which uplink a path uses: by local address, by interface, over IPv4 and IPv6; and what is told when it cannot.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use transport::driver::{End, PathConfig, Uplink, socket, start};
use transport::hello::Role;
use transport::path::State;

use crate::ends::{Running, any_port, end, files, with_paths};

fn path(name: &str, end: End, uplink: Uplink) -> PathConfig {
    PathConfig { name: name.to_owned(), end, uplink }
}

/// A message passes from one end to the other.
fn assert_message(from: &Running, to: &Running) {
    from.handle.send_message(b"mark".to_vec()).unwrap();
    assert_eq!(to.wait_for_message(), b"mark");
}

#[test]
fn two_paths_dial_from_the_two_addresses_they_are_bound_to() {
    let (_, console_files) = files("bound");
    let listeners = [(); 2].map(|()| UdpSocket::bind(any_port()).unwrap());
    let froms: [IpAddr; 2] = ["127.0.0.2".parse().unwrap(), "127.0.0.3".parse().unwrap()];
    let paths = listeners.iter().zip(froms).map(|(listener, from)| {
        let dial = End::Dial(listener.local_addr().unwrap().to_string());
        path(&from.to_string(), dial, Uplink::Address(SocketAddr::new(from, 0)))
    });
    let _console = start(with_paths(Role::Console, 1000, console_files, paths.collect())).unwrap();
    for (listener, from) in listeners.iter().zip(froms) {
        listener.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (_, source) = listener.recv_from(&mut [0; 2000]).unwrap();
        assert_eq!(source.ip(), from);
    }
}

#[test]
fn a_session_passes_between_paths_bound_to_addresses_with_and_without_a_port() {
    let (theatre_files, console_files) = files("bound_session");
    let theatre = end(Role::Theatre, 1, theatre_files, vec![End::Listen(any_port()), End::Listen(any_port())]);
    let free = UdpSocket::bind("127.0.0.3:0").unwrap().local_addr().unwrap();
    let paths = theatre.handle.listening().iter().zip(["127.0.0.2:0".parse().unwrap(), free]);
    let paths = paths.map(|(to, from)| path(&from.to_string(), End::Dial(to.to_string()), Uplink::Address(from)));
    let console = Running::start(with_paths(Role::Console, 1000, console_files, paths.collect()));
    console.wait_for("live paths", |_| {
        let live = |paths: &[transport::driver::PathFacts]| paths.iter().all(|path| path.facts.state == State::Live);
        live(&console.handle.facts().paths).then_some(())
    });
    assert_message(&console, &theatre);
}

#[test]
fn a_session_passes_over_ipv6() {
    let Ok(_) = UdpSocket::bind("[::1]:0") else { return eprintln!("not tested: this machine has no IPv6") };
    let (theatre_files, console_files) = files("ipv6");
    let theatre = end(Role::Theatre, 1, theatre_files, vec![End::Listen("[::1]:0".parse().unwrap())]);
    let dial = End::Dial(theatre.handle.listening().first().unwrap().to_string());
    let paths = vec![path("six", dial, Uplink::Address("[::1]:0".parse().unwrap()))];
    let console = Running::start(with_paths(Role::Console, 1000, console_files, paths));
    assert_message(&console, &theatre);
    assert_message(&theatre, &console);
}

#[test]
fn a_session_passes_by_a_named_interface_at_both_ends() {
    let lo = || Uplink::Interface("lo".to_owned());
    let (theatre_files, console_files) = files("interface");
    let paths = vec![path("a", End::Listen(any_port()), lo())];
    let theatre = match start(with_paths(Role::Theatre, 1, theatre_files, paths)) {
        Ok((handle, events)) => Running { handle, events },
        Err(transport::driver::Error::Socket(error @ socket::Error::Privilege { .. })) => {
            return eprintln!("not tested: {error}");
        }
        Err(error) => panic!("{error}"),
    };
    let dial = End::Dial(theatre.handle.listening().first().unwrap().to_string());
    let console = Running::start(with_paths(Role::Console, 1000, console_files, vec![path("a", dial, lo())]));
    assert_message(&console, &theatre);
    assert_message(&theatre, &console);
}

#[test]
fn what_this_machine_does_not_have_is_told_at_the_start_by_key() {
    let (_, files) = files("not_here");
    let dial = || End::Dial("127.0.0.1:7001".to_owned());
    // 203.0.113.0/24 is for documentation (RFC 5737) and nobody's.
    let elsewhere: SocketAddr = "203.0.113.99:0".parse().unwrap();
    let taken = UdpSocket::bind(any_port()).unwrap();
    let bind_taken = Uplink::Address(taken.local_addr().unwrap());
    for (path, told) in [
        (path("a", dial(), Uplink::Interface("nowhere7".into())), "path.a.interface: this machine has no interface"),
        (path("a", dial(), Uplink::Address(elsewhere)), "path.a.bind: 203.0.113.99 is no address of this machine"),
        (
            path("a", End::Listen(elsewhere), Uplink::Routed),
            "path.a.listen: 203.0.113.99 is no address of this machine",
        ),
        (path("a", dial(), bind_taken), "path.a.bind: 127.0.0.1:"),
    ] {
        let text = start(with_paths(Role::Console, 1, files.clone(), vec![path])).err().unwrap().to_string();
        assert!(text.starts_with(told), "{text}");
    }
}
