//! What is on the screen: the newest picture's header, the arrangement it was made with, and where a pen may begin.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotation::geometry::{CanvasPoint, image_from_canvas, tile_under};
use protocol::colour::Colour;
use protocol::frame::{Freshness, Header, TileTime};
use protocol::geometry::CanvasRect;
use protocol::ids::{LayoutEpoch, SourceId};
use protocol::layout::{Layout, Role, Tile};
use protocol::still;
use protocol::time::MonoTime;

use crate::picture_look;
use crate::picture_state::{Curtain, Kind, OnScreen, State};

/// Arrangements kept: frames made with the one before may still be under way when a new one comes.
const MAX_LAYOUTS: usize = 4;

/// The arrangement of a still: theatre's count from 0 and never come so far.
const STILL: LayoutEpoch = LayoutEpoch(u32::MAX);

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
    picture: Option<(Arc<Header>, MonoTime, Kind)>,
    held: Option<Held>,
}

/// A still in place of the live picture, as if it were a canvas with one tile: so a pen draws on it as on any.
#[derive(Debug)]
struct Held {
    layout: Layout,
    header: Header,
    since: MonoTime,
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

    /// A new picture comes onto the screen at `now`, or beneath the still that is held there.
    pub fn show(&mut self, header: Arc<Header>, kind: Kind, now: MonoTime) {
        self.picture = Some((header, now, kind));
    }

    /// A still takes the place of the live picture at `now`.
    pub fn hold(&mut self, still: &still::Header, now: MonoTime) {
        let whole = CanvasRect { x: 0, y: 0, size: still.size };
        let known = self.live_layout().and_then(|layout| layout.tile(still.source));
        let tile = Tile {
            source: still.source,
            name: known.map_or_else(|| format!("source {}", still.source.0), |tile| tile.name.clone()),
            role: known.map_or(Role::Endoscope, |tile| tile.role),
            tile: whole,
            picture: whole,
            image: Some(still.size),
            on_display: known.is_some_and(|tile| tile.on_display),
        };
        let layout = Layout { epoch: STILL, canvas: still.size, primary: still.source, tiles: vec![tile] };
        let captured = TileTime { source: still.source, captured: Some(still.captured), freshness: Freshness::Live };
        let header = Header {
            id: still.frame,
            layout: STILL,
            composed: still.captured,
            colour: Colour::default(),
            tiles: vec![captured],
        };
        self.held = Some(Held { layout, header, since: now });
    }

    /// The live picture is shown again.
    pub fn release(&mut self) {
        self.held = None;
    }

    /// The tile of the still that is held, if one is.
    pub fn held(&self) -> Option<&Tile> {
        self.held.as_ref()?.layout.tiles.first()
    }

    /// The header of the picture on the screen.
    pub fn header(&self) -> Option<&Header> {
        let live = || self.picture.as_ref().map(|(header, ..)| header.as_ref());
        self.held.as_ref().map(|held| &held.header).or_else(live)
    }

    /// The arrangement of the picture on the screen, if theatre has told it.
    pub fn layout(&self) -> Option<&Layout> {
        self.held.as_ref().map(|held| &held.layout).or_else(|| self.live_layout())
    }

    /// Every source on the live canvas, with its name.
    pub fn sources(&self) -> Vec<(SourceId, String)> {
        let tiles = self.live_layout().map(|layout| layout.tiles.iter());
        tiles.into_iter().flatten().map(|tile| (tile.source, tile.name.clone())).collect()
    }

    fn live_layout(&self) -> Option<&Layout> {
        self.layouts.get(&self.picture.as_ref()?.0.layout)
    }

    /// Theatre's curtain: closed if its newest arrangement says so, or the picture on the screen is the curtain.
    pub fn curtain(&self) -> Curtain {
        let newest = self.layouts.values().next_back();
        let is_closed = newest.into_iter().chain(self.layout()).any(Layout::is_curtain);
        if is_closed { Curtain::Closed } else { Curtain::Open }
    }

