//! What is on the screen: the newest picture's header, the arrangement it was made with, and where a pen may begin.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotation::geometry::{CanvasPoint, image_from_canvas, tile_under};
use protocol::frame::{Freshness, Header, TileTime};
use protocol::ids::{LayoutEpoch, SourceId};
use protocol::layout::Layout;
use protocol::time::MonoTime;

use crate::picture_look;
use crate::picture_state::{OnScreen, State};

/// Arrangements kept: frames made with the one before may still be under way when a new one comes.
const MAX_LAYOUTS: usize = 4;

/// What a press of the pen would do somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: there is no picture.
    Beside,
    /// Begin a stroke on this source.
    Picture(SourceId),
    /// Nothing, for this reason.
    Refused(&'static str),
}

/// The picture on the screen and what is known about it.
#[derive(Debug, Default)]
pub struct Scene {
    layouts: BTreeMap<LayoutEpoch, Layout>,
    picture: Option<(Arc<Header>, MonoTime)>,
}

impl Scene {
    /// Theatre tells an arrangement.
    pub fn set_layout(&mut self, layout: Layout) {
        self.layouts.insert(layout.epoch, layout);
        while self.layouts.len() > MAX_LAYOUTS {
            self.layouts.pop_first();
        }
    }

    /// Theatre started anew: its arrangements count from the beginning again.
    pub fn forget_layouts(&mut self) {
        self.layouts.clear();
    }

    /// A new picture comes onto the screen at `now`.
    pub fn show(&mut self, header: Arc<Header>, now: MonoTime) {
        self.picture = Some((header, now));
    }

    /// The newest picture's header.
    pub fn header(&self) -> Option<&Header> {
        self.picture.as_ref().map(|(header, _)| header.as_ref())
    }

    /// The arrangement of the newest picture, if theatre has told it.
    pub fn layout(&self) -> Option<&Layout> {
        self.layouts.get(&self.header()?.layout)
    }

