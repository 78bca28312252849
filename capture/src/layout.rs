//! Where each source lies on the canvas. Geometry only: drawing the canvas is `crate::canvas`'s.
//!
//! The rule: the primary takes the left of the canvas, the others stand in columns of at most [`ROWS`] tiles at its
//! right edge. One column takes a quarter of the width, two take a sixth each, so the primary keeps three quarters or
//! two thirds. A column is divided into [`MIN_ROWS`] tiles at least, which keeps a lone inset from becoming a tall
//! strip. On a canvas that is taller than wide, rows at the bottom take the place of columns. A primary that is alone
//! has the whole canvas. Every edge is even, because a 4:2:0 picture has one chroma sample for two by two pixels.

use annotation::geometry::fit;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::{LayoutEpoch, SourceId};
use protocol::layout::{Layout, Tile};

use crate::config::Theatre;

/// Tiles that one column holds at most: 180 rows each of a 720 row canvas, the least that still shows a curve.
const ROWS: u16 = 4;
/// Tiles that a column is divided into at least: 4:3 tiles beside a primary in 4:3, on a 16:9 canvas.
const MIN_ROWS: u16 = 3;

/// The layout that `theatre` asks for, before any source has shown its size.
pub fn first(theatre: &Theatre) -> Layout {
    let canvas = theatre.canvas.size();
    let names = &theatre.canvas.tiles;
    let (primary, mut others) = places(canvas, names.len().saturating_sub(1));
    let windows = theatre.windows();
    let tiles = names.iter().filter_map(|name| {
        let source = theatre.source_id(name)?;
        let role = theatre.source.get(name)?.role;
        let tile = if *name == theatre.primary { primary } else { others.next()? };
        let on_display = windows.contains(&name.as_str());
        Some(Tile { source, name: name.clone(), role, tile, picture: tile, image: None, on_display })
    });
    Layout {
        epoch: LayoutEpoch(0),
        canvas,
        // Without one the configuration would not have loaded; its number is then no tile's.
        primary: theatre.source_id(&theatre.primary).unwrap_or(SourceId(u8::MAX)),
        tiles: tiles.collect(),
    }
}

/// Takes note of the size of a source's pictures. Returns whether that made a new layout, which has a new epoch.
pub fn learn(layout: &mut Layout, source: SourceId, image: SizePx) -> bool {
    let Some(tile) = layout.tiles.iter_mut().find(|tile| tile.source == source) else { return false };
    if tile.image == Some(image) {
        return false;
    }
    tile.image = Some(image);
    tile.picture = fit(image, tile.tile);
    layout.epoch = LayoutEpoch(layout.epoch.0.wrapping_add(1));
    true
}

/// The primary's place and those of the others, which are `others` many.
fn places(canvas: SizePx, others: usize) -> (CanvasRect, impl Iterator<Item = CanvasRect>) {
    let upright = canvas.height > canvas.width;
    let (along, across) = if upright { (canvas.height, canvas.width) } else { (canvas.width, canvas.height) };
    let others = u16::try_from(others).unwrap_or(u16::MAX);
    let columns = others.div_ceil(ROWS);
    let column_px = match columns {
        0 => 0,
        1 => even(along / 4),
        more => even(along / 3 / more),
    };
    let primary_px = along - columns * column_px;
    let rows = others.div_ceil(columns.max(1)).max(MIN_ROWS);
    let row_px = even(across / rows);
    let turned = move |x, y, width, height| {
        let (x, y, width, height) = if upright { (y, x, height, width) } else { (x, y, width, height) };
        CanvasRect { x, y, size: SizePx { width, height } }
    };
    let place = move |index: u16| {
        let (column, row) = (index / rows, index % rows);
        turned(primary_px + column * column_px, row * row_px, column_px, row_px)
    };
    (turned(0, 0, primary_px, across), (0..others).map(place))
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

    fn all(width: u16, height: u16, others: usize) -> Vec<CanvasRect> {
        let (primary, others) = places(SizePx { width, height }, others);
        std::iter::once(primary).chain(others).collect()
    }

    #[test]
    fn four_tiles_of_a_720p_canvas_are_one_large_and_three_in_a_column() {
        let column = [rect(960, 0, 320, 240), rect(960, 240, 320, 240), rect(960, 480, 320, 240)];
        assert_eq!(all(1280, 720, 3), [&[rect(0, 0, 960, 720)], &column[..]].concat());
    }

    #[test]
    fn a_lone_primary_has_the_whole_canvas_and_a_lone_inset_is_no_strip() {
        assert_eq!(all(1280, 720, 0), [rect(0, 0, 1280, 720)]);
        assert_eq!(all(1280, 720, 1), [rect(0, 0, 960, 720), rect(960, 0, 320, 240)]);
    }

    #[test]
    fn eight_tiles_stand_in_two_columns() {
        let tiles = all(1920, 1080, 7);
        assert_eq!(tiles[0], rect(0, 0, 1280, 1080));
        assert_eq!((tiles[1], tiles[4]), (rect(1280, 0, 320, 270), rect(1280, 810, 320, 270)));
        assert_eq!((tiles[5], tiles[7]), (rect(1600, 0, 320, 270), rect(1600, 540, 320, 270)));
    }

    #[test]
    fn an_upright_canvas_has_its_insets_below() {
        assert_eq!(all(720, 1280, 2), [rect(0, 0, 720, 960), rect(0, 960, 240, 320), rect(240, 960, 240, 320)]);
    }

    proptest! {
        #[test]
        fn tiles_are_even_on_the_canvas_and_apart(width in 120u16..2048, height in 120u16..2048, others in 0usize..8) {
            let (width, height) = (width * 2, height * 2);
            let tiles = all(width, height, others);
            prop_assert_eq!(tiles.len(), others + 1);
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

    #[test]
    fn a_source_that_shows_another_size_makes_a_new_layout_once() {
        let tile = rect(960, 0, 320, 240);
        let mut layout = Layout {
            epoch: LayoutEpoch(7),
            canvas: SizePx { width: 1280, height: 720 },
            primary: SourceId(0),
            tiles: vec![Tile {
                source: SourceId(1),
                name: "fluoroscopy".into(),
                role: protocol::layout::Role::Fluoroscopy,
                tile,
                picture: tile,
                image: None,
                on_display: false,
            }],
        };
        let square = SizePx { width: 512, height: 512 };
        assert!(learn(&mut layout, SourceId(1), square));
        assert_eq!((layout.epoch, layout.tiles[0].picture), (LayoutEpoch(8), rect(1000, 0, 240, 240)));
        assert!(!learn(&mut layout, SourceId(1), square), "it is known");
        assert!(!learn(&mut layout, SourceId(2), square), "it has no tile");
        assert_eq!(layout.epoch, LayoutEpoch(8));
    }
}
