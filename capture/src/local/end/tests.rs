use super::*;
use crate::local::sender::MAX_WAITING_BYTES;
use crossbeam_channel::{Receiver, bounded};
use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, MarkId, SourceId};
use protocol::mark::Operation;
use std::time::Duration;

/// Longer than anything here takes; only a failed test waits for it.
const LONG: Duration = Duration::from_secs(20);
const RESET: ToDisplay = ToDisplay::Reset { source: SourceId(1) };

fn socket(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("board-{name}-{}", std::process::id()))
}

fn id(number: u32) -> MarkId {
    MarkId { author: Epoch(1), number }
}

fn removed(number: u32) -> FromDisplay {
    FromDisplay::Removed { id: id(number) }
}

/// The largest message there is.
fn extend(number: u32) -> ToDisplay {
    let points = vec![ImagePoint { x: 65_535, y: 65_535 }; 128];
    ToDisplay::Apply(Operation::Extend { id: id(number), first: 0, points })
}

/// A window whose events can be waited for.
fn window(socket: &Path) -> (WindowEnd, Receiver<Event<ToDisplay>>) {
    let (events, received) = bounded(1_000);
    let end = WindowEnd::listen(socket, move |event, _| drop(events.send(event))).unwrap();
    (end, received)
}

/// A node that answers an attachment as `capture-node` does, and whose events can be waited for.
fn node(socket: &Path) -> (NodeEnd, Receiver<Event<FromDisplay>>) {
    let (events, received) = bounded(1_000);
    let end = NodeEnd::attach(socket, move |event, sender| {
        if event == Event::Attached {
            sender.send(&[RESET]);
        }
        drop(events.send(event));
    });
    (end.unwrap(), received)
}

/// Messages up to and with the one that `is_last` names.
fn until<M>(events: &Receiver<Event<M>>, is_last: impl Fn(&M) -> bool) -> Vec<M> {
    let mut all = Vec::new();
    while !all.last().is_some_and(&is_last) {
        if let Event::Messages(messages, _) = events.recv_timeout(LONG).expect("a message in time") {
            all.extend(messages);
        }
    }
    all
}

#[test]
fn both_ends_hear_each_other_and_a_batch_arrives_in_its_order() {
    let socket = socket("hear");
    let (window, to_window) = window(&socket);
    let (_node, to_node) = node(&socket);
    assert_eq!(to_window.recv_timeout(LONG), Ok(Event::Attached));
    assert_eq!(until(&to_window, |message| *message == RESET), [RESET]);
    let batch: Vec<FromDisplay> = (0..50).map(removed).collect();
    window.sender().send(&batch);
    assert_eq!(until(&to_node, |message| *message == removed(49)), batch);
}

#[test]
fn a_node_attaches_to_a_window_that_comes_later_and_again_to_one_that_starts_anew() {
    let socket = socket("again");
    let (_node, to_node) = node(&socket);
    for _ in 0..2 {
        let (end, to_window) = window(&socket);
        until(&to_window, |message| *message == RESET);
        drop(end);
        let gone = std::iter::from_fn(|| to_node.recv_timeout(LONG).ok()).find(|event| *event == Event::Detached);
        assert_eq!(gone, Some(Event::Detached));
    }
}

#[test]
fn a_window_serves_the_newest_node_when_an_older_one_hangs() {
    let socket = socket("newest");
    let (window, to_window) = window(&socket);
    let hanging = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    assert_eq!(to_window.recv_timeout(LONG), Ok(Event::Attached));
    let (_node, to_node) = node(&socket);
    until(&to_window, |message| *message == RESET);
    window.sender().send(&[removed(3)]);
    until(&to_node, |message| *message == removed(3));
    drop(hanging);
}

#[test]
fn an_end_that_takes_nothing_is_given_up_and_the_sender_never_waits_for_it() {
    let socket = socket("stopped");
    let listener = UnixListener::bind(&socket).unwrap();
    let (node, to_node) = node(&socket);
    let stopped = listener.accept().unwrap();
    assert_eq!(to_node.recv_timeout(LONG), Ok(Event::Attached));
    let batch = vec![extend(0); 64];
    let batch_bytes = 64 * 770;
    // A board of the largest size fits; what goes on and on without being taken does not, nor in the socket's own buffer.
    for _ in 0..MAX_WAITING_BYTES / batch_bytes {
        node.sender().send(&batch);
    }
    assert!(to_node.try_recv().is_err(), "not before the bound");
    for _ in 0..2 * MAX_WAITING_BYTES / batch_bytes {
        node.sender().send(&batch);
    }
    assert_eq!(to_node.recv_timeout(LONG), Ok(Event::Detached));
    drop(stopped);
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn nonsense_ends_the_attachment_and_the_next_one_is_served() {
    use std::io::Write as _;
    let socket = socket("nonsense");
    let (_window, to_window) = window(&socket);
    let mut stranger = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    stranger.write_all(&[0xff; 64]).unwrap();
    assert_eq!(to_window.recv_timeout(LONG), Ok(Event::Attached));
    assert_eq!(to_window.recv_timeout(LONG), Ok(Event::Detached));
    let (_node, _to_node) = node(&socket);
    until(&to_window, |message| *message == RESET);
}

#[test]
fn what_is_sent_while_nobody_is_attached_is_dropped() {
    let socket = socket("nobody");
    let (window, _) = window(&socket);
    window.sender().send(&[removed(1)]);
    let (_node, to_node) = node(&socket);
    assert_eq!(to_node.recv_timeout(LONG), Ok(Event::Attached));
    // The window may learn of the node a moment later: it is sent to until it hears.
    let first = loop {
        window.sender().send(&[removed(2)]);
        if let Ok(Event::Messages(messages, _)) = to_node.recv_timeout(Duration::from_millis(5)) {
            break messages;
        }
    };
    assert_eq!(first.first(), Some(&removed(2)));
}
