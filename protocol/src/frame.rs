//! What travels with every encoded picture: a header, then the encoder's access unit.

use serde::{Deserialize, Serialize};

use crate::colour::Colour;
use crate::ids::{FrameId, LayoutEpoch, SourceId};
use crate::layout::MAX_TILES;
use crate::time::SessionTime;

/// How a tile's picture stands at the moment the canvas was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Freshness {
    /// The source delivers.
    Live,
    /// Nothing yet since theatre started.
    Waiting,
    /// It delivered, and stopped. The tile says so.
    Lost,
}

/// One tile's picture in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileTime {
    /// Whose picture.
    pub source: SourceId,
    /// When that picture was captured; `None` while [`Freshness::Waiting`].
    pub captured: Option<SessionTime>,
    /// Whether the source still delivers.
    pub freshness: Freshness,
}

/// Everything a console must know about a frame beside its pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub id: FrameId,
    /// The arrangement it was composed with.
    pub layout: LayoutEpoch,
    /// The moment the canvas was composed and handed to the encoder.
    pub composed: SessionTime,
    /// Matrix and range of its pixels.
    pub colour: Colour,
    /// Each tile's capture time, in the layout's order; then the primary's, if it has no tile. None while theatre's
    /// curtain is closed.
    pub tiles: Vec<TileTime>,
}

/// Why bytes are no frame.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The header does not decode.
    #[error("frame header: {0}")]
    Header(#[from] postcard::Error),
    /// More tiles than a canvas can have.
    #[error("frame header names {0} tiles; at most {MAX_TILES} are possible")]
    Tiles(usize),
}

impl Header {
    /// The frame's bytes: this header, then `access_unit`.
    ///
    /// # Errors
    /// [`Error::Header`] if the header cannot be written, which postcard reports only for unsized sequences.
    pub fn prefix(&self, access_unit: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(access_unit.len() + 128);
        bytes = postcard::to_extend(self, bytes)?;
        bytes.extend_from_slice(access_unit);
        Ok(bytes)
    }

    /// Takes the header off a frame's bytes; what remains is the access unit.
    ///
    /// # Errors
    /// Anything a peer may have sent wrong; nothing is allocated beyond [`MAX_TILES`] tiles' worth by good input.
    pub fn take(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (header, rest): (Self, _) = postcard::take_from_bytes(bytes)?;
        if header.tiles.len() > MAX_TILES {
            return Err(Error::Tiles(header.tiles.len()));
        }
        Ok((header, rest))
    }

    /// When the picture of `source` in this frame was captured.
    pub fn captured(&self, source: SourceId) -> Option<SessionTime> {
        self.tile(source).and_then(|tile| tile.captured)
    }

    /// How `source` stands in this frame.
    pub fn tile(&self, source: SourceId) -> Option<&TileTime> {
        self.tiles.iter().find(|tile| tile.source == source)
    }
}
