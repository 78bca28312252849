//! Which sources stand on the canvas and in which order of size: what theatre shows, what a mentor may ask for, and
//! theatre's answer. Where each lies in pixels is told by `layout`; who is granted what is theatre's to judge.

use serde::{Deserialize, Serialize};

use crate::ids::SourceId;

/// How the canvas is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// One source over the whole canvas.
    Solo,
    /// One large source, all others small beside it.
    #[default]
    Insets,
    /// Four places of one size.
    Quad,
    /// Two places of one size.
    SideBySide,
}

impl Preset {
    /// Every preset, the one with the fewest sources first.
    pub const ALL: [Self; 4] = [Self::Solo, Self::SideBySide, Self::Insets, Self::Quad];
}

/// An arrangement that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// How the canvas is to be divided.
    pub preset: Preset,
    /// The source with the first and largest place.
    pub main: SourceId,
}

/// What a mentor may change without asking anybody in theatre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// Nothing.
    Nothing,
    /// The preset.
    Layout,
    /// The main source.
    Main,
    /// Preset and main source.
    #[default]
    Both,
}

impl Grant {
    /// Whether the preset may be chosen.
    pub fn has_layout(self) -> bool {
        matches!(self, Self::Layout | Self::Both)
    }

    /// Whether the main source may be chosen.
    pub fn has_main(self) -> bool {
        matches!(self, Self::Main | Self::Both)
    }
}

/// A source that can stand on the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The source.
    pub source: SourceId,
    /// Its name in theatre's configuration, at most [`crate::layout::MAX_NAME_BYTES`].
    pub name: String,
}

/// The arrangement in force, and what may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// What is shown.
    pub shown: Wish,
    /// What a mentor may change of it.
    pub grant: Grant,
    /// Every source that can stand on the canvas, shown or not; at most [`crate::layout::MAX_TILES`].
    pub sources: Vec<Offered>,
}

/// Theatre's answer to a [`Wish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// It is in force from one of the next canvases on.
    Granted,
    /// Who only watches changes nothing.
    Observer,
    /// The preset is theatre's to choose.
    NotLayout,
    /// The main source is theatre's to choose.
    NotMain,
    /// No source of this number can stand on the canvas.
    NoSuchSource,
}
