//! The threads that follow the scene of each source a window shows, so that marks on it can be judged. A thread sees the
//! newest picture only, small and grey, and nothing waits for it. What the poses mean for marks is the relay's.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use annotation::anchor::{Luma, Pose, Tracker, size_for};
use media::component::Component;
use media::picture::{self, Picture};
use media::slot::Slot;
use protocol::geometry::SizePx;
use protocol::time::{MonoTime, SessionTime};

/// How long a thread waits for a picture at a time. Nothing depends on it: whatever is put wakes it.
const WAIT: Duration = Duration::from_secs(1);

/// One running thread; stops and joins when dropped.
pub struct Anchor {
    next: Arc<Slot<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// Where a source's pictures are shown to its thread.
#[derive(Clone)]
pub struct Eye(Arc<Slot<Order>>);

#[derive(Clone)]
enum Order {
    See(Luma, MonoTime),
    End,
}

impl Anchor {
    /// Starts to follow the source called `name`. `told` is called on the thread with each picture's capture time and pose.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(name: &str, told: impl FnMut(SessionTime, Pose) + Send + 'static) -> io::Result<Self> {
        let next = Arc::<Slot<Order>>::default();
        let orders = Arc::clone(&next);
        let thread = Builder::new().name(format!("anchor-{name}")).spawn(move || follow(&orders, told))?;
        Ok(Self { next, thread: Some(thread) })
    }

    /// Where its source's pictures are to be shown.
    pub fn eye(&self) -> Eye {
        Eye(Arc::clone(&self.next))
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        self.next.put(Order::End);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread that follows a scene panicked");
        }
    }
}

impl Eye {
    /// Shows a picture: takes its light and dark, some tenths of a millisecond (`docs/measurements/anchor.md`), and keeps
    /// nothing of it. One whose components are not bytes, which no window hands out, is left out.
    pub fn show(&self, picture: &Picture) {
        if let Ok(Some(luma)) = luma(picture) {
            self.0.put(Order::See(luma, picture.captured));
        }
    }
}

fn follow(orders: &Slot<Order>, mut told: impl FnMut(SessionTime, Pose)) {
    let (mut tracker, mut seen) = (Tracker::default(), 0);
    loop {
        match orders.wait_newer(seen, WAIT) {
            Some((_, Order::End)) => return,
            Some((sequence, Order::See(luma, captured))) => {
                seen = sequence;
                let captured = captured.as_session_in_theatre();
                told(captured, tracker.see(luma, captured));
            }
            None => {}
        }
    }
}

/// The picture small and grey: each pixel the mean of those it stands for. `None` for formats whose components are not bytes.
///
/// # Errors
/// It cannot be read.
pub fn luma(picture: &Picture) -> Result<Option<Luma>, picture::Error> {
    let frame = picture.read()?;
    let Some(light) = Component::light(&picture.info) else { return Ok(None) };
    let rows: Vec<&[u8]> = light.rows(&frame).collect();
    let (from, to) = (picture.size(), size_for(picture.size()));
    // Known while compiling, the step costs next to nothing.
    let small = match light.step() {
        1 => shrunk::<1>(&rows, from, to),
        2 => shrunk::<2>(&rows, from, to),
        3 => shrunk::<3>(&rows, from, to),
        4 => shrunk::<4>(&rows, from, to),
        _ => return Ok(None),
    };
    Ok(Luma::new(to, small))
}

/// Rows of a picture as large as `from`, with a sample every `STEP` bytes, scaled to `to` by the mean of every pixel in a box
/// (an area filter). Rows are added up first, many columns at a time, then the columns of each box.
fn shrunk<const STEP: usize>(all: &[&[u8]], from: SizePx, to: SizePx) -> Vec<u8> {
    let (width, height) = (usize::from(to.width), usize::from(to.height));
    let edge = |n: usize, from: u16, to: u16| n * usize::from(from) / usize::from(to.max(1));
    let mut small = Vec::with_capacity(width * height);
    // Of 8192 rows ninety-one are in a box, whose sum leaves no 16 bits.
    let mut columns = vec![0_u16; from.width.into()];
    for y in 0..height {
        let (top, bottom) = (edge(y, from.height, to.height), edge(y + 1, from.height, to.height));
        let rows = all.get(top..bottom.max(top + 1)).unwrap_or_default();
        columns.fill(0);
        rows.iter().for_each(|row| add::<STEP>(&mut columns, row));
        for x in 0..width {
            let (left, right) = (edge(x, from.width, to.width), edge(x + 1, from.width, to.width));
            let boxed = columns.get(left..right.max(left + 1)).unwrap_or_default();
            let sum: u32 = boxed.iter().map(|column| u32::from(*column)).sum();
            small.push((sum / (rows.len() * boxed.len()).max(1) as u32) as u8);
        }
    }
    small
}

