//! An overlay's rectangle onto a picture, in bytes. Whose picture is the caller's.

use super::Rect;

/// Blends `rect` over a picture of four bytes a pixel, blue first (`BGRx`), whose rows are `stride_bytes` apart.
///
/// Premultiplied "over" (Porter and Duff 1984), each channel rounded to nearest. The fourth byte stays. Rows and
/// pixels of the rectangle that lie beyond the picture are left out.
pub fn blend_bgrx(rect: &Rect, frame: &mut [u8], stride_bytes: usize) {
    let (left, width) = (usize::from(rect.x) * 4, usize::from(rect.size.width) * 4);
    if width == 0 || stride_bytes == 0 {
        return;
    }
    let lines = frame.chunks_mut(stride_bytes).skip(usize::from(rect.y));
    for (line, over) in lines.zip(rect.rgba.chunks_exact(width)) {
        let Some(line) = line.get_mut(left..) else { continue };
        for (below, over) in line.chunks_exact_mut(4).zip(over.chunks_exact(4)) {
            if let (&[red, green, blue, opacity], [below_blue, below_green, below_red, _]) = (over, below)
                && opacity > 0
            {
                for (below, over) in [(below_blue, blue), (below_green, green), (below_red, red)] {
                    *below = over.saturating_add(of_255(*below, 255 - opacity));
                }
            }
        }
    }
}

/// `value * part / 255`, rounded to nearest.
fn of_255(value: u8, part: u8) -> u8 {
    ((u16::from(value) * u16::from(part) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use protocol::geometry::SizePx;

    use super::*;

    fn pixel(x: u16, y: u16, rgba: [u8; 4]) -> Rect {
        Rect { x, y, size: SizePx { width: 1, height: 1 }, rgba: rgba.into() }
    }

    #[test]
    fn every_opacity_over_every_value_is_rounded_to_nearest() {
        for opacity in 0..=255u8 {
            for below in 0..=255u8 {
                let exact = f64::from(below) * f64::from(255 - opacity) / 255.0;
                let mut frame = [below; 4];
                blend_bgrx(&pixel(0, 0, [0, 0, 0, opacity]), &mut frame, 4);
                assert!((f64::from(frame[0]) - exact).abs() <= 0.5, "{below} under {opacity}: {frame:?}");
            }
        }
    }

    #[test]
    fn colours_land_in_the_order_of_the_picture_and_nowhere_else() {
        let mut frame = vec![7u8; 3 * 16];
        blend_bgrx(&pixel(1, 2, [200, 100, 50, 255]), &mut frame, 16);
        let mut expected = vec![7u8; 3 * 16];
        expected[2 * 16 + 4..2 * 16 + 7].copy_from_slice(&[50, 100, 200]);
        assert_eq!(frame, expected);
    }

    #[test]
    fn what_lies_beyond_the_picture_is_left_out() {
        let mut frame = vec![7u8; 2 * 16];
        blend_bgrx(&pixel(4, 0, [255; 4]), &mut frame, 16);
        blend_bgrx(&pixel(0, 2, [255; 4]), &mut frame, 16);
        blend_bgrx(&pixel(0, 0, [255; 4]), &mut frame, 0);
        assert_eq!(frame, vec![7u8; 2 * 16]);
    }
}
