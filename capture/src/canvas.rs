//! The canvas: the one picture that is composed of all sources and encoded.
//!
//! Each source leaves its newest picture, already scaled, in a slot ([`Inlet`]). A new picture of the primary makes a
//! new canvas at once, with whatever the others left last; nothing waits for them. While the primary fails to come a
//! timer makes canvases ([`drive`]), and the primary is told to be lost. What else a source's pictures say of it is
//! `crate::signal`'s to conclude. Opening sources, encoding and sending are left to `crate::node`; a harness can feed inlets
//! and take canvases without any of that.
//!
//! Another arrangement ([`Canvas::arrange`]) begins with the first picture of the primary that was scaled for it, so that
//! none is left out. While theatre's curtain is closed ([`Canvas::set_curtain`]) canvases say so and show nothing else.

mod composed;
pub mod drive;
mod inlet;
mod insets;
mod letters;
pub(crate) mod paint;
pub mod rhythm;
mod sheet;
mod sign;
mod tile;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use media::picture::{self, Picture};
use protocol::arrangement::Wish;
use protocol::colour::Colour;
use protocol::frame::{Header, TileTime};
use protocol::geometry::CanvasRect;
use protocol::ids::{Epoch, FrameId, SourceId};
use protocol::layout::Layout;
use protocol::time::MonoTime;

use crate::config::Theatre;
use crate::layout::Plan;
use crate::local::Curtain;
use crate::mask::{Gate, Rule};
use crate::signal::{Policy, Trouble};
pub use composed::Composed;
use drive::Drive;
pub use inlet::Inlet;
use inlet::{Branch, CanvasColour, Part};
pub use insets::Insets;
use letters::Lettering;
use sheet::Sheets;
use tile::Tile;

