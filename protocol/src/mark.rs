//! Marks on the wire: what a console asks of the board, and theatre's receipts. The board itself is `annotation`'s.

use serde::{Deserialize, Serialize};

use crate::geometry::ImagePoint;
use crate::ids::{Epoch, FrameId, MarkId, SourceId};
use crate::time::SessionTime;

/// Points one [`Operation::Extend`] carries at most, so that it passes a line that swallows datagrams above 600 bytes.
pub const MAX_POINTS_PER_EXTEND: usize = 90;
/// Points of one mark at most: over half a minute of a 125 Hz pen without lifting it.
pub const MAX_POINTS_PER_MARK: usize = 4096;
/// Marks on a board at most. More would hide the picture; the oldest goes first.
pub const MAX_MARKS: usize = 64;

/// The pens a mentor can choose. Names of inks, not numbers, so that both ends draw the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Ink {
    /// The default: the colour farthest from tissue.
    #[default]
    Green,
    /// Second choice on tissue.
    Cyan,
    /// For fluoroscopy, where everything is grey.
    Yellow,
    /// For text-like signs on dark ground.
    White,
}

/// How thick a stroke is, as a fraction of the image's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Width {
    /// 1/400 of the width: 3 px of 1280.
    Fine,
    /// 1/200: 6 px of 1280.
    #[default]
    Medium,
    /// 1/100: 13 px of 1280.
    Broad,
}

/// One step in the life of a console's marks. Each may arrive twice, or again after a reconnection, without harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// A pen came down.
    Begin {
        /// The new mark.
        id: MarkId,
        /// The source it lies on.
        source: SourceId,
        /// The frame the mentor was looking at.
        frame: FrameId,
        /// Its ink.
        ink: Ink,
        /// Its width.
        width: Width,
    },
    /// The pen moved.
    Extend {
        /// The mark.
        id: MarkId,
        /// How many points of it came before these.
        first: u16,
        /// The next points, at most [`MAX_POINTS_PER_EXTEND`].
        points: Vec<ImagePoint>,
    },
    /// The pen was lifted.
    End {
        /// The mark.
        id: MarkId,
        /// How many points it has in all.
        points: u16,
    },
    /// One mark is taken back.
    Undo {
        /// The mark.
        id: MarkId,
    },
    /// All marks of `author` with a number up to `through` are taken back.
    Clear {
        /// Whose marks.
        author: Epoch,
        /// The last number that goes.
        through: u32,
    },
}

/// What became of a mark in theatre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// It is on a window in theatre.
    Shown,
    /// No window in theatre shows the source it lies on.
    NoDisplay,
    /// It was shown and went after silence from the mentor's machine (invariant 3).
    Faded,
    /// It was taken back and is no longer shown.
    Removed,
    /// Theatre hides all marks; it is shown again when theatre wishes.
    Hidden,
    /// Theatre cleared all marks. It does not come back.
    Cleared,
    /// It is on a window in theatre, dashed and dim: the picture has moved under it, and it may no longer point at what it
    /// was drawn on. A later [`Fate::Shown`] says that it is in place again.
    Moved,
    /// It went for good: the picture has moved away from where it was drawn, or is of something else.
    MovedAway,
}

/// Theatre's word on a mark. A later one replaces an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The mark.
    pub id: MarkId,
    /// What became of it.
    pub fate: Fate,
    /// How many of its points are shown.
    pub points: u16,
    /// The moment the picture with this state reached the display's sink; for [`Fate::NoDisplay`] the verdict's.
    pub at: SessionTime,
    /// The frame made from the picture it first appeared on; `None` unless shown, or if that picture made no frame.
    pub first_on: Option<FrameId>,
}
