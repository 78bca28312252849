//! One source on the canvas: its newest picture, and what of it is painted where the layout puts it.

use std::sync::Arc;
use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::caption::Letters;
use media::picture::Picture;
use protocol::colour::{Colour, Range};
use protocol::frame::{Freshness, TileTime};
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use protocol::layout;
use protocol::time::MonoTime;

use super::inlet::{Branch, Inlet, Scaled};
use super::letters::Lettering;
use super::rhythm::Rhythm;
use super::sheet::Painted;
use super::sign::{self, Age, HELD, Word};
use super::{Error, paint};
use crate::mask::{Mismatch, Withheld};
use crate::signal::Stills;

/// Silence after which the sign takes the place of a lost source's last picture: the 500 ms after which a picture
/// counts as frozen (invariant 2). Until then the frame's header alone says that it is lost, so that a hiccup of the
/// machine does not make the operation flicker.
const SIGN_AFTER: Duration = Duration::from_millis(500);

/// A source that may stand on the canvas.
pub(super) struct Tile {
    pub(super) source: SourceId,
    pub(super) rhythm: Rhythm,
    name: String,
    stills: Stills,
    branch: Arc<Branch>,
    seen: u64,
    latest: Option<Scaled>,
    /// How many pictures were kept so far: the number of the latest.
    kept: u64,
}

impl Tile {
    /// `stills` is what it means that pictures of the source stand still.
    pub(super) fn new(name: &str, branch: Arc<Branch>, source: SourceId, stills: Stills) -> Self {
        let name = name.to_uppercase();
        Self { source, rhythm: Rhythm::default(), name, stills, branch, seen: 0, latest: None, kept: 0 }
    }

    pub(super) fn inlet(&self) -> Inlet {
        Inlet(Arc::clone(&self.branch))
    }

    pub(super) fn branch(&self) -> &Arc<Branch> {
        &self.branch
    }

    /// Draws the letters of all that a tile of this width may have to say.
    pub(super) fn prepare(&self, letters: &Lettering, width: u16) -> Result<(), Error> {
        letters.prepare(&self.words(), width)
    }

    /// Has them drawn soon.
    pub(super) fn ask(&self, letters: &Lettering, width: u16) {
        // They are got when they are needed.
        let _ = letters.get(&self.words(), width);
    }

    /// Waits until there is something to take, at most `at_most`.
    pub(super) fn wait(&self, at_most: Duration) {
        // The picture is taken in `take`; here only the waiting counts.
        let _ = self.branch.slot.wait_newer(self.seen, at_most);
    }

    /// Takes the newest picture, if it was not taken before. A capture time in the future, which only a broken
    /// sender has, counts as now: no picture stays live by it.
    pub(super) fn take(&mut self, now: MonoTime) -> bool {
        let Some((sequence, scaled)) = self.branch.slot.newer_than(self.seen) else { return false };
        self.seen = sequence;
        self.keep(scaled, now);
        self.rhythm.came(self.latest.as_ref().map_or(now, |latest| latest.captured));
        true
    }

    /// Scales the newest picture anew. Returns whether that was done.
    pub(super) fn refit(&mut self, now: MonoTime) -> bool {
        let Some(scaled) = self.branch.refit() else { return false };
        self.keep(scaled, now);
        true
    }

    /// Whether the newest picture has the size that `place` needs, where the source has a place.
    pub(super) fn has_size_for(&self, place: Option<&layout::Tile>) -> bool {
        let (Some(place), Some(latest)) = (place, &self.latest) else { return true };
        latest.picture.as_ref().is_some_and(|picture| picture.size() == place.picture.size)
    }

    /// Whether the newest picture can be painted at `place`, where the source has a place, on a canvas of this colour.
    pub(super) fn fits(&self, place: Option<&layout::Tile>, colour: Colour) -> bool {
        let made = self.latest.as_ref().and_then(|latest| latest.picture.as_ref()).map(Picture::colour);
        self.has_size_for(place) && (place.is_none() || made.is_none_or(|made| made == colour))
    }

    /// The size of the source's own pictures, once one came.
    pub(super) fn image(&self) -> Option<SizePx> {
        self.latest.as_ref().map(|scaled| scaled.image)
    }

    /// The colour of the newest picture.
    pub(super) fn colour(&self) -> Option<Colour> {
        self.latest.as_ref().map(|scaled| scaled.colour)
    }

    /// When the newest picture came into its slot.
    pub(super) fn in_slot(&self) -> Option<MonoTime> {
        self.latest.as_ref().map(|scaled| scaled.in_slot)
    }

