//! Vital signs as data: numbers, pieces of curves, alarms, and how the feed of them stands. Terms are those of
//! ISO/IEEE 11073-10101. How old a value may be, and how it is shown, is the crate `vitals`'s.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::time::SessionTime;

/// Numbers in one message at most: so many pass a line that swallows datagrams above 600 bytes.
pub const MAX_NUMERICS: usize = 16;
/// Samples in one piece of a curve at most, for the same reason; 200 ms of a curve at 500 Hz are 100.
pub const MAX_SAMPLES: usize = 160;
/// The fastest curve, in thousandths of a hertz: twice what diagnostic ECG needs (IEC 60601-2-25 asks for 500 Hz).
pub const MAX_RATE_MHZ: u32 = 2_000_000;
/// Powers of ten in a [`Decimal`] at most, either way: from a nanovolt to beyond any vital sign.
pub const MAX_EXPONENT: i8 = 9;
/// In place of a sample that was lost, or that the device calls invalid. Never drawn, never bridged.
pub const GAP: i16 = i16::MIN;

/// A term of ISO/IEEE 11073-10101 (MDC) in its context-free form, as HL7 v2 writes it: partition times 65536, plus the
/// code within it. 0 is no term: a device's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term(pub u32);

/// One measured quantity of one patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// What is measured.
    pub term: Term,
    /// Tells several channels of one term apart, from 0 in the order in which theatre met them.
    pub instance: u8,
}

/// `mantissa * 10^exponent`: a number with exactly the digits that the device gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decimal {
    /// All digits.
    pub mantissa: i32,
    /// Where the point is; at most [`MAX_EXPONENT`] either way.
    pub exponent: i8,
}

/// What a device says of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reading {
    /// A value.
    Valid(Decimal),
    /// A value that the device itself doubts.
    Questionable(Decimal),
    /// It has none: a sensor is off, or the value cannot be measured now.
    Unavailable,
}

/// One number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Numeric {
    /// Of what.
    pub channel: Channel,
    /// In which unit (`MDC_DIM_*`).
    pub unit: Term,
    /// The value.
    pub reading: Reading,
    /// When it was measured.
    pub at: SessionTime,
    /// The next one is expected within so many milliseconds; `None` while theatre has not learned it.
    pub interval_ms: Option<u32>,
}

/// A moment of a curve. A sample's value in its unit is `sample * scale + offset`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Piece {
    /// Of what.
    pub channel: Channel,
    /// In which unit (`MDC_DIM_*`).
    pub unit: Term,
    /// When the first sample was taken.
    pub first: SessionTime,
    /// Samples in 1000 s, at most [`MAX_RATE_MHZ`].
    pub rate_mhz: NonZeroU32,
    /// The unit's worth of one step.
    pub scale: Decimal,
    /// The value of sample 0.
    pub offset: Decimal,
    /// At most [`MAX_SAMPLES`]; [`GAP`] where there is none.
    pub samples: Vec<i16>,
}

/// How urgent an alarm is (IEC 60601-1-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// The device does not say, or it is information only.
    Unknown,
    /// `!`: awareness is required.
    Low,
    /// `!!`: prompt response.
    Medium,
    /// `!!!`: immediate response.
    High,
}

/// Which way a value went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Deviation {
    /// Above its limit.
    High,
    /// Below its limit.
    Low,
    /// Something else, which the event's term tells.
    Other,
}

/// Whether an alarm's condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlarmState {
    /// It does.
    Active,
    /// It held, and the device goes on signalling until somebody acknowledges.
    Latched,
    /// It does not any more.
    Inactive,
}

/// Whether the device signals an alarm in theatre, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Inactivation {
    /// It does.
    Enabled,
    /// Sound is off for a while.
    AudioPaused,
    /// Sound is off.
    AudioOff,
    /// All signals are off for a while.
    AlarmPaused,
    /// All signals are off.
    AlarmOff,
    /// Somebody acknowledged it.
    Acknowledged,
}

/// One alarm of one device, as the device tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Alarm {
    /// The quantity it is about.
    pub source: Channel,
    /// What happened (`MDC_EVT_*`).
    pub event: Term,
    /// Which way the value went.
    pub deviation: Deviation,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether it holds.
    pub state: AlarmState,
    /// Whether it is signalled in theatre.
    pub inactivation: Inactivation,
    /// When the device said so.
    pub at: SessionTime,
}

/// Where vital signs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// A monitor on a patient.
    Monitor,
    /// A recording that is played.
    Recording,
    /// Nobody: they are generated.
    Generated,
}

/// Whether vital signs come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FeedState {
    /// Nothing has come yet.
    Waiting,
    /// They come.
    Live,
    /// They came, and stopped.
    Silent,
    /// The monitor names another patient than before. Nothing is sent on until theatre has confirmed; whatever an end
    /// holds of before is the other patient's, and is to be forgotten.
    PatientChanged,
}

