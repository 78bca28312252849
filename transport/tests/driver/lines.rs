//! Two uplinks with real interfaces: cut, pulled out and plugged in again, and given other addresses, while pictures travel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use transport::driver::{End, PathConfig, Uplink};
use transport::hello::Role;
use transport::path::State;

use crate::ends::{Running, any_port, console, files, now, theatre, with_paths};
use crate::namespaces::{apart, connect, far, ip, ip_far, nodad, plug, received_bytes};
use crate::pictures::{A_SECOND, Camera, FRAME_BYTES, Mentor};

/// Addresses of lines `fibre` and `modem`, near and far, and what else `modem` may be called near.
struct Addresses {
    a: [&'static str; 2],
    b: [&'static str; 2],
    other_b: &'static str,
}

const V4: Addresses =
    Addresses { a: ["10.71.1.1/24", "10.71.1.2/24"], b: ["10.71.2.1/24", "10.71.2.2/24"], other_b: "10.71.2.9/24" };
const V6: Addresses =
    Addresses { a: ["fd71:1::1/64", "fd71:1::2/64"], b: ["fd71:2::1/64", "fd71:2::2/64"], other_b: "fd71:2::9/64" };

/// The address alone of one with its network's length.
fn bare(address: &str) -> &str {
    address.split('/').next().unwrap()
}

/// Every address of the family of `address`.
fn any(address: &str) -> IpAddr {
    if address.contains(':') { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() }
}

fn socket(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(bare(address).parse().unwrap(), port)
}

/// A session from near, by the address of `fibre` and the interface of `modem`, to a theatre far away, with pictures on
/// both.
fn session(test: &str, addresses: &Addresses) -> (Running, Camera, Mentor) {
    connect([addresses.a, addresses.b]);
    let (theatre_files, console_files) = files(test);
    let listen = [socket(addresses.a[1], 7001), socket(addresses.b[1], 7002)];
    let theatre = far(|| theatre(1, theatre_files, &listen).unwrap());
    let uplinks = [Uplink::Address(socket(addresses.a[0], 0)), Uplink::Interface("modem".to_owned())];
    let paths = listen.iter().zip(uplinks).zip(["fibre", "modem"]).map(|((to, uplink), name)| PathConfig {
        name: name.to_owned(),
        end: End::Dial(to.to_string()),
        uplink,
    });
    let console = Running::start(with_paths(Role::Console, 1000, console_files, paths.collect()));
    let mut mentor = Mentor::new(console);
    (0..2).for_each(|path| mentor.until_path(path, State::Live, None));
    let camera = Camera::start(theatre.handle.clone());
    mentor.watch(A_SECOND);
    (theatre, camera, mentor)
}

/// Where there are no interfaces to cut: a path less costs no picture either.
fn remove_a_path(test: &str) {
    let (theatre_files, console_files) = files(test);
    let theatre = theatre(1, theatre_files, &[any_port(), any_port()]).unwrap();
    let mut mentor = Mentor::new(console(1000, console_files, theatre.handle.listening()));
    (0..2).for_each(|path| mentor.until_path(path, State::Live, None));
    let _camera = Camera::start(theatre.handle.clone());
    mentor.watch(A_SECOND);
    mentor.end.handle.remove_path("0").unwrap();
    mentor.watch(A_SECOND);
    mentor.assert_unharmed();
}

/// In turn for each family of addresses, since IPv6 is worth as much as IPv4.
fn both_families(test: &str, body: impl Fn(&str, &Addresses)) {
    let full = format!("lines::{test}");
    let run = || {
        for addresses in [V4, V6] {
            body(test, &addresses);
            ["fibre", "modem"].into_iter().for_each(|line| ip(&format!("link delete {line}")));
        }
    };
    apart(&full, run, || remove_a_path(test));
}

#[test]
fn a_session_leaves_by_the_uplinks_it_was_given_and_outlives_a_cut_of_either() {
    both_families("a_session_leaves_by_the_uplinks_it_was_given_and_outlives_a_cut_of_either", |test, addresses| {
        let (_theatre, _camera, mut mentor) = session(test, addresses);
        let before = ["fibre", "modem"].map(received_bytes);
        mentor.watch(A_SECOND);
        let carried = ["fibre", "modem"].map(received_bytes);
        for (before, carried) in before.into_iter().zip(carried) {
            assert!(carried - before >= (A_SECOND * FRAME_BYTES) as u64, "each line carries every picture");
        }
        for (path, line) in [(0, "fibre"), (1, "modem")] {
            ip(&format!("link set {line} down"));
            mentor.until_path(path, State::Dark, Some("the line itself is down"));
            mentor.watch(A_SECOND);
            ip(&format!("link set {line} up"));
            mentor.until_path(path, State::Live, None);
            mentor.watch(A_SECOND);
        }
        mentor.assert_unharmed();
    });
}

#[test]
fn an_interface_is_used_whatever_the_routes_prefer() {
    let test = "lines::an_interface_is_used_whatever_the_routes_prefer";
    let body = || {
        connect([V4.a, V4.b]);
        ip_far("address add 10.71.9.9/32 dev lo");
        ip("route add 10.71.9.9 via 10.71.1.2 dev fibre metric 10");
        ip("route add 10.71.9.9 via 10.71.2.2 dev modem metric 20");
        let (theatre_files, console_files) = files("preferred");
        let listen = "10.71.9.9:7001".parse().unwrap();
        let theatre = far(|| theatre(1, theatre_files, &[listen]).unwrap());
        let uplink = Uplink::Interface("modem".to_owned());
        let path = PathConfig { name: "modem".to_owned(), end: End::Dial(listen.to_string()), uplink };
        let mut mentor = Mentor::new(Running::start(with_paths(Role::Console, 1000, console_files, vec![path])));
        mentor.until_path(0, State::Live, None);
        let before = ["fibre", "modem"].map(received_bytes);
        let _camera = Camera::start(theatre.handle.clone());
        mentor.watch(A_SECOND);
        let [by_a, by_b] = ["fibre", "modem"].map(received_bytes);
        assert!(by_b - before[1] > (A_SECOND * FRAME_BYTES) as u64 && by_a - before[0] < FRAME_BYTES as u64);
    };
    apart(test, body, || remove_a_path("preferred"));
}

#[test]
fn an_interface_with_another_address_keeps_its_connection() {
    both_families("an_interface_with_another_address_keeps_its_connection", |test, addresses| {
        let (_theatre, _camera, mut mentor) = session(test, addresses);
        let before = received_bytes("modem");
        ip(&format!("address delete {} dev modem", addresses.b[0]));
        ip(&format!("address add {} dev modem{}", addresses.other_b, nodad(addresses.other_b)));
        mentor.watch(A_SECOND);
        mentor.until_path(1, State::Live, None);
        mentor.watch(A_SECOND);
        assert!(received_bytes("modem") - before >= (A_SECOND * FRAME_BYTES) as u64);
        mentor.assert_unharmed();
    });
}

#[test]
fn a_modem_that_is_plugged_in_again_carries_pictures_by_the_same_connection() {
    both_families("a_modem_that_is_plugged_in_again_carries_pictures_by_the_same_connection", |test, addresses| {
        let (_theatre, _camera, mut mentor) = session(test, addresses);
        ip("link delete modem");
        mentor.until_path(1, State::Dark, Some("the network interface of this path is gone"));
        mentor.watch(A_SECOND);
        let plugged = now();
        plug("modem", addresses.other_b, addresses.b[1]);
        mentor.until_path(1, State::Live, None);
        println!("live {:?} after the modem came back", now().since(plugged));
        mentor.watch(A_SECOND);
        assert!(received_bytes("modem") >= (A_SECOND * FRAME_BYTES) as u64);
        mentor.assert_unharmed();
    });
}

#[test]
fn an_address_that_goes_takes_its_path_with_it_and_brings_it_back() {
    both_families("an_address_that_goes_takes_its_path_with_it_and_brings_it_back", |test, addresses| {
        let (_theatre, _camera, mut mentor) = session(test, addresses);
        ip(&format!("address delete {} dev fibre", addresses.a[0]));
        mentor.until("darkness", |mentor| {
            mentor.changes.iter().any(|(path, state, _)| (*path, *state) == (0, State::Dark))
        });
        mentor.watch(A_SECOND);
        ip(&format!("address add {} dev fibre{}", addresses.a[0], nodad(addresses.a[0])));
        mentor.until_path(0, State::Live, None);
        mentor.watch(A_SECOND);
        mentor.assert_unharmed();
    });
}

#[test]
fn a_modem_under_a_path_that_listens_is_listened_on_again_when_it_is_back() {
    both_families("a_modem_under_a_path_that_listens_is_listened_on_again_when_it_is_back", |test, addresses| {
        connect([addresses.a, addresses.b]);
        let (theatre_files, console_files) = files(test);
        let listen = [socket(addresses.a[0], 7001), SocketAddr::new(any(addresses.b[0]), 7002)];
        let uplinks = [Uplink::Routed, Uplink::Interface("modem".to_owned())];
        let paths = listen.iter().zip(uplinks).zip(["fibre", "modem"]).map(|((at, uplink), name)| PathConfig {
            name: name.to_owned(),
            end: End::Listen(*at),
            uplink,
        });
        let theatre = Running::start(with_paths(Role::Theatre, 1, theatre_files, paths.collect()));
        let dial = [socket(addresses.a[0], 7001), socket(addresses.b[0], 7002)];
        let mut mentor = Mentor::new(far(|| console(1000, console_files, &dial)));
        (0..2).for_each(|path| mentor.until_path(path, State::Live, None));
        let _camera = Camera::start(theatre.handle.clone());
        mentor.watch(A_SECOND);
        ip("link delete modem");
        mentor.until_path(1, State::Dark, Some("the line itself is down"));
        mentor.watch(A_SECOND);
        plug("modem", addresses.b[0], addresses.b[1]);
        mentor.until_path(1, State::Live, None);
        mentor.watch(A_SECOND);
        mentor.assert_unharmed();
    });
}
