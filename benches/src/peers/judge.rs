//! How far a decoded picture is from the one that was encoded: the signal to noise ratio of its worst band, so that
//! damage in one slice is not lost in the mean of the whole. Which ratio is too low is `pictures`' to know.

use media::strip;

/// Rows of a band: three rows of macroblocks.
const BAND: usize = 48;
/// Of the rows, every so many are compared: damage comes in macroblocks of 16 rows.
const EVERY: usize = 4;
/// What two equal bands have, in dB: the ratio of 8 bit pictures that differ by rounding at most.
const EQUAL_DB: f64 = 60.0;

/// A luma plane for reading.
#[derive(Debug, Clone, Copy)]
pub struct Luma<'a> {
    /// Rows of `stride` bytes.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// The peak signal to noise ratio of the band of `decoded` that differs most from `source`, in dB. The strip is left
/// out; it is judged by being readable.
pub fn worst_band_db(source: Luma<'_>, decoded: Luma<'_>, width: usize, height: usize) -> f64 {
    let first = strip::HEIGHT / BAND + 1;
    let bands = (first..height.div_ceil(BAND)).map(|band| band_db(source, decoded, width, band * BAND, height));
    bands.fold(EQUAL_DB, f64::min)
}

fn band_db(source: Luma<'_>, decoded: Luma<'_>, width: usize, from: usize, height: usize) -> f64 {
    let (mut squares, mut count) = (0u64, 0u64);
    for y in (from..(from + BAND).min(height)).step_by(EVERY) {
        let (Some(a), Some(b)) = (source.row(y, width), decoded.row(y, width)) else { return 0.0 };
        let row = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>();
        squares += u64::from(row);
        count += width as u64;
    }
    if squares == 0 {
        return EQUAL_DB;
    }
    (10.0 * (255.0f64.powi(2) * count as f64 / squares as f64).log10()).min(EQUAL_DB)
}

impl<'a> Luma<'a> {
    fn row(self, y: usize, width: usize) -> Option<&'a [u8]> {
        self.data.get(y * self.stride..y * self.stride + width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 64;
    const HEIGHT: usize = 144;

    fn plane() -> Vec<u8> {
        (0..WIDTH * HEIGHT).map(|at| (at * 7 % 200) as u8).collect()
    }

    fn db(source: &[u8], decoded: &[u8]) -> f64 {
        let luma = |data| Luma { data, stride: WIDTH };
        worst_band_db(luma(source), luma(decoded), WIDTH, HEIGHT)
    }

    #[test]
    fn equal_pictures_are_as_near_as_can_be() {
        assert_eq!(db(&plane(), &plane()), EQUAL_DB);
    }

    #[test]
    fn damage_in_one_band_is_not_averaged_away() {
        let mut decoded = plane();
        decoded[100 * WIDTH..116 * WIDTH].fill(0);
        assert!(db(&plane(), &decoded) < 15.0, "{}", db(&plane(), &decoded));
    }

    #[test]
    fn a_picture_that_is_too_small_is_all_wrong() {
        assert_eq!(db(&plane(), &plane()[..WIDTH * 60]), 0.0);
    }
}
