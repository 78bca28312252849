//! Everything in the angiogram that does not beat: lungs, spine, ribs, diaphragm, the catheter, the shutters.

use super::super::frame::Plane;
use super::super::noise::{Fractal, MAX_OCTAVES, smoothstep};
use super::super::stroke::{Point, Stroke, covered, curve, point};
use super::{OSTIUM, View};

/// Luma above black where nothing absorbs.
const OPEN_BEAM: f32 = 214.0;
/// The catheter's way, from the aorta's arch to the ostium, in units.
const CATHETER: [Point; 7] = [
    point(-24.0, -270.0),
    point(-22.0, -230.0),
    point(-28.0, -196.0),
    point(-46.0, -170.0),
    point(-66.0, -150.0),
    point(-66.0, -130.0),
    OSTIUM,
];
/// Radius of the catheter in units: 6 French (2 mm) at this magnification.
const CATHETER_RADIUS: f32 = 3.1;

/// Draws the chest; luma above black.
pub fn draw(width: usize, height: usize, view: View) -> Vec<u8> {
    let noise = Fractal::new(21, MAX_OCTAVES);
    let smooth = Fractal::new(22, 3);
    let luma = |pixel: Point| {
        let place = view.unit(pixel);
        let bent = place + point(smooth.at(place.x / 900.0, place.y / 900.0), 0.0) * 14.0;
        let grain = 0.10 * noise.at(place.x / 420.0, place.y / 420.0);
        (OPEN_BEAM * (-(absorption(bent) + grain)).exp()).clamp(0.0, 219.0) as u8
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| point(x as f32, y as f32)));
    let mut chest: Vec<u8> = pixels.map(luma).collect();
    if let Some(mut plane) = Plane::new(&mut chest, width, width, height) {
        catheter(&mut plane, view);
    }
    chest
}

/// How open the shutters are for each pixel, in 1/256: a square with cut corners and a soft edge.
pub fn shutter(width: usize, height: usize, view: View) -> Vec<u8> {
    let open = |x: usize, y: usize| {
        let place = view.unit(point(x as f32, y as f32));
        let (x, y) = (place.x.abs(), place.y.abs());
        let outside = (x - 238.0).max(y - 238.0).max((x + y - 372.0) * 0.707);
        (255.0 * smoothstep(2.0, -5.0, outside)) as u8
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| open(x, y)).collect()
}

/// What a ray loses on its way through the chest, as the exponent of Lambert and Beer's law.
fn absorption(place: Point) -> f32 {
    let Point { x, y } = place;
    let heart = 0.34 * smoothstep(1.15, 0.65, ((x - 70.0) / 205.0).hypot((y - 50.0) / 190.0));
    let diaphragm = 0.55 * smoothstep(-14.0, 34.0, y - 168.0 - 0.0011 * (x + 60.0) * (x + 60.0));
    let mediastinum = 0.22 * smoothstep(-40.0, 130.0, x);
    0.16 + heart + diaphragm + mediastinum + spine(x - 150.0 + 0.12 * y, y) + ribs(x, y)
}

/// Vertebral bodies with the discs between them.
fn spine(beside: f32, y: f32) -> f32 {
    let bodies = smoothstep(82.0, 30.0, beside.abs());
    let disc = ((y / 58.0).fract() + 1.0).fract();
    let between = smoothstep(0.0, 0.16, disc) * (1.0 - smoothstep(0.78, 0.96, disc));
    bodies * (0.30 + 0.14 * between)
}

/// Ribs that fall to the left, each with a denser lower edge.
fn ribs(x: f32, y: f32) -> f32 {
    let along = y + 0.32 * (x - 40.0) - 0.0016 * (x + 40.0) * (x + 40.0);
    let rib = ((along / 92.0).fract() + 1.0).fract() * 92.0;
    let body = smoothstep(0.0, 12.0, rib) * (1.0 - smoothstep(23.0, 34.0, rib));
    let edge = smoothstep(17.0, 26.0, rib) * (1.0 - smoothstep(26.0, 34.0, rib));
    0.06 * body + 0.06 * edge
}

fn catheter(plane: &mut Plane<'_>, view: View) {
    let way: Vec<Point> = curve(&CATHETER, 8).into_iter().map(|place| view.pixel(place)).collect();
    let before: Vec<Vec<u8>> = plane.rows_mut().map(|row| row.to_vec()).collect();
    let mut shade = vec![0; plane.width() * plane.height()];
    let (width, height) = (plane.width(), plane.height());
    let Some(mut mask) = Plane::new(&mut shade, width, width, height) else { return };
    for pair in way.array_windows::<2>() {
        let tube = Stroke { ends: *pair, radii: [CATHETER_RADIUS * view.scale; 2] };
        // A tube: its walls absorb more than its middle.
        tube.paint(&mut mask, 0.0, |place, old| old.max((place.cover() * (92.0 + 70.0 * place.across.abs())) as u8));
    }
    for ((row, before), shade) in plane.rows_mut().zip(before).zip(shade.chunks(width)) {
        for ((pixel, before), shade) in row.iter_mut().zip(before).zip(shade) {
            *pixel = covered(before, before / 4, f32::from(*shade) / 255.0);
        }
    }
}
