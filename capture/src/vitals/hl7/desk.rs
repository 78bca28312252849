//! What becomes of one message: read, checked against bed and patient, handed to the hub, answered. Everything a connection
//! does but the network, with the time handed in.

mod channels;
mod clocks;
mod counts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::time::{MonoTime, SessionTime};
use protocol::vitals::{self, Channel, Decimal, MAX_SAMPLES, Numeric, Piece, Term, Vitals};

use super::ack::{self, Outcome, Refusal, Stamp};
use super::device::Place;
use super::message::Message;
use super::mllp;
use super::report::{self, Report};
use super::wave::Wave;
use crate::vitals::device_clock::DeviceTime;
use crate::vitals::hub::Hub;
use crate::vitals::patient::{Admission, Identity};
use channels::Channels;
use clocks::Clocks;
use counts::{Counted, Counts};

/// Samples of a curve are sent on in pieces of so much: long enough to cost little, short enough to be drawn as they come.
const PIECE_MS: u64 = 200;

/// Takes messages from every connection.
pub struct Desk {
    bed: Vec<String>,
    hub: Arc<Hub>,
    clocks: Mutex<Clocks>,
    channels: Mutex<Channels>,
    counts: Counts,
    /// The refusal that was said last.
    said: Mutex<Option<Refusal>>,
}

impl Desk {
    /// A desk for `bed`, as PV1-3 has it.
    pub fn new(bed: &str, hub: Arc<Hub>) -> Self {
        let bed = bed.split('^').map(|component| component.trim().to_owned()).collect();
        Self {
            bed,
            hub,
            clocks: Mutex::default(),
            channels: Mutex::default(),
            counts: Counts::default(),
            said: Mutex::default(),
        }
    }

    /// Takes `bytes`, one message, at `now`, which is `moment` by this machine's calendar. Gives what became of it, and the
    /// answer, where one can be given and is wanted.
    pub fn take(&self, bytes: &[u8], moment: &str, now: MonoTime) -> (Outcome, Option<Vec<u8>>) {
        let message = Message::read(bytes);
        let outcome = message.map_err(Refusal::from).and_then(|message| self.judge(&message, now));
        let outcome = outcome.err().map_or(Outcome::Accepted, Outcome::Refused);
        self.say(outcome);
        let number = self.counts.count(outcome);
        let header = match message {
            Ok(message) => Some(message),
            // Its header may still be good enough to be answered by.
            Err(_) => bytes.split(|byte| *byte == b'\r').next().and_then(Message::headed),
        };
        let answer = header.and_then(|message| ack::answer(&message, outcome, Stamp { moment, number }));
        (outcome, answer)
    }

    /// A connection was ended because what came on it is no message. The first is said.
    pub fn broken(&self, fault: mllp::Fault) {
        if self.counts.broken() {
            tracing::warn!("vitals: a connection is ended: {fault}; so will be others like it");
        }
    }

    /// The same refusal again and again is said once, over all connections: some senders make one for each message.
    fn say(&self, outcome: Outcome) {
        let Outcome::Refused(refusal) = outcome else { return };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.replace(refusal) != Some(refusal) {
            tracing::warn!("vitals: a message is left out: {refusal}; so will be others like it");
        }
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.counts.counted()
    }

    fn judge(&self, message: &Message<'_>, now: MonoTime) -> Result<(), Refusal> {
        let kind = message.header().field(9);
        let is_alarm = match (kind.component(1).code(), kind.component(2).code()) {
            (Some("ORU"), Some("R01")) => false,
            (Some("ORU"), Some("R40")) => true,
            _ => return Err(Refusal::Type),
        };
        let control_id = message.header().field(10);
        if control_id.is_empty() || control_id.raw().len() > ack::MAX_CONTROL_ID_BYTES {
            return Err(Refusal::ControlId);
        }
        self.check_bed(message)?;
        let identity = self.identity(message)?;
        let report = report::read(message, is_alarm)?;
        match self.hub.named(identity, now) {
            Admission::Admitted => {}
            Admission::Changed | Admission::Stopped => {
                *self.channels() = Channels::default();
                return Err(Refusal::OtherPatient);
            }
        }
        if report.is_empty() && report.left_out > 0 {
            return Err(Refusal::Nothing);
        }
        self.counts.left_out(report.left_out);
        self.clocks().arrived(&report.newest, now);
        self.hub.hear(self.translated(&report, now), now);
        Ok(())
    }

