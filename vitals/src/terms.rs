//! What terms of ISO/IEEE 11073-10101 mean to people: labels, units, and which belong together. Codes are in their
//! context-free form, as the Rosetta terminology (IHE PCD) lists them. A term that stands in no table is shown by none.

use protocol::vitals::Term;

/// Heart rate from the ECG.
pub const HEART_RATE: Term = Term(147_842);
/// Oxygen saturation by pulse oximetry.
pub const OXYGEN: Term = Term(150_456);
/// Pulse rate by pulse oximetry.
pub const PULSE_RATE: Term = Term(149_530);
/// Breaths a minute.
pub const BREATH_RATE: Term = Term(151_562);
/// Core temperature.
pub const TEMPERATURE: Term = Term(150_368);
/// Arterial pressure: the curve. Systolic, diastolic and mean are the three terms after it.
pub const ARTERIAL: Term = Term(150_036);
/// Pressure by a cuff. Systolic, diastolic and mean are the three terms after it.
pub const CUFF: Term = Term(150_300);
/// ECG of a lead that is not told.
pub const ECG: Term = Term(131_328);
/// ECG lead II.
pub const ECG_II: Term = Term(131_330);
/// The pulse oximeter's curve.
pub const PLETH: Term = Term(150_452);
/// Breathing by the chest's impedance.
pub const IMPEDANCE: Term = Term(151_780);

/// Beats a minute.
pub const BEAT_PER_MIN: Term = Term(264_864);
/// Breaths a minute.
pub const BREATH_PER_MIN: Term = Term(264_928);
/// Percent.
pub const PERCENT: Term = Term(262_688);
/// Millimetres of mercury.
pub const MMHG: Term = Term(266_016);
/// Millivolts.
pub const MILLIVOLT: Term = Term(266_418);
/// Degrees Celsius.
pub const CELSIUS: Term = Term(268_192);
/// No unit.
pub const DIMENSIONLESS: Term = Term(262_656);

/// What a quantity is about; each has a colour of its own wherever it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The heart's rhythm.
    Heart,
    /// Oxygen in the blood.
    Oxygen,
    /// Blood's pressure by a catheter.
    Pressure,
    /// Blood's pressure by a cuff.
    Cuff,
    /// Breathing.
    Breath,
    /// Everything else.
    Other,
}

/// Which part of a blood pressure a number is. Its term's last two bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The highest.
    Systolic,
    /// The lowest.
    Diastolic,
    /// The mean, also where only one number is told.
    Mean,
}

/// Label, group and term, in the order in which monitors show them.
const LABELS: [(&str, Group, u32); 38] = [
    ("ECG", Group::Heart, 131_328),
    ("I", Group::Heart, 131_329),
    ("II", Group::Heart, 131_330),
    ("III", Group::Heart, 131_389),
    ("aVR", Group::Heart, 131_390),
    ("aVL", Group::Heart, 131_391),
    ("aVF", Group::Heart, 131_392),
    ("V1", Group::Heart, 131_331),
    ("V2", Group::Heart, 131_332),
    ("V3", Group::Heart, 131_333),
    ("V4", Group::Heart, 131_334),
    ("V5", Group::Heart, 131_335),
    ("V6", Group::Heart, 131_336),
    ("HR", Group::Heart, 147_842),
    ("PVC", Group::Heart, 148_066),
    ("SpO2", Group::Oxygen, 150_456),
    ("Pleth", Group::Oxygen, 150_452),
    ("PR", Group::Oxygen, 149_530),
    ("Pulse", Group::Oxygen, 149_514),
    ("Pulse", Group::Oxygen, 149_546),
    ("Pulse", Group::Pressure, 149_522),
    ("ABP", Group::Pressure, 150_036),
    ("ART", Group::Pressure, 150_032),
    ("BP", Group::Pressure, 150_016),
    ("PAP", Group::Pressure, 150_044),
    ("CVP", Group::Pressure, 150_084),
    ("NIBP", Group::Cuff, 150_300),
    ("NIBP", Group::Cuff, 150_020),
    ("Resp", Group::Breath, 151_562),
    ("Resp", Group::Breath, 151_594),
    ("Resp", Group::Breath, 151_570),
    ("Resp", Group::Breath, 151_586),
    ("Resp", Group::Breath, 151_780),
    ("etCO2", Group::Breath, 151_708),
    ("CO2", Group::Breath, 151_700),
    ("Temp", Group::Other, 150_344),
    ("Temp", Group::Other, 150_364),
    ("Temp", Group::Other, 150_368),
];

