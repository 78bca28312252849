//! Which drills there are at both ends, as either of them knows: its own from the driver's facts, the other's from
//! what it announced. Says what has to be told, to the other end and to people. Carrying messages and showing them is
//! the programs'.

use std::time::Duration;

use protocol::drill::{Announcement, MAX_AHEAD_MS, MAX_LASTS_MS, MAX_PATH_BYTES, News};
use protocol::time::MonoTime;

use super::{Effect, Period, Refused};

/// Who runs a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// This end.
    Here,
    /// The other end.
    There,
}

/// One drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who runs it.
    pub runner: Runner,
    /// The path's name at the end that runs it.
    pub path: String,
    /// What is done, and when by this end's clock. The other end's times are late by what its message took.
    pub period: Period,
}

/// How far a drill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It begins after this time.
    Ahead(Duration),
    /// It holds for this time more.
    On(Duration),
}

/// Something people and traces have to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There will be a drill.
    Announced(Known),
    /// Its effect is on since [`Period::from`].
    Begun(Known),
    /// It is over since [`Period::until`].
    Over(Known),
    /// It was announced and does not take place.
    CalledOff(Known),
}

/// The drills of both ends, at most one each.
#[derive(Debug, Default)]
pub struct Ledger {
    here: Option<Entry>,
    there: Option<Entry>,
    /// What the other end has not been told yet; the newest says it all.
    untold: Option<News>,
}

#[derive(Debug)]
struct Entry {
    known: Known,
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Announced,
    Begun,
}

impl Known {
    /// How far it is at `now`.
    pub fn phase(&self, now: MonoTime) -> Phase {
        let Period { from, until, .. } = self.period;
        if now < from { Phase::Ahead(from.since(now)) } else { Phase::On(until.since(now)) }
    }

    /// The whole of it in words for people; `runner` is the name of the end that runs it.
    pub fn words(&self, runner: &str, now: MonoTime) -> String {
        let (path, effect) = (&self.path, self.period.effect);
        match self.phase(now) {
            Phase::Ahead(left) => format!("path {path} will be {effect} by {runner} in {} s", seconds(left)),
            Phase::On(left) => format!("path {path} is {effect} by {runner} for {} s more", seconds(left)),
        }
    }
}

