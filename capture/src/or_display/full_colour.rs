//! Pictures in red, green and blue, one pixel one colour, so that thin marks keep theirs. What is drawn over them is
//! `painter`'s.
//!
//! GStreamer's own way from 4:2:0 to BGRx works with 8 bit constants and darkens limited range by two to five codes of
//! 255 (white becomes 252). The surgeon's picture deserves better: [`Matrix16`] stays within one code in the same time.

use gstreamer_video::video_frame::Writable;
use gstreamer_video::{VideoColorMatrix, VideoFormat, VideoFrame, VideoFrameExt, VideoInfo};
use media::colour;
use media::picture::{self, Converter, Error, Picture, Pool};
use rayon::prelude::*;

use super::matrix16::Matrix16;

/// Rows that are converted before what lies over them is drawn: the height of a raster's squares, and little enough for a
/// processor's second cache.
pub const BAND: usize = 64;

/// Makes BGRx pictures out of one kind of picture; it is made anew for another.
pub struct FullColour {
    from: VideoInfo,
    way: Way,
}

enum Way {
    /// 4:2:0 in 8 bits of a known matrix: exactly, by way of I420 if the planes lie otherwise.
    Exact { planes: Option<Converter>, matrix: Matrix16, pool: Pool, to: VideoInfo },
    /// Everything else, as GStreamer does it.
    GStreamer(Converter),
}

impl FullColour {
    /// For pictures of the kind `from`; size and shape of pixels stay.
    ///
    /// # Errors
    /// GStreamer knows no way from there.
    pub fn new(from: &VideoInfo) -> Result<Self, Error> {
        let to = VideoInfo::builder(VideoFormat::Bgrx, from.width(), from.height()).par(from.par()).build();
        let to = to.map_err(|error| Error::NotRaw(error.to_string()))?;
        let planar = [VideoFormat::I420, VideoFormat::Yv12, VideoFormat::Nv12, VideoFormat::Nv21];
        let known = [VideoColorMatrix::Bt601, VideoColorMatrix::Bt709];
        let way = if planar.contains(&from.format()) && known.contains(&from.colorimetry().matrix()) {
            let colour = colour::of(from);
            let planes = match from.format() {
                VideoFormat::I420 => None,
                _ => Some(Converter::new(from, &picture::i420(picture::size(from), colour)?)?),
            };
            Way::Exact { planes, matrix: Matrix16::new(colour), pool: Pool::new(&to)?, to }
        } else {
            Way::GStreamer(Converter::new(from, &to)?)
        };
        Ok(Self { from: from.clone(), way })
    }

    /// Whether this is the one for pictures of the kind `from`.
    pub fn takes(&self, from: &VideoInfo) -> bool {
        self.from == *from
    }

    /// A copy of `picture` in full colour. `draw` may draw on each [`BAND`] of rows as soon as it is there, while the processor
    /// still has it at hand; it is called with the number of the first row, the rows, and the bytes from one to the next. The
    /// threads of the caller's `rayon` pool share the bands out among them.
    ///
    /// # Errors
    /// The picture cannot be read, or there is no memory.
    pub fn convert(
        &self,
        picture: &Picture,
        draw: impl Fn(usize, &mut [u8], usize) + Sync,
    ) -> Result<VideoFrame<Writable>, Error> {
        match &self.way {
            Way::GStreamer(converter) => {
                let copy = converter.convert(picture)?;
                let mut frame = picture::write(copy.buffer, &copy.info)?;
                let stride = stride(&frame);
                let bands = frame.plane_data_mut(0).unwrap_or_default().par_chunks_mut(BAND * stride).enumerate();
                bands.with_max_len(1).for_each(|(band, rows)| draw(band * BAND, rows, stride));
                Ok(frame)
            }
            Way::Exact { planes, matrix, pool, to } => {
                let planar = match planes {
                    Some(converter) => &converter.convert(picture)?,
                    None => picture,
                };
                let mut frame = picture::write(pool.buffer()?, to)?;
                matrix.apply(&planar.read()?, &mut frame, draw);
                Ok(frame)
            }
        }
    }
}

