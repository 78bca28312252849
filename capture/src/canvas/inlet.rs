//! The end of a source's branch: masks each picture, brings it to the size and colour of its tile on the source's own
//! thread, and leaves it in a slot. The canvas takes the newest from there, whenever it is made. Supervision
//! (`crate::signal`) is told here what each picture looked like as the source gave it, before anything was masked.
//!
//! When tiles change their size the next picture is scaled for the new one. Where that may be long in coming, the canvas
//! has the newest picture scaled again ([`Branch::refit`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use annotation::geometry::fit;
use gstreamer_video::{VideoColorMatrix, VideoFormat, VideoInfo};
use media::component;
use media::picture::{self, Converter, Picture};
use media::slot::Slot;
use program::clock;
use protocol::colour::Colour;
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::SourceId;
use protocol::time::MonoTime;

use crate::mask::{Gate, Masker, Mismatch, Rule, Withheld};
use crate::signal::{self, Look, Policy, Signal, Trouble};

/// The colour in which the canvas is made: the primary's. Shared by all inlets.
pub(super) type CanvasColour = Arc<Mutex<Colour>>;

/// A picture as its tile needs it.
#[derive(Debug, Clone)]
pub(super) struct Scaled {
    /// The pixels, I420 in the canvas's colour as it was then; `None` if the source had no tile.
    pub(super) picture: Option<Picture>,
    /// When it was captured.
    pub(super) captured: MonoTime,
    /// Matrix and range of the source.
    pub(super) colour: Colour,
    /// The source's own size.
    pub(super) image: SizePx,
    /// When it was put into the slot.
    pub(super) in_slot: MonoTime,
}

/// Whose colour counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The primary: the canvas takes its colour.
    Primary,
    /// Any other source: it is converted to the canvas's colour.
    Inset,
}

/// Takes one source's pictures for the canvas.
pub struct Inlet(pub(super) Arc<Branch>);

/// What a source's thread and the canvas share of one branch.
pub(super) struct Branch {
    source: SourceId,
    /// What the configuration calls it.
    name: String,
    part: Part,
    /// The tile that pictures are scaled for; `None` while the source has none.
    tile: Mutex<Option<CanvasRect>>,
    colour: CanvasColour,
    pub(super) slot: Slot<Scaled>,
    pub(super) gate: Arc<Gate>,
    /// How the source stands.
    signal: Mutex<Signal>,
    scaler: Mutex<Scaler>,
}

struct Scaler {
    masker: Masker,
    /// To planar 4:2:0 of the same size, where that is done first.
    planar: Option<Converter>,
    converter: Option<Converter>,
    /// The newest picture, masked and of its own size.
    newest: Option<Picture>,
    refused: Option<String>,
}

impl Inlet {
    /// Whose pictures it takes.
    pub fn source(&self) -> SourceId {
        self.0.source
    }

    /// Takes a picture, masks and scales it and leaves it for the next canvas. A picture that cannot be converted is left
    /// out; the first of its kind is logged, and supervision is told. One that its mask does not fit goes nowhere.
    ///
    /// Gives what may leave of it, in its own size: whoever else takes pictures from here, such as for stills, takes this.
    pub fn deliver(&mut self, picture: &Picture) -> Option<Picture> {
        let branch = &self.0;
        let mut scaler = lock(&branch.scaler);
        match branch.take(&mut scaler, picture) {
            Ok(Some(scaled)) => {
                scaler.refused = None;
                let masked = scaler.newest.clone();
                // The slot is the canvas's to wait at; its waiting must not be for this lock.
                drop(scaler);
                branch.slot.put(scaled);
                masked
            }
            Ok(None) => {
                scaler.refuse(&branch.name, branch.withheld());
                None
            }
            Err(error) => {
                scaler.refuse(&branch.name, error.to_string());
                drop(scaler);
                self.trouble(Trouble::Unusable, picture.captured.min(clock::now()));
                None
            }
        }
    }

    /// How the source stands by its newest picture.
    pub fn freshness(&self) -> Freshness {
        lock(&self.0.signal).freshness(Freshness::Live)
    }

    /// The source said at `at` that something is wrong with it.
    pub fn trouble(&self, trouble: Trouble, at: MonoTime) {
        self.0.trouble(trouble, at);
    }
}

impl Branch {
    pub(super) fn new(
        (source, name): (SourceId, &str),
        part: Part,
        colour: CanvasColour,
        rule: Rule,
        policy: Policy,
    ) -> Self {
        let scaler = Scaler { masker: Masker::new(rule), planar: None, converter: None, newest: None, refused: None };
        let (tile, slot, gate, signal) =
            (Mutex::default(), Slot::default(), Arc::default(), Mutex::new(Signal::new(policy)));
        Self { source, name: name.to_owned(), part, tile, colour, slot, gate, signal, scaler: Mutex::new(scaler) }
    }

    /// How the source stands, where `heard` says whether its pictures come.
    pub(super) fn freshness(&self, heard: Freshness) -> Freshness {
        lock(&self.signal).freshness(heard)
    }

    /// The source said at `at` that something is wrong with it.
    pub(super) fn trouble(&self, trouble: Trouble, at: MonoTime) {
        lock(&self.signal).trouble(trouble, at);
    }

