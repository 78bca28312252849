//! The relay between a recording console and real windows' sockets.

mod calls;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use protocol::arrangement::{Grant, Preset, Wish};
use protocol::geometry::SizePx;
use protocol::ids::{FrameId, LayoutEpoch, MarkId};
use protocol::mark::{Fate, Ink, Width};

use super::*;
use crate::local::{NodeEnd, Severity, WindowEnd};

const SHOWN: SourceId = SourceId(0);

/// A relay, everything that it tells the console, and everything that the one window is told.
struct Bench {
    relay: Arc<Relay>,
    told: Receiver<Message>,
    window: Receiver<ToDisplay>,
    display: WindowEnd,
    _node: NodeEnd,
    socket: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let (tell, told) = bounded(100);
        let send: Send = Box::new(move |message| tell.try_send(message.clone()).is_ok());
        let observer: Send = Box::new(|_| true);
        let relay = Arc::new(Relay::new(
            [SHOWN],
            layout(),
            [("anna".into(), Role::Mentor, send), ("bela".into(), Role::Observer, observer)],
        ));
        relay.peer_up(0, Epoch(1));
        assert_eq!(told.recv(), Ok(Message::Layout(layout())));
        let socket = std::env::temp_dir().join(format!("relay-{name}-{}", std::process::id()));
        let (words, window) = bounded(100);
        let display = WindowEnd::listen(&socket, move |event, _| {
            if let Event::Messages(messages, _) = event {
                messages.into_iter().for_each(|message| words.send(message).unwrap());
            }
        });
        let followed = Arc::clone(&relay);
        let node = NodeEnd::attach(&socket, move |event, sender| followed.window(SHOWN, event, sender));
        Self { relay, told, window, display: display.unwrap(), _node: node.unwrap(), socket }
    }

    /// Takes all that a window is told first.
    fn until_attached(&self) {
        assert_eq!(self.window.recv(), Ok(ToDisplay::Reset { source: SHOWN }));
        assert_eq!(self.window.recv(), Ok(ToDisplay::Notices(Vec::new())));
    }

    fn next_receipt(&self) -> Receipt {
        match self.told.recv().unwrap() {
            Message::Receipt(receipt) => receipt,
            other => panic!("a receipt was expected, not {other:?}"),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

#[test]
fn the_arrangement_is_told_once_and_again_to_whoever_joins_and_an_answer_to_whoever_asked() {
    let bench = Bench::new("arranged");
    let shown = Wish { preset: Preset::Quad, main: SHOWN };
    let arrangement = Arrangement { shown, grant: Grant::Both, sources: Vec::new() };
    bench.relay.arrangement(arrangement.clone());
    bench.relay.arrangement(arrangement.clone());
    bench.relay.layout_answer(1, arrangement::Answer::Observer);
    bench.relay.layout_answer(0, arrangement::Answer::Granted);
    let told = [Message::Arrangement(arrangement.clone()), Message::LayoutAnswer(arrangement::Answer::Granted)];
    assert_eq!([bench.told.recv().unwrap(), bench.told.recv().unwrap()], told);
    bench.relay.peer_up(0, Epoch(2));
    let told = [Message::Layout(layout()), Message::Arrangement(arrangement)];
    assert_eq!([bench.told.recv().unwrap(), bench.told.recv().unwrap()], told);
}

fn layout() -> Layout {
    let canvas = SizePx { width: 1280, height: 720 };
    Layout { epoch: LayoutEpoch(3), canvas, primary: SHOWN, tiles: Vec::new() }
}

fn id(author: u32) -> MarkId {
    MarkId { author: Epoch(author), number: 0 }
}

fn begin(author: u32, source: SourceId) -> Operation {
    let frame = FrameId { epoch: Epoch(1), index: 0 };
    Operation::Begin { id: id(author), source, frame, ink: Ink::Green, width: Width::Medium }
}

#[test]
fn a_window_that_attaches_gets_the_board_and_then_each_change() {
    let bench = Bench::new("attach");
    bench.until_attached();
    bench.relay.operation(0, &begin(1, SHOWN)).unwrap();
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Apply(begin(1, SHOWN))));
    bench.relay.tick(&[Some(MonoTime(5_000)), Some(MonoTime(9_000))]);
    assert_eq!(
        bench.window.recv(),
        Ok(ToDisplay::Heard { author: Epoch(1), last_us: 5_000 }),
        "the mentor's, not others'"
    );
}

#[test]
fn a_windows_word_becomes_a_receipt_and_a_console_that_comes_later_gets_it_with_the_layout() {
    let bench = Bench::new("receipt");
    bench.until_attached();
    bench.relay.operation(0, &begin(1, SHOWN)).unwrap();
    bench.relay.sent(crate::node::test_frames::header(4, SHOWN, Some(900)));
    let word = FromDisplay::Displayed { id: id(1), points: 1, at_us: 1_000, picture_captured_us: 900 };
    bench.display.sender().send(&[word]);
    let receipt = bench.next_receipt();
    assert_eq!((receipt.fate, receipt.first_on.map(|frame| frame.index)), (Fate::Shown, Some(4)));
    bench.relay.peer_up(0, Epoch(1));
    assert_eq!(bench.told.recv(), Ok(Message::Layout(layout())));
    assert_eq!(bench.next_receipt(), receipt);
}

