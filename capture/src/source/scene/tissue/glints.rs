//! Glints: where the wet surface mirrors the light into the lens. They move over the tissue as the camera moves.
//!
//! Worked out at half the picture's size together with the colour planes, then widened: their edges are sharp
//! because brightness is cut off after the widening.

use super::super::frame::{Frame, NEUTRAL, Plane};
use super::super::warp::Grid;
use super::field::{Field, SLOPE_ONE, SLOPE_ZERO};
use super::pose::{Pose, View};
use super::scope::Scope;

/// Distance, in units, over which the slope that mirrors the light changes by 45 degrees: the lens is that far away.
const LENS_DISTANCE: f32 = 820.0;
/// Slope away from the mirroring one, in codes and squared, at which nothing is left of a glint.
const REACH_SQUARE: i16 = 17 * 17;
/// Slopes farther away than this are cut to it, so that squares stay in 16 bits.
const FARTHEST: i16 = 100;
/// Brightest luma above black: what a sensor gives where it is blinded.
const BLINDED: u8 = 226;

/// Strength of the glints of one frame, at half the picture's size.
pub struct Glints {
    strength: Vec<u8>,
    width: usize,
    columns: Vec<u8>,
    wide: Vec<u8>,
    slopes: Slopes,
}

/// Slopes along one row, in codes.
struct Slopes {
    right: Vec<u8>,
    down: Vec<u8>,
    /// The slope to the right that mirrors the light, column by column.
    mirror_right: Vec<i16>,
}

impl Glints {
    /// For pictures of this size.
    pub fn new(width: usize, height: usize) -> Self {
        let row = vec![0; width / 2];
        Self {
            strength: vec![0; width / 2 * (height / 2)],
            width: width / 2,
            columns: vec![0; width / 2 + 2],
            wide: vec![0; width],
            slopes: Slopes { right: row.clone(), down: row, mirror_right: vec![0; width / 2] },
        }
    }

    /// Fills the colour planes from the field, and finds the glints. `grid` is that of the colour planes.
    pub fn find(&mut self, field: &Field, grid: &Grid, scope: &Scope, view: View, pose: &Pose, frame: &mut Frame<'_>) {
        let light = view.pixel(pose.light) * 0.5;
        // A pixel of the colour planes is two of the picture.
        let per_pixel = SLOPE_ONE * 2.0 / (LENS_DISTANCE * view.scale());
        let mirroring = |at: usize, light: f32| SLOPE_ZERO - ((at as f32 - light) * per_pixel) as i16;
        let slopes = &mut self.slopes;
        for (x, mirror) in slopes.mirror_right.iter_mut().enumerate() {
            *mirror = mirroring(x, light.x);
        }
        for (y, strengths) in self.strength.chunks_mut(self.width).enumerate() {
            let visible = scope.visible(y * 2);
            let visible = visible.start / 2..visible.end.div_ceil(2);
            let (cb, cr) = (frame.cb.row_mut(y), frame.cr.row_mut(y));
            field.cb.sample(grid, y, &visible, cb);
            field.cr.sample(grid, y, &visible, cr);
            field.slope_right.sample(grid, y, &visible, &mut slopes.right);
            field.slope_down.sample(grid, y, &visible, &mut slopes.down);
            mirror(&slopes.right, &slopes.mirror_right, &slopes.down, mirroring(y, light.y), strengths);
            fade(cb, strengths);
            fade(cr, strengths);
        }
    }

    /// Adds the glints that were found to the luma plane.
    pub fn add(&mut self, luma: &mut Plane<'_>) {
        for (y, row) in luma.rows_mut().enumerate() {
            let start = y / 2 * self.width;
            let other = if y % 2 == 0 { start.saturating_sub(self.width) } else { start + self.width };
            let near = self.strength.get(start..start + self.width).unwrap_or_default();
            let far = self.strength.get(other..other + self.width).unwrap_or(near);
            widen(near, far, &mut self.columns, &mut self.wide);
            brighten(row, &self.wide);
        }
    }
}

// The functions below are kept apart from their callers so that the compiler knows their slices not to overlap; inlined,
// they are not vectorised and take five times as long.

/// Strength of the glints along a row where the surface has the slopes `right` and `down`.
#[inline(never)]
fn mirror(right: &[u8], mirror_right: &[i16], down: &[u8], mirror_down: i16, strengths: &mut [u8]) {
    let slopes = right.iter().zip(mirror_right).zip(down);
    for (strength, ((right, mirror_right), down)) in strengths.iter_mut().zip(slopes) {
        let right = i16::from(*right).wrapping_sub(*mirror_right).clamp(-FARTHEST, FARTHEST);
        let down = i16::from(*down).wrapping_sub(mirror_down).clamp(-FARTHEST, FARTHEST);
        let square = right.wrapping_mul(right).wrapping_add(down.wrapping_mul(down));
        // The reach's square is a little more than a byte holds.
        *strength = REACH_SQUARE.wrapping_sub(square).clamp(0, 255) as u8;
    }
}

/// Brightens a row of luma by the glints along it.
#[inline(never)]
fn brighten(row: &mut [u8], strengths: &[u8]) {
    for (pixel, strength) in row.iter_mut().zip(strengths) {
        // Full from two thirds of the strength on, nothing below one third.
        let bright = u16::from(strength.saturating_sub(85)).wrapping_mul(3).min(255);
        let rest = u16::from(BLINDED.saturating_sub(*pixel));
        *pixel = pixel.wrapping_add((rest.wrapping_mul(bright) >> 8) as u8);
    }
}

/// Doubles a row by linear interpolation: three parts of the nearer and one of the farther neighbour, in both ways.
/// `columns` takes the row between the two steps, and a copy of its edges at either end.
#[inline(never)]
fn widen(near: &[u8], far: &[u8], columns: &mut [u8], wide: &mut [u8]) {
    if let [first, middle @ .., last] = columns {
        for ((column, near), far) in middle.iter_mut().zip(near).zip(far) {
            *column = (u16::from(*near).wrapping_mul(3).wrapping_add((*far).into()) >> 2) as u8;
        }
        *first = middle.first().copied().unwrap_or(0);
        *last = middle.last().copied().unwrap_or(0);
    }
    for (pair, columns) in wide.as_chunks_mut::<2>().0.iter_mut().zip(columns.array_windows::<3>()) {
        let [left, middle, right] = columns.map(u16::from);
        let thrice = middle.wrapping_mul(3);
        *pair = [(thrice.wrapping_add(left) >> 2) as u8, (thrice.wrapping_add(right) >> 2) as u8];
    }
}

/// Takes the colour from where glints are.
#[inline(never)]
fn fade(colours: &mut [u8], strengths: &[u8]) {
    for (colour, strength) in colours.iter_mut().zip(strengths) {
        let difference = i16::from(*colour).wrapping_sub(NEUTRAL.into());
        let left = 128_i16.wrapping_sub(i16::from(strength >> 1));
        *colour = (difference.wrapping_mul(left) >> 7).wrapping_add(NEUTRAL.into()) as u8;
    }
}
