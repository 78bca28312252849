//! `[source.NAME]`: one input of theatre. Opening it is `crate::source`'s; what each kind of device can be told stands
//! in [`device`] and [`network`].

pub mod device;
pub mod network;
mod scene;

use std::path::{Path, PathBuf};

use protocol::geometry::SizePx;
use protocol::layout::Role;
use serde::Deserialize;

use device::{Decklink, Region, Screen, V4l2};
use network::{Encoding, Payload, Rtp, Rtsp, Srt, Transport};
use scene::Colours;
pub use scene::{Scene, Scenery};

use super::mask::{self, Mask};

/// One input of theatre.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Source {
    /// What it is in the operation.
    pub role: Role,
    /// Where its pictures come from.
    pub kind: Kind,
    /// Which of its pictures are made of two fields.
    pub deinterlace: Deinterlace,
    /// Whether its picture may stand still: `true` means that an image is held, `false` that the source is dead. Without a
    /// word it follows from role and kind (`crate::signal::Policy`).
    pub still_ok: Option<bool>,
    /// How the camera is moved that they come from, if it can be.
    pub control: Option<Control>,
    /// What of its pictures never leaves theatre; `None` if nobody has decided. A fault in it is kept for `capture-node`:
    /// the OR display shows the whole picture and must not stop for it.
    pub mask: Result<Option<Mask>, mask::Fault>,
}

/// `[source.NAME.control]`: how a room camera is moved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Host and UDP port where it takes VISCA over IP; [`VISCA_PORT`] unless the camera is set otherwise.
    pub visca: String,
    /// Whether mentors may move it. Nobody may unless theatre says so.
    #[serde(default)]
    pub mentor_may: bool,
}

/// Where cameras take VISCA over IP as they come from the factory.
pub const VISCA_PORT: u16 = 52_381;

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
    /// A camera or grabber of this machine.
    V4l2(V4l2),
    /// A DeckLink card of this machine.
    Decklink(Decklink),
    /// A network camera.
    Rtsp(Rtsp),
    /// An encoder that sends by SRT.
    Srt(Srt),
    /// An encoder that sends plain RTP.
    Rtp(Rtp),
    /// What an X server shows: a record viewer.
    Screen(Screen),
    /// The vital signs of `[vitals]`, drawn by `capture-node`.
    Vitals,
}

/// Which pictures are interlaced, and which of their two fields is the older one. Interlaced pictures are made
/// progressive without delay: the newer field is shown, and where nothing moves the older one fills its gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deinterlace {
    /// As the device or stream says.
    #[default]
    Auto,
    /// All, whatever the device says, with the top field first.
    TopFieldFirst,
    /// All, whatever the device says, with the bottom field first.
    BottomFieldFirst,
    /// None, whatever the device says.
    Off,
}

impl Source {
    /// A source of this kind with everything else as it is without a word.
    pub fn new(role: Role, kind: Kind) -> Self {
        Self { role, kind, deinterlace: Deinterlace::default(), still_ok: None, control: None, mask: Ok(None) }
    }

    /// The same source with relative paths made relative to the folder of the file at `config`.
    pub(super) fn beside(mut self, config: &Path) -> Self {
        let path = match &mut self.kind {
            Kind::File { location } | Kind::Dicom { location } => Some(location),
            Kind::Rtsp(rtsp) => rtsp.credentials.as_mut(),
            Kind::Srt(srt) => srt.passphrase.as_mut(),
            _ => None,
        };
        if let Some(path) = path {
            *path = super::beside(config, path);
        }
        self
    }
}

