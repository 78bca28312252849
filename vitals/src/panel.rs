//! Everything an end knows of the patient's vital signs, and what of it is to be shown at a moment. Where and in which
//! colours is left to whoever draws.

mod told;

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::time::SessionTime;
use protocol::vitals::{Alarm, AlarmState, Channel, Feed, FeedState, Numeric, Piece, Reading, Term, Vitals};

use crate::age::{Standing, unlearned};
use crate::sweep::{self, Sweep, Trace};
use crate::terms::{self, Group, Part};
pub use told::Told;

/// Numbers, curves and alarms held at most; what is new beyond takes the place of what is gone, or of the oldest. A busy
/// monitor has some thirty numbers.
const MAX_NUMERICS: usize = 64;
/// See [`MAX_NUMERICS`]: twelve ECG leads and four others. Curves that still come are not cut for another.
const MAX_TRACES: usize = 16;
/// See [`MAX_NUMERICS`].
const MAX_ALARMS: usize = 32;
/// A curve without a sample for so long is not shown any more.
const TRACE_GONE: Duration = Duration::from_secs(10);

/// What came so far.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    feed: Option<Feed>,
    numerics: BTreeMap<Channel, Numeric>,
    traces: BTreeMap<Channel, Trace>,
    alarms: BTreeMap<(Channel, Term), Alarm>,
}

/// A number to be shown, a blood pressure's parts together.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// What monitors call it.
    pub label: String,
    /// What it is about.
    pub group: Group,
    /// The value, such as `72` or `118/74 (89)`; a dash where the device has none.
    pub text: String,
    /// Its unit.
    pub unit: &'static str,
    /// When it was measured: its oldest part.
    pub age: Duration,
    /// How it stands by that age; never [`Standing::Gone`].
    pub standing: Standing,
    /// The device itself doubts it.
    pub is_questionable: bool,
    /// The first of the alarms about it, in the order of [`Panel::told`].
    pub alarm: Option<Told>,
}

/// A curve to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What monitors call it.
    pub label: String,
    /// What it is about.
    pub group: Group,
    /// Its unit.
    pub unit: &'static str,
    /// The curve.
    pub sweep: Sweep,
}

impl Panel {
    /// Takes one message. Words on another patient take everything away that was there.
    pub fn take(&mut self, vitals: Vitals) {
        match vitals {
            Vitals::Feed(feed) => {
                if feed.state == FeedState::PatientChanged {
                    *self = Self::default();
                }
                self.feed = Some(feed);
            }
            Vitals::Numerics(mut numerics) => {
                // Those that are known come first, so that new ones do not take their places.
                numerics.sort_by_key(|numeric| !self.numerics.contains_key(&numeric.channel));
                numerics.into_iter().for_each(|numeric| self.number(numeric));
            }
            Vitals::Wave(piece) => self.piece(piece),
            Vitals::Alarm(alarm) => self.alarm(alarm),
        }
    }

    /// How the feed stands, once it was told.
    pub fn feed(&self) -> Option<Feed> {
        self.feed
    }

    /// Every number held, whatever its age.
    pub fn numerics(&self) -> impl Iterator<Item = &Numeric> {
        self.numerics.values()
    }

