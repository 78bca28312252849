//! Makes progressive pictures of interlaced ones, without delay: one picture in, one out, in the same call.
//!
//! An interlaced picture holds two fields taken one after the other, the rows of one between the rows of the other. The
//! result shows the moment of the newer field. Where nothing has moved since the picture before, the older field's rows
//! stay, so that still tissue keeps its full sharpness; where something has, they are interpolated from the newer field's
//! rows above and below, so that no edge is combed. (Motion-adaptive deinterlacing without look-ahead, as in de Haan and
//! Bellers, "Deinterlacing - an overview", Proc. IEEE 86(9), 1998.) Which pictures are interlaced is told by GStreamer or
//! by the caller.

use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::Readable;
use gstreamer_video::{VideoBufferFlags, VideoFieldOrder};
use gstreamer_video::{VideoFrame, VideoInfo, VideoInterlaceMode};

use crate::component;
use crate::picture::{self, Converter, Error, Picture, Pool};

/// Difference of a code between two pictures up to which nothing has moved there: the noise of a camera in dim light.
const STILL: u8 = 8;
/// Steps above [`STILL`] over which the older field's row gives way to the interpolated one; more is motion. Soft, so
/// that noise at the threshold does not flicker. A power of two, for the speed of a shift.
const RAMP: u8 = 16;

/// Which pictures are interlaced, and in which order their fields were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As caps and buffers say. A picture that says nothing of its order has the bottom field first.
    #[default]
    AsSignalled,
    /// All are, with the top field first.
    TopFirst,
    /// All are, with the bottom field first.
    BottomFirst,
    /// None is.
    Progressive,
}

/// Makes pictures of one source progressive.
#[derive(Debug, Default)]
pub struct Deinterlacer {
    order: Order,
    loom: Option<Loom>,
}

/// The rows of an interlaced picture that belong together: the even ones, or the odd ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Top,
    Bottom,
}

impl Deinterlacer {
    /// One that holds for interlaced what `order` says.
    pub fn new(order: Order) -> Self {
        Self { order, loom: None }
    }

    /// `picture` as a progressive one with the same capture time. A progressive picture passes untouched. An interlaced
    /// one keeps its format if that has 8 bits a component, else it gets one that has; see [`component::in_bytes`].
    ///
    /// # Errors
    /// [`Error::NoConversion`] if its fields do not lie in one buffer row by row, [`Error::Unreadable`] or
    /// [`Error::NoMemory`].
    pub fn progressive(&mut self, picture: Picture) -> Result<Picture, Error> {
        let Some(newer) = self.newer_field(&picture)? else {
            self.loom = None;
            return named_progressive(picture);
        };
        let loom = match self.loom.take().filter(|loom| loom.from == picture.info) {
            Some(loom) => loom,
            None => Loom::new(&picture.info)?,
        };
        self.loom.insert(loom).weave(picture, newer)
    }

    /// The field that was taken last, if the picture is interlaced.
    fn newer_field(&self, picture: &Picture) -> Result<Option<Field>, Error> {
        let flags = picture.buffer.video_flags();
        let told = || match picture.info.field_order() {
            VideoFieldOrder::TopFieldFirst => Field::Bottom,
            VideoFieldOrder::BottomFieldFirst => Field::Top,
            _ if flags.contains(VideoBufferFlags::TFF) => Field::Bottom,
            _ => Field::Top,
        };
        Ok(match (self.order, picture.info.interlace_mode()) {
            (Order::Progressive, _) => None,
            (Order::TopFirst, _) => Some(Field::Bottom),
            (Order::BottomFirst, _) => Some(Field::Top),
            (Order::AsSignalled, VideoInterlaceMode::Progressive) => None,
            (Order::AsSignalled, VideoInterlaceMode::Interleaved) => Some(told()),
            (Order::AsSignalled, VideoInterlaceMode::Mixed) => flags.contains(VideoBufferFlags::INTERLACED).then(told),
            (Order::AsSignalled, other) => {
                return Err(Error::NoConversion {
                    from: format!("{other:?} fields"),
                    to: "progressive pictures".into(),
                    reason: "each field comes in a buffer of its own; set the device to interleaved or progressive"
                        .into(),
                });
            }
        })
    }
}

