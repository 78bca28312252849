//! What the window of the mask editor shows: the source's picture with exactly that black which will be black and the corners
//! of what was drawn, and words in a strip below it: a name under words would look as if it were covered. Where pictures come
//! from and go to is `editor`'s.

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::caption::{self, Letters};
use media::picture::{self, Converter, Picture, Pool};
use protocol::colour::{Colour, Range};
use protocol::geometry::{CanvasRect, SizePx};

use super::drawing::Drawing;
use crate::canvas::paint;
use crate::config::mask::Area;

/// What pointer and keys do.
pub const HINT: &str = "Drag: rectangle    Click: corners of a polygon, Enter closes it    U undo    S save    Q quit";

/// Y, U and V of a corner's sign: white in either range.
const CORNER: [u8; 3] = [235, 128, 128];
/// The side of a corner's sign in pixels.
const CORNER_PX: u16 = 6;
/// Room around the words in pixels.
const MARGIN_PX: u16 = 8;
/// The words have this part of the picture's width in height: three lines (`caption::letters`). More is left out.
const WORDS_HIGH: u16 = 16;

/// Draws previews of pictures of one size.
pub struct Preview {
    /// The picture's size.
    size: SizePx,
    words: Letters,
    converter: Option<Converter>,
    pool: Pool,
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
    /// For pictures of `size`, with [`HINT`] below them.
    ///
    /// # Errors
    /// [`Error`].
    pub fn new(size: SizePx) -> Result<Self, Error> {
        let pool = Pool::new(&picture::i420(with_strip(size), Colour::default())?)?;
        Ok(Self { size, words: letters(HINT, size)?, converter: None, pool })
    }

    /// Puts other words in the place of those that stand there.
    ///
    /// # Errors
    /// [`Error::Caption`].
    pub fn say(&mut self, words: &str) -> Result<(), Error> {
        self.words = letters(words, self.size)?;
        Ok(())
    }

    /// `picture` with what was drawn on it, in planar 4:2:0, and the words below. Its pixels have the places they have in
    /// `picture`.
    ///
    /// # Errors
    /// [`Error::Picture`].
    pub fn of(&mut self, picture: &Picture, drawing: &Drawing) -> Result<Picture, Error> {
        let plain = picture::planar(picture, &mut self.converter)?;
        let whole = with_strip(self.size);
        let info = picture::i420(whole, picture.colour())?;
        let mut frame = picture::write(self.pool.buffer()?, &info)?;
        paint::black(&mut frame, CanvasRect { x: 0, y: 0, size: whole });
        paint::picture(&mut frame, &plain.read()?, CanvasRect { x: 0, y: 0, size: self.size });
        for rectangle in drawing.black() {
            paint::black(&mut frame, rectangle);
        }
        let seen = drawing.seen();
        let corners = seen.iter().flat_map(Area::corners);
        corners.chain(drawing.outline().iter().copied()).for_each(|corner| self.corner(&mut frame, corner));
        self.words(&mut frame, picture.colour().range);
        Ok(Picture { buffer: frame.into_buffer(), info, captured: picture.captured })
    }

    fn corner(&self, frame: &mut VideoFrame<Writable>, [x, y]: [u16; 2]) {
        let first = |px: u16, most: u16| px.saturating_sub(CORNER_PX / 2).min(most.saturating_sub(CORNER_PX)) & !1;
        let size = SizePx { width: CORNER_PX, height: CORNER_PX };
        let at = CanvasRect { x: first(x, self.size.width), y: first(y, self.size.height), size };
        paint::fill(frame, at, CORNER);
    }

    fn words(&self, frame: &mut VideoFrame<Writable>, range: Range) {
        let top = even(self.size.height).saturating_add(MARGIN_PX);
        paint::letters(frame, &self.words, (MARGIN_PX, top), range);
    }
}

/// The size of the preview of a picture of `size`. The strip begins at an even row, and shares no chroma with the picture.
fn with_strip(size: SizePx) -> SizePx {
    let strip = even(size.width / WORDS_HIGH) + 2 * MARGIN_PX;
    SizePx { width: even(size.width), height: even(size.height).saturating_add(strip) }
}

