//! What supervision keeps of a picture: a fingerprint that two pictures share only if they are the same, and whether
//! anything is to be seen. An eighth of a picture of 1080 rows is read for it.

use gstreamer_video::prelude::*;
use gstreamer_video::video_frame::Readable;
use gstreamer_video::{VideoFormatFlags, VideoFrame, VideoInfo};
use media::component::{self, Component};
use media::picture::Picture;

/// Rows looked at, evenly spread: every eighth of 1080. A sensor's noise differs in each of them, so that fewer rows
/// would tell as much of it; these also see anything that moves and is nine rows high.
const ROWS: usize = 135;
/// Luma codes above black, of 219, that noise in the dark may reach; what a light shows is brighter.
const DARK: u16 = 16;
/// One pixel in so many may be brighter: sensors have pixels that always glow.
const GLOWING: usize = 500;

/// What a picture looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// See [`print`].
    pub print: u64,
    /// See [`is_dark`].
    pub is_dark: bool,
}

/// A number that two pictures of the same format share only if the rows looked at are the same in both, but for a chance
/// of 2^-64. `None` if the picture cannot be read. To be taken of a source's own pictures: scaling would hide noise.
pub fn print(picture: &Picture) -> Option<u64> {
    let frame = picture.read().ok()?;
    let mut print = Print::new(&picture.info);
    rows(&frame, &picture.info)?.for_each(|row| print.add(row));
    Some(print.value())
}

/// Whether nothing is to be seen. Always false for formats whose components are not bytes. Of a picture with light no more
/// is read than it takes to find that.
pub fn is_dark(picture: &Picture) -> bool {
    let Ok(frame) = picture.read() else { return false };
    let mut shining = Component::all(&picture.info);
    if !picture.info.format_info().flags().contains(VideoFormatFlags::RGB) {
        shining.truncate(1);
    }
    let limit = dark_limit(&picture.info);
    !shining.is_empty() && shining.into_iter().all(|component| component_is_dark(component, &frame, limit))
}

fn component_is_dark(component: Component, frame: &VideoFrame<Readable>, limit: u8) -> bool {
    let rows = component.rows(frame);
    let step = (rows.clone().count() / ROWS).max(1);
    let (width, rows) = (frame.info().width() as usize, rows.step_by(step));
    let all = width * rows.clone().count();
    let mut bright = 0;
    for row in rows {
        let samples = row.iter().step_by(component.step()).take(width);
        bright += samples.filter(|light| **light > limit).count();
        if bright * GLOWING > all {
            return false;
        }
    }
    true
}

/// The rows of the first plane that are looked at.
fn rows<'a>(frame: &'a VideoFrame<Readable>, info: &VideoInfo) -> Option<impl Iterator<Item = &'a [u8]> + Clone> {
    let stride = usize::try_from(*frame.plane_stride().first()?).ok().filter(|bytes| *bytes > 0)?;
    let data = frame.plane_data(0).ok()?;
    let row_bytes = row_bytes(info).min(stride);
    let step = (data.len() / stride / ROWS).max(1);
    Some(data.chunks(stride).step_by(step).filter_map(move |row| row.get(..row_bytes)))
}

/// Bytes of a row's pixels, without what pads it. Formats that pack several pixels into a word have no padding that
/// matters: it is the same as long as the picture is.
fn row_bytes(info: &VideoInfo) -> usize {
    let pixel_bytes = info.format_info().pixel_stride().first().copied().unwrap_or(0);
    match usize::try_from(pixel_bytes) {
        Ok(bytes) if bytes > 0 => bytes * info.width() as usize,
        _ => usize::MAX,
    }
}

/// The brightest code of a dark picture of this kind.
fn dark_limit(info: &VideoInfo) -> u8 {
    let [black, ..] = component::black(info);
    let limit = if black == 0 { DARK * 255 / 219 } else { DARK + u16::from(black) };
    u8::try_from(limit).unwrap_or(u8::MAX)
}

/// Four sums side by side, so that the processor need not wait for each multiplication. Every step can be undone, so
/// one changed byte always changes the sum; against a sender who wants two pictures to collide it is no protection.
struct Print([u64; 4]);

