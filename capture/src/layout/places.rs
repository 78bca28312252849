//! The places that each preset divides a canvas into. Who stands in which is `layout`'s.
//!
//! *Solo* is the whole canvas, *side by side* two halves along the longer side, *quad* four quarters. *Insets*: the
//! first takes the left of the canvas, the others stand in columns of at most [`ROWS`] tiles at its right edge. One
//! column takes a quarter of the width, two take a sixth each, so the first keeps three quarters or two thirds. A column
//! is divided into [`MIN_ROWS`] tiles at least, which keeps a lone inset from becoming a tall strip. On a canvas that is
//! taller than wide, rows at the bottom take the place of columns. One that is alone has the whole canvas. Every edge is
//! even, because a 4:2:0 picture has one chroma sample for two by two pixels.

use protocol::arrangement::Preset;
use protocol::geometry::{CanvasRect, SizePx};

/// Tiles that one column holds at most: 180 rows each of a 720 row canvas, the least that still shows a curve.
const ROWS: u16 = 4;
/// Tiles that a column is divided into at least: 4:3 tiles beside a primary in 4:3, on a 16:9 canvas.
const MIN_ROWS: u16 = 3;

/// The places for `sources` sources, the main one's first. There may be fewer places than sources.
pub(super) fn places(preset: Preset, canvas: SizePx, sources: usize) -> Vec<CanvasRect> {
    match preset {
        Preset::Solo => grid(canvas, 1, 1, sources),
        Preset::SideBySide => grid(canvas, 2, 1, sources),
        Preset::Quad => grid(canvas, 2, 2, sources),
        Preset::Insets => insets(canvas, sources),
    }
}

/// Places of one size, `along` in a row of the canvas's longer side.
fn grid(canvas: SizePx, along: u16, across: u16, sources: usize) -> Vec<CanvasRect> {
    let (long, short) = sides(canvas);
    let (width, height) = (even(long / along), even(short / across));
    let place = |index: u16| turned(canvas, index % along * width, index / along * height, width, height);
    (0..along * across).map(place).take(sources).collect()
}

fn insets(canvas: SizePx, sources: usize) -> Vec<CanvasRect> {
    let (along, across) = sides(canvas);
    let others = u16::try_from(sources.saturating_sub(1)).unwrap_or(u16::MAX);
    let columns = others.div_ceil(ROWS);
    let column_px = match columns {
        0 => 0,
        1 => even(along / 4),
        more => even(along / 3 / more),
    };
    let main_px = along - columns * column_px;
    let rows = others.div_ceil(columns.max(1)).max(MIN_ROWS);
    let row_px = even(across / rows);
    let place = |index: u16| {
        let (column, row) = (index / rows, index % rows);
        turned(canvas, main_px + column * column_px, row * row_px, column_px, row_px)
    };
    std::iter::once(turned(canvas, 0, 0, main_px, across)).chain((0..others).map(place)).take(sources).collect()
}

/// The longer side, then the shorter.
fn sides(canvas: SizePx) -> (u16, u16) {
    if is_upright(canvas) { (canvas.height, canvas.width) } else { (canvas.width, canvas.height) }
}

/// A place told along the longer side first.
fn turned(canvas: SizePx, x: u16, y: u16, width: u16, height: u16) -> CanvasRect {
    let (x, y, width, height) = if is_upright(canvas) { (y, x, height, width) } else { (x, y, width, height) };
    CanvasRect { x, y, size: SizePx { width, height } }
}

fn is_upright(canvas: SizePx) -> bool {
    canvas.height > canvas.width
}

fn even(px: u16) -> u16 {
    px & !1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rect(x: u16, y: u16, width: u16, height: u16) -> CanvasRect {
        CanvasRect { x, y, size: SizePx { width, height } }
    }

    fn all(width: u16, height: u16, sources: usize) -> Vec<CanvasRect> {
        places(Preset::Insets, SizePx { width, height }, sources)
    }

    #[test]
    fn four_tiles_of_a_720p_canvas_are_one_large_and_three_in_a_column() {
        let column = [rect(960, 0, 320, 240), rect(960, 240, 320, 240), rect(960, 480, 320, 240)];
        assert_eq!(all(1280, 720, 4), [&[rect(0, 0, 960, 720)], &column[..]].concat());
    }

    #[test]
    fn a_lone_main_source_has_the_whole_canvas_and_a_lone_inset_is_no_strip() {
        assert_eq!(all(1280, 720, 1), [rect(0, 0, 1280, 720)]);
        assert_eq!(all(1280, 720, 2), [rect(0, 0, 960, 720), rect(960, 0, 320, 240)]);
    }

    #[test]
    fn eight_tiles_stand_in_two_columns() {
        let tiles = all(1920, 1080, 8);
        assert_eq!(tiles[0], rect(0, 0, 1280, 1080));
        assert_eq!((tiles[1], tiles[4]), (rect(1280, 0, 320, 270), rect(1280, 810, 320, 270)));
        assert_eq!((tiles[5], tiles[7]), (rect(1600, 0, 320, 270), rect(1600, 540, 320, 270)));
    }

    #[test]
    fn an_upright_canvas_is_divided_from_top_to_bottom() {
        assert_eq!(all(720, 1280, 3), [rect(0, 0, 720, 960), rect(0, 960, 240, 320), rect(240, 960, 240, 320)]);
        let upright = SizePx { width: 720, height: 1280 };
        assert_eq!(places(Preset::SideBySide, upright, 4), [rect(0, 0, 720, 640), rect(0, 640, 720, 640)]);
    }

    #[test]
    fn presets_of_one_size_show_as_many_sources_as_they_have_places() {
        let canvas = SizePx { width: 1280, height: 720 };
        assert_eq!(places(Preset::Solo, canvas, 4), [rect(0, 0, 1280, 720)]);
        assert_eq!(places(Preset::SideBySide, canvas, 4), [rect(0, 0, 640, 720), rect(640, 0, 640, 720)]);
        let quad = [rect(0, 0, 640, 360), rect(640, 0, 640, 360), rect(0, 360, 640, 360), rect(640, 360, 640, 360)];
        assert_eq!(places(Preset::Quad, canvas, 8), quad);
        assert_eq!(places(Preset::Quad, canvas, 2), quad[..2]);
    }

    proptest! {
        #[test]
        fn tiles_are_even_on_the_canvas_and_apart(
            width in 120u16..2048, height in 120u16..2048, sources in 1usize..9, preset in 0usize..4,
        ) {
            let (width, height) = (width * 2, height * 2);
            let tiles = places(Preset::ALL[preset], SizePx { width, height }, sources);
            prop_assert!((1..=sources).contains(&tiles.len()));
            for (index, a) in tiles.iter().enumerate() {
                prop_assert!([a.x, a.y, a.size.width, a.size.height].iter().all(|edge| edge % 2 == 0), "{a:?}");
                prop_assert!(a.size.width > 0 && a.size.height > 0, "{a:?}");
                prop_assert!(a.x + a.size.width <= width && a.y + a.size.height <= height, "{a:?}");
                for b in &tiles[..index] {
                    let beside = a.x >= b.x + b.size.width || b.x >= a.x + a.size.width;
                    let below = a.y >= b.y + b.size.height || b.y >= a.y + a.size.height;
                    prop_assert!(beside || below, "{a:?} lies over {b:?}");
                }
            }
        }
    }
}
