//! The ladder: what theatre gives up when the lines carry less than it would send, one thing after the other (see
//! [`Rung`]). A pure unit, fed ten times a second with transport's budget and with what the encoder really made. What
//! a rung does to pictures is left to `canvas` and `node`.
//!
//! Down it goes soon, as far as it must. Up it goes one rung at a time, and only after the lines carried enough for a
//! while. Where nothing is sent nothing is measured, so there the next rung up is tried, as receivers of layered
//! multicast join a layer to learn whether there is room for it; a try that fails is repeated after twice the time
//! (McCanne, Jacobson, Vetterli: Receiver-driven Layered Multicast, SIGCOMM 1996, section 3).

mod needs;
mod output;

use std::time::Duration;

use protocol::ladder::{Cause, Rung};
use protocol::time::MonoTime;

pub use needs::Shape;
use output::Output;

/// The lines must be short this long before anything is given up: several reports of the far end. Until then the
/// encoder alone follows the budget, which it does at once.
const DOWN_AFTER: Duration = Duration::from_millis(500);
/// And this long before video stops: the frozen picture that follows is worse than two seconds of a bad one.
const STOP_AFTER: Duration = Duration::from_secs(2);
/// A try of video goes on this long without a sign that it gets better: from a thin line's least a fatter one is won back by a
/// fifth each second. Meanwhile transport sends no more than it knows the line to carry.
const TRIED_FOR: Duration = Duration::from_secs(5);
/// A budget that has risen by this much, in percent, is such a sign.
const RISEN_PERCENT: u64 = 5;
/// The lines must have room this long before a rung is climbed, at first.
pub const UP_AFTER: Duration = Duration::from_secs(3);
/// Room is this much of what the rung above needs, in percent: more than a budget trembles on its own.
const ROOM_PERCENT: u64 = 120;
/// Without video a rung is tried after this long: often enough that video is not missed, seldom enough that a line on
/// which only voice fits is not filled with tries.
pub const TRY_AFTER: Duration = Duration::from_secs(10);
/// A climb that did not hold this long failed.
const HELD: Duration = Duration::from_secs(10);
/// The wait after failed climbs doubles up to this: a line that comes back is used within a minute.
pub const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// The least bits per second the encoder is told to make, however little the lines carry: below, x264 has nothing left to
/// give up and makes what it makes.
pub const LEAST_BPS: u32 = 200_000;

/// What the ladder is fed with, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Bits per second of pictures the lines carry; `None` while nothing suggests a limit.
    pub budget_bps: Option<u64>,
    /// Bytes of all access units since the encoder started.
    pub made_bytes: u64,
    /// The usual time between two canvases, every one counted.
    pub interval: Duration,
}

/// Where theatre stands, and what it waits for.
#[derive(Debug)]
pub struct Ladder {
    shape: Shape,
    rung: Rung,
    cause: Option<Cause>,
    output: Output,
    short: Option<Short>,
    room_since: Option<MonoTime>,
    last: Option<Step>,
    patience: Duration,
}

/// A time in which the lines carried less than the rung needs.
#[derive(Debug, Clone, Copy)]
struct Short {
    since: MonoTime,
    /// The highest rung that fitted at any moment of it.
    fitted: Rung,
    /// The budget when it began, or last rose.
    from_bps: u64,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    at: MonoTime,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Up,
}

