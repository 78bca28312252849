//! What `console.toml` says. Reading TOML is left to `program::config`, loading certificates and what sense paths make
//! to `transport`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use media::h265::H265;
use program::config::Document;
use serde::Deserialize;
use transport::driver::{PathConfig, paths};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this console is.
    pub identity: Identity,
    /// Whom it trusts.
    pub theatre: Theatre,
    /// How pictures are decoded.
    #[serde(default)]
    pub decoder: Decoder,
    /// The ways to theatre, by name. Each is used at once. Absent is refused with what to write.
    #[serde(default)]
    pub path: BTreeMap<String, paths::Table>,
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

/// How pictures are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decoder {
    /// Whether theatre may send H.265.
    pub h265: H265,
}

/// Why the configuration cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read, or does not have the right shape.
    #[error(transparent)]
    Document(#[from] program::config::Error),
    /// The paths make no sense.
    #[error("{}: {fault}", file.display())]
    Path {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the key to mend.
        fault: paths::Error,
    },
}

impl Config {
    /// Reads and checks `file`. Relative paths in it are taken from the folder it lies in.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn load(file: &Path) -> Result<Self, Error> {
        let mut config: Self = Document::read(file)?.whole()?;
        config.paths().map_err(|fault| Error::Path { file: file.into(), fault })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for path in [&mut config.identity.certificate, &mut config.identity.key, &mut config.theatre.certificate] {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// The paths to theatre.
    ///
    /// # Errors
    /// What makes no sense about them; never after [`Self::load`].
    pub fn paths(&self) -> Result<Vec<PathConfig>, paths::Error> {
        paths::read(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use transport::driver::End;

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
    fn every_key_switched_off_in_the_example_is_good_as_well() {
        let example = std::fs::read_to_string(EXAMPLE).unwrap();
        // A comment that begins with `#key =` or `#[table]` is an example switched off; prose has a blank behind `#`.
        let on = |line| str::strip_prefix(line, "#").filter(|code| !code.starts_with(' ')).unwrap_or(line);
        let all: Vec<&str> = example.lines().map(on).collect();
        load(&all.join("\n")).unwrap();
        for key in ["certificate", "key", "dial", "listen", "bind", "interface"] {
            assert!(all.iter().any(|line| line.starts_with(&format!("{key} ="))), "`{key}` is not in the example");
        }
    }

    #[test]
    fn a_console_without_a_path_is_told_how_to_write_one() {
        for paths in ["", "[path]\n"] {
            let error = load(&with_paths(paths)).unwrap_err().to_string();
            assert!(error.contains(".toml: path: there is no path") && error.contains("[path.NAME]"), "{error}");
        }
    }

    #[test]
    fn a_console_dials_or_listens_path_by_path_and_never_both() {
        let config = load(&with_paths("[path.a]\nlisten = \"0.0.0.0:7001\"\n[path.b]\ndial = \"h:1\"\n")).unwrap();
        let ends: Vec<End> = config.paths().unwrap().into_iter().map(|path| path.end).collect();
        assert_eq!(ends, [End::Listen("0.0.0.0:7001".parse().unwrap()), End::Dial("h:1".into())]);
        for (keys, told) in [
            ("", "path.a: the key `listen` or `dial` is missing"),
            ("listen = \"0.0.0.0:1\"\ndial = \"h:1\"", "path.a: the keys `listen` and `dial` exclude each other"),
            ("dial = \"theatre\"", "path.a.dial: `theatre` is no address"),
            ("dial = \"h:1\"\n[path.b]\ndial = \"h:1\"", "path.b.dial: h:1 is taken by path.a"),
        ] {
            let error = load(&with_paths(&format!("[path.a]\n{keys}\n"))).unwrap_err().to_string();
            assert!(error.contains(&format!(".toml: {told}")), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_one() {
        let error = load(&with_paths("[path.a]\ndail = \"h:1\"\n")).unwrap_err().to_string();
        assert!(error.contains("`dail`") && error.contains("did you mean `dial`"), "{error}");
    }
}
