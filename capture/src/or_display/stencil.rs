//! An overlay made ready to be laid over many pictures: what lies at one place is made one square, of that only what is not
//! empty is kept, and in the form in which the compiler blends sixteen bytes at once. `annotation::raster::blend_bgrx` says
//! what the result must be, but for the rounding of squares that lie over each other.

use std::collections::HashMap;
use std::sync::Arc;

use annotation::raster::{Overlay, Rect};
use protocol::geometry::SizePx;

use super::full_colour::BAND;
use super::wide::{Work, widest};

/// What lies over the picture.
#[derive(Debug, Default)]
pub struct Stencil {
    pieces: Vec<Piece>,
    /// Of each [`BAND`] of rows, which pieces reach into it.
    bands: Vec<Vec<usize>>,
}

/// Where a square lies, and how large it is.
type Place = (u16, u16, SizePx);

/// Everything at one place, without its empty pixels.
#[derive(Debug)]
struct Piece {
    /// From the lowest to the highest.
    rects: Vec<Rect>,
    /// Its first row in the picture, and of each of its rows where in `runs` those of it begin, with an end.
    top: usize,
    rows: Vec<usize>,
    runs: Vec<Run>,
    /// Of each byte of the picture under a run of mixed pixels: how much of 255 of it stays, and what is added.
    keep: Vec<u8>,
    add: Vec<u8>,
}

/// Pixels of one row that have no empty one among them.
#[derive(Debug)]
struct Run {
    /// First byte in its row of a picture of four bytes a pixel.
    left_bytes: usize,
    /// How many bytes of it.
    length_bytes: usize,
    ink: Ink,
}

/// What is put over the pixels of a run. Most of a line is one colour, opaque in the middle and even in its halo, and what
/// every pixel has in common need not be fetched for each.
#[derive(Debug)]
enum Ink {
    /// One opaque colour.
    Opaque(Pixel),
    /// One that the picture is seen through: how much of 255 of each of its bytes stays, and what is added.
    Even(Pixel, Pixel),
    /// One for each pixel, from here on in the piece's bytes.
    Mixed(usize),
}

/// Blue, green, red, and a byte that means nothing.
type Pixel = [u8; 4];

/// Pixels of one colour from which on they are a run of their own. From eight on there were so many short runs that they cost
/// more than they spared (`or-display-bench`).
const EVEN_FROM: usize = 32;

impl Stencil {
    /// Makes this the stencil of `overlay`, whose squares at one place lie over each other where the first of them lies; those
    /// of one raster do not overlap otherwise. Places where nothing has changed cost next to nothing.
    pub fn set(&mut self, overlay: &Overlay) {
        let place = |rect: &Rect| -> Place { (rect.x, rect.y, rect.size) };
        let mut known: HashMap<Place, Piece> =
            self.pieces.drain(..).filter_map(|piece| Some((place(piece.rects.first()?), piece))).collect();
        let mut order: HashMap<Place, usize> = HashMap::new();
        let mut stacks: Vec<Vec<&Rect>> = Vec::new();
        for rect in &overlay.rects {
            let at = *order.entry(place(rect)).or_insert_with(|| {
                stacks.push(Vec::new());
                stacks.len() - 1
            });
            stacks.get_mut(at).into_iter().for_each(|stack| stack.push(rect));
        }
        self.pieces.extend(stacks.iter().map(|stack| {
            let before = stack.first().and_then(|rect| known.remove(&place(rect)));
            before.filter(|piece| piece.is_of(stack)).unwrap_or_else(|| Piece::new(stack))
        }));
        self.bands.clear();
        for (number, piece) in self.pieces.iter().enumerate() {
            let bottom = piece.top + piece.rows.len().saturating_sub(2);
            self.bands.resize_with(self.bands.len().max(bottom / BAND + 1), Vec::new);
            let bands = self.bands.get_mut(piece.top / BAND..=bottom / BAND).unwrap_or_default();
            bands.iter_mut().for_each(|band| band.push(number));
        }
    }

    /// Lays it over a [`BAND`] of rows of a BGRx picture, of which `first` is the first and which are `stride_bytes` apart. What
    /// lies beyond the picture is left out.
    pub fn lay_over(&self, first: usize, rows: &mut [u8], stride_bytes: usize) {
        widest(Lay { stencil: self, first, rows, stride_bytes });
    }