impl Ladder {
    /// At the top, for canvases and an encoder of `shape`.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            rung: Rung::Full,
            cause: None,
            output: Output::default(),
            short: None,
            room_since: None,
            last: None,
            patience: UP_AFTER,
        }
    }

    /// What is given up.
    pub fn rung(&self) -> Rung {
        self.rung
    }

    /// Why; `None` at the top.
    pub fn cause(&self) -> Option<Cause> {
        match (self.cause, self.room_since) {
            (Some(Cause::Lines), Some(_)) => Some(Cause::Recovering),
            (cause, _) => cause,
        }
    }

    /// Judges anew. Returns whether the rung has changed. To be called ten times a second or so.
    pub fn judge(&mut self, seen: &Seen, now: MonoTime) -> bool {
        if self.rung.has_video() && self.climbed().is_some_and(|at| now.since(at) >= HELD) {
            self.patience = UP_AFTER;
        }
        self.look(seen, now);
        if let Some((rung, cause)) = self.down(now) {
            self.step(rung, Some(cause), Direction::Down, now);
        } else if let Some(rung) = self.up(now) {
            let cause = self.cause.filter(|_| rung != Rung::Full);
            self.step(rung, cause, Direction::Up, now);
        } else {
            return false;
        }
        self.look(seen, now);
        true
    }

    /// Notes how long the lines have been too thin, or had room.
    fn look(&mut self, seen: &Seen, now: MonoTime) {
        let needs = |rung| self.shape.needs_bps(rung, seen.interval);
        // Without a limit everything fits.
        let budget = seen.budget_bps.unwrap_or(u64::MAX);
        let fits = Rung::ALL.into_iter().find(|rung| budget >= needs(*rung)).unwrap_or(Rung::Voice);
        let room = self.above().is_some_and(|above| {
            let wanted = needs(above).saturating_mul(ROOM_PERCENT) / 100;
            budget >= wanted.min(self.shape.configured_bps.into())
        });
        // A rung without video that was climbed to is a step of a try: what it lacks was measured before.
        let is_measured = self.rung.has_video() || self.climbed().is_none();
        self.short = (is_measured && fits > self.rung).then(|| match self.short {
            Some(short) if self.is_try(short) && budget > short.from_bps.saturating_mul(100 + RISEN_PERCENT) / 100 => {
                Short { since: now, fitted: short.fitted.min(fits), from_bps: budget }
            }
            Some(short) => Short { fitted: short.fitted.min(fits), ..short },
            None => Short { since: now, fitted: fits, from_bps: budget },
        });
        self.room_since = if room { self.room_since.or(Some(now)) } else { None };
        let binding = seen.budget_bps.filter(|bps| *bps < u64::from(self.shape.configured_bps));
        match binding.filter(|_| self.rung.has_video()) {
            Some(budget) => self.output.record(seen.made_bytes, budget.max(LEAST_BPS.into()), now),
            None => self.output = Output::default(),
        }
    }

    /// Where to step down to, if anywhere.
    fn down(&self, now: MonoTime) -> Option<(Rung, Cause)> {
        let by_lines = self.short.and_then(|short| {
            let lasted = now.since(short.since);
            let stop_after = if self.is_try(short) { TRIED_FOR } else { STOP_AFTER };
            let lowest = if lasted >= stop_after { Rung::Voice } else { Rung::HalfRate };
            let rung = short.fitted.min(lowest);
            (lasted >= DOWN_AFTER && rung > self.rung).then_some((rung, Cause::Lines))
        });
        by_lines.or_else(|| {
            let excess = self.output.excess()?;
            let cause = Cause::Encoder { made_bps: excess.made_bps, ordered_bps: excess.ordered_bps };
            Some((self.below()?, cause))
        })
    }

    /// The rung to climb to, if it is time.
    fn up(&self, now: MonoTime) -> Option<Rung> {
        let above = self.above()?;
        let waited = |since: MonoTime, wait: Duration| now.since(since) >= wait;
        let stood = self.last.is_none_or(|last| waited(last.at, self.patience));
        let room = self.room_since.is_some_and(|since| waited(since, self.patience)) && stood;
        // The rung between voice and video shows nothing either: the try goes on from there.
        let wait = if self.climbed().is_some() { TRY_AFTER } else { self.patience.max(TRY_AFTER) };
        let tries = !self.rung.has_video() && self.last.is_none_or(|last| waited(last.at, wait));
        (room || tries).then_some(above)
    }

    fn step(&mut self, rung: Rung, cause: Option<Cause>, direction: Direction, now: MonoTime) {
        let failed = direction == Direction::Down && self.climbed().is_some_and(|at| now.since(at) < HELD);
        if failed {
            let waited = if rung.has_video() { self.patience } else { self.patience.max(TRY_AFTER) };
            self.patience = (waited * 2).min(MOST_PATIENCE);
        }
        (self.rung, self.cause) = (rung, cause);
        (self.short, self.room_since, self.output) = (None, None, Output::default());
        self.last = Some(Step { at: now, direction });
    }

    /// Whether the rung of this shortage had only just been climbed to.
    fn is_try(&self, short: Short) -> bool {
        self.climbed().is_some_and(|at| short.since.since(at) < HELD)
    }

    /// When the last step was made, if it went up.
    fn climbed(&self) -> Option<MonoTime> {
        self.last.filter(|last| last.direction == Direction::Up).map(|last| last.at)
    }

    fn above(&self) -> Option<Rung> {
        Rung::ALL.into_iter().rev().find(|rung| *rung < self.rung)
    }

    fn below(&self) -> Option<Rung> {
        Rung::ALL.into_iter().find(|rung| *rung > self.rung)
    }
}

#[cfg(test)]
mod tests;
