//! A source's picture, small and grey. Making it of the real one is left to whoever has that.

use protocol::geometry::SizePx;

use super::correlation::SIDE;
use super::motion::Point;

/// Pixels of a small picture, about: as many as 160x90 has. A thirtieth of the width is then five of them, and the
/// subpixel peak tells a tenth of one.
const PIXELS: f32 = 160.0 * 90.0;
/// Longest side of a small picture, in pixels: no picture is wider than a panorama of 3.5 to 1.
const LONGEST: f32 = 225.0;

/// Light and dark of a picture, row by row without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Luma {
    size: SizePx,
    pixels: Vec<u8>,
}

impl Luma {
    /// A picture of `size` with these pixels; `None` if there are not as many, or too few to be compared.
    pub fn new(size: SizePx, pixels: Vec<u8>) -> Option<Self> {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        (pixels.len() == width * height && width.min(height) >= SIDE).then_some(Self { size, pixels })
    }

    /// Its size.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// Its pixels, row by row without gaps.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Its lower right corner, seen from its middle.
    pub(super) fn half(&self) -> Point {
        Point::new(f32::from(self.size.width), f32::from(self.size.height)) / 2.0
    }

    /// `SIDE` pixels of each of the `SIDE` rows from `top` on, beginning at `left`; `None` if not all are in the picture.
    pub(super) fn rows(&self, left: usize, top: usize) -> Option<impl Iterator<Item = &[u8]>> {
        let width = usize::from(self.size.width);
        if left + SIDE > width || top + SIDE > usize::from(self.size.height) {
            return None;
        }
        let rows = self.pixels.chunks_exact(width).skip(top).take(SIDE);
        Some(rows.filter_map(move |row| row.get(left..left + SIDE)))
    }
}

/// The size of the small picture of an `image`: of its shape, 160x90 for 16:9.
pub fn size_for(image: SizePx) -> SizePx {
    let (width, height) = (f32::from(image.width.max(1)), f32::from(image.height.max(1)));
    let side = |side: f32| side.round().clamp(PIXELS / LONGEST, LONGEST) as u16;
    SizePx { width: side((PIXELS * width / height).sqrt()), height: side((PIXELS * height / width).sqrt()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_keep_the_shape_and_can_always_be_compared() {
        let small = |width, height| {
            let size = size_for(SizePx { width, height });
            (size.width, size.height)
        };
        assert_eq!(small(1920, 1080), (160, 90));
        assert_eq!(small(512, 512), (120, 120));
        assert_eq!(small(1280, 1024), (134, 107));
        for odd in [small(9, 9000), small(0, 0), small(65535, 1)] {
            assert!(usize::from(odd.0.min(odd.1)) >= SIDE, "{odd:?}");
        }
    }

    #[test]
    fn pixels_that_are_not_as_many_as_the_size_says_are_no_picture() {
        let size = SizePx { width: 64, height: 48 };
        assert!(Luma::new(size, vec![0; 64 * 48]).is_some());
        assert_eq!(Luma::new(size, vec![0; 64 * 47]), None);
        assert_eq!(Luma::new(SizePx { width: 64, height: 4 }, vec![0; 256]), None);
    }
}
