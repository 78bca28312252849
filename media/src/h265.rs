//! Whether a program takes part in H.265.

use serde::Deserialize;

/// What a program's configuration says of H.265. It travels only while both ends take part in it, else H.264 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum H265 {
    /// Where a chip of its own does the work.
    #[default]
    Hardware,
    /// Where there is none by the processor: several times the work of H.264.
    Software,
    /// Never.
    Never,
}
