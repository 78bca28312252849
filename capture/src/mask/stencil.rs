//! The pixels that a mask makes black in a picture of one size: every pixel that an area touches, and around it what
//! chroma would leak. Pure geometry; filling pixels is `mask`'s.
//!
//! A picture may have one chroma sample for two by two pixels, and whatever made it from one with more chroma mixed a
//! sample with its neighbours. So areas grow to even edges and then by [`LEAK_PX`] on every side. Scaling and conversion
//! need no room of their own: they come after, and find only black.

use protocol::geometry::{CanvasRect, SizePx};

use crate::config::mask::{self, Area, Areas};

/// What a pixel's colour reaches beyond its own chroma sample when chroma is halved: one sample, two pixels.
const LEAK_PX: i64 = 2;
/// Rows are looked at in pairs, which share their chroma.
const BAND_PX: i64 = 2;

/// The black rectangles of `mask` in a picture of `size`, onto which the mask is stretched if it was drawn on another.
/// Left and top are even; right and bottom are even or the picture's edge.
pub fn rectangles(mask: &Areas, size: SizePx) -> Vec<CanvasRect> {
    mask.areas.iter().flat_map(|area| area_rectangles(area, mask.size, size)).collect()
}

/// The areas of `mask` in the pixels of a picture of `size`, onto which it is stretched. A rectangle blackens exactly what
/// [`rectangles`] does; the corners of a polygon are rounded to whole pixels.
pub fn stretched(mask: &Areas, size: SizePx) -> Vec<Area> {
    mask.areas.iter().map(|area| area_stretched(area, mask.size, size)).collect()
}

fn area_stretched(area: &Area, drawn_on: SizePx, size: SizePx) -> Area {
    let corners = area_corners(area, drawn_on, size);
    // A cast of a float saturates.
    let whole = |(x, y): Corner| [(x.round() as u16).min(size.width), (y.round() as u16).min(size.height)];
    let polygon: Vec<[u16; 2]> = corners.iter().copied().map(whole).collect();
    match area {
        Area::Polygon(_) if !mask::lie_on_a_line(&polygon) => Area::Polygon(polygon),
        // So small now that nothing is left between its corners: what lies around them.
        Area::Polygon(_) | Area::Rectangle(_) => bounds(&corners, size),
    }
}

/// The smallest rectangle of whole pixels around all of `corners`.
fn bounds(corners: &[Corner], size: SizePx) -> Area {
    let along = |from: fn(&Corner) -> f64, most: u16| {
        let first = corners.iter().map(from).fold(f64::from(most), f64::min).floor() as u16;
        let last = (corners.iter().map(from).fold(0.0, f64::max).ceil() as u16).min(most);
        // Corners on one pixel's edge cover that pixel, or the last there is.
        let first = first.min(last).min(most.saturating_sub(1));
        (first, (last - first).max(1))
    };
    let ((x, width), (y, height)) = (along(|corner| corner.0, size.width), along(|corner| corner.1, size.height));
    Area::Rectangle([x, y, width, height])
}

/// A corner in the picture's pixels.
type Corner = (f64, f64);

fn area_rectangles(area: &Area, drawn_on: SizePx, size: SizePx) -> Vec<CanvasRect> {
    let corners = area_corners(area, drawn_on, size);
    let mut rectangles: Vec<CanvasRect> = Vec::new();
    for band in (0..i64::from(size.height)).step_by(BAND_PX as usize) {
        for (left, right) in merged(spans(&corners, band)) {
            let Some(row) = clipped(left, right, band, size) else { continue };
            // A rectangle's bands are one rectangle: fewer to fill.
            match rectangles.last_mut() {
                Some(above) if continues(above, row) => above.size.height += row.size.height,
                _ => rectangles.push(row),
            }
        }
    }
    rectangles
}

/// The corners of an area in the pixels of a picture of `size`.
fn area_corners(area: &Area, drawn_on: SizePx, size: SizePx) -> Vec<Corner> {
    let (across, down) = (stretch(size.width, drawn_on.width), stretch(size.height, drawn_on.height));
    area.corners().into_iter().map(|[x, y]| (f64::from(x) * across, f64::from(y) * down)).collect()
}

fn stretch(to: u16, from: u16) -> f64 {
    f64::from(to) / f64::from(from.max(1))
}

