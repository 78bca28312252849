//! Scene `room`: an operating room seen by a camera high in its corner, with a team at work.
//!
//! Walls, floor and furniture are drawn once (`backdrop`); the team, the table it stands around and the clock's hands
//! are drawn into each frame (`team`). Positions are in units of 1/640 of the picture's width, from its corner.

mod backdrop;
mod team;

use std::f32::consts::TAU;

use super::frame::Frame;
use super::noise::Grain;
use super::pixel::{self, Rgb};
use super::stroke::{Point, Stroke, covered, point};
use super::{Clip, Painter};
use backdrop::{Backdrop, CLOCK, CLOCK_RADIUS};

/// Standard deviation of the camera's noise in luma codes: a small camera in a dim room.
const NOISE: f32 = 1.8;
/// What the clock shows when the scene begins, in seconds after twelve: eight past ten.
const CLOCK_START: f32 = 10.0 * 3600.0 + 8.0 * 60.0;

/// From units to pixels: the scene fills the picture and is cut where it does not fit.
#[derive(Debug, Clone, Copy)]
struct View {
    corner: Point,
    scale: f32,
}

impl View {
    fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width as f32, height as f32);
        let scale = (width / 640.0).max(height / 360.0);
        Self { corner: point(width - 640.0 * scale, height - 360.0 * scale) * 0.5, scale }
    }

    fn stroke(self, ends: [Point; 2], radii: [f32; 2]) -> Stroke {
        Stroke { ends: ends.map(|end| end * self.scale + self.corner), radii: radii.map(|radius| radius * self.scale) }
    }
}

/// The scene.
pub struct Room {
    clip: Clip,
    view: View,
    backdrop: Backdrop,
    grain: Grain,
}

impl Room {
    /// Draws the backdrop.
    pub fn new(clip: Clip) -> Self {
        let view = View::new(clip.width(), clip.height());
        Self { clip, view, backdrop: Backdrop::new(clip.size, view), grain: Grain::new(6, NOISE) }
    }
}

impl Painter for Room {
    fn paint(&mut self, number: u64, frame: &mut Frame<'_>) {
        let seconds = self.clip.seconds(number);
        self.backdrop.copy_to(frame);
        let mut brush = Brush { frame, view: self.view };
        hands(&mut brush, CLOCK_START + seconds);
        team::draw(&mut brush, seconds);
        for (y, row) in frame.luma.rows_mut().enumerate() {
            self.grain.add(row, number, y);
        }
    }
}

/// Paints round bodies in the light of the lamp.
struct Brush<'b, 'f> {
    frame: &'b mut Frame<'f>,
    view: View,
}

impl Brush<'_, '_> {
    /// A body from one end to the other: lit from above, darker towards its edges.
    fn body(&mut self, ends: [Point; 2], radii: [f32; 2], colour: Rgb) {
        let stroke = self.view.stroke(ends, radii);
        let [y, cb, cr] = pixel::codes(colour);
        let bright = f32::from(y);
        // The light comes from above; `across` grows to the right of the way from the first end to the second.
        let way = ends[1] - ends[0];
        let tilt = way.x / way.length().max(1.0);
        stroke.paint(&mut self.frame.luma, 0.0, |place, old| {
            let light = 1.0 - 0.34 * place.across * place.across - 0.20 * tilt * place.across;
            covered(old, (bright * light).min(235.0) as u8, place.cover())
        });
        let half = stroke.scaled(0.5);
        half.paint(&mut self.frame.cb, 0.0, |place, old| covered(old, cb, place.cover()));
        half.paint(&mut self.frame.cr, 0.0, |place, old| covered(old, cr, place.cover()));
    }

    /// A soft shadow.
    fn shadow(&mut self, ends: [Point; 2], radius: f32, depth: f32) {
        let edge = radius * self.view.scale;
        let core = self.view.stroke(ends, [0.1; 2]);
        core.paint(&mut self.frame.luma, edge, |place, old| {
            let dark = (1.0 + place.depth / edge).clamp(0.0, 1.0);
            (f32::from(old) * (1.0 - depth * dark * dark)) as u8
        });
    }

    /// A plain line.
    fn line(&mut self, ends: [Point; 2], radius: f32, colour: Rgb) {
        self.view.stroke(ends, [radius; 2]).draw(self.frame, pixel::codes(colour));
    }
}

/// The clock's hands, `seconds` after twelve.
fn hands(brush: &mut Brush<'_, '_>, seconds: f32) {
    const DARK: Rgb = [0.10, 0.11, 0.13];
    const RED: Rgb = [0.75, 0.12, 0.10];
    // The second hand moves once a second.
    let ticks = seconds.floor();
    let hands =
        [(ticks / 43_200.0, 0.5, 1.0, DARK), (ticks / 3_600.0, 0.78, 0.8, DARK), (ticks / 60.0, 0.84, 0.45, RED)];
    for (turns, length, radius, colour) in hands {
        let angle = TAU * turns.fract();
        let tip = CLOCK + point(angle.sin(), -angle.cos()) * (length * CLOCK_RADIUS);
        brush.line([CLOCK, tip], radius, colour);
    }
}
