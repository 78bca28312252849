//! The canvas: the one picture that is composed of all sources and encoded.
//!
//! Each source leaves its newest picture, already scaled, in a slot ([`Inlet`]). A new picture of the primary makes a
//! new canvas at once, with whatever the others left last; nothing waits for them. While the primary fails to come a
//! timer makes canvases ([`drive`]), and the primary is told to be lost. Opening sources, encoding and sending are
//! left to `crate::node`; a harness can feed inlets and take canvases without any of that.

pub mod drive;
mod inlet;
mod paint;
pub mod rhythm;
mod sign;
mod tile;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::picture::{self, Picture, Pool};
use protocol::colour::Colour;
use protocol::frame::{Freshness, Header, TileTime};
use protocol::geometry::CanvasRect;
use protocol::ids::{Epoch, FrameId, SourceId};
use protocol::layout::{Layout, MAX_TILES};
use protocol::time::MonoTime;

use crate::config::Theatre;
use crate::layout;
use crate::signal::Policy;
use drive::Drive;
pub use inlet::Inlet;
use inlet::{CanvasColour, Part};
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
}

/// Time between two pictures of a slowed tile: with five a second a hand that moves in the room and a heart rate that
/// changes are still followed, and it is well below the silence after which a source counts as lost.
const SLOWED: Duration = Duration::from_millis(200);

/// How often the tiles beside the primary take their newest picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Insets {
    /// With each canvas.
    #[default]
    EveryCanvas,
    /// Five times a second, each at its turn, so that no canvas brings all of them.
    Slowed,
}

/// One canvas, ready to be encoded.
#[derive(Debug, Clone)]
pub struct Composed {
    /// What travels with it.
    pub header: Header,
    /// The source that the operation is done by.
    pub primary: SourceId,
    /// Its pixels, I420 in the colour that the header names.
    pub picture: Picture,
    /// When the primary's picture in it was put into its slot; the moment of composing if it has none.
    pub in_slot: MonoTime,
    /// The usual time between two canvases that are encoded: the primary's interval, if all are.
    pub interval: Duration,
    /// The layout it was made with, if the canvas before had another.
    pub new_layout: Option<Layout>,
}

impl Composed {
    /// Notes that composing is over and the encoder's turn comes, at `now`. Before that the header says when
    /// composing began.
    pub fn handed_on(&mut self, now: MonoTime) {
        self.header.composed = now.as_session_in_theatre();
    }
}

/// Makes canvases of what its inlets were given.
pub struct Canvas {
    next: FrameId,
    layout: Layout,
    told: Option<Layout>,
    colour: Colour,
    tiles: Vec<Tile>,
    primary: usize,
    insets: Insets,
    drive: Drive,
    /// Every tile as last painted; copied for each canvas.
    frame: VideoFrame<Writable>,
    pool: Pool,
}