/// Adds the samples of `row` to `columns`. Wraps because checked sums cannot be made many at a time; none leaves 16 bits.
fn add<const STEP: usize>(columns: &mut [u16], row: &[u8]) {
    let (whole, rest) = row.as_chunks::<STEP>();
    let last = columns.get_mut(whole.len()).zip(rest.first());
    last.into_iter().for_each(|(column, sample)| *column = column.wrapping_add((*sample).into()));
    for (column, samples) in columns.iter_mut().zip(whole) {
        *column = column.wrapping_add(first(*samples));
    }
}

/// The first of a pixel's bytes. As a part of one number it is taken out of many pixels at a time.
fn first<const STEP: usize>(samples: [u8; STEP]) -> u16 {
    match samples.as_slice() {
        [a, b, c, d] => (u32::from_le_bytes([*a, *b, *c, *d]) & 0xff) as u16,
        [a, b] => u16::from_le_bytes([*a, *b]) & 0xff,
        [a, ..] => u16::from(*a),
        [] => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annotation::anchor::Moved;
    use annotation::anchor::Track;
    use crossbeam_channel::bounded;
    use gstreamer as gst;
    use gstreamer_video::{VideoFormat, VideoFrameExt, VideoInfo};
    use protocol::colour::Colour;

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    /// A picture whose light is `of` each pixel's place.
    fn picture(of: impl Fn(usize, usize) -> u8, captured: MonoTime) -> Picture {
        media::init().unwrap();
        let info = picture::i420(SIZE, Colour::default()).unwrap();
        let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
        let stride = usize::try_from(frame.plane_stride()[0]).unwrap();
        for (y, row) in frame.plane_data_mut(0).unwrap().chunks_mut(stride).enumerate() {
            row.iter_mut().enumerate().for_each(|(x, pixel)| *pixel = of(x, y));
        }
        Picture { buffer: frame.into_buffer(), info, captured }
    }

    #[test]
    fn a_small_picture_is_the_mean_of_what_it_stands_for() {
        let small = luma(&picture(|x, _| if x % 4 < 2 { 40 } else { 80 }, MonoTime(0))).unwrap().unwrap();
        assert_eq!(small, Luma::new(size_for(SIZE), vec![60; 160 * 90]).unwrap());
    }

    #[test]
    fn it_is_the_same_whatever_else_lies_between_the_samples_of_light() {
        media::init().unwrap();
        let light = |x: usize| if x % 4 < 2 { 40 } else { 80 };
        for (format, step, first) in [(VideoFormat::Uyvy, 2, 1), (VideoFormat::Rgb, 3, 1), (VideoFormat::Xrgb, 4, 2)] {
            let info = VideoInfo::builder(format, 640, 360).build().unwrap();
            let bytes = (0..info.size()).map(|at| if at % step == first { light(at / step) } else { 255 });
            let buffer = gst::Buffer::from_mut_slice(bytes.collect::<Vec<u8>>());
            let small = luma(&Picture { buffer, info, captured: MonoTime(0) }).unwrap().unwrap();
            assert_eq!(small, Luma::new(size_for(SIZE), vec![60; 160 * 90]).unwrap(), "{format:?}");
        }
    }

    #[test]
    fn a_scene_that_moves_by_a_tenth_of_the_width_is_seen_to() {
        let (tell, told) = bounded(8);
        let anchor = Anchor::start("test", move |captured, pose| tell.send((captured, pose)).unwrap()).unwrap();
        let mut track = Track::default();
        for (n, shift) in [(1, 0usize), (2, 32), (3, 64)] {
            // Squares of chance light, ten pixels wide.
            let light = |x: usize, y: usize| {
                let square = (((x + 640 - shift) / 10) as u32).wrapping_mul(0x9E37_79B1)
                    ^ ((y / 10) as u32).wrapping_mul(0x85EB_CA77);
                ((square ^ (square >> 15)).wrapping_mul(0x2C1B_3C6D) >> 24) as u8
            };
            anchor.eye().show(&picture(light, MonoTime(n * 33_000)));
            let (captured, pose) = told.recv().unwrap();
            track.note(captured, pose);
        }
        let moved = track.moved(SessionTime(33_000), &[]);
        assert!(matches!(moved, Moved::By(part) if (part - 0.1).abs() < 0.01), "{moved:?}");
    }
}
