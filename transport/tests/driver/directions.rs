//! Who dials whom: theatre behind a carrier's NAT dials, theatre in a DMZ listens, or one path each way.

use protocol::ids::Epoch;
use transport::driver::{End, Facts};
use transport::hello::Role;
use transport::path::State;
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{Running, any_port, end, files};

fn dial(listener: &Running, at: usize) -> End {
    End::Dial(listener.handle.listening().get(at).unwrap().to_string())
}

/// A frame and a message each way pass, with every path live at both ends.
fn assert_session(theatre: &Running, console: &Running, paths: usize) {
    for end in [theatre, console] {
        // Facts are told before the event of the same change.
        let all_live =
            |facts: &Facts| facts.paths.iter().filter(|path| path.facts.state == State::Live).count() == paths;
        end.wait_for("live paths", |_| all_live(&end.handle.facts()).then_some(()));
    }
    theatre.handle.send_frame(Frame::new(true, vec![7; 30_000]).unwrap()).unwrap();
    let frame = console.wait_for("frame", |event| match event {
        Event::Frame(frame) => Some(frame.clone()),
        _ => None,
    });
    assert!(frame.bytes == vec![7; 30_000]);
    theatre.handle.send_message(b"layout".to_vec()).unwrap();
    console.handle.send_message(b"mark".to_vec()).unwrap();
    assert_eq!((console.wait_for_message(), theatre.wait_for_message()), (b"layout".to_vec(), b"mark".to_vec()));
}

#[test]
fn theatre_dials_a_console_that_listens() {
    let (theatre_files, console_files) = files("theatre_dials");
    let console = end(Role::Console, 1000, console_files, vec![End::Listen(any_port()), End::Listen(any_port())]);
    let theatre = end(Role::Theatre, 1, theatre_files, vec![dial(&console, 0), dial(&console, 1)]);
    assert_session(&theatre, &console, 2);
}

#[test]
fn one_path_is_dialled_by_theatre_and_the_other_by_the_console() {
    // The console must know theatre's port before theatre has it: one that was free a moment ago.
    let (theatre_files, console_files) = files("one_path_each_way");
    let reserved = std::net::UdpSocket::bind(any_port()).unwrap();
    let theatre_port = reserved.local_addr().unwrap();
    let console =
        end(Role::Console, 1000, console_files, vec![End::Listen(any_port()), End::Dial(theatre_port.to_string())]);
    drop(reserved);
    let theatre = end(Role::Theatre, 1, theatre_files, vec![dial(&console, 0), End::Listen(theatre_port)]);
    assert_session(&theatre, &console, 2);
}

#[test]
fn a_theatre_that_dials_and_starts_again_is_known_for_a_new_life() {
    let (theatre_files, console_files) = files("dialling_theatre_again");
    let console = end(Role::Console, 1000, console_files, vec![End::Listen(any_port())]);
    let first = end(Role::Theatre, 1, theatre_files.clone(), vec![dial(&console, 0)]);
    assert_eq!(console.wait_for_peer(), (Epoch(1), false));
    first.wait_for_peer();
    first.handle.stop();
    assert!(console.wait_for_refusal().contains("the program has stopped"));
    let second = end(Role::Theatre, 2, theatre_files, vec![dial(&console, 0)]);
    assert_eq!(console.wait_for_peer(), (Epoch(2), true));
    assert_session(&second, &console, 1);
}
