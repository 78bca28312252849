//! A picture that tells what a chain does to pictures: painted at one end, judged at the other, without a person. Colours
//! and range in exact codes, edges that show cropping, fine lines that show sharpness, and a number that shows rate and
//! repeats. It may be scaled on its way: both ends know by how much, and make edges and lines wide enough to be seen then.
//! What a pattern is painted for, and what follows from the verdict, is the caller's.

mod judge;

use gstreamer_video::VideoFrame;
use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::Writable;
use protocol::geometry::SizePx;

use crate::picture::{self, Picture, Pool};
use crate::strip;
pub use judge::{Gauge, Look};

/// Pixels of the white edge on each side where nothing is scaled; even, for chroma. The number's strip takes its place at
/// the top.
const EDGE: usize = 8;
/// Luma of the edge, and of the grey between all parts.
const WHITE: u8 = 200;
const GREY: u8 = 110;
/// Luma of the lines and of the gaps between them, each as wide as the other.
const LINES: (u8, u8) = (190, 60);
/// Y, Cb and Cr of the patches: 75 % white, yellow, cyan, green, magenta, red, blue (SMPTE EG 1) in limited BT.709, then
/// black and white of the limited range, and what lies just inside of each, which a wrong range clips.
const PATCHES: [[u8; 3]; 11] = [
    [180, 128, 128],
    [168, 44, 136],
    [145, 147, 44],
    [133, 63, 52],
    [63, 193, 204],
    [51, 109, 212],
    [28, 212, 120],
    [16, 128, 128],
    [24, 128, 128],
    [227, 128, 128],
    [235, 128, 128],
];

/// A part of the picture, in pixels.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// Where each part lies in a picture of one size: the same to painter and judge.
#[derive(Debug, Clone, Copy)]
struct Plan {
    width: usize,
    height: usize,
    /// Pixels that become one where the picture is shown, rounded up: how wide a line is.
    line: usize,
}

impl Plan {
    /// For pictures of `size` that are shown in `shown`.
    fn of(size: SizePx, shown: SizePx) -> Self {
        let line = size.width.div_ceil(shown.width.max(1)).max(size.height.div_ceil(shown.height.max(1)));
        Self { width: size.width.into(), height: size.height.into(), line: line.max(1).into() }
    }

    fn edge(self) -> usize {
        EDGE * self.line
    }

    /// Rows of the number at the top.
    fn strip(self) -> usize {
        strip::HEIGHT * self.line
    }

    /// The patches' band: the upper half of what the edges leave.
    fn patch(self, index: usize) -> Area {
        let (top, bottom) = (self.strip() + self.edge(), self.height / 2);
        let room = self.width.saturating_sub(4 * self.edge());
        let left = 2 * self.edge() + (room * index / PATCHES.len()) / 2 * 2;
        let right = 2 * self.edge() + (room * (index + 1) / PATCHES.len()) / 2 * 2;
        Area { left, top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
    }

    /// The lines: a square below them, in the middle.
    fn lines(self) -> Area {
        let (top, bottom) = (self.height / 2 + self.edge(), self.height.saturating_sub(2 * self.edge()));
        let height = bottom.saturating_sub(top);
        let width = height.min(self.width / 2) / 2 * 2;
        Area { left: (self.width.saturating_sub(width)) / 4 * 2, top, width, height }
    }
}

/// Pixels of a picture of `size` that become one, rounded up, where it is shown in `shown`. By so many an edge may be found
/// elsewhere because of that.
pub fn line_px(size: SizePx, shown: SizePx) -> usize {
    Plan::of(size, shown).line
}

/// Picture `number` of the pattern in `size`, limited BT.709, to be shown in `shown`. `pool` gives such pictures.
///
/// # Errors
/// No memory, or a size without pixels.
pub fn paint(size: SizePx, shown: SizePx, pool: &Pool, number: u64) -> Result<Picture, picture::Error> {
    let info = picture::i420(size, protocol::colour::Colour::default())?;
    let mut frame = picture::write(pool.buffer()?, &info)?;
    let plan = Plan::of(size, shown);
    fill(&mut frame, Area { left: 0, top: 0, width: plan.width, height: plan.height }, [WHITE, 128, 128]);
    let inner = Area {
        left: plan.edge(),
        top: plan.strip(),
        width: plan.width.saturating_sub(2 * plan.edge()),
        height: plan.height.saturating_sub(plan.strip() + plan.edge()),
    };
    fill(&mut frame, inner, [GREY, 128, 128]);
    for (index, codes) in PATCHES.into_iter().enumerate() {
        fill(&mut frame, plan.patch(index), codes);
    }
    lines(&mut frame, plan.lines(), plan.line);
    let stride = stride(&frame, 0);
    let rows = frame.plane_data_mut(0).map_err(unreadable)?.chunks_mut(strip::HEIGHT * stride.max(1));
    rows.take(plan.line).for_each(|rows| strip::write(rows, stride, plan.width, number));
    Ok(Picture { buffer: frame.into_buffer(), info, captured: Default::default() })
}

fn fill(frame: &mut VideoFrame<Writable>, area: Area, codes: [u8; 3]) {
    for (plane, code) in (0u32..3).zip(codes) {
        let halved = usize::from(plane > 0);
        let (left, width) = (area.left >> halved, area.width >> halved);
        let (top, height) = (area.top >> halved, area.height >> halved);
        let stride = stride(frame, plane as usize);
        let Ok(data) = frame.plane_data_mut(plane) else { continue };
        for row in data.chunks_mut(stride.max(1)).skip(top).take(height) {
            if let Some(row) = row.get_mut(left..left + width) {
                row.fill(code);
            }
        }
    }
}

fn lines(frame: &mut VideoFrame<Writable>, area: Area, line: usize) {
    let stride = stride(frame, 0);
    let Ok(data) = frame.plane_data_mut(0) else { return };
    for row in data.chunks_mut(stride.max(1)).skip(area.top).take(area.height) {
        let Some(row) = row.get_mut(area.left..area.left + area.width) else { continue };
        for (x, luma) in row.iter_mut().enumerate() {
            *luma = if (x / line).is_multiple_of(2) { LINES.0 } else { LINES.1 };
        }
    }
}

/// Bytes from one row to the next.
fn stride<T>(frame: &VideoFrame<T>, plane: usize) -> usize
where
    VideoFrame<T>: VideoFrameExt,
{
    frame.plane_stride().get(plane).map_or(0, |stride| stride.unsigned_abs() as usize)
}
fn unreadable(error: gstreamer::glib::BoolError) -> picture::Error {
    picture::Error::NotRaw(error.to_string())
}
