//! What sources at this machine can be told: cameras and grabbers (`v4l2`), DeckLink cards, screens.

use std::path::PathBuf;

use protocol::geometry::SizePx;
use serde::Deserialize;

use super::Table;

/// A camera or grabber that the kernel's Video4Linux2 knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V4l2 {
    /// Its device file. A name in `/dev/v4l/by-id` or `by-path` stays when it is plugged in again.
    pub device: PathBuf,
    /// How it sends its pictures.
    pub format: Format,
    /// Size of its pictures; `None` for the best it offers.
    pub size: Option<SizePx>,
    /// Pictures a second, 1-240; `None` for the best it offers.
    pub fps: Option<u16>,
}

/// How a camera sends its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Whatever gives the best picture; what needs no decoding, if two are as good.
    #[default]
    Auto,
    /// Uncompressed.
    Raw,
    /// Each picture a JPEG.
    Mjpeg,
    /// H.264.
    H264,
}

/// A DeckLink card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decklink {
    /// Its number on this machine, from 0.
    pub card: u8,
    /// What comes in, one of [`MODES`].
    pub mode: &'static str,
    /// Where it comes in, one of [`CONNECTIONS`].
    pub connection: &'static str,
}

/// What a tower or a modality may put out, as `decklinkvideosrc` names it; the first lets the card find out.
pub const MODES: [&str; 20] = [
    "auto",
    "ntsc",
    "pal",
    "720p50",
    "720p5994",
    "720p60",
    "1080i50",
    "1080i5994",
    "1080i60",
    "1080p25",
    "1080p2997",
    "1080p30",
    "1080p50",
    "1080p5994",
    "1080p60",
    "2160p25",
    "2160p2997",
    "2160p30",
    "2160p50",
    "2160p60",
];

/// The sockets of a card, as `decklinkvideosrc` names them; the first is the one the card is set to.
pub const CONNECTIONS: [&str; 7] = ["auto", "sdi", "hdmi", "optical-sdi", "component", "composite", "svideo"];

/// What an X server shows, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The X server, such as `:0`; `None` for the environment's `DISPLAY`.
    pub display: Option<String>,
    /// What of it.
    pub area: Area,
    /// Pictures a second, 1-60.
    pub fps: u16,
}

/// The part of a screen that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Area {
    /// All of it.
    Whole,
    /// The window with this title.
    Window(String),
    /// A rectangle.
    Region(Region),
}

/// A rectangle of a screen, in pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Extent.
    pub width: u16,
    /// Extent.
    pub height: u16,
}

/// Pictures a second of a screen that is not told how many: a record viewer's hand is followed, and copying a
/// full-HD screen so often takes a tenth of a processor.
const SCREEN_FPS: u16 = 10;
/// Most pictures a second of a screen: monitors show no more.
const MAX_SCREEN_FPS: u16 = 60;
/// Shortest side of a region, in pixels: below it there is nothing to read.
const MIN_REGION_PX: u16 = 16;

impl V4l2 {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let (size, fps) = (table.size()?, table.fps()?);
        let device = table.device.ok_or("kind = \"v4l2\" needs the key `device`, such as \"/dev/v4l/by-id/NAME\"")?;
        if !device.is_absolute() {
            return Err("`device` must be a path that begins with `/`, such as \"/dev/v4l/by-id/NAME\"".into());
        }
        Ok(Self { device, format: table.format.unwrap_or_default(), size, fps })
    }
}

impl Decklink {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        Ok(Self {
            card: table.card.unwrap_or(0),
            mode: one_of("mode", table.mode.as_deref(), &MODES)?,
            connection: one_of("connection", table.connection.as_deref(), &CONNECTIONS)?,
        })
    }
}

impl Screen {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let area = match (table.window, table.region) {
            (Some(_), Some(_)) => return Err("`window` and `region` exclude each other; take one out".into()),
            (Some(title), None) if title.is_empty() => return Err("`window` must be a window's title".into()),
            (Some(title), None) => Area::Window(title),
            (None, Some(region)) if region.width.min(region.height) < MIN_REGION_PX => {
                return Err(format!("`region` must be {MIN_REGION_PX} pixels wide and high at least"));
            }
            (None, Some(region)) => Area::Region(region),
            (None, None) => Area::Whole,
        };
        let fps = table.fps.unwrap_or(SCREEN_FPS);
        if !(1..=MAX_SCREEN_FPS).contains(&fps) {
            return Err(format!("`fps` of a screen must be 1 to {MAX_SCREEN_FPS}"));
        }
        Ok(Self { display: table.display, area, fps })
    }
}

/// The one among `choices` that was asked for; the first, if none was.
fn one_of<const N: usize>(
    key: &str,
    asked: Option<&str>,
    choices: &'static [&'static str; N],
) -> Result<&'static str, String> {
    let found = match asked {
        Some(asked) => choices.iter().find(|choice| **choice == asked),
        None => choices.first(),
    };
    found.copied().ok_or_else(|| format!("`{key}` must be one of \"{}\"", choices.join("\", \"")))
}
