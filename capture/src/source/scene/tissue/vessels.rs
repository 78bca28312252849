//! The small vessels on the organs: trees that branch and wind, drawn once into a mask.

use std::f32::consts::TAU;

use fastrand::Rng;

use super::super::frame::Plane;
use super::super::stroke::{Point, Stroke, point};
use super::field::Lattice;

/// Length of one straight piece, in units: short enough that bends look smooth.
const PIECE: f32 = 4.0;
/// Below this radius, in units, a vessel is not seen any more and ends.
const THINNEST: f32 = 0.32;

/// Draws all vessels into a mask of `lattice`'s size; 255 is the middle of a thick one.
pub fn draw(lattice: Lattice) -> Vec<u8> {
    let (width, height) = lattice.size();
    let mut mask = vec![0; width * height];
    if let Some(plane) = Plane::new(&mut mask, width, width, height) {
        let mut rng = Rng::with_seed(5);
        let roots = roots(&mut rng);
        let mut garden = Garden { plane, lattice, rng };
        for (root, way, radius) in roots {
            garden.grow(root, way, radius);
        }
    }
    mask
}

/// Where trees begin, which way they grow, and how thick.
fn roots(rng: &mut Rng) -> Vec<(Point, f32, f32)> {
    // Along the gallbladder from its neck, and over its side.
    let mut roots = vec![
        (point(228.0, 262.0), -2.35, 2.6),
        (point(150.0, 240.0), -1.9, 1.9),
        (point(62.0, 120.0), -1.2, 1.5),
        (point(-30.0, -130.0), 1.1, 1.6),
        (point(40.0, -110.0), 1.7, 1.4),
        (point(-84.0, -60.0), -1.5, 1.5),
        (point(-120.0, -210.0), 1.2, 1.2),
    ];
    // Everywhere else in random directions; organs that show no vessels hide them.
    let scattered = (0..60).map(|_| {
        let place = point(rng.f32() * 1600.0 - 800.0, rng.f32() * 840.0 - 420.0);
        (place, rng.f32() * TAU, 0.7 + 1.1 * rng.f32())
    });
    roots.extend(scattered.filter(|(place, ..)| (*place - point(40.0, 0.0)).length() > 260.0));
    roots
}

/// What vessels grow in.
struct Garden<'m> {
    plane: Plane<'m>,
    lattice: Lattice,
    rng: Rng,
}

impl Garden<'_> {
    fn grow(&mut self, root: Point, way: f32, radius: f32) {
        let (mut at, mut direction, mut radius) = (root, way, radius);
        let mut swing = 0.0;
        while radius > THINNEST {
            // The swing pulls back to the tree's own way: vessels wind, but do not turn round.
            swing = swing * 0.85 + (self.rng.f32() - 0.5) * 0.24 - (direction - way) * 0.06;
            direction += swing;
            let next = at + point(direction.cos(), direction.sin()) * PIECE;
            self.stroke(at, next, radius);
            at = next;
            radius *= 0.985;
            if self.rng.f32() < 0.045 {
                let side = if self.rng.bool() { 0.6 } else { -0.6 };
                let thinner = radius * (0.5 + 0.25 * self.rng.f32());
                self.grow(at, direction + side, thinner);
                direction -= side * 0.3;
            }
        }
    }

    fn stroke(&mut self, from: Point, to: Point, radius: f32) {
        let stroke = Stroke {
            ends: [from, to].map(|end| self.lattice.texel(end)),
            radii: [radius * self.lattice.texels_per_unit(); 2],
        };
        // Thin vessels lie deeper and are paler.
        let strength = (60.0 + 84.0 * radius).min(235.0);
        stroke.paint(&mut self.plane, 0.6, |place, old| {
            let cover = ((place.depth + 0.8) / 1.6).clamp(0.0, 1.0);
            old.max((strength * cover) as u8)
        });
    }
}
