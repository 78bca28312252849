//! Where mentors point without drawing: a ring for each, for as long as its machine says so. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use annotation::board::MAX_AUTHORS;
use annotation::geometry::{DisplayPoint, display_from_image};
use annotation::ink;
use annotation::raster::{Overlay, Rect};
use protocol::geometry::{ImagePoint, SizePx};
use protocol::ids::Epoch;
use protocol::mark::Ink;
use protocol::time::MonoTime;

use crate::local::ToDisplay;

/// A cursor goes so long after the last word on it: half of what marks are given until they are dashed, because nothing of a
/// cursor is worth keeping. Consoles repeat themselves several times in it.
const GONE_AFTER: Duration = Duration::from_millis(1_000);
/// The ring's radius as a part of the picture's width: seen from two metres, hides next to nothing.
const RADIUS: f32 = 1.0 / 70.0;
/// Thickness of the ring and of the dark edge on both of its sides, as parts of its radius.
const RING: f32 = 0.22;
const EDGE: f32 = 0.12;

/// The cursors over one window.
#[derive(Debug, Default)]
pub struct Cursors {
    known: BTreeMap<Epoch, (ImagePoint, MonoTime)>,
    hidden: bool,
    drawn: Vec<ImagePoint>,
}

impl Cursors {
    /// Takes messages that came at `received`.
    pub fn take(&mut self, messages: &[ToDisplay], received: MonoTime) {
        for message in messages {
            match message {
                ToDisplay::Reset { .. } => self.known.clear(),
                ToDisplay::Cursor { author, at: Some(at) }
                    if self.known.len() < MAX_AUTHORS || self.known.contains_key(author) =>
                {
                    self.known.insert(*author, (*at, received));
                }
                ToDisplay::Cursor { author, at: None } => drop(self.known.remove(author)),
                _ => {}
            }
        }
    }

    /// Draws none, or draws them again.
    pub fn hide(&mut self, hidden: bool) {
        self.hidden = hidden;
    }

    /// Whether a drawing at `now` would differ from the last one.
    pub fn changed(&mut self, now: MonoTime) -> bool {
        self.known.retain(|_, (_, heard)| now.since(*heard) < GONE_AFTER);
        !self.places().eq(self.drawn.iter().copied())
    }

    /// The next moment at which a cursor goes by itself.
    pub fn changes_at(&self) -> Option<MonoTime> {
        self.known.values().map(|(_, heard)| *heard + GONE_AFTER).min()
    }

    /// What lies over a picture of `size` at `now`.
    pub fn draw(&mut self, size: SizePx, now: MonoTime) -> Overlay {
        self.changed(now);
        self.drawn = self.places().collect();
        Overlay { rects: self.drawn.iter().filter_map(|at| ring(size, display_from_image(size, *at))).collect() }
    }

    fn places(&self) -> impl Iterator<Item = ImagePoint> {
        self.known.values().filter(|_| !self.hidden).map(|(at, _)| *at)
    }
}

/// A ring around `at`; what would lie beside the picture is left out. `None` on a picture without extent.
fn ring(size: SizePx, at: DisplayPoint) -> Option<Rect> {
    let radius = (f32::from(size.width) * RADIUS).max(4.0);
    let reach = radius * (1.0 + RING / 2.0 + EDGE) + 1.0;
    let span = |centre: f32, extent: u16| {
        let from = (centre - reach).floor().clamp(0.0, f32::from(extent)) as u16;
        let to = (centre + reach).ceil().clamp(0.0, f32::from(extent)) as u16;
        (from, to.saturating_sub(from))
    };
    let ((x, width), (y, height)) = (span(at.x, size.width), span(at.y, size.height));
    let pixels = (y..y + height).flat_map(|row| (x..x + width).map(move |column| (column, row)));
    let rgba: Vec<u8> = pixels.flat_map(|(column, row)| pixel(at, radius, column, row)).collect();
    (!rgba.is_empty()).then(|| Rect { x, y, size: SizePx { width, height }, rgba: rgba.into() })
}

