//! What a pointer and keys make of a mask: rectangles by dragging, polygons by clicking corner after corner. Pure: the
//! window it is seen in is `editor`'s, the file it goes to `save`'s.

use protocol::geometry::{CanvasRect, SizePx};

use super::stencil;
use crate::config::mask::{Area, Areas, MAX_AREAS, MAX_CORNERS};

/// How far a click may slip, in pixels of the picture, before it is a drag.
const CLICK_SLIP_PX: u16 = 4;
/// How near its first corner a click closes a polygon, in pixels of the picture.
const CLOSE_PX: u16 = 10;

/// A mask being drawn on a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    size: SizePx,
    areas: Vec<Area>,
    /// The first of the areas as they were drawn on a picture of another size, as long as they are as they came.
    stretched: Areas,
    /// Corners of a polygon that is not closed yet.
    outline: Vec<[u16; 2]>,
    hand: Hand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Free,
    Pressed { from: [u16; 2], to: [u16; 2] },
}

/// What a key asks of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing more.
    None,
    /// Write the mask into the file.
    Save,
    /// Close the window.
    Quit,
}

impl Drawing {
    /// On a picture of `size`, with the areas of the mask it has already, stretched onto it if they were drawn on another.
    pub fn new(size: SizePx, mask: Option<&Areas>) -> Self {
        let empty = Areas { size, areas: Vec::new() };
        let (areas, stretched) = match mask {
            None => (Vec::new(), empty),
            Some(mask) if mask.size == size => (mask.areas.clone(), empty),
            Some(mask) => (stencil::stretched(mask, size), mask.clone()),
        };
        Self { size, areas, stretched, outline: Vec::new(), hand: Hand::Free }
    }

    /// The picture's size.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// Every area that is finished.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The areas as they are seen: those that are finished, the rectangle being dragged, and the polygon so far.
    pub fn seen(&self) -> Vec<Area> {
        let mut seen = self.areas.clone();
        if let Hand::Pressed { from, to } = self.hand {
            seen.extend(rectangle(from, to).filter(|_| self.outline.is_empty() && is_drag(from, to)));
        }
        if self.outline.len() > 2 {
            seen.push(Area::Polygon(self.outline.clone()));
        }
        seen
    }

    /// What of the picture is black under what is seen: under areas from a picture of another size exactly what a picture
    /// that is let through with the mask stretched onto it would have black.
    pub fn black(&self) -> Vec<CanvasRect> {
        let mut black = stencil::rectangles(&self.stretched, self.size);
        let drawn = self.seen().into_iter().skip(self.stretched.areas.len()).collect();
        black.extend(stencil::rectangles(&Areas { size: self.size, areas: drawn }, self.size));
        black
    }

    /// Corners of the polygon that is not closed yet.
    pub fn outline(&self) -> &[[u16; 2]] {
        &self.outline
    }

    /// The pointer's button went down at a place of the picture, in its pixels; outside counts as the nearest edge.
    pub fn pressed(&mut self, x_px: f64, y_px: f64) {
        let at = self.inside(x_px, y_px);
        self.hand = Hand::Pressed { from: at, to: at };
    }

    /// The pointer moved.
    pub fn moved(&mut self, x_px: f64, y_px: f64) {
        if let Hand::Pressed { from, .. } = self.hand {
            self.hand = Hand::Pressed { from, to: self.inside(x_px, y_px) };
        }
    }

    /// The button came up: a drag is a rectangle, a click a corner of a polygon. While a polygon is open everything is a
    /// corner.
    pub fn released(&mut self, x_px: f64, y_px: f64) {
        let Hand::Pressed { from, .. } = std::mem::replace(&mut self.hand, Hand::Free) else { return };
        let to = self.inside(x_px, y_px);
        if self.outline.is_empty() && is_drag(from, to) {
            if let Some(area) = rectangle(from, to) {
                self.add(area);
            }
        } else if self.outline.first().is_some_and(|first| self.outline.len() > 2 && is_near(*first, to, CLOSE_PX)) {
            self.close();
        } else if self.outline.len() < MAX_CORNERS && self.outline.last() != Some(&to) {
            self.outline.push(to);
        }
    }

