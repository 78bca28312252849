//! The canvas's arrangement, as theatre tells it to a console.

use serde::{Deserialize, Serialize};

use crate::geometry::{CanvasRect, SizePx};
use crate::ids::{LayoutEpoch, SourceId};

/// Tiles on one canvas at most. The screen of a mentor holds seven items (requirement V2); eight leaves one spare.
pub const MAX_TILES: usize = 8;
/// Bytes of a source's name at most.
pub const MAX_NAME_BYTES: usize = 32;

/// What a source is in the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The operative field through a scope.
    Endoscope,
    /// X-ray in motion.
    Fluoroscopy,
    /// A patient monitor's screen.
    Vitals,
    /// A camera in the room.
    Room,
}

/// One source's place on the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// Whose picture it is.
    pub source: SourceId,
    /// The source's name in theatre's configuration, at most [`MAX_NAME_BYTES`].
    pub name: String,
    /// What the source is in the operation.
    pub role: Role,
    /// The whole tile, letterbox included.
    pub tile: CanvasRect,
    /// The part of the tile that shows the picture, letterbox excluded.
    pub picture: CanvasRect,
    /// The source's own size before scaling; `None` until its first picture came.
    pub image: Option<SizePx>,
    /// Whether a window in theatre shows this source, so that marks on it can be seen there.
    pub on_display: bool,
}

/// All tiles of one canvas. A new [`LayoutEpoch`] for each change; every frame names the one it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Which arrangement this is.
    pub epoch: LayoutEpoch,
    /// The canvas's size.
    pub canvas: SizePx,
    /// The source the operation is done by.
    pub primary: SourceId,
    /// At most [`MAX_TILES`], the main source's first. None while theatre's curtain is closed: then nothing of any source
    /// is on the canvas.
    pub tiles: Vec<Tile>,
}

impl Layout {
    /// The tile that shows `source`, if any does.
    pub fn tile(&self, source: SourceId) -> Option<&Tile> {
        self.tiles.iter().find(|tile| tile.source == source)
    }

    /// Whether theatre's curtain is closed.
    pub fn is_curtain(&self) -> bool {
        self.tiles.is_empty()
    }
}
