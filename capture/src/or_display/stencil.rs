//! An overlay made ready to be laid over many pictures: of its squares only what is not empty, in the form in which
//! the compiler blends sixteen bytes at once. `annotation::raster::blend_bgrx` says what the result must be.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use annotation::raster::{Overlay, Rect};

/// What lies over the picture.
#[derive(Debug, Default)]
pub struct Stencil {
    pieces: Vec<Piece>,
}

/// One square of the overlay, without its empty pixels.
#[derive(Debug)]
struct Piece {
    rect: Rect,
    runs: Vec<Run>,
    /// Of each byte of the picture under a run: how much of 255 of it stays, and what is added.
    keep: Vec<u8>,
    add: Vec<u8>,
}

/// Pixels of one row that have no empty one among them.
#[derive(Debug)]
struct Run {
    /// In the picture.
    row: usize,
    /// First byte in that row of a picture of four bytes a pixel.
    left_bytes: usize,
    /// Where in the piece's bytes.
    bytes: Range<usize>,
}

impl Stencil {
    /// Makes this the stencil of `overlay`. Squares that were in it before cost next to nothing.
    pub fn set(&mut self, overlay: &Overlay) {
        // A piece holds its square's pixels, so no other square can have come to lie at the same address.
        let address = |rect: &Rect| (Arc::as_ptr(&rect.rgba).cast::<u8>(), rect.x, rect.y);
        let mut known: HashMap<_, Piece> = self.pieces.drain(..).map(|piece| (address(&piece.rect), piece)).collect();
        let piece = |rect: &Rect| known.remove(&address(rect)).unwrap_or_else(|| Piece::new(rect));
        self.pieces.extend(overlay.rects.iter().map(piece));
    }

    /// Lays it over a BGRx picture whose rows are `stride_bytes` apart. What lies beyond the picture is left out.
    pub fn lay_over(&self, frame: &mut [u8], stride_bytes: usize) {
        for piece in &self.pieces {
            piece.lay_over(frame, stride_bytes);
        }
    }
}

impl Piece {
    fn new(rect: &Rect) -> Self {
        let mut piece = Self { rect: rect.clone(), runs: Vec::new(), keep: Vec::new(), add: Vec::new() };
        let width_bytes = usize::from(rect.size.width).max(1) * 4;
        for (row, pixels) in (usize::from(rect.y)..).zip(rect.rgba.chunks_exact(width_bytes)) {
            piece.take_row(row, pixels.as_chunks::<4>().0);
        }
        piece
    }

    fn take_row(&mut self, row: usize, pixels: &[[u8; 4]]) {
        let mut left = usize::from(self.rect.x);
        for run in pixels.chunk_by(|one, next| (one[3] == 0) == (next[3] == 0)) {
            let start = self.keep.len();
            for &[red, green, blue, opacity] in run.iter().filter(|pixel| pixel[3] != 0) {
                let stays = 255 - opacity;
                self.keep.extend([stays, stays, stays, 255]);
                self.add.extend([blue, green, red, 0]);
            }
            if self.keep.len() > start {
                self.runs.push(Run { row, left_bytes: left * 4, bytes: start..self.keep.len() });
            }
            left += run.len();
        }
    }

    fn lay_over(&self, frame: &mut [u8], stride_bytes: usize) {
        for run in &self.runs {
            let line = frame.chunks_mut(stride_bytes.max(1)).nth(run.row);
            let below = line.and_then(|line| line.get_mut(run.left_bytes..));
            let (Some(below), Some(keep), Some(add)) =
                (below, self.keep.get(run.bytes.clone()), self.add.get(run.bytes.clone()))
            else {
                continue;
            };
            for ((below, keep), add) in below.iter_mut().zip(keep).zip(add) {
                *below = of_255(*below, *keep).saturating_add(*add);
            }
        }
    }
}

/// `value * part / 255`, rounded to nearest without a division (Blinn 1994, "Compositing, part 1"). Wrapping, because
/// checked operations cannot be done eight at a time; the sum is below 65,536.
fn of_255(value: u8, part: u8) -> u8 {
    let product = u16::from(value).wrapping_mul(u16::from(part)).wrapping_add(128);
    (product.wrapping_add(product >> 8) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use annotation::raster::blend_bgrx;
    use proptest::prelude::*;
    use protocol::geometry::SizePx;

    const WIDTH: usize = 24;
    const STRIDE: usize = WIDTH * 4 + 8;

    /// A square with premultiplied pixels, many of them empty.
    fn rect() -> impl Strategy<Value = Rect> {
        let pixel = prop_oneof![
            Just([0; 4]),
            any::<[u8; 4]>().prop_map(|[red, green, blue, opacity]| {
                let of = |channel: u8| (u16::from(channel) * u16::from(opacity) / 255) as u8;
                [of(red), of(green), of(blue), opacity]
            })
        ];
        (0u16..30, 0u16..14, 1u16..10, 1u16..6).prop_flat_map(move |(x, y, width, height)| {
            let pixels = proptest::collection::vec(pixel.clone(), usize::from(width * height));
            pixels.prop_map(move |pixels| Rect { x, y, size: SizePx { width, height }, rgba: pixels.concat().into() })
        })
    }

    proptest! {
        #[test]
        fn a_picture_under_a_stencil_looks_as_if_blended_square_by_square(
            first in proptest::collection::vec(rect(), 0..6),
            second in proptest::collection::vec(rect(), 0..6),
            below in proptest::collection::vec(any::<u8>(), STRIDE * 12),
        ) {
            let mut stencil = Stencil::default();
            // The second overlay keeps what the first had and puts more over it.
            for rects in [first.clone(), [first, second].concat()] {
                let overlay = Overlay { rects };
                stencil.set(&overlay);
                let (mut got, mut expected) = (below.clone(), below.clone());
                stencil.lay_over(&mut got, STRIDE);
                overlay.rects.iter().for_each(|rect| blend_bgrx(rect, &mut expected, STRIDE));
                prop_assert_eq!(&got, &expected);
            }
        }
    }

    #[test]
    fn a_square_that_stays_is_not_taken_apart_again() {
        let rect = Rect { x: 0, y: 0, size: SizePx { width: 1, height: 1 }, rgba: [1, 2, 3, 4].into() };
        let overlay = Overlay { rects: vec![rect] };
        let mut stencil = Stencil::default();
        stencil.set(&overlay);
        let before = stencil.pieces[0].keep.as_ptr();
        stencil.set(&overlay.clone());
        assert_eq!(stencil.pieces[0].keep.as_ptr(), before);
    }
}
