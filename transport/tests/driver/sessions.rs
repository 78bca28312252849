//! Sessions that work: both directions, two paths, restarts, shutdown.

use std::sync::Arc;

use protocol::ids::Epoch;
use transport::driver::{SendError, start};
use transport::hello::Role;
use transport::path::State;
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{Running, any_port, config, console, files, now, theatre};

fn session(test: &str) -> (Running, Running) {
    let (theatre_files, console_files) = files(test);
    let theatre = theatre(1, theatre_files, &[any_port(), any_port()]).unwrap();
    let console = console(1000, console_files, theatre.handle.listening());
    (theatre, console)
}

fn live(event: &Event) -> Option<()> {
    matches!(event, Event::PathChanged { state: State::Live, .. }).then_some(())
}

#[test]
fn frames_and_messages_pass_over_two_paths_and_are_counted() {
    let (theatre, console) = session("both_ways");
    (0..2).for_each(|_| console.wait_for("live path", live));
    theatre.wait_for("refresh request", |event| (*event == Event::RefreshWanted).then_some(()));
    let picture: Vec<u8> = (0..60_000u32).map(|at| (at % 251) as u8).collect();
    for number in 0..30 {
        theatre.handle.send_frame(Frame::new(number == 0, picture.clone()).unwrap()).unwrap();
        let frame = console.wait_for("frame", |event| match event {
            Event::Frame(frame) => Some(frame.clone()),
            _ => None,
        });
        assert_eq!(frame.number, number, "none was lost");
        assert!(frame.bytes == picture);
        assert!(frame.timing.first_shard <= frame.timing.complete && frame.timing.complete <= frame.timing.released);
    }
    theatre.handle.send_message(b"layout".to_vec()).unwrap();
    console.handle.send_message(b"mark".to_vec()).unwrap();
    assert_eq!((console.wait_for_message(), theatre.wait_for_message()), (b"layout".to_vec(), b"mark".to_vec()));
    // The console's clock events come ten times a second, and facts are told twice as often.
    let facts = console.wait_for("facts", |_| {
        let facts = theatre.handle.facts();
        (facts.session.frames_out == 30 && facts.session.messages_waiting == 0).then_some(facts)
    });
    for path in &facts.paths {
        assert_eq!((path.facts.state, path.traffic.unsent_datagrams), (State::Live, 0));
        let ratio = path.traffic.udp_sent_bytes as f64 / (30.0 * 60_000.0);
        assert!((1.0..1.15).contains(&ratio), "a path carried {ratio:.3} times the frames' bytes");
    }
}

#[test]
fn words_and_a_still_pass_beside_each_other_both_ways_and_what_cannot_be_sent_says_why() {
    let (theatre, console) = session("lanes");
    (0..2).for_each(|_| console.wait_for("live path", live));
    theatre.wait_for_peer();
    let still: Vec<u8> = (0..100_000u32).map(|at| (at % 241) as u8).collect();
    theatre.handle.raise_bulk(true);
    theatre.handle.send_bulk(still.clone()).unwrap();
    for from_theatre in [true, false] {
        let (from, to) = if from_theatre { (&theatre, &console) } else { (&console, &theatre) };
        from.handle.send_voice(vec![7; 40]).unwrap();
        let heard = to.wait_for("voice", |event| match event {
            Event::Voice { number, bytes } => Some((*number, bytes.len())),
            _ => None,
        });
        assert_eq!(heard, (0, 40));
    }
    let came = console.wait_for("still", |event| match event {
        Event::Bulk(bytes) => Some(bytes.clone()),
        _ => None,
    });
    assert!(came == still);
    theatre.wait_for("word that it came", |event| (*event == Event::BulkSent).then_some(()));
    let voice = console.handle.send_voice(vec![0; 401]).unwrap_err().to_string();
    assert!(voice.contains("401 bytes") && voice.contains("1 to 400"), "{voice}");
    let bulk = console.handle.send_bulk(Vec::new()).unwrap_err().to_string();
    assert!(bulk.contains("0 bytes") && bulk.contains("in parts"), "{bulk}");
}

#[test]
fn a_console_on_the_same_machine_finds_theatres_clock_to_be_its_own() {
    let (_theatre, console) = session("clock");
    let offset = console.wait_for("clock", |event| match event {
        Event::Clock(offset) => Some(*offset),
        _ => None,
    });
    assert!(offset.offset_us.unsigned_abs() <= offset.uncertainty_us, "{offset:?}");
}

