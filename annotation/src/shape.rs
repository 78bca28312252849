//! From samples of a pen to the line that is drawn: smoothing, width, dashes. Pixels are `raster`'s.
//!
//! Works in any space measured in pixels; both ends draw the same line because both take it from here.

use protocol::mark::Width;

use crate::geometry::{DisplayPoint, ViewPoint};

/// How far the straight pieces a curve is drawn with may be from it. A tenth of what can be seen moving; less only makes
/// more of them, and each costs its time in every repaint.
const MISSED_PX: f32 = 0.1;
/// Pieces between two samples at most: a pen that jumps across a whole screen is no curve worth more.
const MAX_PIECES: f32 = 64.0;
/// Dashes and gaps are at least this long.
const SHORTEST_DASH_PX: f32 = 4.0;
/// Samples closer than this say nothing of direction. A hundredth of what is visible.
const SAME_PLACE_PX: f32 = 0.01;

/// A point of a space measured in pixels.
pub trait Planar: Copy {
    /// Horizontal and vertical coordinate.
    fn coordinates(self) -> [f32; 2];
    /// The point with these coordinates.
    fn at(coordinates: [f32; 2]) -> Self;
}

impl Planar for DisplayPoint {
    fn coordinates(self) -> [f32; 2] {
        [self.x, self.y]
    }
    fn at([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

impl Planar for ViewPoint {
    fn coordinates(self) -> [f32; 2] {
        [self.x, self.y]
    }
    fn at([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

/// The width of a stroke on an image that is drawn `image_width_px` wide.
pub fn width_px(width: Width, image_width_px: f32) -> f32 {
    image_width_px
        / match width {
            Width::Fine => 400.0,
            Width::Medium => 200.0,
            Width::Broad => 100.0,
        }
}

/// The smooth line through all of `samples`.
pub fn curve<P: Planar>(samples: &[P]) -> Vec<P> {
    let mut line: Vec<P> = samples.first().copied().into_iter().collect();
    for (n, pair) in samples.windows(2).enumerate() {
        if let &[from, to] = pair {
            let before = n.checked_sub(1).and_then(|n| samples.get(n)).copied();
            bend(before, from, to, samples.get(n + 2).copied(), &mut line);
        }
    }
    line
}

/// Appends the part of the smooth line between two samples to a line that ends in `from`. It depends on nothing but
/// these two and their neighbours, so that a growing stroke keeps what was drawn of it.
///
/// A centripetal Catmull-Rom spline: it meets every sample, and makes no loop or cusp between them (Yuksel, Schaefer
/// and Keyser 2011, "Parameterization and applications of Catmull-Rom curves").
pub fn bend<P: Planar>(before: Option<P>, from: P, to: P, after: Option<P>, line: &mut Vec<P>) {
    let (start, end) = (from.coordinates(), to.coordinates());
    let length_px = distance(start, end);
    if length_px > SAME_PLACE_PX {
        let leaving = tangent(before.map(P::coordinates), start, end);
        // The same rule seen from the other end gives the tangent reversed.
        let [x, y] = tangent(after.map(P::coordinates), end, start);
        let arriving = [-x, -y];
        let pieces = pieces(start, leaving, end, arriving);
        let inner = (1..pieces as u16).map(|n| hermite(start, leaving, end, arriving, f32::from(n) / pieces));
        line.extend(inner.map(P::at));
    }
    line.push(to);
}

/// The line with as few of its points as miss none by more than [`MISSED_PX`] (Ramer 1972, Douglas and Peucker 1973). For
/// whatever draws a line anew each time, at a cost for each point.
pub fn thinned<P: Planar>(line: &[P]) -> Vec<P> {
    let mut kept = vec![false; line.len()];
    let mut parts = vec![(0, line.len().saturating_sub(1))];
    while let Some((first, last)) = parts.pop() {
        let (Some(from), Some(to)) = (line.get(first), line.get(last)) else { break };
        let between = line.iter().enumerate().take(last).skip(first + 1);
        let missed = between.map(|(at, point)| (at, off(point.coordinates(), from.coordinates(), to.coordinates())));
        let worst = missed.max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((at, _)) = worst.filter(|(_, missed_px)| *missed_px > MISSED_PX) {
            parts.extend([(first, at), (at, last)]);
        }
        for end in [first, last] {
            kept.iter_mut().skip(end).take(1).for_each(|kept| *kept = true);
        }
    }
    line.iter().zip(kept).filter_map(|(point, kept)| kept.then_some(*point)).collect()
}

/// The parts of a line that are drawn when it is dashed: `on_px` along it, then nothing for `off_px`.
pub fn dashes<P: Planar>(line: &[P], on_px: f32, off_px: f32) -> Vec<Vec<P>> {
    let Some(&first) = line.first() else { return Vec::new() };
    let mut dashes = vec![vec![first]];
    let (mut is_on, mut left_px) = (true, on_px.max(SHORTEST_DASH_PX));
    for pair in line.windows(2) {
        let &[from, to] = pair else { continue };
        let (start, end) = (from.coordinates(), to.coordinates());
        let length_px = distance(start, end);
        let mut done_px = 0.0;
        while length_px - done_px > left_px {
            done_px += left_px;
            let turn = P::at(between(start, end, done_px / length_px));
            if is_on {
                dashes.last_mut().into_iter().for_each(|dash| dash.push(turn));
            } else {
                dashes.push(vec![turn]);
            }
            is_on = !is_on;
            left_px = if is_on { on_px } else { off_px }.max(SHORTEST_DASH_PX);
        }
        left_px -= length_px - done_px;
        if is_on {
            dashes.last_mut().into_iter().for_each(|dash| dash.push(to));
        }
    }
    dashes
}

/// The corners nearest to and farthest from the origin of the smallest box around `points`.
pub fn bounds<P: Planar>(points: &[P]) -> Option<[P; 2]> {
    let corners = points.iter().map(|point| (point.coordinates(), point.coordinates()));
    let around = corners.reduce(|(low, high), (point, _)| {
        let ([lx, ly], [hx, hy], [x, y]) = (low, high, point);
        ([lx.min(x), ly.min(y)], [hx.max(x), hy.max(y)])
    })?;
    Some([P::at(around.0), P::at(around.1)])
}

/// The direction and speed at `here`, coming from `before` and going to `next`, for a piece of unit duration.
fn tangent(before: Option<[f32; 2]>, here: [f32; 2], next: [f32; 2]) -> [f32; 2] {
    let straight = [next[0] - here[0], next[1] - here[1]];
    let Some(before) = before.filter(|before| distance(*before, here) > SAME_PLACE_PX) else { return straight };
    let (past, coming) = (distance(before, here).sqrt(), distance(here, next).sqrt());
    let along = |axis: fn([f32; 2]) -> f32| {
        let (b, h, n) = (axis(before), axis(here), axis(next));
        coming * ((h - b) / past - (n - b) / (past + coming) + (n - h) / coming)
    };
    [along(|[x, _]| x), along(|[_, y]| y)]
}

/// How many straight pieces of equal duration stay within [`MISSED_PX`] of the cubic of [`hermite`]: a chord over a time
/// of h misses by at most h^2/8 of the second derivative, which is linear in time and so greatest at an end.
fn pieces(start: [f32; 2], leaving: [f32; 2], end: [f32; 2], arriving: [f32; 2]) -> f32 {
    let bend = |[tx, ty]: [f32; 2], [ax, ay]: [f32; 2]| {
        let along = |from: f32, to: f32, towards: f32, away: f32| 6.0 * (to - from) - 4.0 * towards - 2.0 * away;
        let ([sx, sy], [ex, ey]) = (start, end);
        along(sx, ex, tx, ax).hypot(along(sy, ey, ty, ay))
    };
    // Seen from the other end the path's sign turns, which changes no length.
    let most = bend(leaving, arriving).max(bend(arriving, leaving));
    (most / (8.0 * MISSED_PX)).sqrt().ceil().clamp(1.0, MAX_PIECES)
}

/// The cubic from `start` to `end` with these tangents, at `t` from 0 to 1.
fn hermite(start: [f32; 2], leaving: [f32; 2], end: [f32; 2], arriving: [f32; 2], t: f32) -> [f32; 2] {
    let (t2, t3) = (t * t, t * t * t);
    let along = |s: f32, l: f32, e: f32, a: f32| {
        (2.0 * t3 - 3.0 * t2 + 1.0) * s + (t3 - 2.0 * t2 + t) * l + (3.0 * t2 - 2.0 * t3) * e + (t3 - t2) * a
    };
    [along(start[0], leaving[0], end[0], arriving[0]), along(start[1], leaving[1], end[1], arriving[1])]
}

/// How far a point lies from the straight piece between two others.
fn off(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let ([px, py], [fx, fy], [tx, ty]) = (point, from, to);
    let square = (tx - fx).powi(2) + (ty - fy).powi(2);
    let along = if square > 0.0 { ((px - fx) * (tx - fx) + (py - fy) * (ty - fy)) / square } else { 0.0 };
    distance(point, between(from, to, along.clamp(0.0, 1.0)))
}

fn distance([ax, ay]: [f32; 2], [bx, by]: [f32; 2]) -> f32 {
    (bx - ax).hypot(by - ay)
}

fn between([ax, ay]: [f32; 2], [bx, by]: [f32; 2], part: f32) -> [f32; 2] {
    [ax + (bx - ax) * part, ay + (by - ay) * part]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(x: f32, y: f32) -> DisplayPoint {
        DisplayPoint { x, y }
    }

    fn length(line: &[DisplayPoint]) -> f32 {
        line.windows(2).map(|pair| distance(pair[0].coordinates(), pair[1].coordinates())).sum()
    }

    #[test]
    fn a_corner_is_rounded_but_met() {
        let line = curve(&[at(0.0, 0.0), at(40.0, 0.0), at(40.0, 40.0)]);
        assert!(line.contains(&at(40.0, 0.0)));
        assert!(line.iter().any(|point| point.y < -0.5), "a smooth line swings out before a corner");
        assert!(line.iter().all(|point| point.x < 45.0 && point.y > -5.0), "but not far");
    }

    #[test]
    fn samples_of_a_circle_give_a_circle() {
        let samples: Vec<DisplayPoint> = (0..24u8)
            .map(|n| f32::from(n) * std::f32::consts::TAU / 24.0)
            .map(|angle| at(100.0 + 50.0 * angle.cos(), 100.0 + 50.0 * angle.sin()))
            .collect();
        let line = curve(&samples);
        // The first and the last piece lack a neighbour.
        for point in &line[4..line.len() - 4] {
            let radius = distance(point.coordinates(), [100.0, 100.0]);
            assert!((radius - 50.0).abs() < 0.2, "{radius}");
        }
    }

    #[test]
    fn a_straight_stroke_is_thinned_to_its_ends_and_nothing_to_nothing() {
        let line: Vec<DisplayPoint> = (0..50u8).map(|n| at(f32::from(n), 2.0 * f32::from(n))).collect();
        assert_eq!(thinned(&line), [at(0.0, 0.0), at(49.0, 98.0)]);
        assert_eq!(thinned::<DisplayPoint>(&[]), []);
    }

    #[test]
    fn one_sample_is_a_dot_and_none_is_nothing() {
        assert_eq!(curve(&[at(3.0, 4.0)]), [at(3.0, 4.0)]);
        assert_eq!(curve::<DisplayPoint>(&[]), []);
        assert_eq!(bounds::<DisplayPoint>(&[]), None);
    }

    #[test]
    fn bounds_hold_every_point() {
        let points = [at(3.0, 9.0), at(-1.0, 4.0), at(2.0, 20.0)];
        assert_eq!(bounds(&points), Some([at(-1.0, 4.0), at(3.0, 20.0)]));
    }

    #[test]
    fn dashes_have_their_lengths_and_their_gaps() {
        let line = [at(0.0, 0.0), at(33.0, 0.0), at(100.0, 0.0)];
        let dashes = dashes(&line, 20.0, 10.0);
        let ends: Vec<(f32, f32)> = dashes.iter().map(|dash| (dash[0].x, dash[dash.len() - 1].x)).collect();
        assert_eq!(ends, [(0.0, 20.0), (30.0, 50.0), (60.0, 80.0), (90.0, 100.0)]);
    }

    #[test]
    fn widths_follow_the_image() {
        assert_eq!([Width::Fine, Width::Medium, Width::Broad].map(|width| width_px(width, 1280.0)), [3.2, 6.4, 12.8]);
    }

    proptest! {
        #[test]
        fn a_line_meets_every_sample_and_is_not_much_longer_than_the_way(
            samples in prop::collection::vec((0.0f32..1280.0, 0.0f32..720.0), 1..60),
        ) {
            let samples: Vec<DisplayPoint> = samples.into_iter().map(|(x, y)| at(x, y)).collect();
            let line = curve(&samples);
            for sample in &samples {
                let nearest = line.iter().map(|point| distance(point.coordinates(), sample.coordinates()));
                prop_assert!(nearest.fold(f32::MAX, f32::min) < 1.0);
            }
            prop_assert!(line.iter().all(|point| point.x.is_finite() && point.y.is_finite()));
            prop_assert!(length(&line) <= 1.5 * length(&samples) + 0.01);
        }

        #[test]
        fn the_straight_pieces_stay_close_to_the_curve(
            ends in prop::array::uniform4(-200.0f32..200.0), tangents in prop::array::uniform4(-400.0f32..400.0),
        ) {
            let [sx, sy, ex, ey] = ends;
            let [lx, ly, ax, ay] = tangents;
            let (start, leaving, end, arriving) = ([sx, sy], [lx, ly], [ex, ey], [ax, ay]);
            let count = pieces(start, leaving, end, arriving);
            prop_assume!(count < MAX_PIECES);
            let on = |t: f32| hermite(start, leaving, end, arriving, t / count);
            for piece in 0..count as u16 {
                let piece = f32::from(piece);
                let (from, to) = (on(piece), on(piece + 1.0));
                for part in [0.25, 0.5, 0.75] {
                    let missed = distance(on(piece + part), between(from, to, part));
                    prop_assert!(missed <= MISSED_PX * 1.01, "{missed} px");
                }
            }
        }

        #[test]
        fn a_thinned_line_has_the_same_ends_and_misses_no_point(
            samples in prop::collection::vec((0.0f32..1280.0, 0.0f32..720.0), 1..40),
        ) {
            let samples: Vec<DisplayPoint> = samples.into_iter().map(|(x, y)| at(x, y)).collect();
            let line = curve(&samples);
            let thin = thinned(&line);
            prop_assert_eq!((thin.first(), thin.last()), (line.first(), line.last()));
            for point in &line {
                let pieces = thin.windows(2).map(|ends| off(point.coordinates(), ends[0].coordinates(), ends[1].coordinates()));
                prop_assert!(thin.len() == 1 || pieces.fold(f32::MAX, f32::min) <= 1.01 * MISSED_PX);
            }
        }

        #[test]
        fn what_was_drawn_of_a_growing_stroke_stays(
            samples in prop::collection::vec((0.0f32..1280.0, 0.0f32..720.0), 4..20),
        ) {
            let samples: Vec<DisplayPoint> = samples.into_iter().map(|(x, y)| at(x, y)).collect();
            let (whole, shorter) = (curve(&samples), curve(&samples[..samples.len() - 1]));
            // Only the last piece of the shorter stroke, from its last sample but one, may bend anew.
            let bends_from = samples[samples.len() - 3];
            let sure = shorter.iter().rposition(|point| *point == bends_from).expect("a line meets every sample");
            prop_assert_eq!(&whole[..=sure], &shorter[..=sure]);
        }
    }
}
