//! Which sources stand where on the canvas, and how that changes. Geometry only: drawing the canvas is `crate::canvas`'s,
//! who may change it `crate::node::arranging`'s.
//!
//! The main source has the first place, then comes the primary, then all others in the order of the configuration, as
//! far as the preset has places. So the primary is missing only where another source is alone.

mod places;

use annotation::geometry::fit;
use protocol::arrangement::{Arrangement, Grant, Offered, Wish};
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::{LayoutEpoch, SourceId};
use protocol::layout::{Layout, Tile};

use crate::config::Theatre;

/// The sources of a canvas and the arrangement that is wanted of them.
#[derive(Debug, Clone)]
pub struct Plan {
    canvas: SizePx,
    primary: SourceId,
    /// Every source that may stand on the canvas, in the order of the configuration. Where they stand is not looked at.
    sources: Vec<Tile>,
    shown: Wish,
    epoch: LayoutEpoch,
}

impl Plan {
    /// What `theatre` asks for, before any source has shown its size.
    pub fn new(theatre: &Theatre) -> Self {
        let windows = theatre.windows();
        let sources = theatre.canvas.tiles.iter().filter_map(|name| {
            let (source, role) = (theatre.source_id(name)?, theatre.source.get(name)?.role);
            let on_display = windows.contains(&name.as_str());
            Some(Tile { source, name: name.clone(), role, tile: NOWHERE, picture: NOWHERE, image: None, on_display })
        });
        // Without one the configuration would not have loaded; its number is then no tile's.
        let of = |name: &str| theatre.source_id(name).unwrap_or(SourceId(u8::MAX));
        let primary = of(&theatre.primary);
        let main = theatre.canvas.main.as_deref().map_or(primary, of);
        Self {
            canvas: theatre.canvas.size(),
            primary,
            sources: sources.collect(),
            shown: Wish { preset: theatre.canvas.layout, main },
            epoch: LayoutEpoch(0),
        }
    }

    /// The source the operation is done by.
    pub fn primary(&self) -> SourceId {
        self.primary
    }

    /// Every source that may stand on the canvas, shown or not, in the order of the configuration.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.sources.iter().map(|tile| tile.source)
    }

    /// The name of the present arrangement. It grows with each change.
    pub fn epoch(&self) -> LayoutEpoch {
        self.epoch
    }

    /// The present arrangement as consoles are told it, where a mentor has this `grant`.
    pub fn arrangement(&self, grant: Grant) -> Arrangement {
        let offered = |tile: &Tile| Offered { source: tile.source, name: tile.name.clone() };
        Arrangement { shown: self.shown, grant, sources: self.sources.iter().map(offered).collect() }
    }

    /// The present arrangement in pixels.
    pub fn layout(&self) -> Layout {
        let mut tiles: Vec<&Tile> = self.sources.iter().collect();
        // A stable sort: the others keep their order.
        tiles.sort_by_key(|tile| match tile.source {
            source if source == self.shown.main => 0,
            source if source == self.primary => 1,
            _ => 2,
        });
        let places = places::places(self.shown.preset, self.canvas, tiles.len());
        self.with(tiles.into_iter().zip(places).map(|(tile, place)| placed(tile, place)).collect())
    }

    /// A canvas on which nothing of any source is to be seen.
    pub fn curtain(&self) -> Layout {
        self.with(Vec::new())
    }

    /// Takes note of the size of a source's pictures. Returns whether that made another arrangement.
    pub fn learn(&mut self, source: SourceId, image: SizePx) -> bool {
        let Some(tile) = self.sources.iter_mut().find(|tile| tile.source == source) else { return false };
        let is_new = tile.image.replace(image) != Some(image);
        if is_new {
            self.renew();
        }
        is_new
    }

    /// From now on the sources stand so. Returns whether that made another arrangement; a main source that cannot stand
    /// on the canvas makes none.
    pub fn arrange(&mut self, wish: Wish) -> bool {
        let is_new = self.shown != wish && self.sources().any(|source| source == wish.main);
        if is_new {
            self.shown = wish;
            self.renew();
        }
        is_new
    }

    /// Another arrangement begins, though every source may stand where it stood.
    pub fn renew(&mut self) {
        self.epoch = LayoutEpoch(self.epoch.0.wrapping_add(1));
    }

    fn with(&self, tiles: Vec<Tile>) -> Layout {
        Layout { epoch: self.epoch, canvas: self.canvas, primary: self.primary, tiles }
    }
}

