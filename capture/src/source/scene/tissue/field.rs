//! The field as textures: the organs' surface, lit, in the codes of a picture.

use super::super::frame::BLACK;
use super::super::noise::mix;
use super::super::pixel::{self, Rgb};
use super::super::stroke::{Point, point};
use super::super::warp::Texture;
use super::organs::{Organs, Surface, blend};
use super::pose::View;
use super::vessels;

/// How far beyond the view the field goes, in units: the camera and the tissue wander less than this.
const MARGIN: f32 = 76.0;
/// Where the light comes from: the scope, a little above and left of its lens.
const LIGHT: [f32; 3] = [-0.22, -0.34, 0.914];
/// Colour of a vessel.
const BLOOD: Rgb = [0.56, 0.10, 0.11];
/// The code of no slope in the slope textures.
pub const SLOPE_ZERO: i16 = 128;
/// Codes by which a slope of 45 degrees differs from [`SLOPE_ZERO`].
pub const SLOPE_ONE: f32 = 100.0;

/// The textures. All but luma have half its width and height.
pub struct Field {
    /// Luma above black.
    pub luma: Texture,
    /// Colour.
    pub cb: Texture,
    /// Colour.
    pub cr: Texture,
    /// How steeply the surface rises to the right.
    pub slope_right: Texture,
    /// How steeply the surface rises downwards.
    pub slope_down: Texture,
    lattice: Lattice,
}

/// Where the texels of luma lie.
#[derive(Debug, Clone, Copy)]
pub struct Lattice {
    width: usize,
    height: usize,
    texels_per_unit: f32,
}

impl Lattice {
    /// One texel a pixel of `view`, for pictures of this size.
    fn new(width: usize, height: usize, view: View) -> Self {
        let margin = (2.0 * MARGIN * view.scale()) as usize / 2 * 2;
        Self { width: width + margin, height: height + margin, texels_per_unit: view.scale() }
    }

    /// The texel of luma at a place of the field.
    pub fn texel(self, place: Point) -> Point {
        place * self.texels_per_unit + point(self.width as f32, self.height as f32) * 0.5
    }

    /// The place of the field at a texel of luma.
    fn place(self, texel: Point) -> Point {
        (texel - point(self.width as f32, self.height as f32) * 0.5) * (1.0 / self.texels_per_unit)
    }

    /// Texels a unit.
    pub fn texels_per_unit(self) -> f32 {
        self.texels_per_unit
    }

    /// Texels in a row, and rows.
    pub fn size(self) -> (usize, usize) {
        (self.width, self.height)
    }
}

impl Field {
    /// Makes the textures for pictures of this size.
    pub fn new(width: usize, height: usize, view: View) -> Self {
        let lattice = Lattice::new(width, height, view);
        let lit = lit_texels(lattice);
        let channel = |channel: usize| halved(&lit, lattice, channel);
        Self {
            luma: Texture::new(lattice.width, lit.iter().map(|texel| texel[0] - BLACK).collect()),
            cb: channel(1),
            cr: channel(2),
            slope_right: channel(3),
            slope_down: channel(4),
            lattice,
        }
    }

    /// Where the texels of luma lie.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }
}

/// Luma, Cb, Cr, slope to the right and downwards, of one texel.
type Lit = [u8; 5];

fn lit_texels(lattice: Lattice) -> Vec<Lit> {
    let surfaces = surfaces(lattice);
    let lit = |(index, (surface, vessel)): (usize, (&Surface, u8))| {
        let rise = |index: usize| surfaces.get(index).map_or(0.0, |there| there.height - surface.height);
        let right = rise(index + 1) * lattice.texels_per_unit;
        let down = rise(index + lattice.width) * lattice.texels_per_unit;
        let blood = f32::from(vessel) / 255.0 * surface.vessels;
        let [y, cb, cr] = pixel::codes(in_light(blend(surface.colour, BLOOD, blood), right, down));
        [y, cb, cr, slope_code(right), slope_code(down)]
    };
    surfaces.iter().zip(vessels::draw(lattice)).enumerate().map(lit).collect()
}

fn surfaces(lattice: Lattice) -> Vec<Surface> {
    let organs = Organs::new();
    let texels = (0..lattice.height).flat_map(|y| (0..lattice.width).map(move |x| point(x as f32, y as f32)));
    let surface = |texel: Point| {
        let place = lattice.place(texel);
        let mut surface = organs.at(place);
        surface.height += surface.bumps * organs.bump(place);
        surface
    };
    texels.map(surface).collect()
}

fn slope_code(slope: f32) -> u8 {
    (f32::from(SLOPE_ZERO) + SLOPE_ONE * slope).clamp(0.0, 255.0) as u8
}

/// One channel at half the width and height, each texel the mean of four.
fn halved(lit: &[Lit], lattice: Lattice, channel: usize) -> Texture {
    let value = |texel: &Lit| texel.get(channel).copied().map_or(0, u16::from);
    let mut values = Vec::with_capacity(lit.len() / 4);
    for rows in lit.chunks_exact(lattice.width * 2) {
        let (upper, lower) = rows.split_at(lattice.width);
        for (upper, lower) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            let sum: u16 = upper.iter().chain(lower).map(value).sum();
            values.push((sum / 4) as u8);
        }
    }
    Texture::new(lattice.width / 2, values)
}

/// A colour in the scope's light on a surface of these slopes (Lambert's law, with some light from all sides).
fn in_light(colour: Rgb, right: f32, down: f32) -> Rgb {
    let (right, down) = (right.clamp(-3.0, 3.0), down.clamp(-3.0, 3.0));
    let [x, y, z] = LIGHT;
    let facing = (z - right * x - down * y) / (1.0 + right * right + down * down).sqrt();
    let light = 0.22 + 0.92 * facing.max(0.0);
    // Light that went through tissue is redder, so shadows are.
    let warm = mix(0.12, 0.0, facing.clamp(0.0, 1.0));
    let [r, g, b] = colour;
    [r * (light + warm), g * light, b * light]
}