/// Whole seconds left, counted down to 1 and not to 0.
pub fn seconds(left: Duration) -> u64 {
    u64::try_from(left.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl Ledger {
    /// The driver's own drill stands like this at `now`. Gives what changed at either end since the last call.
    pub fn look(&mut self, own: Option<(&str, Period)>, now: MonoTime) -> Vec<Change> {
        let mut changes = self.advance(now);
        // Facts may be older than the end of what they tell.
        let own = own.filter(|(_, period)| now < period.until);
        let own = own.map(|(path, period)| Known { runner: Runner::Here, path: path.to_owned(), period });
        if self.here.as_ref().map(|entry| &entry.known) != own.as_ref() {
            if let Some(entry) = self.here.take() {
                self.untold = Some(News::Over);
                changes.push(entry.over(now));
            }
            if let Some(known) = own {
                self.untold = Some(news(&known, now));
                self.here = Some(Entry::new(known, &mut changes));
            }
            changes.extend(self.advance(now));
        }
        changes
    }

    /// The other end says this at `now`. Gives what changed.
    pub fn hear(&mut self, news: &News, now: MonoTime) -> Vec<Change> {
        let mut changes = self.advance(now);
        if let News::Announced(announcement) = news
            && let Some(entry) = self.there.as_mut().filter(|entry| entry.is(announcement))
        {
            // Said again, to one who joined: the times are newer.
            entry.known.period = period(announcement, now);
        } else {
            changes.extend(self.there.take().map(|entry| entry.over(now)));
            if let News::Announced(announcement) = news {
                let (path, period) = (announcement.path.clone(), period(announcement, now));
                self.there = Some(Entry::new(Known { runner: Runner::There, path, period }, &mut changes));
            }
        }
        changes.extend(self.advance(now));
        changes
    }

    /// The other end is there at `now`; if it `restarted` its drill died with it. It is told of this end's.
    pub fn peer_up(&mut self, restarted: bool, now: MonoTime) -> Vec<Change> {
        self.untold = self.here.as_ref().map(|entry| news(&entry.known, now));
        let gone = self.there.take_if(|_| restarted);
        gone.map(|entry| entry.over(now)).into_iter().collect()
    }

    /// What time alone does: drills begin, and they end whether their end is told or not.
    fn advance(&mut self, now: MonoTime) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.here.as_ref().is_some_and(|entry| entry.known.period.until <= now) {
            self.untold = Some(News::Over);
        }
        for entry in [&mut self.here, &mut self.there] {
            if let Some(Entry { known, told: told @ Told::Announced }) = entry
                && known.period.from <= now
            {
                *told = Told::Begun;
                changes.push(Change::Begun(known.clone()));
            }
            changes.extend(entry.take_if(|entry| entry.known.period.until <= now).map(|entry| entry.over(now)));
        }
        changes
    }

    /// Tells the other end what it does not know, if `send` takes it; else the next call does.
    pub fn tell(&mut self, send: impl FnOnce(&News) -> bool) {
        self.untold = self.untold.take().filter(|news| !send(news));
    }

    /// The drills there are, this end's first.
    pub fn known(&self) -> impl Iterator<Item = &Known> {
        [&self.here, &self.there].into_iter().flatten().map(|entry| &entry.known)
    }

    /// Whether this end may begin one.
    ///
    /// # Errors
    /// [`Refused::OtherEnd`]. Whatever else there is against it, the driver knows.
    pub fn may_begin(&self) -> Result<(), Refused> {
        match &self.there {
            Some(entry) => Err(Refused::OtherEnd(entry.known.path.clone())),
            None => Ok(()),
        }
    }
}

impl Entry {
    fn new(known: Known, changes: &mut Vec<Change>) -> Self {
        changes.push(Change::Announced(known.clone()));
        Self { known, told: Told::Announced }
    }

    /// Whether `announcement` speaks of the same drill. An end has one at a time.
    fn is(&self, announcement: &Announcement) -> bool {
        (self.known.path.as_str(), self.known.period.effect) == (announcement.path.as_str(), announcement.effect)
    }

    /// Its end, at `now` or before.
    fn over(self, now: MonoTime) -> Change {
        let known = Known { period: self.known.period.ended(now), ..self.known };
        match self.told {
            Told::Announced => Change::CalledOff(known),
            Told::Begun => Change::Over(known),
        }
    }
}

fn news(known: &Known, now: MonoTime) -> News {
    let Period { effect, from, until } = known.period;
    let ms = |time: Duration, most: u32| u32::try_from(time.as_millis()).unwrap_or(most).min(most);
    let begins_in_ms = ms(from.since(now), MAX_AHEAD_MS);
    let lasts_ms = ms(until.since(from.max(now)), MAX_LASTS_MS);
    let mut path = known.path.clone();
    path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
    News::Announced(Announcement { path, effect, begins_in_ms, lasts_ms })
}

fn period(announcement: &Announcement, now: MonoTime) -> Period {
    let from = now + Duration::from_millis(announcement.begins_in_ms.into());
    let until = from + Duration::from_millis(announcement.lasts_ms.into());
    let effect: Effect = announcement.effect;
    Period { effect, from, until }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;
    const CUT: Period = Period { effect: Effect::Cut, from: MonoTime(S), until: MonoTime(6 * S) };

    fn at(s: u64) -> MonoTime {
        MonoTime(s * S)
    }

    fn told(ledger: &mut Ledger) -> Option<News> {
        let mut told = None;
        ledger.tell(|news| {
            told = Some(news.clone());
            true
        });
        told
    }

    fn words(changes: &[Change]) -> Vec<&'static str> {
        let word = |change: &Change| match change {
            Change::Announced(_) => "announced",
            Change::Begun(_) => "begun",
            Change::Over(_) => "over",
            Change::CalledOff(_) => "called off",
        };
        changes.iter().map(word).collect()
    }

    /// The two ends, the second told by the first without delay.
    fn announced() -> (Ledger, Ledger) {
        let (mut one, mut other) = (Ledger::default(), Ledger::default());
        assert_eq!(words(&one.look(Some(("a", CUT)), at(0))), ["announced"]);
        let news = told(&mut one).unwrap();
        assert_eq!(words(&other.hear(&news, at(0))), ["announced"]);
        (one, other)
    }

    #[test]
    fn the_other_end_knows_before_it_begins_and_how_long_it_lasts() {
        let (_, mut other) = announced();
        let known = other.known().next().unwrap().clone();
        assert_eq!((known.runner, known.path.as_str(), known.period), (Runner::There, "a", CUT));
        assert_eq!(known.words("theatre", at(0)), "path a will be cut by theatre in 1 s");
        assert_eq!(words(&other.look(None, at(1))), ["begun"]);
        assert_eq!(known.words("theatre", at(4)), "path a is cut by theatre for 2 s more");
    }

    #[test]
    fn a_drill_whose_end_is_never_told_ends_at_its_time() {
        let (_, mut other) = announced();
        other.look(None, at(1));
        assert!(other.look(None, MonoTime(6 * S - 1)).is_empty());
        assert_eq!(words(&other.look(None, at(6))), ["over"]);
        assert_eq!(other.known().count(), 0);
        assert_eq!(told(&mut other), None, "it was not this end's");
    }

    #[test]
    fn a_drill_ended_early_is_over_at_both_ends_at_once() {
        let (mut one, mut other) = announced();
        assert_eq!(words(&one.look(Some(("a", CUT)), at(2))), ["begun"]);
        let changes = one.look(None, at(3));
        assert!(matches!(&changes[..], [Change::Over(known)] if known.period.until == at(3)), "{changes:?}");
        let news = told(&mut one).unwrap();
        assert_eq!(news, News::Over);
        other.look(None, at(2));
        assert_eq!(words(&other.hear(&news, at(3))), ["over"]);
    }

    #[test]
    fn a_drill_ended_before_it_began_is_called_off_and_facts_behind_their_time_begin_none_again() {
        let (mut one, mut other) = announced();
        assert_eq!(words(&one.look(None, MonoTime(S / 2))), ["called off"]);
        assert_eq!(words(&other.hear(&told(&mut one).unwrap(), MonoTime(S / 2))), ["called off"]);
        assert!(one.look(Some(("a", CUT)), at(6)).is_empty());
    }

    #[test]
    fn news_that_find_no_room_are_told_later_and_only_the_newest() {
        let mut one = Ledger::default();
        one.look(Some(("a", CUT)), at(0));
        one.tell(|_| false);
        one.look(None, at(2));
        assert_eq!(told(&mut one), Some(News::Over));
        assert_eq!(told(&mut one), None);
    }

    #[test]
    fn who_joins_during_a_drill_is_told_what_is_left_of_it() {
        let (mut one, mut other) = announced();
        one.look(Some(("a", CUT)), at(2));
        one.peer_up(false, at(4));
        let news = told(&mut one).unwrap();
        let News::Announced(announcement) = &news else { panic!("{news:?}") };
        assert_eq!((announcement.begins_in_ms, announcement.lasts_ms), (0, 2_000));
        other.look(None, at(1));
        assert!(other.hear(&news, at(4)).is_empty(), "it is the one already known");
        assert_eq!(words(&other.look(None, at(6))), ["over"]);
    }

    #[test]
    fn a_drill_dies_with_the_end_that_ran_it() {
        let (_, mut other) = announced();
        assert!(other.peer_up(false, at(2)).is_empty());
        other.look(None, at(2));
        assert_eq!(words(&other.peer_up(true, at(2))), ["over"]);
    }

    #[test]
    fn while_the_other_end_runs_one_this_end_may_not() {
        let (_, mut other) = announced();
        assert_eq!(other.may_begin(), Err(Refused::OtherEnd("a".into())));
        other.hear(&News::Over, at(2));
        assert_eq!(other.may_begin(), Ok(()));
    }

    #[test]
    fn a_long_name_is_told_by_its_beginning_and_never_cut_within_a_letter() {
        let mut one = Ledger::default();
        one.look(Some((&"ä".repeat(40), CUT)), at(0));
        let Some(News::Announced(announcement)) = told(&mut one) else { panic!() };
        assert_eq!(announcement.path, "ä".repeat(16));
    }
}
