//! Vital signs of a resting, ventilated adult who does not exist: the signals of the scene `monitor`, as data. A function of
//! time alone.

use std::f64::consts::TAU;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocol::time::{MonoTime, SessionTime};
use protocol::vitals::{Channel, Decimal, Numeric, Piece, Reading, Term, Vitals};
use vitals::terms;

use super::hub::Hub;
use super::thread::{BEAT, Paced};
use crate::source::scene::signals::Signal;

/// Numbers come so often, as from a monitor's own output.
const NUMBERS_EVERY: Duration = Duration::from_secs(2);
/// The cuff measures so often.
const CUFF_EVERY: Duration = Duration::from_secs(180);
/// The signals repeat after so many seconds: 72 beats and 14 breaths.
const ROUND_S: f64 = 60.0;

/// A curve: what it is, its unit, its rate in hertz, and its value at height 0 and 1 of the signal.
struct Curve {
    signal: Signal,
    term: Term,
    unit: Term,
    rate_hz: u32,
    low: f64,
    high: f64,
}

const CURVES: [Curve; 4] = [
    curve(Signal::Ecg, terms::ECG_II, terms::MILLIVOLT, 250, 0.0, 1.0),
    curve(Signal::Pleth, terms::PLETH, terms::DIMENSIONLESS, 125, 0.5, 1.0),
    curve(Signal::Pressure, terms::ARTERIAL, terms::MMHG, 125, 98.0, 131.0),
    curve(Signal::Breath, terms::IMPEDANCE, terms::DIMENSIONLESS, 50, 0.0, 1.0),
];

const fn curve(signal: Signal, term: Term, unit: Term, rate_hz: u32, low: f64, high: f64) -> Curve {
    Curve { signal, term, unit, rate_hz, low, high }
}

/// Begins to put them into `hub`.
///
/// # Errors
/// The system gave no thread.
pub fn start(hub: Arc<Hub>) -> io::Result<Paced> {
    let mut generator = Generator::default();
    Paced::start(hub, move |now| generator.values(now))
}

/// Counts what was given.
#[derive(Debug, Default)]
struct Generator {
    start: Option<MonoTime>,
    beats: u64,
}

impl Generator {
    /// Everything between the last asking and `now`, in whole beats.
    fn values(&mut self, now: MonoTime) -> Vec<Vitals> {
        let start = *self.start.get_or_insert(now);
        let due = u64::try_from(now.since(start).as_micros() / BEAT.as_micros()).unwrap_or(u64::MAX);
        // What a machine missed that slept stays a gap.
        self.beats = self.beats.max(due.saturating_sub(5));
        let mut values = Vec::new();
        while self.beats < due {
            let begins = start + BEAT * u32::try_from(self.beats).unwrap_or(u32::MAX);
            values.extend(moment(begins.since(start), begins.as_session_in_theatre()));
            self.beats += 1;
        }
        values
    }
}

/// The beat that begins `since` the start, at `at`.
fn moment(since: Duration, at: SessionTime) -> Vec<Vitals> {
    let mut values: Vec<Vitals> = CURVES.iter().map(|curve| Vitals::Wave(curve.piece(since, at))).collect();
    let is_due = |every: Duration| since.as_millis().is_multiple_of(every.as_millis());
    let mut numerics = if is_due(NUMBERS_EVERY) { numbers(since, at) } else { Vec::new() };
    if is_due(CUFF_EVERY) {
        numerics.extend(cuff(since, at));
    }
    if !numerics.is_empty() {
        values.push(Vitals::Numerics(numerics));
    }
    values
}

impl Curve {
    fn piece(&self, since: Duration, first: SessionTime) -> Piece {
        // Steps of a thousandth of what the signal swings.
        let worth = (self.high - self.low) / 1_000.0;
        let count = self.rate_hz * BEAT.as_millis() as u32 / 1_000;
        let sample = |number: u32| {
            let seconds = since.as_secs_f64() + f64::from(number) / f64::from(self.rate_hz);
            (f64::from(self.signal.at((seconds % ROUND_S) as f32)) * 1_000.0).round() as i16
        };
        Piece {
            channel: channel(self.term),
            unit: self.unit,
            first,
            rate_mhz: (self.rate_hz * 1_000).try_into().unwrap_or(std::num::NonZeroU32::MIN),
            scale: Decimal::nearest(worth).unwrap_or(Decimal { mantissa: 1, exponent: -3 }),
            offset: Decimal::nearest(self.low).unwrap_or(Decimal { mantissa: 0, exponent: 0 }),
            samples: (0..count).map(sample).collect(),
        }
    }
}