/// Premultiplied: ink where the ring is, dark beside it, each with an edge of one pixel.
fn pixel(at: DisplayPoint, radius: f32, column: u16, row: u16) -> [u8; 4] {
    let (dx, dy) = (f32::from(column) + 0.5 - at.x, f32::from(row) + 0.5 - at.y);
    let off = (dx.hypot(dy) - radius).abs();
    let covered = |half: f32| (half - off + 0.5).clamp(0.0, 1.0);
    let (inked, opacity) = (covered(radius * RING / 2.0), covered(radius * (RING / 2.0 + EDGE)));
    let [red, green, blue] = ink::srgb(Ink::White).map(|channel| (f32::from(channel) * inked) as u8);
    [red, green, blue, (opacity.max(inked) * 255.0) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::SourceId;

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    fn to(author: u32, x: u16, y: u16) -> ToDisplay {
        ToDisplay::Cursor { author: Epoch(author), at: Some(ImagePoint { x, y }) }
    }

    #[test]
    fn a_ring_lies_around_the_place_and_leaves_the_place_itself_free() {
        let mut cursors = Cursors::default();
        cursors.take(&[to(1, 32_768, 32_768)], at(0));
        assert!(cursors.changed(at(0)));
        let overlay = cursors.draw(SIZE, at(0));
        let [rect] = overlay.rects.as_slice() else { panic!("{overlay:?}") };
        let opacity = |x: u16, y: u16| {
            let index = usize::from(y - rect.y) * usize::from(rect.size.width) + usize::from(x - rect.x);
            rect.rgba[index * 4 + 3]
        };
        assert_eq!(opacity(320, 180), 0, "tissue under the point stays visible");
        assert_eq!(opacity(320 + 9, 180), 255);
        assert!(!cursors.changed(at(10)), "nothing moved");
    }

    #[test]
    fn a_ring_at_the_edge_stays_inside_the_picture() {
        for (x, y) in [(0, 0), (65_535, 65_535), (0, 65_535)] {
            let mut cursors = Cursors::default();
            cursors.take(&[to(1, x, y)], at(0));
            for rect in cursors.draw(SIZE, at(0)).rects {
                assert!(rect.x + rect.size.width <= SIZE.width && rect.y + rect.size.height <= SIZE.height);
                assert_eq!(rect.rgba.len(), usize::from(rect.size.width) * usize::from(rect.size.height) * 4);
            }
        }
    }

    #[test]
    fn a_cursor_goes_when_it_leaves_when_its_machine_falls_silent_and_when_the_window_is_reset() {
        let mut cursors = Cursors::default();
        cursors.take(&[to(1, 1, 1), to(2, 9_000, 9_000)], at(0));
        assert_eq!(cursors.draw(SIZE, at(0)).rects.len(), 2);
        cursors.take(&[ToDisplay::Cursor { author: Epoch(1), at: None }], at(10));
        assert_eq!(cursors.draw(SIZE, at(10)).rects.len(), 1);
        assert_eq!(cursors.changes_at(), Some(at(1_000)));
        assert!(!cursors.changed(at(999)) && cursors.changed(at(1_000)));
        assert_eq!(cursors.draw(SIZE, at(1_000)).rects.len(), 0);
        cursors.take(&[to(1, 1, 1), ToDisplay::Reset { source: SourceId(0) }], at(2_000));
        assert_eq!(cursors.draw(SIZE, at(2_000)).rects.len(), 0);
    }

    #[test]
    fn more_authors_than_a_board_knows_have_no_cursor() {
        let mut cursors = Cursors::default();
        cursors.take(&(0..1_000).map(|author| to(author, 1, 1)).collect::<Vec<_>>(), at(0));
        assert_eq!(cursors.draw(SIZE, at(0)).rects.len(), MAX_AUTHORS);
    }
}
