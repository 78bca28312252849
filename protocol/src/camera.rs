//! Moving a room camera: what a console asks, and which cameras theatre lets it move. Speaking to a camera is `capture`'s.

use serde::{Deserialize, Serialize};

use crate::ids::SourceId;

/// A speed in percent of the camera's own highest, at most; negative to the left, down, and wide.
pub const MAX_PERCENT: i8 = 100;
/// Cameras theatre offers at most: one a tile.
pub const MAX_CAMERAS: usize = crate::layout::MAX_TILES;

/// One thing asked of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The source whose camera it is.
    pub source: SourceId,
    /// What it is to do.
    pub action: Action,
}

/// What a camera is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Move so, until told otherwise or until no such word has come for 400 ms. All zero stops it.
    Drive(Drive),
    /// Look where it looks at rest.
    Home,
}

/// Speeds in percent, each -[`MAX_PERCENT`] to [`MAX_PERCENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drive {
    /// To the right.
    pub pan: i8,
    /// Up.
    pub tilt: i8,
    /// Nearer.
    pub zoom: i8,
}

/// A camera that the console may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The source whose camera it is.
    pub source: SourceId,
    /// Whether it does what it is told.
    pub health: Health,
}

/// How a camera answers theatre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Health {
    /// It was not asked yet, or did what it was asked last.
    Ready,
    /// It did not answer what it was asked last.
    Silent,
    /// It refused what it was asked last.
    Refusing,
}

impl Drive {
    /// Nothing moves.
    pub const STOP: Self = Self { pan: 0, tilt: 0, zoom: 0 };
}
