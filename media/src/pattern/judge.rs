//! What became of a pattern on its way.

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Readable;

use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};

use super::{Area, GREY, LINES, PATCHES, Plan, WHITE, stride, unreadable};
use crate::picture::{self, Converter, Picture, Pool};
use crate::strip;

/// Pixels of each patch that are left out at its border where nothing is scaled: coding smears there.
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
    /// How much of the contrast of the lines is left, in percent of what scaling alone leaves.
    pub sharpness_pct: u8,
}

/// Looks at one picture of the pattern after the other.
#[derive(Debug, Default)]
pub struct Gauge {
    place: Option<Place>,
}

/// Where the pattern stands, and in which size it was painted.
#[derive(Debug)]
struct Place {
    at: CanvasRect,
    size: SizePx,
    /// From there to the size in which it was painted.
    back: Converter,
    /// Contrast that scaling to there and back leaves of the lines, in percent.
    whole_pct: u64,
}

impl Gauge {
    /// Looks at the pattern in the rectangle `at` of `picture`, which was painted in `size`, at the same scale as it was
    /// painted.
    ///
    /// # Errors
    /// It cannot be read, or has no pixels there.
    pub fn look(&mut self, picture: &Picture, at: CanvasRect, size: SizePx) -> Result<Look, picture::Error> {
        let stays = |place: &Place| (place.at, place.size) == (at, size) && place.back.takes(&picture.info);
        let place = match self.place.take().filter(stays) {
            Some(place) => place,
            None => Place::new(picture, at, size)?,
        };
        let Place { back, whole_pct, .. } = self.place.insert(place);
        let mut look = look(&back.convert(picture)?, Plan::of(size, at.size))?;
        let relative = u64::from(look.sharpness_pct) * 100 / (*whole_pct).max(1);
        look.sharpness_pct = u8::try_from(relative).unwrap_or(u8::MAX).min(100);
        Ok(look)
    }
}

impl Place {
    fn new(picture: &Picture, at: CanvasRect, size: SizePx) -> Result<Self, picture::Error> {
        let [painted, shown] = [size, at.size].map(|size| picture::i420(size, Colour::default()));
        let (painted, shown) = (painted?, shown?);
        let pattern = super::paint(size, at.size, &Pool::new(&painted)?, 0)?;
        let there = Converter::new(&painted, &shown)?.convert(&pattern)?;
        let again = Converter::new(&shown, &painted)?.convert(&there)?;
        let whole_pct = look(&again, Plan::of(size, at.size))?.sharpness_pct.into();
        Ok(Self { at, size, back: Converter::out_of_rect(&picture.info, at, &painted)?, whole_pct })
    }
}

fn look(picture: &Picture, plan: Plan) -> Result<Look, picture::Error> {
    let frame = picture.read()?;
    let offs = PATCHES.into_iter().enumerate().map(|(index, codes)| off(&frame, plan, index, codes));
    let (luma_off, chroma_off) = offs.fold((0, 0), |(luma, chroma), off| (luma.max(off.0), chroma.max(off.1)));
    // Of the strip's copies the middle one has none of the ground mixed in.
    let stride = stride(&frame, 0);
    let luma = frame.plane_data(0).map_err(unreadable)?;
    let strip = luma.get(plan.line / 2 * strip::HEIGHT * stride..).unwrap_or_default();
    let number = strip::read(strip, stride, plan.width);
    let (cropped_px, sharpness_pct) = (cropped(&frame, plan), sharpness(&frame, plan));
    Ok(Look { number, luma_off, chroma_off, cropped_px, sharpness_pct })
}

