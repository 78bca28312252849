//! Link drills: what may be asked, what is refused, and when one holds. What it does to datagrams is [`lane`]'s, who
//! has to know of it [`ledger`]'s, sockets are the driver's.

pub mod lane;
pub mod ledger;

use std::time::Duration;

pub use protocol::drill::Effect;
use protocol::drill::MAX_LASTS_MS;
use protocol::time::MonoTime;

use crate::path::State;

/// From being asked for to the effect: the other end has to know before it happens. An announcement leaves within
/// 150 ms; three one-way times of a satellite (300 ms) less remain for it to be repeated in.
pub const LEAD: Duration = Duration::from_millis(1_000);
/// The shortest drill: less is over before a person has looked.
const MIN_LASTS: Duration = Duration::from_secs(1);
/// The longest drill.
const MAX_LASTS: Duration = Duration::from_millis(MAX_LASTS_MS as u64);
/// The longest delay each way: what is held back must fit [`lane::MAX_HELD_BYTES`], and no line is slower.
const MAX_DELAY_MS: u32 = 2_000;
/// The thinnest that a path can be made: voice and marks still pass.
const MIN_KBPS: u32 = 64;
/// The widest that thinning makes sense for.
const MAX_KBPS: u32 = 1_000_000;

/// Something done on purpose to one of this end's own paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// The path's name.
    pub path: String,
    /// What happens to its datagrams, both ways.
    pub effect: Effect,
    /// For how long, from 1 s to 120 s; it begins [`LEAD`] after it was asked for.
    pub lasts: Duration,
}

/// When a drill does what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// What.
    pub effect: Effect,
    /// From this moment on.
    pub from: MonoTime,
    /// Up to this moment.
    pub until: MonoTime,
}

/// Why there is no drill, or none to end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such path.
    #[error("there is no path `{path}`; the paths are `{known}`")]
    Unknown {
        /// What was asked for.
        path: String,
        /// Those there are.
        known: String,
    },
    /// What is down already cannot be practised with.
    #[error("path `{path}` is {state}; only a live path can be drilled")]
    NotLive {
        /// The path's name.
        path: String,
        /// How it stands.
        state: &'static str,
    },
    /// That would be an outage.
    #[error("path `{0}` is the only live one; cutting it would be an outage and no drill")]
    OnlyPath(String),
    /// One at a time.
    #[error("there is a drill on path `{path}` for {left_s} s more; end it first")]
    Already {
        /// The path's name.
        path: String,
        /// Seconds until it ends by itself.
        left_s: u64,
    },
    /// The other end has one; two at once could cut every path.
    #[error("the other end runs a drill on its path `{0}`; wait until it is over")]
    OtherEnd(String),
    /// A number nobody can mean.
    #[error("{what} must be from {least} to {most}; {given} was given")]
    Range {
        /// Which number, with its unit.
        what: &'static str,
        /// What was given.
        given: u64,
        /// The least possible.
        least: u64,
        /// The most possible.
        most: u64,
    },
    /// Nothing to end.
    #[error("there is no drill to end")]
    None,
    /// The driver has been stopped.
    #[error("the session has been stopped")]
    Stopped,
}

impl Drill {
    /// Whether its numbers are possible.
    ///
    /// # Errors
    /// [`Refused::Range`].
    pub fn check(&self) -> Result<(), Refused> {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        range("the drill's length in ms", ms(self.lasts), ms(MIN_LASTS), ms(MAX_LASTS))?;
        match self.effect {
            Effect::Cut => Ok(()),
            Effect::Delay(ms) => range("the delay in ms", ms.into(), 1, MAX_DELAY_MS.into()),
            Effect::Thin(kbps) => range("the rate in kbit/s", kbps.into(), MIN_KBPS.into(), MAX_KBPS.into()),
        }
    }

    /// When it holds, asked for at `now`.
    pub fn period(&self, now: MonoTime) -> Period {
        Period { effect: self.effect, from: now + LEAD, until: now + LEAD + self.lasts }
    }
}

impl Period {
    /// Whether the effect is on at `now`. A period includes its first moment, not its end.
    pub fn holds_at(&self, now: MonoTime) -> bool {
        self.from <= now && now < self.until
    }

    /// The same, ended at `now`.
    pub fn ended(self, now: MonoTime) -> Self {
        Self { until: self.until.min(now), ..self }
    }
}

/// A path's state in the words of [`Refused::NotLive`].
pub(crate) fn word(state: State) -> &'static str {
    match state {
        State::Connecting => "still connecting",
        State::Live => "live",
        State::Dark => "dark",
        State::Down => "down",
        State::Removed => "removed",
    }
}

fn range(what: &'static str, given: u64, least: u64, most: u64) -> Result<(), Refused> {
    if (least..=most).contains(&given) { Ok(()) } else { Err(Refused::Range { what, given, least, most }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill(effect: Effect, lasts: Duration) -> Result<(), Refused> {
        Drill { path: "a".into(), effect, lasts }.check()
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_refused_with_what_is_possible() {
        let s = Duration::from_secs;
        for (asked, told) in [
            (drill(Effect::Cut, s(0)), "the drill's length in ms must be from 1000 to 120000; 0 was given"),
            (drill(Effect::Cut, s(121)), "the drill's length in ms must be from 1000 to 120000; 121000 was given"),
            (drill(Effect::Delay(0), s(5)), "the delay in ms must be from 1 to 2000; 0 was given"),
            (drill(Effect::Thin(63), s(5)), "the rate in kbit/s must be from 64 to 1000000; 63 was given"),
        ] {
            assert_eq!(asked.unwrap_err().to_string(), told);
        }
        for effect in [Effect::Cut, Effect::Delay(2_000), Effect::Thin(64)] {
            assert_eq!(drill(effect, s(120)), Ok(()));
        }
    }

    #[test]
    fn a_drill_begins_after_its_announcement_and_ends_on_the_microsecond() {
        let drill = Drill { path: "a".into(), effect: Effect::Cut, lasts: Duration::from_secs(5) };
        let period = drill.period(MonoTime(10));
        let at = [1_000_009, 1_000_010, 6_000_009, 6_000_010].map(|us| period.holds_at(MonoTime(us)));
        assert_eq!(at, [false, true, true, false]);
    }
}
