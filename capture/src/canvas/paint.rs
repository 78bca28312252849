//! Copies pictures and black into rectangles of a 4:2:0 frame, row by row. What to paint is the canvas's matter.

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
    let luma = match range {
        Range::Limited => 16,
        Range::Full => 0,
    };
    fill(canvas, at, [luma, 128, 128]);
}

/// Gives all of `at` these codes of Y, U and V.
pub fn fill(canvas: &mut VideoFrame<Writable>, at: CanvasRect, codes: [u8; 3]) {
    for (plane, code) in PLANES.into_iter().zip(codes) {
        rows(canvas, plane, at).for_each(|row| row.fill(code));
    }
}

/// Draws letters with their upper left corner at `corner`, in white, on what is there already, which is to be dark.
pub fn letters(canvas: &mut VideoFrame<Writable>, letters: &Letters, (x, y): (u16, u16)) {
    let at = CanvasRect { x, y, size: letters.size };
    let coverage = letters.coverage.chunks(usize::from(letters.size.width).max(1));
    for (row, coverage) in rows(canvas, 0, at).zip(coverage) {
        row.iter_mut().zip(coverage).for_each(|(luma, coverage)| *luma = (*luma).max(*coverage));
    }
}

/// The rows of one plane that lie in `at`; a sample of which any pixel lies there belongs to it.
fn rows(canvas: &mut VideoFrame<Writable>, plane: u32, at: CanvasRect) -> impl Iterator<Item = &mut [u8]> {
    let halved = usize::from(plane > 0);
    let (first, end) = (move |px: u16| usize::from(px) >> halved, move |px: usize| (px + halved) >> halved);
    let (left, right) = (first(at.x), end(usize::from(at.x) + usize::from(at.size.width)));
    let (top, bottom) = (first(at.y), end(usize::from(at.y) + usize::from(at.size.height)));
    // Without a stride or data there are no rows, which a mapped I420 frame never is.
    let stride = stride(canvas, plane).unwrap_or(1);
    let data = canvas.plane_data_mut(plane).unwrap_or_default();
    let rows = data.chunks_mut(stride).skip(top).take(bottom - top);
    rows.filter_map(move |row| row.get_mut(left..right))
}

fn stride(frame: &impl VideoFrameExt, plane: u32) -> Option<usize> {
    let stride = *frame.plane_stride().get(usize::try_from(plane).ok()?)?;
    usize::try_from(stride).ok().filter(|stride| *stride > 0)
}
