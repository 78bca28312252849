//! What a message says of the patient: numbers (IHE PCD-01), curves (its Waveform Content Module) and alarms (IHE PCD-04,
//! see `alarms`), by the device's clock. Terms without a label are left out. Who it is about is not looked at here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use protocol::vitals::{Decimal, MAX_RATE_MHZ, Reading, Term};
use vitals::terms;

use super::alarms::{self, Alarm};
use super::device::{Device, Devices, Place};
use super::message::{Fault, Field, Message, Segment};
use super::time;
use super::wave::{self, Wave};
use crate::vitals::device_clock::DeviceTime;

/// Coding system of the terms, as OBX-3 and OBX-6 name it.
const MDC: &str = "MDC";

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
    /// The newest moment in it, of each device.
    pub newest: BTreeMap<Device, DeviceTime>,
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
    let (mut devices, mut since) = (Devices::of(message.header()), None);
    for segment in message.segments() {
        match segment.name() {
            b"OBR" => {
                message.check(segment)?;
                since = moment(segment.field(7));
                alarms::next(&mut report, is_alarm);
            }
            b"OBX" => {
                message.check(segment)?;
                let observation = Observation::read(segment, devices.place(segment), since);
                report.note(observation.place.device, observation.at.max(since));
                if is_alarm { alarms::observe(&mut report, &observation) } else { report.observe(&observation) }
            }
            _ => {}
        }
    }
    if is_alarm {
        alarms::finish(&mut report);
    }
    let ends = report.waves.iter().map(|wave| (wave.place.device, wave.end()));
    let ends: Vec<_> = ends.chain(report.alarms.iter().map(|alarm| (alarm.place.device, alarm.at))).collect();
    ends.into_iter().for_each(|(device, end)| report.note(device, end));
    Ok(report)
}

impl Report {
    /// Whether it says anything that is known here.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.waves.is_empty() && self.alarms.is_empty()
    }

    fn note(&mut self, device: Device, at: Option<DeviceTime>) {
        if let Some(at) = at {
            self.newest.entry(device).and_modify(|newest| *newest = at.max(*newest)).or_insert(at);
        }
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
    fn read(segment: Segment<'a>, place: Place, since: Option<DeviceTime>) -> Self {
        let identifier = segment.field(3);
        Self {
            segment,
            term: term(identifier),
            name: identifier.component(2).code().unwrap_or_default(),
            place,
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

#[cfg(test)]
mod tests;
