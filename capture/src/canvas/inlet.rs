//! The end of a source's branch: brings each picture to the size and colour of its tile on the source's own thread,
//! and leaves it in a slot. The canvas takes the newest from there, whenever it is made. What supervision has to know of
//! each picture it is told here (`crate::signal`).

use std::sync::{Arc, Mutex, PoisonError};

use annotation::geometry::fit;
use media::picture::{self, Converter, Picture};
use media::slot::Slot;
use program::clock;
use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::SourceId;
use protocol::time::MonoTime;

use crate::signal::{self, Look, Signal, Trouble};

/// How a source stands. Shared by its inlet and its tile.
pub(super) type Watched = Arc<Mutex<Signal>>;

/// The colour in which the canvas is made: the primary's. Shared by all inlets.
pub(super) type CanvasColour = Arc<Mutex<Colour>>;

/// A picture that fits its tile.
#[derive(Debug, Clone)]
pub(super) struct Scaled {
    /// The pixels, I420 in the canvas's colour as it was then.
    pub(super) picture: Picture,
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

/// Takes one source's pictures for one tile.
pub struct Inlet {
    pub(super) source: SourceId,
    pub(super) part: Part,
    pub(super) tile: CanvasRect,
    pub(super) colour: CanvasColour,
    pub(super) slot: Arc<Slot<Scaled>>,
    pub(super) signal: Watched,
    pub(super) converter: Option<Converter>,
    pub(super) refused: Option<String>,
}

impl Inlet {
    /// Whose pictures it takes.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Takes a picture, scales it and leaves it for the next canvas. A picture that cannot be converted is left out;
    /// the first of its kind is logged.
    pub fn deliver(&mut self, picture: &Picture) {
        match self.scale(picture) {
            Ok(scaled) => {
                self.refused = None;
                self.watch(picture, &scaled);
                self.slot.put(scaled);
            }
            Err(error) => {
                let what = error.to_string();
                if self.refused.as_ref() != Some(&what) {
                    tracing::warn!("source {}: {what}; such pictures are left out", self.source.0);
                }
                self.refused = Some(what);
                self.trouble(Trouble::Unusable);
            }
        }
    }

    /// The source says of itself that something is wrong with it.
    pub fn trouble(&self, trouble: Trouble) {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).trouble(trouble);
    }

    /// Tells supervision of a picture. A capture time in the future, which only a broken sender has, counts as now.
    fn watch(&self, picture: &Picture, scaled: &Scaled) {
        if let Some(print) = signal::print(picture) {
            let look = Look { print, is_dark: signal::is_dark(&scaled.picture) };
            let captured = picture.captured.min(scaled.in_slot);
            self.signal.lock().unwrap_or_else(PoisonError::into_inner).picture(look, captured);
        }
    }

    fn scale(&mut self, picture: &Picture) -> Result<Scaled, picture::Error> {
        let colour = self.canvas_colour(picture);
        let fits = |converter: &Converter| converter.takes(&picture.info) && colour_of(converter) == colour;
        let converter = match self.converter.take().filter(fits) {
            Some(converter) => converter,
            None => {
                let place = fit(picture.size(), self.tile);
                Converter::new(&picture.info, &picture::i420(place.size, colour)?)?
            }
        };
        let scaled = self.converter.insert(converter).convert(picture)?;
        Ok(Scaled { picture: scaled, image: picture.size(), in_slot: clock::now() })
    }

    /// The colour to convert to; the primary's picture sets it.
    fn canvas_colour(&self, picture: &Picture) -> Colour {
        let mut colour = self.colour.lock().unwrap_or_else(PoisonError::into_inner);
        if self.part == Part::Primary {
            *colour = picture.colour();
        }
        *colour
    }
}

fn colour_of(converter: &Converter) -> Colour {
    media::colour::of(converter.output())
}
