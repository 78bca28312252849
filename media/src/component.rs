//! Where the samples of a picture lie, component by component, in every format that gives each component one byte: planes
//! of their own, or side by side in one. So pixels can be read and blackened as the source gave them.

use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoFormat, VideoFormatFlags, VideoFrame, VideoInfo};
use protocol::colour::Range;
use protocol::geometry::CanvasRect;

use crate::colour;

/// One of a format's components: luma, a colour difference, red, green or blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    plane: u32,
    /// Where the first sample of a row lies, in bytes.
    first: usize,
    /// From one sample to the next, in bytes.
    step: usize,
    /// How often columns and rows are halved.
    halved: (u32, u32),
}

impl Component {
    /// Those of pictures of this kind, opacity left out, in GStreamer's order: Y, U, V or R, G, B or grey. None for a
    /// format whose samples are not bytes; see [`in_bytes`].
    pub fn all(info: &VideoInfo) -> Vec<Self> {
        let colours = if info.format_info().flags().contains(VideoFormatFlags::GRAY) { 1 } else { 3 };
        if has_bytes(info) { (0..colours).filter_map(|number| Self::nth(info, number)).collect() } else { Vec::new() }
    }

    /// The one that tells light from dark best: luma, or green.
    pub fn light(info: &VideoInfo) -> Option<Self> {
        let rgb = info.format_info().flags().contains(VideoFormatFlags::RGB);
        Self::all(info).into_iter().nth(usize::from(rgb))
    }

    /// From one sample of a row to the next, in bytes.
    pub fn step(self) -> usize {
        self.step
    }

    /// Its rows, each from its first sample on, as long as the plane's. Empty if there are none.
    pub fn rows(self, frame: &VideoFrame<Readable>) -> impl Iterator<Item = &[u8]> + Clone {
        let stride = self.stride(frame);
        let plane = frame.plane_data(self.plane).unwrap_or_default();
        plane.chunks(stride).filter_map(move |row| row.get(self.first..))
    }

    /// The rows that lie in `at`, each from its first sample there to its last. A sample of which any pixel lies there
    /// belongs to it.
    pub fn rows_in(self, frame: &mut VideoFrame<Writable>, at: CanvasRect) -> impl Iterator<Item = &mut [u8]> {
        let (across, down) = self.halved;
        let first = |px: u16, halved: u32| usize::from(px) >> halved;
        let end = |px: u16, length: u16, halved: u32| (usize::from(px) + usize::from(length)).div_ceil(1 << halved);
        let (left, right) = (first(at.x, across), end(at.x, at.size.width, across));
        let (top, bottom) = (first(at.y, down), end(at.y, at.size.height, down));
        let from = self.first + self.step * left;
        // Up to the last sample, and not to what lies behind it.
        let within = from..(self.first + self.step * right + 1).saturating_sub(self.step).max(from);
        let stride = self.stride(frame);
        let plane = frame.plane_data_mut(self.plane).unwrap_or_default();
        plane.chunks_mut(stride).skip(top).take(bottom - top).filter_map(move |row| row.get_mut(within.clone()))
    }

    fn nth(info: &VideoInfo, number: usize) -> Option<Self> {
        let format = info.format_info();
        let step = format.pixel_stride().get(number).and_then(|bytes| usize::try_from(*bytes).ok());
        Some(Self {
            plane: *format.plane().get(number)?,
            first: usize::try_from(*format.poffset().get(number)?).ok()?,
            step: step.filter(|step| *step > 0)?,
            halved: (*format.w_sub().get(number)?, *format.h_sub().get(number)?),
        })
    }

    /// Bytes of a row of its plane. Never zero: without a stride, which no mapped frame lacks, there are no rows either.
    fn stride(self, frame: &impl VideoFrameExt) -> usize {
        let stride = usize::try_from(self.plane).ok().and_then(|plane| frame.plane_stride().get(plane).copied());
        stride.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0).max(1)
    }
}

/// Whether every component of a pixel is one byte, and lies where the format tells.
pub fn has_bytes(info: &VideoInfo) -> bool {
    let format = info.format_info();
    let odd = VideoFormatFlags::COMPLEX | VideoFormatFlags::PALETTE | VideoFormatFlags::TILED;
    // Of some packed formats (IYU1) no step from sample to sample can be told.
    let steps = format.pixel_stride().iter().all(|step| *step > 0);
    steps && format.depth().iter().all(|bits| *bits == 8) && !format.flags().intersects(odd)
}

/// The format with one byte a component that keeps most of what pictures of this kind show: their own, or the nearest
/// with as much colour.
pub fn in_bytes(info: &VideoInfo) -> VideoFormat {
    let format = info.format_info();
    let halved = |by: &[u32]| by.get(1).is_some_and(|halved| *halved > 0);
    match format.flags() {
        _ if has_bytes(info) => info.format(),
        flags if flags.contains(VideoFormatFlags::GRAY) => VideoFormat::Gray8,
        flags if !flags.contains(VideoFormatFlags::YUV) => VideoFormat::Rgbx,
        _ if halved(format.h_sub()) => VideoFormat::I420,
        _ if halved(format.w_sub()) => VideoFormat::Y42b,
        _ => VideoFormat::Y444,
    }
}

/// The codes of black, one for each of [`Component::all`].
pub fn black(info: &VideoInfo) -> [u8; 3] {
    let rgb = info.format_info().flags().contains(VideoFormatFlags::RGB);
    match colour::range(info) {
        _ if rgb => [0; 3],
        Range::Full => [0, 128, 128],
        Range::Limited => [16, 128, 128],
    }
}
