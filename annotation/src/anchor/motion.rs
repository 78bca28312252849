//! Similarities of the picture's plane: turned, scaled and shifted. In complex numbers, a point at `p` goes to `m p + t`.

use rustfft::num_complex::Complex32;

/// A point of a picture, in its pixels from its middle.
pub type Point = Complex32;

/// Where the points of one picture lie in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Its length scales, its angle turns.
    turn: Complex32,
    /// In pixels.
    shift: Complex32,
}

/// One thing seen in two pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Where it was.
    pub from: Point,
    /// Where it is.
    pub to: Point,
}

impl Motion {
    /// Nothing moves.
    pub const NONE: Self = Self { turn: Complex32::new(1.0, 0.0), shift: Complex32::new(0.0, 0.0) };

    /// Everything moves alike.
    pub fn shift(by: Point) -> Self {
        Self { shift: by, ..Self::NONE }
    }

    /// Turned by `angle` radians (clockwise, as y grows downwards) and scaled by `scale` around the middle.
    pub fn turn(angle: f32, scale: f32) -> Self {
        Self { turn: Complex32::from_polar(scale, angle), ..Self::NONE }
    }

    /// Where the middle goes, in pixels.
    pub fn of_middle(self) -> Point {
        self.shift
    }

    /// Where a point goes.
    pub fn of(self, point: Point) -> Point {
        self.turn * point + self.shift
    }

    /// This, and after it `next`.
    pub fn then(self, next: Self) -> Self {
        Self { turn: next.turn * self.turn, shift: next.of(self.shift) }
    }

    /// The way back.
    pub fn back(self) -> Self {
        let turn = self.turn.inv();
        Self { turn, shift: -(turn * self.shift) }
    }

    /// How far it moves the corner of a picture that it moves farthest, in pixels. `half` is the picture's lower right
    /// corner.
    pub fn reach(self, half: Point) -> f32 {
        let corners = [half, -half, half.conj(), -half.conj()];
        corners.into_iter().map(|corner| (self.of(corner) - corner).norm()).fold(0.0, f32::max)
    }

    /// The similarity that fits `pairs` best in the least squares sense (Horn 1987, in closed form), or the shift if there
    /// is but one; `None` without any.
    pub fn fit(pairs: &[Pair]) -> Option<Self> {
        let count = pairs.len() as f32;
        if pairs.is_empty() {
            return None;
        }
        let mean = |point: fn(&Pair) -> Point| pairs.iter().map(point).sum::<Point>() / count;
        let (from, to) = (mean(|pair| pair.from), mean(|pair| pair.to));
        let spread: f32 = pairs.iter().map(|pair| (pair.from - from).norm_sqr()).sum();
        let cross: Complex32 = pairs.iter().map(|pair| (pair.from - from).conj() * (pair.to - to)).sum();
        let turn = if spread > 0.0 { cross / spread } else { Self::NONE.turn };
        Some(Self { turn, shift: to - turn * from })
    }

    /// The shift that fits `pairs` best; `None` without any.
    pub fn fit_shift(pairs: &[Pair]) -> Option<Self> {
        let sum: Point = pairs.iter().map(|pair| pair.to - pair.from).sum();
        (!pairs.is_empty()).then(|| Self::shift(sum / pairs.len() as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALF: Point = Point::new(80.0, 45.0);

    fn motion() -> impl Strategy<Value = Motion> {
        (-0.3f32..0.3, 0.8f32..1.25, -30f32..30.0, -30f32..30.0)
            .prop_map(|(angle, scale, x, y)| Motion::turn(angle, scale).then(Motion::shift(Point::new(x, y))))
    }

    proptest! {
        #[test]
        fn the_way_there_and_back_moves_nothing(motion in motion(), other in motion()) {
            prop_assert!(motion.then(motion.back()).reach(HALF) < 0.01);
            let there = motion.then(other);
            prop_assert!((there.of(HALF) - other.of(motion.of(HALF))).norm() < 0.01);
        }

        #[test]
        fn a_motion_is_found_again_from_a_few_points(motion in motion()) {
            let points = [HALF, -HALF, Point::new(10.0, -30.0)];
            let pairs = points.map(|from| Pair { from, to: motion.of(from) });
            let found = Motion::fit(&pairs).unwrap();
            prop_assert!(motion.back().then(found).reach(HALF) < 0.05, "{found:?}");
        }
    }

    #[test]
    fn one_point_tells_a_shift_and_none_tells_nothing() {
        let pair = Pair { from: Point::new(3.0, 4.0), to: Point::new(5.0, 1.0) };
        assert_eq!(Motion::fit(&[pair]), Some(Motion::shift(Point::new(2.0, -3.0))));
        assert_eq!((Motion::fit(&[]), Motion::fit_shift(&[])), (None, None));
    }
}
