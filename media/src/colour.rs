//! Between the house's [`Colour`] and GStreamer's colorimetry (both name the code points of ITU-T H.273).

use gstreamer_video::{VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry, VideoInfo};
use gstreamer_video::{VideoFormatFlags, VideoTransferFunction};
use protocol::colour::{Colour, Matrix, Range};

/// Matrix and range in which a picture of this kind is best carried on as 8 bit YUV.
///
/// YUV pictures keep what they say. Whatever says nothing, or a matrix this product does not carry (BT.2020, FCC,
/// SMPTE 240M), and every RGB picture is carried as limited BT.709, the default of [`Colour`]: conversion to it reads
/// the picture's own colorimetry, so nothing is misread. A range that is not told is limited, as H.264 has it.
pub fn of(info: &VideoInfo) -> Colour {
    let told = info.colorimetry();
    let yuv = info.format_info().flags().contains(VideoFormatFlags::YUV);
    let matrix = match told.matrix() {
        VideoColorMatrix::Bt601 if yuv => Matrix::Bt601,
        VideoColorMatrix::Bt709 if yuv => Matrix::Bt709,
        _ => return Colour::default(),
    };
    let range = match told.range() {
        VideoColorRange::Range0_255 => Range::Full,
        _ => Range::Limited,
    };
    Colour { matrix, range }
}

/// GStreamer's colorimetry of a YUV picture in `colour`.
///
/// Transfer function: BT.601's curve is BT.709's own (H.273 values 1 and 6), so one name serves both.
pub fn colorimetry(colour: Colour) -> VideoColorimetry {
    let (matrix, primaries) = match colour.matrix {
        Matrix::Bt601 => (VideoColorMatrix::Bt601, VideoColorPrimaries::Smpte170m),
        Matrix::Bt709 => (VideoColorMatrix::Bt709, VideoColorPrimaries::Bt709),
    };
    let range = match colour.range {
        Range::Limited => VideoColorRange::Range16_235,
        Range::Full => VideoColorRange::Range0_255,
    };
    VideoColorimetry::new(range, matrix, VideoTransferFunction::Bt709, primaries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::i420;
    use gstreamer_video::VideoFormat;
    use protocol::geometry::SizePx;

    const SIZE: SizePx = SizePx { width: 64, height: 36 };

    #[test]
    fn each_colour_survives_the_way_through_caps() {
        crate::init().unwrap();
        for matrix in [Matrix::Bt601, Matrix::Bt709] {
            for range in [Range::Limited, Range::Full] {
                let colour = Colour { matrix, range };
                let caps = i420(SIZE, colour).unwrap().to_caps().unwrap();
                assert_eq!(of(&VideoInfo::from_caps(&caps).unwrap()), colour, "{caps}");
            }
        }
    }

    #[test]
    fn rgb_and_unknown_matrices_are_carried_as_limited_bt709() {
        crate::init().unwrap();
        let rgb = VideoInfo::builder(VideoFormat::Bgrx, 64, 36).build().unwrap();
        assert_eq!(of(&rgb), Colour::default());
        let wide = VideoColorimetry::new(
            VideoColorRange::Range16_235,
            VideoColorMatrix::Bt2020,
            VideoTransferFunction::Bt709,
            VideoColorPrimaries::Bt2020,
        );
        let wide = VideoInfo::builder(VideoFormat::I420, 64, 36).colorimetry(&wide).build().unwrap();
        assert_eq!(of(&wide), Colour::default());
    }
}
