//! Source kind `scene`: generated pictures for demonstration, training and tests.
//!
//! A scene is a pure function of the frame's number: the same number gives the same picture on every machine. This
//! file paces it on a thread of its own; what is on the picture is each painter's matter.

mod bars;
mod coronary;
mod frame;
mod glyph;
mod monitor;
mod noise;
mod pixel;
mod room;
mod stroke;
mod tissue;
mod warp;

use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use gstreamer_video::VideoInfo;
use gstreamer_video::prelude::*;
use media::picture::{self, Picture, Pool};
use program::clock;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::Event;
use super::pace::{Thread, Waiter};
use crate::config::{Scene, Scenery};
use frame::Frame;

/// When a frame is painted, as a part of the interval before it is due. A camera's picture costs this machine nothing, so
/// its stand-in is painted while the one before has left the machine and the next has not come: after encoding, which
/// begins when a picture is due, and in time to be ready on a loaded machine.
const PAINTED_AHEAD: f64 = 0.8;

/// How far painting steps back for everything else on the machine (nice(2)), for the same reason.
const STEP_BACK: i32 = 10;

/// Starts `scene` on a thread of its own.
///
/// # Errors
/// No memory or no thread, in one line.
pub fn open(
    name: &str,
    scene: Scene,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Thread), String> {
    let size = scene.size.unwrap_or(natural_size(scene.scenery));
    let fps = scene.fps.unwrap_or(natural_fps(scene.scenery));
    let info = picture::i420(size, scene.colour).map_err(|error| error.to_string())?;
    let pool = Pool::new(&info).map_err(|error| error.to_string())?;
    let studio = Studio { scene, info, pool, clip: Clip { size, fps: fps.into() } };
    Thread::start(format!("scene {name}"), move |waiter, sender| studio.run(waiter, sender, deliver))
}

/// Size and rate of a scene's pictures.
#[derive(Debug, Clone, Copy)]
struct Clip {
    size: SizePx,
    fps: u32,
}

impl Clip {
    fn width(self) -> usize {
        self.size.width.into()
    }

    fn height(self) -> usize {
        self.size.height.into()
    }

    /// Seconds from the scene's beginning to frame `number`.
    fn seconds(self, number: u64) -> f32 {
        (number as f64 / f64::from(self.fps)) as f32
    }

    /// When frame `number` is due if frame 0 was at `start`.
    fn due(self, start: MonoTime, number: u64) -> MonoTime {
        start + Duration::from_micros(number.saturating_mul(1_000_000) / u64::from(self.fps))
    }

    /// When to begin painting it. At the start there is nothing to wait for.
    fn paint_at(self, start: MonoTime, number: u64) -> MonoTime {
        let intervals = number as f64 - PAINTED_AHEAD;
        start + Duration::from_secs_f64((intervals / f64::from(self.fps)).max(0.0))
    }
}

/// What paints the frames of one scene.
trait Painter: Send {
    /// Paints frame `number` over the whole of `frame`.
    fn paint(&mut self, number: u64, frame: &mut Frame<'_>);
}

fn painter(scene: Scene, clip: Clip) -> Box<dyn Painter> {
    match scene.scenery {
        Scenery::Tissue => Box::new(tissue::Tissue::new(clip)),
        Scenery::Coronary => Box::new(coronary::Coronary::new(clip)),
        Scenery::Monitor => Box::new(monitor::Monitor::new(clip)),
        Scenery::Room => Box::new(room::Room::new(clip)),
        Scenery::Bars => Box::new(bars::Bars::new(scene.colour)),
    }
}

/// The size a scene has unless told otherwise: that of the device it stands for.
fn natural_size(scenery: Scenery) -> SizePx {
    let (width, height) = match scenery {
        Scenery::Tissue | Scenery::Bars => (1280, 720),
        Scenery::Coronary => (512, 512),
        Scenery::Monitor => (640, 480),
        Scenery::Room => (640, 360),
    };
    SizePx { width, height }
}

/// The rate a scene has unless told otherwise: that of the device it stands for.
fn natural_fps(scenery: Scenery) -> u16 {
    match scenery {
        Scenery::Tissue | Scenery::Bars => 30,
        Scenery::Coronary => 15,
        Scenery::Monitor => 25,
        Scenery::Room => 10,
    }
}

/// Everything the thread of a scene works with.
struct Studio {
    scene: Scene,
    clip: Clip,
    info: VideoInfo,
    pool: Pool,
}

impl Studio {
    /// Hands frames over on the beat, as a camera does; another thread has painted them.
    fn run(self, waiter: &Waiter, events: &Sender<Event>, mut deliver: impl FnMut(Picture)) {
        let (clip, info) = (self.clip, self.info.clone());
        let (orders, ordered) = bounded(1);
        let (finish, finished) = bounded(1);
        let thread = Builder::new().name("scene painter".into()).spawn(move || self.paint_all(&ordered, &finish));
        let ended = thread.map_err(|error| format!("the system refuses a thread: {error}")).and_then(|thread| {
            let ended = beat(clip, waiter, &orders, &finished, |buffer, captured| {
                deliver(Picture { buffer, info: info.clone(), captured });
            });
            drop((orders, finished));
            thread.join().map_err(|_| "the thread that paints a scene panicked".to_owned())?;
            ended
        });
        if let Err(what) = ended {
            // Full cannot be: this is the only event, and the thread ends with it.
            if events.try_send(Event::Failed { what }).is_err() {
                tracing::debug!("nobody listens to a scene that failed");
            }
        }
    }

