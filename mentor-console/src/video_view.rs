//! The picture on the screen: planes to the GPU as the decoder gave them, both chroma ones as one, converted there. Which picture, and whether
//! it may look live, is decided elsewhere.

pub mod conversion;
pub mod gl;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annotation::geometry::View;
use eframe::egui::{PaintCallback, Painter, Rect};
use eframe::{egui_glow, glow};
use media::picture::Picture;
use protocol::colour::Colour;

use crate::journal::Ticket;
use conversion::{Conversion, Strength};
use gl::{Look, Plane, Program, Sample};

/// How much colour and brightness a picture keeps that must not look live: none, and half, so that it can still be
/// read but not taken for what happens now.
const STALE: Strength = Strength { saturation: 0.0, brightness: 0.5 };

/// Draws the newest picture it was given.
pub struct VideoView {
    shared: Arc<Mutex<Shared>>,
}

/// What the paint callback works on; eframe runs it on the window's thread, between two of the view's own calls.
struct Shared {
    program: Program,
    /// Where chroma is interleaved, kept from picture to picture.
    chroma: Vec<u8>,
    /// Given, not yet on the GPU.
    next: Option<(Option<Ticket>, Picture)>,
    /// On the GPU.
    current: Option<(Colour, [usize; 2])>,
    /// Drawn for the first time since [`VideoView::take_drawn`].
    drawn: Option<Ticket>,
}

impl VideoView {
    /// Makes the view in the window's OpenGL context, which must be current, as it is while eframe starts.
    ///
    /// # Errors
    /// OpenGL is too old or broken.
    pub fn new(gl: Arc<glow::Context>) -> Result<Self, gl::Error> {
        let program = Program::new(gl, Conversion::new(Colour::default(), Strength::FULL))?;
        let shared = Shared { program, chroma: Vec::new(), next: None, current: None, drawn: None };
        Ok(Self { shared: Arc::new(Mutex::new(shared)) })
    }

    /// The next drawing shows `picture`, which is a frame's if there is a `ticket`.
    pub fn give(&self, ticket: Option<Ticket>, picture: Picture) {
        lock(&self.shared).next = Some((ticket, picture));
    }

    /// Has the picture drawn over the canvas's place in the window, grey and dim if it is `stale`.
    pub fn paint(&self, painter: &Painter, place: Rect, view: &View, stale: bool) {
        let shared = Arc::clone(&self.shared);
        let place_px = [view.rect.width as usize, view.rect.height as usize];
        painter.add(PaintCallback {
            rect: place,
            callback: Arc::new(egui_glow::CallbackFn::new(move |_, _| lock(&shared).paint(place_px, stale))),
        });
    }

    /// The picture that was drawn for the first time since the last call, if one was.
    pub fn take_drawn(&self) -> Option<Ticket> {
        lock(&self.shared).drawn.take()
    }

    /// Frees the GPU's memory. Must be the last call, with the context current.
    pub fn destroy(&self) {
        lock(&self.shared).program.destroy();
    }
}

impl Shared {
    fn paint(&mut self, place_px: [usize; 2], stale: bool) {
        if let Some((ticket, picture)) = self.next.take() {
            match upload(&mut self.program, &mut self.chroma, &picture) {
                Ok(size_px) => {
                    self.current = Some((picture.colour(), size_px));
                    self.drawn = ticket;
                }
                Err(error) => tracing::warn!("a decoded picture is left out: {error}"),
            }
        }
        if let Some((colour, size_px)) = self.current {
            let strength = if stale { STALE } else { Strength::FULL };
            let look = Look { conversion: Conversion::new(colour, strength), exact: size_px == place_px };
            if let Err(error) = self.program.draw(&look) {
                tracing::error!("the picture is not drawn: {error}");
            }
        }
    }
}

/// No panic can leave a picture half given here, so a poisoned lock is as good as a sound one.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a decoded picture cannot be shown.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error(transparent)]
    Picture(#[from] media::picture::Error),
    #[error("plane {0} of it is missing")]
    Plane(u32),
}

/// Hands the picture's planes to the GPU and returns its size. Blue and red difference go as one plane, interleaved in
/// `chroma`: on software OpenGL a sample costs the same whether it has one component or two, and as much as all the
/// arithmetic.
fn upload(program: &mut Program, chroma: &mut Vec<u8>, picture: &Picture) -> Result<[usize; 2], UploadError> {
    let frame = picture.read()?;
    let side = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    // Rows may be padded: a plane is handed out as whole rows, so its length over its rows is what a row takes.
    let plane = |index: u32| {
        let bytes = frame.plane_data(index).map_err(|_| UploadError::Plane(index))?;
        let component = u8::try_from(index).map_err(|_| UploadError::Plane(index))?;
        let (width, height) = (side(picture.info.comp_width(component)), side(picture.info.comp_height(component)));
        let stride = bytes.len().checked_div(height).ok_or(UploadError::Plane(index))?;
        Ok::<_, UploadError>(Plane { bytes, stride, width, height, sample: Sample::Luma })
    };
    let (luma, blue, red) = (plane(0)?, plane(1)?, plane(2)?);
    interleave(chroma, blue, red);
    program.upload([luma, Plane { bytes: chroma, stride: blue.width, sample: Sample::Chroma, ..blue }]);
    Ok([luma.width, luma.height])
}

/// Blue and red by turns, without padding.
fn interleave(into: &mut Vec<u8>, blue: Plane<'_>, red: Plane<'_>) {
    into.resize(2 * blue.width * blue.height, 0);
    let rows = blue.bytes.chunks(blue.stride.max(1)).zip(red.bytes.chunks(red.stride.max(1)));
    for (into, (blue, red)) in into.chunks_exact_mut((2 * blue.width).max(1)).zip(rows) {
        for (into, (blue, red)) in into.chunks_exact_mut(2).zip(blue.iter().zip(red)) {
            into.copy_from_slice(&[*blue, *red]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blue_and_red_alternate_and_padding_is_left_out() {
        let plane = |bytes, stride| Plane { bytes, stride, width: 2, height: 2, sample: Sample::Luma };
        let mut chroma = vec![9; 3];
        interleave(&mut chroma, plane(&[1, 2, 0, 3, 4, 0], 3), plane(&[5, 6, 7, 8], 2));
        assert_eq!(chroma, [1, 5, 2, 6, 3, 7, 4, 8]);
    }
}
