//! Theatre's configuration: `theatre.toml` as the programs see it, one struct a program.
//!
//! [`Display`] is the little that `or-display` reads, so that a fault in anything else never costs the surgeon's
//! picture. [`Theatre`] is the whole file, for `capture-node`. Reading TOML and naming wrong keys is
//! `program::config`'s; sense between keys is checked here.

mod check;
mod display;
pub mod mask;
mod participant;
mod pedal;
mod source;
mod theatre;
mod vitals;
mod window;

use std::path::{Path, PathBuf};

pub use self::vitals::Vitals;
pub use display::{Display, run_dir, window_names};
pub use mask::Mask;
pub use participant::{MAX_PARTICIPANTS, Participant, PathTable, Role};
pub use pedal::pedal_key;
pub use source::{Control, Deinterlace, Kind, Scene, Scenery, Source, VISCA_PORT, device, network};
pub use theatre::{Canvas, Encoder, EncoderKind, Identity, Ladder, Theatre};
pub use window::{DeckLink, Keys, Mode, Output, Window, X_SINK};

/// Where the programs of theatre meet when the file does not say: systemd's place for run-time sockets.
pub const DEFAULT_RUN_DIR: &str = "/run/telementoring";

/// Why a program cannot have its configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing, is no TOML, or has a wrong key or value.
    #[error(transparent)]
    File(#[from] program::config::Error),
    /// Every key is right by itself, but together they make no sense.
    #[error("{}: {key}: {fault}", path.display())]
    Sense {
        /// The file.
        path: PathBuf,
        /// The key to mend.
        key: String,
        /// What is wrong with it, and what would be right.
        fault: String,
    },
}

/// One key that makes no sense beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Nonsense {
    key: String,
    fault: String,
}

impl Nonsense {
    fn new(key: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { key: key.into(), fault: fault.into() }
    }

    fn in_file(self, path: &Path) -> Error {
        Error::Sense { path: path.into(), key: self.key, fault: self.fault }
    }
}

fn default_run_dir() -> PathBuf {
    DEFAULT_RUN_DIR.into()
}

/// `path` as the file at `config` means it: relative paths start at the configuration's own folder.
fn beside(config: &Path, path: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(path)
}

#[cfg(test)]
mod tests;