/// `px`, or one more.
fn even(px: u16) -> u16 {
    px.saturating_add(px % 2)
}

fn letters(words: &str, size: SizePx) -> Result<Letters, caption::Error> {
    caption::letters(words, size.width.saturating_sub(2 * MARGIN_PX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mask::Areas;
    use gstreamer as gst;
    use gstreamer_video::prelude::*;
    use protocol::time::MonoTime;

    /// A picture with another code at each place, none of them black or white.
    fn patterned(size: SizePx) -> Picture {
        let info = picture::i420(size, Colour::default()).unwrap();
        let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
        for plane in 0..3u8 {
            let stride = usize::try_from(frame.plane_stride()[usize::from(plane)]).unwrap();
            for (y, row) in frame.plane_data_mut(plane.into()).unwrap().chunks_mut(stride).enumerate() {
                row.iter_mut().enumerate().for_each(|(x, code)| *code = 40 + ((x * 3 + y * 5) % 80) as u8);
            }
        }
        Picture { buffer: frame.into_buffer(), info, captured: MonoTime(1_000) }
    }

    /// Where, in the picture's pixels by plane, the preview is another than the picture.
    fn changed(picture: &Picture, preview: &Picture) -> Vec<(usize, usize)> {
        let (given, shown) = (picture.read().unwrap(), preview.read().unwrap());
        let mut changed = Vec::new();
        for plane in 0..3u8 {
            let (number, halved) = (usize::from(plane), usize::from(plane > 0));
            let samples = |px: u16| (usize::from(px) + halved) >> halved;
            let strides = [&given, &shown].map(|frame| usize::try_from(frame.plane_stride()[number]).unwrap());
            let planes = [&given, &shown].map(|frame| frame.plane_data(plane.into()).unwrap());
            for y in 0..samples(picture.size().height) {
                for x in 0..samples(picture.size().width) {
                    if planes[0][y * strides[0] + x] != planes[1][y * strides[1] + x] {
                        changed.push((x << halved, y << halved));
                    }
                }
            }
        }
        changed
    }

    #[test]
    fn words_stand_below_the_picture_and_cover_none_of_it() {
        media::init().unwrap();
        for (width, height) in [(640, 360), (321, 181)] {
            let size = SizePx { width, height };
            let picture = patterned(size);
            let mut preview = Preview::new(size).unwrap();
            for words in [HINT.to_owned(), HINT.repeat(9)] {
                preview.say(&words).unwrap();
                let shown = preview.of(&picture, &Drawing::new(size, None)).unwrap();
                assert_eq!(changed(&picture, &shown).first(), None, "{width}x{height}");
                let whole = shown.size();
                assert!(
                    whole.width.is_multiple_of(2) && whole.height.is_multiple_of(2) && whole.width - width < 2,
                    "{whole:?}"
                );
                let frame = shown.read().unwrap();
                let stride = usize::try_from(frame.plane_stride()[0]).unwrap();
                let strip = &frame.plane_data(0).unwrap()[stride * usize::from(height + height % 2)..];
                assert!(strip.iter().any(|luma| *luma > 60) && strip.contains(&16), "words on black");
            }
        }
    }

    #[test]
    fn the_picture_is_as_it_came_everywhere_but_where_something_was_drawn() {
        media::init().unwrap();
        let size = SizePx { width: 640, height: 360 };
        let (picture, areas) = (patterned(size), vec![Area::Rectangle([100, 60, 80, 40])]);
        let drawing = Drawing::new(size, Some(&Areas { size, areas }));
        let changed = changed(&picture, &Preview::new(size).unwrap().of(&picture, &drawing).unwrap());
        assert!((100..180).all(|x| (60..100).all(|y| changed.contains(&(x, y)))), "all of the area is black");
        // What it grows by, and its corners' signs.
        let near = |(x, y): &(usize, usize)| (92..188).contains(x) && (52..108).contains(y);
        assert_eq!(changed.iter().find(|at| !near(at)), None);
    }
}
