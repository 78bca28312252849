//! How everything stands at one moment: camera, breath, pulse, and what the instruments do to the tissue.

use std::f32::consts::TAU;

use super::super::noise::smoothstep;
use super::super::stroke::{Point, point};

/// Beats of the heart a second: 72 a minute.
const PULSE_HZ: f32 = 1.2;
/// Breaths a second: a ventilator at 14 a minute.
const BREATH_HZ: f32 = 14.0 / 60.0;
/// Where the grasper holds the gallbladder.
const GRIP: Point = point(-48.0, -226.0);
/// How far around the grip the tissue follows.
const GRIP_REACH: f32 = 190.0;
/// Where the hook works: at the gallbladder's neck.
const WORK: Point = point(212.0, 172.0);
/// An artery under the lower liver, by which the pulse shows.
const ARTERY: Point = point(120.0, 250.0);

/// Between pixels of the picture and units from its middle.
#[derive(Debug, Clone, Copy)]
pub struct View {
    middle: Point,
    scale: f32,
}

impl View {
    /// The view that fills a picture of this size.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width as f32, height as f32);
        Self { middle: point(width, height) * 0.5, scale: (width / 1280.0).max(height / 720.0) }
    }

    /// Pixels a unit.
    pub fn scale(self) -> f32 {
        self.scale
    }

    /// A pixel's place in units.
    pub fn unit(self, pixel: Point) -> Point {
        (pixel - self.middle) * (1.0 / self.scale)
    }

    /// The pixel at a place in units.
    pub fn pixel(self, unit: Point) -> Point {
        unit * self.scale + self.middle
    }
}

/// One moment.
#[derive(Debug, Clone, Copy)]
pub struct Pose {
    camera: Point,
    turn: Point,
    zoom: f32,
    breath: f32,
    pulse: f32,
    pull: Point,
    /// Where in the view the light falls straight on the field.
    pub light: Point,
    /// How far the grasper's jaws are open, in radians.
    pub jaws: f32,
    hook: Point,
}

impl Pose {
    /// The moment `seconds` after the scene's beginning.
    pub fn at(seconds: f32) -> Self {
        let wave = |hz: f32, phase: f32| (TAU * (hz * seconds + phase)).sin();
        let angle = 0.018 * wave(0.071, 0.1) + 0.008 * wave(0.23, 0.6);
        let breath = (0.5 + 0.5 * wave(BREATH_HZ, 0.0)).powi(2);
        // The hook strokes: down to the tissue, along it, up again.
        let stroke = (seconds * 0.45).fract();
        let touch = smoothstep(0.1, 0.25, stroke) - smoothstep(0.6, 0.75, stroke);
        let along = smoothstep(0.25, 0.6, stroke) - smoothstep(0.75, 1.0, stroke);
        Self {
            camera: point(
                22.0 * wave(0.047, 0.0) + 3.0 * wave(0.31, 0.3) + 0.7 * wave(1.9, 0.0),
                11.0 * wave(0.061, 0.4) + 2.0 * wave(0.27, 0.8) + 0.6 * wave(2.3, 0.5),
            ),
            turn: point(angle.cos(), angle.sin()),
            zoom: 1.0 + 0.03 * wave(0.053, 0.7),
            breath,
            pulse: pulse(seconds * PULSE_HZ),
            pull: point(13.0 * wave(0.13, 0.2) + 4.0 * wave(0.37, 0.0), 9.0 * wave(0.17, 0.6) + 3.0 * wave(0.41, 0.3)),
            light: point(10.0 * wave(0.047, 0.25), 8.0 * wave(0.061, 0.65)),
            jaws: 0.07,
            hook: point(30.0 - 34.0 * touch - 14.0 * along, -16.0 * (1.0 - touch) + 34.0 * along),
        }
    }

    /// The place of the undisturbed field that is seen at `place` of the view.
    pub fn field_from_view(&self, place: Point) -> Point {
        let turned =
            point(place.x * self.turn.x + place.y * self.turn.y, place.y * self.turn.x - place.x * self.turn.y);
        let there = turned * (1.0 / self.zoom) + self.camera;
        there - self.shift(there)
    }

    /// The jaws' grip and the hook's tip in the view.
    pub fn tips(&self) -> [Point; 2] {
        let held = GRIP + self.shift(GRIP + self.pull);
        let work = WORK + self.shift(WORK) + self.hook;
        [held, work].map(|place| self.view_from_space(place))
    }

    fn view_from_space(&self, place: Point) -> Point {
        let there = (place - self.camera) * self.zoom;
        point(there.x * self.turn.x - there.y * self.turn.y, there.y * self.turn.x + there.x * self.turn.y)
    }

    /// How far the tissue now at `there` has moved from its rest.
    fn shift(&self, there: Point) -> Point {
        let near = |middle: Point, reach: f32| {
            let distance = there - middle;
            (-distance.dot(distance) / (reach * reach)).exp()
        };
        let breath = point(2.0, 9.0) * self.breath;
        let pulse = point(-1.5, -3.2) * (self.pulse * near(ARTERY, 230.0));
        breath + pulse + self.pull * near(GRIP + self.pull, GRIP_REACH)
    }
}

/// The artery's stretch within one beat, 0-1: a steep rise and a slow fall.
fn pulse(beats: f32) -> f32 {
    let beat = beats.fract();
    smoothstep(0.0, 0.14, beat) * (1.0 - smoothstep(0.14, 0.85, beat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grasper_stays_on_the_tissue_it_holds() {
        for tenth in 0..200 {
            let pose = Pose::at(tenth as f32 / 10.0);
            let held = pose.field_from_view(pose.tips()[0]);
            assert!((held - GRIP).length() < 4.0, "at {tenth}: {held:?} instead of {GRIP:?}");
        }
    }
}
