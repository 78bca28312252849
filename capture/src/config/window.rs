//! `[window.NAME]`: where the picture of source NAME goes in theatre, and what keys do there.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::{Nonsense, pedal};

/// The sink that shows windows on X without a graphics driver of its own.
pub const X_SINK: &str = "ximagesink";

/// A window that shows a source. The primary has one even without its table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// The GStreamer sink (a bin description) that puts the picture on the monitor.
    sink: Option<String>,
    /// The monitor of the X server that is filled.
    monitor: Option<String>,
    /// The connector that is used without any window server.
    kms: Option<String>,
    /// The SDI output.
    decklink: Option<DeckLink>,
    /// What keys do.
    pub keys: Keys,
}

/// Where the picture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To this GStreamer sink.
    Sink(String),
    /// All over this monitor of the X server.
    Monitor(String),
    /// Out of this connector of a graphics card.
    Kms(String),
    /// Out of this SDI card.
    DeckLink(DeckLink),
}

/// An SDI output by Blackmagic Design.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeckLink {
    /// The card's number, from 0.
    #[serde(default)]
    pub device: u8,
    /// What it puts out.
    pub mode: Mode,
}

/// A mode of an SDI output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Its name at GStreamer.
    pub name: &'static str,
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Pictures in so many seconds.
    pub rate: (u32, u32),
}

/// The progressive modes of SMPTE ST 296 and ST 274 that a surgeon's monitor takes.
const MODES: [Mode; 9] = [
    mode("720p50", 1280, 720, (50, 1)),
    mode("720p5994", 1280, 720, (60_000, 1_001)),
    mode("720p60", 1280, 720, (60, 1)),
    mode("1080p25", 1920, 1080, (25, 1)),
    mode("1080p2997", 1920, 1080, (30_000, 1_001)),
    mode("1080p30", 1920, 1080, (30, 1)),
    mode("1080p50", 1920, 1080, (50, 1)),
    mode("1080p5994", 1920, 1080, (60_000, 1_001)),
    mode("1080p60", 1920, 1080, (60, 1)),
];

/// `[window.NAME.keys]`: names of keys as X calls them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Hides everything the mentor put there, or shows it again.
    pub hide: String,
    /// Clears all marks.
    pub clear: String,
    /// Answers OK to what the mentor asked.
    pub ok: String,
    /// Closes the curtain, or opens it again. No pedal does.
    pub curtain: String,
    /// The device file of a pedal that is read itself, whichever window has the focus.
    pub pedal: Option<PathBuf>,
}

impl Default for Keys {
    /// Letters that say what they do, and the largest key there is; the curtain is where nobody presses by chance.
    fn default() -> Self {
        Self { hide: "h".into(), clear: "c".into(), ok: "Return".into(), curtain: "F12".into(), pedal: None }
    }
}

impl Window {
    /// Where the picture goes; a window on the X server unless told otherwise.
    pub fn output(&self) -> Output {
        let monitor = self.monitor.clone().map(Output::Monitor);
        let other = || self.kms.clone().map(Output::Kms).or_else(|| self.decklink.clone().map(Output::DeckLink));
        let sink = || Output::Sink(self.sink.clone().unwrap_or_else(|| X_SINK.to_owned()));
        monitor.or_else(other).unwrap_or_else(sink)
    }

    /// Whether the table of the window called `name` makes sense.
    pub(super) fn check(&self, name: &str) -> Result<(), Nonsense> {
        let given = [
            ("sink", self.sink.is_some()),
            ("monitor", self.monitor.is_some()),
            ("kms", self.kms.is_some()),
            ("decklink", self.decklink.is_some()),
        ];
        let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
        if let [first, second, ..] = given.as_slice() {
            let fault = format!("says where the picture goes, and so does `{first}`; keep one of them");
            return Err(Nonsense::new(format!("window.{name}.{second}"), fault));
        }
        let Keys { hide, clear, ok, curtain, .. } = &self.keys;
        let keys = [("hide", hide), ("clear", clear), ("ok", ok), ("curtain", curtain)];
        for (number, (key, value)) in keys.into_iter().enumerate() {
            if keys.iter().take(number).any(|(_, other)| other.eq_ignore_ascii_case(value)) {
                let fault = format!("`{value}` does something else already; a key does one thing");
                return Err(Nonsense::new(format!("window.{name}.keys.{key}"), fault));
            }
        }
        Ok(())
    }