/// The place of a source that has none.
const NOWHERE: CanvasRect = CanvasRect { x: 0, y: 0, size: SizePx { width: 0, height: 0 } };

fn placed(tile: &Tile, place: CanvasRect) -> Tile {
    Tile { tile: place, picture: tile.image.map_or(place, |image| fit(image, place)), ..tile.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::arrangement::Preset;
    use protocol::layout::Role;

    fn plan() -> Plan {
        let tile = |source: u8| Tile {
            source: SourceId(source),
            name: format!("s{source}"),
            role: Role::Room,
            tile: NOWHERE,
            picture: NOWHERE,
            image: None,
            on_display: false,
        };
        Plan {
            canvas: SizePx { width: 1280, height: 720 },
            primary: SourceId(1),
            sources: (0..5).map(tile).collect(),
            shown: Wish { preset: Preset::Insets, main: SourceId(1) },
            epoch: LayoutEpoch(7),
        }
    }

    fn shown(plan: &Plan) -> Vec<u8> {
        plan.layout().tiles.iter().map(|tile| tile.source.0).collect()
    }

    #[test]
    fn the_main_source_comes_first_then_the_primary_then_the_others_as_configured() {
        let mut plan = plan();
        assert_eq!(shown(&plan), [1, 0, 2, 3, 4]);
        for (preset, sources) in [
            (Preset::Insets, &[3, 1, 0, 2, 4][..]),
            (Preset::Quad, &[3, 1, 0, 2]),
            (Preset::SideBySide, &[3, 1]),
            (Preset::Solo, &[3]),
        ] {
            assert!(plan.arrange(Wish { preset, main: SourceId(3) }));
            assert_eq!(shown(&plan), sources, "{preset:?}");
        }
    }

    #[test]
    fn each_change_has_a_new_epoch_and_what_changes_nothing_has_none() {
        let mut plan = plan();
        let quad = Wish { preset: Preset::Quad, main: SourceId(1) };
        assert!(plan.arrange(quad));
        assert_eq!(plan.layout().epoch, LayoutEpoch(8));
        assert!(!plan.arrange(quad), "it is so");
        assert!(!plan.arrange(Wish { main: SourceId(9), ..quad }), "it cannot stand on the canvas");
        assert_eq!(plan.layout().epoch, LayoutEpoch(8));
        plan.renew();
        assert_eq!((plan.curtain().epoch, plan.curtain().is_curtain()), (LayoutEpoch(9), true));
    }

    #[test]
    fn a_source_that_shows_another_size_makes_a_new_layout_once_wherever_it_stands() {
        let mut plan = plan();
        let square = SizePx { width: 512, height: 512 };
        assert!(plan.learn(SourceId(2), square));
        assert!(!plan.learn(SourceId(2), square), "it is known");
        assert!(!plan.learn(SourceId(9), square), "it has no tile");
        assert_eq!(plan.epoch(), LayoutEpoch(8));
        let picture = |plan: &Plan| plan.layout().tile(SourceId(2)).map(|tile| tile.picture);
        let rect = |x, y, px| Some(CanvasRect { x, y, size: SizePx { width: px, height: px } });
        assert_eq!(picture(&plan), rect(1030, 180, 180));
        plan.arrange(Wish { preset: Preset::Solo, main: SourceId(2) });
        assert_eq!(picture(&plan), rect(280, 0, 720), "its size is remembered");
    }
}