    /// How the source stands, as the frame's header says it, where `heard` says whether its pictures come. Of a source that
    /// is withheld nothing is to be seen, whatever supervision has to say of what it gives.
    pub(super) fn time(&self, heard: Freshness) -> TileTime {
        let captured = self.rhythm.last().map(MonoTime::as_session_in_theatre);
        let freshness = match self.branch.gate.withholds() {
            Some(_) => Freshness::Withheld,
            None => self.branch.freshness(heard),
        };
        TileTime { source: self.source, captured, freshness }
    }

    /// Makes `canvas`, which `shows` this source so, show it at `place` as it stands.
    pub(super) fn paint(
        &self,
        (canvas, shows): (&mut VideoFrame<Writable>, &mut Painted),
        place: &layout::Tile,
        colour: Colour,
        freshness: Freshness,
        letters: &Lettering,
        now: MonoTime,
    ) -> Result<(), Error> {
        let mut wanted = self.wanted(place, colour, freshness, now);
        if wanted == *shows {
            return Ok(());
        }
        let said = match &wanted {
            Painted::Sign(text) => letters.get(&text.split('\n').collect::<Vec<_>>(), place.tile.size.width),
            Painted::Held(..) => letters.get(&HELD, place.tile.size.width),
            Painted::Picture(..) | Painted::Black => None,
        };
        // Until the letters are drawn the place of a sign is black, and an image stands without its age.
        wanted = match wanted {
            Painted::Sign(_) if said.is_none() => Painted::Black,
            Painted::Held(number, at, _) if said.is_none() => Painted::Picture(number, at),
            wanted => wanted,
        };
        if wanted != *shows {
            self.put((canvas, &*shows), place, &wanted, &said.unwrap_or_default(), colour.range)?;
            *shows = wanted;
        }
        Ok(())
    }

    /// Paints what is `wanted` over what `canvas` shows; `said` are the letters for it.
    fn put(
        &self,
        (canvas, shows): (&mut VideoFrame<Writable>, &Painted),
        place: &layout::Tile,
        wanted: &Painted,
        said: &[Arc<Letters>],
        range: Range,
    ) -> Result<(), Error> {
        // A picture that follows one at the same place covers it; anything else may leave a rest of what was there.
        if wanted.picture_at().is_none() || wanted.picture_at() != shows.picture_at() {
            paint::black(canvas, place.tile);
        }
        if let Some(at) = wanted.picture_at()
            && let Some(picture) = self.latest.as_ref().and_then(|latest| latest.picture.as_ref())
        {
            paint::picture(canvas, &picture.read()?, at);
        }
        match wanted {
            Painted::Sign(_) => sign::paint(canvas, said, place.tile, range),
            Painted::Held(_, at, age) => sign::paint_held(canvas, said, *age, *at, range),
            Painted::Picture(..) | Painted::Black => {}
        }
        Ok(())
    }

    fn keep(&mut self, mut scaled: Scaled, now: MonoTime) {
        scaled.captured = scaled.captured.min(now);
        self.kept += 1;
        self.latest = Some(scaled);
    }

    fn wanted(&self, place: &layout::Tile, colour: Colour, freshness: Freshness, now: MonoTime) -> Painted {
        if let Some(why) = self.branch.gate.withholds() {
            return self.withheld(why);
        }
        let word = Word::of(freshness);
        let Some(latest) = &self.latest else { return self.sign(word.unwrap_or(Word::Waiting)) };
        // Of a source that goes on without news it was time enough to be sure.
        let is_due = freshness.since().is_some() || now.since(latest.captured) >= SIGN_AFTER;
        if let Some(word) = word.filter(|_| is_due) {
            return self.sign(word);
        }
        if latest.picture.is_none() || !self.fits(Some(place), colour) {
            return Painted::Black;
        }
        match freshness {
            Freshness::Held { since } => {
                Painted::Held(self.kept, place.picture, Age::of(now.as_session_in_theatre().since(since)))
            }
            _ => Painted::Picture(self.kept, place.picture),
        }
    }

    fn sign(&self, word: Word) -> Painted {
        Painted::Sign(format!("{}\n{}", self.name, word.text()))
    }

    fn withheld(&self, why: Withheld) -> Painted {
        let size = |size: SizePx| format!("{}x{}", size.width, size.height);
        let why = match why {
            Withheld::NoMask => "it has no valid mask".to_owned(),
            Withheld::Mismatch(Mismatch { picture, mask }) => {
                format!("mask does not fit\nmask {}, picture {}", size(mask), size(picture))
            }
        };
        Painted::Sign(format!("{}\nWITHHELD: {why}", self.name))
    }

    /// Every line that a tile may have to say of it.
    fn words(&self) -> Vec<&str> {
        let held = if self.stills == Stills::Held { &HELD[..] } else { &[] };
        std::iter::once(self.name.as_str()).chain(Word::ALL.map(Word::text)).chain(held.iter().copied()).collect()
    }
}