#[test]
fn the_program_is_woken_for_events() {
    let (theatre_files, console_files) = files("wake");
    let theatre = theatre(1, theatre_files, &[any_port()]).unwrap();
    let ends = vec![transport::driver::End::Dial(theatre.handle.listening().first().unwrap().to_string())];
    let (sender, woken) = crossbeam_channel::bounded(1);
    let mut config = config(Role::Console, 2, console_files, ends);
    config.wake = Some(Arc::new(move || {
        // Full: it is awake already.
        let _ = sender.try_send(());
    }));
    let (_handle, events) = start(config).unwrap();
    woken.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(!events.is_empty());
}

#[test]
fn after_theatre_starts_again_the_console_finds_it_and_is_told() {
    let (theatre_files, console_files) = files("theatre_again");
    let first = theatre(1, theatre_files.clone(), &[any_port(), any_port()]).unwrap();
    let addresses = first.handle.listening().to_vec();
    let console = console(1000, console_files, &addresses);
    assert_eq!(console.wait_for_peer(), (Epoch(1), false));
    // A path still in its handshake would be told other words.
    for end in [&console, &first] {
        (0..2).for_each(|_| end.wait_for("live path", live));
    }
    first.handle.stop();
    assert!(console.wait_for_refusal().contains("the program has stopped"));
    let second = theatre(2, theatre_files, &addresses).unwrap();
    assert_eq!(console.wait_for_peer(), (Epoch(2), true));
    console.handle.send_message(b"mark".to_vec()).unwrap();
    assert_eq!(second.wait_for_message(), b"mark");
}

#[test]
fn a_newer_console_replaces_an_older_one() {
    let (theatre_files, console_files) = files("newer_console");
    let theatre = theatre(1, theatre_files, &[any_port()]).unwrap();
    let older = console(1000, console_files.clone(), theatre.handle.listening());
    assert_eq!(theatre.wait_for_peer(), (Epoch(1000), false));
    older.wait_for_peer();
    let newer = console(1001, console_files, theatre.handle.listening());
    assert_eq!(theatre.wait_for_peer(), (Epoch(1001), true));
    assert!(older.wait_for_refusal().contains("replaced by a newer connection"));
    older.handle.stop();
    newer.handle.send_message(b"from the newer".to_vec()).unwrap();
    assert_eq!(theatre.wait_for_message(), b"from the newer");
}

#[test]
fn a_stopped_session_says_so_and_an_oversized_message_is_refused_with_its_size() {
    let (theatre, _console) = session("stopped");
    let error = theatre.handle.send_message(vec![0; 1001]).unwrap_err();
    assert!(error.to_string().contains("1001 bytes"), "{error}");
    theatre.handle.stop();
    theatre.handle.stop();
    assert_eq!(theatre.handle.send_message(vec![1]), Err(SendError::Stopped));
    let frame = Frame::new(true, vec![1]).unwrap();
    assert_eq!(theatre.handle.send_frame(frame.clone()), Err(SendError::Stopped));
    assert_eq!(theatre.handle.offer_frame(frame), Err(SendError::Stopped));
}

#[test]
fn a_frame_is_taken_at_once_whenever_the_session_has_room_and_else_refused_at_once() {
    let (theatre, console) = session("offered");
    let mut taken = 0;
    for number in 0..200 {
        let room = theatre.handle.takes_frame();
        match theatre.handle.offer_frame(Frame::new(true, vec![number; 100]).unwrap()) {
            Ok(()) => taken += 1,
            Err(error) => assert_eq!((error, room), (SendError::Busy, false)),
        }
    }
    assert!(taken >= 2, "{taken}");
    // The console is told the time ten times a second, and facts are told twice as often.
    console.wait_for("count", |_| (theatre.handle.facts().session.frames_out == taken).then_some(()));
}

#[test]
fn messages_nobody_acknowledges_are_refused_after_a_bounded_number() {
    let (theatre_files, _) = files("nobody");
    let theatre = theatre(1, theatre_files, &[any_port()]).unwrap();
    let start = now();
    let refused = (0..100_000).map(|_| theatre.handle.send_message(vec![7; 100])).find(Result::is_err);
    assert_eq!(refused, Some(Err(SendError::QueueFull)));
    assert!(now().since(start).as_secs() < 20);
}
