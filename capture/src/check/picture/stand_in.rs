//! The pattern in the primary's stead: in the size, format and colour in which the primary gives its pictures.

use crossbeam_channel::{Receiver, bounded};
use gstreamer_video::VideoInfo;
use media::pattern;
use media::picture::{self, Converter, Picture, Pool};
use program::clock;
use protocol::colour::Colour;
use protocol::geometry::SizePx;

use super::super::sources::first_within;
use crate::config::{Source, Theatre};
use crate::{node, run_dir, share};

/// Gives the pattern as the primary would.
pub struct StandIn {
    size: SizePx,
    pool: Pool,
    converter: Converter,
}

impl StandIn {
    /// One that gives pictures of the kind `info`.
    ///
    /// # Errors
    /// No memory, or a format that nothing can be converted to.
    pub fn new(info: &VideoInfo) -> Result<Self, picture::Error> {
        let size = picture::size(info);
        let painted = picture::i420(size, Colour::default())?;
        let (pool, converter) = (Pool::new(&painted)?, Converter::new(&painted, &picture::whole(info)?)?);
        Ok(Self { size, pool, converter })
    }

    /// The size of its pictures.
    pub fn size(&self) -> SizePx {
        self.size
    }

    /// Picture `number`, captured now, to be shown in `shown`.
    ///
    /// # Errors
    /// No memory.
    pub fn picture(&self, shown: SizePx, number: u64) -> Result<Picture, picture::Error> {
        let pattern = pattern::paint(self.size, shown, &self.pool, number)?;
        self.converter.convert(&Picture { captured: clock::now(), ..pattern })
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
