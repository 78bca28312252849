//! Curves in a message (IHE PCD TF, Waveform Content Module): an array of numbers (OBX type NA), and observations after it
//! that tell its rate and the worth of a step, and which number stands for no sample.

use std::num::NonZeroU32;

use protocol::vitals::{Decimal, GAP, Term};

use super::device::Place;
use super::message::Field;
use super::report::{Observation, rate_mhz};
use crate::vitals::device_clock::DeviceTime;

/// Samples of a curve in one message at most: four seconds at the fastest rate.
const MAX_SAMPLES: usize = 8_000;
/// The greatest step of a sample: one less than [`GAP`]'s, on either side.
const FULL_SCALE: f64 = 32_767.0;

/// A curve of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    /// Of what.
    pub term: Term,
    /// Where in the device.
    pub place: Place,
    /// In which unit.
    pub unit: Term,
    /// When the first sample was taken; `None` if the device does not say.
    pub first: Option<DeviceTime>,
    /// Samples in 1000 s; `None` until it is told.
    pub rate_mhz: Option<NonZeroU32>,
    /// The unit's worth of a step, if the samples are counted in steps.
    pub resolution: Option<Decimal>,
    /// The number that stands for no sample.
    pub invalid: Option<f64>,
    /// Samples as they were sent.
    values: Vec<Option<f64>>,
}

impl Wave {
    /// The curve of an array; `None` for one that is empty or too long.
    pub(super) fn read(observation: &Observation<'_>) -> Option<Self> {
        let values: Vec<_> = observation.value().components().take(MAX_SAMPLES + 1).map(sample).collect();
        let is_empty = values.iter().all(Option::is_none);
        (!is_empty && values.len() <= MAX_SAMPLES).then_some(Self {
            term: observation.term,
            place: observation.place,
            unit: observation.unit(),
            first: observation.at,
            rate_mhz: None,
            resolution: None,
            invalid: None,
            values,
        })
    }

    /// When its last sample ended.
    pub fn end(&self) -> Option<DeviceTime> {
        let (first, rate) = (self.first?, self.rate_mhz?);
        let lasts_us = self.values.len() as i64 * 1_000_000_000 / i64::from(rate.get());
        Some(DeviceTime(first.0.saturating_add(lasts_us)))
    }

    /// Its samples as steps, and the unit's worth of a step. What cannot be told in steps is a gap.
    pub fn steps(&self) -> (Decimal, Vec<i16>) {
        let valid = |value: Option<f64>| value.filter(|value| Some(*value) != self.invalid);
        let worth = self.worth();
        let step = |value: &Option<f64>| {
            let value = valid(*value)? / worth.sent;
            (value.abs() <= FULL_SCALE).then(|| value.round() as i16)
        };
        (worth.step, self.values.iter().map(|value| step(value).unwrap_or(GAP)).collect())
    }

    fn worth(&self) -> Worth {
        let valid = self.values.iter().flatten().filter(|value| Some(**value) != self.invalid);
        let greatest = valid.clone().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
        let whole = valid.clone().all(|value| value.fract() == 0.0) && greatest <= FULL_SCALE;
        let one = Decimal { mantissa: 1, exponent: 0 };
        match self.resolution.filter(|_| whole) {
            Some(resolution) => Worth { sent: 1.0, step: resolution },
            None if whole => Worth { sent: 1.0, step: one },
            None => {
                // A little more than the least, so that rounding its digits pushes nothing beyond full scale.
                let step = Decimal::nearest(greatest / FULL_SCALE * 1.001).filter(|step| step.mantissa != 0);
                let step = step.unwrap_or(one);
                Worth { sent: step.value(), step }
            }
        }
    }
}

/// A step by what was sent, and in the curve's unit.
struct Worth {
    sent: f64,
    step: Decimal,
}

/// Takes an observation that tells something of the curve before it; `false` if it does not. Attributes follow their curve,
/// under its number in the device's tree or a number below it.
pub(super) fn describe(waves: &mut [Wave], observation: &Observation<'_>) -> bool {
    let numbers = observation.place.numbers;
    let Some(wave) = waves.iter_mut().rev().find(|wave| wave.place.numbers == numbers) else { return false };
    let value = observation.value().first();
    match observation.name {
        "MDC_ATTR_SAMP_RATE" => wave.rate_mhz = value.code().and_then(rate_mhz),
        "MDC_ATTR_NU_MSMT_RES" => {
            wave.resolution = value.code().and_then(Decimal::parse).filter(|resolution| resolution.mantissa != 0);
        }
        "MDC_EVT_INOP" => wave.invalid = value.code().and_then(Decimal::parse).map(Decimal::value),
        name => return name.starts_with("MDC_ATTR_"),
    }
    true
}

