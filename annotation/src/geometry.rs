//! Spaces a point can lie in, and the ways between them. Points that travel are `protocol`'s; drawing is `raster`'s.
//!
//! Pixel coordinates are continuous: pixel 0 reaches from 0.0 to 1.0, a picture 1280 wide from 0.0 to 1280.0. A
//! function is named `target_from_origin`.

use protocol::geometry::{CanvasRect, ImagePoint, SizePx};
use protocol::layout::{Layout, Tile};

/// A point of the canvas, in canvas pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CanvasPoint {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// A point of the console's window, in the window's own units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ViewPoint {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// A point of a source's picture as a window in theatre shows it, in that picture's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DisplayPoint {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// A rectangle of the console's window, in the window's own units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ViewRect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Extent to the right.
    pub width: f32,
    /// Extent downwards.
    pub height: f32,
}

/// How the console's window shows the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Where the canvas lies in the window.
    pub rect: ViewRect,
    /// The canvas's own size.
    pub canvas: SizePx,
}

/// The largest rectangle of the shape of `image` inside `into`, centred, every edge on an even pixel.
///
/// Even, because a 4:2:0 picture has one chroma sample for two by two pixels. An `image` without extent fills `into`.
pub fn fit(image: SizePx, into: CanvasRect) -> CanvasRect {
    let (left, width) = even_span(into.x, into.size.width);
    let (top, height) = even_span(into.y, into.size.height);
    let room = SizePx { width, height };
    let size = if image.width == 0 || image.height == 0 { room } else { even_size(image, room) };
    let centred = |start: u16, room: u16, extent: u16| start + (room - extent) / 4 * 2;
    CanvasRect { x: centred(left, width, size.width), y: centred(top, height, size.height), size }
}

/// The tile under a point of the canvas, its letterbox included. A later tile lies over an earlier one.
pub fn tile_under(layout: &Layout, point: CanvasPoint) -> Option<&Tile> {
    layout.tiles.iter().rev().find(|tile| contains(tile.tile, point))
}

/// The image point at a point of the canvas; `None` outside the tile's picture.
pub fn image_from_canvas(tile: &Tile, point: CanvasPoint) -> Option<ImagePoint> {
    contains(tile.picture, point).then(|| image_from_canvas_clamped(tile, point))
}

/// The image point at a point of the canvas, or the nearest on the picture's edge.
pub fn image_from_canvas_clamped(tile: &Tile, point: CanvasPoint) -> ImagePoint {
    let CanvasRect { x, y, size } = tile.picture;
    ImagePoint {
        x: step_from_fraction((point.x - f32::from(x)) / f32::from(size.width)),
        y: step_from_fraction((point.y - f32::from(y)) / f32::from(size.height)),
    }
}

/// Where an image point lies on the canvas.
pub fn canvas_from_image(tile: &Tile, point: ImagePoint) -> CanvasPoint {
    let CanvasRect { x, y, size } = tile.picture;
    CanvasPoint {
        x: f32::from(x) + fraction_from_step(point.x) * f32::from(size.width),
        y: f32::from(y) + fraction_from_step(point.y) * f32::from(size.height),
    }
}

/// Where an image point lies on a display of the image that is `display` large.
pub fn display_from_image(display: SizePx, point: ImagePoint) -> DisplayPoint {
    DisplayPoint {
        x: fraction_from_step(point.x) * f32::from(display.width),
        y: fraction_from_step(point.y) * f32::from(display.height),
    }
}

impl View {
    /// The canvas as large as it goes into `window`, in its own shape, centred. `None` if either has no extent.
    pub fn fitted(window: ViewRect, canvas: SizePx) -> Option<Self> {
        let (width, height) = (f32::from(canvas.width), f32::from(canvas.height));
        let scale = (window.width / width).min(window.height / height);
        if !(scale.is_finite() && scale > 0.0) {
            return None;
        }
        let rect = ViewRect {
            x: window.x + (window.width - width * scale) / 2.0,
            y: window.y + (window.height - height * scale) / 2.0,
            width: width * scale,
            height: height * scale,
        };
        Some(Self { rect, canvas })
    }