    /// The primary's part of a frame; `None` until its arrangement is known.
    pub fn primary<'a>(&self, header: &'a Header) -> Option<&'a TileTime> {
        header.tile(self.layouts.get(&header.layout)?.primary)
    }

    /// What the picture's state is judged by.
    pub fn on_screen(&self) -> Option<OnScreen> {
        let (header, shown) = self.picture.as_ref()?;
        let primary = self.primary(header);
        Some(OnScreen {
            shown: *shown,
            captured: primary.and_then(|tile| tile.captured),
            // Without an arrangement it is not known which tile is the primary; the missing capture time says so.
            primary: primary.map_or(Freshness::Live, |tile| tile.freshness),
        })
    }

    /// What a press of the pen would do at a point of the canvas.
    pub fn target(&self, at: CanvasPoint, state: State) -> Target {
        let (Some(layout), Some(header)) = (self.layout(), self.header()) else {
            return Target::Beside;
        };
        let Some(tile) = tile_under(layout, at).filter(|tile| image_from_canvas(tile, at).is_some()) else {
            return Target::Beside;
        };
        let freshness = header.tile(tile.source).map_or(Freshness::Waiting, |tile| tile.freshness);
        match picture_look::pen_refusal(state).or(picture_look::source_refusal(freshness)) {
            Some(reason) => Target::Refused(reason),
            None => Target::Picture(tile.source),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use protocol::colour::Colour;
    use protocol::geometry::{CanvasRect, SizePx};
    use protocol::ids::{Epoch, FrameId};
    use protocol::layout::{Role, Tile};
    use protocol::time::SessionTime;

    /// An endoscope at the left with a letterbox, a room camera at the right.
    pub(crate) fn layout() -> Layout {
        let rect = |x, y, width, height| CanvasRect { x, y, size: SizePx { width, height } };
        let tile = |source, name: &str, tile, picture| Tile {
            source: SourceId(source),
            name: name.into(),
            role: Role::Endoscope,
            tile,
            picture,
            image: None,
            on_display: source == 0,
        };
        Layout {
            epoch: LayoutEpoch(1),
            canvas: SizePx { width: 1280, height: 720 },
            primary: SourceId(0),
            tiles: vec![
                tile(0, "endoscope", rect(0, 0, 960, 720), rect(0, 90, 960, 540)),
                tile(1, "room", rect(960, 0, 320, 240), rect(960, 30, 320, 180)),
            ],
        }
    }

    pub(crate) fn header(primary: Freshness, room: Freshness) -> Header {
        let tile = |source, freshness| TileTime {
            source: SourceId(source),
            captured: Some(SessionTime(5_000_000)),
            freshness,
        };
        Header {
            id: FrameId { epoch: Epoch(1), index: 7 },
            layout: LayoutEpoch(1),
            composed: SessionTime(5_002_000),
            colour: Colour::default(),
            tiles: vec![tile(0, primary), tile(1, room)],
        }
    }

    fn scene(room: Freshness) -> Scene {
        let mut scene = Scene::default();
        scene.set_layout(layout());
        scene.show(Arc::new(header(Freshness::Live, room)), MonoTime(1));
        scene
    }

    fn at(x: f32, y: f32) -> CanvasPoint {
        CanvasPoint { x, y }
    }

    #[test]
    fn a_stroke_begins_on_the_source_under_the_pen_and_nowhere_beside_a_picture() {
        let scene = scene(Freshness::Live);
        assert_eq!(scene.target(at(480.0, 360.0), State::Live), Target::Picture(SourceId(0)));
        assert_eq!(scene.target(at(1100.0, 100.0), State::Late), Target::Picture(SourceId(1)));
        assert_eq!(scene.target(at(480.0, 40.0), State::Live), Target::Beside, "letterbox");
        assert_eq!(scene.target(at(1100.0, 600.0), State::Live), Target::Beside, "no tile");
    }

    #[test]
    fn a_stroke_is_refused_with_the_reason_on_a_stale_picture_and_on_a_tile_without_signal() {
        let refused = scene(Freshness::Live).target(at(480.0, 360.0), State::Frozen);
        assert!(matches!(refused, Target::Refused(reason) if reason.contains("frozen")), "{refused:?}");
        let scene = scene(Freshness::Lost);
        assert_eq!(
            scene.target(at(1100.0, 100.0), State::Live),
            Target::Refused(picture_look::source_refusal(Freshness::Lost).unwrap())
        );
        assert_eq!(scene.target(at(480.0, 360.0), State::Live), Target::Picture(SourceId(0)));
    }

    #[test]
    fn an_image_that_is_held_takes_the_pen_and_one_that_repeats_refuses_it() {
        let since = SessionTime(4_000_000);
        let target = |room| scene(room).target(at(1100.0, 100.0), State::Live);
        assert_eq!(target(Freshness::Held { since }), Target::Picture(SourceId(1)));
        for (room, reason) in [
            (Freshness::Repeating { since }, "repeats one old picture"),
            (Freshness::Black { since }, "is black"),
            (Freshness::Ended, "has ended"),
            (Freshness::Failed, "has failed"),
        ] {
            let target = target(room);
            assert!(matches!(target, Target::Refused(told) if told.contains(reason)), "{target:?}");
        }
    }

    #[test]
    fn without_its_arrangement_a_picture_has_no_age_and_takes_no_pen() {
        let mut scene = scene(Freshness::Live);
        scene.forget_layouts();
        assert_eq!(scene.on_screen().unwrap().captured, None);
        assert_eq!(scene.target(at(480.0, 360.0), State::Live), Target::Beside);
    }

    #[test]
    fn a_picture_is_read_with_the_arrangement_it_was_made_with() {
        let mut scene = scene(Freshness::Live);
        let mut next = layout();
        next.epoch = LayoutEpoch(2);
        next.tiles.truncate(1);
        scene.set_layout(next);
        assert_eq!(scene.layout().unwrap().tiles.len(), 2);
    }
}
