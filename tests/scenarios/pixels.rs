//! What can be said of a window's pixels.

use harness::screen::{Image, Place};
use harness::strokes::Stroke;
use program::trace::View;
use protocol::mark::Ink;

/// How far red, green and blue may each lie from an ink's own: anti-aliasing, nothing more.
const INK_TOLERANCE: i32 = 40;

/// How much greener than red or blue a faint mark makes whatever tissue is under it.
const FAINT_GREEN: i32 = 20;
/// Samples of a faint mark that lie on its dashes, at least: they are as long as the gaps, and both are longer than the
/// distance of samples.
const ON_DASHES: f64 = 0.3;

/// How a mark is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// Whole, in its ink.
    Solid,
    /// Dashed, with the picture seen through it: the picture moved under it.
    Faint,
}

impl Drawn {
    /// Whether the pixel is one of such a mark in the default ink.
    fn has(self, [red, green, blue]: [u8; 3]) -> bool {
        let [red, green, blue] = [red, green, blue].map(i32::from);
        let ink = annotation::ink::srgb(Ink::default()).map(i32::from);
        match self {
            Self::Solid => [red, green, blue].iter().zip(ink).all(|(seen, ink)| (seen - ink).abs() <= INK_TOLERANCE),
            Self::Faint => green - red.max(blue) >= FAINT_GREEN,
        }
    }
}

/// The middle row of the ink in column `x`, looked for within `reach` rows of `y`.
fn ink_row(image: &Image, x: usize, y: f64, reach: f64, drawn: Drawn) -> Option<f64> {
    let from = (y - reach).max(0.0) as usize;
    let rows: Vec<usize> = (from..(y + reach) as usize).filter(|row| drawn.has(image.pixel(x, *row))).collect();
    (!rows.is_empty()).then(|| rows.iter().sum::<usize>() as f64 / rows.len() as f64)
}

/// Asserts that `stroke`, drawn in the console at `view`, lies on the OR display where it was drawn: the middle of its
/// ink within 2 px or one console pixel of every sample, whichever is larger, and of those between the dashes of a faint one.
pub fn assert_ink_where_drawn(display: &Image, window: &Place, view: &View, stroke: &Stroke, drawn: Drawn) {
    let scale_x = f64::from(window.width_px) / view.width_px;
    let scale_y = f64::from(window.height_px) / view.height_px;
    let tolerance = scale_y.max(2.0);
    let mut found = 0;
    for sample in &stroke.samples {
        // The pointer's pixel is one console pixel wide; its middle is meant.
        let x = (sample.x_px + 0.5 - view.x_px) * scale_x;
        let y = (sample.y_px + 0.5 - view.y_px) * scale_y;
        let Some(row) = ink_row(display, x as usize, y, 12.0, drawn) else {
            assert_eq!(drawn, Drawn::Faint, "no ink near {x:.1},{y:.1} of the OR display");
            continue;
        };
        assert!(
            (row + 0.5 - y).abs() <= tolerance,
            "drawn at {x:.1},{y:.1}, shown at row {row:.1}; allowed {tolerance:.1}"
        );
        found += 1;
    }
    let count = stroke.samples.len();
    assert!(f64::from(found) >= ON_DASHES * count as f64, "only {found} of {count} samples have ink on the OR display");
}

/// The luma (BT.601) of the part of `image` that lies in `view`, at whole pixels.
pub fn grey(image: &Image, view: &View) -> (usize, usize, Vec<u8>) {
    let (x0, y0) = (view.x_px.round() as usize, view.y_px.round() as usize);
    let (width, height) = (view.width_px.round() as usize, view.height_px.round() as usize);
    let luma = |x: usize, y: usize| {
        let [r, g, b] = image.pixel(x0 + x, y0 + y).map(f64::from);
        (0.299 * r + 0.587 * g + 0.114 * b).round() as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| luma(x, y)).collect();
    (width, height, pixels)
}

/// Peak signal-to-noise ratio of two grey pictures of one size, in dB, after the brightness range of `other` was fitted
/// to that of `one` by least squares (a grey conversion may use another range).
pub fn psnr_db(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let n = one.len() as f64;
    let mean = |values: &[u8]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let pairs = || one.iter().zip(other).map(|(a, b)| (f64::from(*a) - mean_one, f64::from(*b) - mean_other));
    let variance = pairs().map(|(_, b)| b * b).sum::<f64>().max(1.0);
    let gain = pairs().map(|(a, b)| a * b).sum::<f64>() / variance;
    let error = pairs().map(|(a, b)| (a - gain * b).powi(2)).sum::<f64>() / n;
    10.0 * (255.0 * 255.0 / error.max(1e-9)).log10()
}
