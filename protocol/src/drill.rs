//! Link drills: what one end does to one of its own paths on purpose, and how it tells the other end. Doing it is
//! `transport`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a path's name in an [`Announcement`] at most; a longer one is told by its beginning.
pub const MAX_PATH_BYTES: usize = 32;
/// The longest drill, in milliseconds. Two minutes is time enough to practise, and short enough to be sat out.
pub const MAX_LASTS_MS: u32 = 120_000;
/// The longest time ahead that a drill is announced, in milliseconds.
pub const MAX_AHEAD_MS: u32 = 10_000;

/// What is done to every datagram of the path, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Nothing passes.
    Cut,
    /// Everything comes later by this many milliseconds each way, in its order.
    Delay(u32),
    /// So many kbit/s pass each way; what does not fit waits in a short queue, and is lost beyond it.
    Thin(u32),
}

/// One end's word on its drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// There will be one, or one is under way: said before it begins and to whoever joins.
    Announced(Announcement),
    /// It has ended. Should this get lost, the announced time ends it.
    Over,
}

/// A drill to come or under way. Times count from when this is read, so that no clock is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The path's name at the end that drills it, at most [`MAX_PATH_BYTES`].
    pub path: String,
    /// What is done to it.
    pub effect: Effect,
    /// Milliseconds until it begins, at most [`MAX_AHEAD_MS`]; 0 once it has begun.
    pub begins_in_ms: u32,
    /// Milliseconds from its beginning, or from now if it has begun, to its end; at most [`MAX_LASTS_MS`].
    pub lasts_ms: u32,
}

/// As people are told it, such as behind "path a is ".
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => write!(f, "cut"),
            Self::Delay(ms) => write!(f, "delayed by {ms} ms"),
            Self::Thin(kbps) => write!(f, "thinned to {kbps} kbit/s"),
        }
    }
}
