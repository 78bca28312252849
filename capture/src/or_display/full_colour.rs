//! Pictures in red, green and blue, one pixel one colour, so that thin marks keep theirs. What is drawn over them is
//! `painter`'s.
//!
//! GStreamer's own way from 4:2:0 to BGRx works with 8 bit constants and darkens limited range by two to five codes of
//! 255 (white becomes 252). The surgeon's picture deserves better: [`Matrix16`] stays within one code in the same time.

use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoColorMatrix, VideoFormat, VideoFrame, VideoFrameExt, VideoInfo};
use media::colour;
use media::picture::{self, Converter, Error, Picture, Pool};
use protocol::colour::{Colour, Matrix, Range};

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
    Exact { planes: Option<Converter>, matrix: Box<Matrix16>, pool: Pool, to: VideoInfo },
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
            let matrix = Box::new(Matrix16::new(colour));
            Way::Exact { planes, matrix, pool: Pool::new(&to)?, to }
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
    /// still has it at hand; it is called with the number of the first row, the rows, and the bytes from one to the next.
    ///
    /// # Errors
    /// The picture cannot be read, or there is no memory.
    pub fn convert(
        &mut self,
        picture: &Picture,
        mut draw: impl FnMut(usize, &mut [u8], usize),
    ) -> Result<VideoFrame<Writable>, Error> {
        match &mut self.way {
            Way::GStreamer(converter) => {
                let copy = converter.convert(picture)?;
                let mut frame = picture::write(copy.buffer, &copy.info)?;
                let stride = stride(&frame);
                let bands = frame.plane_data_mut(0).into_iter().flat_map(|bytes| bytes.chunks_mut(BAND * stride));
                bands.enumerate().for_each(|(band, rows)| draw(band * BAND, rows, stride));
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

/// From luma and chroma to red, green and blue (ITU-T H.273 equations 38 to 46 turned round), in 16 bit fixed point
/// with four bits of fraction: the compiler makes eight pixels of one instruction of it. Operations wrap because
/// checked ones cannot be done eight at a time; no sum leaves 16 bits: |luma| < 4,800, |chroma| < 4,400.
pub struct Matrix16 {
    black: i16,
    luma: i16,
    red_of_v: i16,
    green_of_u: i16,
    green_of_v: i16,
    blue_of_u: i16,
    /// The row at hand: what chroma adds to each pixel's blue, green and red, its luma, and the three sums.
    chroma: [Vec<i16>; 3],
    light: Vec<i16>,
    colours: [Vec<u8>; 3],
}

impl Matrix16 {
    /// The way back from `colour`.
    pub fn new(colour: Colour) -> Self {
        let (red, blue) = match colour.matrix {
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Bt709 => (0.2126, 0.0722),
        };
        let green = 1.0 - red - blue;
        let (black, luma_span, chroma_span) = match colour.range {
            Range::Limited => (16, 219.0, 224.0),
            Range::Full => (0, 255.0, 255.0),
        };
        // Luma is taken as its code shifted by 7, chroma by 8; the high half of the product keeps 4 bits of fraction.
        let of_luma = |weight: f64| (weight * 255.0 / luma_span * 8_192.0).round() as i16;
        let of_chroma = |weight: f64| (weight * 255.0 / chroma_span * 4_096.0).round() as i16;
        Self {
            black,
            luma: of_luma(1.0),
            red_of_v: of_chroma(2.0 * (1.0 - red)),
            green_of_u: of_chroma(-2.0 * (1.0 - blue) * blue / green),
            green_of_v: of_chroma(-2.0 * (1.0 - red) * red / green),
            blue_of_u: of_chroma(2.0 * (1.0 - blue)),
            chroma: Default::default(),
            light: Vec::new(),
            colours: Default::default(),
        }
    }

    /// Turns the I420 picture `from` into the BGRx picture `to` of the same size, on which `draw` draws band by band.
    fn apply(
        &mut self,
        from: &VideoFrame<Readable>,
        to: &mut VideoFrame<Writable>,
        mut draw: impl FnMut(usize, &mut [u8], usize),
    ) {
        let width = usize::try_from(from.width()).unwrap_or(0);
        let stride = |plane: usize| from.plane_stride().get(plane).and_then(|bytes| usize::try_from(*bytes).ok());
        let rows = |plane| Some(from.plane_data(plane).ok()?.chunks(stride(usize::try_from(plane).ok()?)?.max(1)));
        let (Some(luma), Some(u), Some(v)) = (rows(0), rows(1), rows(2)) else { return };
        let out_stride = self::stride(to);
        let Ok(out) = to.plane_data_mut(0) else { return };
        // Each row of chroma serves two rows of luma.
        let mut chroma = u.zip(v).flat_map(|pair| [Some(pair), None]);
        let mut luma = luma;
        for (band, out) in out.chunks_mut(BAND * out_stride).enumerate() {
            for (out, luma) in out.chunks_mut(out_stride).zip(&mut luma) {
                match chroma.next() {
                    Some(Some((u, v))) => self.take_chroma(u, v, width),
                    Some(None) => {}
                    None => return,
                }
                self.write_row(luma.get(..width).unwrap_or(luma), out.as_chunks_mut::<4>().0);
            }
            draw(band * BAND, out, out_stride);
        }
    }

    /// What a row of chroma adds to each pixel's blue, green and red, with the half that rounds.
    fn take_chroma(&mut self, u: &[u8], v: &[u8], width: usize) {
        const HALF: i16 = 8;
        self.chroma.iter_mut().for_each(|colour| colour.resize(width.next_multiple_of(2), 0));
        let [blue, green, red] = &mut self.chroma;
        let (blue, green, red) =
            (blue.as_chunks_mut::<2>().0, green.as_chunks_mut::<2>().0, red.as_chunks_mut::<2>().0);
        for ((((u, v), blue), green), red) in u.iter().zip(v).zip(blue).zip(green).zip(red) {
            let u = i16::from(*u).wrapping_sub(128) << 8;
            let v = i16::from(*v).wrapping_sub(128) << 8;
            let of_both = high(u, self.green_of_u).wrapping_add(high(v, self.green_of_v));
            *blue = [high(u, self.blue_of_u).wrapping_add(HALF); 2];
            *green = [of_both.wrapping_add(HALF); 2];
            *red = [high(v, self.red_of_v).wrapping_add(HALF); 2];
        }
    }

    /// One row: first colour by colour, then woven, which is twice as fast as both at once.
    fn write_row(&mut self, luma: &[u8], out: &mut [[u8; 4]]) {
        let (black, weight) = (self.black, self.luma);
        self.light.clear();
        self.light.extend(luma.iter().map(|code| high(i16::from(*code).wrapping_sub(black) << 7, weight)));
        for (colour, chroma) in self.colours.iter_mut().zip(&self.chroma) {
            colour.resize(luma.len(), 0);
            for ((to, light), chroma) in colour.iter_mut().zip(&self.light).zip(chroma) {
                *to = (light.wrapping_add(*chroma) >> 4).clamp(0, 255) as u8;
            }
        }
        let [blue, green, red] = &self.colours;
        for (((pixel, blue), green), red) in out.iter_mut().zip(blue).zip(green).zip(red) {
            let packed = u32::from(*blue) | u32::from(*green) << 8 | u32::from(*red) << 16 | 0xff00_0000;
            *pixel = packed.to_le_bytes();
        }
    }
}

/// Bytes from one row of a picture to the next; never 0.
fn stride(frame: &VideoFrame<Writable>) -> usize {
    frame.plane_stride().first().and_then(|bytes| usize::try_from(*bytes).ok()).unwrap_or(0).max(1)
}

/// The high half of a product.
fn high(one: i16, other: i16) -> i16 {
    (i32::from(one).wrapping_mul(i32::from(other)) >> 16) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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
