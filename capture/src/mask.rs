//! Privacy masks at work: makes the masked areas of a source's pictures black, at full resolution and before anything
//! else is done with them, and withholds pictures that no mask was drawn for. Canvas, stills and whatever else takes
//! pictures from a source's branch get them from here. The OR display does not: the surgeon sees the whole picture.
//!
//! What a mask is and who needs one is `config::mask`'s; the preview in which it is drawn is `editor`.

pub mod burned;
pub mod drawing;
pub mod editor;
mod preview;
mod save;
pub mod stencil;

use std::sync::{Mutex, MutexGuard, PoisonError};

use media::component::Component;
use media::picture::{self, Converter, Picture};
use protocol::geometry::{CanvasRect, SizePx};

use crate::config::mask::Areas;
use crate::config::{self, Mask, Source};

/// Whether a source's pictures may leave, shared by its branch and whoever confirms.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
}

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Pictures pass, or none came.
    #[default]
    Passing,
    /// Pictures are withheld.
    Withholding(Mismatch),
    /// The configuration has no mask to go by where there must be one.
    Shut,
    /// Somebody in theatre looked: the mask fits pictures of this size too.
    Confirmed(SizePx),
}

/// Why pictures are withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The mask belongs to pictures of another size.
    Mismatch(Mismatch),
    /// The configuration's mask is wrong, or missing where somebody has to decide.
    NoMask,
}

/// A mask and a picture that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch {
    /// The picture's size.
    pub picture: SizePx,
    /// The size of the picture that the mask was drawn on.
    pub mask: SizePx,
}

impl Gate {
    /// Why pictures are withheld, if they are.
    pub fn withholds(&self) -> Option<Withheld> {
        match *self.lock() {
            State::Withholding(mismatch) => Some(Withheld::Mismatch(mismatch)),
            State::Shut => Some(Withheld::NoMask),
            State::Passing | State::Confirmed(_) => None,
        }
    }

    /// Somebody in theatre looked: stretched onto pictures of the size that is withheld now, the mask covers what it has
    /// to. It holds until this program ends or the size changes again. Gives what was confirmed; `None` if nothing is
    /// withheld.
    pub fn confirm(&self) -> Option<Mismatch> {
        let mut state = self.lock();
        let State::Withholding(mismatch) = *state else { return None };
        *state = State::Confirmed(mismatch.picture);
        Some(mismatch)
    }

    /// Whether a picture of `size` may leave under a mask drawn on a picture of `mask`'s size.
    fn admits(&self, size: SizePx, mask: SizePx) -> bool {
        let mut state = self.lock();
        *state = match *state {
            _ if size == mask => State::Passing,
            State::Confirmed(confirmed) if confirmed == size => return true,
            _ => State::Withholding(Mismatch { picture: size, mask }),
        };
        *state == State::Passing
    }

    fn shut(&self) {
        *self.lock() = State::Shut;
    }

    /// No panic can leave it half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done with the pictures of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// All pass: nobody had to decide, or nothing has to be covered.
    Pass,
    /// These areas are made black.
    Cover(Areas),
    /// None passes: there is no mask to go by.
    Withhold,
}

impl Rule {
    /// What the configuration says of `source`, which it calls `name`.
    pub fn of(name: &str, source: &Source) -> Self {
        match &source.mask {
            _ if config::mask::fault(name, source).is_some() => Self::Withhold,
            Ok(Some(Mask::Areas(areas))) => Self::Cover(areas.clone()),
            Ok(Some(Mask::None(_)) | None) | Err(_) => Self::Pass,
        }
    }
}

/// Makes the pictures of one source fit to leave.
#[derive(Debug)]
pub struct Masker {
    rule: Rule,
    /// Makes the copy that is masked: in the source's own format, or the nearest with one byte a component.
    converter: Option<Converter>,
    stencil: Option<(SizePx, Vec<CanvasRect>)>,
}

impl Masker {
    /// Does what `rule` says.
    pub fn new(rule: Rule) -> Self {
        Self { rule, converter: None, stencil: None }
    }

    /// `picture` with its masked areas black; `None` if it must not leave, which `gate` then tells.
    ///
    /// # Errors
    /// The picture cannot be read, or there is no memory.
    pub fn apply(&mut self, picture: &Picture, gate: &Gate) -> Result<Option<Picture>, picture::Error> {
        self.apply_seen(picture, gate, |_| {})
    }

    /// The same; `see` is shown the whole picture before anything of it is made black. It is not where nothing is, and
    /// where the picture must not leave.
    ///
    /// # Errors
    /// See [`Masker::apply`].
    pub fn apply_seen(
        &mut self,
        picture: &Picture,
        gate: &Gate,
        see: impl FnOnce(&Picture),
    ) -> Result<Option<Picture>, picture::Error> {
        let areas = match &self.rule {
            Rule::Pass => return Ok(Some(picture.clone())),
            Rule::Cover(areas) => areas,
            Rule::Withhold => {
                gate.shut();
                return Ok(None);
            }
        };
        let size = picture.size();
        if !gate.admits(size, areas.size) {
            return Ok(None);
        }
        if self.stencil.as_ref().is_none_or(|(of, _)| *of != size) {
            self.stencil = Some((size, stencil::rectangles(areas, size)));
        }
        let copy = picture::copy(picture, &mut self.converter)?;
        see(&copy);
        let rectangles = self.stencil.as_ref().map(|(_, rectangles)| rectangles.as_slice()).unwrap_or_default();
        blackened(copy, rectangles).map(Some)
    }
}

fn blackened(picture: Picture, rectangles: &[CanvasRect]) -> Result<Picture, picture::Error> {
    let Picture { buffer, info, captured } = picture;
    if Component::all(&info).is_empty() {
        // Nothing could be made black in it.
        return Err(picture::Error::NotRaw(format!("{} cannot be masked", info.format().to_str())));
    }
    let mut frame = picture::write(buffer, &info)?;
    for rectangle in rectangles {
        crate::canvas::paint::black(&mut frame, *rectangle);
    }
    Ok(Picture { buffer: frame.into_buffer(), info, captured })
}

#[cfg(test)]
mod tests;
