//! Copies pictures, letters and black into rectangles of a 4:2:0 frame, row by row. What to paint is the canvas's matter.

use gstreamer_video::VideoFrame;
use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::{Readable, Writable};
use media::caption::Letters;
use protocol::colour::Range;
use protocol::geometry::CanvasRect;

/// The planes of I420: Y, then U and V with half the width and height.
const PLANES: [u32; 3] = [0, 1, 2];

/// Copies `picture` to `at`. What does not fit is left out.
pub fn picture(canvas: &mut VideoFrame<Writable>, picture: &VideoFrame<Readable>, at: CanvasRect) {
    for plane in PLANES {
        let Some(stride) = stride(picture, plane) else { continue };
        let Ok(source) = picture.plane_data(plane) else { continue };
        for (to, from) in rows(canvas, plane, at).zip(source.chunks(stride)) {
            if let Some(from) = from.get(..to.len()) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// Makes `at` black.
pub fn black(canvas: &mut VideoFrame<Writable>, at: CanvasRect, range: Range) {
    for (plane, code) in PLANES.into_iter().zip([ends(range).0, 128, 128]) {
        rows(canvas, plane, at).for_each(|row| row.fill(code));
    }
}

/// Lays white letters over what is there, which had better have no colour, their upper left corner at `(x, y)`.
pub fn letters(canvas: &mut VideoFrame<Writable>, letters: &Letters, (x, y): (u16, u16), range: Range) {
    let white = u32::from(ends(range).1);
    let at = CanvasRect { x, y, size: letters.size };
    let rows = rows(canvas, 0, at).zip(letters.coverage.chunks(usize::from(letters.size.width).max(1)));
    for (luma, covered) in rows.flat_map(|(row, covered)| row.iter_mut().zip(covered)) {
        let (under, part) = (u32::from(*luma), u32::from(*covered));
        *luma = u8::try_from((under * (255 - part) + white * part) / 255).unwrap_or(u8::MAX);
    }
}

/// Luma of black and of white.
fn ends(range: Range) -> (u8, u8) {
    match range {
        Range::Limited => (16, 235),
        Range::Full => (0, 255),
    }
}

/// The rows of one plane that lie in `at`.
fn rows(canvas: &mut VideoFrame<Writable>, plane: u32, at: CanvasRect) -> impl Iterator<Item = &mut [u8]> {
    let halved = u32::from(plane > 0);
    let scaled = move |px: u16| usize::from(px) >> halved;
    let (left, right) = (scaled(at.x), scaled(at.x + at.size.width));
    // Without a stride or data there are no rows, which a mapped I420 frame never is.
    let stride = stride(canvas, plane).unwrap_or(1);
    let data = canvas.plane_data_mut(plane).unwrap_or_default();
    let rows = data.chunks_mut(stride).skip(scaled(at.y)).take(scaled(at.size.height));
    rows.filter_map(move |row| row.get_mut(left..right))
}

fn stride(frame: &impl VideoFrameExt, plane: u32) -> Option<usize> {
    let stride = *frame.plane_stride().get(usize::try_from(plane).ok()?)?;
    usize::try_from(stride).ok().filter(|stride| *stride > 0)
}
