//! What `console.toml` says. Reading TOML is left to `program::config`, loading certificates to `transport`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use program::config::Document;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this console is.
    pub identity: Identity,
    /// Whom it trusts.
    pub theatre: Theatre,
    /// The ways to theatre, by name. Each is used at once.
    pub path: BTreeMap<String, Way>,
}

/// This console's certificate and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The certificate that theatre has to know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The one peer this console speaks to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theatre {
    /// Theatre's certificate as a PEM file: exactly this one is accepted.
    pub certificate: PathBuf,
}

/// One way to theatre.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Host and port that theatre listens on for this path.
    pub dial: String,
}

/// Why the configuration cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or does not have the right shape.
    #[error(transparent)]
    Document(#[from] program::config::Error),
    /// There is no way to theatre.
    #[error("{}: no path to theatre; add a table such as [path.a] with dial = \"192.0.2.1:7001\"", file.display())]
    NoPath {
        /// The file.
        file: PathBuf,
    },
    /// An address cannot be dialled.
    #[error("{}: path.{path}.dial: `{dial}` is no address; write host and port, such as \"192.0.2.1:7001\"", file.display())]
    Address {
        /// The file.
        file: PathBuf,
        /// The path.
        path: String,
        /// What stands there.
        dial: String,
    },
    /// Two paths are one.
    #[error("{}: path.{first} and path.{second} both dial {dial}; each path needs a port of its own in theatre", file.display())]
    SameAddress {
        /// The file.
        file: PathBuf,
        /// A path.
        first: String,
        /// Another path.
        second: String,
        /// Their address.
        dial: String,
    },
}

impl Config {
    /// Reads and checks `file`. Relative paths in it are taken from the folder it lies in.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn load(file: &Path) -> Result<Self, Error> {
        let mut config: Self = Document::read(file)?.whole()?;
        config.check(file)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for path in [&mut config.identity.certificate, &mut config.identity.key, &mut config.theatre.certificate] {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    fn check(&self, file: &Path) -> Result<(), Error> {
        if self.path.is_empty() {
            return Err(Error::NoPath { file: file.into() });
        }
        let mut dialled: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, Way { dial }) in &self.path {
            if !is_address(dial) {
                return Err(Error::Address { file: file.into(), path: name.clone(), dial: dial.clone() });
            }
            if let Some(first) = dialled.insert(dial, name) {
                return Err(Error::SameAddress {
                    file: file.into(),
                    first: first.into(),
                    second: name.clone(),
                    dial: dial.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Whether `text` has the form `host:port`. Whether the host exists is seen when it is dialled.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare_ipv6 = host.contains(':') && !host.starts_with('[');
        !host.is_empty() && !bare_ipv6 && port.parse::<u16>().is_ok_and(|port| port != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/console.example.toml");

    fn load(text: &str) -> Result<Config, Error> {
        let file =
            std::env::temp_dir().join(format!("console-{}-{:?}.toml", std::process::id(), std::thread::current().id()));
        std::fs::write(&file, text).unwrap();
        let config = Config::load(&file);
        std::fs::remove_file(&file).unwrap();
        config
    }

    fn with_paths(paths: &str) -> String {
        format!("[identity]\ncertificate = \"c\"\nkey = \"k\"\n[theatre]\ncertificate = \"t\"\n{paths}")
    }

    #[test]
    fn the_example_is_a_whole_configuration_and_its_files_lie_beside_it() {
        let config = Config::load(Path::new(EXAMPLE)).unwrap();
        assert_eq!(config.path.len(), 2);
        assert!(config.identity.key.starts_with(Path::new(EXAMPLE).parent().unwrap()));
        assert!(config.identity.key.ends_with("console.key"));
    }

    #[test]
    fn a_console_without_a_path_is_told_how_to_write_one() {
        let error = load(&with_paths("[path]\n")).unwrap_err().to_string();
        assert!(error.contains("[path.a]"), "{error}");
    }

    #[test]
    fn an_address_without_host_or_port_is_named_with_its_key() {
        for dial in ["theatre", "theatre:", ":7001", "theatre:0", "theatre:70000", "::1:7001"] {
            let error = load(&with_paths(&format!("[path.a]\ndial = \"{dial}\"\n"))).unwrap_err();
            assert!(error.to_string().contains("path.a.dial"), "{dial}: {error}");
        }
        load(&with_paths("[path.a]\ndial = \"[::1]:7001\"\n[path.b]\ndial = \"or-3.example:7002\"\n")).unwrap();
    }

    #[test]
    fn two_paths_to_one_address_are_refused_by_their_names() {
        let error = load(&with_paths("[path.a]\ndial = \"h:1\"\n[path.b]\ndial = \"h:1\"\n")).unwrap_err();
        assert!(error.to_string().contains("path.a and path.b"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_one() {
        let error = load(&with_paths("[path.a]\ndail = \"h:1\"\n")).unwrap_err().to_string();
        assert!(error.contains("`dail`") && error.contains("did you mean `dial`"), "{error}");
    }
}