impl Canvas {
    /// The canvas that `theatre` describes, with an inlet for each source that has a tile. `epoch` is this life of
    /// the program, `now` its beginning.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(theatre: &Theatre, epoch: Epoch, now: MonoTime) -> Result<(Self, Vec<Inlet>), Error> {
        let (layout, colour) = (layout::first(theatre), Colour::default());
        let shared_colour = CanvasColour::new(Mutex::new(colour));
        let info = picture::i420(layout.canvas, colour)?;
        let pool = Pool::new(&info)?;
        let sources = layout.tiles.iter().filter_map(|tile| Some((tile, theatre.source.get(&tile.name)?)));
        let tiles = sources.map(|(tile, source)| Tile::new(tile, Policy::of(source))).collect::<Result<Vec<_>, _>>()?;
        let inlet = |tile: &Tile| {
            let part = if tile.source == layout.primary { Part::Primary } else { Part::Inset };
            tile.inlet(part, Arc::clone(&shared_colour))
        };
        let inlets = tiles.iter().map(inlet).collect();
        let primary = tiles.iter().position(|tile| tile.source == layout.primary).unwrap_or(0);
        let frame = picture::write(pool.buffer()?, &info)?;
        let next = FrameId { epoch, index: 0 };
        let (insets, drive) = (Insets::default(), Drive::new(now));
        let mut canvas = Self { next, layout, told: None, colour, tiles, primary, insets, drive, frame, pool };
        canvas.blacken();
        Ok((canvas, inlets))
    }

    /// The arrangement of its tiles now.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Tiles beside the primary take pictures so often from the next canvas on.
    pub fn set_insets(&mut self, insets: Insets) {
        self.insets = insets;
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
        self.compose(now).map(Some)
    }

    fn compose(&mut self, now: MonoTime) -> Result<Composed, Error> {
        let before = self.drive.made(now);
        for (index, tile) in self.tiles.iter_mut().enumerate() {
            // The first picture is never waited for.
            if index != self.primary && (self.insets.due(index, before, now) || tile.image().is_none()) {
                tile.take(now);
            }
            if let Some(image) = tile.image() {
                layout::learn(&mut self.layout, tile.source, image);
            }
        }
        self.follow_colour()?;
        let mut tiles = Vec::with_capacity(self.tiles.len());
        for (index, (tile, place)) in self.tiles.iter_mut().zip(&self.layout.tiles).enumerate() {
            let heard = match index == self.primary {
                true => drive::primary_freshness(&tile.rhythm, now),
                false => drive::inset_freshness(&tile.rhythm, now),
            };
            let freshness = tile.freshness(heard);
            tile.paint(&mut self.frame, place, self.colour, freshness, now)?;
            tiles.push(tile_time(tile, freshness));
        }
        self.composed(tiles, now)
    }

    /// Takes the primary's colour. Everything is painted anew then.
    fn follow_colour(&mut self) -> Result<(), Error> {
        let primary = self.tiles.get(self.primary).and_then(Tile::colour);
        let Some(colour) = primary.filter(|colour| *colour != self.colour) else { return Ok(()) };
        self.colour = colour;
        let info = picture::i420(self.layout.canvas, colour)?;
        self.pool = Pool::new(&info)?;
        self.frame = picture::write(self.pool.buffer()?, &info)?;
        self.blacken();
        self.tiles.iter_mut().for_each(Tile::recolour);
        Ok(())
    }

    fn composed(&mut self, tiles: Vec<TileTime>, now: MonoTime) -> Result<Composed, Error> {
        let info = picture::i420(self.layout.canvas, self.colour)?;
        let mut copy = picture::write(self.pool.buffer()?, &info)?;
        self.frame.copy(&mut copy).map_err(|_| picture::Error::NoMemory(info.size()))?;
        let primary = self.tiles.get(self.primary);
        let captured = primary.and_then(|tile| tile.rhythm.last()).unwrap_or(now);
        let header = Header {
            id: self.next,
            layout: self.layout.epoch,
            composed: now.as_session_in_theatre(),
            colour: self.colour,
            tiles,
        };
        self.next.index += 1;
        let new_layout = (self.told.as_ref() != Some(&self.layout)).then(|| self.layout.clone());
        if new_layout.is_some() {
            self.told.clone_from(&new_layout);
        }
        Ok(Composed {
            header,
            primary: self.layout.primary,
            picture: Picture { buffer: copy.into_buffer(), info, captured },
            in_slot: primary.and_then(Tile::in_slot).unwrap_or(now),
            interval: primary.map_or(drive::TIMER, |tile| tile.rhythm.interval()),
            new_layout,
        })
    }

    fn blacken(&mut self) {
        let whole = CanvasRect { x: 0, y: 0, size: self.layout.canvas };
        paint::black(&mut self.frame, whole, self.colour.range);
    }
}

impl Insets {
    /// Whether the tile at place `index` takes a picture at `now`, the canvas before this one having been made at `before`.
    fn due(self, index: usize, before: MonoTime, now: MonoTime) -> bool {
        let turn = SLOWED * u32::try_from(index).unwrap_or(0) / MAX_TILES as u32;
        let turns = |at: MonoTime| (at + turn).since(MonoTime(0)).as_micros() / SLOWED.as_micros();
        self == Self::EveryCanvas || turns(now) > turns(before)
    }
}

fn tile_time(tile: &Tile, freshness: Freshness) -> TileTime {
    let captured = tile.rhythm.last().map(MonoTime::as_session_in_theatre);
    TileTime { source: tile.source, captured, freshness }
}

#[cfg(test)]
mod tests;
