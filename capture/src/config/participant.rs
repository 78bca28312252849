//! `[participant.NAME]`: whom theatre talks to, over which paths, and what sense these tables make together. What a
//! path's keys mean is `transport`'s.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use transport::driver::{PathConfig, paths};
use transport::schedule::Policy;

use super::{Nonsense, beside, check};

/// Participants at most: one encode serves them all, and each has a session of its own.
pub const MAX_PARTICIPANTS: usize = 4;

/// One console that is let in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// PEM file of its certificate; any other is refused on its paths.
    pub certificate: PathBuf,
    /// What it may do, and whose lines set the pace.
    pub role: Role,
    /// The uplinks to it, each one QUIC connection. Absent is refused with what to write.
    #[serde(default)]
    pub path: BTreeMap<String, PathTable>,
}

/// What a participant is in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Draws, and the picture follows its lines.
    Mentor,
    /// Watches as far as its lines and the mentors leave room.
    Observer,
}

/// `[participant.NAME.path.NAME]`: one uplink to a participant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathTable {
    /// See [`paths::Table::listen`].
    pub listen: Option<String>,
    /// See [`paths::Table::dial`].
    pub dial: Option<String>,
    /// See [`paths::Table::bind`].
    pub bind: Option<String>,
    /// See [`paths::Table::interface`].
    pub interface: Option<String>,
    /// The line it leaves theatre by, so that paths which share one are known to. The path's own name if not given.
    pub uplink: Option<String>,
}

impl Participant {
    /// The paths to it, in the order of their names.
    ///
    /// # Errors
    /// What makes no sense about them; never after the file was loaded.
    pub fn paths(&self) -> Result<Vec<PathConfig>, paths::Error> {
        paths::read(&self.path.iter().map(|(name, table)| (name.clone(), table.transport())).collect())
    }

    /// The line that each of [`Self::paths`] leaves by.
    pub fn uplinks(&self) -> Vec<String> {
        self.path.iter().map(|(name, table)| table.uplink.as_ref().unwrap_or(name).clone()).collect()
    }

    /// With its certificate as seen from the configuration `file`.
    pub(super) fn beside(self, file: &Path) -> Self {
        Self { certificate: beside(file, &self.certificate), ..self }
    }
}

impl PathTable {
    fn transport(&self) -> paths::Table {
        let Self { listen, dial, bind, interface, uplink: _ } = self.clone();
        paths::Table { listen, dial, bind, interface }
    }
}

/// Everything about the participants: their number, roles, certificates and paths, with `policy` over these.
pub(super) fn check(participants: &BTreeMap<String, Participant>, policy: Policy) -> Result<(), Nonsense> {
    let wrong = |key: String, fault: String| Err(Nonsense::new(key, fault));
    match participants.len() {
        0 => return wrong("participant".into(), "there is nobody to talk to; add a table [participant.NAME]".into()),
        1..=MAX_PARTICIPANTS => {}
        count => {
            return wrong(
                "participant".into(),
                format!("{count} are too many; at most {MAX_PARTICIPANTS} are possible"),
            );
        }
    }
    if !participants.values().any(|participant| participant.role == Role::Mentor) {
        return wrong("participant".into(), "there is no mentor; one of them needs role = \"mentor\"".into());
    }
    let mut earlier: Vec<(&str, &Participant, Vec<PathConfig>)> = Vec::new();
    for (name, participant) in participants {
        let paths = alone(name, participant, policy)?;
        for (other, their, their_paths) in &earlier {
            if same_file(&participant.certificate, &their.certificate) {
                let fault = format!("is participant.{other}'s too; each participant needs a certificate of its own");
                return wrong(format!("participant.{name}.certificate"), fault);
            }
            paths.iter().try_for_each(|path| apart(name, path, other, their_paths))?;
        }
        earlier.push((name, participant, paths));
    }
    Ok(())
}

/// One participant by itself. Gives its paths.
fn alone(name: &str, participant: &Participant, policy: Policy) -> Result<Vec<PathConfig>, Nonsense> {
    let key = format!("participant.{name}");
    check::name(name).map_err(|fault| Nonsense::new(&key, fault))?;
    if participant.path.is_empty() {
        let fault = format!("there is none; add a table [{key}.path.NAME] with the key `listen` or `dial`");
        return Err(Nonsense::new(format!("{key}.path"), fault));
    }
    for (path, table) in &participant.path {
        check::name(path).map_err(|fault| Nonsense::new(format!("{key}.path.{path}"), fault))?;
        let uplink = table.uplink.as_deref().unwrap_or(path);
        check::name(uplink).map_err(|fault| Nonsense::new(format!("{key}.path.{path}.uplink"), fault))?;
    }
    let (least, there) = (policy.least_paths(), participant.path.len());
    if there < least {
        let fault =
            format!("needs {least} paths, and to {key} there are {there}; add [{key}.path.NAME] or write \"auto\"");
        return Err(Nonsense::new("link.policy", fault));
    }
    participant.paths().map_err(|fault| {
        // The fault begins with its key, seen from the participant's table.
        let text = fault.to_string();
        let (path, fault) = text.split_once(": ").unwrap_or(("path", &text));
        Nonsense::new(format!("{key}.{path}"), fault)
    })
}

/// Whether `path` of participant `name` needs nothing that one of `their` paths, those of `other`, has.
fn apart(name: &str, path: &PathConfig, other: &str, their: &[PathConfig]) -> Result<(), Nonsense> {
    for (place, taken) in their.iter().enumerate() {
        // Names may be the same across participants.
        let unnamed = PathConfig { name: format!("{other}.{place}"), ..taken.clone() };
        if let Err(paths::Error::Shared { path, key, address, .. }) = path.check(std::iter::once(&unnamed)) {
            let fault = format!(
                "{address} is taken by participant.{other}.path.{}; each path needs an address or port of its own",
                taken.name
            );
            return Err(Nonsense::new(format!("participant.{name}.path.{path}.{key}"), fault));
        }
    }
    Ok(())
}

/// Whether two files are one, or hold the same. What cannot be read is told when it is used.
fn same_file(one: &Path, other: &Path) -> bool {
    let read = |path| std::fs::read(path).ok();
    one == other || read(one).zip(read(other)).is_some_and(|(one, other)| one == other)
}
