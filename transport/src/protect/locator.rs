//! The error locator of the code, worked out directly where few shards are concerned. Everything else of the code is
//! `reed-solomon-simd`'s.
//!
//! Rebuilding first evaluates, at each shard's place, the polynomial whose roots are the places of what is missing. The
//! crate does that by two Walsh transforms over all 65,536 elements of the field, half a millisecond however small the
//! frame. In logarithms it is a sum over what is missing (Lin, Al-Naffouri, Han and Chung 2016, section IV): for a frame
//! of 40 KB some thousand additions.

use reed_solomon_simd::engine::tables::get_exp_log;
use reed_solomon_simd::engine::{DefaultEngine, Engine, GF_MODULUS, GF_ORDER, GfElement, ShardsRefMut};

/// Summing costs about as much as the transforms at this many additions.
const MOST_ADDITIONS: usize = 1 << 19;

/// The crate's engine with a locator of its own.
pub struct Located(DefaultEngine);

impl Located {
    /// The engine that suits this processor.
    pub fn new() -> Self {
        Self(DefaultEngine::new())
    }
}

impl Engine for Located {
    fn fft(&self, data: &mut ShardsRefMut<'_>, pos: usize, size: usize, truncated_size: usize, skew_delta: usize) {
        self.0.fft(data, pos, size, truncated_size, skew_delta);
    }

    fn ifft(&self, data: &mut ShardsRefMut<'_>, pos: usize, size: usize, truncated_size: usize, skew_delta: usize) {
        self.0.ifft(data, pos, size, truncated_size, skew_delta);
    }

    fn mul(&self, x: &mut [[u8; 64]], log_m: GfElement) {
        self.0.mul(x, log_m);
    }

    /// `erasures` marks missing places with 1. The low-rate decoder marks all places after the last shard too and says
    /// that all are to be evaluated; but those after the last that is there, it never reads.
    fn eval_poly(erasures: &mut [GfElement; GF_ORDER], truncated_size: usize) {
        let missing = usize::from(erasures.iter().fold(0, |sum: u16, mark| sum.wrapping_add(*mark)));
        let sums_missing = missing < GF_ORDER / 2;
        let (mark, count) = if sums_missing { (1, missing) } else { (0, GF_ORDER - missing) };
        let places = (0..GF_MODULUS).zip(erasures.iter()).filter(|(_, found)| **found == mark);
        let places: Vec<GfElement> = places.map(|(place, _)| place).take(count).collect();
        let after_last = places.last().map_or(0, |last| usize::from(*last) + 1);
        let end = if sums_missing { truncated_size } else { after_last };
        if end.saturating_mul(count) > MOST_ADDITIONS {
            return DefaultEngine::eval_poly(erasures, truncated_size);
        }
        for (at, value) in (0..GF_MODULUS).zip(erasures.iter_mut().take(end)) {
            let sum = log_of_distances(at, &places);
            // The logarithms of all elements add up to a multiple of the modulus: the sum over what is missing is the
            // negative of the sum over what is there.
            *value = if sums_missing { sum } else { GF_MODULUS - sum };
        }
    }
}

/// Logarithm of the product of the differences between `at` and `places`; that of zero counts as nothing.
fn log_of_distances(at: GfElement, places: &[GfElement]) -> GfElement {
    let log = &get_exp_log().log;
    let of = |place: &GfElement| log.get(usize::from(at ^ place)).copied().map_or(0, u64::from);
    let sum: u64 = places.iter().map(of).sum();
    (sum % u64::from(GF_MODULUS)) as GfElement
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As [`Located`] and as the crate itself evaluates them, at the places up to `end`; 0 and the modulus are the same.
    fn both(erasures: &[GfElement; GF_ORDER], truncated_size: usize, end: usize) -> [Vec<GfElement>; 2] {
        let (mut ours, mut theirs) = (*erasures, *erasures);
        Located::eval_poly(&mut ours, truncated_size);
        DefaultEngine::eval_poly(&mut theirs, truncated_size);
        [ours, theirs].map(|values| values.iter().take(end).map(|value| value % GF_MODULUS).collect())
    }

    proptest! {
        #[test]
        fn it_is_what_the_crate_evaluates_wherever_a_decoder_reads(
            missing in prop::collection::vec(any::<bool>(), 2..200), low_rate: bool,
        ) {
            let mut erasures = [GfElement::from(low_rate); GF_ORDER];
            erasures.iter_mut().zip(&missing).for_each(|(mark, missing)| *mark = (*missing).into());
            let last = missing.iter().rposition(|missing| !missing).map_or(0, |at| at + 1);
            let (truncated_size, end) = if low_rate { (GF_ORDER, last) } else { (missing.len(), missing.len()) };
            let [ours, theirs] = both(&erasures, truncated_size, end);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_largest_frames_are_left_to_the_transforms() {
        let mut erasures = [0; GF_ORDER];
        erasures.iter_mut().take(16_384).step_by(3).for_each(|mark| *mark = 1);
        let [ours, theirs] = both(&erasures, 16_384, GF_ORDER);
        assert_eq!(ours, theirs);
    }
}
