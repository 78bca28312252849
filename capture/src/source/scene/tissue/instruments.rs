//! The two instruments: a grasper that holds the gallbladder, and a hook that works at its neck.

use super::super::frame::{Frame, NEUTRAL, Plane};
use super::super::noise::{mix, smoothstep};
use super::super::stroke::{Point, Stroke, covered, point};
use super::pose::{Pose, View};

/// Where the instruments come through the abdominal wall, in units of the view: beyond its edge.
const GRASPER_PORT: Point = point(250.0, -690.0);
/// See [`GRASPER_PORT`].
const HOOK_PORT: Point = point(850.0, 330.0);
/// From an instrument to its shadow, in units: the light sits above and left of the lens.
const SHADOW: Point = point(15.0, 24.0);
/// Width of the shadow's soft edge in units.
const SHADOW_EDGE: f32 = 17.0;
/// How much light a shadow takes, 0-1.
const SHADOW_DEPTH: f32 = 0.5;

/// How a round surface looks across.
#[derive(Clone, Copy)]
enum Material {
    /// Black insulation: dull, with one narrow reflection.
    Insulation,
    /// Polished steel: bright and dark bands.
    Steel,
    /// White ceramic.
    Ceramic,
    /// The shade in a slot.
    Slot,
}

impl Material {
    /// Luma above black at `across` (-1..1).
    fn luma(self, across: f32) -> f32 {
        let band = |middle: f32, width: f32| (-((across - middle) / width).powi(2)).exp();
        let round = 1.0 - 0.6 * across * across;
        match self {
            Self::Insulation => 20.0 * round + 92.0 * band(-0.42, 0.13) + 26.0 * band(0.5, 0.22),
            Self::Steel => 74.0 * round + 128.0 * band(-0.34, 0.2) - 34.0 * band(0.05, 0.16) + 44.0 * band(0.48, 0.2),
            Self::Ceramic => 150.0 * round + 60.0 * band(-0.35, 0.25),
            Self::Slot => 18.0,
        }
    }

    /// Cb and Cr: steel and insulation take some colour from the tissue around them.
    fn colour(self) -> [u8; 2] {
        match self {
            Self::Insulation => [NEUTRAL + 1, NEUTRAL + 1],
            Self::Steel | Self::Slot => [NEUTRAL - 2, NEUTRAL + 5],
            Self::Ceramic => [NEUTRAL - 4, NEUTRAL + 4],
        }
    }
}

/// One piece of an instrument.
type Piece = (Material, Stroke);

/// Draws both instruments and their shadows. Luma is above black; the scope adds what is below.
pub fn paint(pose: &Pose, view: View, frame: &mut Frame<'_>) {
    let [held, work] = pose.tips();
    let instruments = [grasper(held, pose.jaws), hook(work)];
    for pieces in &instruments {
        shade(pieces, view, frame);
    }
    for (material, stroke) in instruments.iter().flatten() {
        let stroke = Stroke {
            ends: stroke.ends.map(|end| view.pixel(end)),
            radii: stroke.radii.map(|radius| radius * view.scale()),
        };
        polish(*material, &stroke, &mut frame.luma);
        let [cb, cr] = material.colour();
        let small = stroke.scaled(0.5);
        tint(cb, &small, &mut frame.cb);
        tint(cr, &small, &mut frame.cr);
    }
}

fn grasper(tip: Point, open: f32) -> Vec<Piece> {
    let back = direction(tip, GRASPER_PORT);
    let side = back.normal();
    let at = |along: f32, beside: f32| tip + back * along + side * beside;
    let spread = 74.0 * open;
    let jaw = |sign: f32| stroke(at(76.0, 3.0 * sign), at(-14.0, (spread + 2.0) * sign), 8.5, 5.0);
    let slot = stroke(at(60.0, -4.5), at(4.0, -spread - 0.5), 2.6, 1.8);
    vec![
        (Material::Insulation, stroke(at(104.0, 0.0), at(760.0, 0.0), 18.0, 27.0)),
        (Material::Steel, stroke(at(112.0, 0.0), at(96.0, 0.0), 17.0, 15.5)),
        (Material::Steel, stroke(at(100.0, 0.0), at(72.0, 0.0), 13.0, 11.0)),
        (Material::Steel, jaw(1.0)),
        (Material::Steel, jaw(-1.0)),
        (Material::Slot, slot),
        (Material::Slot, stroke(at(78.0, 0.0), at(77.0, 0.0), 2.6, 2.6)),
    ]
}

fn hook(tip: Point) -> Vec<Piece> {
    let back = direction(tip, HOOK_PORT);
    let side = back.normal();
    let at = |along: f32, beside: f32| tip + back * along + side * beside;
    let heel = at(3.0, -25.0);
    vec![
        (Material::Insulation, stroke(at(150.0, -22.0), at(860.0, 0.0), 16.0, 26.0)),
        (Material::Ceramic, stroke(at(152.0, -22.0), at(136.0, -22.5), 13.5, 12.0)),
        (Material::Insulation, stroke(at(134.0, -22.5), at(52.0, -24.0), 7.5, 6.5)),
        (Material::Steel, stroke(at(52.0, -24.0), heel, 4.2, 3.8)),
        (Material::Steel, stroke(heel, tip, 3.8, 2.6)),
    ]
}

fn stroke(from: Point, to: Point, first_radius: f32, second_radius: f32) -> Stroke {
    Stroke { ends: [from, to], radii: [first_radius, second_radius] }
}

fn direction(from: Point, to: Point) -> Point {
    let way = to - from;
    way * (1.0 / way.length().max(1.0))
}

/// Darkens the tissue under the long pieces: short ones throw no shadow that is seen.
fn shade(pieces: &[Piece], view: View, frame: &mut Frame<'_>) {
    let long = |stroke: &&Stroke| (stroke.ends[1] - stroke.ends[0]).length() > 60.0;
    for stroke in pieces.iter().map(|(_, stroke)| stroke).filter(long) {
        let shadow = Stroke {
            ends: stroke.ends.map(|end| view.pixel(end + SHADOW)),
            radii: stroke.radii.map(|radius| radius * view.scale()),
        };
        darken(&shadow, SHADOW_EDGE * view.scale(), 0.0, &mut frame.luma);
        for chroma in [&mut frame.cb, &mut frame.cr] {
            darken(&shadow.scaled(0.5), SHADOW_EDGE * view.scale() * 0.5, NEUTRAL.into(), chroma);
        }
    }
}

/// Takes the values under `shadow` nearer to `dark`.
fn darken(shadow: &Stroke, edge: f32, dark: f32, plane: &mut Plane<'_>) {
    shadow.paint(plane, edge, |place, old| {
        (mix(old.into(), dark, smoothstep(-edge, edge, place.depth) * SHADOW_DEPTH) + 0.5) as u8
    });
}

fn polish(material: Material, stroke: &Stroke, luma: &mut Plane<'_>) {
    let table: [f32; 65] = std::array::from_fn(|step| material.luma(step as f32 / 32.0 - 1.0));
    stroke.paint(luma, 0.0, |place, old| {
        let step = ((place.across.clamp(-1.0, 1.0) + 1.0) * 32.0) as usize;
        let bright = table.get(step).copied().unwrap_or(0.0);
        mix(old.into(), bright, place.cover()) as u8
    });
}

fn tint(code: u8, stroke: &Stroke, chroma: &mut Plane<'_>) {
    stroke.paint(chroma, 0.0, |place, old| covered(old, code, place.cover()));
}
