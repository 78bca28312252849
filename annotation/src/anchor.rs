//! Whether a mark still lies where it was drawn: how a source's picture has moved since, from the picture alone.
//!
//! A [`tracker::Tracker`] takes each picture of a source, small and grey, and says where the scene lies in it
//! ([`Pose`]). A [`track::Track`] remembers poses by capture time, so that a mark drawn on a picture of some time ago is
//! judged by all the motion since. [`Hold`] is what follows for one mark. Scaling pictures down and telling people is
//! left to `capture`.
//!
//! The method is phase correlation (Kuglin and Hines 1975) of small windowed blocks, peaks refined below a pixel, and a
//! vote of the blocks on one similarity of the plane: an instrument that moves through a still scene moves few blocks and
//! is outvoted, and so is the round edge of a scope's picture, which never moves.

mod blocks;
mod correlation;
mod luma;
pub mod motion;
pub mod track;
pub mod tracker;

pub use luma::{Luma, size_for};
pub use track::{Moved, Track};
pub use tracker::{Pose, Tracker};

/// Displacement beyond which a mark no longer points at what it was drawn on, as a part of the picture's width: half the
/// breadth of a cystic duct in a usual laparoscopic view, three widths of a broad pen.
pub const MOVED_BEYOND: f32 = 0.03;
/// A mark that was moved is in place again below this. Less than [`MOVED_BEYOND`], so that a hand that trembles at the
/// border does not make it flicker.
pub const BACK_WITHIN: f32 = 0.02;
/// Displacement beyond which nothing is left of what the mark pointed at, as a part of the picture's width.
pub const GONE_BEYOND: f32 = 0.15;

/// How a mark holds on to the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Hold {
    /// It lies where it was drawn.
    #[default]
    InPlace,
    /// The picture has moved under it; it may come back.
    Moved,
    /// The picture has moved away, or is of something else. For good: when such a place comes back, the mentor must look
    /// anew before anybody acts on it.
    Gone,
}

impl Hold {
    /// What becomes of a mark when the picture under it has `moved` like this since it was drawn.
    pub fn after(self, moved: Moved) -> Self {
        match (self, moved) {
            (Self::Gone, _) | (_, Moved::Elsewhere) => Self::Gone,
            (_, Moved::Unknown) => Self::Moved,
            (_, Moved::By(part)) if part > GONE_BEYOND => Self::Gone,
            (Self::InPlace, Moved::By(part)) if part > MOVED_BEYOND => Self::Moved,
            (Self::Moved, Moved::By(part)) if part > BACK_WITHIN => Self::Moved,
            (Self::InPlace | Self::Moved, Moved::By(_)) => Self::InPlace,
        }
    }
}

#[cfg(test)]
mod tests;