impl Kind {
    /// What it is called in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Scene(_) => "scene",
            Self::File { .. } => "file",
            Self::Dicom { .. } => "dicom",
            Self::Gstreamer { .. } => "gstreamer",
            Self::V4l2(_) => "v4l2",
            Self::Decklink(_) => "decklink",
            Self::Rtsp(_) => "rtsp",
            Self::Srt(_) => "srt",
            Self::Rtp(_) => "rtp",
            Self::Screen(_) => "screen",
            Self::Vitals => "vitals",
        }
    }

    /// Whether `or-display` may open it: the surgeon's picture never waits for a network, and its program holds no parser of
    /// what comes over one, or of files that come from elsewhere.
    pub fn may_be_displayed(&self) -> bool {
        !matches!(self, Self::Rtsp(_) | Self::Srt(_) | Self::Rtp(_) | Self::Dicom { .. } | Self::Vitals)
    }

    /// The key by which it takes something that one source alone can have, and its value.
    pub(super) fn claim(&self) -> Option<(&'static str, String)> {
        match self {
            Self::V4l2(v4l2) => Some(("device", v4l2.device.display().to_string())),
            Self::Decklink(decklink) => Some(("card", decklink.card.to_string())),
            // Of several groups on one port each socket gets its own group's packets alone.
            Self::Rtp(rtp) if rtp.listen.ip().is_multicast() => {
                Some(("listen", format!("UDP port {} of group {}", rtp.listen.port(), rtp.listen.ip())))
            }
            Self::Rtp(rtp) => Some(("listen", format!("UDP port {}", rtp.listen.port()))),
            Self::Srt(srt) => srt.port().map(|port| ("listen", format!("UDP port {port}"))),
            _ => None,
        }
    }
}

/// Pictures a second that a source may be asked for at most: the fastest monitors.
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
    deinterlace: Option<Deinterlace>,
    device: Option<PathBuf>,
    format: Option<device::Format>,
    card: Option<u8>,
    mode: Option<String>,
    connection: Option<String>,
    display: Option<String>,
    window: Option<String>,
    region: Option<Region>,
    listen: Option<String>,
    dial: Option<String>,
    interface: Option<String>,
    payload: Option<Payload>,
    encoding: Option<Encoding>,
    transport: Option<Transport>,
    latency_ms: Option<u16>,
    credentials: Option<PathBuf>,
    passphrase: Option<PathBuf>,
    still_ok: Option<bool>,
    control: Option<Control>,
    mask: Option<toml::Value>,
    mask_decided_by: Option<toml::Value>,
    mask_pictures_seen: Option<toml::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Scene,
    File,
    Dicom,
    Gstreamer,
    V4l2,
    Decklink,
    Rtsp,
    Srt,
    Rtp,
    Screen,
    Vitals,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    width: u16,
    height: u16,
}

impl TryFrom<Table> for Source {
    type Error = String;

    fn try_from(mut table: Table) -> Result<Self, String> {
        table.refuse_keys_of_other_kinds()?;
        let (role, deinterlace, still_ok) = (table.role, table.deinterlace.unwrap_or_default(), table.still_ok);
        let control = table.control.take();
        if let Some(control) = &control {
            control.check(role)?;
        }
        let mask =
            mask::read(table.mask.take(), table.mask_decided_by.take(), table.mask_pictures_seen.take()).transpose();
        let kind = match table.kind {
            KindName::Scene => Kind::Scene(Scene::from_keys(table)?),
            KindName::File => {
                Kind::File { location: table.location.ok_or("kind = \"file\" needs the key `location`")? }
            }
            KindName::Dicom => {
                Kind::Dicom { location: table.location.ok_or("kind = \"dicom\" needs the key `location`")? }
            }
            KindName::Gstreamer => {
                Kind::Gstreamer { bin: table.bin.ok_or("kind = \"gstreamer\" needs the key `bin`")? }
            }
            KindName::V4l2 => Kind::V4l2(V4l2::from_keys(table)?),
            KindName::Decklink => Kind::Decklink(Decklink::from_keys(table)?),
            KindName::Rtsp => Kind::Rtsp(Rtsp::from_keys(table)?),
            KindName::Srt => Kind::Srt(Srt::from_keys(table)?),
            KindName::Rtp => Kind::Rtp(Rtp::from_keys(table)?),
            KindName::Screen => Kind::Screen(Screen::from_keys(table)?),
            KindName::Vitals => Kind::Vitals,
        };
        Ok(Self { role, kind, deinterlace, still_ok, control, mask })
    }
}

