//! What a pointer and keys make of a mask: rectangles by dragging, polygons by clicking corner after corner. Pure: the
//! window it is seen in is `editor`'s, the file it goes to `save`'s.

use protocol::geometry::SizePx;

use crate::config::mask::{Area, MAX_AREAS, MAX_CORNERS};

/// How far a click may slip, in pixels of the picture, before it is a drag.
const CLICK_SLIP_PX: u16 = 4;
/// How near its first corner a click closes a polygon, in pixels of the picture.
const CLOSE_PX: u16 = 10;

/// A mask being drawn on a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    size: SizePx,
    areas: Vec<Area>,
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
    /// On a picture of `size`, with the areas of the mask it has already.
    pub fn new(size: SizePx, areas: Vec<Area>) -> Self {
        Self { size, areas, outline: Vec::new(), hand: Hand::Free }
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
            "s" | "S" => return Act::Save,
            "q" | "Q" | "Escape" => return Act::Quit,
            _ => {}
        }
        Act::None
    }

    fn undo(&mut self) {
        if self.outline.pop().is_none() {
            self.areas.pop();
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
        Drawing::new(SizePx { width: 640, height: 360 }, Vec::new())
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
    fn what_is_being_dragged_is_seen_and_not_yet_an_area() {
        let mut drawing = drawing();
        drawing.pressed(10.0, 10.0);
        drawing.moved(60.0, 30.0);
        assert_eq!(drawing.seen(), [Area::Rectangle([10, 10, 50, 20])]);
        assert!(drawing.areas().is_empty());
    }
}