    /// Paints what is ordered, giving way to everything else on the machine.
    fn paint_all(self, ordered: &Receiver<u64>, finish: &Sender<Painted>) {
        // On Linux this holds for the calling thread alone.
        if let Err(error) = rustix::process::nice(STEP_BACK) {
            tracing::debug!("a scene is painted as urgently as everything else: {error}");
        }
        let mut painter = painter(self.scene, self.clip);
        for number in ordered {
            if finish.send(self.paint(painter.as_mut(), number)).is_err() {
                return;
            }
        }
    }

    fn paint(&self, painter: &mut dyn Painter, number: u64) -> Painted {
        let mut picture = picture::write(self.pool.buffer()?, &self.info)?;
        let strides = picture.plane_stride().to_vec();
        let stride_bytes = |plane: usize| strides.get(plane).map_or(0, |stride| stride.unsigned_abs() as usize);
        let strides_bytes = [0, 1, 2].map(stride_bytes);
        let [luma, cb, cr, _] = picture.planes_data_mut();
        let (width, height) = (self.clip.width(), self.clip.height());
        let frame = Frame::new([luma, cb, cr], strides_bytes, width, height);
        let mut frame = frame.ok_or(picture::Error::NoMemory(self.info.size()))?;
        painter.paint(number, &mut frame);
        Ok(picture.into_buffer())
    }
}

/// A painted frame.
type Painted = Result<gstreamer::Buffer, picture::Error>;

/// Orders each frame ahead and delivers it when it is due, until told to stop.
fn beat(
    clip: Clip,
    waiter: &Waiter,
    orders: &Sender<u64>,
    finished: &Receiver<Painted>,
    mut deliver: impl FnMut(gstreamer::Buffer, MonoTime),
) -> Result<(), String> {
    let start = clock::now();
    let mut number = 0;
    loop {
        if waiter.until(clip.paint_at(start, number)).is_break() || orders.send(number).is_err() {
            return Ok(());
        }
        if waiter.until(clip.due(start, number)).is_break() {
            return Ok(());
        }
        let Ok(painted) = finished.recv() else { return Ok(()) };
        let now = clock::now();
        deliver(painted.map_err(|error| error.to_string())?, now);
        number = next(clip, start, number, now);
    }
}

/// The frame after `number` of a scene that began at `start`: those whose moment has passed are left out.
fn next(clip: Clip, start: MonoTime, number: u64, now: MonoTime) -> u64 {
    let elapsed_us = u64::try_from(now.since(start).as_micros()).unwrap_or(u64::MAX);
    let latest = elapsed_us.saturating_mul(clip.fps.into()) / 1_000_000;
    latest.max(number) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::colour::Colour;

    const ALL: [Scenery; 5] = [Scenery::Tissue, Scenery::Coronary, Scenery::Monitor, Scenery::Room, Scenery::Bars];

    fn painted(painter: &mut dyn Painter, clip: Clip, number: u64) -> Vec<u8> {
        let pixels = clip.width() * clip.height();
        // Filled with a value that no scene leaves everywhere, so that what is not painted shows.
        let mut luma = vec![255; pixels];
        let (mut cb, mut cr) = (vec![255; pixels / 4], vec![255; pixels / 4]);
        let strides = [clip.width(), clip.width() / 2, clip.width() / 2];
        let mut frame = Frame::new([&mut luma, &mut cb, &mut cr], strides, clip.width(), clip.height()).unwrap();
        painter.paint(number, &mut frame);
        [luma, cb, cr].concat()
    }

    fn scene(scenery: Scenery, width: u16, height: u16) -> (Box<dyn Painter>, Clip) {
        let clip = Clip { size: SizePx { width, height }, fps: 25 };
        let scene = Scene { scenery, size: None, fps: None, colour: Colour::default() };
        (painter(scene, clip), clip)
    }

    #[test]
    fn a_frame_depends_on_its_number_alone() {
        for scenery in ALL {
            let (mut first, clip) = scene(scenery, 320, 240);
            let (mut second, _) = scene(scenery, 320, 240);
            painted(first.as_mut(), clip, 3);
            let seventh = painted(first.as_mut(), clip, 7);
            assert!(seventh == painted(second.as_mut(), clip, 7), "{scenery:?} remembers other frames");
            let moved = seventh != painted(second.as_mut(), clip, 57);
            assert_eq!(moved, scenery != Scenery::Bars, "{scenery:?} in motion");
        }
    }

    #[test]
    fn every_size_is_painted_to_the_last_pixel() {
        for scenery in ALL {
            for (width, height) in [(64, 64), (642, 98), (98, 642)] {
                let (mut painter, clip) = scene(scenery, width, height);
                let picture = painted(painter.as_mut(), clip, 1);
                let left = picture.iter().filter(|&&value| value == 255).count();
                assert_eq!(left, 0, "{scenery:?} at {width}x{height} leaves bytes unpainted");
            }
        }
    }

    #[test]
    fn luma_stays_within_limited_range_except_for_overshoot() {
        for scenery in ALL {
            let (mut painter, clip) = scene(scenery, 320, 180);
            let picture = painted(painter.as_mut(), clip, 40);
            let luma = &picture[..320 * 180];
            assert!(luma.iter().all(|value| (8..=254).contains(value)), "{scenery:?}");
        }
    }

    #[test]
    fn frames_whose_moment_has_passed_are_left_out() {
        let clip = scene(Scenery::Bars, 64, 64).1;
        let start = MonoTime(1_000_000);
        assert_eq!(next(clip, start, 0, MonoTime(1_000_100)), 1);
        assert_eq!(next(clip, start, 4, MonoTime(1_160_000)), 5, "right on its moment");
        assert_eq!(next(clip, start, 4, MonoTime(1_290_000)), 8, "5, 6 and 7 have passed");
        assert_eq!(clip.due(start, 8), MonoTime(1_320_000));
        assert!((MonoTime(1_280_000)..clip.due(start, 8)).contains(&clip.paint_at(start, 8)), "ready when it is due");
    }
}