fn numbers(since: Duration, at: SessionTime) -> Vec<Numeric> {
    let slow = |period_s: f64| (TAU * since.as_secs_f64() / period_s).sin();
    let whole = |value: f64| Decimal { mantissa: value.round() as i32, exponent: 0 };
    let tenths = |value: f64| Decimal { mantissa: (value * 10.0).round() as i32, exponent: -1 };
    let rate = whole(72.0 + 1.6 * slow(23.0) + 0.8 * slow(61.0));
    let [systolic, diastolic, mean] = [1, 2, 3].map(|part| Term(terms::ARTERIAL.0 + part));
    [
        (terms::HEART_RATE, terms::BEAT_PER_MIN, rate),
        (terms::PULSE_RATE, terms::BEAT_PER_MIN, rate),
        (terms::OXYGEN, terms::PERCENT, whole(98.0 + 0.6 * slow(47.0))),
        (systolic, terms::MMHG, whole(121.0 + 2.0 * slow(37.0))),
        (diastolic, terms::MMHG, whole(76.0 + 1.2 * slow(37.0))),
        (mean, terms::MMHG, whole(91.0 + 1.5 * slow(37.0))),
        (terms::BREATH_RATE, terms::BREATH_PER_MIN, whole(14.0)),
        (terms::TEMPERATURE, terms::CELSIUS, tenths(36.8 + 0.1 * slow(900.0))),
    ]
    .map(|value| numeric(value, at))
    .to_vec()
}

fn cuff(since: Duration, at: SessionTime) -> [Numeric; 3] {
    let swing = (since.as_secs_f64() / CUFF_EVERY.as_secs_f64() * 1.7).sin() * 3.0;
    let whole = |value: f64| Decimal { mantissa: (value + swing).round() as i32, exponent: 0 };
    let part = |part: u32, value: f64| (Term(terms::CUFF.0 + part), terms::MMHG, whole(value));
    [part(1, 118.0), part(2, 74.0), part(3, 89.0)].map(|value| numeric(value, at))
}

fn numeric((term, unit, value): (Term, Term, Decimal), at: SessionTime) -> Numeric {
    Numeric { channel: channel(term), unit, reading: Reading::Valid(value), at, interval_ms: None }
}

fn channel(term: Term) -> Channel {
    Channel { term, instance: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::vitals::GAP;
    use vitals::panel::Panel;

    /// All of the first `seconds`, asked for ten times a second.
    fn panel(seconds: u64) -> (Panel, SessionTime) {
        let (mut generator, mut panel) = (Generator::default(), Panel::default());
        let mut now = MonoTime(5_000_000);
        for _ in 0..=seconds * 10 {
            generator.values(now).into_iter().for_each(|vitals| panel.take(vitals));
            now = now + Duration::from_millis(100);
        }
        (panel, now.as_session_in_theatre())
    }

    #[test]
    fn every_curve_runs_without_a_gap_and_every_number_is_there() {
        let (panel, now) = panel(20);
        let curves = panel.curves(now, Duration::from_secs(4));
        assert_eq!(curves.len(), 4);
        for curve in curves {
            assert!(curve.sweep.lines.len() <= 2, "{}: one line on either side of the screen's edge", curve.label);
        }
        let labels: Vec<String> = panel.numbers(now).into_iter().map(|number| number.label).collect();
        assert_eq!(labels, ["HR", "SpO2", "PR", "ABP", "NIBP", "Resp", "Temp"]);
    }

    #[test]
    fn the_cuff_measures_every_three_minutes() {
        let measured = |seconds: u64| {
            let (panel, _) = panel(seconds);
            let cuff = Channel { term: Term(terms::CUFF.0 + 1), instance: 0 };
            panel.numerics().find(|numeric| numeric.channel == cuff).map(|numeric| numeric.at)
        };
        assert_eq!(measured(179), Some(SessionTime(5_000_000)));
        assert_eq!(measured(181), Some(SessionTime(185_000_000)));
    }

    #[test]
    fn the_same_moment_gives_the_same_values_and_pressures_are_a_patients() {
        let at = SessionTime(1);
        let since = Duration::from_millis(4_200);
        assert_eq!(moment(since, at), moment(since, at));
        let pressure = CURVES[2].piece(since, at);
        for sample in &pressure.samples {
            let value = f64::from(*sample) * pressure.scale.value() + pressure.offset.value();
            assert!(*sample != GAP && (60.0..135.0).contains(&value), "{value}");
        }
    }

    #[test]
    fn a_machine_that_slept_leaves_a_gap_instead_of_rushing() {
        let mut generator = Generator::default();
        generator.values(MonoTime(0));
        let woken = generator.values(MonoTime(3_600_000_000));
        assert!(woken.len() <= 5 * 6, "{} values at once", woken.len());
    }
}