    /// Every PV1 must name this bed: point of care, room and bed; and the facility, where the configuration names one.
    fn check_bed(&self, message: &Message<'_>) -> Result<(), Refusal> {
        let mut any = false;
        for visit in message.segments().filter(|segment| segment.name() == b"PV1") {
            message.check(visit)?;
            let place = visit.field(3);
            if place.is_empty() {
                continue;
            }
            let compared = self.bed.len().max(3);
            let named = |number: usize| message.text(place.component(number)).trim().to_owned();
            let is_this = (1..=compared).all(|number| {
                self.bed.get(number - 1).map_or_else(|| named(number).is_empty(), |bed| *bed == named(number))
            });
            if !is_this {
                return Err(Refusal::OtherBed);
            }
            any = true;
        }
        if any { Ok(()) } else { Err(Refusal::NoBed) }
    }

    /// Whom the message names: the first identifier of PID-3 with who gave it, else the name in PID-5. Only a hash leaves.
    /// A part that says nothing is as one that is not there.
    fn identity(&self, message: &Message<'_>) -> Result<Option<Identity>, Refusal> {
        let mut found = None;
        for person in message.segments().filter(|segment| segment.name() == b"PID") {
            let (identifier, name) = (person.field(3), person.field(5));
            let parts = if identifier.component(1).is_void() {
                [name.component(1), name.component(2)]
            } else {
                [identifier.component(1), identifier.component(4)]
            };
            let identity = self.hub.identity(&parts.map(|part| if part.is_void() { &[] } else { part.raw() }));
            if found.is_some() && identity.is_some() && found != identity {
                return Err(Refusal::TwoPatients);
            }
            found = found.or(identity);
        }
        Ok(found)
    }

    /// The report on the session's clock and in the shapes of the wire.
    fn translated(&self, report: &Report, now: MonoTime) -> Vec<Vitals> {
        let numbers = report.numbers.iter().map(|number| (number.term, number.place));
        self.channels().again(numbers.chain(report.waves.iter().map(|wave| (wave.term, wave.place))), now);
        let numerics = report.numbers.iter().filter_map(|number| {
            Some(Numeric {
                channel: self.channel(number.term, number.place, now)?,
                unit: number.unit,
                reading: number.reading,
                at: self.session(number.place, number.at, now)?,
                interval_ms: None,
            })
        });
        let alarms = report.alarms.iter().filter_map(|alarm| {
            Some(Vitals::Alarm(vitals::Alarm {
                source: self.channels().source(alarm.source, alarm.place),
                event: alarm.event,
                deviation: alarm.deviation,
                priority: alarm.priority,
                state: alarm.state,
                inactivation: alarm.inactivation,
                at: self.session(alarm.place, alarm.at, now)?,
            }))
        });
        let numerics: Vec<Numeric> = numerics.collect();
        let numerics = (!numerics.is_empty()).then_some(Vitals::Numerics(numerics));
        let pieces = report.waves.iter().filter_map(|wave| self.pieces(wave, now)).flatten();
        numerics.into_iter().chain(alarms).chain(pieces).collect()
    }

    fn pieces(&self, wave: &Wave, now: MonoTime) -> Option<Vec<Vitals>> {
        let rate_mhz = wave.rate_mhz?;
        let channel = self.channel(wave.term, wave.place, now)?;
        let first = self.session(wave.place, wave.first, now)?;
        let (scale, samples) = wave.steps();
        let rate = u64::from(rate_mhz.get());
        let length = usize::try_from(rate * PIECE_MS / 1_000_000).unwrap_or(MAX_SAMPLES).clamp(1, MAX_SAMPLES);
        let piece = |(number, samples): (usize, &[i16])| {
            let after_us = (number * length) as u64 * 1_000_000_000 / rate;
            Vitals::Wave(Piece {
                channel,
                unit: wave.unit,
                first: SessionTime(first.0.saturating_add(after_us)),
                rate_mhz,
                scale,
                offset: Decimal { mantissa: 0, exponent: 0 },
                samples: samples.to_vec(),
            })
        };
        Some(samples.chunks(length).enumerate().map(piece).collect())
    }

    /// The wire's name of a channel; one that there is no room for is counted.
    fn channel(&self, term: Term, place: Place, now: MonoTime) -> Option<Channel> {
        self.or_counted(self.channels().met(term, place, now))
    }

    /// The session's time of what a device tells; that of one whose clock there is no room for is counted.
    fn session(&self, place: Place, at: Option<DeviceTime>, now: MonoTime) -> Option<SessionTime> {
        self.or_counted(self.clocks().session(place.device, at, now))
    }

    fn or_counted<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.counts.left_out(1);
        }
        found
    }

    fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
