//! One tile of the canvas: the newest picture of its source, and what of it is painted.

use std::sync::{Arc, Mutex, PoisonError};
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

use super::inlet::{CanvasColour, Inlet, Part, Scaled, Watched};
use super::rhythm::Rhythm;
use super::sign::{Age, Signs, Word};
use super::{Error, paint};
use crate::signal::{Policy, Signal};

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
    signal: Watched,
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
    /// The same with the words that it is held, for so long.
    Held(u64, CanvasRect, Age),
    /// A sign in the place of a picture.
    Sign(Word),
}

impl Tile {
    pub(super) fn new(tile: &layout::Tile, policy: Policy) -> Result<Self, Error> {
        Ok(Self {
            source: tile.source,
            rhythm: Rhythm::default(),
            place: tile.tile,
            slot: Arc::default(),
            seen: 0,
            latest: None,
            signal: Arc::new(Mutex::new(Signal::new(policy))),
            signs: Signs::draw(tile, policy.stills)?,
            painted: Painted::Nothing,
        })
    }

    pub(super) fn inlet(&self, part: Part, colour: CanvasColour) -> Inlet {
        let (slot, signal) = (Arc::clone(&self.slot), Arc::clone(&self.signal));
        Inlet { source: self.source, part, tile: self.place, colour, slot, signal, converter: None, refused: None }
    }

    /// How the source stands, where `heard` says whether its pictures come.
    pub(super) fn freshness(&self, heard: Freshness) -> Freshness {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).freshness(heard)
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

    /// The canvas has another colour and nothing on it; pictures of the old colour do not count any more.
    pub(super) fn recolour(&mut self) {
        self.painted = Painted::Nothing;
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
        match (wanted, &self.latest) {
            (Painted::Picture(_, at), Some(latest)) => self.paint_picture(canvas, latest, at, colour)?,
            (Painted::Held(_, at, age), Some(latest)) => {
                self.paint_picture(canvas, latest, at, colour)?;
                self.signs.paint_held(canvas, age, at, colour.range);
            }
            (Painted::Sign(word), _) => self.signs.paint(canvas, word, self.place, colour.range),
            _ => self.signs.paint(canvas, Word::Waiting, self.place, colour.range),
        }
        self.painted = wanted;
        Ok(())
    }

    /// A picture that follows one at the same place covers it; anything else may leave a rest of what was there.
    fn paint_picture(
        &self,
        canvas: &mut VideoFrame<Writable>,
        latest: &Scaled,
        at: CanvasRect,
        colour: Colour,
    ) -> Result<(), Error> {
        if !matches!(self.painted, Painted::Picture(_, before) | Painted::Held(_, before, _) if before == at) {
            paint::black(canvas, self.place, colour.range);
        }
        paint::picture(canvas, &latest.picture.read()?, at);
        Ok(())
    }

    fn wanted(&self, at: CanvasRect, colour: Colour, freshness: Freshness, now: MonoTime) -> Painted {
        let word = Word::of(freshness);
        let Some(latest) = &self.latest else { return Painted::Sign(word.unwrap_or(Word::Waiting)) };
        // Of a source that goes on without news it was time enough to be sure.
        let is_due = freshness.since().is_some() || now.since(latest.picture.captured) >= SIGN_AFTER;
        if let Some(word) = word.filter(|_| is_due) {
            return Painted::Sign(word);
        }
        // Scaled for a canvas of another colour: the next picture will fit.
        if latest.picture.colour() != colour {
            return if self.painted == Painted::Nothing { Painted::Sign(Word::Waiting) } else { self.painted };
        }
        match freshness {
            Freshness::Held { since } => {
                Painted::Held(self.seen, at, Age::of(now.as_session_in_theatre().since(since)))
            }
            _ => Painted::Picture(self.seen, at),
        }
    }
}