impl KindName {
    /// Kinds whose pictures may be made of fields.
    const FILMED: &[Self] =
        &[Self::File, Self::Gstreamer, Self::V4l2, Self::Decklink, Self::Rtsp, Self::Srt, Self::Rtp];

    fn quoted(self) -> String {
        format!("\"{}\"", format!("{self:?}").to_lowercase())
    }
}

impl Control {
    /// Whether it can be: nothing but a room camera is ever moved, least of all what the surgeon looks through.
    fn check(&self, role: Role) -> Result<(), String> {
        if role != Role::Room {
            return Err("`control` belongs to role = \"room\": no other camera is moved from afar; take it out".into());
        }
        let address = self.visca.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        match address.map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(1..)) => Ok(()),
            _ => Err(format!("`control.visca` must be \"HOST:PORT\", such as \"192.0.2.30:{VISCA_PORT}\"")),
        }
    }
}

impl Table {
    fn refuse_keys_of_other_kinds(&self) -> Result<(), String> {
        use KindName::{Decklink, Dicom, File, Gstreamer, Rtp, Rtsp, Scene, Screen, Srt, V4l2};
        let keys: [(&str, bool, &[KindName]); 24] = [
            ("scene", self.scene.is_some(), &[Scene]),
            ("size", self.size.is_some(), &[Scene, V4l2, Rtp]),
            ("fps", self.fps.is_some(), &[Scene, V4l2, Rtp, Screen]),
            ("colour", self.colour.is_some(), &[Scene]),
            ("location", self.location.is_some(), &[File, Dicom, Rtsp]),
            ("bin", self.bin.is_some(), &[Gstreamer]),
            ("deinterlace", self.deinterlace.is_some(), KindName::FILMED),
            ("device", self.device.is_some(), &[V4l2]),
            ("format", self.format.is_some(), &[V4l2]),
            ("card", self.card.is_some(), &[Decklink]),
            ("mode", self.mode.is_some(), &[Decklink]),
            ("connection", self.connection.is_some(), &[Decklink]),
            ("display", self.display.is_some(), &[Screen]),
            ("window", self.window.is_some(), &[Screen]),
            ("region", self.region.is_some(), &[Screen]),
            ("listen", self.listen.is_some(), &[Srt, Rtp]),
            ("dial", self.dial.is_some(), &[Srt]),
            ("interface", self.interface.is_some(), &[Rtp]),
            ("payload", self.payload.is_some(), &[Srt]),
            ("encoding", self.encoding.is_some(), &[Srt, Rtp]),
            ("transport", self.transport.is_some(), &[Rtsp]),
            ("latency_ms", self.latency_ms.is_some(), &[Rtsp, Srt, Rtp]),
            ("credentials", self.credentials.is_some(), &[Rtsp]),
            ("passphrase", self.passphrase.is_some(), &[Srt]),
        ];
        match keys.iter().find(|(_, given, kinds)| *given && !kinds.contains(&self.kind)) {
            Some((key, _, kinds)) => {
                let kinds = kinds.iter().map(|kind| kind.quoted()).collect::<Vec<_>>().join(" or ");
                Err(format!("key `{key}` belongs to kind = {kinds}; take it out or change the kind"))
            }
            None => Ok(()),
        }
    }

    fn fps(&self) -> Result<Option<u16>, String> {
        match self.fps {
            Some(fps) if fps == 0 || fps > MAX_FPS => Err(format!("`fps` must be 1 to {MAX_FPS}")),
            fps => Ok(fps),
        }
    }

    fn size(&self) -> Result<Option<SizePx>, String> {
        self.size.map(Size::checked).transpose()
    }
}

impl Size {
    /// Smallest side of a picture: below it there is nothing to see.
    const MIN_PX: u16 = 64;
    /// Largest side of a picture: 4K.
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
