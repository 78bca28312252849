//! Colours of the scenes: from red, green and blue to the codes of a picture of BT.709 limited range.

use tiny_skia::Pixmap;

use super::frame::Frame;

/// A colour as display-referred red, green and blue, each 0..1.
pub type Rgb = [f32; 3];

/// A colour as the codes of Y', Cb and Cr.
pub type Codes = [u8; 3];

/// The nearest 8 bit code of a number that may lie outside.
pub fn clamp_to_u8(value: i16) -> u8 {
    value.clamp(0, 255) as u8
}

/// Y', Cb and Cr of a colour (ITU-R BT.709 items 3.2 to 3.4, 8 bit).
pub fn codes(rgb: Rgb) -> Codes {
    let [r, g, b] = rgb.map(|channel| channel.clamp(0.0, 1.0));
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let code = |value: f32| value.round().clamp(1.0, 254.0) as u8;
    [code(16.0 + 219.0 * y), code(128.0 + 224.0 * (b - y) / 1.8556), code(128.0 + 224.0 * (r - y) / 1.5748)]
}

/// The same conversion for a whole opaque drawing, in integers. Rows of `drawing` outside `rows` are left as they are.
pub fn copy(drawing: &Pixmap, frame: &mut Frame<'_>) {
    let stride_bytes = drawing.width() as usize * 4;
    for (pair, rows) in drawing.data().chunks(stride_bytes * 2).enumerate() {
        let (upper, lower) = rows.split_at(stride_bytes.min(rows.len()));
        luma_row(upper, frame.luma.row_mut(pair * 2));
        luma_row(lower, frame.luma.row_mut(pair * 2 + 1));
        chroma_row(upper, lower, frame.cb.row_mut(pair), [-26, -86, 112]);
        chroma_row(upper, lower, frame.cr.row_mut(pair), [112, -102, -10]);
    }
}

/// Weights are the matrix scaled to limited range, in 1/256.
fn luma_row(rgba: &[u8], luma: &mut [u8]) {
    for (pixel, y) in rgba.as_chunks::<4>().0.iter().zip(luma) {
        let [r, g, b, _] = pixel.map(u32::from);
        let sum = r.wrapping_mul(47).wrapping_add(g.wrapping_mul(157)).wrapping_add(b.wrapping_mul(16));
        *y = (sum.wrapping_add(16 * 256 + 128) >> 8) as u8;
    }
}

/// Weights are the matrix scaled to limited range, in 1/256; four pixels make one.
fn chroma_row(upper: &[u8], lower: &[u8], chroma: &mut [u8], weights: [i32; 3]) {
    let pairs = upper.as_chunks::<8>().0.iter().zip(lower.as_chunks::<8>().0);
    for ((above, below), code) in pairs.zip(chroma) {
        let [r0, g0, b0, _, r1, g1, b1, _] = above.map(i32::from);
        let [r2, g2, b2, _, r3, g3, b3, _] = below.map(i32::from);
        let sums = [
            r0.wrapping_add(r1).wrapping_add(r2).wrapping_add(r3),
            g0.wrapping_add(g1).wrapping_add(g2).wrapping_add(g3),
            b0.wrapping_add(b1).wrapping_add(b2).wrapping_add(b3),
        ];
        let weighted =
            sums.iter().zip(weights).fold(0_i32, |total, (sum, weight)| total.wrapping_add(sum.wrapping_mul(weight)));
        *code = (weighted.wrapping_add(128 * 1024 + 512) >> 10) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiny_skia::Color;

    #[test]
    fn black_and_white_have_the_codes_of_limited_range() {
        assert_eq!(codes([0.0; 3]), [16, 128, 128]);
        assert_eq!(codes([1.0; 3]), [235, 128, 128]);
    }

    #[test]
    fn a_drawing_gets_the_codes_of_its_colours() {
        for rgb in [[1.0, 0.0, 0.0], [0.0, 0.6, 0.2], [0.2, 0.4, 1.0], [0.5, 0.5, 0.5]] {
            let mut drawing = Pixmap::new(4, 2).unwrap();
            drawing.fill(Color::from_rgba(rgb[0], rgb[1], rgb[2], 1.0).unwrap());
            let (mut luma, mut cb, mut cr) = ([0; 8], [0; 2], [0; 2]);
            let mut frame = Frame::new([&mut luma, &mut cb, &mut cr], [4, 2, 2], 4, 2).unwrap();
            copy(&drawing, &mut frame);
            for (copied, exact) in [luma[7], cb[1], cr[1]].into_iter().zip(codes(rgb)) {
                assert!(copied.abs_diff(exact) <= 1, "{rgb:?}: {copied} instead of {exact}");
            }
        }
    }
}
