//! The whole of `theatre.toml`, as `capture-node` reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use media::encode::family::Family;
use media::h265::H265;
use media::probe::Candidate as _;
use program::config::Document;
use protocol::arrangement::{Grant, Preset};
use protocol::codec::Codec;
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use serde::Deserialize;
use transport::schedule::Policy;

use super::participant::Participant;
use super::source::Source;
use super::vitals::Vitals;
use super::window::Window;
use super::{Error, beside, check, default_run_dir, mask};

/// Everything theatre can be told. Tables are keyed by name; a source's [`SourceId`] is its place in their order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theatre {
    /// The source the operation is done by.
    pub primary: String,
    /// The folder where theatre's programs meet; made with access for its owner only if it is missing.
    #[serde(default = "default_run_dir")]
    pub run_dir: PathBuf,
    /// Every input.
    pub source: BTreeMap<String, Source>,
    /// Every window that has a table of its own; the primary's may be absent.
    #[serde(default)]
    pub window: BTreeMap<String, Window>,
    /// The composed picture.
    #[serde(default)]
    pub canvas: Canvas,
    /// How it is encoded.
    #[serde(default)]
    pub encoder: Encoder,
    /// Who theatre is to a console.
    pub identity: Identity,
    /// Whom theatre talks to, in the order of their names. Absent is refused with what to write.
    #[serde(default)]
    pub participant: BTreeMap<String, Participant>,
    /// How the uplinks are used.
    #[serde(default)]
    pub link: Link,
    /// What happens when they carry too little.
    #[serde(default)]
    pub ladder: Ladder,
    /// Where the patient's vital signs come from; absent means that none are sent.
    pub vitals: Option<Vitals>,
}

/// `[canvas]`: the composed picture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canvas {
    /// Its width in pixels, even.
    pub width: u16,
    /// Its height in pixels, even.
    pub height: u16,
    /// The sources that may stand on it, in the order of their tiles; empty until loaded means the primary, then all others.
    pub tiles: Vec<String>,
    /// How it is divided at the start.
    pub layout: Preset,
    /// The source with the first and largest tile at the start; `None` until loaded means the primary.
    pub main: Option<String>,
    /// What a mentor may change of that.
    pub mentor_may: Grant,
}

impl Default for Canvas {
    /// 1280x720: what two cores encode and decode at 30 pictures a second with time to spare.
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            tiles: Vec::new(),
            layout: Preset::default(),
            main: None,
            mentor_may: Grant::default(),
        }
    }
}

/// `[encoder]`: how the canvas is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Encoder {
    /// By which encoder.
    pub kind: EncoderKind,
    /// Whether as H.265, while everybody there takes part in that.
    pub h265: H265,
    /// Target bit rate in kbit/s. What a line has to carry of it is `link.policy`'s: all of it, or its share.
    pub bitrate_kbps: u32,
    /// The rate in kbit/s below which the slowest mentor's lines do not push it: from there on that mentor alone suffers.
    pub floor_kbps: u32,
}

impl Default for Encoder {
    /// 6 Mbit/s: tissue at 720p30 keeps its texture. 500 kbit/s: below, it is blocks for everybody.
    fn default() -> Self {
        Self { kind: EncoderKind::Auto, h265: H265::default(), bitrate_kbps: 6_000, floor_kbps: 500 }
    }
}

impl Encoder {
    /// Those to be tried for `codec`, in order. `kind` says which chip makes H.265, or that none does; the processor's is
    /// x265 whatever it says.
    pub fn families(&self, codec: Codec) -> Vec<Family> {
        let families = match &self.kind {
            EncoderKind::Auto => &Family::ALL[..],
            EncoderKind::Only(family) => std::slice::from_ref(family),
        };
        let chips = families.iter().copied().filter(|family| family.is_hardware());
        match (codec, self.h265) {
            (Codec::H264, _) => families.iter().copied().filter(|family| family.makes(codec)).collect(),
            (Codec::H265, H265::Never) => Vec::new(),
            (Codec::H265, H265::Hardware) => chips.collect(),
            (Codec::H265, H265::Software) => chips.chain([Family::X265]).collect(),
        }
    }

