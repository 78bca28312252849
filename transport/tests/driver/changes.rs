//! Paths added and removed while a session runs over real sockets.

use transport::driver::{ChangeError, End, PathConfig, PathFacts, Uplink};
use transport::path::{PathId, State};
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{Running, any_port, console, files, theatre};

fn path(name: &str, end: End) -> PathConfig {
    PathConfig { name: name.to_owned(), end, uplink: Uplink::Routed }
}

fn session(test: &str) -> (Running, Running) {
    let (theatre_files, console_files) = files(test);
    let theatre = theatre(1, theatre_files, &[any_port()]).unwrap();
    let console = console(1000, console_files, theatre.handle.listening());
    wait_for_state(&console, PathId(0), State::Live);
    theatre.wait_for("refresh request", |event| (*event == Event::RefreshWanted).then_some(()));
    (theatre, console)
}

fn wait_for_state(end: &Running, id: PathId, wanted: State) {
    end.wait_for("state", |event| match event {
        Event::PathChanged { path, state, .. } => (*path == id && *state == wanted).then_some(()),
        _ => None,
    });
}

fn facts(end: &Running, name: &str) -> PathFacts {
    end.handle.facts().paths.into_iter().find(|path| path.name == name).unwrap()
}

/// Adds a path to theatre and to the console.
fn add(theatre: &Running, console: &Running, name: &str) {
    theatre.handle.add_path(path(name, End::Listen(any_port()))).unwrap();
    let listening = facts(theatre, name).listening.unwrap();
    console.handle.add_path(path(name, End::Dial(listening.to_string()))).unwrap();
}

/// Sends frame `number`, changes something while it is on its way, and sees it arrive.
fn frame_during(theatre: &Running, console: &Running, number: u64, change: impl FnOnce()) {
    let picture = vec![number as u8; 200_000];
    theatre.handle.send_frame(Frame::new(number == 0, picture.clone()).unwrap()).unwrap();
    change();
    let frame = console.wait_for("frame", |event| match event {
        Event::Frame(frame) => Some(frame.clone()),
        Event::FramesLost { numbers, loss } => panic!("{numbers:?} lost: {loss:?}"),
        _ => None,
    });
    assert_eq!(frame.number, number);
    assert!(frame.bytes == picture);
}

#[test]
fn a_path_added_and_the_first_removed_mid_frame_lose_no_frame_and_no_message() {
    let (theatre, console) = session("changes");
    frame_during(&theatre, &console, 0, || add(&theatre, &console, "second"));
    if facts(&console, "second").facts.state != State::Live {
        wait_for_state(&console, PathId(1), State::Live);
    }
    for number in 1..20 {
        frame_during(&theatre, &console, number, || match number {
            10 => theatre.handle.remove_path("0").unwrap(),
            15 => console.handle.remove_path("0").unwrap(),
            _ => console.handle.send_message(vec![number as u8]).unwrap(),
        });
    }
    for number in (1..20).filter(|number| ![10, 15].contains(number)) {
        assert_eq!(theatre.wait_for_message(), [number]);
    }
    for end in [&theatre, &console] {
        let states: Vec<State> = end.handle.facts().paths.iter().map(|path| path.facts.state).collect();
        assert_eq!(states, [State::Removed, State::Live], "the second keeps its id");
    }
}

#[test]
fn the_last_path_can_go_and_the_same_port_comes_back_with_what_was_said_in_between() {
    let (theatre, console) = session("last_path");
    let address = theatre.handle.listening().first().unwrap().to_owned();
    theatre.handle.remove_path("0").unwrap();
    let why = console.wait_for_refusal();
    assert!(why.contains("the path was removed"), "{why}");
    console.handle.send_message(b"in between".to_vec()).unwrap();
    assert_eq!(theatre.handle.add_path(path("0", End::Listen(address))).unwrap(), PathId(1));
    assert_eq!(theatre.wait_for_message(), b"in between");
}

#[test]
fn changes_that_cannot_be_are_told_and_change_nothing() {
    let (theatre, console) = session("bad_changes");
    let address = *theatre.handle.listening().first().unwrap();
    for (path, told) in [
        (path("0", End::Listen(any_port())), "path.0: there is a path of this name already"),
        (path("1", End::Listen(address)), "path.1.listen: 127.0.0.1:"),
        (path("1", End::Dial("theatre".into())), "path.1.dial: `theatre` is no address"),
    ] {
        let text = theatre.handle.add_path(path).unwrap_err().to_string();
        assert!(text.starts_with(told), "{text}");
    }
    let text = theatre.handle.remove_path("9").unwrap_err().to_string();
    assert_eq!(text, "there is no path `9` to remove; the paths are `0`");
    assert_eq!(theatre.handle.facts().paths.len(), 1);
    console.handle.stop();
    assert!(matches!(console.handle.remove_path("0"), Err(ChangeError::Stopped)));
}
