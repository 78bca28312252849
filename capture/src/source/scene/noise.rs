//! Randomness of the scenes: fractal noise to build surfaces from, and the grain of a sensor. Same seed, same noise.

use super::pixel::clamp_to_u8;

/// A square of fractal noise that continues at its own edges.
pub struct Fractal {
    values: Vec<f32>,
}

/// Side of the square: a power of two, so that wrapping is a mask; 1 MiB of floats, which stays in the cache.
const SIDE: usize = 512;
/// Octaves at most: the finest then has a lattice step of two samples.
pub const MAX_OCTAVES: u32 = 7;
/// Lattice points along the side in the coarsest octave.
const COARSEST: usize = 4;

impl Fractal {
    /// Noise made of some octaves of value noise (up to [`MAX_OCTAVES`]), each half as strong as the coarser one before
    /// it (fractional Brownian motion as in Perlin, "An image synthesizer", SIGGRAPH 1985). Few octaves are smooth.
    pub fn new(seed: u64, octaves: u32) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut values = vec![0.0; SIDE * SIDE];
        for octave in 0..octaves.min(MAX_OCTAVES) {
            let points = COARSEST << octave;
            let lattice: Vec<f32> = (0..points * points).map(|_| rng.f32() * 2.0 - 1.0).collect();
            add_octave(&mut values, &lattice, points, 0.5_f32.powi(octave as i32));
        }
        Self { values }
    }

    /// The noise at a point; the pattern repeats after 1 in either direction. Mostly within -1..1, mean near 0.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = ((x - x.floor()) * SIDE as f32, (y - y.floor()) * SIDE as f32);
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let value = |column: usize, row: usize| {
            let index = (row & (SIDE - 1)) * SIDE + (column & (SIDE - 1));
            self.values.get(index).copied().unwrap_or(0.0)
        };
        let top = mix(value(column, row), value(column + 1, row), fx);
        let bottom = mix(value(column, row + 1), value(column + 1, row + 1), fx);
        mix(top, bottom, fy)
    }
}

/// Sensor noise: a long table of random differences from which every row of every frame takes another piece.
pub struct Grain {
    table: Vec<i8>,
}

/// Length of the table; rows start at any of the first half, so the longest row is the other half.
const GRAIN_LEN: usize = 1 << 17;

impl Grain {
    /// Noise with a standard deviation of `sigma` codes, close to Gaussian (sum of four uniform variables).
    pub fn new(seed: u64, sigma: f32) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // A uniform variable of -1..1 has the variance 1/3, so four of them have 4/3.
        let scale = sigma / (4.0_f32 / 3.0).sqrt();
        let mut gaussian = || (0..4).map(|_| rng.f32() * 2.0 - 1.0).sum::<f32>() * scale;
        let table = (0..GRAIN_LEN).map(|_| gaussian().round().clamp(-127.0, 127.0) as i8);
        Self { table: table.collect() }
    }

    /// The noise for one row of one frame; at most 65536 pixels.
    pub fn row(&self, frame: u64, row: usize) -> &[i8] {
        let start = scramble(frame << 16 | row as u64) as usize % (GRAIN_LEN / 2);
        self.table.get(start..).unwrap_or_default()
    }

    /// Adds the noise of `frame`'s row `row` to `pixels`.
    pub fn add(&self, pixels: &mut [u8], frame: u64, row: usize) {
        for (pixel, grain) in pixels.iter_mut().zip(self.row(frame, row)) {
            *pixel = clamp_to_u8(i16::from(*pixel).wrapping_add(i16::from(*grain)));
        }
    }
}

/// Two numbers' weighted mean: `a` at `t` = 0, `b` at `t` = 1.
pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// 0 below `from`, 1 above `to`, and a smooth step (Hermite) between.
pub fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Spreads a counter over all 64 bits (the finaliser of Steele et al., "Fast splittable pseudorandom number
/// generators", OOPSLA 2014).
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn add_octave(values: &mut [f32], lattice: &[f32], points: usize, strength: f32) {
    let step = SIDE / points;
    let point = |column: usize, row: usize| {
        let index = (row % points) * points + column % points;
        lattice.get(index).copied().unwrap_or(0.0)
    };
    let fraction = |at: usize| smoothstep(0.0, 1.0, (at % step) as f32 / step as f32);
    for (y, row) in values.chunks_mut(SIDE).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            let (column, line) = (x / step, y / step);
            let top = mix(point(column, line), point(column + 1, line), fraction(x));
            let bottom = mix(point(column, line + 1), point(column + 1, line + 1), fraction(x));
            *value += mix(top, bottom, fraction(y)) * strength;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractal_noise_continues_at_its_edges_and_keeps_its_seed() {
        let noise = Fractal::new(1, MAX_OCTAVES);
        assert!((noise.at(0.25, 0.999_99) - noise.at(0.25, 0.0)).abs() < 0.05);
        assert!((noise.at(0.25, 0.5) - noise.at(3.25, -1.5)).abs() < 1e-6, "it repeats");
        assert_eq!(noise.at(0.3, 0.7), Fractal::new(1, MAX_OCTAVES).at(0.3, 0.7));
    }

    #[test]
    fn grain_has_the_strength_asked_for_and_another_pattern_in_every_frame() {
        let grain = Grain::new(3, 2.0);
        let row = grain.row(0, 0);
        let count = row.len() as f32;
        let variance = row.iter().map(|&value| f32::from(value).powi(2)).sum::<f32>() / count;
        assert!((1.8..2.2).contains(&variance.sqrt()), "sigma is {}", variance.sqrt());
        assert_ne!(grain.row(0, 5)[..64], grain.row(1, 5)[..64]);
    }
}
