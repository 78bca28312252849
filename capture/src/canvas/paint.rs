//! Copies pictures and letters into rectangles of a 4:2:0 frame, and black into those of any, row by row. What to paint is
//! the canvas's matter.

use gstreamer_video::VideoFrame;
use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::{Readable, Writable};
use media::caption::Letters;
use media::component::{self, Component};
use protocol::colour::Range;
use protocol::geometry::CanvasRect;

/// Copies `picture` to `at`. What does not fit is left out.
pub fn picture(canvas: &mut VideoFrame<Writable>, picture: &VideoFrame<Readable>, at: CanvasRect) {
    for component in Component::all(canvas.info()) {
        for (to, from) in component.rows_in(canvas, at).zip(component.rows(picture)) {
            if let Some(from) = from.get(..to.len()) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// Makes `at` black, in a frame of any format with one byte a component.
pub fn black(frame: &mut VideoFrame<Writable>, at: CanvasRect) {
    let codes = component::black(frame.info());
    fill(frame, at, codes);
}

/// Gives all of `at` these codes of the format's components.
pub fn fill(frame: &mut VideoFrame<Writable>, at: CanvasRect, codes: [u8; 3]) {
    for (component, code) in Component::all(frame.info()).into_iter().zip(codes) {
        for row in component.rows_in(frame, at) {
            match component.step() {
                1 => row.fill(code),
                step => row.iter_mut().step_by(step).for_each(|sample| *sample = code),
            }
        }
    }
}

/// Lays white letters over what is there, which had better have no colour, their upper left corner at `(x, y)`.
pub fn letters(canvas: &mut VideoFrame<Writable>, letters: &Letters, (x, y): (u16, u16), range: Range) {
    let white = match range {
        Range::Limited => 235,
        Range::Full => 255,
    };
    let at = CanvasRect { x, y, size: letters.size };
    let Some(luma) = Component::light(canvas.info()) else { return };
    let rows = luma.rows_in(canvas, at).zip(letters.coverage.chunks(usize::from(letters.size.width).max(1)));
    for (luma, covered) in rows.flat_map(|(row, covered)| row.iter_mut().zip(covered)) {
        let (under, part) = (u32::from(*luma), u32::from(*covered));
        *luma = u8::try_from((under * (255 - part) + white * part) / 255).unwrap_or(u8::MAX);
    }
}