/// How the feed stands, at each join and each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Feed {
    /// Where it comes from.
    pub origin: Origin,
    /// How it stands.
    pub state: FeedState,
    /// Since when.
    pub since: SessionTime,
}

/// One message about vital signs, from theatre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vitals {
    /// How the feed stands.
    Feed(Feed),
    /// New numbers, at most [`MAX_NUMERICS`].
    Numerics(Vec<Numeric>),
    /// The next moment of a curve.
    Wave(Piece),
    /// An alarm began, changed or ended.
    Alarm(Alarm),
}

impl Decimal {
    /// The number in `text`, written as HL7 v2 writes a number (data type NM: a sign, digits, a point). Digits beyond nine
    /// are left out behind the point; before it, or in any other writing, there is no number.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            digits => (false, digits),
        };
        let (mut mantissa, mut exponent, mut fraction, mut any) = (0_i32, 0_i8, false, false);
        for byte in digits {
            match byte {
                b'.' if !fraction => fraction = true,
                b'0'..=b'9' => {
                    any = true;
                    let next = mantissa.checked_mul(10).and_then(|all| all.checked_add(i32::from(byte - b'0')));
                    match next.filter(|next| *next <= 999_999_999) {
                        Some(next) if !fraction || exponent > -MAX_EXPONENT => {
                            mantissa = next;
                            exponent -= i8::from(fraction);
                        }
                        _ if fraction => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        any.then_some(Self { mantissa: if negative { -mantissa } else { mantissa }, exponent })
    }

    /// The decimal nearest to `value` with six digits; `None` beyond what a decimal holds.
    pub fn nearest(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        if value == 0.0 {
            return Some(Self { mantissa: 0, exponent: 0 });
        }
        let magnitude = value.abs().log10().floor() as i32;
        let exponent = (magnitude - 5).max(-i32::from(MAX_EXPONENT));
        let mantissa = (value / 10_f64.powi(exponent)).round();
        let exponent = i8::try_from(exponent).ok().filter(|exponent| *exponent <= MAX_EXPONENT)?;
        (mantissa.abs() < 1e9).then_some(Self { mantissa: mantissa as i32, exponent })
    }

    /// The number, as nearly as binary has it.
    pub fn value(self) -> f64 {
        let power = 10_f64.powi(i32::from(self.exponent).abs());
        let mantissa = f64::from(self.mantissa);
        if self.exponent < 0 { mantissa / power } else { mantissa * power }
    }
}

impl fmt::Display for Decimal {
    /// With its own digits, no more and no fewer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.exponent.min(0).unsigned_abs());
        write!(f, "{:.digits$}", self.value())
    }
}

impl Reading {
    /// The value, if there is one.
    pub fn value(self) -> Option<Decimal> {
        match self {
            Self::Valid(value) | Self::Questionable(value) => Some(value),
            Self::Unavailable => None,
        }
    }
}

impl Vitals {
    /// What is bounded here: its name, how much there is, and how much may be.
    pub(crate) fn bounds(&self) -> Vec<(&'static str, usize, usize)> {
        let exponent = |decimal: Decimal| {
            ("decimal exponent", usize::from(decimal.exponent.unsigned_abs()), usize::from(MAX_EXPONENT.unsigned_abs()))
        };
        match self {
            Self::Numerics(numerics) => {
                let values = numerics.iter().filter_map(|numeric| numeric.reading.value()).map(exponent);
                std::iter::once(("vital numbers", numerics.len(), MAX_NUMERICS)).chain(values).collect()
            }
            Self::Wave(piece) => vec![
                ("curve samples", piece.samples.len(), MAX_SAMPLES),
                ("curve rate in mHz", piece.rate_mhz.get() as usize, MAX_RATE_MHZ as usize),
                exponent(piece.scale),
                exponent(piece.offset),
            ],
            Self::Feed(_) | Self::Alarm(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        Decimal::parse(text).map(|decimal| decimal.to_string())
    }

    #[test]
    fn a_number_keeps_the_digits_that_the_device_gave() {
        for text in ["72", "36.80", "-0.05", "0", "1013.2"] {
            assert_eq!(parsed(text).as_deref(), Some(text));
        }
        assert_eq!(parsed("+98").as_deref(), Some("98"));
        assert_eq!(parsed("0.029039286658642516").as_deref(), Some("0.029039286"), "nine places are enough");
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "7 2", "1e3", "72/min", "--1", "1.2.3", "12345678901", "\u{661}"] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_nearest_decimal_has_six_digits_or_is_none() {
        for value in [1.0 / 2963.77, 0.005, -1605.0, 98.3, 123_456.7] {
            let decimal = Decimal::nearest(value).unwrap();
            assert!((decimal.value() - value).abs() <= value.abs() * 1e-5, "{value}: {decimal}");
        }
        assert_eq!(Decimal::nearest(0.0), Some(Decimal { mantissa: 0, exponent: 0 }));
        for beyond in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(Decimal::nearest(beyond), None);
        }
    }
}