/// What the polygon covers of a band of rows and of the rows whose colour reaches it, from left to right in pixels.
fn spans(corners: &[Corner], band: i64) -> Vec<(f64, f64)> {
    let (top, bottom) = ((band - LEAK_PX) as f64, (band + BAND_PX + LEAK_PX) as f64);
    let edges = || corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| (*a, *b));
    let mut spans: Vec<(f64, f64)> = edges().filter_map(|(a, b)| edge_within(a, b, top, bottom)).collect();
    // Where no edge passes through the band, one line tells what lies inside.
    spans.extend(inside(edges(), (band + 1) as f64));
    spans
}

/// From where to where an edge reaches between two heights.
fn edge_within(a: Corner, b: Corner, top: f64, bottom: f64) -> Option<(f64, f64)> {
    let (high, low) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    if low.1 <= top || high.1 >= bottom {
        return None;
    }
    let at = |y: f64| match low.1 - high.1 {
        flat if flat <= 0.0 => None,
        tall => Some(high.0 + (low.0 - high.0) * (y - high.1) / tall),
    };
    let first = at(high.1.max(top)).unwrap_or(high.0);
    let last = at(low.1.min(bottom)).unwrap_or(low.0);
    Some((first.min(last), first.max(last)))
}

/// What lies inside on the line at height `y`, by the non-zero winding rule.
fn inside(edges: impl Iterator<Item = (Corner, Corner)>, y: f64) -> Vec<(f64, f64)> {
    let mut crossings: Vec<(f64, i32)> = edges
        .filter_map(|(a, b)| {
            let turn = match (a.1 <= y, b.1 <= y) {
                (true, false) => 1,
                (false, true) => -1,
                _ => return None,
            };
            Some((a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1), turn))
        })
        .collect();
    crossings.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut winding = 0;
    let neighbours = crossings.iter().zip(crossings.iter().skip(1));
    let spans = neighbours.filter_map(|((left, turn), (right, _))| {
        winding += turn;
        (winding != 0).then_some((*left, *right))
    });
    spans.collect()
}

/// Spans widened by what colour leaks, on even pixels, those that touch made one.
fn merged(spans: Vec<(f64, f64)>) -> Vec<(i64, i64)> {
    let mut wide: Vec<(i64, i64)> = spans
        .into_iter()
        .map(|(left, right)| {
            let (left, right) = (left.floor() as i64, right.ceil() as i64);
            (left.div_euclid(2) * 2 - LEAK_PX, (right + 1).div_euclid(2) * 2 + LEAK_PX)
        })
        .collect();
    wide.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (left, right) in wide {
        match merged.last_mut() {
            Some(last) if left <= last.1 => last.1 = last.1.max(right),
            _ => merged.push((left, right)),
        }
    }
    merged
}

fn clipped(left: i64, right: i64, band: i64, size: SizePx) -> Option<CanvasRect> {
    let px = |value: i64, most: u16| u16::try_from(value.clamp(0, i64::from(most))).unwrap_or(most);
    let (x, right) = (px(left, size.width), px(right, size.width));
    let (y, bottom) = (px(band, size.height), px(band + BAND_PX, size.height));
    let rect = CanvasRect { x, y, size: SizePx { width: right - x, height: bottom - y } };
    (rect.size.width > 0 && rect.size.height > 0).then_some(rect)
}

