//! A call through the relay: from a mentor to the windows, and the OK that somebody gives at one of them back.

use protocol::call::{Answer, Asked, CallState};

use super::*;
use crate::local::Wish;

fn call(number: u32) -> Call {
    Call { number, asked: Some(Asked::Urgent) }
}

fn answer(number: u32, state: CallState) -> Message {
    Message::Answer(Answer { number, state })
}

fn next_notices(bench: &Bench) -> Vec<Notice> {
    match bench.window.recv().unwrap() {
        ToDisplay::Notices(notices) => notices,
        other => panic!("notices were expected, not {other:?}"),
    }
}

#[test]
fn ok_at_a_window_answers_the_mentor_who_called_and_takes_the_call_off_the_windows_alone() {
    let bench = Bench::new("ok");
    bench.until_attached();
    let other = Notice { severity: Severity::Caution, text: "a drill".into() };
    bench.relay.notice(Topic::Drill, Some(other.clone()));
    assert_eq!(next_notices(&bench), std::slice::from_ref(&other));

    bench.relay.call(0, call(1)).unwrap();
    assert_eq!(bench.told.recv(), Ok(answer(1, CallState::Told)));
    let [asked, drill] = next_notices(&bench).try_into().unwrap();
    assert_eq!((asked.severity, &drill), (Severity::Alarm, &other), "a call stands before all else");
    assert!(asked.text.starts_with("anna: URGENT"), "{}", asked.text);

    bench.display.sender().send(&[FromDisplay::Wished(Wish::Ok)]);
    assert_eq!(bench.told.recv(), Ok(answer(1, CallState::Ok)));
    assert_eq!(next_notices(&bench), [other], "only the call went");
}

#[test]
fn ok_at_a_window_where_nobody_called_answers_nothing_and_the_next_call_stands() {
    let bench = Bench::new("ok-early");
    bench.until_attached();
    bench.display.sender().send(&[FromDisplay::Wished(Wish::Ok)]);
    assert_eq!(next_notices(&bench), []);
    bench.relay.call(0, call(1)).unwrap();
    assert_eq!(bench.told.recv(), Ok(answer(1, CallState::Told)), "nothing was told before it");
    assert_eq!(next_notices(&bench).len(), 1);
}

#[test]
fn ok_at_one_window_ends_the_frame_at_every_other() {
    const FURTHER: SourceId = SourceId(1);
    let bench = Bench::new("ok-elsewhere");
    bench.until_attached();
    let socket = bench.socket.with_extension("further");
    let (hear, heard) = bounded(1);
    let further = WindowEnd::listen(&socket, move |event, _| {
        if matches!(event, Event::Messages(..)) {
            // Full: that both ends are attached is known already.
            let _ = hear.try_send(());
        }
    });
    let further = further.unwrap();
    let relay = Arc::clone(&bench.relay);
    let node = NodeEnd::attach(&socket, move |event, sender| relay.window(FURTHER, event, sender));
    heard.recv().unwrap();
    bench.relay.call(0, call(1)).unwrap();
    assert_eq!(next_notices(&bench).len(), 1);
    further.sender().send(&[FromDisplay::Wished(Wish::Ok)]);
    assert_eq!(bench.window.recv(), Ok(ToDisplay::Wished(Wish::Ok)), "its frame goes at once");
    assert_eq!(next_notices(&bench), []);
    drop((node, further));
}
