//! What a driver of [`super::Session`] relies on. Scenarios over emulated paths are in `tests/scenarios`.

use super::*;
use crate::path::Side;
use crate::schedule::Policy;
use crate::shards::Frame;

fn session(role: Role) -> Session {
    let side = if role == Role::Console { Side::Dials } else { Side::Listens };
    Session::new(Config { role, seed: 1, paths: vec![side; 2], policy: Policy::Duplicate }, MonoTime(0))
}

fn up(session: &mut Session, path: u8, now_us: u64) {
    let input = Input::PathUp { path: PathId(path), peer: Epoch(7), max_datagram_bytes: 1162 };
    session.handle(input, MonoTime(now_us));
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll()).collect()
}

#[test]
fn a_console_dials_every_path_at_once_and_theatre_none() {
    let mut console = session(Role::Console);
    assert_eq!(console.next_deadline(), Some((MonoTime(0), Reason::Dial(PathId(0)))));
    console.handle(Input::Timeout, MonoTime(0));
    assert_eq!(outputs(&mut console), [Output::Dial(PathId(0)), Output::Dial(PathId(1))]);
    assert_eq!(console.next_deadline(), None, "each dial is answered");
    assert_eq!(session(Role::Theatre).next_deadline(), None);
}

#[test]
fn after_a_time_out_the_next_deadline_lies_ahead() {
    let mut console = session(Role::Console);
    up(&mut console, 0, 0);
    console.send_message(Bytes::from_static(b"mark"), MonoTime(0)).unwrap();
    let mut now = MonoTime(0);
    for _ in 0..1000 {
        let (at, reason) = console.next_deadline().unwrap();
        assert!(at > now, "{reason:?} is due again at once");
        now = at;
        console.handle(Input::Timeout, now);
        outputs(&mut console);
    }
}

#[test]
fn a_frame_goes_out_on_every_live_path_and_on_none_it_is_counted() {
    let mut theatre = session(Role::Theatre);
    let frame = Frame::new(true, vec![5; 3000]).unwrap();
    theatre.handle(Input::Frame(frame.clone()), MonoTime(0));
    assert_eq!(outputs(&mut theatre), []);
    (0..2).for_each(|path| up(&mut theatre, path, 1));
    outputs(&mut theatre);
    theatre.handle(Input::Frame(frame), MonoTime(2));
    let sent = |wanted| move |output: &&Output| matches!(output, Output::Send { path, .. } if *path == PathId(wanted));
    let outputs = outputs(&mut theatre);
    assert_eq!(outputs.iter().filter(sent(0)).count(), 3);
    assert_eq!(outputs.iter().filter(sent(1)).count(), 3);
    let facts = theatre.facts(MonoTime(2));
    assert_eq!((facts.frames_out, facts.frames_unsent), (2, 1));
}

#[test]
fn withdrawn_frames_are_not_kept_to_be_sent_again_and_those_that_never_left_are_counted() {
    let mut theatre = session(Role::Theatre);
    (0..2).for_each(|path| up(&mut theatre, path, 1));
    theatre.handle(Input::Frame(Frame::new(true, vec![5; 3000]).unwrap()), MonoTime(2));
    outputs(&mut theatre);
    let kept = |session: &Session| session.sizes().get("frames kept").copied();
    assert_eq!(kept(&theatre), Some(1));
    theatre.handle(Input::Withdraw { frames: 2, bulk: 0 }, MonoTime(3));
    assert_eq!((kept(&theatre), outputs(&mut theatre)), (Some(0), vec![]));
    let facts = theatre.facts(MonoTime(3));
    assert_eq!((facts.frames_out, facts.frames_unsent), (3, 2));
    theatre.handle(Input::Frame(Frame::new(true, vec![6; 3000]).unwrap()), MonoTime(4));
    assert!(!outputs(&mut theatre).is_empty(), "frames after them leave as ever");
}

#[test]
fn shards_fit_the_narrowest_connected_path() {
    let mut theatre = session(Role::Theatre);
    up(&mut theatre, 0, 0);
    let input = Input::PathUp { path: PathId(1), peer: Epoch(7), max_datagram_bytes: 900 };
    theatre.handle(input, MonoTime(0));
    theatre.handle(Input::Frame(Frame::new(true, vec![5; 9000]).unwrap()), MonoTime(0));
    let longest = outputs(&mut theatre).into_iter().map(|output| match output {
        Output::Send { bytes, .. } => bytes.len(),
        _ => 0,
    });
    assert!(longest.max() <= Some(900));
}

#[test]
fn a_path_that_comes_up_for_a_new_life_closes_those_of_the_old() {
    let mut theatre = session(Role::Theatre);
    (0..2).for_each(|path| up(&mut theatre, path, 0));
    outputs(&mut theatre);
    let input = Input::PathUp { path: PathId(1), peer: Epoch(8), max_datagram_bytes: 1162 };
    theatre.handle(input, MonoTime(1000));
    let outputs = outputs(&mut theatre);
    assert!(outputs.contains(&Output::Close(PathId(0))));
    assert!(!outputs.contains(&Output::Close(PathId(1))));
    assert!(outputs.contains(&Output::Event(Event::PeerUp { peer: Epoch(8), restarted: true })));
}