    /// The primary's part of a frame; `None` until its arrangement is known.
    pub fn primary<'a>(&self, header: &'a Header) -> Option<&'a TileTime> {
        header.tile(self.layouts.get(&header.layout)?.primary)
    }

    /// Where the primary stands in a frame; `None` until its arrangement is known.
    pub fn primary_tile(&self, header: &Header) -> Option<&Tile> {
        let layout = self.layouts.get(&header.layout)?;
        layout.tile(layout.primary)
    }

    /// What the picture's state is judged by.
    pub fn on_screen(&self) -> Option<OnScreen> {
        if let Some(held) = &self.held {
            let (shown, captured) = (held.since, Some(held.header.composed));
            return Some(OnScreen { shown, captured, primary: Freshness::Live, kind: Kind::Still });
        }
        let (header, shown, kind) = self.picture.as_ref()?;
        let primary = self.primary(header);
        Some(OnScreen {
            kind: *kind,
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
    use crate::still::tests::still;
    use protocol::geometry::SizePx;
    use protocol::ids::{Epoch, FrameId};
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
        scene.show(Arc::new(header(Freshness::Live, room)), Kind::Video, MonoTime(1));
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
    fn a_still_is_drawn_on_as_any_picture_by_its_own_frame_while_live_ones_come_beneath() {
        let mut scene = scene(Freshness::Lost);
        scene.hold(&still().header, MonoTime(2));
        scene.show(Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(3));
        let held = scene.on_screen().unwrap();
        assert_eq!((held.kind, held.captured), (Kind::Still, Some(SessionTime(3_950_000))));
        assert_eq!(scene.header().map(|header| header.id.index), Some(3));
        assert_eq!(scene.layout().map(|layout| layout.canvas), Some(SizePx { width: 64, height: 36 }));
        assert_eq!(scene.target(at(32.0, 18.0), State::Still), Target::Picture(SourceId(0)));
        assert_eq!(scene.held().map(|tile| tile.name.as_str()), Some("endoscope"));
        scene.release();
        assert_eq!(scene.on_screen().map(|picture| picture.shown), Some(MonoTime(3)));
        assert_eq!(scene.header().map(|header| header.id.index), Some(7));
    }

    #[test]
    fn without_its_arrangement_a_picture_has_no_age_and_takes_no_pen() {
        let mut scene = scene(Freshness::Live);
        scene.forget_layouts();
        assert_eq!(scene.on_screen().unwrap().captured, None);
        assert_eq!(scene.target(at(480.0, 360.0), State::Live), Target::Beside);
    }

    #[test]
    fn the_curtain_is_closed_from_theatres_word_on_until_a_picture_of_the_operation_is_back() {
        let mut scene = scene(Freshness::Live);
        assert_eq!(scene.curtain(), Curtain::Open);
        let arrangement = |epoch, tiles| Layout { epoch: LayoutEpoch(epoch), tiles, ..layout() };
        scene.set_layout(arrangement(2, Vec::new()));
        assert_eq!(scene.curtain(), Curtain::Closed, "though the picture on the screen is the operation's");
        let behind = Header { layout: LayoutEpoch(2), tiles: Vec::new(), ..header(Freshness::Live, Freshness::Live) };
        scene.show(Arc::new(behind), Kind::Video, MonoTime(2));
        scene.set_layout(arrangement(3, layout().tiles));
        assert_eq!(scene.curtain(), Curtain::Closed, "though theatre has opened it");
        assert_eq!(scene.target(at(480.0, 360.0), State::Curtain), Target::Beside);
        let open = Header { layout: LayoutEpoch(3), ..header(Freshness::Live, Freshness::Live) };
        scene.show(Arc::new(open), Kind::Video, MonoTime(3));
        assert_eq!(scene.curtain(), Curtain::Open);
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
