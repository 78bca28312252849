//! What a message says of the patient: numbers (IHE PCD-01), curves (its Waveform Content Module) and alarms (IHE PCD-04,
//! see `alarms`), by the device's clock. Terms without a label are left out. Who it is about is not looked at here.

use std::num::NonZeroU32;

use protocol::vitals::{Decimal, MAX_RATE_MHZ, Reading, Term};
use vitals::terms;

use super::alarms::{self, Alarm};
use super::message::{Fault, Field, Message, Segment};
use super::time;
use super::wave::{self, Wave};
use crate::vitals::device_clock::DeviceTime;

/// Coding system of the terms, as OBX-3 and OBX-6 name it.
const MDC: &str = "MDC";

/// A place in the device's containment tree (OBX-4): medical device system, virtual device, channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place(pub [u16; 3]);

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Of what.
    pub term: Term,
    /// Where in the device.
    pub place: Place,
    /// In which unit.
    pub unit: Term,
    /// The value.
    pub reading: Reading,
    /// When it was measured; `None` if the device does not say.
    pub at: Option<DeviceTime>,
}

/// All that a message says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Numbers, in their order.
    pub numbers: Vec<Number>,
    /// Curves, in their order.
    pub waves: Vec<Wave>,
    /// Alarms, in their order.
    pub alarms: Vec<Alarm>,
    /// The newest moment in it.
    pub newest: Option<DeviceTime>,
    /// Observations that nothing here knows, or that make no sense.
    pub left_out: u64,
}

/// One observation (an OBX segment).
pub(super) struct Observation<'a> {
    pub segment: Segment<'a>,
    pub term: Term,
    /// Its reference identifier, which is stable where codes differ between versions.
    pub name: &'a str,
    pub place: Place,
    /// OBX-14, or else the beginning of what OBR tells.
    pub at: Option<DeviceTime>,
}

/// Reads `message`, which is about alarms if `is_alarm`.
///
/// # Errors
/// Its letters are not written as it says.
pub fn read(message: &Message<'_>, is_alarm: bool) -> Result<Report, Fault> {
    let mut report = Report::default();
    let mut since = None;
    for segment in message.segments() {
        match segment.name() {
            b"OBR" => {
                message.check(segment)?;
                since = moment(segment.field(7));
                report.note(since);
                alarms::next(&mut report, is_alarm);
            }
            b"OBX" => {
                message.check(segment)?;
                let observation = Observation::read(segment, since);
                report.note(observation.at);
                if is_alarm { alarms::observe(&mut report, &observation) } else { report.observe(&observation) }
            }
            _ => {}
        }
    }
    if is_alarm {
        alarms::finish(&mut report);
    }
    let ends: Vec<_> = report.waves.iter().filter_map(Wave::end).map(Some).collect();
    ends.into_iter().for_each(|end| report.note(end));
    Ok(report)
}

impl Report {
    /// Whether it says anything that is known here.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.waves.is_empty() && self.alarms.is_empty()
    }

    fn note(&mut self, at: Option<DeviceTime>) {
        self.newest = self.newest.max(at);
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let known = terms::label(observation.term).is_some();
        match observation.segment.field(2).code() {
            Some("NA") if known => match Wave::read(observation) {
                Some(wave) => self.waves.push(wave),
                None => self.left_out += 1,
            },
            Some("NM") if known => self.numbers.push(observation.number()),
            _ if wave::describe(&mut self.waves, observation) => {}
            // Devices name their parts in observations without a value.
            None | Some("") => {}
            _ => self.left_out += 1,
        }
    }
}

impl<'a> Observation<'a> {
    fn read(segment: Segment<'a>, since: Option<DeviceTime>) -> Self {
        let identifier = segment.field(3);
        Self {
            segment,
            term: term(identifier),
            name: identifier.component(2).code().unwrap_or_default(),
            place: place(segment.field(4)),
            at: moment(segment.field(14)).or(since),
        }
    }

    /// OBX-5.
    pub fn value(&self) -> Field<'a> {
        self.segment.field(5)
    }

    /// OBX-6.
    pub fn unit(&self) -> Term {
        term(self.segment.field(6))
    }

    /// Whether a repetition of OBX-8 is one of `flags`.
    pub fn is_flagged(&self, flags: &[&str]) -> bool {
        self.segment.field(8).repetitions().filter_map(|flag| flag.code()).any(|flag| flags.contains(&flag))
    }

    fn number(&self) -> Number {
        Number { term: self.term, place: self.place, unit: self.unit(), reading: self.reading(), at: self.at }
    }

    /// Status by OBX-11 (HL7 table 0085) and OBX-8 (as IHE PCD-01 uses it).
    fn reading(&self) -> Reading {
        let Some(value) = self.value().first().code().and_then(Decimal::parse) else { return Reading::Unavailable };
        let status = self.segment.field(11).code().unwrap_or_default();
        if matches!(status, "X" | "D" | "N" | "W") || self.is_flagged(&["INV", "NAV", "OFF"]) {
            return Reading::Unavailable;
        }
        if self.is_flagged(&["QUES", "CAL", "DEMO", "TEST"]) {
            return Reading::Questionable(value);
        }
        Reading::Valid(value)
    }
}

