//! From luma and chroma to red, green and blue, exactly and fast. Which pictures go this way is `full_colour`'s.

use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoFrame, VideoFrameExt};
use protocol::colour::{Colour, Range};
use rayon::prelude::*;

use super::full_colour::{BAND, stride};
use super::wide::{Work, widest};

/// From luma and chroma to red, green and blue (ITU-T H.273 equations 38 to 46 turned round), in 16 bit fixed point
/// with four bits of fraction: the compiler makes eight or sixteen pixels of one instruction of it. Operations wrap because
/// checked ones cannot be done so many at a time; no sum leaves 16 bits: |luma| < 4,800, |chroma| < 4,400.
pub(super) struct Matrix16 {
    black: i16,
    luma: i16,
    red_of_v: i16,
    green_of_u: i16,
    green_of_v: i16,
    blue_of_u: i16,
}

/// The row at hand: what chroma adds to each pixel's blue, green and red, its luma, and the three sums.
#[derive(Default)]
struct Row {
    chroma: [Vec<i16>; 3],
    light: Vec<i16>,
    colours: [Vec<u8>; 3],
}

/// A [`BAND`] of rows: its planes and what is made of them, each with the bytes from one row to the next.
struct Band<'a> {
    matrix: &'a Matrix16,
    row: &'a mut Row,
    luma: (&'a [u8], usize),
    u: (&'a [u8], usize),
    v: (&'a [u8], usize),
    width: usize,
    out: (&'a mut [u8], usize),
}

impl Matrix16 {
    /// The way back from `colour`.
    pub(super) fn new(colour: Colour) -> Self {
        let (red, blue) = colour.matrix.weights();
        let (red, blue) = (f64::from(red), f64::from(blue));
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
        }
    }

    /// Turns the I420 picture `from` into the BGRx picture `to` of the same size, on which `draw` draws band by band; as many bands at
    /// once as the caller's `rayon` pool has threads.
    pub(super) fn apply(
        &self,
        from: &VideoFrame<Readable>,
        to: &mut VideoFrame<Writable>,
        draw: impl Fn(usize, &mut [u8], usize) + Sync,
    ) {
        let width = usize::try_from(from.width()).unwrap_or(0);
        let apart = |plane: usize| from.plane_stride().get(plane).and_then(|bytes| usize::try_from(*bytes).ok());
        let plane = |plane| Some((from.plane_data(plane).ok()?, apart(usize::try_from(plane).ok()?)?.max(1)));
        let (Some(luma), Some(u), Some(v)) = (plane(0), plane(1), plane(2)) else { return };
        let out_stride = stride(to);
        let Ok(out) = to.plane_data_mut(0) else { return };
        let bands = |(bytes, stride): (_, usize), rows| <[u8]>::par_chunks(bytes, rows * stride);
        let chroma = bands(u, BAND / 2).zip(bands(v, BAND / 2));
        let all = out.par_chunks_mut(BAND * out_stride).zip(bands(luma, BAND)).zip(chroma).enumerate();
        all.with_max_len(1).for_each_init(Row::default, |row, (number, ((out, luma_rows), (u_rows, v_rows)))| {
            let [luma, u, v] = [(luma_rows, luma.1), (u_rows, u.1), (v_rows, v.1)];
            widest(Band { matrix: self, row, luma, u, v, width, out: (&mut *out, out_stride) });
            draw(number * BAND, out, out_stride);
        });
    }

    /// What a row of chroma adds to each pixel's blue, green and red, with the half that rounds.
    #[inline(always)]
    fn take_chroma(&self, u: &[u8], v: &[u8], width: usize, row: &mut Row) {
        const HALF: i16 = 8;
        row.chroma.iter_mut().for_each(|colour| colour.resize(width.next_multiple_of(2), 0));
        let [blue, green, red] = &mut row.chroma;
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
    #[inline(always)]
    fn write_row(&self, luma: &[u8], row: &mut Row, out: &mut [[u8; 4]]) {
        let (black, weight) = (self.black, self.luma);
        row.light.clear();
        row.light.extend(luma.iter().map(|code| high(i16::from(*code).wrapping_sub(black) << 7, weight)));
        for (colour, chroma) in row.colours.iter_mut().zip(&row.chroma) {
            colour.resize(luma.len(), 0);
            for ((to, light), chroma) in colour.iter_mut().zip(&row.light).zip(chroma) {
                *to = (light.wrapping_add(*chroma) >> 4).clamp(0, 255) as u8;
            }
        }
        let [blue, green, red] = &row.colours;
        for (((pixel, blue), green), red) in out.iter_mut().zip(blue).zip(green).zip(red) {
            let packed = u32::from(*blue) | u32::from(*green) << 8 | u32::from(*red) << 16 | 0xff00_0000;
            *pixel = packed.to_le_bytes();
        }
    }
}

impl Work for Band<'_> {
    #[inline(always)]
    fn work(self) {
        let Self { matrix, row, width, .. } = self;
        let ((luma, luma_stride), (u, u_stride), (v, v_stride)) = (self.luma, self.u, self.v);
        let (out, out_stride) = self.out;
        // Each row of chroma serves two rows of luma.
        let mut chroma = u.chunks(u_stride).zip(v.chunks(v_stride)).flat_map(|pair| [Some(pair), None]);
        for (out, luma) in out.chunks_mut(out_stride).zip(luma.chunks(luma_stride)) {
            match chroma.next() {
                Some(Some((u, v))) => matrix.take_chroma(u, v, width, row),
                Some(None) => {}
                None => return,
            }
            matrix.write_row(luma.get(..width).unwrap_or(luma), row, out.as_chunks_mut::<4>().0);
        }
    }
}

/// The high half of a product.
#[inline(always)]
fn high(one: i16, other: i16) -> i16 {
    (i32::from(one).wrapping_mul(i32::from(other)) >> 16) as i16
}
