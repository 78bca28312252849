//! Mentors' calls and cursors on their way to the windows, and the answers back. Pure; the relay hands on what this says.

use std::time::Duration;

use protocol::call::{Answer, Asked, Call, CallState, Pointed};
use protocol::time::MonoTime;

use crate::local::{Notice, Severity};

/// A cursor is handed on at most this often: twice for each picture of a 30 Hz source. A console that floods costs no more.
const CURSOR_EVERY: Duration = Duration::from_millis(15);
/// A call for attention goes by itself after this: what was to be looked at is over.
const ATTENTION_STAYS: Duration = Duration::from_secs(30);

/// The call and the cursor of one mentor.
#[derive(Debug, Default)]
pub struct Desk {
    call: Option<Open>,
    /// What the mentor was told at the end of its last call: sent again after a break of the lines, it does not stand anew.
    ended: Option<Answer>,
    cursor: Option<Pointed>,
    cursor_told: Option<MonoTime>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    number: u32,
    asked: Asked,
    since: MonoTime,
}

/// What the windows are to be told of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// It left this source's window.
    pub left: Option<Pointed>,
    /// It is here now.
    pub at: Option<Pointed>,
}

impl Desk {
    /// The mentor calls, or takes a call back. `is_displayed`: a window is there to show it.
    pub fn call(&mut self, call: Call, is_displayed: bool, now: MonoTime) -> Option<Answer> {
        let Some(asked) = call.asked else {
            self.call = self.call.filter(|open| open.number != call.number);
            return None;
        };
        if let Some(ended) = self.ended.filter(|ended| ended.number >= call.number) {
            return (ended.number == call.number).then_some(ended);
        }
        // Sent again after a break of the lines it goes on.
        if self.call.is_none_or(|open| open.number < call.number) {
            self.call = Some(Open { number: call.number, asked, since: now });
        }
        let state = if is_displayed { CallState::Told } else { CallState::NoDisplay };
        Some(Answer { number: call.number, state })
    }

    /// Somebody in theatre pressed OK.
    pub fn ok(&mut self) -> Option<Answer> {
        self.end(CallState::Ok)
    }

    /// Time passes: what was to be looked at is over.
    pub fn expire(&mut self, now: MonoTime) -> Option<Answer> {
        self.call.filter(|open| open.asked == Asked::Attention && now.since(open.since) >= ATTENTION_STAYS)?;
        self.end(CallState::Gone)
    }

    /// The mentor's machine fell silent: nobody is there to take the call back.
    pub fn silence(&mut self) -> Option<Answer> {
        self.cursor = None;
        self.end(CallState::Gone)
    }

    fn end(&mut self, state: CallState) -> Option<Answer> {
        let open = self.call.take()?;
        self.ended = Some(Answer { number: open.number, state });
        self.ended
    }

    /// What the windows say of it.
    pub fn notice(&self, name: &str) -> Option<Notice> {
        let text = |open: Open| format!("{name}: {}\nKey or pedal OK answers", open.asked.words());
        self.call.map(|open| Notice { severity: Severity::Alarm, text: text(open) })
    }

    /// The mentor points here, or nowhere. `None` if it is too soon to tell anyone; consoles repeat themselves.
    pub fn point(&mut self, to: Option<Pointed>, now: MonoTime) -> Option<Moved> {
        let soon = self.cursor_told.is_some_and(|told| now.since(told) < CURSOR_EVERY);
        if soon && to.is_some() {
            return None;
        }
        self.cursor_told = Some(now);
        let before = std::mem::replace(&mut self.cursor, to);
        let left = before.filter(|before| to.is_none_or(|to| to.source != before.source));
        Some(Moved { left, at: to })
    }

    /// The mentor's machine began a new life, whose calls are numbered anew. Gives what its cursor left.
    pub fn forget(&mut self) -> Option<Pointed> {
        std::mem::take(self).cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::geometry::ImagePoint;
    use protocol::ids::SourceId;

    fn at(ms: u64) -> MonoTime {
        MonoTime(1_000_000 + ms * 1_000)
    }

    fn call(number: u32, asked: Asked) -> Call {
        Call { number, asked: Some(asked) }
    }

    fn to(source: u8, x: u16) -> Option<Pointed> {
        Some(Pointed { source: SourceId(source), at: ImagePoint { x, y: 0 } })
    }

    #[test]
    fn a_call_stands_until_ok_and_its_mentor_learns_each_step() {
        let mut desk = Desk::default();
        let answer = |state| Some(Answer { number: 1, state });
        assert_eq!(desk.call(call(1, Asked::Urgent), false, at(0)), answer(CallState::NoDisplay));
        assert_eq!(desk.call(call(1, Asked::Urgent), true, at(10)), answer(CallState::Told));
        let notice = desk.notice("anna").unwrap();
        assert_eq!(notice.severity, Severity::Alarm);
        assert!(notice.text.starts_with("anna: URGENT"), "{}", notice.text);
        assert_eq!((desk.expire(at(600_000)), desk.ok()), (None, answer(CallState::Ok)));
        assert_eq!((desk.ok(), desk.notice("anna")), (None, None));
    }

    #[test]
    fn a_call_that_was_answered_and_is_sent_again_gets_its_answer_again_and_disturbs_nobody() {
        let mut desk = Desk::default();
        desk.call(call(1, Asked::Urgent), true, at(0));
        let answer = desk.ok();
        assert_eq!(desk.call(call(1, Asked::Urgent), true, at(10)), answer);
        assert_eq!(desk.notice("anna"), None);
        desk.call(call(2, Asked::Urgent), true, at(20));
        assert!(desk.notice("anna").is_some(), "the next stands");
    }

    #[test]
    fn a_call_of_a_machine_that_fell_silent_goes_and_the_mentor_is_told_once() {
        let mut desk = Desk::default();
        desk.call(call(1, Asked::Urgent), true, at(0));
        assert_eq!(desk.silence(), Some(Answer { number: 1, state: CallState::Gone }));
        assert_eq!((desk.silence(), desk.notice("anna")), (None, None));
    }

    #[test]
    fn a_call_for_attention_goes_by_itself_and_any_can_be_taken_back() {
        let mut desk = Desk::default();
        desk.call(call(1, Asked::Attention), true, at(0));
        assert_eq!(desk.expire(at(29_999)), None);
        assert_eq!(desk.expire(at(30_000)), Some(Answer { number: 1, state: CallState::Gone }));
        assert_eq!(desk.notice("anna"), None);
        desk.call(call(2, Asked::CannotJudge), true, at(40_000));
        desk.call(Call { number: 1, asked: None }, true, at(40_001));
        assert!(desk.notice("anna").is_some(), "an older one was taken back");
        desk.call(Call { number: 2, asked: None }, true, at(40_003));
        assert_eq!(desk.notice("anna"), None);
    }

    #[test]
    fn a_cursor_that_goes_to_another_source_leaves_the_first_and_a_flood_is_thinned() {
        let mut desk = Desk::default();
        assert_eq!(desk.point(to(0, 1), at(0)), Some(Moved { left: None, at: to(0, 1) }));
        assert_eq!(desk.point(to(1, 1), at(20)), Some(Moved { left: to(0, 1), at: to(1, 1) }));
        let handed = (0..1_000).filter(|n| desk.point(to(1, *n), at(100 + u64::from(*n) / 10)).is_some()).count();
        assert!(handed <= 8, "{handed} of a thousand in 100 ms");
        assert_eq!(desk.point(None, at(200)).map(|moved| moved.at), Some(None), "leaving is never too soon");
    }
}
