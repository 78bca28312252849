//! `[source.NAME]`: one input of theatre. Opening it is `crate::source`'s.

use std::path::{Path, PathBuf};

use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::layout::Role;
use serde::Deserialize;

/// One input of theatre.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Source {
    /// What it is in the operation.
    pub role: Role,
    /// Where its pictures come from.
    pub kind: Kind,
    /// Whether its picture may stand still: `true` means that an image is held, `false` that the source is dead. Without a
    /// word it follows from role and kind (`crate::signal::Policy`).
    pub still_ok: Option<bool>,
}

/// Where a source's pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Generated pictures, for demonstration, training and tests.
    Scene(Scene),
    /// A recorded file, paced by its own timestamps and played in a loop.
    File {
        /// The file; relative paths start at the configuration's folder once it is loaded.
        location: PathBuf,
    },
    /// A DICOM file: an X-ray or ultrasound run, played in a loop at its own rate, or a single image.
    Dicom {
        /// The file; relative paths start at the configuration's folder once it is loaded.
        location: PathBuf,
    },
    /// Any GStreamer bin description that ends in raw video: how a site plugs in what it has.
    Gstreamer {
        /// The description, in the syntax of `gst-launch-1.0`.
        bin: String,
    },
}

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

impl Source {
    /// The same source with relative paths made relative to the folder of the file at `config`.
    pub(super) fn beside(mut self, config: &Path) -> Self {
        if let Kind::File { location } | Kind::Dicom { location } = &mut self.kind {
            *location = super::beside(config, location);
        }
        self
    }
}

impl Kind {
    /// Whether `or-display` may open it: the surgeon's picture never waits for a network, and its program holds no parser
    /// of files that come from elsewhere.
    pub fn may_be_displayed(&self) -> bool {
        !matches!(self, Self::Dicom { .. })
    }
}

/// Pictures a second that a scene may be asked for at most: the fastest monitors.
const MAX_FPS: u16 = 240;

/// The keys as they stand in the file. One flat table, because serde cannot refuse unknown keys of a tagged enum.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    role: Role,
    kind: KindName,
    scene: Option<Scenery>,
    size: Option<Size>,
    fps: Option<u16>,
    colour: Option<Colours>,
    location: Option<PathBuf>,
    bin: Option<String>,
    still_ok: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Scene,
    File,
    Dicom,
    Gstreamer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    width: u16,
    height: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Colours {
    #[serde(default)]
    matrix: Matrix,
    #[serde(default)]
    range: Range,
}

impl TryFrom<Table> for Source {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        table.refuse_keys_of_other_kinds()?;
        let (role, still_ok) = (table.role, table.still_ok);
        let kind = match table.kind {
            KindName::Scene => Kind::Scene(table.into_scene()?),
            KindName::File => {
                Kind::File { location: table.location.ok_or("kind = \"file\" needs the key `location`")? }
            }
            KindName::Dicom => {
                Kind::Dicom { location: table.location.ok_or("kind = \"dicom\" needs the key `location`")? }
            }
            KindName::Gstreamer => {
                Kind::Gstreamer { bin: table.bin.ok_or("kind = \"gstreamer\" needs the key `bin`")? }
            }
        };
        Ok(Self { role, kind, still_ok })
    }
}

impl Table {
    fn refuse_keys_of_other_kinds(&self) -> Result<(), String> {
        let keys: [(&str, bool, &[KindName]); 6] = [
            ("scene", self.scene.is_some(), &[KindName::Scene]),
            ("size", self.size.is_some(), &[KindName::Scene]),
            ("fps", self.fps.is_some(), &[KindName::Scene]),
            ("colour", self.colour.is_some(), &[KindName::Scene]),
            ("location", self.location.is_some(), &[KindName::File, KindName::Dicom]),
            ("bin", self.bin.is_some(), &[KindName::Gstreamer]),
        ];
        match keys.iter().find(|(_, given, kinds)| *given && !kinds.contains(&self.kind)) {
            Some((key, _, kinds)) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{kind:?}\"").to_lowercase()).collect();
                let kinds = kinds.join(" or ");
                Err(format!("key `{key}` belongs to kind = {kinds}; take it out or change the kind"))
            }
            None => Ok(()),
        }
    }

    fn into_scene(self) -> Result<Scene, String> {
        let scenery = self.scene.ok_or(
            "kind = \"scene\" needs the key `scene`: one of \"tissue\", \"coronary\", \"monitor\", \"room\", \"bars\"",
        )?;
        if self.colour.is_some() && scenery != Scenery::Bars {
            return Err("key `colour` belongs to scene = \"bars\"; take it out".into());
        }
        if self.fps.is_some_and(|fps| fps == 0 || fps > MAX_FPS) {
            return Err(format!("`fps` must be 1 to {MAX_FPS}"));
        }
        let size = self.size.map(Size::checked).transpose()?;
        let colour =
            self.colour.map_or(Colour::default(), |colour| Colour { matrix: colour.matrix, range: colour.range });
        Ok(Scene { scenery, size, fps: self.fps, colour })
    }
}

impl Size {
    /// Smallest side of a generated picture: below it there is nothing to see.
    const MIN_PX: u16 = 64;
    /// Largest side of a generated picture: 4K.
    const MAX_PX: u16 = 4096;

    fn checked(self) -> Result<SizePx, String> {
        let good = |px: u16| px.is_multiple_of(2) && (Self::MIN_PX..=Self::MAX_PX).contains(&px);
        if good(self.width) && good(self.height) {
            Ok(SizePx { width: self.width, height: self.height })
        } else {
            Err(format!("`size` must have an even width and height of {} to {} pixels", Self::MIN_PX, Self::MAX_PX))
        }
    }
}
