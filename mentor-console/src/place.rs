//! Where the canvas lies in the window, as the last repaint drew it. Plain data, in physical pixels.

use annotation::geometry::{View, ViewRect};

/// The canvas's place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// The canvas itself; `None` until there is a picture.
    pub view: Option<View>,
    /// Cards and the like that lie over it; what is pressed there is theirs.
    pub covers: Vec<ViewRect>,
}

impl Place {
    /// Whether something lies over the canvas at this place of the window.
    pub fn is_covered(&self, (x_px, y_px): (f64, f64)) -> bool {
        let (x, y) = (x_px as f32, y_px as f32);
        let inside = |at: &ViewRect| (at.x..at.x + at.width).contains(&x) && (at.y..at.y + at.height).contains(&y);
        self.covers.iter().any(inside)
    }
}
