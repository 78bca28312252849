//! Makes pictures of samples: greys by their table as I420, colours as they are for whoever converts them.

use gstreamer_video::prelude::*;
use gstreamer_video::{VideoFormat, VideoInfo};
use media::colour::colorimetry;
use media::picture::{self, Picture, Pool};
use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::Fault;
use super::image::{Coding, Image, Order};
use super::window::Table;

/// Makes the pictures of one run.
pub struct Maker {
    size: SizePx,
    table: Table,
    kind: Option<Kind>,
}

/// A kind of picture, and memory for it.
struct Kind {
    format: VideoFormat,
    info: VideoInfo,
    pool: Pool,
}

impl Maker {
    /// For the pictures of `image`.
    pub fn new(image: &Image) -> Self {
        Self { size: image.size, table: image.grey.table(), kind: None }
    }

    /// The picture of `samples`, which lie as `coding` says. Samples that are missing are black.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn picture(&mut self, samples: &[u8], coding: Coding) -> Result<Picture, Fault> {
        let format = match coding {
            Coding::Grey8 | Coding::Grey16 => VideoFormat::I420,
            Coding::Rgb(_) => VideoFormat::Rgb,
            Coding::Ybr(_) | Coding::Ybr422 => VideoFormat::V308,
        };
        let kind = match self.kind.take().filter(|kind| kind.format == format) {
            Some(kind) => kind,
            None => Kind::new(format, self.size)?,
        };
        let Kind { info, pool, .. } = self.kind.insert(kind);
        let mut frame = picture::write(pool.buffer()?, info)?;
        let stride = frame.plane_stride().first().and_then(|bytes| usize::try_from(*bytes).ok()).unwrap_or(0);
        let rows = frame.plane_data_mut(0).unwrap_or_default().chunks_mut(stride.max(1));
        fill(rows.take(self.size.height.into()), self.size, samples, coding, &self.table);
        if format == VideoFormat::I420 {
            for plane in [1, 2] {
                frame.plane_data_mut(plane).unwrap_or_default().fill(128);
            }
        }
        Ok(Picture { info: info.clone(), buffer: frame.into_buffer(), captured: MonoTime::default() })
    }
}

impl Kind {
    fn new(format: VideoFormat, size: SizePx) -> Result<Self, Fault> {
        let info = match format {
            VideoFormat::I420 => picture::i420(size, Colour { matrix: Matrix::Bt709, range: Range::Full })?,
            VideoFormat::V308 => {
                // What PS3.3 C.7.6.3.1.2 calls YBR_FULL.
                let colour = Colour { matrix: Matrix::Bt601, range: Range::Full };
                build(
                    VideoInfo::builder(format, size.width.into(), size.height.into()).colorimetry(&colorimetry(colour)),
                )?
            }
            _ => build(VideoInfo::builder(format, size.width.into(), size.height.into()))?,
        };
        Ok(Self { format, pool: Pool::new(&info)?, info })
    }
}

fn build(builder: gstreamer_video::VideoInfoBuilder<'_>) -> Result<VideoInfo, Fault> {
    Ok(builder.build().map_err(|error| picture::Error::NotRaw(error.to_string()))?)
}

/// Fills the rows of a picture's first plane.
fn fill<'a>(rows: impl Iterator<Item = &'a mut [u8]>, size: SizePx, samples: &[u8], coding: Coding, table: &Table) {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let row_bytes = match coding {
        Coding::Grey8 => width,
        Coding::Grey16 | Coding::Ybr422 => 2 * width,
        Coding::Rgb(Order::Interleaved) | Coding::Ybr(Order::Interleaved) => 3 * width,
        Coding::Rgb(Order::Planes) | Coding::Ybr(Order::Planes) => {
            let planes = [0, 1, 2].map(|plane| samples.get(plane * width * height..).unwrap_or_default());
            return rows.enumerate().for_each(|(y, row)| {
                let [first, second, third] = planes.map(|plane| plane.get(y * width..).unwrap_or_default());
                let pixels = row.as_chunks_mut::<3>().0.iter_mut().take(width).zip(first).zip(second).zip(third);
                pixels.for_each(|(((pixel, first), second), third)| *pixel = [*first, *second, *third]);
            });
        }
    };
    for (row, samples) in rows.zip(samples.chunks_exact(row_bytes)) {
        match coding {
            Coding::Grey8 => {
                row.iter_mut().zip(samples).for_each(|(luma, sample)| *luma = table.grey(u16::from(*sample)));
            }
            Coding::Grey16 => {
                let samples = samples.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
                row.iter_mut().zip(samples).for_each(|(luma, sample)| *luma = table.grey(sample));
            }
            Coding::Ybr422 => {
                let pairs = row.as_chunks_mut::<6>().0.iter_mut().zip(samples.as_chunks::<4>().0);
                pairs.for_each(|(pixels, [one, two, cb, cr])| *pixels = [*one, *cb, *cr, *two, *cb, *cr]);
            }
            Coding::Rgb(_) | Coding::Ybr(_) => {
                if let Some(row) = row.get_mut(..row_bytes) {
                    row.copy_from_slice(samples);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: SizePx = SizePx { width: 2, height: 2 };

    fn filled(samples: &[u8], coding: Coding) -> Vec<u8> {
        let table = super::super::window::Grey {
            stored: super::super::window::Stored { bits: 12, shift: 0, signed: false },
            curve: super::super::window::Curve { slope: 1.0, intercept: 0.0, window: None, inverted: false },
        };
        let mut plane = [0; 16];
        fill(plane.chunks_mut(8), SIZE, samples, coding, &table.table());
        plane.to_vec()
    }

    #[test]
    fn samples_come_in_the_order_of_pixels_however_they_lie_in_the_file() {
        let expected = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0];
        let interleaved = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert_eq!(filled(&interleaved, Coding::Rgb(Order::Interleaved)), expected);
        let planes = [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12];
        assert_eq!(filled(&planes, Coding::Ybr(Order::Planes)), expected);
        let halved = [1, 4, 2, 3, 7, 10, 8, 9];
        assert_eq!(filled(&halved, Coding::Ybr422), [1, 2, 3, 4, 2, 3, 0, 0, 7, 8, 9, 10, 8, 9, 0, 0]);
    }

    #[test]
    fn greys_of_two_bytes_are_little_endian_and_missing_rows_stay_black() {
        let half = filled(&[0, 0, 0xff, 0x0f], Coding::Grey16);
        assert_eq!((&half[..2], &half[8..10]), (&[0, 255][..], &[0, 0][..]));
    }
}
