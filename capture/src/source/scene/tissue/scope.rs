//! The scope between field and picture: its round edge, the light that falls off towards it, the sensor's noise.

use std::ops::Range;

use super::super::frame::{BLACK, Frame, NEUTRAL};
use super::super::noise::{Grain, smoothstep};
use super::super::stroke::point;
use super::pose::View;

/// Radius of the round picture in units: its top and bottom are cut off, as by most cameras on a laparoscope.
const RADIUS: f32 = 572.0;
/// Width of its soft edge in units.
const EDGE: f32 = 5.0;
/// Standard deviation of the sensor's noise in luma codes: a good camera at the gain of an operation.
const NOISE: f32 = 1.9;

/// Brightness for each pixel, in 1/128, of both sizes of plane.
pub struct Scope {
    luma: Vec<u8>,
    chroma: Vec<u8>,
    width: usize,
    visible: Vec<Range<usize>>,
    grain: Grain,
}

impl Scope {
    /// The scope for pictures of this size.
    pub fn new(width: usize, height: usize, view: View) -> Self {
        let luma = gains(width, height, |x, y| view.unit(point(x, y)).length());
        Self {
            visible: luma.chunks(width).map(lit).collect(),
            luma,
            chroma: gains(width / 2, height / 2, |x, y| view.unit(point(x, y) * 2.0).length()),
            width,
            grain: Grain::new(2, NOISE),
        }
    }

    /// The pixels of row `y` that are not black.
    pub fn visible(&self, y: usize) -> &Range<usize> {
        self.visible.get(y).unwrap_or(&(0..0))
    }

    /// Looks at the field: `frame` comes with luma above black and leaves with the picture's codes.
    pub fn look(&self, number: u64, frame: &mut Frame<'_>) {
        let rows = frame.luma.rows_mut().zip(self.luma.chunks(self.width)).zip(&self.visible);
        for (y, ((row, gains), visible)) in rows.enumerate() {
            see_luma(row, gains, self.grain.row(number, y));
            // No light, no noise: outside the scope's edge the camera's processor blanks it.
            let (before, rest) = row.split_at_mut(visible.start);
            before.fill(BLACK);
            rest.get_mut(visible.len()..).unwrap_or_default().fill(BLACK);
        }
        for plane in [&mut frame.cb, &mut frame.cr] {
            for (row, gains) in plane.rows_mut().zip(self.chroma.chunks(self.width / 2)) {
                see_colour(row, gains);
            }
        }
    }
}

// The two functions below are kept apart from their caller so that the compiler knows their slices not to overlap.

#[inline(never)]
fn see_luma(row: &mut [u8], gains: &[u8], grain: &[i8]) {
    for ((pixel, gain), grain) in row.iter_mut().zip(gains).zip(grain) {
        let lit = (u16::from(*pixel).wrapping_mul((*gain).into()) >> 7) as i16;
        *pixel = lit.wrapping_add(i16::from(BLACK)).wrapping_add(i16::from(*grain)).clamp(16, 254) as u8;
    }
}

#[inline(never)]
fn see_colour(row: &mut [u8], gains: &[u8]) {
    for (pixel, gain) in row.iter_mut().zip(gains) {
        let difference = i16::from(*pixel).wrapping_sub(NEUTRAL.into());
        let lit = difference.wrapping_mul((*gain).into()) >> 7;
        *pixel = lit.wrapping_add(NEUTRAL.into()).clamp(1, 254) as u8;
    }
}

fn lit(gains: &[u8]) -> Range<usize> {
    let first = gains.iter().position(|&gain| gain > 0).unwrap_or(0);
    let end = gains.iter().rposition(|&gain| gain > 0).map_or(first, |last| last + 1);
    first..end
}

fn gains(width: usize, height: usize, distance: impl Fn(f32, f32) -> f32) -> Vec<u8> {
    let gain = |x: usize, y: usize| {
        let distance = distance(x as f32, y as f32);
        let falloff = 1.16 - 0.52 * (distance / RADIUS).powf(2.4);
        let inside = smoothstep(RADIUS, RADIUS - EDGE, distance);
        (falloff * inside * 128.0).clamp(0.0, 255.0) as u8
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| gain(x, y)).collect()
}