    #[inline(always)]
    fn lay(&self, first: usize, rows: &mut [u8], stride_bytes: usize) {
        let band = self.bands.get(first / BAND).into_iter().flatten();
        for piece in band.filter_map(|number| self.pieces.get(*number)) {
            let own = rows.chunks_mut(stride_bytes.max(1)).enumerate().skip(piece.top.saturating_sub(first));
            for (row, bytes) in own.take(piece.rows.len()) {
                piece.lay_over(first + row, bytes);
            }
        }
    }
}

/// A stencil over a band.
struct Lay<'a> {
    stencil: &'a Stencil,
    first: usize,
    rows: &'a mut [u8],
    stride_bytes: usize,
}

impl Work for Lay<'_> {
    #[inline(always)]
    fn work(self) {
        self.stencil.lay(self.first, self.rows, self.stride_bytes);
    }
}

impl Piece {
    /// Of `stack`, from the lowest to the highest, all at one place.
    fn new(stack: &[&Rect]) -> Self {
        let rects = stack.iter().map(|rect| (*rect).clone()).collect();
        let mut piece = Self { rects, top: 0, rows: vec![0], runs: Vec::new(), keep: Vec::new(), add: Vec::new() };
        let [first, above @ ..] = stack else { return piece };
        piece.top = usize::from(first.y);
        let mut pixels: Vec<[u8; 4]> = first.rgba.as_chunks::<4>().0.to_vec();
        for rect in above {
            pixels
                .iter_mut()
                .zip(rect.rgba.as_chunks::<4>().0)
                .for_each(|(below, above)| *below = over(*below, *above));
        }
        for pixels in pixels.chunks_exact(usize::from(first.size.width).max(1)) {
            piece.take_row(usize::from(first.x), pixels);
            piece.rows.push(piece.runs.len());
        }
        piece
    }

    /// Whether it was made of these, which all lie where it lies. It holds their pixels, so no others can have come to lie at the
    /// same address.
    fn is_of(&self, stack: &[&Rect]) -> bool {
        let same = |(one, other): (&Rect, &&Rect)| Arc::ptr_eq(&one.rgba, &other.rgba);
        self.rects.len() == stack.len() && self.rects.iter().zip(stack).all(same)
    }

    fn take_row(&mut self, mut left: usize, pixels: &[[u8; 4]]) {
        // Of pixels of one colour that are too few the last run goes on.
        let mut mixed = None;
        for same in pixels.chunk_by(|one, next| one == next) {
            let (left_bytes, length_bytes) = (left * 4, same.len() * 4);
            left += same.len();
            let Some((keep, add)) = same.first().and_then(|pixel| parts(*pixel)) else {
                mixed = None;
                continue;
            };
            if same.len() >= EVEN_FROM {
                mixed = None;
                let ink = if keep == [0, 0, 0, 255] { Ink::Opaque(add) } else { Ink::Even(keep, add) };
                self.runs.push(Run { left_bytes, length_bytes, ink });
                continue;
            }
            let at = *mixed.get_or_insert_with(|| {
                self.runs.push(Run { left_bytes, length_bytes: 0, ink: Ink::Mixed(self.keep.len()) });
                self.runs.len() - 1
            });
            if let Some(run) = self.runs.get_mut(at) {
                run.length_bytes += length_bytes;
            }
            self.keep.extend(std::iter::repeat_n(keep, same.len()).flatten());
            self.add.extend(std::iter::repeat_n(add, same.len()).flatten());
        }
    }

    #[inline(always)]
    fn lay_over(&self, row: usize, bytes: &mut [u8]) {
        let own = row.checked_sub(self.top).and_then(|own| self.rows.get(own..)?.first_chunk::<2>());
        let runs = own.and_then(|[first, end]| self.runs.get(*first..*end)).unwrap_or_default();
        for run in runs {
            let Some(below) = bytes.get_mut(run.left_bytes..) else { continue };
            let length = run.length_bytes.min(below.len());
            let below = below.get_mut(..length).unwrap_or_default();
            match run.ink {
                Ink::Opaque(colour) => opaque(below, colour),
                Ink::Even(keep, add) => even(below, keep, add),
                Ink::Mixed(at) => {
                    let parts = (self.keep.get(at..).unwrap_or_default(), self.add.get(at..).unwrap_or_default());
                    for ((below, keep), add) in below.iter_mut().zip(parts.0).zip(parts.1) {
                        *below = of_255(*below, *keep).saturating_add(*add);
                    }
                }
            }
        }
    }
}

