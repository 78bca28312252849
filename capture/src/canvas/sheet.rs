//! The pictures that canvases are painted on. One is used again once nobody holds it any more, and remembers what it shows,
//! so that only what has changed since is painted: what a canvas costs is one copy of that.

use gstreamer as gst;
use gstreamer_video::video_frame::Writable;
use gstreamer_video::{VideoFrame, VideoInfo};
use media::picture::{self, Picture};
use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::time::MonoTime;

use super::paint;
use super::sign::Age;

/// Pictures that are kept: one in the encoder, one before it, one being painted, and one for a moment's overlap. More are
/// made when more are held, and not kept.
const KEPT: usize = 4;

/// What a canvas shows where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Painted {
    /// Black: nothing yet, or nothing that fits.
    Black,
    /// The source's picture of this number, at this place, in front of black.
    Picture(u64, CanvasRect),
    /// The same with the words that it is held, for so long.
    Held(u64, CanvasRect, Age),
    /// These words; lines are divided by `\n`.
    Sign(String),
}

impl Painted {
    /// Where a picture is, if one is.
    pub(super) fn picture_at(&self) -> Option<CanvasRect> {
        match self {
            Self::Picture(_, at) | Self::Held(_, at, _) => Some(*at),
            Self::Black | Self::Sign(_) => None,
        }
    }
}

/// Sheets of one size and colour.
pub(super) struct Sheets {
    info: VideoInfo,
    kept: Vec<(gst::Buffer, Vec<Painted>)>,
}

/// A picture to paint on.
pub(super) struct Sheet {
    /// Its pixels.
    pub(super) frame: VideoFrame<Writable>,
    /// What it shows of each source, in the order of the sources.
    pub(super) shows: Vec<Painted>,
}

impl Sheets {
    /// None yet.
    ///
    /// # Errors
    /// GStreamer refuses the size.
    pub(super) fn new(size: SizePx, colour: Colour) -> Result<Self, picture::Error> {
        Ok(Self { info: picture::i420(size, colour)?, kept: Vec::new() })
    }

    /// One that nobody holds, as it was given away; else a new one, black, for so many sources.
    ///
    /// # Errors
    /// There is no memory.
    pub(super) fn take(&mut self, sources: usize) -> Result<Sheet, picture::Error> {
        // The encoder holds the memory, not the buffer.
        match self.kept.iter().position(|(buffer, _)| buffer.is_writable() && buffer.is_all_memory_writable()) {
            Some(place) => {
                let (buffer, shows) = self.kept.remove(place);
                Ok(Sheet { frame: picture::write(buffer, &self.info)?, shows })
            }
            None => Ok(Sheet { frame: self.black()?, shows: vec![Painted::Black; sources] }),
        }
    }

    /// The picture on `sheet`.
    pub(super) fn give(&mut self, sheet: Sheet) -> Picture {
        let buffer = sheet.frame.into_buffer();
        if self.kept.len() < KEPT {
            self.kept.push((buffer.clone(), sheet.shows));
        }
        self.picture(buffer)
    }

    /// What sheets show does not hold any more.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    /// A picture on which nothing is but what `draw` puts there.
    ///
    /// # Errors
    /// There is no memory.
    pub(super) fn card(&self, draw: impl FnOnce(&mut VideoFrame<Writable>)) -> Result<Picture, picture::Error> {
        let mut frame = self.black()?;
        draw(&mut frame);
        Ok(self.picture(frame.into_buffer()))
    }

    fn black(&self) -> Result<VideoFrame<Writable>, picture::Error> {
        let bytes = self.info.size();
        let buffer = gst::Buffer::with_size(bytes).map_err(|_| picture::Error::NoMemory(bytes))?;
        let mut frame = picture::write(buffer, &self.info)?;
        let whole = CanvasRect { x: 0, y: 0, size: picture::size(&self.info) };
        paint::black(&mut frame, whole);
        Ok(frame)
    }

    fn picture(&self, buffer: gst::Buffer) -> Picture {
        Picture { buffer, info: self.info.clone(), captured: MonoTime::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets() -> Sheets {
        media::init().unwrap();
        Sheets::new(SizePx { width: 64, height: 48 }, Colour::default()).unwrap()
    }

    #[test]
    fn a_sheet_is_used_again_once_nobody_holds_its_picture_or_its_memory() {
        let mut sheets = sheets();
        let mut sheet = sheets.take(2).unwrap();
        sheet.shows[1] = Painted::Sign("words".into());
        let picture = sheets.give(sheet);
        assert_eq!(sheets.take(2).unwrap().shows, [Painted::Black, Painted::Black], "the first is held");
        // As the encoder does: another buffer around the same memory.
        let encoding = picture.buffer.copy();
        drop(picture);
        assert_eq!(sheets.take(2).unwrap().shows[1], Painted::Black, "its memory is held");
        drop(encoding);
        assert_eq!(sheets.take(2).unwrap().shows[1], Painted::Sign("words".into()));
    }

    #[test]
    fn few_are_kept_however_many_are_held_and_none_that_does_not_hold_any_more() {
        let mut sheets = sheets();
        let held: Vec<Picture> = (0..9).map(|_| sheets.take(1).map(|sheet| sheets.give(sheet)).unwrap()).collect();
        assert_eq!(sheets.kept.len(), KEPT);
        drop(held);
        sheets.forget();
        assert_eq!(sheets.take(1).unwrap().shows, [Painted::Black]);
    }
}
