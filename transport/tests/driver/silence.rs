//! Why a path has no connection, told apart as far as this machine can tell: nobody listens, nothing answers, no route, a
//! firewall here, packets too large; and what may not be opened at all.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use protocol::ids::Epoch;
use transport::driver::{End, PathConfig, Uplink, start};
use transport::hello::Role;
use transport::session::Event;

use crate::ends::{Running, any_port, files, now, theatre, with_paths};
use crate::namespaces::{apart, connect, ip};

/// Names its folder, in the process that may do nothing but what anybody may.
const UNPRIVILEGED: &str = "TRANSPORT_TEST_UNPRIVILEGED";
/// An id that owns nothing, nobody's by custom.
const NOBODY: &str = "65534";

/// Why a console that dials `address` is refused, and how long that took, in microseconds.
fn why(test: &str, address: &str) -> (String, u64) {
    let (_, console_files) = files(test);
    let path = PathConfig { name: "a".to_owned(), end: End::Dial(address.to_owned()), uplink: Uplink::Routed };
    let from = now();
    let console = Running::start(with_paths(Role::Console, 1000, console_files, vec![path]));
    let why = console.wait_for_refusal();
    (why, now().0 - from.0)
}

#[test]
fn a_port_where_no_program_listens_is_known_at_once_and_one_that_swallows_everything_within_seconds() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(silent) = UdpSocket::bind(any) else {
            eprintln!("NOT TESTED HERE: {any} needs IPv6, which this machine does not have");
            continue;
        };
        let free = UdpSocket::bind(any).unwrap().local_addr().unwrap();
        let (refused, took_us) = why("refused", &free.to_string());
        assert!(refused.starts_with("the other machine is there, but no program listens"), "{refused}");
        assert!(took_us < 1_000_000, "{took_us}");
        let (unanswered, _) = why("silent", &silent.local_addr().unwrap().to_string());
        assert!(unanswered.starts_with("the line is up, but nothing answers"), "{unanswered}");
        assert!(unanswered.contains("firewall drops UDP or its packets of 1200 bytes"), "{unanswered}");
    }
}

#[test]
fn a_line_that_is_down_forbidden_or_too_narrow_is_told_from_one_that_does_not_answer() {
    let test = "silence::a_line_that_is_down_forbidden_or_too_narrow_is_told_from_one_that_does_not_answer";
    let body = || {
        connect([["10.71.1.1/24", "10.71.1.2/24"], ["fd71::1/64", "fd71::2/64"]]);
        ip("route add prohibit 10.72.0.0/16");
        ip("route add unreachable 10.73.0.0/16");
        ip("route add prohibit fd72::/64");
        ip("link set fibre mtu 1100");
        for (address, told) in [
            ("192.0.2.1:7001", "the line itself is down"),
            ("[2001:db8::1]:7001", "the line itself is down"),
            ("10.72.0.1:7001", "a firewall on this machine forbids"),
            ("[fd72::1]:7001", "a firewall on this machine forbids"),
            ("10.73.0.1:7001", "the line is up, but the network says"),
            ("[fd71::2]:7001", "the other machine is there, but no program listens"),
        ] {
            let (why, took_us) = why("down", address);
            // IPv6 looks for its neighbour first.
            assert!(why.starts_with(told) && took_us < 3_000_000, "{address}, after {took_us} us: {why}");
        }
        let silent: SocketAddr = "10.71.1.2:7001".parse().unwrap();
        let _silent = crate::namespaces::far(|| UdpSocket::bind(silent).unwrap());
        let (why, _) = why("narrow", &silent.to_string());
        assert!(why.starts_with("this line takes no packets of 1200 bytes"), "{why}");
    };
    // Which errors mean what is held by a table beside the code.
    let instead = || {
        let (why, _) = why("down", "127.0.0.1:9");
        assert!(why.starts_with("the other machine is there"), "{why}");
    };
    apart(test, body, instead);
}

#[test]
fn a_path_that_dials_from_a_fixed_port_dials_again_from_it_at_once() {
    let (theatre_files, console_files) = files("fixed_port");
    let first = theatre(1, theatre_files.clone(), &[any_port()]).unwrap();
    let address = *first.handle.listening().first().unwrap();
    let from = UdpSocket::bind(any_port()).unwrap().local_addr().unwrap();
    let end = End::Dial(address.to_string());
    let path = PathConfig { name: "a".to_owned(), end, uplink: Uplink::Address(from) };
    let console = Running::start(with_paths(Role::Console, 1000, console_files, vec![path]));
    let mut listening = first;
    for life in 1..5 {
        let met = console.wait_for("peer", |event| match event {
            Event::PathChanged { why: Some(why), .. } if why.contains("path.a.bind") => Some(Err(why.clone())),
            Event::PeerUp { peer, .. } => Some(Ok(*peer)),
            _ => None,
        });
        assert_eq!(met, Ok(Epoch(life)));
        listening.handle.stop();
        listening = theatre(life + 1, theatre_files.clone(), &[address]).unwrap();
    }
}

#[test]
fn a_listener_on_a_port_of_the_systems_own_says_which_privilege_it_needs() {
    let test = "silence::a_listener_on_a_port_of_the_systems_own_says_which_privilege_it_needs";
    if let Some(directory) = std::env::var_os(UNPRIVILEGED) {
        let directory = std::path::PathBuf::from(directory);
        let [certificate, key] = ["theatre.pem", "theatre.key.pem"].map(|name| directory.join(name));
        let files = transport::driver::tls::Files { peer_certificate: certificate.clone(), certificate, key };
        for listen in ["0.0.0.0:443", "[::]:443"] {
            let end = End::Listen(listen.parse().unwrap());
            let path = PathConfig { name: "a".to_owned(), end, uplink: Uplink::Routed };
            let error = start(with_paths(Role::Theatre, 1, files.clone(), vec![path])).err().unwrap().to_string();
            assert!(error.starts_with("path.a.listen: this program may not use port 443; give it"), "{error}");
        }
        return;
    }
    as_nobody(test);
}

/// Starts the test called `test` again as a user who may do nothing special.
fn as_nobody(test: &str) {
    // Where that user can read: the tests' own directory may be root's.
    let directory = std::env::temp_dir().join(format!("transport-unprivileged-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (made, _) = files("unprivileged");
    for (from, name) in [(&made.certificate, "theatre.pem"), (&made.key, "theatre.key.pem")] {
        std::fs::copy(from, directory.join(name)).unwrap();
    }
    let program = directory.join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut again = if rustix::process::geteuid().is_root() {
        let mut again = Command::new("setpriv");
        let drop_all = ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
        again.args(["--reuid", NOBODY, "--regid", NOBODY]).args(drop_all).arg(&program);
        again
    } else {
        Command::new(&program)
    };
    let output = again.args(["--exact", test, "--nocapture"]).env(UNPRIVILEGED, &directory).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
