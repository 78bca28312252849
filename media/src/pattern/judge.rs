//! What became of a pattern on its way.

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Readable;

use super::{Area, EDGE, GREY, LINES, PATCHES, Plan, WHITE, stride, unreadable};
use crate::picture::{self, Picture};
use crate::strip;

/// Pixels of each patch and edge that are left out at its border: coding smears there.
const MARGIN: usize = 6;

/// One picture of the pattern as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Its number; `None` if it cannot be read.
    pub number: Option<u64>,
    /// The largest distance of any patch from its luma, in codes.
    pub luma_off: u8,
    /// The largest distance of any patch from its chroma, in codes.
    pub chroma_off: u8,
    /// Pixels by which the edges lie elsewhere than they were painted: left, right and bottom. More than the edge's own width
    /// is told as that.
    pub cropped_px: [u8; 3],
    /// How much of the contrast of lines of one pixel is left, in percent.
    pub sharpness_pct: u8,
}

/// Looks at `picture`, which has the size that the pattern was painted in.
///
/// # Errors
/// It cannot be read.
pub fn look(picture: &Picture) -> Result<Look, picture::Error> {
    let frame = picture.read()?;
    let plan = Plan::of(picture.size());
    let offs = PATCHES.into_iter().enumerate().map(|(index, codes)| off(&frame, plan.patch(index), codes));
    let (luma_off, chroma_off) = offs.fold((0, 0), |(luma, chroma), off| (luma.max(off.0), chroma.max(off.1)));
    let number = strip::read(frame.plane_data(0).map_err(unreadable)?, stride(&frame, 0), plan.width);
    let (cropped_px, sharpness_pct) = (cropped(&frame, plan), sharpness(&frame, plan.lines()));
    Ok(Look { number, luma_off, chroma_off, cropped_px, sharpness_pct })
}

/// How far a patch is from its luma, and from its chroma in the worse of both planes.
fn off(frame: &VideoFrame<Readable>, patch: Area, codes: [u8; 3]) -> (u8, u8) {
    let [luma, blue, red] = [0, 1, 2].map(|plane: u32| {
        let halved = usize::from(plane > 0);
        let inner = Area {
            left: (patch.left + MARGIN) >> halved,
            top: (patch.top + MARGIN) >> halved,
            width: patch.width.saturating_sub(2 * MARGIN) >> halved,
            height: patch.height.saturating_sub(2 * MARGIN) >> halved,
        };
        // A patch without pixels is as wrong as can be.
        let mean = mean(frame, plane, inner);
        codes.get(plane as usize).zip(mean).map_or(u8::MAX, |(code, mean)| mean.abs_diff(*code))
    });
    (luma, blue.max(red))
}

fn mean(frame: &VideoFrame<Readable>, plane: u32, area: Area) -> Option<u8> {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for row in rows(frame, plane, area) {
        sum += row.iter().map(|sample| u64::from(*sample)).sum::<u64>();
        count += row.len() as u64;
    }
    (count > 0).then(|| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX))
}

/// By how many pixels each edge's inner side lies elsewhere.
fn cropped(frame: &VideoFrame<Readable>, plan: Plan) -> [u8; 3] {
    let middle = plan.height / 2;
    let across = |from: usize| rows(frame, 0, Area { left: from, top: middle, width: 2 * EDGE, height: 1 }).next();
    let left = across(0).map(<[u8]>::to_vec).unwrap_or_default();
    let mut right = across(plan.width.saturating_sub(2 * EDGE)).map(<[u8]>::to_vec).unwrap_or_default();
    right.reverse();
    // Beside the lines, where the ground is grey.
    let column = Area { left: 2 * EDGE, top: plan.height.saturating_sub(2 * EDGE), width: 1, height: 2 * EDGE };
    let mut bottom: Vec<u8> = rows(frame, 0, column).filter_map(|row| row.first().copied()).collect();
    bottom.reverse();
    [left, right, bottom].map(|side| {
        let white = side.iter().take_while(|luma| **luma > WHITE.midpoint(GREY)).count();
        u8::try_from(white.abs_diff(EDGE)).unwrap_or(u8::MAX)
    })
}

/// Of the lines' contrast, what is left between neighbours.
fn sharpness(frame: &VideoFrame<Readable>, lines: Area) -> u8 {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for row in rows(frame, 0, lines) {
        sum += row
            .windows(2)
            .map(|pair| u64::from(pair.first().zip(pair.last()).map_or(0, |(a, b)| a.abs_diff(*b))))
            .sum::<u64>();
        count += row.len().saturating_sub(1) as u64;
    }
    let whole = count * u64::from(LINES.0 - LINES.1);
    u8::try_from(sum * 100 / whole.max(1)).unwrap_or(u8::MAX).min(100)
}