/// `picture`, no longer called interlaced.
fn named_progressive(mut picture: Picture) -> Result<Picture, Error> {
    if picture.info.interlace_mode() != VideoInterlaceMode::Progressive {
        picture.info = VideoInfo::builder_from_info(&picture.info)
            .interlace_mode(VideoInterlaceMode::Progressive)
            .build()
            .map_err(|error| Error::NotRaw(error.to_string()))?;
    }
    Ok(picture)
}

/// What interlaced pictures of one kind are made progressive with.
#[derive(Debug)]
struct Loom {
    from: VideoInfo,
    /// To 8 bits a component, where there are more or fewer.
    bytes: Option<Converter>,
    to: VideoInfo,
    pool: Pool,
    before: Option<Picture>,
}

impl Loom {
    fn new(from: &VideoInfo) -> Result<Self, Error> {
        let format = component::in_bytes(from);
        let to = VideoInfo::builder(format, from.width(), from.height())
            .colorimetry(&from.colorimetry())
            .chroma_site(from.chroma_site())
            .par(from.par())
            .fps(from.fps())
            .build()
            .map_err(|error| Error::NotRaw(error.to_string()))?;
        let bytes = (format != from.format()).then(|| Converter::new(from, &to)).transpose()?;
        let pool = Pool::new(&to)?;
        Ok(Self { from: from.clone(), bytes, to, pool, before: None })
    }

    fn weave(&mut self, picture: Picture, newer: Field) -> Result<Picture, Error> {
        let picture = match &self.bytes {
            Some(converter) => converter.convert(&picture)?,
            None => picture,
        };
        let now = picture.read()?;
        let before = self.before.as_ref().and_then(|before| before.read().ok());
        let mut made = picture::write(self.pool.buffer()?, &self.to)?;
        for plane in 0..made.n_planes() {
            let (now, before) = (Rows::of(&now, plane), before.as_ref().map(|before| Rows::of(before, plane)));
            let (stride, height) = (stride(&made, plane), rows(&made, plane));
            let Ok(bytes) = made.plane_data_mut(plane) else { continue };
            let target = bytes.chunks_mut(stride.max(1)).take(height);
            target.enumerate().for_each(|(y, row)| fill(row, y, &now, before.as_ref(), newer));
        }
        let made = Picture { buffer: made.into_buffer(), info: self.to.clone(), captured: picture.captured };
        self.before = Some(picture);
        Ok(made)
    }
}

/// The rows of one plane of a picture.
struct Rows<'a> {
    bytes: &'a [u8],
    stride: usize,
    height: usize,
}

impl<'a> Rows<'a> {
    fn of(frame: &'a VideoFrame<Readable>, plane: u32) -> Self {
        let bytes = frame.plane_data(plane).unwrap_or_default();
        Self { bytes, stride: stride(frame, plane), height: rows(frame, plane) }
    }

    /// The row at `y`, or the nearest there is; empty if there is none.
    fn at(&self, y: usize) -> &'a [u8] {
        let rest = self.bytes.get(y.min(self.height.saturating_sub(1)) * self.stride..).unwrap_or_default();
        rest.get(..self.stride).unwrap_or(rest)
    }

    /// The row and its neighbours, which are the other field's.
    fn around(&self, y: usize) -> [&'a [u8]; 3] {
        let above = if y == 0 { 1 } else { y - 1 };
        let below = if y + 1 < self.height { y + 1 } else { above };
        [self.at(above), self.at(y), self.at(below)]
    }
}

fn stride(frame: &impl VideoFrameExt, plane: u32) -> usize {
    let stride = usize::try_from(plane).ok().and_then(|plane| frame.plane_stride().get(plane));
    stride.and_then(|stride| usize::try_from(*stride).ok()).unwrap_or(0)
}

