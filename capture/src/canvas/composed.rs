//! What a canvas is once it is made: its pixels and everything that is known of them.

use std::time::Duration;

use media::picture::Picture;
use protocol::frame::Header;
use protocol::ids::SourceId;
use protocol::layout::Layout;
use protocol::time::MonoTime;

/// One canvas, ready to be encoded.
#[derive(Debug, Clone)]
pub struct Composed {
    /// What travels with it.
    pub header: Header,
    /// The source that the operation is done by.
    pub primary: SourceId,
    /// Its pixels, I420 in the colour that the header names.
    pub picture: Picture,
    /// When the primary's picture in it was put into its slot; the moment of composing if it has none.
    pub in_slot: MonoTime,
    /// The usual time between two canvases that are encoded: the primary's interval, if all are.
    pub interval: Duration,
    /// The layout it was made with, if the canvas before had another.
    pub new_layout: Option<Layout>,
}

impl Composed {
    /// Notes that composing is over and the encoder's turn comes, at `now`. Before that the header says when
    /// composing began.
    pub fn handed_on(&mut self, now: MonoTime) {
        self.header.composed = now.as_session_in_theatre();
    }

    /// Whether anything of a source may be seen on it.
    pub fn shows_sources(&self) -> bool {
        !self.header.tiles.is_empty()
    }
}