    /// From the next picture on they are scaled for `tile`; or not at all.
    pub(super) fn aim(&self, tile: Option<CanvasRect>) {
        *lock(&self.tile) = tile;
    }

    /// The newest picture, scaled for the tile as it is now. `None` without one, or while the source's own thread is about
    /// to give one.
    pub(super) fn refit(&self) -> Option<Scaled> {
        let mut scaler = match self.scaler.try_lock() {
            Ok(scaler) => scaler,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let newest = scaler.newest.clone()?;
        self.scale(&mut scaler, &newest).ok()
    }

    fn take(&self, scaler: &mut Scaler, picture: &Picture) -> Result<Option<Scaled>, picture::Error> {
        // Only a picture that was masked may be kept.
        scaler.newest = None;
        let mut whole_is_dark = component::has_bytes(&picture.info).then(|| signal::is_dark(picture));
        let masked = scaler.masker.apply_seen(picture, &self.gate, |whole| {
            whole_is_dark = whole_is_dark.or_else(|| Some(signal::is_dark(whole)));
        })?;
        let scaled = masked.as_ref().map(|masked| self.scale(scaler, masked)).transpose()?;
        // Where nothing is masked the tile's picture shows all there is, and tells it of every format.
        let shown = scaled.as_ref().and_then(|scaled| scaled.picture.as_ref()).unwrap_or(picture);
        let is_dark = whole_is_dark.unwrap_or_else(|| signal::is_dark(shown));
        self.watch(picture, is_dark, scaled.as_ref().map_or_else(clock::now, |scaled| scaled.in_slot));
        scaler.newest = masked;
        Ok(scaled)
    }

    /// Why nothing of it leaves, and what to do.
    fn withheld(&self) -> String {
        match self.gate.withholds() {
            Some(Withheld::Mismatch(Mismatch { picture, mask })) => format!(
                "its pictures are {}x{}, and its mask was drawn on {}x{}: somebody has to look, and say `capture-node ctl mask \
                 confirm {}`",
                picture.width, picture.height, mask.width, mask.height, self.name
            ),
            Some(Withheld::NoMask) | None => {
                format!("source.{}.mask is missing or wrong; `capture-node check` says what to write there", self.name)
            }
        }
    }

    /// Tells supervision of a picture that came by `now`. A capture time in the future, which only a broken sender has,
    /// counts as now.
    fn watch(&self, picture: &Picture, is_dark: bool, now: MonoTime) {
        if let Some(print) = signal::print(picture) {
            lock(&self.signal).picture(Look { print, is_dark }, picture.captured.min(now));
        }
    }

    fn scale(&self, scaler: &mut Scaler, picture: &Picture) -> Result<Scaled, picture::Error> {
        let colour = self.canvas_colour(picture);
        let tile = *lock(&self.tile);
        let scaled = tile.map(|tile| scaler.fitted(picture, fit(picture.size(), tile).size, colour)).transpose()?;
        let (captured, image) = (picture.captured, picture.size());
        Ok(Scaled { picture: scaled, captured, colour: picture.colour(), image, in_slot: clock::now() })
    }

    /// The colour to convert to; the primary's picture sets it.
    fn canvas_colour(&self, picture: &Picture) -> Colour {
        let mut colour = lock(&self.colour);
        if self.part == Part::Primary {
            *colour = picture.colour();
        }
        *colour
    }
}

impl Scaler {
    /// Pictures do not go further because of `what`, which is told once.
    fn refuse(&mut self, name: &str, what: String) {
        if self.refused.as_ref() != Some(&what) {
            tracing::warn!("source {name}: {what}; such pictures are left out");
        }
        self.refused = Some(what);
    }

    /// `picture` as I420 of this size and colour. One that is so already is not copied, but must be readable all the same.
    fn fitted(&mut self, picture: &Picture, size: SizePx, colour: Colour) -> Result<Picture, picture::Error> {
        if picture.info.format() == VideoFormat::I420 && (picture.size(), picture.colour()) == (size, colour) {
            return picture.read().map(|_| picture.clone());
        }
        let planar = match is_quick_to_planar(&picture.info) && picture.size() != size {
            true => Some(picture::planar(picture, &mut self.planar)?),
            false => None,
        };
        let picture = planar.as_ref().unwrap_or(picture);
        let fits = |converter: &Converter| {
            let made = converter.output();
            converter.takes(&picture.info) && (picture::size(made), media::colour::of(made)) == (size, colour)
        };
        let converter = match self.converter.take().filter(fits) {
            Some(converter) => converter,
            None => Converter::new(&picture.info, &picture::i420(size, colour)?)?,
        };
        self.converter.insert(converter).convert(picture)
    }
}

/// Whether planar 4:2:0 of the same size is made so quickly that scaling is cheaper from there: of what capture cards and
/// decoders give. GStreamer scales planes in half the time of pixels that it has to take apart and put together again.
fn is_quick_to_planar(info: &VideoInfo) -> bool {
    let quick = [VideoFormat::Nv12, VideoFormat::Yuy2, VideoFormat::Uyvy, VideoFormat::V210, VideoFormat::P01010le];
    // A matrix that is not carried (BT.2020) is dearer to change at full size.
    let carried = [VideoColorMatrix::Bt601, VideoColorMatrix::Bt709];
    quick.contains(&info.format()) && carried.contains(&info.colorimetry().matrix())
}

/// No panic can leave anything half changed under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
