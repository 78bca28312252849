//! What a generated source can be told.

use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use serde::Deserialize;

use super::Table;

/// A generated source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// What it shows.
    pub scenery: Scenery,
    /// Size of its pictures; `None` for the scenery's own.
    pub size: Option<SizePx>,
    /// Pictures a second, 1-240; `None` for the scenery's own.
    pub fps: Option<u16>,
    /// Matrix and range of its pictures; BT.709 limited unless told otherwise, which only bars may be.
    pub colour: Colour,
}

/// What a generated source shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scenery {
    /// Moving tissue with instruments, as through an endoscope.
    Tissue,
    /// A coronary run: X-ray in motion.
    Coronary,
    /// A patient monitor's screen.
    Monitor,
    /// An operating room seen from a corner.
    Room,
    /// SMPTE colour bars with exact codes, for colour tests.
    Bars,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Colours {
    #[serde(default)]
    matrix: Matrix,
    #[serde(default)]
    range: Range,
}

impl Scene {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let (size, fps) = (table.size()?, table.fps()?);
        let scenery = table.scene.ok_or(
            "kind = \"scene\" needs the key `scene`: one of \"tissue\", \"coronary\", \"monitor\", \"room\", \"bars\"",
        )?;
        if table.colour.is_some() && scenery != Scenery::Bars {
            return Err("key `colour` belongs to scene = \"bars\"; take it out".into());
        }
        let colour =
            table.colour.map_or(Colour::default(), |colour| Colour { matrix: colour.matrix, range: colour.range });
        Ok(Self { scenery, size, fps, colour })
    }
}
