//! Vital signs as functions of time: what the sensors of a resting, ventilated adult would give.

use std::f32::consts::TAU;

use super::super::noise::smoothstep;

/// Mean beats of the heart a second: 72 a minute.
const PULSE_HZ: f32 = 1.2;
/// Breaths a second: a ventilator at 14 a minute.
const BREATH_HZ: f32 = 14.0 / 60.0;
/// Seconds between two changes of the numbers.
const READING_SECONDS: f32 = 2.0;

/// One curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Electrocardiogram, lead II.
    Ecg,
    /// Plethysmogram of the pulse oximeter.
    Pleth,
    /// Arterial pressure.
    Pressure,
    /// Chest's impedance.
    Breath,
}

/// A bump of an electrocardiogram: where in the beat, how wide, how high (McSharry et al., "A dynamical model for
/// generating synthetic electrocardiogram signals", IEEE TBME 2003, in its Gaussian form).
type Wave = (f32, f32, f32);

const P_TO_T: [Wave; 5] =
    [(0.16, 0.026, 0.14), (0.262, 0.012, -0.13), (0.29, 0.0155, 1.10), (0.322, 0.014, -0.26), (0.56, 0.052, 0.27)];

impl Signal {
    /// The curve's height at a moment, about -1..1.
    pub fn at(self, seconds: f32) -> f32 {
        let breath = (TAU * BREATH_HZ * seconds).sin();
        let beat = beats(seconds).rem_euclid(1.0);
        match self {
            Self::Ecg => {
                let waves = P_TO_T.iter().map(|(at, width, height)| height * bell(beat, *at, *width));
                waves.sum::<f32>() - 0.12 + 0.03 * breath
            }
            // The pulse takes a quarter of a second to the finger, and less to the radial artery.
            Self::Pleth => pulse_wave(beats(seconds - 0.24), 0.35) * (1.35 + 0.08 * breath) - 0.65,
            Self::Pressure => pulse_wave(beats(seconds - 0.16), 0.55) * (1.35 + 0.06 * breath) - 0.65,
            Self::Breath => {
                let phase = (seconds * BREATH_HZ).rem_euclid(1.0);
                1.3 * smoothstep(0.0, 0.32, phase) * (1.0 - smoothstep(0.36, 0.82, phase)) - 0.6
            }
        }
    }

    /// The number beside the curve.
    pub fn reading(self, seconds: f32) -> String {
        let turn = (seconds / READING_SECONDS).floor();
        let drift = (turn * 1.7).sin() + 0.6 * (turn * 0.61).sin();
        let around = |mean: f32, swing: f32| (mean + swing * drift).round();
        match self {
            Self::Ecg => around(72.0, 1.2).to_string(),
            Self::Pleth => around(98.3, 0.5).to_string(),
            Self::Pressure => format!("{}/{}", around(121.0, 2.0), around(76.0, 1.2)),
            Self::Breath => "14".into(),
        }
    }
}

/// Beats since the beginning; breathing makes the heart a little faster and slower (respiratory sinus arrhythmia).
fn beats(seconds: f32) -> f32 {
    PULSE_HZ * seconds + 0.06 * (TAU * BREATH_HZ * seconds).sin()
}

/// A pulse's upstroke, its fall, and the notch of the aortic valve's closing; 0-1.
fn pulse_wave(beats: f32, notch: f32) -> f32 {
    let beat = (beats - 0.3).rem_euclid(1.0);
    let stroke = smoothstep(0.0, 0.16, beat) * (1.0 - smoothstep(0.12, 1.0, beat)).powf(1.25);
    stroke * 0.94 + notch * 0.30 * bell(beat, 0.46, 0.055)
}

fn bell(at: f32, middle: f32, width: f32) -> f32 {
    (-((at - middle) / width).powi(2) / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_stay_within_their_lanes() {
        for signal in [Signal::Ecg, Signal::Pleth, Signal::Pressure, Signal::Breath] {
            let values: Vec<f32> = (0..2000).map(|step| signal.at(step as f32 * 0.01)).collect();
            assert!(values.iter().all(|value| (-1.05..1.05).contains(value)), "{signal:?}");
            let span =
                values.iter().cloned().fold(f32::MIN, f32::max) - values.iter().cloned().fold(f32::MAX, f32::min);
            assert!(span > 0.9, "{signal:?} is nearly flat");
        }
    }

    #[test]
    fn the_pulse_comes_after_the_heartbeat() {
        let peak = |signal: Signal| {
            let times = (0..800).map(|step| 20.0 + step as f32 * 0.001);
            times.max_by(|a, b| signal.at(*a).total_cmp(&signal.at(*b))).unwrap()
        };
        assert!(peak(Signal::Pressure) > peak(Signal::Ecg));
        assert!(peak(Signal::Pleth) > peak(Signal::Pressure));
    }
}