/// How far a patch is from its luma, and from its chroma in the worse of both planes.
fn off(frame: &VideoFrame<Readable>, plan: Plan, index: usize, codes: [u8; 3]) -> (u8, u8) {
    let (patch, margin) = (plan.patch(index), MARGIN * plan.line);
    let [luma, blue, red] = [0, 1, 2].map(|plane: u32| {
        let halved = usize::from(plane > 0);
        let inner = Area {
            left: (patch.left + margin) >> halved,
            top: (patch.top + margin) >> halved,
            width: patch.width.saturating_sub(2 * margin) >> halved,
            height: patch.height.saturating_sub(2 * margin) >> halved,
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
    let (middle, edge) = (plan.height / 2, plan.edge());
    let across = |from: usize| rows(frame, 0, Area { left: from, top: middle, width: 2 * edge, height: 1 }).next();
    let left = across(0).map(<[u8]>::to_vec).unwrap_or_default();
    let mut right = across(plan.width.saturating_sub(2 * edge)).map(<[u8]>::to_vec).unwrap_or_default();
    right.reverse();
    // Beside the lines, where the ground is grey.
    let column = Area { left: 2 * edge, top: plan.height.saturating_sub(2 * edge), width: 1, height: 2 * edge };
    let mut bottom: Vec<u8> = rows(frame, 0, column).filter_map(|row| row.first().copied()).collect();
    bottom.reverse();
    [left, right, bottom].map(|side| {
        let white = side.iter().take_while(|luma| **luma > WHITE.midpoint(GREY)).count();
        u8::try_from(white.abs_diff(edge)).unwrap_or(u8::MAX)
    })
}

/// Of the lines' contrast, what is left between neighbours.
fn sharpness(frame: &VideoFrame<Readable>, plan: Plan) -> u8 {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for row in rows(frame, 0, plan.lines()) {
        let pairs = row.iter().zip(row.iter().skip(plan.line));
        count += pairs.len() as u64;
        sum += pairs.map(|(one, next)| u64::from(one.abs_diff(*next))).sum::<u64>();
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
    use super::super::{line_px, paint};
    use super::*;
    use crate::decode::Decoder;
    use crate::encode::family::Family;
    use crate::encode::{Config, Encoder, Rate};
    use crate::picture::i420;
    use protocol::codec::Codec;
    use protocol::colour::{Matrix, Range};
    use protocol::time::MonoTime;

    const SIZE: SizePx = SizePx { width: 1280, height: 720 };

    fn pattern(number: u64) -> Picture {
        crate::init().unwrap();
        let pool = Pool::new(&i420(SIZE, Colour::default()).unwrap()).unwrap();
        paint(SIZE, SIZE, &pool, number).unwrap()
    }

    /// What is seen of a pattern that nothing scaled.
    fn look(picture: &Picture) -> Look {
        Gauge::default().look(picture, CanvasRect { x: 0, y: 0, size: SIZE }, SIZE).unwrap()
    }

    /// What is seen of the pattern in pictures of `size` and `colour` that stand at `at` on a canvas.
    fn shown(size: SizePx, colour: Colour, at: CanvasRect) -> Look {
        crate::init().unwrap();
        let pool = Pool::new(&i420(size, Colour::default()).unwrap()).unwrap();
        let pattern = paint(size, at.size, &pool, 77).unwrap();
        let given = Converter::new(&pattern.info, &i420(size, colour).unwrap()).unwrap().convert(&pattern).unwrap();
        let canvas = i420(SizePx { width: 1920, height: 1080 }, colour).unwrap();
        let composed = Converter::into_rect(&given.info, &canvas, at).unwrap().convert(&given).unwrap();
        Gauge::default().look(&composed, at, size).unwrap()
    }

    #[test]
    fn a_pattern_that_nothing_happened_to_is_exact() {
        let exact = Look { number: Some(77), luma_off: 0, chroma_off: 0, cropped_px: [0; 3], sharpness_pct: 100 };
        assert_eq!(look(&pattern(77)), exact);
    }

    #[test]
    fn a_pattern_of_any_size_shape_and_colour_is_judged_where_it_stands_on_the_canvas() {
        for (width, height, x, y, shown_width, shown_height) in [
            (1280, 720, 0, 0, 960, 540),
            (1920, 1080, 0, 0, 1280, 720),
            (1920, 1080, 2, 2, 1918, 1078),
            (3840, 2160, 0, 0, 1440, 810),
            (1280, 1024, 100, 20, 900, 720),
            (1024, 1024, 20, 30, 720, 720),
            (640, 480, 100, 20, 960, 720),
        ] {
            let (size, at) = (SizePx { width, height }, SizePx { width: shown_width, height: shown_height });
            let at = CanvasRect { x, y, size: at };
            for colour in [Colour::default(), Colour { matrix: Matrix::Bt601, range: Range::Full }] {
                let look = shown(size, colour, at);
                let elsewhere = usize::from(look.cropped_px.into_iter().max().unwrap());
                assert!(elsewhere <= line_px(size, at.size), "{at:?}: {look:?}");
                assert!(look.luma_off <= 3 && look.chroma_off <= 3 && look.sharpness_pct >= 95, "{at:?}: {look:?}");
                assert_eq!(look.number, Some(77), "{at:?}");
            }
        }
    }

    #[test]
    fn a_pattern_that_stands_beside_its_place_is_told_to_be_cropped() {
        let (size, place) = (SizePx { width: 1280, height: 1024 }, SizePx { width: 900, height: 720 });
        let [right, told] = [120, 100].map(|x| CanvasRect { x, y: 20, size: place });
        crate::init().unwrap();
        let pool = Pool::new(&i420(size, Colour::default()).unwrap()).unwrap();
        let pattern = paint(size, place, &pool, 1).unwrap();
        let canvas = i420(SizePx { width: 1920, height: 1080 }, Colour::default()).unwrap();
        let composed = Converter::into_rect(&pattern.info, &canvas, right).unwrap().convert(&pattern).unwrap();
        let look = Gauge::default().look(&composed, told, size).unwrap();
        assert!(look.cropped_px[0] >= 10, "{look:?}");
    }

    #[test]
    fn a_session_at_its_usual_rate_keeps_colours_edges_and_lines() {
        crate::init().unwrap();
        let rate = Rate { bitrate_bps: 6_000_000, pictures_per_second: 30.0 };
        let config = Config { size: SIZE, colour: Colour::default(), rate, codec: Codec::H264, family: Family::X264 };
        let (mut encoder, mut decoder) = (Encoder::start(&config).unwrap(), Decoder::start().unwrap());
        let mut last = None;
        for number in 0..15 {
            let unit = encoder.encode(&pattern(number)).unwrap();
            last = Some(look(&decoder.decode(&unit.bytes, MonoTime(0)).unwrap()));
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
            look(&picture)
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
        let look = look(&back.convert(&there.convert(&pattern(5)).unwrap()).unwrap());
        assert!(look.luma_off <= 2 && look.chroma_off <= 2, "{look:?}");
    }
}
