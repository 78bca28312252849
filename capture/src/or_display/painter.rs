//! Makes the picture for the screen: the source's picture in full colour with the marks over it, or plainly none.

use std::time::Duration;

use annotation::raster::Overlay;
use gstreamer_video::{VideoFormat, VideoFrameExt, VideoInfo};
use media::caption;
use media::picture::{self, Picture};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::full_colour::FullColour;
use super::stencil::Stencil;
use crate::local::FromDisplay;
use crate::signal::Trouble;

/// Shown until the first picture tells its size.
const EMPTY: SizePx = SizePx { width: 1280, height: 720 };

/// Why there is no picture, or none that is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Why {
    /// None comes.
    #[default]
    Silent,
    /// The same one comes again and again.
    Repeating,
    /// The source says so.
    Trouble {
        /// What is wrong with it.
        trouble: Trouble,
        /// Since when.
        at: MonoTime,
    },
}

impl Why {
    /// What `capture-node` is told of the source: what it cannot see from the pictures alone.
    pub fn complaint(self) -> Option<FromDisplay> {
        match self {
            Self::Trouble { trouble, at } => Some(FromDisplay::Trouble { trouble, at_us: at.0 }),
            Self::Silent | Self::Repeating => None,
        }
    }
}

/// Paints over the newest picture.
#[derive(Default)]
pub struct Painter {
    base: Option<Base>,
    full_colour: Option<FullColour>,
    stencil: Stencil,
}

/// What lies under the marks.
enum Base {
    Live(Picture),
    /// The last picture, greyed, and the same with words over it.
    Lost {
        grey: Picture,
        told: Picture,
    },
}

impl Painter {
    /// The size of what is painted on; `None` until there was a picture.
    pub fn size(&self) -> Option<SizePx> {
        self.base.as_ref().map(|base| base.picture().size())
    }

    /// When the picture under the marks was captured.
    pub fn captured(&self) -> Option<MonoTime> {
        self.base.as_ref().map(|base| base.picture().captured)
    }

    /// Paints on `picture` from now on.
    pub fn set_live(&mut self, picture: Picture) {
        self.base = Some(Base::Live(picture));
    }

    /// Paints on the last picture from now on, greyed and crossed out, with words about `age`; on black if there was
    /// none, and `why`. If the words cannot be drawn, the rest still says it.
    ///
    /// # Errors
    /// The picture cannot be converted.
    pub fn set_lost(&mut self, age: Duration, why: Why) -> Result<(), picture::Error> {
        let grey = match self.base.take() {
            Some(Base::Lost { grey, .. }) => grey,
            Some(Base::Live(picture)) => self.crossed_out(&picture)?,
            None => blank()?,
        };
        let words = match why {
            Why::Silent => "NO SIGNAL",
            Why::Repeating => "PICTURE REPEATS",
            Why::Trouble { trouble, .. } => trouble.words(),
        };
        let told = caption::draw(&grey, &format!("{words}\nfor {} s", age.as_secs())).unwrap_or_else(|error| {
            tracing::warn!("{error}; the lost picture is shown without words");
            grey.clone()
        });
        self.base = Some(Base::Lost { grey, told });
        Ok(())
    }

    /// From the next picture on `overlay` lies over each.
    pub fn set_over(&mut self, overlay: &Overlay) {
        self.stencil.set(overlay);
    }

    /// The picture for the screen with what lies over it, BGRx.
    ///
    /// # Errors
    /// There is no picture yet, or it cannot be converted.
    pub fn paint(&mut self) -> Result<Picture, picture::Error> {
        let base = self.base.as_ref().ok_or_else(|| picture::Error::NotRaw("there is none yet".into()))?;
        let picture = base.picture().clone();
        let full_colour = Self::full_colour(&mut self.full_colour, &picture)?;
        let frame = full_colour.convert(&picture, |first, rows, stride| self.stencil.lay_over(first, rows, stride))?;
        let info = frame.info().clone();
        Ok(Picture { buffer: frame.into_buffer(), info, captured: picture.captured })
    }

    /// A dim BGRx copy of `picture` that nobody takes for live.
    fn crossed_out(&mut self, picture: &Picture) -> Result<Picture, picture::Error> {
        let mut frame = Self::full_colour(&mut self.full_colour, picture)?.convert(picture, |_, rows, _| dim(rows))?;
        let stride = usize::try_from(frame.plane_stride().first().copied().unwrap_or(0)).unwrap_or(0);
        if let Ok(bytes) = frame.plane_data_mut(0) {
            cross_out(bytes, stride);
        }
        let info = frame.info().clone();
        Ok(Picture { buffer: frame.into_buffer(), info, captured: picture.captured })
    }

    /// The way into full colour of such pictures: the one that `kept` has, or a new one.
    fn full_colour<'a>(kept: &'a mut Option<FullColour>, picture: &Picture) -> Result<&'a FullColour, picture::Error> {
        let made = match kept.take().filter(|made| made.takes(&picture.info)) {
            Some(made) => made,
            None => FullColour::new(&picture.info)?,
        };
        Ok(kept.insert(made))
    }
}

impl Base {
    fn picture(&self) -> &Picture {
        match self {
            Self::Live(picture) | Self::Lost { told: picture, .. } => picture,
        }
    }
}

