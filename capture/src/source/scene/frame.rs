//! The I420 picture a scene paints into. What is painted is each scene's matter.

/// One plane of a picture: rows of bytes, some of them padding at a row's end.
pub struct Plane<'a> {
    data: &'a mut [u8],
    stride_bytes: usize,
    width: usize,
    height: usize,
}

/// A picture of three planes; the chroma planes have half the width and height.
pub struct Frame<'a> {
    /// Brightness.
    pub luma: Plane<'a>,
    /// Blue difference.
    pub cb: Plane<'a>,
    /// Red difference.
    pub cr: Plane<'a>,
}

/// The code of no colour in a chroma plane.
pub const NEUTRAL: u8 = 128;
/// The code of black in a luma plane of limited range (ITU-R BT.709 section 4).
pub const BLACK: u8 = 16;

impl<'a> Plane<'a> {
    /// `width` x `height` pixels in `data`, each row `stride_bytes` after the one before; `None` if they do not fit.
    pub fn new(data: &'a mut [u8], stride_bytes: usize, width: usize, height: usize) -> Option<Self> {
        let last_row = stride_bytes.checked_mul(height.checked_sub(1)?)?;
        let fits = (1..=stride_bytes).contains(&width) && last_row + width <= data.len();
        fits.then_some(Self { data, stride_bytes, width, height })
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Every row from the top, without padding.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let width = self.width;
        let rows = self.data.chunks_mut(self.stride_bytes).take(self.height);
        rows.filter_map(move |row| row.get_mut(..width))
    }

    /// Row `y`, without padding; empty below the last.
    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let start = y.min(self.height) * self.stride_bytes;
        let end = if y < self.height { start + self.width } else { start };
        self.data.get_mut(start..end).unwrap_or_default()
    }

    /// Gives every pixel the same value.
    pub fn fill(&mut self, value: u8) {
        self.rows_mut().for_each(|row| row.fill(value));
    }
}

impl<'a> Frame<'a> {
    /// A picture of even `width` and `height` in three planes with rows `strides_bytes` apart; `None` if it does not fit.
    pub fn new(planes: [&'a mut [u8]; 3], strides_bytes: [usize; 3], width: usize, height: usize) -> Option<Self> {
        let [luma, cb, cr] = planes;
        let [luma_stride, cb_stride, cr_stride] = strides_bytes;
        Some(Self {
            luma: Plane::new(luma, luma_stride, width, height)?,
            cb: Plane::new(cb, cb_stride, width / 2, height / 2)?,
            cr: Plane::new(cr, cr_stride, width / 2, height / 2)?,
        })
    }

    /// Makes the whole picture grey by taking its colour away.
    pub fn neutral_colour(&mut self) {
        self.cb.fill(NEUTRAL);
        self.cr.fill(NEUTRAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_the_padding_alone() {
        let mut data = [7_u8; 8 * 3];
        let mut plane = Plane::new(&mut data, 8, 6, 3).unwrap();
        plane.fill(1);
        assert_eq!(plane.row_mut(3).len(), 0, "there is no row below the last");
        assert_eq!(&data[..9], &[1, 1, 1, 1, 1, 1, 7, 7, 1]);
    }

    #[test]
    fn a_picture_that_does_not_fit_its_planes_is_refused() {
        let (mut luma, mut cb, mut cr) = ([0; 16 * 16], [0; 8 * 8], [0; 8 * 8]);
        assert!(Frame::new([&mut luma, &mut cb, &mut cr], [16, 8, 8], 16, 16).is_some());
        assert!(Frame::new([&mut luma, &mut cb, &mut cr], [16, 8, 8], 16, 18).is_none());
        assert!(Frame::new([&mut luma, &mut cb, &mut cr], [16, 7, 8], 16, 16).is_none());
    }
}