    /// Whether the pedal of the window called `name` can press what it is to press. The picture needs no pedal, so this is no
    /// reason for the window not to open.
    pub(super) fn check_pedal(&self, name: &str) -> Result<(), Nonsense> {
        let Keys { hide, clear, ok, pedal: Some(pedal), .. } = &self.keys else { return Ok(()) };
        let keys = [("hide", hide), ("clear", clear), ("ok", ok)];
        let has = |value: &str| pedal::names().any(|name| name.eq_ignore_ascii_case(value));
        let Some((key, value)) = keys.into_iter().find(|(_, value)| !has(value)) else { return Ok(()) };
        let names = pedal::names().collect::<Vec<_>>().join("`, `");
        let fault = format!("`{value}` is no key that the pedal {} can have; use one of `{names}`", pedal.display());
        Err(Nonsense::new(format!("window.{name}.keys.{key}"), fault))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sink(sink) => f.write_str(sink),
            Self::Monitor(monitor) => write!(f, "monitor {monitor}"),
            Self::Kms(connector) => write!(f, "connector {connector}"),
            Self::DeckLink(DeckLink { device, mode }) => write!(f, "SDI card {device}, {}", mode.name),
        }
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = MODES.into_iter().find(|mode| mode.name == name);
        let names = || MODES.map(|mode| mode.name).join("\", \"");
        found.ok_or_else(|| format!("there is no mode \"{name}\"; use one of \"{}\"", names()))
    }
}

const fn mode(name: &'static str, width: u16, height: u16, rate: (u32, u32)) -> Mode {
    Mode { name, width, height, rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(window: &str) -> String {
        toml::from_str::<Window>(window)
            .map_err(|error| error.to_string())
            .and_then(|window| window.check("scope").map_err(|nonsense| format!("{nonsense:?}")))
            .unwrap_err()
    }

    #[test]
    fn a_window_goes_to_one_place() {
        let window = |text| toml::from_str::<Window>(text).unwrap().output();
        assert_eq!(window(""), Output::Sink("ximagesink".into()));
        assert_eq!(window("monitor = \"HDMI-1\""), Output::Monitor("HDMI-1".into()));
        assert_eq!(window("kms = \"DP-1\""), Output::Kms("DP-1".into()));
        assert!(fault("kms = \"DP-1\"\nmonitor = \"HDMI-1\"").contains("window.scope.kms"));
    }

    #[test]
    fn a_pedal_is_given_keys_that_pedals_have() {
        let window = |keys: &str| toml::from_str::<Window>(&format!("[keys]\n{keys}")).unwrap();
        let odd = "hide = \"XF86Sleep\"";
        assert!(window(odd).check_pedal("scope").is_ok(), "a keyboard may have it");
        let fault = window(&format!("{odd}\npedal = \"/dev/input/event3\"")).check_pedal("scope").unwrap_err();
        let told = format!("{fault:?}");
        for word in ["window.scope.keys.hide", "XF86Sleep", "/dev/input/event3", "F12"] {
            assert!(told.contains(word), "{told}");
        }
        assert!(window("hide = \"up\"\npedal = \"/dev/input/event3\"").check_pedal("scope").is_ok());
    }

    #[test]
    fn a_key_does_one_thing_and_a_mode_that_is_none_is_told_the_modes() {
        assert!(fault("[keys]\nhide = \"space\"\nok = \"Space\"").contains("window.scope.keys.ok"));
        assert!(fault("[keys]\nhide = \"f12\"").contains("window.scope.keys.curtain"));
        let told = fault("decklink = { mode = \"4k\" }");
        assert!(told.contains("4k") && told.contains("1080p60"), "{told}");
    }
}
