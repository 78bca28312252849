//! Names of things that both ends speak of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One life of a program: drawn at random at each start, so that what belongs to an earlier life is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u32);

/// One encoded picture of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameId {
    /// The life of `capture-node` that made it.
    pub epoch: Epoch,
    /// Counts canvases from 0 within that life, including those dropped before the encoder.
    pub index: u64,
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}:{}", self.epoch.0, self.index)
    }
}

/// One input of theatre, by its place in theatre's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub u8);

/// One arrangement of tiles. Grows with each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayoutEpoch(pub u32);

/// One mark, for ever: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MarkId {
    /// The life of the console that drew it.
    pub author: Epoch,
    /// Counts that console's marks from 0.
    pub number: u32,
}

impl fmt::Display for MarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}:{}", self.author.0, self.number)
    }
}