    /// A key was pressed, by its X11 name.
    pub fn key(&mut self, key: &str) -> Act {
        match key {
            "Return" | "KP_Enter" => self.close(),
            "u" | "U" | "BackSpace" => self.undo(),
            "s" | "S" => {
                // From here on is seen what stands in the file: whole pixels.
                self.stretched.areas.clear();
                return Act::Save;
            }
            "q" | "Q" | "Escape" => return Act::Quit,
            _ => {}
        }
        Act::None
    }

    fn undo(&mut self) {
        if self.outline.pop().is_none() {
            self.areas.pop();
            self.stretched.areas.truncate(self.areas.len());
        }
    }

    /// The polygon is whole, if it can be one.
    fn close(&mut self) {
        if self.outline.len() > 2 {
            let corners = std::mem::take(&mut self.outline);
            self.add(Area::Polygon(corners));
        }
    }

    fn add(&mut self, area: Area) {
        if self.areas.len() < MAX_AREAS {
            self.areas.push(area);
        }
    }

    fn inside(&self, x_px: f64, y_px: f64) -> [u16; 2] {
        // A cast of a float saturates, and takes no number for 0.
        let inside = |px: f64, most: u16| (px.round() as u16).min(most);
        [inside(x_px, self.size.width), inside(y_px, self.size.height)]
    }
}

fn rectangle([x0, y0]: [u16; 2], [x1, y1]: [u16; 2]) -> Option<Area> {
    let (width, height) = (x0.abs_diff(x1), y0.abs_diff(y1));
    (width > 0 && height > 0).then(|| Area::Rectangle([x0.min(x1), y0.min(y1), width, height]))
}

fn is_drag(from: [u16; 2], to: [u16; 2]) -> bool {
    !is_near(from, to, CLICK_SLIP_PX)
}