    /// Where a point of the window lies on the canvas. Outside the canvas it lies outside there too.
    pub fn canvas_from_view(self, point: ViewPoint) -> CanvasPoint {
        CanvasPoint {
            x: (point.x - self.rect.x) / self.rect.width * f32::from(self.canvas.width),
            y: (point.y - self.rect.y) / self.rect.height * f32::from(self.canvas.height),
        }
    }

    /// Where a point of the canvas lies in the window.
    pub fn view_from_canvas(self, point: CanvasPoint) -> ViewPoint {
        ViewPoint {
            x: self.rect.x + point.x / f32::from(self.canvas.width) * self.rect.width,
            y: self.rect.y + point.y / f32::from(self.canvas.height) * self.rect.height,
        }
    }

    /// Where a rectangle of the canvas lies in the window.
    pub fn view_rect_from_canvas(self, rect: CanvasRect) -> ViewRect {
        let ViewPoint { x, y } = self.view_from_canvas(CanvasPoint { x: f32::from(rect.x), y: f32::from(rect.y) });
        let scale = self.rect.width / f32::from(self.canvas.width);
        ViewRect { x, y, width: f32::from(rect.size.width) * scale, height: f32::from(rect.size.height) * scale }
    }
}

/// The even start and extent of the largest even span inside `start..start + extent`.
fn even_span(start: u16, extent: u16) -> (u16, u16) {
    let (first, end) = (start.saturating_add(1) & !1, start.saturating_add(extent) & !1);
    (first, end.saturating_sub(first))
}

/// The size of `image` scaled into `room`, rounded to even extents.
fn even_size(image: SizePx, room: SizePx) -> SizePx {
    let scale = (f64::from(room.width) / f64::from(image.width)).min(f64::from(room.height) / f64::from(image.height));
    let even = |extent: u16, room: u16| (((f64::from(extent) * scale / 2.0).round() as u16).max(1) * 2).min(room);
    SizePx { width: even(image.width, room.width), height: even(image.height, room.height) }
}

/// Left and top edge belong to a rectangle, right and bottom edge do not.
fn contains(rect: CanvasRect, point: CanvasPoint) -> bool {
    let (left, top) = (f32::from(rect.x), f32::from(rect.y));
    (left..left + f32::from(rect.size.width)).contains(&point.x)
        && (top..top + f32::from(rect.size.height)).contains(&point.y)
}

fn step_from_fraction(fraction: f32) -> u16 {
    // A cast of a float saturates, and takes no number (a picture without extent) for 0.
    (fraction * f32::from(u16::MAX)).round() as u16
}