fn rows(frame: &impl VideoFrameExt, plane: u32) -> usize {
    usize::try_from(frame.plane_height(plane)).unwrap_or(0)
}

/// Makes row `y`: the newer field's as it is, the older one's where nothing moved.
fn fill(row: &mut [u8], y: usize, now: &Rows<'_>, before: Option<&Rows<'_>>, newer: Field) {
    let field = if y.is_multiple_of(2) { Field::Top } else { Field::Bottom };
    if field == newer {
        return row.iter_mut().zip(now.at(y)).for_each(|(to, from)| *to = *from);
    }
    let [above, older, below] = now.around(y);
    match before {
        Some(before) => mend(row, [above, older, below], before.around(y)),
        None => row.iter_mut().zip(above).zip(below).for_each(|((to, above), below)| *to = mean(*above, *below)),
    }
}

/// One row of the older field with the newer field's rows around it, now and in the picture before. Operations wrap
/// because checked ones cannot be done many at a time; none leaves 16 bits.
fn mend(row: &mut [u8], [above, older, below]: [&[u8]; 3], [above0, older0, below0]: [&[u8]; 3]) {
    let now = above.iter().zip(older).zip(below);
    let before = above0.iter().zip(older0).zip(below0);
    for ((to, ((above, older), below)), ((above0, older0), below0)) in row.iter_mut().zip(now).zip(before) {
        let moved = above.abs_diff(*above0).max(older.abs_diff(*older0)).max(below.abs_diff(*below0));
        let part = u16::from(moved.saturating_sub(STILL).min(RAMP));
        let rest = u16::from(RAMP).wrapping_sub(part);
        let sum = u16::from(*older).wrapping_mul(rest).wrapping_add(u16::from(mean(*above, *below)).wrapping_mul(part));
        *to = (sum.wrapping_add(u16::from(RAMP / 2)) / u16::from(RAMP)) as u8;
    }
}

