//! What the signals of recordings are: their descriptions, which are free text, as terms of the nomenclature.

use protocol::vitals::Term;
use vitals::terms;

/// A signal slower than this is numbers, not a curve, in hertz: monitors give numbers once a second at most.
const NUMBERS_BELOW_HZ: f64 = 2.0;

/// What a signal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its term.
    pub term: Term,
    /// Its unit.
    pub unit: Term,
    /// Whether it is numbers or a curve.
    pub form: Form,
}

/// How a signal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A value now and then.
    Numbers,
    /// A curve.
    Curve,
}

/// Descriptions of curves in small letters, as PhysioNet's databases write them.
const CURVES: [(&str, Term); 27] = [
    ("ecg", terms::ECG),
    ("mcl1", terms::ECG),
    ("mcl", terms::ECG),
    ("i", Term(131_329)),
    ("ii", terms::ECG_II),
    ("mlii", terms::ECG_II),
    ("iii", Term(131_389)),
    ("avr", Term(131_390)),
    ("avl", Term(131_391)),
    ("avf", Term(131_392)),
    ("v", terms::ECG),
    ("v1", Term(131_331)),
    ("v2", Term(131_332)),
    ("v3", Term(131_333)),
    ("v4", Term(131_334)),
    ("v5", Term(131_335)),
    ("v6", Term(131_336)),
    ("pleth", terms::PLETH),
    ("abp", terms::ARTERIAL),
    ("art", Term(150_032)),
    ("bp", Term(150_016)),
    ("pap", Term(150_044)),
    ("cvp", Term(150_084)),
    ("resp", terms::IMPEDANCE),
    ("resp imp.", terms::IMPEDANCE),
    ("imp", terms::IMPEDANCE),
    ("co2", Term(151_700)),
];

/// Descriptions of numbers likewise, without blanks.
const NUMBERS: [(&str, Term); 18] = [
    ("hr", terms::HEART_RATE),
    ("pulse", terms::PULSE_RATE),
    ("spo2", terms::OXYGEN),
    ("%spo2", terms::OXYGEN),
    ("resp", terms::BREATH_RATE),
    ("rr", terms::BREATH_RATE),
    ("temp", Term(150_344)),
    ("nbpsys", Term(150_301)),
    ("nbpdias", Term(150_302)),
    ("nbpmean", Term(150_303)),
    ("abpsys", Term(150_037)),
    ("abpdias", Term(150_038)),
    ("abpmean", Term(150_039)),
    ("papsys", Term(150_045)),
    ("papdias", Term(150_046)),
    ("papmean", Term(150_047)),
    ("cvp", Term(150_084)),
    ("etco2", Term(151_708)),
];

const UNITS: [(&str, Term); 9] = [
    ("mv", terms::MILLIVOLT),
    ("mmhg", terms::MMHG),
    ("%", terms::PERCENT),
    ("bpm", terms::BEAT_PER_MIN),
    ("pm", terms::BREATH_PER_MIN),
    ("/min", terms::BEAT_PER_MIN),
    ("degc", terms::CELSIUS),
    ("c", terms::CELSIUS),
    ("nu", terms::DIMENSIONLESS),
];

/// What a signal is that a header describes so, in this unit and at this rate; `None` if that says nothing here.
pub fn named(description: &str, unit: &str, rate_hz: f64) -> Option<Named> {
    let (description, unit) = (description.to_lowercase(), unit.to_lowercase());
    let find =
        |table: &[(&str, Term)], wanted: &str| table.iter().find(|(known, _)| *known == wanted).map(|(_, term)| *term);
    let (form, term) = if rate_hz < NUMBERS_BELOW_HZ {
        (Form::Numbers, find(&NUMBERS, &description.replace([' ', '_'], ""))?)
    } else {
        (Form::Curve, find(&CURVES, &description)?)
    };
    Some(Named { term, unit: find(&UNITS, &unit).unwrap_or(Term(0)), form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_word_is_a_curve_or_numbers_by_its_rate() {
        assert_eq!(
            named("RESP", "mV", 125.0).map(|named| (named.term, named.form)),
            Some((terms::IMPEDANCE, Form::Curve))
        );
        let numbers = named("RESP", "pm", 1.0 / 60.0).unwrap();
        assert_eq!((numbers.term, numbers.form), (terms::BREATH_RATE, Form::Numbers));
        assert_eq!(named("NBP Sys", "mmHg", 1.0).map(|named| named.unit), Some(terms::MMHG));
        assert_eq!(named("vx", "mV", 1_000.0), None);
    }

    #[test]
    fn every_name_has_a_label() {
        for (name, term) in CURVES.iter().chain(&NUMBERS) {
            assert!(terms::label(*term).is_some(), "{name}");
        }
    }
}