/// A rate in hertz as the wire has it; `None` where no curve has it.
pub(super) fn rate_mhz(value: &str) -> Option<NonZeroU32> {
    let mhz = Decimal::parse(value)?.value() * 1_000.0;
    (1.0..=f64::from(MAX_RATE_MHZ)).contains(&mhz).then(|| NonZeroU32::new(mhz.round() as u32)).flatten()
}

pub(super) fn moment(field: Field<'_>) -> Option<DeviceTime> {
    time::read(field.component(1).raw().trim_ascii())
}

/// The term of a coded field; 0 for one of another coding system.
pub(super) fn term(field: Field<'_>) -> Term {
    let system = field.component(3).code().unwrap_or_default();
    let code = field.component(1).code().and_then(|code| code.parse().ok());
    Term(code.filter(|_| system == MDC || system.is_empty()).unwrap_or(0))
}

fn place(field: Field<'_>) -> Place {
    let mut numbers = field.code().unwrap_or_default().split('.').map(|number| number.parse().unwrap_or(0));
    Place([(); 3].map(|()| numbers.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "MSH|^~\\&|M|||||||ORU^R01|1|P|2.6\rOBR|1|||X|||20240101120000\r";

    fn report(observations: &str) -> Report {
        let text = format!("{HEADER}{observations}");
        read(&Message::read(text.as_bytes()).unwrap(), false).unwrap()
    }

    #[test]
    fn numbers_are_read_with_unit_place_and_time() {
        let report = report(
            "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X\r\
             OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20240101115959.5\r\
             OBX|3|NM|150344^MDC_TEMP^MDC|1.6.1.1|36.8|268192^MDC_DIM_DEGC^MDC|||||F\r",
        );
        let [rate, temperature] = report.numbers[..] else { panic!("{report:?}") };
        assert_eq!((rate.term, rate.unit, rate.place), (terms::HEART_RATE, terms::BEAT_PER_MIN, Place([1, 5, 1])));
        assert_eq!(rate.reading, Reading::Valid(Decimal { mantissa: 72, exponent: 0 }));
        assert_eq!(temperature.at.unwrap().0 - rate.at.unwrap().0, 500_000, "OBR-7 stands in for OBX-14");
        assert_eq!((report.newest, report.left_out), (temperature.at, 0));
    }

    #[test]
    fn a_value_that_the_device_does_not_vouch_for_is_no_value_or_a_doubted_one() {
        let reading = |value: &str, flags: &str, status: &str| {
            let number = format!("OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|{value}|||{flags}|||{status}\r");
            report(&number).numbers[0].reading
        };
        let value = Decimal { mantissa: 97, exponent: 0 };
        assert_eq!(reading("97", "N", "R"), Reading::Valid(value));
        for flag in ["QUES", "L~QUES", "DEMO"] {
            assert_eq!(reading("97", flag, "R"), Reading::Questionable(value), "{flag}");
        }
        for (text, flags, status) in
            [("", "", "R"), ("97", "", "X"), ("97", "INV", "R"), ("n/a", "", "R"), ("1e9", "", "")]
        {
            assert_eq!(reading(text, flags, status), Reading::Unavailable, "{text} {flags} {status}");
        }
    }

    #[test]
    fn what_no_table_knows_is_counted_and_left_out() {
        let report = report(
            "OBX|1|NM|0002-4a05^NBPs^MDIL||122|0004-0f20^mmHg^MDIL|||||F\r\
             OBX|2|NM|147842^HR^99LOCAL||72||||||F\rOBX|3|ST|147842^MDC_ECG_HEART_RATE^MDC||hello||||||F\r",
        );
        assert_eq!((report.is_empty(), report.left_out), (true, 3));
    }

    proptest! {
        #[test]
        fn whatever_an_observation_holds_is_read_or_left_out(
            fields in prop::collection::vec("[0-9A-Z^~.&\\\\ -]{0,12}", 0..16), is_alarm: bool, kind in 0..3_usize,
        ) {
            let start = ["OBX|1|NM|147842^X^MDC|", "OBX|1|NA|131330^X^MDC|", "OBX|1|ST|196616^MDC_EVT_ALARM^MDC|"][kind];
            let text = format!("{HEADER}{start}{}\rOBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1|{}\r", fields.join("|"), fields.concat());
            let report = read(&Message::read(text.as_bytes()).unwrap(), is_alarm).unwrap();
            prop_assert!(report.numbers.len() + report.waves.len() + report.alarms.len() <= 2);
        }
    }
}