fn sample(component: Field<'_>) -> Option<f64> {
    component.code().and_then(Decimal::parse).map(Decimal::value)
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::super::report;
    use super::*;

    fn waves(observations: &str) -> Vec<Wave> {
        let text = format!("MSH|^~\\&|M|||||||ORU^R01|1|P|2.6\rOBR|1|||X|||20240101120000.000\r{observations}");
        report::read(&Message::read(text.as_bytes()).unwrap(), false).unwrap().waves
    }

    #[test]
    fn samples_in_steps_keep_their_steps_and_an_invalid_one_is_a_gap() {
        let waves = waves(
            "OBX|1|NA|151780^MDC_IMPED_TTHOR^MDC|1.7.1.151780|0^-5^32767^7|262656^MDC_DIM_DIMLESS^MDC\r\
             OBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.7.1.151780.1|250|264608^MDC_DIM_PER_SEC^MDC\r\
             OBX|3|NM|2327^MDC_ATTR_NU_MSMT_RES^MDC|1.7.1.151780.2|0.02|262656^MDC_DIM_DIMLESS^MDC\r\
             OBX|4|NM|262196^MDC_EVT_INOP^MDC|1.7.1.151780.3|32767\r",
        );
        let [wave] = &waves[..] else { panic!("{waves:?}") };
        assert_eq!(wave.steps(), (Decimal { mantissa: 2, exponent: -2 }, vec![0, -5, GAP, 7]));
        assert_eq!(wave.rate_mhz.map(NonZeroU32::get), Some(250_000));
        assert_eq!(wave.end().unwrap().0 - wave.first.unwrap().0, 16_000);
    }

    #[test]
    fn samples_in_their_unit_are_kept_to_a_part_in_thirty_thousand() {
        let waves = waves(
            "OBX|1|NA|131329^MDC_ECG_ELEC_POTL_I^MDC|1.1.1.1|-0.53714565^1.25^0^^x|266418^MDC_DIM_MILLI_VOLT^MDC\r",
        );
        let (step, samples) = waves[0].steps();
        let values: Vec<f64> = samples[..3].iter().map(|sample| f64::from(*sample) * step.value()).collect();
        for (value, sent) in values.iter().zip([-0.537_145_65, 1.25, 0.0]) {
            assert!((value - sent).abs() < 1.25 / 30_000.0, "{value} for {sent}");
        }
        assert_eq!(samples[3..], [GAP, GAP], "what is no number is no sample");
    }

    #[test]
    fn each_curve_gets_its_own_attributes() {
        let wave = |term: u32, channel: u8, rate: u32| {
            format!(
                "OBX|1|NA|{term}^X^MDC|1.1.{channel}.7|1^2\rOBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.1.{channel}.7.1|{rate}\r\
                 OBX|3|NR|0^MDC_ATTR_DATA_RANGE^MDC|1.1.{channel}.7.2|-5^5\r"
            )
        };
        let waves = waves(&[wave(131_329, 1, 500), wave(150_452, 2, 125)].concat());
        let rates: Vec<_> = waves.iter().map(|wave| wave.rate_mhz.map(NonZeroU32::get)).collect();
        assert_eq!(rates, [Some(500_000), Some(125_000)]);
    }

    #[test]
    fn an_array_beyond_its_bound_and_a_rate_that_no_curve_has_are_left_out() {
        let long = format!("OBX|1|NA|131329^X^MDC|1.1.1.1|1{}\r", "^1".repeat(MAX_SAMPLES));
        assert_eq!(waves(&long), []);
        for rate in ["0", "-250", "1e3", "1000000", ""] {
            let text =
                format!("OBX|1|NA|131329^X^MDC|1.1.1.1|1^2\rOBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|{rate}\r");
            assert_eq!(waves(&text)[0].rate_mhz, None, "{rate}");
        }
    }
}