#[test]
fn a_console_that_starts_anew_finds_no_marks_of_its_former_life() {
    let bench = Bench::new("restart");
    bench.until_attached();
    bench.relay.operation(0, &begin(1, SHOWN)).unwrap();
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Apply(begin(1, SHOWN))));
    bench.relay.peer_up(0, Epoch(2));
    let clear = Operation::Clear { author: Epoch(1), through: u32::MAX };
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Apply(clear)));
}

#[test]
fn observers_draw_nothing_and_a_mentor_changes_only_its_own_marks() {
    let bench = Bench::new("refusals");
    bench.until_attached();
    bench.relay.peer_up(1, Epoch(8));
    assert_eq!(bench.relay.operation(1, &begin(8, SHOWN)), Err(Refusal::Observer));
    assert_eq!(bench.relay.operation(0, &begin(8, SHOWN)), Err(Refusal::NotTheirs));
    assert_eq!(bench.relay.operation(0, &Operation::Clear { author: Epoch(8), through: 9 }), Err(Refusal::NotTheirs));
    assert_eq!(bench.relay.operation(0, &begin(1, SHOWN)), Ok(()));
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Apply(begin(1, SHOWN))), "nothing else came");
}

#[test]
fn a_window_is_told_that_the_picture_moved_and_says_so_in_its_corner_and_the_mentor_is_told() {
    use annotation::anchor::motion::{Motion, Point};
    use annotation::anchor::tracker::Grip;
    use protocol::geometry::ImagePoint;

    let bench = Bench::new("moved");
    bench.until_attached();
    let pose = |x| {
        let motion = Motion::shift(Point::new(x, 0.0));
        Pose { scene: 0, motion, half: Point::new(80.0, 45.0), grip: Grip::Firm }
    };
    bench.relay.seen(SHOWN, SessionTime(900), pose(0.0));
    bench.relay.sent(crate::node::test_frames::header(0, SHOWN, Some(900)));
    bench.relay.operation(0, &begin(1, SHOWN)).unwrap();
    let points = vec![ImagePoint { x: 9, y: 9 }];
    bench.relay.operation(0, &Operation::Extend { id: id(1), first: 0, points }).unwrap();
    bench.display.sender().send(&[FromDisplay::Displayed {
        id: id(1),
        points: 1,
        at_us: 1_000,
        picture_captured_us: 900,
    }]);
    assert_eq!(bench.next_receipt().fate, Fate::Shown);
    bench.relay.seen(SHOWN, SessionTime(2_000), pose(10.0));
    assert_eq!(bench.next_receipt().fate, Fate::Moved);
    (0..2).for_each(|_| drop(bench.window.recv()));
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Moved { id: id(1), moved: true }));
    let Ok(ToDisplay::Notices(notices)) = bench.window.recv() else { panic!("the corner says so") };
    assert!(notices[0].text.starts_with("Picture moved"));
}

#[test]
fn a_console_that_claims_anothers_life_gets_none_of_its_marks() {
    let nothing = || -> Send { Box::new(|_| true) };
    let relay = Relay::new(
        [SHOWN],
        layout(),
        [("anna".into(), Role::Mentor, nothing()), ("carl".into(), Role::Mentor, nothing())],
    );
    relay.peer_up(0, Epoch(5));
    relay.peer_up(1, Epoch(5));
    assert_eq!(relay.operation(1, &Operation::Clear { author: Epoch(5), through: 9 }), Err(Refusal::NotTheirs));
    assert_eq!(relay.operation(0, &begin(5, SHOWN)), Ok(()));
}

#[test]
fn windows_are_told_each_change_of_the_notices_once_and_a_console_where_theatre_stands() {
    let bench = Bench::new("notices");
    bench.until_attached();
    let notice = |text: &str| Notice { severity: Severity::Quiet, text: text.into() };
    for text in ["one", "one", "two"] {
        bench.relay.notice(Topic::Ladder, Some(notice(text)));
    }
    bench.relay.notice(Topic::Ladder, None);
    for told in [vec![notice("one")], vec![notice("two")], Vec::new()] {
        assert_eq!(bench.window.recv(), Ok(ToDisplay::Notices(told)));
    }
    let position = Position { budget_bps: Some(9), ..Position::default() };
    bench.relay.ladder(position.clone());
    bench.relay.peer_up(0, Epoch(1));
    let told = [Message::Ladder(position.clone()), Message::Layout(layout()), Message::Ladder(position)];
    assert!(told.into_iter().all(|message| bench.told.recv() == Ok(message)));
}
