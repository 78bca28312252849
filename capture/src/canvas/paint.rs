//! Copies pictures and black into rectangles of a 4:2:0 frame, row by row. What to paint is the canvas's matter.

use gstreamer_video::VideoFrame;
use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::{Readable, Writable};
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
    for (plane, code) in PLANES.into_iter().zip([luma, 128, 128]) {
        rows(canvas, plane, at).for_each(|row| row.fill(code));
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