/// Black, crossed out.
fn blank() -> Result<Picture, picture::Error> {
    let info = VideoInfo::builder(VideoFormat::Bgrx, EMPTY.width.into(), EMPTY.height.into())
        .build()
        .map_err(|error| picture::Error::NotRaw(error.to_string()))?;
    let mut black = vec![0; info.size()];
    cross_out(&mut black, usize::from(EMPTY.width) * 4);
    let buffer = gstreamer::Buffer::from_mut_slice(black);
    Ok(Picture { buffer, info, captured: MonoTime(0) })
}

/// Takes colour and half the light away: no living tissue looks so.
fn dim(frame: &mut [u8]) {
    for pixel in frame.chunks_exact_mut(4) {
        if let [blue, green, red, _] = pixel {
            // BT.601 weights in 512ths: half of the luma.
            let luma = u32::from(*blue) * 29 + u32::from(*green) * 150 + u32::from(*red) * 77;
            let half = u8::try_from(luma >> 9).unwrap_or(u8::MAX);
            (*blue, *green, *red) = (half, half, half);
        }
    }
}

/// A line from corner to corner both ways, so that even without words nobody takes the picture for live.
fn cross_out(frame: &mut [u8], stride: usize) {
    /// Light grey: seen on every dimmed picture.
    const LINE: u8 = 170;
    let (columns, rows) = (stride / 4, frame.len() / stride.max(1));
    let thickness = (columns / 200).max(2);
    for (y, row) in frame.chunks_exact_mut(stride.max(4)).enumerate() {
        let falling = y * columns.saturating_sub(thickness) / rows.max(1);
        let rising = columns.saturating_sub(thickness).saturating_sub(falling);
        for start in [falling, rising] {
            if let Some(line) = row.get_mut(start * 4..(start + thickness) * 4) {
                line.fill(LINE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annotation::raster::Rect;
    use media::picture::i420;
    use protocol::colour::Colour;

    const SIZE: SizePx = SizePx { width: 64, height: 36 };

    /// A grey picture with luma 126: RGB 128.
    fn grey() -> Picture {
        gstreamer::init().unwrap();
        let info = i420(SIZE, Colour::default()).unwrap();
        let mut planes = vec![126; info.size()];
        planes[info.offset()[1]..].fill(128);
        Picture { buffer: gstreamer::Buffer::from_mut_slice(planes), info, captured: MonoTime(9) }
    }

    fn bytes(picture: &Picture) -> Vec<u8> {
        picture.read().unwrap().plane_data(0).unwrap().to_vec()
    }

    #[test]
    fn a_mark_is_blended_where_it_lies_and_the_rest_of_the_picture_is_untouched() {
        let mut painter = Painter::default();
        painter.set_live(grey());
        let rect = Rect { x: 3, y: 2, size: SizePx { width: 1, height: 1 }, rgba: [10, 200, 30, 255].into() };
        let plain = bytes(&painter.paint().unwrap());
        painter.set_over(&Overlay { rects: vec![rect] });
        let painted = painter.paint().unwrap();
        assert_eq!(painted.captured, MonoTime(9));
        let mut expected = plain.clone();
        expected[(2 * 64 + 3) * 4..][..3].copy_from_slice(&[30, 200, 10]);
        assert_eq!(bytes(&painted), expected);
        assert!(plain[..3].iter().all(|channel| channel.abs_diff(128) <= 1), "{:?}", &plain[..3]);
    }

    #[test]
    fn a_lost_picture_is_dim_and_crossed_out_and_stays_so_however_long() {
        let mut painter = Painter::default();
        painter.set_live(grey());
        painter.set_lost(Duration::ZERO, Why::Silent).unwrap();
        painter.set_lost(Duration::from_secs(1), Why::Repeating).unwrap();
        let lost = bytes(&painter.paint().unwrap());
        assert_eq!(&lost[..3], [170; 3], "the corner lies on the cross");
        let side = &lost[(18 * 64 + 2) * 4..][..3];
        assert!(side.iter().all(|channel| channel.abs_diff(64) <= 1), "dimmed once, not twice: {side:?}");
        painter.set_live(grey());
        let live = bytes(&painter.paint().unwrap());
        assert!(live[0].abs_diff(128) <= 1);
    }

    #[test]
    fn why_a_picture_is_lost_is_written_on_it() {
        const SIZE: SizePx = SizePx { width: 640, height: 360 };
        gstreamer::init().unwrap();
        let lost = |why| {
            let info = i420(SIZE, Colour::default()).unwrap();
            let buffer = gstreamer::Buffer::from_mut_slice(vec![126; info.size()]);
            let mut painter = Painter::default();
            painter.set_live(Picture { buffer, info, captured: MonoTime(9) });
            painter.set_lost(Duration::from_secs(1), why).unwrap();
            bytes(&painter.paint().unwrap())
        };
        let trouble = |trouble| Why::Trouble { trouble, at: MonoTime(9) };
        let troubles = [Trouble::Ended, Trouble::Failed, Trouble::Unusable].map(trouble);
        let pictures: Vec<_> = [Why::Silent, Why::Repeating].into_iter().chain(troubles).map(lost).collect();
        let same = |at: usize| pictures.iter().filter(|picture| **picture == pictures[at]).count();
        assert!((0..pictures.len()).all(|at| same(at) == 1));
    }

    #[test]
    fn without_any_picture_there_is_black_to_tell_so_on() {
        gstreamer::init().unwrap();
        let mut painter = Painter::default();
        assert!(painter.paint().is_err());
        painter.set_lost(Duration::from_secs(3), Why::Silent).unwrap();
        assert_eq!(painter.paint().unwrap().size(), EMPTY);
    }
}
