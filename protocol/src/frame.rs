//! What travels with every encoded picture: a header, then the codec and the encoder's access unit.

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::colour::Colour;
use crate::ids::{FrameId, LayoutEpoch, SourceId};
use crate::layout::MAX_TILES;
use crate::time::SessionTime;

/// How a tile's source stands at the moment the canvas was made.
///
/// The age of what a tile shows counts from [`Freshness::since`], where there is one, else from [`TileTime::captured`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Freshness {
    /// The source delivers.
    Live,
    /// Nothing yet since theatre started.
    Waiting,
    /// It delivered, and stopped. The tile says so.
    Lost,
    /// It delivers, but the same picture again and again, as a grabber does whose cable is pulled: it is as good as lost.
    Repeating {
        /// When that picture first came.
        since: SessionTime,
    },
    /// It delivers, but nothing is to be seen: no light, or no signal behind a converter.
    Black {
        /// When it became black.
        since: SessionTime,
    },
    /// It holds an image on purpose, as an X-ray does while its pedal is up.
    Held {
        /// When that image first came.
        since: SessionTime,
    },
    /// It said that it is at its end. Theatre opens it again.
    Ended,
    /// It cannot be opened, or broke. Theatre opens it again.
    Failed,
    /// It delivers pictures that theatre cannot show.
    Unusable,
    /// It delivers, and theatre lets none of it out before somebody there has confirmed that its mask fits.
    Withheld,
}

impl Freshness {
    /// Whether a stroke may begin on the tile: what it shows is what the source gives, and there is something to point at.
    pub fn allows_pen(self) -> bool {
        matches!(self, Self::Live | Self::Held { .. })
    }

    /// Since when the tile has shown one and the same, where newer pictures came that were no news.
    pub fn since(self) -> Option<SessionTime> {
        match self {
            Self::Repeating { since } | Self::Black { since } | Self::Held { since } => Some(since),
            Self::Live | Self::Waiting | Self::Lost | Self::Ended | Self::Failed | Self::Unusable | Self::Withheld => {
                None
            }
        }
    }

    /// The state in one word, as logs and traces have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Waiting => "waiting",
            Self::Lost => "lost",
            Self::Repeating { .. } => "repeating",
            Self::Black { .. } => "black",
            Self::Held { .. } => "held",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Unusable => "unusable",
            Self::Withheld => "withheld",
        }
    }
}

/// One tile's picture in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileTime {
    /// Whose picture.
    pub source: SourceId,
    /// When the newest picture was captured; `None` before the first.
    pub captured: Option<SessionTime>,
    /// How the source stands.
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
    /// The frame's bytes: this header, then `codec` and the `access_unit` it made.
    ///
    /// # Errors
    /// [`Error::Header`] if the header cannot be written, which postcard reports only for unsized sequences.
    pub fn prefix(&self, codec: Codec, access_unit: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(access_unit.len() + 128);
        bytes = postcard::to_extend(&(self, codec), bytes)?;
        bytes.extend_from_slice(access_unit);
        Ok(bytes)
    }

    /// Takes the header and the codec off a frame's bytes; what remains is the access unit.
    ///
    /// # Errors
    /// Anything a peer may have sent wrong; nothing is allocated beyond [`MAX_TILES`] tiles' worth by good input.
    pub fn take(bytes: &[u8]) -> Result<(Self, Codec, &[u8]), Error> {
        let ((header, codec), rest): ((Self, Codec), _) = postcard::take_from_bytes(bytes)?;
        if header.tiles.len() > MAX_TILES {
            return Err(Error::Tiles(header.tiles.len()));
        }
        Ok((header, codec, rest))
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
