//! Surfaces that bend: textures sampled along a grid whose nodes move from frame to frame.
//!
//! A texture has about one texel a pixel and bends are gentle, so a short run of pixels is taken from as many
//! neighbouring texels, all shifted by the same fraction: that is arithmetic without a single scattered load, which the
//! compiler turns into vector instructions. At the seams of the runs a bend of 5 % shows as a fifth of a pixel.
//! Arithmetic wraps on purpose; its operands are bounded by [`Grid::bend`].

use std::ops::Range;

/// Pixels between two nodes of a grid. Bends are smooth over many of these.
const CELL_PX: usize = 16;
/// Pixels of one run.
const RUN_PX: usize = 8;
/// Half of that.
const HALF_RUN: i32 = RUN_PX as i32 / 2;
/// Texels a run needs: one more, for the fraction.
const RUN_TEXELS: usize = RUN_PX + 1;
/// Positions in a texture are counted in 1/65536 texel.
const ONE: f32 = 65_536.0;

/// Where each pixel of a picture lies in a texture.
pub struct Grid {
    columns: usize,
    nodes: Vec<[i32; 2]>,
}

impl Grid {
    /// A grid for pictures of this size; it has to be bent before its first use.
    pub fn new(width: usize, height: usize) -> Self {
        let columns = width.div_ceil(CELL_PX) + 1;
        let rows = height.div_ceil(CELL_PX) + 1;
        Self { columns, nodes: vec![[0; 2]; columns * rows] }
    }

    /// Puts the pixel at (x, y) to the texel that `texel_from_pixel` says, at most 8192 texels from the texture's corner.
    pub fn bend(&mut self, texel_from_pixel: impl Fn(f32, f32) -> (f32, f32)) {
        for (row, nodes) in self.nodes.chunks_mut(self.columns).enumerate() {
            for (column, node) in nodes.iter_mut().enumerate() {
                let (u, v) = texel_from_pixel((column * CELL_PX) as f32, (row * CELL_PX) as f32);
                *node = [u, v].map(|position| (position.clamp(-8192.0, 8192.0) * ONE) as i32);
            }
        }
    }

    /// The texel under the pixel `x` of row `y`, and the step to the next pixel's, for the cell in column `column`.
    fn walk(&self, column: usize, y: usize) -> [(i32, i32); 2] {
        let (row, below) = (y / CELL_PX, (y % CELL_PX) as i32);
        let start = row * self.columns + column;
        let node = |index: usize| self.nodes.get(index).copied().unwrap_or_default();
        let [top_left, top_right] = [node(start), node(start + 1)];
        let [bottom_left, bottom_right] = [node(start + self.columns), node(start + self.columns + 1)];
        let axis = |top_left: i32, top_right: i32, bottom_left: i32, bottom_right: i32| {
            let left = between(top_left, bottom_left, below);
            let right = between(top_right, bottom_right, below);
            (left, right.wrapping_sub(left) / CELL_PX as i32)
        };
        [
            axis(top_left[0], top_right[0], bottom_left[0], bottom_right[0]),
            axis(top_left[1], top_right[1], bottom_left[1], bottom_right[1]),
        ]
    }
}

/// Rows of values to sample from.
pub struct Texture {
    width: usize,
    /// The last position at which a run can begin.
    last: (i32, i32),
    values: Vec<u8>,
}

impl Texture {
    /// From at least two rows of `width` values, of which there are at least [`RUN_TEXELS`].
    pub fn new(width: usize, values: Vec<u8>) -> Self {
        let height = values.len() / width.max(1);
        let last = (width.saturating_sub(RUN_TEXELS) << 16, height.saturating_sub(2) << 16);
        Self { width, last: (last.0 as i32, last.1 as i32), values }
    }

    /// Fills the pixel row `y` by bilinear interpolation in steps of 1/32 texel, leaving out cells of which `visible`
    /// holds no pixel. Beyond the texture its edge continues.
    pub fn sample(&self, grid: &Grid, y: usize, visible: &Range<usize>, row: &mut [u8]) {
        let cells = visible.start / CELL_PX..visible.end.div_ceil(CELL_PX);
        let (whole, rest) = row.as_chunks_mut();
        for (column, cell) in whole.iter_mut().enumerate().take(cells.end).skip(cells.start) {
            self.cell(grid.walk(column, y), cell);
        }
        if cells.contains(&whole.len()) {
            let mut last = [0; CELL_PX];
            self.cell(grid.walk(whole.len(), y), &mut last);
            rest.iter_mut().zip(last).for_each(|(pixel, value)| *pixel = value);
        }
    }