fn fraction_from_step(step: u16) -> f32 {
    f32::from(step) / f32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::ids::{LayoutEpoch, SourceId};
    use protocol::layout::Role;

    use super::*;

    fn rect(x: u16, y: u16, width: u16, height: u16) -> CanvasRect {
        CanvasRect { x, y, size: SizePx { width, height } }
    }

    fn tile(source: u8, tile: CanvasRect, picture: CanvasRect) -> Tile {
        let source = SourceId(source);
        let name = String::new();
        Tile { source, name, role: Role::Endoscope, tile, picture, image: None, on_display: true }
    }

    #[test]
    fn a_wide_picture_gets_bars_above_and_below() {
        assert_eq!(fit(SizePx { width: 1920, height: 1080 }, rect(0, 0, 640, 480)), rect(0, 60, 640, 360));
    }

    #[test]
    fn a_square_picture_gets_bars_at_its_sides() {
        assert_eq!(fit(SizePx { width: 512, height: 512 }, rect(960, 0, 320, 240)), rect(1000, 0, 240, 240));
    }

    #[test]
    fn a_point_on_the_letterbox_is_no_image_point_but_has_a_nearest() {
        let tile = tile(0, rect(0, 0, 640, 480), rect(0, 60, 640, 360));
        let on_bar = CanvasPoint { x: 320.0, y: 30.0 };
        assert_eq!(image_from_canvas(&tile, on_bar), None);
        assert_eq!(image_from_canvas_clamped(&tile, on_bar), ImagePoint { x: 32768, y: 0 });
        assert_eq!(image_from_canvas(&tile, CanvasPoint { x: 640.0, y: 100.0 }), None);
    }

    #[test]
    fn the_tile_on_top_is_the_one_under_the_pen() {
        let tiles = vec![
            tile(0, rect(0, 0, 1280, 720), rect(0, 0, 1280, 720)),
            tile(1, rect(960, 0, 320, 240), rect(960, 0, 320, 240)),
        ];
        let canvas = SizePx { width: 1280, height: 720 };
        let layout = Layout { epoch: LayoutEpoch(0), canvas, primary: SourceId(0), tiles };
        let source_at = |x, y| tile_under(&layout, CanvasPoint { x, y }).map(|tile| tile.source.0);
        assert_eq!(source_at(1000.0, 100.0), Some(1));
        assert_eq!(source_at(1000.0, 300.0), Some(0));
        assert_eq!(source_at(1280.0, 300.0), None);
    }

    #[test]
    fn a_window_without_extent_shows_no_canvas() {
        let canvas = SizePx { width: 1280, height: 720 };
        assert_eq!(View::fitted(ViewRect::default(), canvas), None);
        let window = ViewRect { width: 100.0, height: 100.0, ..ViewRect::default() };
        assert_eq!(View::fitted(window, SizePx { width: 0, height: 0 }), None);
    }

    proptest! {
        #[test]
        fn a_fitted_picture_is_even_inside_and_in_shape(
            (width, height) in (16u16..4096, 16u16..4096),
            (x, y, w, h) in (0u16..2000, 0u16..2000, 0u16..2000, 0u16..2000),
        ) {
            let fitted = fit(SizePx { width, height }, rect(x, y, w, h));
            let CanvasRect { x: left, y: top, size } = fitted;
            prop_assert!([left, top, size.width, size.height].iter().all(|edge| edge % 2 == 0));
            if size.width > 0 && size.height > 0 {
                prop_assert!(left >= x && left + size.width <= x + w, "{fitted:?}");
                prop_assert!(top >= y && top + size.height <= y + h, "{fitted:?}");
            }
            if size.width > 2 && size.height > 2 {
                let scale = f32::from(size.width) / f32::from(width);
                let off_px = (f32::from(height) * scale - f32::from(size.height)).abs();
                // Each extent is off by one pixel at most, the width's error seen through the shape.
                prop_assert!(off_px <= 1.001 + f32::from(height) / f32::from(width), "{off_px} px off shape");
            }
        }

        #[test]
        fn a_point_keeps_its_place_from_canvas_through_image_to_display(
            picture in (0u16..1000, 0u16..1000, 2u16..2000, 2u16..2000),
            at in (0.0f32..0.9999, 0.0f32..0.9999),
            display in (16u16..4096, 16u16..4096),
        ) {
            let picture = rect(picture.0, picture.1, picture.2, picture.3);
            let tile = tile(0, picture, picture);
            let display = SizePx { width: display.0, height: display.1 };
            let (w, h) = (f32::from(picture.size.width), f32::from(picture.size.height));
            let point = CanvasPoint { x: f32::from(picture.x) + at.0 * w, y: f32::from(picture.y) + at.1 * h };
            let image = image_from_canvas(&tile, point).expect("it lies inside");
            let shown = display_from_image(display, image);
            let fraction = ((point.x - f32::from(picture.x)) / w, (point.y - f32::from(picture.y)) / h);
            prop_assert!((shown.x - fraction.0 * f32::from(display.width)).abs() < 0.5);
            prop_assert!((shown.y - fraction.1 * f32::from(display.height)).abs() < 0.5);
            let back = canvas_from_image(&tile, image);
            prop_assert!((back.x - point.x).abs() < 0.5 && (back.y - point.y).abs() < 0.5);
        }

        #[test]
        fn a_point_keeps_its_place_from_window_to_canvas_and_back(
            window in (1.0f32..3000.0, 1.0f32..3000.0),
            at in (-100.0f32..3000.0, -100.0f32..3000.0),
        ) {
            let window = ViewRect { x: 7.0, y: 40.0, width: window.0, height: window.1 };
            let view = View::fitted(window, SizePx { width: 1280, height: 720 }).expect("both have extent");
            let point = ViewPoint { x: at.0, y: at.1 };
            let back = view.view_from_canvas(view.canvas_from_view(point));
            prop_assert!((back.x - point.x).abs() < 0.1 && (back.y - point.y).abs() < 0.1, "{back:?}");
        }
    }
}