impl Print {
    /// An odd number with its bits well spread: 2^64 over the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

    fn new(info: &VideoInfo) -> Self {
        let (width, height) = (u64::from(info.width()), u64::from(info.height()));
        Self([width, height, width ^ height.rotate_left(32), 0])
    }

    fn add(&mut self, row: &[u8]) {
        let (blocks, rest) = row.as_chunks::<32>();
        blocks.iter().for_each(|block| self.block(block));
        let mut last = [0; 32];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.block(&last);
    }

    fn block(&mut self, block: &[u8; 32]) {
        for (sum, word) in self.0.iter_mut().zip(block.as_chunks::<8>().0) {
            *sum = (*sum ^ u64::from_le_bytes(*word)).wrapping_mul(Self::SPREAD).rotate_left(29);
        }
    }

    fn value(self) -> u64 {
        self.0.into_iter().fold(0, |all, sum| (all ^ sum).wrapping_mul(Self::SPREAD).rotate_left(29))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_video::VideoFormat;
    use media::picture::i420;
    use proptest::prelude::*;
    use protocol::colour::{Colour, Range};
    use protocol::geometry::SizePx;
    use protocol::time::MonoTime;

    const SIZE: SizePx = SizePx { width: 320, height: 180 };

    fn picture(luma: impl Fn(usize) -> u8, range: Range) -> Picture {
        media::init().unwrap();
        let info = i420(SIZE, Colour { range, ..Colour::default() }).unwrap();
        let mut planes = vec![128; info.size()];
        planes[..320 * 180].iter_mut().enumerate().for_each(|(at, byte)| *byte = luma(at));
        Picture { buffer: gstreamer::Buffer::from_mut_slice(planes), info, captured: MonoTime(0) }
    }

    fn dark(luma: impl Fn(usize) -> u8) -> bool {
        is_dark(&picture(luma, Range::Limited))
    }

    proptest! {
        #[test]
        fn one_pixel_that_differs_makes_another_print(at in 0usize..320 * 180, by in 1u8..=255) {
            let wave = |at: usize| (at * 7 % 251) as u8;
            let changed = |pixel| wave(pixel).wrapping_add(if pixel == at { by } else { 0 });
            let print = |luma: &dyn Fn(usize) -> u8| print(&picture(luma, Range::Limited)).unwrap();
            prop_assert_ne!(print(&wave), print(&changed));
            prop_assert_eq!(print(&wave), print(&wave));
        }
    }

    #[test]
    fn darkness_is_black_with_noise_and_a_glowing_pixel_but_not_a_dim_scene() {
        assert!(dark(|at| 16 + (at * 31 % 13) as u8));
        assert!(dark(|at| if at % 1_000 == 0 { 255 } else { 16 }));
        assert!(!dark(|at| if at % 100 == 0 { 60 } else { 16 }), "text on a black screen");
        assert!(!dark(|_| 40));
        assert!(is_dark(&picture(|_| 18, Range::Full)));
        assert!(!is_dark(&picture(|_| 20, Range::Full)));
    }

    #[test]
    fn darkness_is_seen_in_every_format_of_bytes_and_no_other() {
        media::init().unwrap();
        let made = |format, pixels: [u8; 4]| {
            let info = VideoInfo::builder(format, 322, 4).build().unwrap();
            let bytes = pixels.into_iter().cycle().take(info.size()).collect::<Vec<u8>>();
            Picture { buffer: gstreamer::Buffer::from_mut_slice(bytes), info, captured: MonoTime(0) }
        };
        assert!(is_dark(&made(VideoFormat::Uyvy, [128, 16, 128, 20])));
        assert!(!is_dark(&made(VideoFormat::Uyvy, [128, 16, 128, 60])));
        assert!(is_dark(&made(VideoFormat::Bgrx, [3, 2, 1, 255])), "what fills a pixel up is not seen");
        assert!(!is_dark(&made(VideoFormat::Bgrx, [0, 0, 90, 0])), "red alone is light too");
        assert!(!is_dark(&made(VideoFormat::V210, [0; 4])));
        assert_ne!(print(&made(VideoFormat::Uyvy, [0; 4])), print(&made(VideoFormat::Uyvy, [1; 4])));
    }
}
