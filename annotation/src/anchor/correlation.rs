//! How one block of a picture has moved: phase correlation (Kuglin and Hines 1975), below a pixel by the peak's shape.

use std::f32::consts::TAU;
use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::luma::Luma;
use super::motion::Point;

/// Pixels along a block's side: large enough to hold a fold or a vessel's fork, small enough that a picture has a dozen
/// that can be outvoted one by one. A product of small primes, which an FFT is quickest with.
pub const SIDE: usize = 48;

/// Mean square of the windowed differences from the mean, in squared steps of luma, below which a block shows nothing:
/// less is the camera's noise, or black beside the scope's round picture.
const FLAT: f32 = 0.6;
/// Width of the low-pass in the spectrum, in cycles a block: what lies beyond is noise of the small picture. It makes the
/// peak a bell one pixel wide, whose top three of its samples tell.
const LOW_PASS: f32 = SIDE as f32 / TAU;
/// Power of a wave that is no scene: rounding to whole steps and what averaging leaves of the camera's noise, a third of a
/// squared step a pixel, under the window.
const NOISE: f32 = 0.14 * (SIDE * SIDE) as f32 / 3.0;
/// Around the peak no second one is looked for, in pixels: the bell is that wide.
const PEAK_REACH: usize = 4;
/// A peak that stands less than this above the next one is one of many: the block shows nothing of before.
const CLEAR: f32 = 1.6;

/// One block as waves.
#[derive(Debug, Clone)]
pub struct Spectrum(Box<[Complex32]>);

/// Works on one block after the other.
pub struct Correlator {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    window: Box<[f32]>,
    low_pass: Box<[f32]>,
    work: Box<[Complex32]>,
    turned: Box<[Complex32]>,
    scratch: Box<[Complex32]>,
}

impl Correlator {
    /// Plans the transforms.
    pub fn new() -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(SIDE), planner.plan_fft_inverse(SIDE));
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let none = |length: usize| vec![Complex32::new(0.0, 0.0); length].into_boxed_slice();
        // Hann's: a block's edges are no edges of the scene.
        let hann = |n: usize| 0.5 - 0.5 * (TAU * (n as f32 + 0.5) / SIDE as f32).cos();
        let frequency = |n: usize| n.min(SIDE - n) as f32;
        let low = |n: usize| (-0.5 * (frequency(n) / LOW_PASS).powi(2)).exp();
        let plane = |along: &dyn Fn(usize) -> f32| -> Box<[f32]> {
            (0..SIDE * SIDE).map(|n| along(n / SIDE) * along(n % SIDE)).collect()
        };
        let (window, low_pass) = (plane(&hann), plane(&low));
        let (work, turned, scratch) = (none(SIDE * SIDE), none(SIDE * SIDE), none(scratch));
        Self { forward, inverse, window, low_pass, work, turned, scratch }
    }

    /// The block of `luma` whose upper left corner is at `left`, `top`; `None` if it is not wholly in the picture, or shows
    /// nothing that could be found again.
    pub fn spectrum(&mut self, luma: &Luma, left: usize, top: usize) -> Option<Spectrum> {
        let sum: u32 = luma.rows(left, top)?.flatten().map(|pixel| u32::from(*pixel)).sum();
        let mean = sum as f32 / (SIDE * SIDE) as f32;
        let mut energy = 0.0;
        let pixels = luma.rows(left, top)?.flatten();
        for ((into, pixel), window) in self.work.iter_mut().zip(pixels).zip(&self.window) {
            let value = (f32::from(*pixel) - mean) * window;
            energy += value * value;
            *into = Complex32::new(value, 0.0);
        }
        if energy < FLAT * (SIDE * SIDE) as f32 {
            return None;
        }
        self.transform(Direction::Forward);
        Some(Spectrum(self.work.clone()))
    }

    /// How far what `from` shows has moved in `to`, in pixels; `None` if it is not found again.
    pub fn shift(&mut self, from: &Spectrum, to: &Spectrum) -> Option<Point> {
        for (((into, from), to), low) in self.work.iter_mut().zip(&from.0).zip(&to.0).zip(&self.low_pass) {
            let cross = from.conj() * to;
            // Phase alone counts, but for waves that are no stronger than noise: their phase is chance.
            *into = cross * (low / (cross.norm() + NOISE));
        }
        self.transform(Direction::Inverse);
        let (at, top) = self.highest(|_| true)?;
        let second = self.highest(|place| away(place % SIDE, at % SIDE) || away(place / SIDE, at / SIDE))?.1;
        if top <= 0.0 || top < CLEAR * second {
            return None;
        }
        let (x, y) = (at % SIDE, at / SIDE);
        let value = |x: usize, y: usize| self.work.get(y % SIDE * SIDE + x % SIDE).map_or(0.0, |value| value.re);
        let column = [value(x, y + SIDE - 1), top, value(x, y + 1)];
        let row = [value(x + SIDE - 1, y), top, value(x + 1, y)];
        Some(Point::new(signed(x) + crest(row), signed(y) + crest(column)))
    }

    /// The highest of the places that count, and how high it is.
    fn highest(&self, counts: impl Fn(usize) -> bool) -> Option<(usize, f32)> {
        let places = self.work.iter().enumerate().filter(|(place, _)| counts(*place));
        places.map(|(place, value)| (place, value.re)).max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// In two dimensions, in place: along one, then along the other. What goes forward comes out with rows for columns,
    /// and what goes back is put right again.
    fn transform(&mut self, direction: Direction) {
        let fft = match direction {
            Direction::Forward => &self.forward,
            Direction::Inverse => &self.inverse,
        };
        fft.process_with_scratch(&mut self.work, &mut self.scratch);
        for (n, into) in self.turned.chunks_exact_mut(SIDE).enumerate() {
            for (into, value) in into.iter_mut().zip(self.work.iter().skip(n).step_by(SIDE)) {
                *into = *value;
            }
        }
        fft.process_with_scratch(&mut self.turned, &mut self.scratch);
        std::mem::swap(&mut self.work, &mut self.turned);
    }
}

