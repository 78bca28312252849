//! The console's desk for link drills: takes what the mentor asks to the link's thread, and holds what is known of the
//! drills of both ends. What a drill does is `transport`'s.

use std::time::Duration;

use crossbeam_channel::Sender;
use protocol::drill::News;
use protocol::time::MonoTime;
use transport::drill::ledger::{Change, Ledger, Runner};
use transport::drill::{Drill, Effect, Period};

use crate::state;

/// What the mentor asks of the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Begin a drill.
    Begin(Drill),
    /// End this console's drill.
    End,
}

/// Asks under way to the link's thread: one being done and one more. Beyond it the mentor is told to wait.
pub const ASKS: usize = 2;

/// The drills of both ends, as the console knows them.
#[derive(Debug, Default)]
pub struct Desk {
    ledger: Ledger,
    asks: Option<Sender<Ask>>,
    refusal: Option<String>,
}

impl Desk {
    /// From now on asks go to `asks`. Without this there is no link, and nothing can be drilled.
    pub fn ask_at(&mut self, asks: Sender<Ask>) {
        self.asks = Some(asks);
    }

    /// The mentor begins a drill.
    pub fn begin(&mut self, path: String, effect: Effect, seconds: u16) {
        match self.ledger.may_begin() {
            Ok(()) => self.ask(Ask::Begin(Drill { path, effect, lasts: Duration::from_secs(seconds.into()) })),
            Err(refused) => self.refused(refused.to_string()),
        }
    }

    /// The mentor ends this console's drill.
    pub fn end(&mut self) {
        self.ask(Ask::End);
    }

    /// What was asked is not done, for this reason.
    pub fn refused(&mut self, why: String) {
        self.refusal = Some(why);
    }

    /// The mentor has read why.
    pub fn read(&mut self) {
        self.refusal = None;
    }

    /// Why the last drill asked for does not take place, until it was read.
    pub fn refusal(&self) -> Option<String> {
        self.refusal.clone()
    }

    /// This console's drill stands like this. What theatre has to know goes to `send`, which may have no room.
    pub fn look(
        &mut self,
        own: Option<(&str, Period)>,
        now: MonoTime,
        send: impl FnOnce(&News) -> bool,
    ) -> Vec<Change> {
        let changes = self.ledger.look(own, now);
        self.ledger.tell(send);
        changes
    }

    /// Theatre says this.
    pub fn hear(&mut self, news: &News, now: MonoTime) -> Vec<Change> {
        self.ledger.hear(news, now)
    }

    /// Theatre is there.
    pub fn peer_up(&mut self, restarted: bool, now: MonoTime) -> Vec<Change> {
        self.ledger.peer_up(restarted, now)
    }

    /// The drills there are at `now`.
    pub fn list(&self, now: MonoTime) -> Vec<state::Drill> {
        let known = self.ledger.known().map(|known| state::Drill {
            path: known.path.clone(),
            effect: known.period.effect,
            runner: known.runner,
            phase: known.phase(now),
        });
        known.collect()
    }

    /// Who drills the path called `path` now, to come or under way.
    pub fn on(&self, path: &str) -> Option<&'static str> {
        self.ledger.known().find(|known| known.path == path).map(|known| end(known.runner))
    }

    fn ask(&mut self, ask: Ask) {
        let Some(asks) = &self.asks else { return self.refused("there is no link to theatre".into()) };
        if asks.try_send(ask).is_err() {
            self.refused("the link is busy; try again".into());
        }
    }
}

/// An end's name in traces.
pub fn end(runner: Runner) -> &'static str {
    match runner {
        Runner::Here => "console",
        Runner::There => "theatre",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;
    use protocol::drill::Announcement;

    #[test]
    fn a_drill_is_asked_for_once_and_never_beside_one_of_theatres() {
        let (asks, asked) = bounded(ASKS);
        let mut desk = Desk::default();
        desk.ask_at(asks);
        desk.begin("a".into(), Effect::Cut, 5);
        let lasts = Duration::from_secs(5);
        assert_eq!(asked.try_recv(), Ok(Ask::Begin(Drill { path: "a".into(), effect: Effect::Cut, lasts })));
        let (path, effect) = ("b".to_owned(), Effect::Cut);
        desk.hear(&News::Announced(Announcement { path, effect, begins_in_ms: 1_000, lasts_ms: 5_000 }), MonoTime(0));
        desk.begin("a".into(), Effect::Cut, 5);
        assert!(asked.try_recv().is_err());
        assert_eq!(desk.refusal().unwrap(), "the other end runs a drill on its path `b`; wait until it is over");
        desk.read();
        assert_eq!(desk.refusal(), None);
    }

    #[test]
    fn without_a_link_the_mentor_is_told_so() {
        let mut desk = Desk::default();
        desk.begin("a".into(), Effect::Cut, 5);
        assert_eq!(desk.refusal().unwrap(), "there is no link to theatre");
    }
}
