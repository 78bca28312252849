//! What lies in the field: for every place the height, colour and wetness of the uppermost organ.

use super::super::noise::{Fractal, MAX_OCTAVES, mix, smoothstep};
use super::super::pixel::Rgb;
use super::super::stroke::{Point, point};

/// One place of the field's surface.
#[derive(Debug, Clone, Copy)]
pub struct Surface {
    /// Towards the camera, in units.
    pub height: f32,
    /// Colour in even light.
    pub colour: Rgb,
    /// How strongly vessels show through, 0-1.
    pub vessels: f32,
    /// Size of the small bumps that break the light, in units.
    pub bumps: f32,
}

/// All organs.
pub struct Organs {
    smooth: Fractal,
    fine: Fractal,
}

const LIVER: Rgb = [0.36, 0.105, 0.115];
const LIVER_PALE: Rgb = [0.47, 0.19, 0.18];
const WALL: Rgb = [0.80, 0.47, 0.29];
const WALL_RED: Rgb = [0.60, 0.20, 0.17];
const BLADDER: Rgb = [0.86, 0.70, 0.50];
const BLADDER_GREY: Rgb = [0.70, 0.63, 0.57];
const BLADDER_RED: Rgb = [0.80, 0.50, 0.42];
const FAT: Rgb = [0.87, 0.62, 0.36];
const FAT_RED: Rgb = [0.72, 0.34, 0.25];

impl Organs {
    /// The organs, the same every time.
    pub fn new() -> Self {
        Self { smooth: Fractal::new(11, 3), fine: Fractal::new(12, MAX_OCTAVES) }
    }

    /// The uppermost surface at `place`.
    pub fn at(&self, place: Point) -> Surface {
        let edge = point(self.smooth(place, 520.0, 0.3), self.smooth(place, 520.0, 0.8));
        let bent = place + edge * 18.0;
        let mut surface = self.liver(place);
        self.lay(&mut surface, wall_edge(bent), 34.0, |depth| self.wall(place, depth));
        self.lay(&mut surface, lobe_edge(bent), 30.0, |depth| self.lobe(place, depth));
        self.lay(&mut surface, fat_edge(bent), 26.0, |depth| self.fat(place, depth));
        let (outline, radius) = bladder_shape(place + edge * 9.0);
        self.lay(&mut surface, outline, 24.0, |depth| self.bladder(place, depth, radius));
        surface
    }

    /// The small bumps that make glints, about -1..1.
    pub fn bump(&self, place: Point) -> f32 {
        self.smooth(place, 110.0, 0.15)
    }

    /// Lays an organ over `below`. `edge` is the distance outside its outline, negative inside; up to some `shade`
    /// units outside, what lies below gets less light.
    fn lay(&self, below: &mut Surface, edge: f32, shade: f32, organ: impl Fn(f32) -> Surface) {
        let occluded = 1.0 - 0.72 * (-edge.max(0.0) / shade).exp();
        below.colour = below.colour.map(|channel| channel * occluded);
        if edge > 1.0 {
            return;
        }
        let above = organ((-edge).max(0.0));
        let cover = smoothstep(1.0, -1.0, edge);
        *below = Surface {
            height: mix(below.height, above.height, cover),
            colour: blend(below.colour, above.colour, cover),
            vessels: mix(below.vessels, above.vessels, cover),
            bumps: mix(below.bumps, above.bumps, cover),
        };
    }

    fn liver(&self, place: Point) -> Surface {
        let pale = smoothstep(0.05, 0.9, self.fine(place, 300.0, 0.1));
        let shade = 1.0 + 0.20 * self.smooth(place, 900.0, 0.5) + 0.09 * self.fine(place, 150.0, 0.7);
        Surface {
            height: 74.0 * self.smooth(place, 1500.0, 0.0) - place.y * 0.10,
            colour: blend(LIVER, LIVER_PALE, 0.5 * pale).map(|channel| channel * shade),
            vessels: 0.06,
            bumps: 1.7,
        }
    }

    fn lobe(&self, place: Point, depth: f32) -> Surface {
        let mut surface = self.liver(place + point(300.0, 90.0));
        let rim = smoothstep(1.0, 4.0, depth) * (1.0 - smoothstep(5.0, 16.0, depth));
        surface.colour = blend(surface.colour, LIVER_PALE, 0.5 * rim);
        surface.height = 40.0 + dome(depth, 120.0) * 0.8 + 26.0 * self.smooth(place, 900.0, 0.2);
        surface
    }

    fn wall(&self, place: Point, depth: f32) -> Surface {
        let folds = self.smooth(point(place.x + place.y * 0.2, place.y * 0.3), 420.0, 0.6);
        let red = smoothstep(-0.3, 0.6, self.fine(place, 800.0, 0.9)) * 0.8 + 0.45 * (-depth / 30.0).exp();
        let shade = 0.92 + 0.10 * self.fine(place, 220.0, 0.4);
        Surface {
            height: dome(depth, 230.0) * 0.55 + 24.0 * folds,
            colour: blend(WALL, WALL_RED, red.min(1.0)).map(|channel| channel * shade),
            vessels: 0.7,
            bumps: 0.9,
        }
    }

