//! The pattern in the primary's stead: in the size, format and colour in which the primary's pictures are carried.

use crossbeam_channel::{Receiver, bounded};
use gstreamer_video::{VideoFormatFlags, VideoInfo};
use media::colour;
use media::pattern::{self, Gauge};
use media::picture::{self, Converter, Picture, Pool};
use program::clock;
use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};

use super::super::sources::first_within;
use crate::config::{Source, Theatre};
use crate::{node, run_dir, share};

/// Pictures that are made beforehand and given in turn, so that none is late for being painted: each differs from the one
/// before.
const RING: u64 = 4;

/// Gives the pattern as the primary would.
pub struct StandIn {
    size: SizePx,
    pool: Pool,
    converter: Converter,
    /// The pictures, to be shown in this size.
    ring: Option<(SizePx, Vec<Picture>)>,
}

impl StandIn {
    /// One that gives pictures of the kind `info`; of a primary without colour, pictures with.
    ///
    /// # Errors
    /// No memory, or a format that nothing can be converted to.
    pub fn new(info: &VideoInfo) -> Result<Self, picture::Error> {
        let size = picture::size(info);
        let painted = picture::i420(size, Colour::default())?;
        let given = match info.format_info().flags().contains(VideoFormatFlags::GRAY) {
            true => picture::i420(size, colour::of(info))?,
            false => picture::whole(info)?,
        };
        let (pool, converter) = (Pool::new(&painted)?, Converter::new(&painted, &given)?);
        Ok(Self { size, pool, converter, ring: None })
    }

    /// The size of its pictures.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// Picture `number`, captured now, to be shown in `shown`.
    ///
    /// # Errors
    /// No memory.
    pub fn picture(&mut self, shown: SizePx, number: u64) -> Result<Picture, picture::Error> {
        let ring = match self.ring.take().filter(|(of, _)| *of == shown) {
            Some((_, ring)) => ring,
            None => (0..RING).map(|number| self.painted(shown, number)).collect::<Result<_, _>>()?,
        };
        let (_, ring) = self.ring.insert((shown, ring));
        let picture = ring.get((number % RING) as usize).ok_or(picture::Error::NoMemory(0))?;
        Ok(Picture { captured: clock::now(), ..picture.clone() })
    }

    /// By how many codes its format alone puts the pattern's colours off: eight bits of red, green and blue are some.
    ///
    /// # Errors
    /// No memory.
    pub fn off(&self) -> Result<u8, picture::Error> {
        let at = CanvasRect { x: 0, y: 0, size: self.size };
        let look = Gauge::default().look(&self.painted(self.size, 0)?, at, self.size)?;
        Ok(look.luma_off.max(look.chroma_off))
    }

    fn painted(&self, shown: SizePx, number: u64) -> Result<Picture, picture::Error> {
        self.converter.convert(&pattern::paint(self.size, shown, &self.pool, number)?)
    }
}

/// The kind of the primary's pictures: of those that its window hands out if that is up, else of the source's own.
///
/// # Errors
/// Why it gives none.
pub fn kind(theatre: &Theatre) -> Result<VideoInfo, String> {
    let (name, run_dir) = (&theatre.primary, &theatre.run_dir);
    let source = theatre.source.get(name).ok_or("it is not configured")?;
    let (give, given) = bounded(1);
    let deliver = move |picture: Picture| drop(give.try_send(picture.info));
    let told = |error: &dyn std::fmt::Display| error.to_string();
    match run_dir::Claim::take(run_dir, name) {
        Ok(_claim) => {
            let _running = node::open(name, source, None, deliver).map_err(|error| told(&error))?;
            first(source, &given)
        }
        Err(run_dir::Error::Running { .. }) => {
            let socket = run_dir::pictures(run_dir, name);
            let _reader = share::Reader::start(&socket, deliver).map_err(|error| told(&error))?;
            first(source, &given)
        }
        Err(error) => Err(told(&error)),
    }
}

fn first(source: &Source, given: &Receiver<VideoInfo>) -> Result<VideoInfo, String> {
    let within = first_within(&source.kind);
    given.recv_timeout(within).map_err(|_| format!("it gave no picture in {} s", within.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_video::VideoFormat;

    #[test]
    fn a_primary_of_any_format_is_stood_in_for_with_the_patterns_colours() {
        media::init().unwrap();
        for (format, most) in [
            (VideoFormat::Uyvy, 0),
            (VideoFormat::Nv12, 0),
            (VideoFormat::V210, 1),
            (VideoFormat::Gray8, 0),
            (VideoFormat::Bgrx, 5),
        ] {
            let info = VideoInfo::builder(format, 1280, 720).build().unwrap();
            let mut stand_in = StandIn::new(&info).unwrap();
            assert!(stand_in.off().unwrap() <= most, "{format:?}: {}", stand_in.off().unwrap());
            let [one, next] = [0, 1].map(|number| stand_in.picture(stand_in.size(), number).unwrap());
            assert_ne!(crate::signal::print(&one), crate::signal::print(&next), "{format:?}: each picture is another");
        }
    }
}