/// Bytes from one row of a picture to the next; never 0.
pub(super) fn stride(frame: &VideoFrame<Writable>) -> usize {
    frame.plane_stride().first().and_then(|bytes| usize::try_from(*bytes).ok()).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::colour::{Colour, Matrix, Range};
    use protocol::time::MonoTime;

    /// Red, green and blue of codes, by the equations of H.273 in floating point.
    fn exact(colour: Colour, [y, u, v]: [u8; 3]) -> [f64; 3] {
        let (red, blue) = if colour.matrix == Matrix::Bt601 { (0.299, 0.114) } else { (0.2126, 0.0722) };
        let (black, luma, chroma) =
            if colour.range == Range::Full { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let y = (f64::from(y) - black) / luma;
        let (u, v) = ((f64::from(u) - 128.0) / chroma, (f64::from(v) - 128.0) / chroma);
        let (r, b) = (y + 2.0 * (1.0 - red) * v, y + 2.0 * (1.0 - blue) * u);
        let g = (y - red * r - blue * b) / (1.0 - red - blue);
        [r, g, b].map(|channel| (channel * 255.0).clamp(0.0, 255.0))
    }

    fn filled(format: VideoFormat, colour: Colour, [y, u, v]: [u8; 3]) -> Picture {
        gstreamer::init().unwrap();
        let info = VideoInfo::builder(format, 31, 7).colorimetry(&colour::colorimetry(colour)).build().unwrap();
        let mut planes = vec![y; info.size()];
        let chroma = &mut planes[info.offset()[1]..];
        match format {
            VideoFormat::Nv12 => chroma.chunks_mut(2).for_each(|pair| pair.copy_from_slice(&[u, v][..pair.len()])),
            _ => {
                let second = info.offset()[2] - info.offset()[1];
                chroma[..second].fill(u);
                chroma[second..].fill(v);
            }
        }
        Picture { buffer: gstreamer::Buffer::from_mut_slice(planes), info, captured: MonoTime(0) }
    }

    fn all_pixels(picture: &Picture) -> Vec<[u8; 4]> {
        let frame = FullColour::new(&picture.info).unwrap().convert(picture, |_, _, _| {}).unwrap();
        assert_eq!((frame.width(), frame.height()), (31, 7), "odd sizes too");
        frame.plane_data(0).unwrap().as_chunks::<4>().0.to_vec()
    }

    proptest! {
        #[test]
        fn every_colour_comes_out_within_one_code_of_the_standards_equations(
            codes in any::<[u8; 3]>(), bt601 in any::<bool>(), full in any::<bool>(), nv12 in any::<bool>()
        ) {
            let matrix = if bt601 { Matrix::Bt601 } else { Matrix::Bt709 };
            let colour = Colour { matrix, range: if full { Range::Full } else { Range::Limited } };
            let format = if nv12 { VideoFormat::Nv12 } else { VideoFormat::I420 };
            let [red, green, blue] = exact(colour, codes);
            for pixel in all_pixels(&filled(format, colour, codes)) {
                for (got, exact) in pixel.into_iter().zip([blue, green, red]) {
                    prop_assert!((f64::from(got) - exact).abs() <= 1.0, "{colour:?} {codes:?}: {pixel:?}, {exact}");
                }
            }
        }
    }

    #[test]
    fn white_is_white_and_black_is_black() {
        for (code, light) in [(235, 255), (16, 0)] {
            let pixels = all_pixels(&filled(VideoFormat::I420, Colour::default(), [code, 128, 128]));
            assert!(pixels.iter().all(|pixel| pixel[..3] == [light; 3]), "{:?}", pixels[0]);
        }
    }

    #[test]
    fn a_source_in_red_green_and_blue_is_not_touched() {
        gstreamer::init().unwrap();
        let info = VideoInfo::builder(VideoFormat::Bgrx, 16, 4).build().unwrap();
        let bytes: Vec<u8> = (0..info.size()).map(|at| at as u8).collect();
        let buffer = gstreamer::Buffer::from_slice(bytes.clone());
        let picture = Picture { buffer, info, captured: MonoTime(0) };
        let frame = FullColour::new(&picture.info).unwrap().convert(&picture, |_, _, _| {}).unwrap();
        for (got, given) in frame.plane_data(0).unwrap().chunks(4).zip(bytes.chunks(4)) {
            assert_eq!(got[..3], given[..3]);
        }
    }
}