    /// Every alarm that holds.
    pub fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values()
    }

    /// What is to be shown of the numbers at `now`, in the order of monitors.
    pub fn numbers(&self, now: SessionTime) -> Vec<Number> {
        let mut together = BTreeMap::<(usize, Channel), Vec<(Option<Part>, &Numeric)>>::new();
        for numeric in self.numerics.values().filter(|numeric| standing(numeric, now) != Standing::Gone) {
            let (term, part) = terms::base(numeric.channel.term);
            let channel = Channel { term, ..numeric.channel };
            together.entry((terms::rank(term), channel)).or_default().push((part, numeric));
        }
        together.into_iter().filter_map(|((_, channel), parts)| self.shown(channel, &parts, now)).collect()
    }

    /// What is to be shown of the curves at `now` on a screen that is swept once in `span`.
    pub fn curves(&self, now: SessionTime, span: Duration) -> Vec<Curve> {
        let fresh = |trace: &Trace| trace.newest().is_some_and(|newest| now.since(newest) <= TRACE_GONE);
        let mut shown: Vec<_> = self.traces.iter().filter(|(_, trace)| fresh(trace)).collect();
        shown.sort_by_key(|(channel, _)| (terms::rank(channel.term), **channel));
        let curve = |(channel, trace): (&Channel, &Trace)| {
            Some(Curve {
                label: name(*channel)?,
                group: terms::group(channel.term),
                unit: trace.unit().map_or("", terms::unit),
                sweep: trace.sweep(now, span),
            })
        };
        shown.into_iter().filter_map(curve).collect()
    }

    /// What is to be shown of the alarms at `now`: those of the present first, the most urgent first.
    pub fn told(&self, now: SessionTime) -> Vec<Told> {
        let mut all: Vec<Told> = self.alarms.values().map(|alarm| Told::of(alarm, now)).collect();
        all.sort_by_key(Told::rank);
        all
    }

    fn number(&mut self, numeric: Numeric) {
        let goes = |held: &Numeric| {
            let age = older(held.at, numeric.at)?;
            Some((standing(held, numeric.at) == Standing::Gone, age))
        };
        let is_taken = match self.numerics.get(&numeric.channel) {
            // One that was measured before the one held came late, and says nothing of the present.
            Some(held) => held.at <= numeric.at,
            None => make_room(&mut self.numerics, MAX_NUMERICS, goes),
        };
        if is_taken {
            self.numerics.insert(numeric.channel, numeric);
        }
    }

    fn piece(&mut self, piece: Piece) {
        let now = sweep::end(&piece);
        let goes = |held: &Trace| held.newest().map(|newest| now.since(newest)).filter(|age| *age > TRACE_GONE);
        if self.traces.contains_key(&piece.channel) || make_room(&mut self.traces, MAX_TRACES, goes) {
            self.traces.entry(piece.channel).or_default().take(piece);
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        let key = (alarm.source, alarm.event);
        if alarm.state == AlarmState::Inactive {
            // Whatever its time: words come in their order, and a device repeats an alarm that goes on, but no end.
            self.alarms.remove(&key);
            return;
        }
        if self.alarms.get(&key).is_some_and(|held| held.at > alarm.at) {
            return;
        }
        if self.alarms.contains_key(&key) || make_room(&mut self.alarms, MAX_ALARMS, |held| older(held.at, alarm.at)) {
            self.alarms.insert(key, alarm);
        }
    }

    fn shown(&self, channel: Channel, parts: &[(Option<Part>, &Numeric)], now: SessionTime) -> Option<Number> {
        let (_, first) = parts.first()?;
        let standing = parts.iter().map(|(_, numeric)| standing(numeric, now)).max()?;
        let age = parts.iter().map(|(_, numeric)| now.since(numeric.at)).max()?;
        let alarms = self.alarms.values().filter(|alarm| {
            terms::base(alarm.source.term).0 == channel.term && alarm.source.instance == channel.instance
        });
        Some(Number {
            label: name(channel)?,
            group: terms::group(channel.term),
            text: text(parts),
            unit: terms::unit(first.unit),
            age,
            standing,
            is_questionable: parts.iter().any(|(_, part)| matches!(part.reading, Reading::Questionable(_))),
            alarm: alarms.map(|alarm| Told::of(alarm, now)).min_by_key(Told::rank),
        })
    }
}

/// Whether `held` has room for something new. Where it is full, that for which `goes` gives the most makes room, if it gives
/// anything.
fn make_room<K: Copy + Ord, V, R: Ord>(held: &mut BTreeMap<K, V>, most: usize, goes: impl Fn(&V) -> Option<R>) -> bool {
    if held.len() < most {
        return true;
    }
    let first = held.iter().filter_map(|(key, value)| Some((goes(value)?, *key))).max();
    first.is_some_and(|(_, key)| held.remove(&key).is_some())
}

/// By how much `held` is older than `new`, if it is.
fn older(held: SessionTime, new: SessionTime) -> Option<Duration> {
    Some(new.since(held)).filter(|age| !age.is_zero())
}

fn standing(numeric: &Numeric, now: SessionTime) -> Standing {
    let learned = numeric.interval_ms.map(|ms| Duration::from_millis(ms.into()));
    Standing::of(now.since(numeric.at), learned.unwrap_or_else(|| unlearned(numeric.channel.term)))
}

/// The label, with a count from the second channel of one term on; `None` for what no table knows.
fn name(channel: Channel) -> Option<String> {
    let label = terms::label(channel.term)?;
    Some(match channel.instance {
        0 => label.to_owned(),
        more => format!("{label} {}", u16::from(more) + 1),
    })
}

fn text(parts: &[(Option<Part>, &Numeric)]) -> String {
    let value = |wanted: Part| {
        let found = parts.iter().find(|(part, _)| *part == Some(wanted));
        found.map(|(_, numeric)| written(numeric.reading))
    };
    let [systolic, diastolic, mean] = [Part::Systolic, Part::Diastolic, Part::Mean].map(value);
    match (systolic, diastolic, mean) {
        (None, None, None) => parts.first().map_or_else(dash, |(_, numeric)| written(numeric.reading)),
        (None, None, Some(mean)) => mean,
        (systolic, diastolic, mean) => {
            let pair = format!("{}/{}", systolic.unwrap_or_else(dash), diastolic.unwrap_or_else(dash));
            mean.map_or_else(|| pair.clone(), |mean| format!("{pair} ({mean})"))
        }
    }
}

fn written(reading: Reading) -> String {
    reading.value().map_or_else(dash, |value| value.to_string())
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests;
