//! The arithmetic from YUV planes to RGB, as the shader is given it. Pure.

use protocol::colour::{Colour, Range};

/// `rgb = rgb_from_yuv * yuv + rgb_of_zero`, all components as fractions of 255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    /// Column by column, as OpenGL takes it: what luma, blue and red difference each give.
    pub rgb_from_yuv: [[f32; 3]; 3],
    /// What codes of zero give.
    pub rgb_of_zero: [f32; 3],
}

/// How much of a picture's colour and brightness is shown: 1 is all, 0 nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    /// Of its colour; 0 is grey.
    pub saturation: f32,
    /// Of its brightness; 0 is black.
    pub brightness: f32,
}

impl Strength {
    /// The picture as it is.
    pub const FULL: Self = Self { saturation: 1.0, brightness: 1.0 };
}

impl Conversion {
    /// The equations of ITU-T H.273 section 8.3 (equations 44 to 53) for pictures in `colour`, weakened to `strength`.
    pub fn new(colour: Colour, strength: Strength) -> Self {
        let (red, blue) = colour.matrix.weights();
        let green = 1.0 - red - blue;
        let (luma_gain, chroma_gain, black): (f32, f32, f32) = match colour.range {
            Range::Limited => (255.0 / 219.0, 255.0 / 224.0, 16.0 / 255.0),
            Range::Full => (1.0, 1.0, 0.0),
        };
        let luma = luma_gain * strength.brightness;
        let chroma = 2.0 * chroma_gain * strength.brightness * strength.saturation;
        let (from_blue, from_red) = (chroma * (1.0 - blue), chroma * (1.0 - red));
        let columns =
            [[luma, luma, luma], [0.0, -from_blue * blue / green, from_blue], [from_red, -from_red * red / green, 0.0]];
        let neutral = [black, 128.0 / 255.0, 128.0 / 255.0];
        let mut rgb_of_zero = [0.0; 3];
        for (column, code) in columns.iter().zip(neutral) {
            for (sum, gain) in rgb_of_zero.iter_mut().zip(column) {
                *sum -= gain * code;
            }
        }
        Self { rgb_from_yuv: columns, rgb_of_zero }
    }

    /// The equations as definitions in the shader's language: `RGB_FROM_YUV` and `RGB_OF_ZERO`.
    pub fn glsl(&self) -> String {
        // `{:?}` always writes a point or an exponent: without one it would be an integer.
        let list = |values: &[f32]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        let (matrix, zero) = (list(self.rgb_from_yuv.as_flattened()), list(&self.rgb_of_zero));
        format!("#define RGB_FROM_YUV mat3({matrix})\n#define RGB_OF_ZERO vec3({zero})\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::colour::Matrix;

    fn rgb(colour: Colour, strength: Strength, yuv: [f32; 3]) -> [i32; 3] {
        let conversion = Conversion::new(colour, strength);
        [0, 1, 2].map(|row| {
            let weighted = conversion.rgb_from_yuv.iter().zip(yuv).map(|(column, code)| column[row] * code / 255.0);
            let value = conversion.rgb_of_zero[row] + weighted.sum::<f32>();
            (value * 255.0).round() as i32
        })
    }

    #[test]
    fn black_white_and_the_75_percent_bars_come_out_as_the_standards_list_them() {
        // Codes of 75 % bars from SMPTE EG 1 / ITU-R BT.471 for BT.601, and ARIB TR-B28 for BT.709; RGB 191 is 75 %.
        let table = [
            (Matrix::Bt601, Range::Limited, [16.0, 128.0, 128.0], [0, 0, 0]),
            (Matrix::Bt601, Range::Limited, [235.0, 128.0, 128.0], [255, 255, 255]),
            (Matrix::Bt601, Range::Limited, [162.0, 44.0, 142.0], [191, 191, 0]),
            (Matrix::Bt601, Range::Limited, [65.0, 100.0, 212.0], [191, 0, 0]),
            (Matrix::Bt709, Range::Limited, [168.0, 44.0, 136.0], [191, 191, 0]),
            (Matrix::Bt709, Range::Limited, [51.0, 109.0, 212.0], [191, 0, 0]),
            (Matrix::Bt709, Range::Limited, [28.0, 212.0, 120.0], [0, 0, 191]),
            (Matrix::Bt709, Range::Full, [0.0, 128.0, 128.0], [0, 0, 0]),
            (Matrix::Bt601, Range::Full, [255.0, 128.0, 128.0], [255, 255, 255]),
            (Matrix::Bt601, Range::Full, [57.0, 96.0, 223.0], [190, 0, 0]),
        ];
        for (matrix, range, yuv, wanted) in table {
            let got = rgb(Colour { matrix, range }, Strength::FULL, yuv);
            for (got, wanted) in got.iter().zip(wanted) {
                assert!((got - wanted).abs() <= 2, "{matrix:?} {range:?} {yuv:?}: {got} for {wanted}");
            }
        }
    }

    #[test]
    fn the_shader_is_given_the_same_equations_in_its_own_language() {
        let glsl = Conversion { rgb_from_yuv: [[1.0; 3], [0.0, -0.5, 2.0], [1e-7; 3]], rgb_of_zero: [-1.0; 3] }.glsl();
        let wanted = "#define RGB_FROM_YUV mat3(1.0, 1.0, 1.0, 0.0, -0.5, 2.0, 1e-7, 1e-7, 1e-7)\n\
                      #define RGB_OF_ZERO vec3(-1.0, -1.0, -1.0)\n";
        assert_eq!(glsl, wanted);
    }

    #[test]
    fn a_weakened_picture_is_grey_and_dim_and_black_stays_black() {
        let weak = Strength { saturation: 0.0, brightness: 0.5 };
        for range in [Range::Limited, Range::Full] {
            let colour = Colour { matrix: Matrix::Bt709, range };
            let [red, green, blue] = rgb(colour, weak, [180.0, 40.0, 220.0]);
            assert!(red == green && green == blue && red < 100, "{red} {green} {blue}");
        }
        assert_eq!(rgb(Colour::default(), weak, [16.0, 128.0, 128.0]), [0, 0, 0]);
    }
}
