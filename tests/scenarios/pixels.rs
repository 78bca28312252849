//! What can be said of a window's pixels.

use harness::screen::{Image, Place};
use harness::strokes::Stroke;
use program::trace::View;
use protocol::mark::Ink;

/// How far red, green and blue may each lie from an ink's own: anti-aliasing, nothing more.
const INK_TOLERANCE: i32 = 40;

/// The middle row of the ink in column `x`, looked for within `reach` rows of `y`.
fn ink_row(image: &Image, x: usize, y: f64, reach: f64, ink: Ink) -> Option<f64> {
    let [red, green, blue] = annotation::ink::srgb(ink);
    let is_ink = |row: &usize| {
        let [r, g, b] = image.pixel(x, *row);
        let near = |a: u8, b: u8| (i32::from(a) - i32::from(b)).abs() <= INK_TOLERANCE;
        near(r, red) && near(g, green) && near(b, blue)
    };
    let from = (y - reach).max(0.0) as usize;
    let rows: Vec<usize> = (from..(y + reach) as usize).filter(is_ink).collect();
    (!rows.is_empty()).then(|| rows.iter().sum::<usize>() as f64 / rows.len() as f64)
}

/// Asserts that `stroke`, drawn in the console at `view`, lies on the OR display where it was drawn: the middle of its
/// ink within 2 px or one console pixel of every sample, whichever is larger.
pub fn assert_ink_where_drawn(display: &Image, window: &Place, view: &View, stroke: &Stroke) {
    let scale_x = f64::from(window.width_px) / view.width_px;
    let scale_y = f64::from(window.height_px) / view.height_px;
    let tolerance = scale_y.max(2.0);
    for sample in &stroke.samples {
        // The pointer's pixel is one console pixel wide; its middle is meant.
        let x = (sample.x_px + 0.5 - view.x_px) * scale_x;
        let y = (sample.y_px + 0.5 - view.y_px) * scale_y;
        let row = ink_row(display, x as usize, y, 12.0, Ink::default())
            .unwrap_or_else(|| panic!("no ink near {x:.1},{y:.1} of the OR display"));
        assert!(
            (row + 0.5 - y).abs() <= tolerance,
            "drawn at {x:.1},{y:.1}, shown at row {row:.1}; allowed {tolerance:.1}"
        );
    }
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