/// One premultiplied pixel over another.
fn over(below: [u8; 4], above: [u8; 4]) -> [u8; 4] {
    let [.., opacity] = above;
    let mut both = above;
    for (both, below) in both.iter_mut().zip(below) {
        *both = of_255(below, 255 - opacity).saturating_add(*both);
    }
    both
}

/// Of each byte of a picture under this pixel: how much of 255 of it stays, and what is added. `None` for an empty one.
fn parts([red, green, blue, opacity]: [u8; 4]) -> Option<(Pixel, Pixel)> {
    let stays = 255 - opacity;
    (opacity != 0).then_some(([stays, stays, stays, 255], [blue, green, red, 0]))
}

#[inline(always)]
fn opaque(below: &mut [u8], [blue, green, red, _]: Pixel) {
    let colour = u32::from_le_bytes([blue, green, red, 0]);
    for pixel in below.as_chunks_mut::<4>().0 {
        *pixel = (u32::from_le_bytes(*pixel) & 0xff00_0000 | colour).to_le_bytes();
    }
}

#[inline(always)]
fn even(below: &mut [u8], keep: Pixel, add: Pixel) {
    let (keeps, adds) = ([keep; 4], [add; 4]);
    let (keeps, adds) = (keeps.as_flattened(), adds.as_flattened());
    for sixteen in below.chunks_mut(16) {
        for ((below, keep), add) in sixteen.iter_mut().zip(keeps).zip(adds) {
            *below = of_255(*below, *keep).saturating_add(*add);
        }
    }
}

/// `value * part / 255`, rounded to nearest without a division (Blinn 1994, "Compositing, part 1"). Wrapping, because
/// checked operations cannot be done eight at a time; the sum is below 65,536.
#[inline(always)]
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

    const WIDTH: usize = 90;
    const STRIDE: usize = WIDTH * 4 + 8;

    /// A square with premultiplied pixels, many of them empty or as their neighbours.
    fn rect() -> impl Strategy<Value = Rect> {
        let pixel = prop_oneof![
            Just([0; 4]),
            any::<[u8; 4]>().prop_map(|[red, green, blue, opacity]| {
                let of = |channel: u8| (u16::from(channel) * u16::from(opacity) / 255) as u8;
                [of(red), of(green), of(blue), opacity]
            })
        ];
        // On a grid that reaches beyond the picture, as the squares of a raster lie.
        (0u16..3, 0u16..4).prop_flat_map(move |(column, row)| {
            let size = SizePx { width: 40, height: 4 };
            let count = usize::from(size.width * size.height);
            let runs = proptest::collection::vec((pixel.clone(), 1usize..60), count);
            runs.prop_map(move |runs| {
                let pixels = runs.into_iter().flat_map(|(pixel, length)| std::iter::repeat_n(pixel, length));
                let rgba = pixels.take(count).flatten().collect();
                Rect { x: column * size.width, y: row * size.height, size, rgba }
            })
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
                stencil.lay_over(0, &mut got, STRIDE);
                overlay.rects.iter().for_each(|rect| blend_bgrx(rect, &mut expected, STRIDE));
                // Of n squares over each other: n roundings by half a code here, and there n - 1 of colour, as many of opacity and
                // one of the picture. A single square is the same.
                let far = got.iter().zip(&expected).map(|(got, expected)| got.abs_diff(*expected)).max();
                let squares = overlay.rects.len() as u8;
                let bound = if squares > 1 { (3 * squares - 1) / 2 } else { 0 };
                prop_assert!(far <= Some(bound), "{far:?} codes apart, {squares} squares");
            }
        }
    }

    #[test]
    fn a_square_that_stays_is_not_taken_apart_again() {
        let rect = Rect { x: 0, y: 0, size: SizePx { width: 1, height: 1 }, rgba: [1, 2, 3, 4].into() };
        let overlay = Overlay { rects: vec![rect] };
        let mut stencil = Stencil::default();
        stencil.set(&overlay);
        let before = stencil.pieces[0].runs.as_ptr();
        stencil.set(&overlay.clone());
        assert_eq!(stencil.pieces[0].runs.as_ptr(), before);
    }
}