    fn fat(&self, place: Point, depth: f32) -> Surface {
        let bent = place + point(self.smooth(place, 260.0, 0.4), self.smooth(place, 260.0, 0.9)) * 22.0;
        let crease = self.smooth(bent, 330.0, 0.25).abs().min((self.smooth(bent, 420.0, 0.65) + 0.15).abs());
        let lobule = smoothstep(-0.06, 0.3, crease);
        let shade = 0.90 + 0.08 * lobule + 0.12 * self.fine(place, 150.0, 0.35);
        Surface {
            height: dome(depth, 70.0) * 0.7 + 15.0 * lobule + 14.0 * self.smooth(place, 300.0, 0.0),
            colour: blend(FAT_RED, FAT, 0.55 + 0.45 * lobule).map(|channel| channel * shade),
            vessels: 0.5,
            bumps: 1.3,
        }
    }

    fn bladder(&self, place: Point, depth: f32, radius: f32) -> Surface {
        let grey = smoothstep(-0.2, 0.5, self.fine(place, 620.0, 0.45));
        let red = smoothstep(0.1, 0.7, self.fine(place, 460.0, 0.05)) * 0.55 + 0.4 * (-depth / 9.0).exp();
        let shade = 0.98 + 0.07 * self.fine(place, 170.0, 0.65);
        let colour = blend(blend(BLADDER, BLADDER_GREY, grey), BLADDER_RED, red.min(1.0));
        Surface {
            height: 60.0 + 1.1 * dome(depth, radius) + 5.0 * self.smooth(place, 420.0, 0.95),
            colour: colour.map(|channel| channel * shade),
            vessels: 0.8,
            bumps: 0.5,
        }
    }

    /// Smooth noise that repeats after `period` units; `offset` picks another stretch of it.
    fn smooth(&self, place: Point, period: f32, offset: f32) -> f32 {
        self.smooth.at(place.x / period + offset, place.y / period + offset * 1.7)
    }

    /// The same with fine detail.
    fn fine(&self, place: Point, period: f32, offset: f32) -> f32 {
        self.fine.at(place.x / period + offset, place.y / period + offset * 1.7)
    }
}

fn wall_edge(place: Point) -> f32 {
    let swing = 34.0 * (place.y / 150.0).sin() + 16.0 * (place.y / 61.0 + 1.0).sin();
    place.x + 292.0 - 0.16 * place.y + swing
}

fn lobe_edge(place: Point) -> f32 {
    let from = point((place.x + 178.0) / 205.0, (place.y - 350.0) / 345.0);
    (from.length() - 1.0) * 205.0
}

fn fat_edge(place: Point) -> f32 {
    let round = |x: f32, y: f32, radius: f32| (place - point(x, y)).length() - radius;
    let left = merge(round(250.0, 360.0, 92.0), round(352.0, 292.0, 112.0), 40.0);
    let right = merge(round(466.0, 318.0, 112.0), round(566.0, 248.0, 84.0), 40.0);
    merge(left, right, 40.0)
}

/// The gallbladder's edge at `place`, and its radius there.
fn bladder_shape(place: Point) -> (f32, f32) {
    let fundus = capsule(place, [point(-92.0, -222.0), point(-112.0, -118.0)], [52.0, 66.0]);
    let body = capsule(place, [point(-8.0, -196.0), point(112.0, 128.0)], [56.0, 112.0]);
    let neck = capsule(place, [point(112.0, 138.0), point(248.0, 262.0)], [92.0, 34.0]);
    let narrow = smoothstep(30.0, -30.0, neck.0 - body.0);
    let trunk = (merge(body.0, neck.0, 46.0), mix(body.1, neck.1, narrow));
    if fundus.0 < trunk.0 { fundus } else { trunk }
}

/// Distance from a tapered piece with round ends, and the piece's radius there.
fn capsule(place: Point, [from, to]: [Point; 2], radii: [f32; 2]) -> (f32, f32) {
    let axis = to - from;
    let along = ((place - from).dot(axis) / axis.dot(axis)).clamp(0.0, 1.0);
    let radius = mix(radii[0], radii[1], along);
    ((place - from - axis * along).length() - radius, radius)
}

/// The union of two outlines with a fillet of about `round` units (polynomial smooth minimum, Quilez 2013).
fn merge(a: f32, b: f32, round: f32) -> f32 {
    let near = (round - (a - b).abs()).max(0.0) / round;
    a.min(b) - near * near * round * 0.25
}

/// Height of a rounded rim of `radius` at `depth` inside its outline.
fn dome(depth: f32, radius: f32) -> f32 {
    let inner = radius - depth.min(radius);
    (radius * radius - inner * inner).sqrt()
}

/// Two colours' weighted mean.
pub fn blend(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let [ar, ag, ab] = a;
    let [br, bg, bb] = b;
    [mix(ar, br, t), mix(ag, bg, t), mix(ab, bb, t)]
}
