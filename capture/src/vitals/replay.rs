//! Plays recordings as if their patient were on the table now, in a loop, all of them at once. What was not recorded is not
//! sent: an invalid sample is a gap in a curve, and no number.

use std::io;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use protocol::time::{MonoTime, SessionTime};
use protocol::vitals::{self, Decimal, GAP, MAX_RATE_MHZ, MAX_SAMPLES, Numeric, Piece, Reading, Vitals};

use super::hub::Hub;
use super::thread::{BEAT, Paced};
use super::wfdb::{Channel, Form, Record};

/// Curves that are sent at most, the first in the order of monitors: twelve leads and more would fill a thin line.
const MAX_CURVES: usize = 6;

/// Begins to put them into `hub`.
///
/// # Errors
/// The system gave no thread.
pub fn start(records: Vec<Record>, hub: Arc<Hub>) -> io::Result<Paced> {
    let mut players: Vec<Player> = records.into_iter().map(Player::new).collect();
    Paced::start(hub, move |now| players.iter_mut().flat_map(|player| player.values(now)).collect())
}

/// A record being played.
struct Player {
    record: Record,
    /// When frame 0 of this round was.
    start: Option<MonoTime>,
    /// Frames of this round that were given.
    given: u64,
}

impl Player {
    fn new(record: Record) -> Self {
        Self { record, start: None, given: 0 }
    }

    /// Everything between the last asking and `now`.
    fn values(&mut self, now: MonoTime) -> Vec<Vitals> {
        let mut start = *self.start.get_or_insert(now);
        let frames = self.record.frames();
        let mut due = self.frames_at(start, now);
        let most = (self.record.frames_hz() * BEAT.as_secs_f64() * 5.0).ceil() as u64 + 1;
        if due.saturating_sub(self.given) > most.max(frames) {
            (start, self.given, due) = (now, 0, 0);
        }
        // What a machine missed that slept stays a gap.
        let from = |given: u64, due: u64| given.max(due.saturating_sub(most));
        let mut values = Vec::new();
        while due > frames {
            values.extend(self.between(start, from(self.given, due)..frames));
            start = self.time(start, frames);
            (self.given, due) = (0, due - frames);
        }
        values.extend(self.between(start, from(self.given, due)..due));
        (self.start, self.given) = (Some(start), due);
        values
    }

    /// Frames that have begun `now` in a round that began at `start`; the first has at once.
    fn frames_at(&self, start: MonoTime, now: MonoTime) -> u64 {
        (now.since(start).as_secs_f64() * self.record.frames_hz()).floor() as u64 + 1
    }

    fn time(&self, start: MonoTime, frame: u64) -> MonoTime {
        MonoTime(start.0.saturating_add((frame as f64 / self.record.frames_hz() * 1e6).round() as u64))
    }

    fn between(&self, start: MonoTime, frames: Range<u64>) -> Vec<Vitals> {
        let mut values = Vec::new();
        for (channels, from, frames) in self.record.between(frames.start, frames.end) {
            let first = self.time(start, from).as_session_in_theatre();
            let curves = channels.iter().filter(|channel| channel.named.form == Form::Curve).take(MAX_CURVES);
            values.extend(curves.flat_map(|channel| self.curve(channel, first, frames.clone())));
            let numbers = channels.iter().filter(|channel| channel.named.form == Form::Numbers);
            let numerics: Vec<Numeric> =
                numbers.flat_map(|channel| self.numbers(channel, start, from, frames.clone())).collect();
            if !numerics.is_empty() {
                values.push(Vitals::Numerics(numerics));
            }
        }
        values
    }

    fn curve(&self, channel: &Channel, first: SessionTime, frames: Range<u64>) -> Vec<Vitals> {
        let (signal, excess) = (&channel.signal, channel.signal.packing.excess_bits());
        let rate_mhz = self.record.frames_hz() * signal.samples_per_frame as f64 * 1e3;
        let rate_mhz = NonZeroU32::new(rate_mhz.round() as u32).filter(|rate| rate.get() <= MAX_RATE_MHZ);
        let step = f64::from(1_u32 << excess) / signal.gain;
        let scale = Decimal::nearest(step);
        let offset = Decimal::nearest(-f64::from(signal.baseline) / signal.gain);
        let (Some(rate_mhz), Some(scale), Some(offset)) = (rate_mhz, scale, offset) else { return Vec::new() };
        let sample = |frame: u64, number: u64| {
            let sample = channel.sample(frame, number).and_then(|sample| i16::try_from(sample >> excess).ok());
            sample.unwrap_or(GAP)
        };
        let samples: Vec<i16> = frames
            .flat_map(|frame| (0..signal.samples_per_frame).map(move |number| (frame, number)))
            .map(|(frame, number)| sample(frame, number))
            .collect();
        let piece = |(place, samples): (usize, &[i16])| {
            let after_us = (place * MAX_SAMPLES) as u64 * 1_000_000_000 / u64::from(rate_mhz.get());
            Vitals::Wave(Piece {
                channel: named(channel),
                unit: channel.named.unit,
                first: SessionTime(first.0.saturating_add(after_us)),
                rate_mhz,
                scale,
                offset,
                samples: samples.to_vec(),
            })
        };
        samples.chunks(MAX_SAMPLES).enumerate().map(piece).collect()
    }

    /// The values that were recorded in `frames` of a segment, the first of which is frame `from` of the round.
    fn numbers(&self, channel: &Channel, start: MonoTime, from: u64, frames: Range<u64>) -> Vec<Numeric> {
        let signal = &channel.signal;
        let number = |(after, frame): (u64, u64)| {
            let value = f64::from(channel.sample(frame, 0)?) - f64::from(signal.baseline);
            // As many places as a step makes: 101.3 where there are ten steps to the unit.
            let places = signal.gain.abs().log10().ceil().clamp(0.0, 3.0);
            let mantissa = (value / signal.gain * 10_f64.powf(places)).round();
            // What no decimal holds is no value of a patient.
            let mantissa = (mantissa.abs() <= f64::from(i32::MAX)).then_some(mantissa as i32)?;
            let decimal = Decimal { mantissa, exponent: -(places as i8) };
            Some(Numeric {
                channel: named(channel),
                unit: channel.named.unit,
                reading: Reading::Valid(decimal),
                at: self.time(start, from + after).as_session_in_theatre(),
                interval_ms: None,
            })
        };
        (0..).zip(frames).filter_map(number).collect()
    }
}

fn named(channel: &Channel) -> vitals::Channel {
    vitals::Channel { term: channel.named.term, instance: 0 }
}

#[cfg(test)]
mod tests;
