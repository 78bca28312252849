//! What the window of the mask editor shows: the source's picture with exactly that black which will be black, the corners
//! of what was drawn, and words. Where pictures come from and go to is `editor`'s.

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::caption::{self, Letters};
use media::picture::{self, Converter, Picture};
use protocol::geometry::{CanvasRect, SizePx};

use super::drawing::Drawing;
use super::stencil;
use crate::canvas::paint;
use crate::config::mask::Areas;

/// The words below the picture's upper edge.
pub const HINT: &str = "Drag: rectangle    Click: corners of a polygon, Enter closes it    U undo    S save    Q quit";

/// Y, U and V of a corner's sign: white in either range.
const CORNER: [u8; 3] = [235, 128, 128];
/// The side of a corner's sign in pixels.
const CORNER_PX: u16 = 6;
/// Room around the words in pixels.
const MARGIN_PX: u16 = 8;

/// Draws previews of pictures of one size.
pub struct Preview {
    size: SizePx,
    words: Letters,
    converter: Option<Converter>,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The picture cannot be read, or there is no memory.
    #[error(transparent)]
    Picture(#[from] picture::Error),
    /// The words cannot be drawn.
    #[error(transparent)]
    Caption(#[from] caption::Error),
}

impl Preview {
    /// For pictures of `size`, with [`HINT`] on them.
    ///
    /// # Errors
    /// [`Error::Caption`].
    pub fn new(size: SizePx) -> Result<Self, Error> {
        Ok(Self { size, words: caption::letters(HINT, size.width)?, converter: None })
    }

    /// Puts other words in the place of those that stand there.
    ///
    /// # Errors
    /// [`Error::Caption`].
    pub fn say(&mut self, words: &str) -> Result<(), Error> {
        self.words = caption::letters(words, self.size.width)?;
        Ok(())
    }

    /// `picture` with what was drawn on it, in planar 4:2:0.
    ///
    /// # Errors
    /// [`Error::Picture`].
    pub fn of(&mut self, picture: &Picture, drawing: &Drawing) -> Result<Picture, Error> {
        let wanted = picture::i420(self.size, picture.colour())?;
        let converter = match self.converter.take().filter(|converter| converter.takes(&picture.info)) {
            Some(converter) => converter,
            None => Converter::new(&picture.info, &wanted)?,
        };
        let Picture { buffer, info, captured } = self.converter.insert(converter).convert(picture)?;
        let mut frame = picture::write(buffer, &info)?;
        let areas = Areas { size: self.size, areas: drawing.seen() };
        for rectangle in stencil::rectangles(&areas, self.size) {
            paint::black(&mut frame, rectangle);
        }
        let corners = areas.areas.iter().flat_map(crate::config::mask::Area::corners);
        corners.chain(drawing.outline().iter().copied()).for_each(|corner| self.corner(&mut frame, corner));
        self.words(&mut frame, picture);
        Ok(Picture { buffer: frame.into_buffer(), info, captured })
    }

    fn corner(&self, frame: &mut VideoFrame<Writable>, [x, y]: [u16; 2]) {
        let first = |px: u16, most: u16| px.saturating_sub(CORNER_PX / 2).min(most.saturating_sub(CORNER_PX)) & !1;
        let size = SizePx { width: CORNER_PX, height: CORNER_PX };
        let at = CanvasRect { x: first(x, self.size.width), y: first(y, self.size.height), size };
        paint::fill(frame, at, CORNER);
    }

    fn words(&self, frame: &mut VideoFrame<Writable>, picture: &Picture) {
        let room = |px: u16, most: u16| (px + 2 * MARGIN_PX).min(most) & !1;
        let width = room(self.words.size.width, self.size.width);
        let size = SizePx { width, height: room(self.words.size.height, self.size.height) };
        paint::black(frame, CanvasRect { x: 0, y: 0, size });
        paint::letters(frame, &self.words, (MARGIN_PX, MARGIN_PX), picture.colour().range);
    }
}