const UNITS: [(&str, u32); 13] = [
    ("/min", 264_864),
    ("/min", 264_928),
    ("%", 262_688),
    ("mmHg", 266_016),
    ("kPa", 265_987),
    ("cmH2O", 266_048),
    ("°C", 268_192),
    ("°F", 266_560),
    ("mV", 266_418),
    ("µV", 266_419),
    ("Ω", 266_432),
    ("ml", 263_762),
    ("l/min", 265_216),
];

/// Terms whose three followers are systolic, diastolic and mean.
const PRESSURES: [u32; 7] = [150_016, 150_020, 150_032, 150_036, 150_044, 150_084, 150_300];

/// What monitors call the quantity; `None` for a term that no table here knows.
pub fn label(term: Term) -> Option<&'static str> {
    entry(term).map(|(label, _, _)| *label)
}

/// What it is about.
pub fn group(term: Term) -> Group {
    entry(term).map_or(Group::Other, |(_, group, _)| *group)
}

/// Its place among others on a screen.
pub fn rank(term: Term) -> usize {
    let (base, _) = base(term);
    LABELS.iter().position(|(_, _, known)| *known == base.0).unwrap_or(LABELS.len())
}

/// How the unit is written; nothing for one that is not known.
pub fn unit(term: Term) -> &'static str {
    UNITS.iter().find(|(_, known)| *known == term.0).map_or("", |(unit, _)| unit)
}

/// The quantity that a part of a blood pressure belongs to, and which part it is; any other term is its own.
pub fn base(term: Term) -> (Term, Option<Part>) {
    let base = Term(term.0 & !3);
    if !PRESSURES.contains(&base.0) {
        return (term, None);
    }
    let part = match term.0 & 3 {
        1 => Part::Systolic,
        2 => Part::Diastolic,
        _ => Part::Mean,
    };
    (base, Some(part))
}

/// Whether a cuff measured it, which it does every few minutes.
pub fn is_cuff(term: Term) -> bool {
    group(term) == Group::Cuff
}

fn entry(term: Term) -> Option<&'static (&'static str, Group, u32)> {
    let (base, _) = base(term);
    LABELS.iter().find(|(_, _, known)| *known == base.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_pressure_share_its_label_and_place() {
        let parts = [1, 2, 3].map(|part| Term(CUFF.0 + part));
        assert!(parts.iter().all(|part| label(*part) == Some("NIBP") && is_cuff(*part)));
        let found = parts.map(base);
        let parts = [Part::Systolic, Part::Diastolic, Part::Mean].map(|part| (CUFF, Some(part)));
        assert_eq!(found, parts);
        assert_eq!(base(HEART_RATE), (HEART_RATE, None));
        assert_eq!(label(Term(ARTERIAL.0 + 1)), Some("ABP"));
    }

    #[test]
    fn what_no_table_knows_has_no_label_and_comes_last() {
        assert_eq!((label(Term(0)), unit(Term(0)), group(Term(7))), (None, "", Group::Other));
        assert!(rank(HEART_RATE) < rank(OXYGEN) && rank(OXYGEN) < rank(Term(7)));
        assert_eq!((unit(MMHG), unit(CELSIUS)), ("mmHg", "°C"));
    }

    #[test]
    fn no_term_stands_in_a_table_twice() {
        for (place, (_, _, term)) in LABELS.iter().enumerate() {
            assert!(LABELS[..place].iter().all(|(_, _, earlier)| earlier != term), "{term}");
        }
        for base in PRESSURES {
            assert!(base.is_multiple_of(4) && label(Term(base)).is_some(), "{base}");
        }
    }
}
