//! One tile of the canvas: the newest picture of its source, and what of it is painted.

use std::sync::Arc;
use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::slot::Slot;
use protocol::colour::Colour;
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::SourceId;
use protocol::layout;
use protocol::time::MonoTime;

use super::inlet::{CanvasColour, Inlet, Part, Scaled};
use super::rhythm::Rhythm;
use super::sign::{self, Signs};
use super::{Error, paint};

/// Silence after which the sign takes the place of a lost source's last picture: the 500 ms after which a picture
/// counts as frozen (invariant 2). Until then the frame's header alone says that it is lost, so that a hiccup of the
/// machine does not make the operation flicker.
const SIGN_AFTER: Duration = Duration::from_millis(500);

/// A tile and its source.
pub(super) struct Tile {
    pub(super) source: SourceId,
    pub(super) rhythm: Rhythm,
    place: CanvasRect,
    slot: Arc<Slot<Scaled>>,
    seen: u64,
    latest: Option<Scaled>,
    signs: Signs,
    painted: Painted,
}

/// What the canvas shows where the tile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Painted {
    /// Nothing of this tile yet, or nothing that still holds.
    Nothing,
    /// The picture with this sequence number, at this place, in front of black.
    Picture(u64, CanvasRect),
    /// The sign that nothing came yet.
    Waiting,
    /// The sign that nothing comes any more.
    Lost,
}

impl Tile {
    pub(super) fn new(tile: &layout::Tile, colour: Colour) -> Result<Self, Error> {
        Ok(Self {
            source: tile.source,
            rhythm: Rhythm::default(),
            place: tile.tile,
            slot: Arc::default(),
            seen: 0,
            latest: None,
            signs: sign::draw(tile, colour)?,
            painted: Painted::Nothing,
        })
    }

    pub(super) fn inlet(&self, part: Part, colour: CanvasColour) -> Inlet {
        let slot = Arc::clone(&self.slot);
        Inlet { source: self.source, part, tile: self.place, colour, slot, converter: None, refused: None }
    }

    /// Waits until there is something to take, at most `at_most`.
    pub(super) fn wait(&self, at_most: Duration) {
        // The picture is taken in `take`; here only the waiting counts.
        let _ = self.slot.wait_newer(self.seen, at_most);
    }

    /// Takes the newest picture, if it was not taken before. A capture time in the future, which only a broken
    /// sender has, counts as now: no picture stays live by it.
    pub(super) fn take(&mut self, now: MonoTime) -> bool {
        let Some((sequence, mut scaled)) = self.slot.newer_than(self.seen) else { return false };
        scaled.picture.captured = scaled.picture.captured.min(now);
        self.seen = sequence;
        self.rhythm.came(scaled.picture.captured);
        self.latest = Some(scaled);
        true
    }

    /// The size of the source's own pictures, once one came.
    pub(super) fn image(&self) -> Option<SizePx> {
        self.latest.as_ref().map(|scaled| scaled.image)
    }

    /// The colour of the newest picture.
    pub(super) fn colour(&self) -> Option<Colour> {
        self.latest.as_ref().map(|scaled| scaled.picture.colour())
    }

    /// When the newest picture came into its slot.
    pub(super) fn in_slot(&self) -> Option<MonoTime> {
        self.latest.as_ref().map(|scaled| scaled.in_slot)
    }

    /// The canvas has another colour and nothing on it: signs are drawn anew, and pictures of the old colour do not
    /// count any more.
    pub(super) fn recolour(&mut self, tile: &layout::Tile, colour: Colour) -> Result<(), Error> {
        self.signs = sign::draw(tile, colour)?;
        self.painted = Painted::Nothing;
        Ok(())
    }

    /// Makes `canvas` show this tile as it stands.
    pub(super) fn paint(
        &mut self,
        canvas: &mut VideoFrame<Writable>,
        layout: &layout::Tile,
        colour: Colour,
        freshness: Freshness,
        now: MonoTime,
    ) -> Result<(), Error> {
        let wanted = self.wanted(layout.picture, colour, freshness, now);
        if wanted == self.painted {
            return Ok(());
        }
        let (picture, at) = match (wanted, &self.latest) {
            (Painted::Picture(_, at), Some(latest)) => (&latest.picture, at),
            (Painted::Lost, _) => (&self.signs.lost, self.place),
            _ => (&self.signs.waiting, self.place),
        };
        // A picture that follows one at the same place covers it; anything else may leave a rest of what was there.
        if !matches!(self.painted, Painted::Picture(_, before) if before == at) {
            paint::black(canvas, self.place, colour.range);
        }
        paint::picture(canvas, &picture.read()?, at);
        self.painted = wanted;
        Ok(())
    }

    fn wanted(&self, at: CanvasRect, colour: Colour, freshness: Freshness, now: MonoTime) -> Painted {
        let Some(latest) = &self.latest else { return Painted::Waiting };
        let silent = now.since(latest.picture.captured);
        if freshness == Freshness::Lost && silent >= SIGN_AFTER {
            return Painted::Lost;
        }
        // Scaled for a canvas of another colour: the next picture will fit.
        if latest.picture.colour() != colour {
            return if self.painted == Painted::Nothing { Painted::Waiting } else { self.painted };
        }
        Painted::Picture(self.seen, at)
    }
}
