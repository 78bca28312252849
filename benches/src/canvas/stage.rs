//! What both ways of composing are given: the sources, their pictures, the room camera's behaviour and the pace.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use capture::config::{Kind, Source, Theatre};
use gstreamer as gst;
use gstreamer_video::prelude::*;
use media::picture::{self, Picture};
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::layout::{Layout, Role};
use protocol::time::MonoTime;
use rustix::time::{ClockId, clock_gettime};

/// The primary's interval.
pub const INTERVAL: Duration = Duration::from_micros(33_333);
/// Different pictures of each source, used in turn, as the buffers of a source's pool are.
pub const PICTURES: usize = 2;
/// The first pictures are not counted: queues and caches fill.
pub const WARM_UP: u32 = 30;
/// The canvas's size.
pub const CANVAS: SizePx = SizePx { width: 1920, height: 1080 };
/// The sources, the primary first.
pub const NAMES: [&str; 4] = ["endoscope", "fluoroscopy", "vitals", "room"];

/// How the room camera behaves; the others give a picture with each of the primary's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// As the others.
    InStep,
    /// Ten pictures a second.
    Slow,
    /// None after the first second.
    Stalled,
}

/// Every behaviour with its name.
pub const ROOMS: [(Room, &str); 3] =
    [(Room::InStep, "all at 30/s"), (Room::Slow, "room at 10/s"), (Room::Stalled, "room stalled after 1 s")];

impl Room {
    /// Whether it gives a picture with the primary's `number`th.
    pub fn gives(self, number: u32) -> bool {
        match self {
            Self::InStep => true,
            Self::Slow => number.is_multiple_of(3),
            Self::Stalled => number < WARM_UP,
        }
    }
}

/// What one way of composing came to.
#[derive(Debug, Default)]
pub struct Measured {
    /// Share of one processor, percent.
    pub cpu_percent: f64,
    /// A picture of the primary in, to the canvas with it out.
    pub delays_us: Vec<u64>,
}

/// Pictures of each source in the size of its tile, in the order of the layout, which is that of [`NAMES`].
///
/// # Errors
/// There is no memory.
pub fn pictures(layout: &Layout) -> Result<Vec<Vec<Picture>>> {
    let of = |(index, tile): (usize, &protocol::layout::Tile)| {
        (0..PICTURES).map(|number| drawn(tile.picture.size, index * 31 + number * 7)).collect::<Result<Vec<_>>>()
    };
    layout.tiles.iter().enumerate().map(of).collect()
}

fn drawn(size: SizePx, seed: usize) -> Result<Picture> {
    let info = picture::i420(size, Colour::default())?;
    let mut frame = picture::write(gst::Buffer::with_size(info.size())?, &info)?;
    for plane in 0..frame.n_planes() {
        for (at, byte) in frame.plane_data_mut(plane)?.iter_mut().enumerate() {
            *byte = 40 + ((at * 7 + seed) % 160) as u8;
        }
    }
    Ok(Picture { buffer: frame.into_buffer(), info, captured: MonoTime(0) })
}

/// Does `give` once an interval; gives the share of one processor that this process took meanwhile, in percent.
///
/// # Errors
/// Those of `give`.
pub fn paced(seconds: u32, mut give: impl FnMut(u32, MonoTime) -> Result<()>) -> Result<f64> {
    let (mut due, mut before, mut begun) = (program::clock::now(), Duration::ZERO, MonoTime(0));
    for number in 0..WARM_UP + seconds * 30 {
        if number == WARM_UP {
            (before, begun) = (used(), program::clock::now());
        }
        due = due + INTERVAL;
        thread::sleep(due.since(program::clock::now()));
        give(number, program::clock::now())?;
    }
    let wall = program::clock::now().since(begun);
    Ok((used() - before).as_secs_f64() * 100.0 / wall.as_secs_f64())
}

/// Processor time of this process so far.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or(0))
}

/// Whole microseconds.
pub fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Four sources on one canvas, in the usual layout.
pub fn theatre() -> Theatre {
    let source = |name: &&str| {
        let kind = Kind::Gstreamer { bin: String::new() };
        ((*name).to_owned(), Source::new(Role::Room, kind))
    };
    Theatre {
        primary: "endoscope".into(),
        run_dir: PathBuf::new(),
        source: NAMES.iter().map(source).collect(),
        window: Default::default(),
        canvas: capture::config::Canvas {
            width: CANVAS.width,
            height: CANVAS.height,
            tiles: NAMES.map(str::to_owned).to_vec(),
            ..Default::default()
        },
        encoder: Default::default(),
        identity: capture::config::Identity { certificate: PathBuf::new(), key: PathBuf::new() },
        participant: Default::default(),
        link: Default::default(),
        ladder: Default::default(),
        vitals: None,
    }
}
