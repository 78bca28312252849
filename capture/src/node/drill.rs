//! Theatre's desk for link drills on the paths to one participant: begins and ends its own as the technician asks, keeps the console informed and is
//! informed by it, and writes down what happens. What a drill does is `transport`'s.

use std::sync::{Mutex, MutexGuard, PoisonError};

use program::trace::{self, Record, Trace};
use protocol::drill::News;
use protocol::message::Message;
use protocol::time::MonoTime;
use transport::drill::ledger::{Change, Known, Ledger, Runner};
use transport::drill::{Drill, LEAD, Refused};
use transport::driver::{Facts, Handle};

use crate::control::Answer;

/// The drills of both ends, as theatre knows them.
pub struct Desk {
    handle: Handle,
    participant: String,
    trace: Trace,
    ledger: Mutex<Ledger>,
}

impl Desk {
    /// A desk that drills the paths to `participant` by `handle` and writes into `trace`.
    pub fn new(handle: Handle, participant: String, trace: Trace) -> Self {
        Self { handle, participant, trace, ledger: Mutex::default() }
    }

    /// Begins a drill as the technician asks at `now`.
    pub fn begin(&self, drill: Drill, now: MonoTime) -> Answer {
        let begun = self.try_begin(drill);
        self.answer(begun, now)
    }

    /// Ends theatre's drill.
    pub fn end(&self, now: MonoTime) -> Answer {
        let ended = self.handle.end_drill().map(|()| "the drill is over".to_owned());
        self.answer(ended, now)
    }

    /// Whether there is a path called `path`.
    pub fn has(&self, path: &str) -> bool {
        self.handle.facts().paths.iter().any(|known| known.name == path)
    }

    /// The link stands like this: begins, ends and announcements follow from it. Called ten times a second.
    pub fn look(&self, facts: &Facts, now: MonoTime) {
        let mut ledger = self.ledger();
        let changes = ledger.look(facts.drill(), now);
        ledger.tell(|news| self.send(news));
        drop(ledger);
        self.write(changes, now);
    }

    /// The console says this.
    pub fn hear(&self, news: &News, now: MonoTime) {
        let changes = self.ledger().hear(news, now);
        self.write(changes, now);
    }

    /// The console is there.
    pub fn peer_up(&self, restarted: bool, now: MonoTime) {
        let mut ledger = self.ledger();
        let changes = ledger.peer_up(restarted, now);
        ledger.tell(|news| self.send(news));
        drop(ledger);
        self.write(changes, now);
    }

    /// Who drills the path called `path` now, to come or under way.
    pub fn on(&self, path: &str) -> Option<&'static str> {
        self.ledger().known().find(|known| known.path == path).map(|known| end(known.runner))
    }

    /// What the OR display has to say about drills at `now`.
    pub fn notice(&self, now: MonoTime) -> Option<String> {
        notice(&self.ledger(), now)
    }

    fn answer(&self, done: Result<String, Refused>, now: MonoTime) -> Answer {
        self.look(&self.handle.facts(), now);
        match done {
            Ok(text) => Answer::Done(text),
            Err(refused) => Answer::Refused(refused.to_string()),
        }
    }

    fn try_begin(&self, drill: Drill) -> Result<String, Refused> {
        self.ledger().may_begin()?;
        let told = format!(
            "path {} will be {} in {} s, for {} s",
            drill.path,
            drill.effect,
            LEAD.as_secs(),
            drill.lasts.as_secs()
        );
        self.handle.drill(drill).map(|_| told)
    }

    fn send(&self, news: &News) -> bool {
        match Message::Drill(news.clone()).to_bytes() {
            Ok(bytes) => self.handle.send_message(bytes).is_ok(),
            Err(error) => {
                // It would be no better the next time: it counts as sent.
                tracing::error!("{error}; the console is not told of a drill");
                true
            }
        }
    }

    fn write(&self, changes: Vec<Change>, now: MonoTime) {
        for change in changes {
            match change {
                Change::Announced(_) => self.say(now),
                Change::CalledOff(known) => tracing::info!(
                    participant = self.participant,
                    "the drill by {} is called off",
                    spoken(known.runner)
                ),
                Change::Begun(known) => {
                    self.say(now);
                    self.trace.write(self.record(&known, "begun", known.period.from));
                }
                Change::Over(known) => {
                    tracing::info!(participant = self.participant, "the drill by {} is over", spoken(known.runner));
                    self.trace.write(self.record(&known, "over", known.period.until));
                }
            }
        }
    }

    fn say(&self, now: MonoTime) {
        if let Some(notice) = self.notice(now) {
            tracing::info!(participant = self.participant, "{notice}");
        }
    }

    /// Theatre's clock is the session's.
    fn record(&self, known: &Known, phase: &str, at: MonoTime) -> Record {
        Record::Drill(trace::Drill {
            participant: Some(self.participant.clone()),
            path: known.path.clone(),
            effect: known.period.effect.to_string(),
            by: end(known.runner).into(),
            phase: phase.into(),
            at_us: at.0,
        })
    }

    /// No panic can leave it half changed.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn notice(ledger: &Ledger, now: MonoTime) -> Option<String> {
    let words: Vec<String> = ledger.known().map(|known| known.words(spoken(known.runner), now)).collect();
    (!words.is_empty()).then(|| format!("DRILL: {}", words.join("; ")))
}

fn spoken(runner: Runner) -> &'static str {
    match runner {
        Runner::Here => "theatre",
        Runner::There => "the console",
    }
}

fn end(runner: Runner) -> &'static str {
    match runner {
        Runner::Here => "theatre",
        Runner::There => "console",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::drill::{Announcement, Effect};

    #[test]
    fn the_or_display_is_told_who_does_what_to_which_path_and_for_how_long() {
        let mut ledger = Ledger::default();
        assert_eq!(notice(&ledger, MonoTime(0)), None);
        let (path, effect) = ("a".to_owned(), Effect::Delay(200));
        let announced = Announcement { path, effect, begins_in_ms: 1_000, lasts_ms: 5_000 };
        ledger.hear(&News::Announced(announced), MonoTime(0));
        for (at_us, told) in [
            (0, "DRILL: path a will be delayed by 200 ms by the console in 1 s"),
            (1_000_000, "DRILL: path a is delayed by 200 ms by the console for 5 s more"),
            (5_999_999, "DRILL: path a is delayed by 200 ms by the console for 1 s more"),
        ] {
            assert_eq!(notice(&ledger, MonoTime(at_us)).as_deref(), Some(told));
        }
        ledger.look(None, MonoTime(6_000_000));
        assert_eq!(notice(&ledger, MonoTime(6_000_000)), None);
    }
}
