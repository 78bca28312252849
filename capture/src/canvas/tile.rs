//! One source on the canvas: its newest picture, and what of it is painted where the layout puts it.

use std::sync::Arc;
use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::picture::Picture;
use protocol::colour::Colour;
use protocol::frame::{Freshness, TileTime};
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use protocol::layout;
use protocol::time::MonoTime;

use super::inlet::{Branch, Inlet, Scaled};
use super::rhythm::Rhythm;
use super::sheet::Painted;
use super::sign::{Signs, Words};
use super::{Error, paint};

/// Silence after which the sign takes the place of a lost source's last picture: the 500 ms after which a picture
/// counts as frozen (invariant 2). Until then the frame's header alone says that it is lost, so that a hiccup of the
/// machine does not make the operation flicker.
const SIGN_AFTER: Duration = Duration::from_millis(500);

/// A source that may stand on the canvas.
pub(super) struct Tile {
    pub(super) source: SourceId,
    pub(super) rhythm: Rhythm,
    name: String,
    branch: Arc<Branch>,
    seen: u64,
    latest: Option<Scaled>,
    /// How many pictures were kept so far: the number of the latest.
    kept: u64,
}

impl Tile {
    pub(super) fn new(name: &str, branch: Arc<Branch>, source: SourceId) -> Self {
        let name = name.to_uppercase();
        Self { source, rhythm: Rhythm::default(), name, branch, seen: 0, latest: None, kept: 0 }
    }

    pub(super) fn inlet(&self) -> Inlet {
        Inlet(Arc::clone(&self.branch))
    }

    pub(super) fn branch(&self) -> &Branch {
        &self.branch
    }

    /// Draws ahead what a tile of this size says without a picture.
    pub(super) fn prepare(&self, signs: &Signs, size: SizePx, colour: Colour) -> Result<(), Error> {
        [self.waiting(), self.lost()].into_iter().try_for_each(|text| signs.prepare(&Words { text, size, colour }))
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

    /// How the source stands, as the frame's header says it. Of a source that is withheld nothing is to be seen.
    pub(super) fn time(&self, freshness: Freshness) -> TileTime {
        let captured = self.rhythm.last().map(MonoTime::as_session_in_theatre);
        let freshness = match self.branch.gate.withholds() {
            Some(_) if captured.is_some() => Freshness::Lost,
            _ => freshness,
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
        signs: &Signs,
        now: MonoTime,
    ) -> Result<(), Error> {
        let mut wanted = self.wanted(place, colour, freshness, now);
        if wanted == *shows {
            return Ok(());
        }
        let picture = match &wanted {
            Painted::Picture(..) => self.latest.as_ref().and_then(|latest| latest.picture.clone()),
            Painted::Sign(text) => signs.get(Words { text: text.clone(), size: place.tile.size, colour }),
            Painted::Black => None,
        };
        if picture.is_none() {
            wanted = Painted::Black;
        }
        let at = if let Painted::Picture(_, at) = wanted { at } else { place.tile };
        // A picture that follows one at the same place covers it; anything else may leave a rest of what was there.
        let covers =
            matches!((&*shows, &wanted), (Painted::Picture(_, before), Painted::Picture(_, at)) if before == at);
        if !covers && wanted != *shows {
            paint::black(canvas, place.tile, colour.range);
        }
        if let Some(picture) = picture {
            paint::picture(canvas, &picture.read()?, at);
        }
        *shows = wanted;
        Ok(())
    }

    fn keep(&mut self, mut scaled: Scaled, now: MonoTime) {
        scaled.captured = scaled.captured.min(now);
        self.kept += 1;
        self.latest = Some(scaled);
    }

    fn wanted(&self, place: &layout::Tile, colour: Colour, freshness: Freshness, now: MonoTime) -> Painted {
        if let Some(mismatch) = self.branch.gate.withholds() {
            let size = |size: SizePx| format!("{}x{}", size.width, size.height);
            let (mask, picture) = (size(mismatch.mask), size(mismatch.picture));
            return Painted::Sign(format!(
                "{}\nWITHHELD: mask does not fit\nmask {mask}, picture {picture}",
                self.name
            ));
        }
        let Some(latest) = &self.latest else { return Painted::Sign(self.waiting()) };
        if freshness == Freshness::Lost && now.since(latest.captured) >= SIGN_AFTER {
            return Painted::Sign(self.lost());
        }
        if self.fits(Some(place), colour) { Painted::Picture(self.kept, place.picture) } else { Painted::Black }
    }

    fn waiting(&self) -> String {
        format!("{}\nwaiting for picture", self.name)
    }

    fn lost(&self) -> String {
        format!("{}\nNO SIGNAL", self.name)
    }
}