impl fmt::Debug for Correlator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Correlator").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Forward,
    Inverse,
}

/// Whether two places along a side are farther apart than the peak is wide; the ends meet.
fn away(one: usize, other: usize) -> bool {
    let apart = one.abs_diff(other);
    apart.min(SIDE - apart) > PEAK_REACH
}

/// A place along a side as a shift: what lies beyond the middle is one to the other side.
fn signed(place: usize) -> f32 {
    if place > SIDE / 2 { place as f32 - SIDE as f32 } else { place as f32 }
}

/// Where between the middle one of three samples and its neighbours a bell (Gaussian) has its crest, in samples.
fn crest([before, top, after]: [f32; 3]) -> f32 {
    let [before, top, after] = [before, top, after].map(|value| value.max(f32::MIN_POSITIVE).ln());
    let bend = before - 2.0 * top + after;
    if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::motion::Motion;
    use crate::anchor::tests::Plane;
    use protocol::geometry::SizePx;

    const SIZE: SizePx = SizePx { width: 64, height: 64 };

    /// A painted plane of which everything has moved so.
    fn picture(dx: f32, dy: f32) -> Luma {
        Plane(9).seen(Motion::shift(Point::new(dx, dy)), |_| None)
    }

    #[test]
    fn a_shift_below_a_pixel_is_found_to_a_third_of_one_and_a_larger_one_to_its_pixel() {
        let mut correlator = Correlator::new();
        let from = correlator.spectrum(&picture(0.0, 0.0), 8, 8).unwrap();
        for (dx, dy, within) in
            [(0.0, 0.0, 0.01), (0.5, 0.25, 0.33), (-0.4, 0.1, 0.33), (3.0, -2.0, 0.8), (-6.3, 4.6, 1.0)]
        {
            let to = correlator.spectrum(&picture(dx, dy), 8, 8).unwrap();
            let found = correlator.shift(&from, &to).unwrap();
            assert!((found - Point::new(dx, dy)).norm() < within, "{dx}, {dy}: {found}");
        }
    }

    #[test]
    fn a_block_that_shows_nothing_or_lies_beyond_the_picture_has_no_spectrum() {
        let mut correlator = Correlator::new();
        let grey = Luma::new(SIZE, vec![90; 64 * 64]).unwrap();
        assert!(correlator.spectrum(&grey, 8, 8).is_none());
        assert!(correlator.spectrum(&picture(0.0, 0.0), 113, 8).is_none());
    }

    #[test]
    fn noise_is_not_found_in_other_noise() {
        let noise = |mut state: u32| {
            let mut step = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            Luma::new(SIZE, (0..64 * 64).map(|_| step()).collect()).unwrap()
        };
        let mut correlator = Correlator::new();
        let from = correlator.spectrum(&noise(1), 0, 0).unwrap();
        let to = correlator.spectrum(&noise(99), 0, 0).unwrap();
        assert_eq!(correlator.shift(&from, &to), None);
    }
}
