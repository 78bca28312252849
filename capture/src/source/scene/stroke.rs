//! Tapered round strokes, painted straight into a plane: what instruments, vessels and traces are made of.

use std::ops::{Add, Mul, Sub};

use super::frame::{Frame, Plane};
use super::pixel::Codes;

/// A point or a direction, in pixels of the plane it is painted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// A point at (x, y).
pub const fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        point(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        point(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        point(self.x * by, self.y * by)
    }
}

impl Point {
    /// Scalar product.
    pub fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Distance from the origin.
    pub fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The direction at a right angle to this one, to its right on a screen.
    pub fn normal(self) -> Self {
        point(-self.y, self.x)
    }
}

/// A straight piece with round ends.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    /// Its two ends.
    pub ends: [Point; 2],
    /// Its radius at either end.
    pub radii: [f32; 2],
}

/// Where a pixel lies in a stroke.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// How far across: -1 at the left edge, 0 in the middle, 1 at the right edge.
    pub across: f32,
    /// Distance in pixels from the edge; positive inside.
    pub depth: f32,
}

impl Place {
    /// How much of the pixel the stroke covers, 0-1.
    pub fn cover(self) -> f32 {
        (self.depth + 0.5).clamp(0.0, 1.0)
    }
}

impl Stroke {
    /// The same stroke with every measure multiplied.
    pub fn scaled(self, by: f32) -> Self {
        Self { ends: self.ends.map(|end| end * by), radii: self.radii.map(|radius| radius * by) }
    }

    /// Gives every pixel that the stroke touches, or that lies up to `margin` pixels beside it, the value `paint` makes
    /// of its place and old value.
    pub fn paint(&self, plane: &mut Plane<'_>, margin: f32, paint: impl Fn(Place, u8) -> u8) {
        let [from, to] = self.ends;
        let axis = to - from;
        let per_length = 1.0 / axis.dot(axis).max(1e-6);
        let inverse_length = per_length.sqrt();
        let reach = self.radii[0].max(self.radii[1]) + margin + 1.0;
        let last_row = (from.y.max(to.y) + reach).min(plane.height() as f32 - 1.0);
        let first_row = (from.y.min(to.y) - reach).max(0.0);
        if last_row < first_row {
            return;
        }
        for y in first_row as usize..=last_row as usize {
            let (first, pixels) = self.span(y, reach, plane);
            for (index, pixel) in pixels.iter_mut().enumerate() {
                let offset = point((first + index) as f32, y as f32) - from;
                let along = (offset.dot(axis) * per_length).clamp(0.0, 1.0);
                let radius = self.radii[0] + (self.radii[1] - self.radii[0]) * along;
                let distance = (offset - axis * along).length();
                let across = offset.dot(axis.normal()) * inverse_length / radius.max(0.1);
                if distance < radius + margin + 0.5 {
                    let depth = radius - distance;
                    *pixel = paint(Place { across, depth }, *pixel);
                }
            }
        }
    }

    /// Draws it in one colour, anti-aliased.
    pub fn draw(&self, frame: &mut Frame<'_>, ink: Codes) {
        let [y, cb, cr] = ink;
        self.paint(&mut frame.luma, 0.0, |place, old| covered(old, y, place.cover()));
        let half = self.scaled(0.5);
        half.paint(&mut frame.cb, 0.0, |place, old| covered(old, cb, place.cover()));
        half.paint(&mut frame.cr, 0.0, |place, old| covered(old, cr, place.cover()));
    }

    /// The pixels of row `y` that lie within `reach` of the axis, and a few more; with the first one's column.
    fn span<'p>(&self, y: usize, reach: f32, plane: &'p mut Plane<'_>) -> (usize, &'p mut [u8]) {
        let [from, to] = self.ends;
        let rise = to.y - from.y;
        let x_at = |row: f32| {
            let t = if rise.abs() < 1e-3 { 0.5 } else { (row - from.y) / rise };
            from.x + (to.x - from.x) * t.clamp(0.0, 1.0)
        };
        let (mut left, mut right) = (x_at(y as f32 - reach), x_at(y as f32 + reach));
        if rise.abs() < 1e-3 {
            (left, right) = (from.x, to.x);
        }
        let (left, right) = (left.min(right) - reach, left.max(right) + reach);
        let row = plane.row_mut(y);
        let first = (left.max(0.0) as usize).min(row.len());
        let end = ((right + 1.0).max(0.0) as usize).clamp(first, row.len());
        (first, row.get_mut(first..end).unwrap_or_default())
    }
}

/// `old` with `new` over it, which covers 0-1 of the pixel.
pub fn covered(old: u8, new: u8, cover: f32) -> u8 {
    let (old, new) = (f32::from(old), f32::from(new));
    (old + (new - old) * cover + 0.5) as u8
}

/// A smooth curve through `points` (Catmull-Rom), as `pieces` points between each two, the last point included.
pub fn curve(points: &[Point], pieces: usize) -> Vec<Point> {
    let at = |index: usize| points.get(index.min(points.len() - 1)).copied().unwrap_or(point(0.0, 0.0));
    let mut curve = Vec::with_capacity(points.len() * pieces);
    for index in 0..points.len().saturating_sub(1) {
        let (before, from, to, after) = (at(index.saturating_sub(1)), at(index), at(index + 1), at(index + 2));
        for piece in 0..pieces {
            let t = piece as f32 / pieces as f32;
            let cubic = from * 3.0 - to * 3.0 + after - before;
            let square = before * 2.0 - from * 5.0 + to * 4.0 - after;
            curve.push(from + ((cubic * t + square) * t + to - before) * (t * 0.5));
        }
    }
    curve.extend(points.last());
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_covers_its_width_and_nothing_else() {
        let mut data = [0; 40 * 20];
        let mut plane = Plane::new(&mut data, 40, 40, 20).unwrap();
        let stroke = Stroke { ends: [point(10.0, 10.0), point(30.0, 10.0)], radii: [3.0, 3.0] };
        stroke.paint(&mut plane, 0.0, |place, _| (place.cover() * 255.0) as u8);
        let column: Vec<u8> = (0..20).map(|y| plane.row_mut(y)[20]).collect();
        assert_eq!(column.iter().filter(|&&value| value == 255).count(), 5);
        assert_eq!([column[6], column[7], column[13], column[14]], [0, 127, 127, 0]);
        assert_eq!([plane.row_mut(10)[5], plane.row_mut(10)[35]], [0, 0]);
    }

    #[test]
    fn a_stroke_that_leaves_the_plane_paints_what_is_inside() {
        let mut data = [0; 16 * 16];
        let mut plane = Plane::new(&mut data, 16, 16, 16).unwrap();
        let stroke = Stroke { ends: [point(-500.0, -500.0), point(500.0, 500.0)], radii: [1.0, 1.0] };
        stroke.paint(&mut plane, 0.0, |_, _| 9);
        assert!((0..16).all(|at| plane.row_mut(at)[at] == 9));
        assert_eq!(plane.row_mut(0)[15], 0);
    }

    #[test]
    fn a_curve_goes_through_its_points() {
        let points = [point(0.0, 0.0), point(10.0, 5.0), point(20.0, 0.0)];
        let curve = curve(&points, 4);
        assert_eq!(curve.len(), 9);
        assert_eq!([curve[0], curve[4], curve[8]], points);
    }
}
