//! Scene `bars`: seven full-height colour bars of 75 % amplitude (the upper part of SMPTE EG 1), in exact codes of any
//! matrix and range, to hold a chain's colours against.

use protocol::colour::{Colour, Range};

use super::Painter;
use super::frame::{Frame, Plane};
use super::pixel::Codes;

/// Red, green and blue of the bars from the left, switched on or off.
pub const BARS: [[bool; 3]; 7] = [
    [true, true, true],
    [true, true, false],
    [false, true, true],
    [false, true, false],
    [true, false, true],
    [true, false, false],
    [false, false, true],
];
/// Amplitude of a colour that is switched on.
const AMPLITUDE: f32 = 0.75;

/// The scene.
pub struct Bars {
    codes: [Codes; 7],
}

impl Bars {
    /// Bars in the codes of `colour`.
    pub fn new(colour: Colour) -> Self {
        Self { codes: BARS.map(|bar| codes(bar.map(|on| if on { AMPLITUDE } else { 0.0 }), colour)) }
    }
}

impl Painter for Bars {
    fn paint(&mut self, _number: u64, frame: &mut Frame<'_>) {
        fill(&mut frame.luma, self.codes.map(|[y, ..]| y));
        fill(&mut frame.cb, self.codes.map(|[_, cb, _]| cb));
        fill(&mut frame.cr, self.codes.map(|[.., cr]| cr));
    }
}

/// Y', Cb and Cr of a colour (ITU-R BT.601 and BT.709; full range as in H.273 equations 26 to 28).
fn codes([r, g, b]: [f32; 3], colour: Colour) -> Codes {
    let (red, blue) = colour.matrix.weights();
    let luma = red * r + (1.0 - red - blue) * g + blue * b;
    let (cb, cr) = ((b - luma) / (2.0 - 2.0 * blue), (r - luma) / (2.0 - 2.0 * red));
    let (black, luma_span, chroma_span) = match colour.range {
        Range::Limited => (16.0, 219.0, 224.0),
        Range::Full => (0.0, 255.0, 255.0),
    };
    let code = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    [code(black + luma_span * luma), code(128.0 + chroma_span * cb), code(128.0 + chroma_span * cr)]
}

fn fill(plane: &mut Plane<'_>, values: [u8; 7]) {
    let width = plane.width();
    let code = |x: usize| values.get(x * values.len() / width).copied().unwrap_or(0);
    let bars: Vec<u8> = (0..width).map(code).collect();
    plane.rows_mut().for_each(|row| row.copy_from_slice(&bars));
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::colour::Matrix;

    fn all(matrix: Matrix, range: Range) -> [Codes; 7] {
        Bars::new(Colour { matrix, range }).codes
    }

    #[test]
    fn bars_of_bt709_have_the_codes_of_the_standard() {
        // SMPTE RP 219, 75 % bars in 8 bit: white, yellow, cyan, green, magenta, red, blue.
        let right = [
            [180, 128, 128],
            [168, 44, 136],
            [145, 147, 44],
            [133, 63, 52],
            [63, 193, 204],
            [51, 109, 212],
            [28, 212, 120],
        ];
        assert_eq!(all(Matrix::Bt709, Range::Limited), right);
    }

    #[test]
    fn bars_of_bt601_have_the_codes_of_the_standard() {
        let right = [
            [180, 128, 128],
            [162, 44, 142],
            [131, 156, 44],
            [112, 72, 58],
            [84, 184, 198],
            [65, 100, 212],
            [35, 212, 114],
        ];
        assert_eq!(all(Matrix::Bt601, Range::Limited), right);
    }

    #[test]
    fn full_range_reaches_where_limited_does_not() {
        let full = all(Matrix::Bt601, Range::Full);
        assert_eq!(full[0], [191, 128, 128]);
        assert_eq!(full[6][1], 224, "blue is 128 + 0.375 of 255");
    }
}
