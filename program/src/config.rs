//! Reads a program's part of a TOML file. Unknown keys are refused with file, line and the nearest valid key.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, Deserializer};

/// A configuration file, read but not yet understood.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
}

/// What is wrong with a configuration file, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{}: {reason}; give the path of a readable file with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// The file's content has to be mended.
    #[error("{}: {fault}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What and where.
        fault: Fault,
    },
}

/// One fault of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    line: Option<usize>,
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Document {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|reason| Error::Unreadable { path: path.into(), reason })?;
        Ok(Self { path: path.into(), text })
    }

    /// The whole file as `T`.
    ///
    /// # Errors
    /// [`Error::Content`] with the first fault anywhere in the file.
    pub fn whole<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let root = DeTable::parse(&self.text).map_err(|error| self.content(&error))?;
        T::deserialize(Deserializer::from(root)).map_err(|error| self.content(&error))
    }

    /// Only what stands under `keys` (`"name"` or `"table.name"`) as `T`; faults elsewhere are handed back, not
    /// raised, so that a mistake in another program's tables does not stop this one.
    ///
    /// # Errors
    /// [`Error::Content`] with the first fault of the part itself.
    pub fn part<T: DeserializeOwned>(&self, keys: &[&str]) -> Result<(T, Vec<Fault>), Error> {
        let (mut root, errors) = DeTable::parse_recoverable(&self.text);
        let faults = errors.iter().map(|error| self.fault(error)).collect();
        *root.get_mut() = only(std::mem::take(root.get_mut()), "", keys);
        let part = T::deserialize(Deserializer::from(root)).map_err(|error| self.content(&error))?;
        Ok((part, faults))
    }

    fn content(&self, error: &toml::de::Error) -> Error {
        Error::Content { path: self.path.clone(), fault: self.fault(error) }
    }

    fn fault(&self, error: &toml::de::Error) -> Fault {
        let line =
            error.span().and_then(|span| self.text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        Fault { line, message: with_nearest_key(error.message()) }
    }
}

/// The entries of the table at `path` that `keys` names, whole or in part.
fn only<'i>(table: DeTable<'i>, path: &str, keys: &[&str]) -> DeTable<'i> {
    let mut kept = DeTable::new();
    for (key, mut value) in table {
        let full = format!("{path}{}", key.get_ref());
        if !keys.contains(&full.as_str()) {
            let below = format!("{full}.");
            let DeValue::Table(inner) = value.get_mut() else {
                continue;
            };
            if !keys.iter().any(|key| key.starts_with(&below)) {
                continue;
            }
            *inner = only(std::mem::take(inner), &below, keys);
        }
        kept.insert(key, value);
    }
    kept
}

/// Serde's "unknown field `x`, expected one of `a`, `b`" with the nearest of them named first.
fn with_nearest_key(message: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join(", ");
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"].iter().any(|start| message.starts_with(start));
    let Some(wrong) = quoted.next().filter(|_| unknown) else {
        return message;
    };
    let nearest = quoted.max_by(|a, b| strsim::jaro_winkler(a, wrong).total_cmp(&strsim::jaro_winkler(b, wrong)));
    let what = if message.starts_with("unknown field") { "key" } else { "value" };
    match nearest {
        Some(near) => {
            let valid = message.split_once(", ").map_or("", |(_, rest)| rest);
            format!("unknown {what} `{wrong}`: did you mean `{near}`? ({valid})")
        }
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Theatre {
        primary: String,
        #[serde(default)]
        source: BTreeMap<String, Source>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Source {
        location: String,
    }

    fn document(text: &str) -> Document {
        Document { path: "theatre.toml".into(), text: text.into() }
    }

    #[test]
    fn an_unknown_key_is_named_with_line_and_nearest_valid_key() {
        let text = "primary = \"endoscope\"\n\n[source.endoscope]\nlocatoin = \"a.mp4\"\n";
        let error = document(text).whole::<Theatre>().unwrap_err().to_string();
        assert!(error.starts_with("theatre.toml: line 4: unknown key `locatoin`: did you mean `location`?"), "{error}");
    }

    #[test]
    fn a_fault_in_another_table_does_not_stop_a_program_that_does_not_read_it() {
        let text = "primary = \"endoscope\"\n[encoder]\nbitrate = = 5\n[source.room]\nlocatoin = 1\n[source.endoscope]\nlocation = \"a\"\n";
        let (part, faults) = document(text).part::<Theatre>(&["primary", "source.endoscope"]).unwrap();
        assert_eq!(part.primary, "endoscope");
        assert_eq!(part.source["endoscope"].location, "a");
        assert_eq!(faults.first().and_then(|fault| fault.line), Some(3), "the fault is still told: {faults:?}");
    }

    #[test]
    fn a_missing_key_and_a_missing_file_are_told_with_the_files_name() {
        let error = document("[source.a]\nlocation = \"x\"\n").whole::<Theatre>().unwrap_err().to_string();
        assert!(error.contains("theatre.toml") && error.contains("`primary`"), "{error}");
        let error = Document::read(Path::new("/nowhere/theatre.toml")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/theatre.toml") && error.contains("--config"), "{error}");
    }
}