fn continues(above: &CanvasRect, below: CanvasRect) -> bool {
    (above.x, above.size.width, above.y + above.size.height) == (below.x, below.size.width, below.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: SizePx = SizePx { width: 64, height: 48 };

    fn black(areas: Vec<Area>, size: SizePx) -> Vec<CanvasRect> {
        rectangles(&Areas { size: SIZE, areas }, size)
    }

    fn covers(rectangles: &[CanvasRect], x: u16, y: u16) -> bool {
        rectangles
            .iter()
            .any(|at| (at.x..at.x + at.size.width).contains(&x) && (at.y..at.y + at.size.height).contains(&y))
    }

    fn rect(x: u16, y: u16, width: u16, height: u16) -> CanvasRect {
        CanvasRect { x, y, size: SizePx { width, height } }
    }

    /// The winding number of the polygon around a point, by summing signed crossings of the ray to the right.
    fn winds_round(corners: &[[u16; 2]], x: f64, y: f64) -> bool {
        let edges = corners.iter().zip(corners.iter().cycle().skip(1));
        let turns = edges.map(|(a, b)| {
            let ([ax, ay], [bx, by]) = (a.map(f64::from), b.map(f64::from));
            let side = (bx - ax) * (y - ay) - (x - ax) * (by - ay);
            match (ay <= y, by <= y) {
                (true, false) if side > 0.0 => 1,
                (false, true) if side < 0.0 => -1,
                _ => 0,
            }
        });
        turns.sum::<i32>() != 0
    }

    #[test]
    fn a_rectangle_grows_to_even_edges_and_by_one_chroma_sample() {
        assert_eq!(black(vec![Area::Rectangle([11, 20, 9, 10])], SIZE), [rect(8, 18, 14, 14)]);
        assert_eq!(black(vec![Area::Rectangle([0, 0, 64, 48])], SIZE), [rect(0, 0, 64, 48)]);
    }

    #[test]
    fn a_mask_is_stretched_onto_a_picture_of_another_size() {
        let double = SizePx { width: 128, height: 96 };
        assert_eq!(black(vec![Area::Rectangle([10, 20, 10, 10])], double), [rect(18, 38, 24, 24)]);
    }

    #[test]
    fn a_polygon_is_stretched_to_whole_pixels_and_one_that_vanishes_becomes_what_lies_around_it() {
        let mask = |corners: &[[u16; 2]]| Areas { size: SIZE, areas: vec![Area::Polygon(corners.to_vec())] };
        let wider = SizePx { width: 96, height: 96 };
        let kept = stretched(&mask(&[[1, 2], [64, 2], [1, 48]]), wider);
        assert_eq!(kept, [Area::Polygon(vec![[2, 4], [96, 4], [2, 96]])]);
        let tiny = SizePx { width: 4, height: 3 };
        assert_eq!(stretched(&mask(&[[17, 1], [20, 1], [17, 4]]), tiny), [Area::Rectangle([1, 0, 1, 1])]);
        assert_eq!(stretched(&mask(&[[64, 46], [64, 48], [63, 48]]), tiny), [Area::Rectangle([3, 2, 1, 1])]);
    }

    #[test]
    fn a_polygon_that_crosses_itself_leaves_no_hole() {
        // A five-pointed star drawn in one stroke: its middle is gone round twice.
        let star = vec![[32, 2], [46, 45], [9, 18], [55, 18], [18, 45]];
        assert!(covers(&black(vec![Area::Polygon(star)], SIZE), 32, 28));
    }

    #[test]
    fn an_odd_last_column_and_row_are_covered_too() {
        let odd = SizePx { width: 63, height: 47 };
        let mask = Areas { size: odd, areas: vec![Area::Rectangle([60, 44, 3, 3])] };
        assert_eq!(rectangles(&mask, odd), [rect(58, 42, 5, 5)]);
    }

    proptest! {
        #[test]
        fn a_rectangle_stretched_to_whole_pixels_blackens_what_it_blackens_stretched(
            (x, y, right, bottom) in (0u16..64, 0u16..48, 1u16..=64, 1u16..=48), width in 8u16..300, height in 8u16..300
        ) {
            let area = Area::Rectangle([x, y, right.saturating_sub(x).max(1), bottom.saturating_sub(y).max(1)]);
            let (mask, size) = (Areas { size: SIZE, areas: vec![area] }, SizePx { width, height });
            let whole = Areas { size, areas: stretched(&mask, size) };
            prop_assert_eq!(rectangles(&whole, size), rectangles(&mask, size));
        }

        #[test]
        fn every_pixel_that_an_area_touches_and_its_chroma_are_black_and_little_else(
            corners in proptest::collection::vec((0u16..=64, 0u16..=48), 3..8)
        ) {
            let corners: Vec<[u16; 2]> = corners.into_iter().map(|(x, y)| [x, y]).collect();
            let rectangles = black(vec![Area::Polygon(corners.clone())], SIZE);
            let parts = || (1..8).map(|part| f64::from(part) / 8.0);
            for (x, y) in (0..64u16).flat_map(|x| (0..48u16).map(move |y| (x, y))) {
                let touched = parts().any(|px| parts().any(|py| {
                    winds_round(&corners, f64::from(x) + px, f64::from(y) + py)
                }));
                if touched {
                    for (x, y) in [(x.saturating_sub(2), y), (x.saturating_sub(2), y.saturating_sub(2)), (x, y)] {
                        prop_assert!(covers(&rectangles, x & !1, y & !1), "{x},{y} of {corners:?}");
                    }
                }
            }
            let bounds = |at: usize| {
                let along = || corners.iter().map(|corner| corner[at]);
                (along().min().unwrap().saturating_sub(6), along().max().unwrap() + 6)
            };
            let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
            for at in &rectangles {
                prop_assert!(at.x >= left && at.x + at.size.width <= right, "{at:?} of {corners:?}");
                prop_assert!(at.y >= top && at.y + at.size.height <= bottom, "{at:?} of {corners:?}");
            }
        }
    }
}