fn rows(frame: &VideoFrame<Readable>, plane: u32, area: Area) -> impl Iterator<Item = &[u8]> {
    let stride = stride(frame, plane as usize).max(1);
    let data = frame.plane_data(plane).unwrap_or_default();
    let rows = data.chunks(stride).skip(area.top).take(area.height);
    rows.filter_map(move |row| row.get(area.left..area.left + area.width))
}

#[cfg(test)]
mod tests {
    use super::super::paint;
    use super::*;
    use crate::decode::Decoder;
    use crate::encode::family::Family;
    use crate::encode::{Config, Encoder, Rate};
    use crate::picture::{Converter, Pool, i420};
    use protocol::codec::Codec;
    use protocol::colour::{Colour, Range};
    use protocol::geometry::SizePx;
    use protocol::time::MonoTime;

    const SIZE: SizePx = SizePx { width: 1280, height: 720 };

    fn pattern(number: u64) -> Picture {
        crate::init().unwrap();
        let pool = Pool::new(&i420(SIZE, Colour::default()).unwrap()).unwrap();
        paint(SIZE, &pool, number).unwrap()
    }

    #[test]
    fn a_pattern_that_nothing_happened_to_is_exact() {
        let exact = Look { number: Some(77), luma_off: 0, chroma_off: 0, cropped_px: [0; 3], sharpness_pct: 100 };
        assert_eq!(look(&pattern(77)).unwrap(), exact);
    }

    #[test]
    fn a_session_at_its_usual_rate_keeps_colours_edges_and_lines() {
        let rate = Rate { bitrate_bps: 6_000_000, pictures_per_second: 30.0 };
        let config = Config { size: SIZE, colour: Colour::default(), rate, codec: Codec::H264, family: Family::X264 };
        let (mut encoder, mut decoder) = (Encoder::start(&config).unwrap(), Decoder::start().unwrap());
        let mut last = None;
        for number in 0..15 {
            let unit = encoder.encode(&pattern(number)).unwrap();
            last = Some(look(&decoder.decode(&unit.bytes, MonoTime(0)).unwrap()).unwrap());
        }
        let last = last.unwrap();
        assert_eq!((last.number, last.cropped_px), (Some(14), [0; 3]));
        assert!(last.luma_off <= 3 && last.chroma_off <= 3 && last.sharpness_pct >= 70, "{last:?}");
    }

    #[test]
    fn a_wrong_range_a_crop_and_a_blur_are_each_told() {
        let codes = |change: &dyn Fn(usize, usize, u8) -> u8| {
            let mut picture = pattern(1);
            let mut bytes = picture.buffer.map_readable().unwrap().to_vec();
            let luma = usize::from(SIZE.width) * usize::from(SIZE.height);
            let row = usize::from(SIZE.width);
            (0..luma).for_each(|at| bytes[at] = change(at % row, at / row, bytes[at]));
            picture.buffer = gstreamer::Buffer::from_slice(bytes);
            look(&picture).unwrap()
        };
        // Read as full range and written as limited again.
        let squeezed = codes(&|_, _, luma| (16.0 + f64::from(luma) * 219.0 / 255.0) as u8);
        assert!(squeezed.luma_off >= 10, "{squeezed:?}");
        let original = pattern(1);
        let from = original.read().unwrap();
        let plane = from.plane_data(0).unwrap();
        let row = usize::from(SIZE.width);
        let cropped = codes(&|x, y, _| plane[y * row + (x + 5).min(row - 1)]);
        assert_eq!(cropped.cropped_px[0], 5);
        let blurred = codes(&|x, y, _| {
            let at = |x: usize| u16::from(plane[y * row + x.min(row - 1)]);
            ((at(x) + at(x + 1)) / 2) as u8
        });
        assert!(blurred.sharpness_pct < 20, "{blurred:?}");
    }

    #[test]
    fn what_was_converted_to_another_range_by_the_book_and_back_is_the_same_within_rounding() {
        let full = i420(SIZE, Colour { range: Range::Full, ..Colour::default() }).unwrap();
        let there = Converter::new(&i420(SIZE, Colour::default()).unwrap(), &full).unwrap();
        let back = Converter::new(&full, &i420(SIZE, Colour::default()).unwrap()).unwrap();
        let look = look(&back.convert(&there.convert(&pattern(5)).unwrap()).unwrap()).unwrap();
        assert!(look.luma_off <= 2 && look.chroma_off <= 2, "{look:?}");
    }
}
