//! What every picture of a pipeline is brought to before it leaves its source: progressive, with square pixels, and of
//! a size that can be carried on. A picture that is so already passes untouched.

use gstreamer as gst;
use gstreamer_video::VideoInfo;
use media::deinterlace::{Deinterlacer, Order};
use media::picture::{self, Converter, Picture};

use crate::config::Deinterlace;
use crate::share::header::MAX_SIDE_PX;

/// Widest or tallest pixel that is believed, as a ratio of its sides: four times the worst of any video standard (32:11,
/// PAL widescreen in half the columns). What tells more is broken or hostile, and would ask for absurd sizes.
const MAX_PIXEL_ASPECT: u64 = 12;

/// The shape of a square pixel.
const SQUARE: (i32, i32) = (1, 1);

/// Why a picture cannot be carried on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is larger than anything this product carries.
    #[error(
        "its pictures are {width}x{height} pixels, and at most {MAX_SIDE_PX} a side are possible; set it to a smaller size"
    )]
    Size {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// It cannot be read or converted.
    #[error(transparent)]
    Picture(#[from] picture::Error),
}

/// Brings the pictures of one source into order.
#[derive(Debug)]
pub struct Normal {
    deinterlacer: Deinterlacer,
    squares: Option<Converter>,
}

impl Normal {
    /// For a source whose fields are as `deinterlace` says.
    pub fn new(deinterlace: Deinterlace) -> Self {
        let order = match deinterlace {
            Deinterlace::Auto => Order::AsSignalled,
            Deinterlace::TopFieldFirst => Order::TopFirst,
            Deinterlace::BottomFieldFirst => Order::BottomFirst,
            Deinterlace::Off => Order::Progressive,
        };
        Self { deinterlacer: Deinterlacer::new(order), squares: None }
    }

    /// `picture` in order, with the same capture time.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn bring(&mut self, picture: Picture) -> Result<Picture, Error> {
        let (width, height) = (picture.info.width(), picture.info.height());
        let (square_width, square_height) = square_size(&picture.info);
        if square_width.max(square_height) > u32::from(MAX_SIDE_PX) {
            return Err(Error::Size { width, height });
        }
        let mut picture = self.deinterlacer.progressive(picture)?;
        if (square_width, square_height) == (width, height) {
            if picture.info.par() != gst::Fraction::from(SQUARE) {
                picture.info = called_square(&picture.info)?;
            }
            return Ok(picture);
        }
        let converter = match self.squares.take().filter(|made| made.takes(&picture.info)) {
            Some(made) => made,
            None => Converter::new(&picture.info, &square(&picture.info, square_width, square_height)?)?,
        };
        Ok(self.squares.insert(converter).convert(&picture)?)
    }
}

/// The size at which pictures of this kind have square pixels: never with fewer rows or columns than they have, since
/// detail is worth more than memory, and even where it is made larger.
fn square_size(info: &VideoInfo) -> (u32, u32) {
    let (width, height) = (info.width(), info.height());
    let side = |side: i32| u64::try_from(side).unwrap_or(0);
    let (wide, tall) = (side(info.par().numer()), side(info.par().denom()));
    let believed = wide > 0 && tall > 0 && wide <= tall * MAX_PIXEL_ASPECT && tall <= wide * MAX_PIXEL_ASPECT;
    let stretched = |px: u32, by: u64, over: u64| {
        let px = (u64::from(px) * by).div_ceil(over);
        u32::try_from(px.next_multiple_of(2)).unwrap_or(u32::MAX)
    };
    match wide.cmp(&tall) {
        std::cmp::Ordering::Greater if believed => (stretched(width, wide, tall), height),
        std::cmp::Ordering::Less if believed => (width, stretched(height, tall, wide)),
        _ => (width, height),
    }
}

/// The same pictures, whose pixels are taken for square.
fn called_square(info: &VideoInfo) -> Result<VideoInfo, picture::Error> {
    let square = VideoInfo::builder_from_info(info).par(SQUARE).build();
    square.map_err(|error| picture::Error::NotRaw(error.to_string()))
}

fn square(from: &VideoInfo, width: u32, height: u32) -> Result<VideoInfo, picture::Error> {
    VideoInfo::builder(from.format(), width, height)
        .colorimetry(&from.colorimetry())
        .chroma_site(from.chroma_site())
        .build()
        .map_err(|error| picture::Error::NotRaw(format!("{width}x{height}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_video::VideoFormat;
    use protocol::time::MonoTime;

    fn picture(width: u32, height: u32, pixel: (i32, i32)) -> Picture {
        media::init().unwrap();
        let info = VideoInfo::builder(VideoFormat::I420, width, height).par(gst::Fraction::new(pixel.0, pixel.1));
        let info = info.build().unwrap();
        Picture { buffer: gst::Buffer::with_size(info.size()).unwrap(), info, captured: MonoTime(3) }
    }

    fn brought(width: u32, height: u32, pixel: (i32, i32)) -> (u16, u16) {
        let made = Normal::new(Deinterlace::Auto).bring(picture(width, height, pixel)).unwrap();
        assert_eq!(made.info.par(), gst::Fraction::new(1, 1));
        assert_eq!(made.captured, MonoTime(3));
        (made.size().width, made.size().height)
    }

    #[test]
    fn pixels_become_square_without_losing_rows_or_columns() {
        assert_eq!(brought(720, 576, (16, 15)), (768, 576), "PAL");
        assert_eq!(brought(720, 480, (8, 9)), (720, 540), "NTSC");
        assert_eq!(brought(1440, 1080, (4, 3)), (1920, 1080), "HDV");
        assert_eq!(brought(1280, 1024, (1, 1)), (1280, 1024));
    }

    #[test]
    fn square_pictures_pass_untouched() {
        let square = picture(1024, 1024, (1, 1));
        let made = Normal::new(Deinterlace::Auto).bring(square.clone()).unwrap();
        assert_eq!(made.buffer.as_ptr(), square.buffer.as_ptr());
    }

    #[test]
    fn absurd_shapes_and_sizes_ask_for_no_memory() {
        for pixel in [(1, 65_535), (65_535, 1), (i32::MAX, 1)] {
            let mut normal = Normal::new(Deinterlace::Auto);
            let made = normal.bring(picture(720, 576, pixel)).unwrap();
            assert_eq!((made.size().width, made.size().height), (720, 576), "such a pixel is not believed");
            assert_eq!(made.info.par(), gst::Fraction::from(SQUARE));
        }
        let wide = Normal::new(Deinterlace::Auto).bring(picture(16_384, 16, (1, 1))).unwrap_err();
        assert!(wide.to_string().contains("16384x16"), "{wide}");
        let stretched = Normal::new(Deinterlace::Auto).bring(picture(4096, 16, (4, 1))).unwrap_err();
        assert!(matches!(stretched, Error::Size { .. }), "{stretched}");
    }
}
