//! What the mentor asks of the team beside drawing, and how far theatre is with it. Pure; its way there is `outbox`'s.

use std::time::Duration;

use protocol::call::{Answer, Asked, Call, CallState};
use protocol::time::MonoTime;

/// How long an answer stays to be read.
const ANSWER_STAYS: Duration = Duration::from_secs(5);

/// The calls of this life of the console.
#[derive(Debug, Default)]
pub struct Calls {
    number: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    asked: Asked,
    stage: Stage,
}

/// How far a call is, as the mentor is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On its way.
    Sent,
    /// Theatre has it, and no window to show it.
    NoDisplay,
    /// On the surgeon's monitor.
    Told,
    /// Somebody answered.
    Answered {
        /// When this console heard it.
        at: MonoTime,
    },
    /// It is no longer on the surgeon's monitor, and nobody answered.
    Gone {
        /// When this console heard it.
        at: MonoTime,
    },
}

impl Calls {
    /// The mentor asks; gives what theatre is to be told. A call that stands is replaced.
    pub fn ask(&mut self, asked: Asked) -> Call {
        self.number += 1;
        self.open = Some(Open { asked, stage: Stage::Sent });
        Call { number: self.number, asked: Some(asked) }
    }

    /// The mentor takes it back; gives what theatre is to be told.
    pub fn take_back(&mut self) -> Option<Call> {
        self.open.take().map(|_| Call { number: self.number, asked: None })
    }

    /// Theatre's word.
    pub fn answer(&mut self, answer: Answer, now: MonoTime) {
        let Some(open) = self.open.as_mut().filter(|_| answer.number == self.number) else { return };
        open.stage = match (open.stage, answer.state) {
            // Both are last words.
            (over @ (Stage::Answered { .. } | Stage::Gone { .. }), _) => over,
            (_, CallState::Ok) => Stage::Answered { at: now },
            (_, CallState::Gone) => Stage::Gone { at: now },
            (_, CallState::Told) => Stage::Told,
            (_, CallState::NoDisplay) => Stage::NoDisplay,
        };
    }

    /// What theatre has to be told again after it started anew.
    pub fn standing(&self) -> Option<Call> {
        let open = self.open.filter(|open| open.stage.over_since().is_none())?;
        Some(Call { number: self.number, asked: Some(open.asked) })
    }

    /// What the mentor is told at `now`.
    pub fn stage(&mut self, now: MonoTime) -> Option<Stage> {
        let is_read = |open: &Open| open.stage.over_since().is_some_and(|at| now.since(at) >= ANSWER_STAYS);
        self.open = self.open.filter(|open| !is_read(open));
        self.open.map(|open| open.stage)
    }
}

impl Stage {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Sent => "Sent",
            Self::NoDisplay => "No monitor",
            Self::Told => "On monitor",
            Self::Answered { .. } => "Theatre: OK",
            Self::Gone { .. } => "No answer",
        }
    }

    /// Since when nothing more is to be heard of it; `None` while it stands.
    pub fn over_since(self) -> Option<MonoTime> {
        match self {
            Self::Answered { at } | Self::Gone { at } => Some(at),
            Self::Sent | Self::NoDisplay | Self::Told => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    #[test]
    fn a_call_is_followed_from_sent_to_answered_and_then_forgotten() {
        let mut calls = Calls::default();
        let call = calls.ask(Asked::Attention);
        let mut stage = |state, ms| {
            calls.answer(Answer { number: call.number, state }, at(ms));
            calls.stage(at(ms))
        };
        assert_eq!(stage(CallState::NoDisplay, 1), Some(Stage::NoDisplay));
        assert_eq!(stage(CallState::Told, 2), Some(Stage::Told));
        assert_eq!(stage(CallState::Ok, 3), Some(Stage::Answered { at: at(3) }));
        assert_eq!(stage(CallState::Told, 4), Some(Stage::Answered { at: at(3) }), "it was overtaken");
        assert_eq!(calls.stage(at(5_003)), None);
    }

    #[test]
    fn a_call_that_went_from_the_monitor_unanswered_is_not_told_as_on_it() {
        let mut calls = Calls::default();
        let call = calls.ask(Asked::Attention);
        for state in [CallState::Told, CallState::Gone, CallState::Told] {
            calls.answer(Answer { number: call.number, state }, at(1));
        }
        assert_eq!((calls.stage(at(1)), calls.standing()), (Some(Stage::Gone { at: at(1) }), None));
        assert_eq!(calls.stage(at(5_001)), None);
    }

    #[test]
    fn an_answer_to_an_earlier_call_says_nothing_of_this_one() {
        let mut calls = Calls::default();
        let first = calls.ask(Asked::Attention);
        calls.ask(Asked::Urgent);
        calls.answer(Answer { number: first.number, state: CallState::Ok }, at(1));
        assert_eq!(calls.stage(at(1)), Some(Stage::Sent));
    }

    #[test]
    fn a_call_stands_until_it_is_answered_or_taken_back() {
        let mut calls = Calls::default();
        assert_eq!((calls.standing(), calls.take_back()), (None, None));
        let call = calls.ask(Asked::Urgent);
        assert_eq!(calls.standing(), Some(call));
        assert_eq!(calls.take_back(), Some(Call { number: call.number, asked: None }));
        assert_eq!((calls.standing(), calls.stage(at(1))), (None, None));
    }
}