    /// The target in bits per second.
    pub fn bitrate_bps(&self) -> u32 {
        self.bitrate_kbps.saturating_mul(1_000)
    }
}

/// Which of the encoders of H.264 there may be on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum EncoderKind {
    /// The first that works, chips before the processor.
    Auto,
    /// This one or none.
    Only(Family),
}

impl TryFrom<String> for EncoderKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        let of_h264 = || Family::ALL.into_iter().filter(|family| family.makes(Codec::H264));
        of_h264().find(|family| family.name() == name).map(Self::Only).ok_or_else(|| {
            let known = of_h264().map(Family::name).collect::<Vec<_>>().join("\", \"");
            format!("there is no encoder \"{name}\" of H.264; use \"auto\" or one of \"{known}\"")
        })
    }
}

/// `[link]`: how the uplinks are used together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// How frames are spread over the paths.
    pub policy: Policy,
}

/// `[ladder]`: what is given up when the lines carry too little.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ladder {
    /// The telephone in theatre that the mentor is asked to call when only voice is left. Both ends show it.
    pub phone: Option<String>,
}

/// `[identity]`: theatre's own certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

impl Theatre {
    /// The whole file at `path`, checked.
    ///
    /// # Errors
    /// The first thing wrong with it, by key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let theatre: Self = Document::read(path)?.whole()?;
        let theatre = theatre.completed(path);
        check::theatre(&theatre).map_err(|nonsense| nonsense.in_file(path))?;
        Ok(theatre)
    }

    /// The name by which the wire knows the source called `name`.
    pub fn source_id(&self, name: &str) -> Option<SourceId> {
        let place = self.source.keys().position(|key| key == name)?;
        u8::try_from(place).ok().map(SourceId)
    }

    /// The name in this file of the source that the wire calls `id`.
    pub fn source_name(&self, id: SourceId) -> Option<&str> {
        self.source.keys().nth(id.0.into()).map(String::as_str)
    }

    /// What may be meant and may be a mistake, in a line each: other sources in the primary's role, which people tell from
    /// it by their names only.
    pub fn doubts(&self) -> Vec<String> {
        let Some(primary) = self.source.get(&self.primary) else { return Vec::new() };
        let twins = self.source.iter().filter(|(name, source)| **name != self.primary && source.role == primary.role);
        let doubt = |(name, _): (&String, &Source)| {
            format!(
                "source.{name}.role: is the primary's role too; marks drawn on `{name}` stay there, and `{}` stays the \
                 primary: give it another role if that is not meant",
                self.primary
            )
        };
        twins.map(doubt).collect()
    }

    /// What is wrong with masks, a line for each source. Its pictures are withheld, and everything else goes on.
    pub fn mask_faults(&self) -> Vec<String> {
        self.source.iter().filter_map(|(name, source)| mask::fault(name, source)).collect()
    }

    /// Names of the sources that a window in theatre shows: the primary first, then the others in order.
    pub fn windows(&self) -> Vec<&str> {
        let others = self.window.keys().filter(|name| **name != self.primary);
        std::iter::once(&self.primary).chain(others).map(String::as_str).collect()
    }

    /// Defaults that depend on other keys, and paths as seen from the file's folder.
    fn completed(mut self, file: &Path) -> Self {
        if self.canvas.tiles.is_empty() {
            let others = self.source.keys().filter(|name| **name != self.primary);
            self.canvas.tiles = std::iter::once(&self.primary).chain(others).cloned().collect();
        }
        self.canvas.main.get_or_insert_with(|| self.primary.clone());
        let sources = std::mem::take(&mut self.source);
        self.source = sources.into_iter().map(|(name, source)| (name, source.beside(file))).collect();
        self.run_dir = beside(file, &self.run_dir);
        self.identity.certificate = beside(file, &self.identity.certificate);
        self.identity.key = beside(file, &self.identity.key);
        self.vitals = self.vitals.map(|vitals| vitals.beside(file));
        let participants = std::mem::take(&mut self.participant);
        self.participant = participants.into_iter().map(|(name, who)| (name, who.beside(file))).collect();
        self
    }
}

impl Canvas {
    /// Its size.
    pub fn size(&self) -> SizePx {
        SizePx { width: self.width, height: self.height }
    }
}