    fn cell(&self, [(u, u_step), (v, v_step)]: [(i32, i32); 2], cell: &mut [u8; CELL_PX]) {
        // Right in the middle of each run, and at most half a run's bend wrong at its ends.
        let mut middle = HALF_RUN;
        for run in cell.as_chunks_mut().0 {
            let u = u.wrapping_add(u_step.wrapping_mul(middle)).wrapping_sub(HALF_RUN << 16);
            self.run(u, v.wrapping_add(v_step.wrapping_mul(middle)), run);
            middle = middle.wrapping_add(RUN_PX as i32);
        }
    }

    #[inline(always)]
    fn run(&self, u: i32, v: i32, pixels: &mut [u8; RUN_PX]) {
        let u = u.clamp(0, self.last.0);
        let v = v.clamp(0, self.last.1);
        let start = ((v >> 16) as usize).wrapping_mul(self.width).wrapping_add((u >> 16) as usize);
        if let (Some(above), Some(below)) = (self.texels(start), self.texels(start.wrapping_add(self.width))) {
            let (right, down) = ((u >> 11 & 31) as u16, (v >> 11 & 31) as u16);
            let mixed = weighted(&shifted(above, right), &shifted(below, right), down);
            for (pixel, value) in pixels.iter_mut().zip(mixed) {
                *pixel = value as u8;
            }
        }
    }

    fn texels(&self, start: usize) -> Option<&[u8; RUN_TEXELS]> {
        self.values.get(start..)?.first_chunk()
    }
}

/// Values of one run. Whole arrays at a time keep the loops in a form that becomes vector instructions.
type Run = [u16; RUN_PX];

/// A run shifted to the left by `right` 1/32 texels.
fn shifted(texels: &[u8; RUN_TEXELS], right: u16) -> Run {
    let [first @ .., _] = texels;
    let [_, second @ ..] = texels;
    weighted(&widened(first), &widened(second), right)
}

fn widened(texels: &[u8]) -> Run {
    let mut run = [0; RUN_PX];
    for (value, texel) in run.iter_mut().zip(texels) {
        *value = u16::from(*texel);
    }
    run
}

/// The mean of two runs of 8 bit values, the second with `weight` parts of 32.
fn weighted(first: &Run, second: &Run, weight: u16) -> Run {
    let mut mean = [0; RUN_PX];
    for ((mean, first), second) in mean.iter_mut().zip(first).zip(second) {
        let sum = first.wrapping_mul(32_u16.wrapping_sub(weight)).wrapping_add(second.wrapping_mul(weight));
        *mean = sum.wrapping_add(16) >> 5;
    }
    mean
}

fn between(top: i32, bottom: i32, below: i32) -> i32 {
    top.wrapping_add((bottom.wrapping_sub(top) / CELL_PX as i32).wrapping_mul(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(texture: &Texture, y: usize, texel_from_pixel: impl Fn(f32, f32) -> (f32, f32)) -> [u8; 40] {
        let mut grid = Grid::new(40, 20);
        grid.bend(texel_from_pixel);
        let mut row = [0; 40];
        texture.sample(&grid, y, &(0..40), &mut row);
        row
    }

    #[test]
    fn an_unbent_grid_shows_the_texture_as_it_is() {
        let values: Vec<u8> = (0..64 * 32).map(|index| (index % 251) as u8).collect();
        let texture = Texture::new(64, values.clone());
        assert_eq!(sampled(&texture, 7, |x, y| (x, y)), values[7 * 64..7 * 64 + 40]);
    }

    #[test]
    fn a_shift_by_half_a_texel_gives_the_mean_of_neighbours() {
        let texture = Texture::new(64, [100, 200].repeat(64 * 4));
        assert_eq!(sampled(&texture, 2, |x, y| (x + 0.5, y)), [150; 40]);
    }

    #[test]
    fn a_gentle_stretch_is_right_within_a_quarter_of_a_texel() {
        let texture = Texture::new(64, (0..64 * 8).map(|index| (index % 64 * 4) as u8).collect());
        let row = sampled(&texture, 3, |x, y| (x * 1.05 + 2.0, y));
        for (x, &value) in row.iter().enumerate() {
            let right = (x as f32 * 1.05 + 2.0) * 4.0;
            assert!((f32::from(value) - right).abs() <= 1.5, "pixel {x} is {value}, not {right}");
        }
    }

    #[test]
    fn beyond_the_texture_its_edge_continues() {
        let texture = Texture::new(64, (0..64 * 8).map(|index| (index % 64) as u8).collect());
        assert_eq!(sampled(&texture, 1, |x, y| (x + 1000.0, y - 1000.0))[39], 62);
    }

    #[test]
    fn what_is_not_visible_is_left_alone() {
        let texture = Texture::new(64, vec![9; 64 * 8]);
        let mut grid = Grid::new(64, 4);
        grid.bend(|x, y| (x, y));
        let mut row = [0; 64];
        texture.sample(&grid, 0, &(20..30), &mut row);
        assert_eq!([row[15], row[16], row[31], row[32]], [0, 9, 9, 0]);
    }
}
