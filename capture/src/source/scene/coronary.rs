//! Scene `coronary`: a left coronary angiogram. Contrast runs down the beating tree and washes out again.
//!
//! Two textures made once: the `chest` with everything that lies still, and the `tree` with how thick each vessel is
//! and how late contrast reaches it. Each frame bends the tree with the heartbeat and dims the chest by the contrast.
//! Positions are in units of 1/512 of the picture's smaller side, from the picture's middle.

mod chest;
mod tree;

use std::f32::consts::TAU;
use std::ops::Range;

use super::frame::{BLACK, Frame};
use super::noise::{Grain, smoothstep};
use super::stroke::{Point, point};
use super::warp::{Grid, Texture};
use super::{Clip, Painter};

/// Beats of the heart a second: 66 a minute.
const PULSE_HZ: f32 = 1.1;
/// From one injection of contrast to the next, in seconds.
const RUN_SECONDS: f32 = 6.5;
/// How much later contrast comes to the tree's last end than to its beginning, in seconds.
const TRANSIT_SECONDS: f32 = 1.1;
/// Standard deviation of quantum noise in luma codes, at the dose of cine.
const NOISE: f32 = 3.2;
/// What the heart shrinks towards.
const HEART: Point = point(60.0, 60.0);
/// Where the catheter sits, which hardly moves.
const OSTIUM: Point = point(-52.0, -118.0);

/// Between pixels and units.
#[derive(Debug, Clone, Copy)]
struct View {
    middle: Point,
    scale: f32,
}

impl View {
    fn new(width: usize, height: usize) -> Self {
        Self { middle: point(width as f32, height as f32) * 0.5, scale: width.min(height) as f32 / 512.0 }
    }

    fn unit(self, pixel: Point) -> Point {
        (pixel - self.middle) * (1.0 / self.scale)
    }

    fn pixel(self, unit: Point) -> Point {
        unit * self.scale + self.middle
    }
}

/// The scene.
pub struct Coronary {
    clip: Clip,
    view: View,
    chest: Texture,
    depth: Texture,
    delay: Texture,
    shutter: Vec<u8>,
    still: Grid,
    beating: Grid,
    depths: Vec<u8>,
    delays: Vec<u8>,
    grain: Grain,
}

impl Coronary {
    /// Makes the chest and the tree.
    pub fn new(clip: Clip) -> Self {
        let (width, height) = (clip.width(), clip.height());
        let view = View::new(width, height);
        let tree = tree::draw(width, height, view);
        Self {
            clip,
            view,
            chest: Texture::new(width, chest::draw(width, height, view)),
            depth: Texture::new(width, tree.depth),
            delay: Texture::new(width, tree.delay),
            shutter: chest::shutter(width, height, view),
            still: Grid::new(width, height),
            beating: Grid::new(width, height),
            depths: vec![0; width],
            delays: vec![0; width],
            grain: Grain::new(4, NOISE),
        }
    }

    fn bend(&mut self, seconds: f32) {
        let view = self.view;
        let sway = (TAU * 0.11 * seconds).sin();
        self.still.bend(|x, y| (x + 0.8 * sway, y + 1.6 * sway));
        let beat = contraction(seconds * PULSE_HZ);
        self.beating.bend(|x, y| {
            let rest = view.pixel(relaxed(view.unit(point(x, y)), beat));
            (rest.x, rest.y + 1.6 * sway)
        });
    }
}

impl Painter for Coronary {
    fn paint(&mut self, number: u64, frame: &mut Frame<'_>) {
        let seconds = self.clip.seconds(number);
        self.bend(seconds);
        let transmission = transmission(seconds % RUN_SECONDS);
        let whole: Range<usize> = 0..self.clip.width();
        let rows = frame.luma.rows_mut().zip(self.shutter.chunks(self.clip.width()));
        for (y, (row, shutter)) in rows.enumerate() {
            self.chest.sample(&self.still, y, &whole, row);
            self.depth.sample(&self.beating, y, &whole, &mut self.depths);
            self.delay.sample(&self.beating, y, &whole, &mut self.delays);
            dim(row, &self.depths, &self.delays, &transmission);
            expose(row, shutter, self.grain.row(number, y));
        }
        frame.neutral_colour();
    }
}

/// Where the tissue now at `there` lies in the relaxed heart, when contraction is `beat` (0-1).
fn relaxed(there: Point, beat: f32) -> Point {
    let from_ostium = (there - OSTIUM).length();
    let free = beat * smoothstep(0.0, 190.0, from_ostium);
    let from_heart = there - HEART;
    let grown = from_heart * (1.0 + 0.085 * free) + from_heart.normal() * (0.05 * free);
    HEART + grown + point(6.0, 9.0) * free
}

/// How far the heart is contracted, 0-1, `beats` after the first beat began: a fast systole, a slow filling.
fn contraction(beats: f32) -> f32 {
    let beat = beats.fract();
    smoothstep(0.0, 0.24, beat) * (1.0 - smoothstep(0.34, 0.72, beat))
}

/// How much contrast there is, in 1/256, where it comes with each delay (in 1/255 of [`TRANSIT_SECONDS`]).
fn transmission(seconds: f32) -> [u8; 256] {
    std::array::from_fn(|delay| {
        let since = seconds - delay as f32 / 255.0 * TRANSIT_SECONDS;
        let filled = smoothstep(0.5, 0.95, since);
        let washed = 1.0 - smoothstep(2.7, 4.6, since);
        (255.0 * filled * washed) as u8
    })
}

/// Dims a row by the contrast in the vessels before it.
#[expect(clippy::indexing_slicing, reason = "a byte cannot leave a table of 256")]
fn dim(row: &mut [u8], depths: &[u8], delays: &[u8], contrast: &[u8; 256]) {
    for ((pixel, depth), delay) in row.iter_mut().zip(depths).zip(delays) {
        let absorbed = u32::from(*depth).wrapping_mul(u32::from(contrast[usize::from(*delay)])) >> 8;
        *pixel = (u32::from(*pixel).wrapping_mul(256_u32.wrapping_sub(absorbed)) >> 8) as u8;
    }
}

/// What the detector gives: noise where there is light, black behind the shutters. Kept apart from its caller so that
/// the compiler knows the slices not to overlap.
#[inline(never)]
fn expose(row: &mut [u8], shutter: &[u8], grain: &[i8]) {
    for ((pixel, open), grain) in row.iter_mut().zip(shutter).zip(grain) {
        let noisy = i16::from(*pixel).wrapping_add(i16::from(*grain)).clamp(0, 219) as u16;
        let seen = noisy.wrapping_mul(u16::from(*open)) >> 8;
        *pixel = (seen as u8).wrapping_add(BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_fills_the_tree_from_its_beginning_and_washes_out() {
        let (early, late) = (transmission(1.0), transmission(6.4));
        assert!(early[0] > 200 && early[255] == 0, "the beginning fills first");
        let full = transmission(2.4);
        assert!(full[0] > 200 && full[255] > 200);
        assert!(late[0] == 0 && late[255] < 20, "the next run begins with an empty tree");
    }

    #[test]
    fn the_catheters_end_moves_less_than_the_far_vessels() {
        let moved = |there: Point| (relaxed(there, 1.0) - there).length();
        assert!(moved(OSTIUM) < 0.5);
        assert!(moved(point(120.0, 180.0)) > 5.0);
    }
}
