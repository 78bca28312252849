//! What a mentor asks of the team besides drawing, and theatre's answer. How it looks at either end is the programs'.

use serde::{Deserialize, Serialize};

use crate::geometry::ImagePoint;
use crate::ids::SourceId;

/// Where a mentor points without drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointed {
    /// The source pointed at.
    pub source: SourceId,
    /// Where in its picture.
    pub at: ImagePoint,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asked {
    /// That the team looks at its monitor.
    Attention,
    /// That it does so now.
    Urgent,
    /// That it knows: the mentor cannot judge from this picture.
    CannotJudge,
}

/// A mentor's call. A console has one at most; a new one takes the place of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Grows with each call of one life of a console.
    pub number: u32,
    /// What is asked; `None` takes the call back.
    pub asked: Option<Asked>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The call.
    pub number: u32,
    /// Its state now.
    pub state: CallState,
}

/// How far theatre is with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallState {
    /// No window in theatre is there to show it.
    NoDisplay,
    /// Handed to a window; nobody has answered yet.
    Told,
    /// Somebody in theatre pressed OK.
    Ok,
    /// It is no longer on the monitor and nobody answered: its time was over, or the console had fallen silent.
    Gone,
}

impl Asked {
    /// In words for people in theatre, after the mentor's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Attention => "please look here",
            Self::Urgent => "URGENT, look here now",
            Self::CannotJudge => "cannot judge from this picture",
        }
    }
}