fn is_near([x0, y0]: [u16; 2], [x1, y1]: [u16; 2], px: u16) -> bool {
    x0.abs_diff(x1) <= px && y0.abs_diff(y1) <= px
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        Drawing::new(SizePx { width: 640, height: 360 }, None)
    }

    fn drag(drawing: &mut Drawing, from: (f64, f64), to: (f64, f64)) {
        drawing.pressed(from.0, from.1);
        drawing.moved(to.0, to.1);
        drawing.released(to.0, to.1);
    }

    fn click(drawing: &mut Drawing, x: f64, y: f64) {
        drag(drawing, (x, y), (x + 1.0, y));
    }

    #[test]
    fn a_drag_in_any_direction_is_a_rectangle_that_ends_at_the_pictures_edge() {
        let mut drawing = drawing();
        drag(&mut drawing, (100.0, 80.0), (40.0, 120.0));
        drag(&mut drawing, (600.0, 300.0), (900.0, -5.0));
        assert_eq!(drawing.areas(), [Area::Rectangle([40, 80, 60, 40]), Area::Rectangle([600, 0, 40, 300])]);
    }

    #[test]
    fn clicks_are_corners_that_enter_or_the_first_corner_close() {
        let mut drawing = drawing();
        for (x, y) in [(10.0, 10.0), (100.0, 10.0), (10.0, 100.0)] {
            click(&mut drawing, x, y);
        }
        assert_eq!(drawing.key("Return"), Act::None);
        for (x, y) in [(200.0, 10.0), (300.0, 10.0), (200.0, 100.0), (204.0, 12.0)] {
            click(&mut drawing, x, y);
        }
        let polygon = |corners: [[u16; 2]; 3]| Area::Polygon(corners.to_vec());
        let first = polygon([[11, 10], [101, 10], [11, 100]]);
        assert_eq!(drawing.areas(), [first, polygon([[201, 10], [301, 10], [201, 100]])]);
        assert!(drawing.outline().is_empty());
    }

    #[test]
    fn two_corners_close_nothing_and_a_drag_while_a_polygon_is_open_is_a_corner() {
        let mut drawing = drawing();
        click(&mut drawing, 10.0, 10.0);
        drag(&mut drawing, (50.0, 50.0), (90.0, 90.0));
        drawing.key("Return");
        assert!(drawing.areas().is_empty() && drawing.seen().is_empty());
        assert_eq!(drawing.outline(), [[11, 10], [90, 90]]);
    }

    #[test]
    fn undo_takes_corners_back_before_areas() {
        let mut drawing = drawing();
        drag(&mut drawing, (10.0, 10.0), (50.0, 50.0));
        click(&mut drawing, 100.0, 100.0);
        drawing.key("u");
        assert_eq!((drawing.outline().len(), drawing.areas().len()), (0, 1));
        drawing.key("BackSpace");
        assert!(drawing.areas().is_empty());
        drawing.key("u");
        assert_eq!([drawing.key("s"), drawing.key("q"), drawing.key("x")], [Act::Save, Act::Quit, Act::None]);
    }

    #[test]
    fn a_mask_of_another_size_begins_as_it_would_be_let_through_and_is_drawn_on_from_there() {
        let polygon = Area::Polygon(vec![[11, 9], [61, 13], [23, 47]]);
        let areas = vec![Area::Rectangle([10, 20, 31, 10]), polygon];
        let old = Areas { size: SizePx { width: 320, height: 240 }, areas };
        let size = SizePx { width: 640, height: 360 };
        let mut drawing = Drawing::new(size, Some(&old));
        assert_eq!(drawing.areas().first(), Some(&Area::Rectangle([20, 30, 62, 15])));
        let let_through = stencil::rectangles(&old, size);
        assert_eq!(drawing.black(), let_through);
        drag(&mut drawing, (300.0, 200.0), (400.0, 300.0));
        let more = Areas { size, areas: vec![Area::Rectangle([300, 200, 100, 100])] };
        assert_eq!(drawing.black(), [let_through, stencil::rectangles(&more, size)].concat());
        assert_eq!(drawing.key("s"), Act::Save);
        let saved = Areas { size, areas: drawing.areas().to_vec() };
        assert_eq!(drawing.black(), stencil::rectangles(&saved, size), "what is in the file is what is seen");
        for _ in 0..3 {
            drawing.key("u");
        }
        assert!(drawing.black().is_empty());
    }

    #[test]
    fn an_area_that_was_taken_back_does_not_come_back_with_the_next_one() {
        let old = Areas { size: SizePx { width: 320, height: 180 }, areas: vec![Area::Rectangle([10, 10, 20, 20])] };
        let mut drawing = Drawing::new(SizePx { width: 640, height: 360 }, Some(&old));
        drawing.key("u");
        drag(&mut drawing, (300.0, 200.0), (400.0, 300.0));
        let black = drawing.black();
        assert!(!black.is_empty() && black.iter().all(|at| at.x >= 290), "{black:?}");
    }

    #[test]
    fn a_mask_of_the_same_size_is_taken_as_it_is() {
        let size = SizePx { width: 640, height: 360 };
        let old = Areas { size, areas: vec![Area::Rectangle([1, 3, 5, 7])] };
        let drawing = Drawing::new(size, Some(&old));
        assert_eq!((drawing.areas(), drawing.black()), (old.areas.as_slice(), stencil::rectangles(&old, size)));
    }

    #[test]
    fn what_is_being_dragged_is_seen_and_not_yet_an_area() {
        let mut drawing = drawing();
        drawing.pressed(10.0, 10.0);
        drawing.moved(60.0, 30.0);
        assert_eq!(drawing.seen(), [Area::Rectangle([10, 10, 50, 20])]);
        assert!(drawing.areas().is_empty());
    }
}
