//! What `or-display` reads: its own source, its own window, the meeting place. Nothing else can stop it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use program::config::{Document, Fault};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::source::Source;
use super::{Error, Nonsense, beside, check, default_run_dir};

/// One window in theatre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// The source it shows.
    pub name: String,
    /// That source.
    pub source: Source,
    /// How it shows it.
    pub window: Window,
    /// The folder of the sockets.
    pub run_dir: PathBuf,
}

/// `[window.NAME]`: a window that shows source NAME. The primary has one even without this table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// The GStreamer sink (a bin description) that puts the picture on the monitor.
    pub sink: String,
}

impl Default for Window {
    /// `ximagesink`: works on every X server without a graphics driver of its own.
    fn default() -> Self {
        Self { sink: "ximagesink".into() }
    }
}

impl Display {
    /// The window for `source`, or for the primary if `None`, from the file at `path`; and the syntax faults found
    /// elsewhere in the file, which are another program's.
    ///
    /// # Errors
    /// The file cannot be read, or what this window needs of it is wrong.
    pub fn load(path: &Path, source: Option<&str>) -> Result<(Self, Vec<Fault>), Error> {
        let document = Document::read(path)?;
        let name = match source {
            Some(name) => name.to_owned(),
            None => document.part::<Primary>(&["primary"])?.0.primary,
        };
        check::name(&name).map_err(|fault| named(source, fault).in_file(path))?;
        let keys = ["run_dir", &format!("source.{name}"), &format!("window.{name}")];
        let (mut part, faults) = document.part::<Part>(&keys)?;
        let Some(found) = part.source.remove(&name) else {
            let fault = format!("there is no table [source.{name}]; add it or name another source");
            return Err(named(source, fault).in_file(path));
        };
        let key = source.map_or_else(|| "primary".to_owned(), |source| format!("window.{source}"));
        check::displayed(&key, &name, Some(&found)).map_err(|nonsense| nonsense.in_file(path))?;
        let run_dir = beside(path, &part.run_dir);
        check::run_dir(&run_dir, [name.as_str()]).map_err(|nonsense| nonsense.in_file(path))?;
        let display =
            Self { source: found.beside(path), window: part.window.remove(&name).unwrap_or_default(), run_dir, name };
        Ok((display, faults))
    }
}

/// Names of the sources that have a window, the primary's first, from the file at `path`; and the syntax faults found
/// elsewhere in it. What the windows' tables say is left to each window's own process.
///
/// # Errors
/// The file cannot be read, or does not name a primary.
pub fn window_names(path: &Path) -> Result<(Vec<String>, Vec<Fault>), Error> {
    let (names, faults) = Document::read(path)?.part::<Names>(&["primary", "window"])?;
    let others = names.window.into_keys().filter(|name| *name != names.primary);
    let windows = std::iter::once(names.primary.clone()).chain(others).collect();
    Ok((windows, faults))
}

/// The folder of the sockets, from the file at `path`, whatever stands elsewhere in it.
///
/// # Errors
/// The file cannot be read, or the key is wrong.
pub fn run_dir(path: &Path) -> Result<PathBuf, Error> {
    let (meeting, _) = Document::read(path)?.part::<Meeting>(&["run_dir"])?;
    Ok(beside(path, &meeting.run_dir))
}

fn named(source: Option<&str>, fault: String) -> Nonsense {
    Nonsense::new(if source.is_some() { "--source" } else { "primary" }, fault)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Primary {
    primary: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    #[serde(default = "default_run_dir")]
    run_dir: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Names {
    primary: String,
    #[serde(default)]
    window: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(default = "default_run_dir")]
    run_dir: PathBuf,
    #[serde(default)]
    source: BTreeMap<String, Source>,
    #[serde(default)]
    window: BTreeMap<String, Window>,
}
