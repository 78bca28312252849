//! Between the house's [`Colour`] and GStreamer's colorimetry (both name the code points of ITU-T H.273).

use gstreamer::glib::BoolError;
use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::Writable;
use gstreamer_video::{VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry, VideoInfo};
use gstreamer_video::{VideoFormatFlags, VideoFrame, VideoTransferFunction};
use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::CanvasRect;

use crate::component::Component;

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
    Colour { matrix, range: range(info) }
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

/// The range of a picture's codes. One that says nothing is limited, as H.264 has it; a grey one full, as JPEG has it.
pub fn range(info: &VideoInfo) -> Range {
    match info.colorimetry().range() {
        VideoColorRange::Range0_255 => Range::Full,
        VideoColorRange::Unknown if info.format_info().flags().contains(VideoFormatFlags::GRAY) => Range::Full,
        _ => Range::Limited,
    }
}

/// Whether GStreamer's conversion between these kinds is none of matrices: they are the same, or one has no chroma.
fn same_matrix(from: &VideoInfo, to: &VideoInfo) -> bool {
    let flags = |info: &VideoInfo| info.format_info().flags();
    let rgb = [from, to].map(flags).iter().any(|flags| flags.contains(VideoFormatFlags::RGB));
    let grey = flags(from).contains(VideoFormatFlags::GRAY);
    !rgb && (grey || from.colorimetry().matrix() == to.colorimetry().matrix())
}

/// The kind `from` as GStreamer has to be told of it for a conversion to `to`. Where the matrix stays, the range is left to
/// [`Ranges`]: GStreamer leaves its codes as they are then, whatever both kinds tell.
pub(crate) fn as_converted(from: &VideoInfo, to: &VideoInfo) -> Result<VideoInfo, BoolError> {
    let told = match same_matrix(from, to) {
        true => to.colorimetry(),
        false => from.colorimetry(),
    };
    VideoInfo::builder_from_info(from).colorimetry(&told).build()
}

/// The way of codes from one range to the other: luma's, and that of both chroma components.
#[derive(Debug)]
pub(crate) struct Ranges {
    luma: [u8; 256],
    chroma: [u8; 256],
}

impl Ranges {
    /// What there is to do after a conversion that changes the range and not the matrix.
    pub(crate) fn between(from: &VideoInfo, to: &VideoInfo) -> Option<Self> {
        let (luma, chroma) = match (range(from), range(to)) {
            _ if !same_matrix(from, to) => return None,
            (Range::Full, Range::Limited) => ([0.0, 255.0, 16.0, 219.0], [128.0, 255.0, 128.0, 224.0]),
            (Range::Limited, Range::Full) => ([16.0, 219.0, 0.0, 255.0], [128.0, 224.0, 128.0, 255.0]),
            _ => return None,
        };
        Some(Self { luma: table(luma), chroma: table(chroma) })
    }

    /// Does it to what lies in `at`.
    pub(crate) fn apply(&self, frame: &mut VideoFrame<Writable>, at: CanvasRect) {
        for (component, table) in Component::all(frame.info()).into_iter().zip([&self.luma, &self.chroma, &self.chroma])
        {
            for row in component.rows_in(frame, at) {
                for code in row.iter_mut().step_by(component.step()) {
                    *code = table.get(usize::from(*code)).copied().unwrap_or(*code);
                }
            }
        }
    }
}

/// Codes of a component whose zero and span change, rounded.
fn table([zero, span, new_zero, new_span]: [f32; 4]) -> [u8; 256] {
    let code = |code: usize| (new_zero + (code as f32 - zero) * new_span / span + 0.5) as u8;
    std::array::from_fn(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Converter, Picture, i420, write};
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

    /// Luma and chroma of a picture of `format` in `from`, all of these codes, as I420 in `to`.
    fn converted(format: VideoFormat, from: &str, codes: [u8; 3], to: Colour) -> [u8; 3] {
        crate::init().unwrap();
        let info = VideoInfo::builder(format, 64, 36).colorimetry(&from.parse().unwrap()).build().unwrap();
        let mut frame = write(gstreamer::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
        let all = CanvasRect { x: 0, y: 0, size: SIZE };
        for (component, code) in Component::all(&info).into_iter().zip(codes) {
            component
                .rows_in(&mut frame, all)
                .for_each(|row| row.iter_mut().step_by(component.step()).for_each(|to| *to = code));
        }
        let picture = Picture { buffer: frame.into_buffer(), info, captured: Default::default() };
        let made = Converter::new(&picture.info, &i420(SIZE, to).unwrap()).unwrap().convert(&picture).unwrap();
        let frame = made.read().unwrap();
        [0, 1, 2].map(|plane| frame.plane_data(plane).unwrap()[0])
    }

    #[test]
    fn a_range_is_converted_though_the_matrix_stays() {
        let full = |matrix| Colour { matrix, range: Range::Full };
        let limited = |matrix| Colour { matrix, range: Range::Limited };
        for format in [VideoFormat::I420, VideoFormat::Nv12, VideoFormat::Uyvy] {
            for (matrix, name) in [(Matrix::Bt601, "1:4:16:4"), (Matrix::Bt709, "1:3:5:1")] {
                assert_eq!(
                    converted(format, name, [255, 255, 0], limited(matrix)),
                    [235, 240, 16],
                    "{format:?} {matrix:?}"
                );
                assert_eq!(
                    converted(format, name, [0, 128, 128], limited(matrix)),
                    [16, 128, 128],
                    "{format:?} {matrix:?}"
                );
            }
            assert_eq!(converted(format, "bt709", [235, 16, 240], full(Matrix::Bt709)), [255, 1, 255], "{format:?}");
        }
    }

    #[test]
    fn grey_keeps_its_light_whatever_the_matrix_is() {
        for matrix in [Matrix::Bt601, Matrix::Bt709] {
            let limited = Colour { matrix, range: Range::Limited };
            for (grey, luma) in [(0, 16), (100, 102), (255, 235)] {
                assert_eq!(converted(VideoFormat::Gray8, "0:4:0:0", [grey, 0, 0], limited), [luma, 128, 128]);
                assert_eq!(converted(VideoFormat::Gray8, "1:4:0:0", [grey, 0, 0], limited), [luma, 128, 128]);
            }
        }
    }
}