/// Why there is no canvas.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Pictures cannot be made: no memory, or a size that GStreamer refuses.
    #[error("canvas: {0}")]
    Picture(#[from] picture::Error),
    /// The words for tiles without a picture cannot be drawn.
    #[error("canvas: {0}")]
    Caption(#[from] media::caption::Error),
    /// The system gave no thread.
    #[error("canvas: no thread to draw words: {0}")]
    Thread(std::io::Error),
}

/// What a canvas says while the curtain is closed.
const CURTAIN: &str = "Curtain closed by theatre";

/// Makes canvases of what its inlets were given.
pub struct Canvas {
    next: FrameId,
    /// How the sources are to stand.
    plan: Plan,
    /// How they stand.
    layout: Layout,
    told: Option<Layout>,
    colour: Colour,
    /// Every source that may stand on the canvas, in the order of the configuration.
    tiles: Vec<Tile>,
    primary: usize,
    insets: Insets,
    curtain: Curtain,
    drive: Drive,
    letters: Lettering,
    sheets: Sheets,
    /// What stands in the place of all sources, once it was needed.
    card: Option<Picture>,
}

impl Canvas {
    /// The canvas that `theatre` describes, with an inlet for each source that may stand on it. `epoch` is this life of
    /// the program, `now` its beginning.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(theatre: &Theatre, epoch: Epoch, now: MonoTime) -> Result<(Self, Vec<Inlet>), Error> {
        let (plan, colour, letters) = (Plan::new(theatre), Colour::default(), Lettering::start()?);
        let layout = plan.layout();
        let tiles = tiles(theatre, &plan, colour);
        for tile in &tiles {
            let place = layout.tile(tile.source);
            tile.branch().aim(place.map(|place| place.tile));
            place.map_or(Ok(()), |place| tile.prepare(&letters, place.tile.size.width))?;
        }
        letters.prepare(&[CURTAIN], layout.canvas.width)?;
        let inlets = tiles.iter().map(Tile::inlet).collect();
        let primary = tiles.iter().position(|tile| tile.source == plan.primary()).unwrap_or(0);
        let next = FrameId { epoch, index: 0 };
        let (insets, curtain, drive, told) = (Insets::default(), Curtain::default(), Drive::new(now), None);
        let (sheets, card) = (Sheets::new(layout.canvas, colour)?, None);
        let canvas =
            Self { next, plan, layout, told, colour, tiles, primary, insets, curtain, drive, letters, sheets, card };
        Ok((canvas, inlets))
    }

    /// The arrangement of its tiles now.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How the sources are to stand.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How every source stands at `now`, shown or not.
    pub fn stands(&self, now: MonoTime) -> Vec<TileTime> {
        self.tiles.iter().map(|tile| self.time(tile, now)).collect()
    }

    /// For each source whether its pictures are withheld, and who may let them pass.
    pub fn gates(&self) -> Vec<(SourceId, Arc<Gate>)> {
        self.tiles.iter().map(|tile| (tile.source, Arc::clone(&tile.branch().gate))).collect()
    }

    /// Takes what is wrong with `source`, and since when, from whoever has it open elsewhere; its pictures come by the inlet.
    pub fn troubles(&self, source: SourceId) -> Option<impl Fn(Trouble, MonoTime) + Send + use<>> {
        let tile = self.tiles.iter().find(|tile| tile.source == source)?;
        let branch = Arc::clone(tile.branch());
        Some(move |trouble, at| branch.trouble(trouble, at))
    }

    /// Tiles beside the primary take pictures so often from the next canvas on.
    pub fn set_insets(&mut self, insets: Insets) {
        self.insets = insets;
    }

    /// From the next canvas on sources are to be seen, or not. Returns whether that is news.
    pub fn set_curtain(&mut self, curtain: Curtain) -> bool {
        let is_new = std::mem::replace(&mut self.curtain, curtain) != curtain;
        if is_new {
            self.plan.renew();
        }
        is_new
    }

    /// The sources stand so from the first picture on that the primary gives for it.
    pub fn arrange(&mut self, wish: Wish) {
        if self.plan.arrange(wish) {
            let next = self.plan.layout();
            for tile in &self.tiles {
                let place = next.tile(tile.source).map(|place| place.tile);
                tile.branch().aim(place);
                place.into_iter().for_each(|place| tile.ask(&self.letters, place.size.width));
            }
        }
    }

    /// Waits until a canvas is due, at most `at_most`.
    pub fn wait(&self, at_most: Duration, now: MonoTime) {
        if let Some(primary) = self.tiles.get(self.primary) {
            let timer = self.drive.timer_at(&primary.rhythm).since(now);
            primary.wait(timer.min(at_most));
        }
    }

    /// Makes a canvas if one is due at `now`: the primary has a new picture, or the timer's time has come.
    ///
    /// # Errors
    /// See [`Error`]. The canvas stays usable.
    pub fn step(&mut self, now: MonoTime) -> Result<Option<Composed>, Error> {
        let Some(primary) = self.tiles.get_mut(self.primary) else { return Ok(None) };
        let came = primary.take(now);
        let timer = self.drive.timer_at(&primary.rhythm) <= now;
        if !came && !timer {
            return Ok(None);
        }
        self.compose(came, now).map(Some)
    }

    fn compose(&mut self, came: bool, now: MonoTime) -> Result<Composed, Error> {
        let before = self.drive.made(now);
        self.learn();
        // A primary's picture for the former arrangement is shown in it, and so are the others' until the next.
        if self.rearrange(came) {
            self.take_insets(before, now);
            self.learn();
            self.rearrange(false);
        }
        self.follow_colour()?;
        self.refit_one(now);
        let (picture, times) = match self.curtain {
            Curtain::Open => self.paint(now)?,
            Curtain::Closed => (self.behind_curtain()?, Vec::new()),
        };
        Ok(self.composed(picture, times, now))
    }

    /// Takes note of the sizes of the sources' pictures.
    fn learn(&mut self) {
        for tile in &self.tiles {
            if let Some(image) = tile.image() {
                self.plan.learn(tile.source, image);
            }
        }
    }

    fn take_insets(&mut self, before: MonoTime, now: MonoTime) {
        for (index, tile) in self.tiles.iter_mut().enumerate().filter(|(index, _)| *index != self.primary) {
            // The first picture is never waited for, nor one that is needed.
            let needed = tile.image().is_none() || !tile.fits(self.layout.tile(tile.source), self.colour);
            if needed || self.insets.due(index, before, now) {
                tile.take(now);
            }
        }
    }

    /// Takes the planned arrangement over if the canvas has it not yet: at once, or, if the primary `drives`, as soon as
    /// its picture was scaled for it. Returns whether the canvas has it now.
    fn rearrange(&mut self, drives: bool) -> bool {
        if self.layout.epoch == self.plan.epoch() {
            return true;
        }
        let next = self.plan.layout();
        let primary = self.tiles.get(self.primary);
        if drives && !primary.is_none_or(|primary| primary.has_size_for(next.tile(primary.source))) {
            return false;
        }
        let places = |layout: &Layout| layout.tiles.iter().map(|tile| (tile.source, tile.tile)).collect::<Vec<_>>();
        let moved = places(&next) != places(&self.layout);
        self.layout = next;
        if moved {
            self.sheets.forget();
        }
        true
    }

    /// Takes the primary's colour. Everything is painted anew then.
    fn follow_colour(&mut self) -> Result<(), Error> {
        let primary = self.tiles.get(self.primary).and_then(Tile::colour);
        let Some(colour) = primary.filter(|colour| *colour != self.colour) else { return Ok(()) };
        self.colour = colour;
        (self.sheets, self.card) = (Sheets::new(self.layout.canvas, colour)?, None);
        Ok(())
    }

    /// Has one picture scaled again that does not fit its tile any more, the largest tile's first: the next of its source
    /// may be long in coming. One with each canvas, so that none comes late for it.
    fn refit_one(&mut self, now: MonoTime) {
        for place in &self.layout.tiles {
            let Some(tile) = self.tiles.iter_mut().find(|tile| tile.source == place.source) else { continue };
            if !tile.fits(Some(place), self.colour) && tile.refit(now) {
                return;
            }
        }
    }

    /// A picture of all tiles, of which only what has changed is painted; and each tile's time, in the layout's order, then
    /// a hidden primary's.
    fn paint(&mut self, now: MonoTime) -> Result<(Picture, Vec<TileTime>), Error> {
        let mut times = Vec::with_capacity(self.layout.tiles.len() + 1);
        let mut sheet = self.sheets.take(self.tiles.len())?;
        for place in &self.layout.tiles {
            let mut tiles = self.tiles.iter().zip(&mut sheet.shows);
            let Some((tile, shows)) = tiles.find(|(tile, _)| tile.source == place.source) else { continue };
            let time = self.time(tile, now);
            let canvas = (&mut sheet.frame, shows);
            tile.paint(canvas, place, self.colour, time.freshness, &self.letters, now)?;
            times.push(time);
        }
        let primary = self.tiles.get(self.primary);
        if let Some(primary) = primary.filter(|primary| self.layout.tile(primary.source).is_none()) {
            times.push(self.time(primary, now));
        }
        Ok((self.sheets.give(sheet), times))
    }

    /// How a source stands.
    fn time(&self, tile: &Tile, now: MonoTime) -> TileTime {
        match tile.source == self.plan.primary() {
            true => tile.time(drive::primary_freshness(&tile.rhythm, now)),
            false => tile.time(drive::inset_freshness(&tile.rhythm, now)),
        }
    }

    /// The curtain. Until its words are drawn it is black.
    fn behind_curtain(&mut self) -> Result<Picture, Error> {
        if let Some(card) = &self.card {
            return Ok(card.clone());
        }
        let whole = CanvasRect { x: 0, y: 0, size: self.layout.canvas };
        let words = self.letters.get(&[CURTAIN], whole.size.width);
        let lines = words.as_deref().unwrap_or_default();
        let card = self.sheets.card(|frame| sign::paint(frame, lines, whole, self.colour.range))?;
        self.card = words.is_some().then(|| card.clone());
        Ok(card)
    }

    fn composed(&mut self, picture: Picture, tiles: Vec<TileTime>, now: MonoTime) -> Composed {
        let layout = match self.curtain {
            Curtain::Open => &self.layout,
            Curtain::Closed => &self.plan.curtain(),
        };
        let new_layout = (self.told.as_ref() != Some(layout)).then(|| layout.clone());
        if new_layout.is_some() {
            self.told.clone_from(&new_layout);
        }
        let layout = layout.epoch;
        let primary = self.tiles.get(self.primary);
        let captured = primary.and_then(|tile| tile.rhythm.last()).unwrap_or(now);
        let composed = now.as_session_in_theatre();
        let header = Header { id: self.next, layout, composed, colour: self.colour, tiles };
        self.next.index += 1;
        Composed {
            header,
            primary: self.plan.primary(),
            picture: Picture { captured, ..picture },
            in_slot: primary.and_then(Tile::in_slot).unwrap_or(now),
            interval: primary.map_or(drive::TIMER, |tile| tile.rhythm.interval()),
            new_layout,
        }
    }
}

/// A tile for every source that may stand on the canvas.
fn tiles(theatre: &Theatre, plan: &Plan, colour: Colour) -> Vec<Tile> {
    let shared = CanvasColour::new(Mutex::new(colour));
    let tile = |source: SourceId| {
        let part = if source == plan.primary() { Part::Primary } else { Part::Inset };
        let name = theatre.source_name(source)?;
        let table = theatre.source.get(name)?;
        let policy = Policy::of(table);
        let branch = Branch::new((source, name), part, Arc::clone(&shared), Rule::of(name, table), policy);
        Some(Tile::new(name, Arc::new(branch), source, policy.stills))
    };
    plan.sources().filter_map(tile).collect()
}

#[cfg(test)]
mod tests;