fn mean(a: u8, b: u8) -> u8 {
    (u16::from(a).wrapping_add(u16::from(b)).wrapping_add(1) >> 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{SIZE, difference, grey, moving};
    use gstreamer as gst;
    use gstreamer_video::VideoFormat;

    /// The picture a camera makes of two moments: the even rows of one, the odd rows of the other.
    fn interlaced(top: &Picture, bottom: &Picture, order: VideoFieldOrder) -> Picture {
        let info = VideoInfo::builder_from_info(&top.info)
            .interlace_mode(VideoInterlaceMode::Interleaved)
            .field_order(order)
            .build()
            .unwrap();
        let (top, bottom) = (top.read().unwrap(), bottom.read().unwrap());
        let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
        for plane in 0..3 {
            let stride = stride(&frame, plane);
            let rows =
                top.plane_data(plane).unwrap().chunks(stride).zip(bottom.plane_data(plane).unwrap().chunks(stride));
            let target = frame.plane_data_mut(plane).unwrap().chunks_mut(stride);
            for (y, (to, (top, bottom))) in target.zip(rows).enumerate() {
                to.copy_from_slice(if y % 2 == 0 { top } else { bottom });
            }
        }
        Picture { buffer: frame.into_buffer(), info, captured: protocol::time::MonoTime(7) }
    }

    /// How far rows are from the mean of their neighbours: high where a picture is combed.
    fn combing(picture: &Picture) -> f64 {
        let frame = picture.read().unwrap();
        let (luma, stride) = (frame.plane_data(0).unwrap(), stride(&frame, 0));
        let row = |y: usize| &luma[y * stride..][..usize::from(SIZE.width)];
        let off = |y: usize| {
            let around = row(y - 1).iter().zip(row(y + 1));
            let off = row(y).iter().zip(around).map(|(at, (a, b))| u64::from(at.abs_diff(mean(*a, *b))));
            off.sum::<u64>()
        };
        let rows = 1..usize::from(SIZE.height) - 1;
        rows.clone().map(off).sum::<u64>() as f64 / (rows.len() * usize::from(SIZE.width)) as f64
    }

    #[test]
    fn a_picture_in_motion_is_that_of_its_newer_field_without_combs_in_either_order() {
        crate::init().unwrap();
        for order in [VideoFieldOrder::TopFieldFirst, VideoFieldOrder::BottomFieldFirst] {
            let mut deinterlacer = Deinterlacer::default();
            for number in 0..10 {
                let (older, newer) = (moving(2 * number), moving(2 * number + 1));
                let (top, bottom) =
                    if order == VideoFieldOrder::TopFieldFirst { (&older, &newer) } else { (&newer, &older) };
                let woven = interlaced(top, bottom, order);
                let made = deinterlacer.progressive(woven.clone()).unwrap();
                assert_eq!(made.info.interlace_mode(), VideoInterlaceMode::Progressive);
                assert_eq!(made.captured, woven.captured);
                let (now, stale) = (difference(&newer, &made), difference(&older, &made));
                assert!(
                    now < stale / 4.0,
                    "picture {number} shows the newer moment: {now} from it, {stale} from the older"
                );
                let (was, is, natural) = (combing(&woven), combing(&made), combing(&newer));
                assert!(is < natural * 1.3, "picture {number}: {is} combed, {was} before, {natural} by nature");
            }
        }
    }

    #[test]
    fn a_picture_that_stands_still_keeps_every_row() {
        crate::init().unwrap();
        let still = moving(3);
        let mut deinterlacer = Deinterlacer::default();
        let woven = interlaced(&still, &still, VideoFieldOrder::TopFieldFirst);
        deinterlacer.progressive(woven.clone()).unwrap();
        let made = deinterlacer.progressive(woven).unwrap();
        assert!(difference(&still, &made) < f64::EPSILON, "{}", difference(&still, &made));
    }

    #[test]
    fn a_progressive_picture_passes_untouched() {
        crate::init().unwrap();
        let picture = grey(90);
        let made = Deinterlacer::default().progressive(picture.clone()).unwrap();
        assert_eq!(made.buffer.as_ptr(), picture.buffer.as_ptr(), "the same memory");
    }

    #[test]
    fn the_caller_knows_better_than_a_device_that_lies() {
        crate::init().unwrap();
        let (older, newer) = (moving(0), moving(1));
        let woven = interlaced(&older, &newer, VideoFieldOrder::TopFieldFirst);
        let progressive = Deinterlacer::new(Order::Progressive).progressive(woven.clone()).unwrap();
        assert!(difference(&woven, &progressive) < f64::EPSILON);
        assert_eq!(progressive.info.interlace_mode(), VideoInterlaceMode::Progressive);
        let unsaid = Picture { info: older.info.clone(), ..woven };
        let made = Deinterlacer::new(Order::TopFirst).progressive(unsaid.clone()).unwrap();
        assert!(difference(&newer, &made) < difference(&older, &made) / 4.0);
        let made = Deinterlacer::new(Order::BottomFirst).progressive(unsaid).unwrap();
        assert!(difference(&older, &made) < difference(&newer, &made) / 4.0);
    }

    #[test]
    fn ten_bit_pictures_of_capture_cards_become_progressive_in_eight() {
        crate::init().unwrap();
        let woven = interlaced(&moving(0), &moving(0), VideoFieldOrder::TopFieldFirst);
        let v210 = VideoInfo::builder(VideoFormat::V210, SIZE.width.into(), SIZE.height.into())
            .colorimetry(&woven.info.colorimetry())
            .build()
            .unwrap();
        let ten_bit = Converter::new(&woven.info, &v210).unwrap().convert(&woven).unwrap();
        let mut deinterlacer = Deinterlacer::default();
        for _ in 0..2 {
            let made = deinterlacer.progressive(ten_bit.clone()).unwrap();
            assert_eq!(made.info.format(), VideoFormat::Y42b);
            assert!(difference(&moving(0), &made) < 1.0, "{}", difference(&moving(0), &made));
        }
    }
}
