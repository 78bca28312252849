//! Paths as a technician writes them: `[path.NAME]` of either end's configuration file, and what sense its keys make
//! together. Opening sockets is `socket`'s, what travels is the session's.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::path::Side;

/// Paths at most: [`crate::path::PathId`] is one byte.
const MAX_PATHS: usize = u8::MAX as usize;

/// One path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathConfig {
    /// Its name in the configuration, for people.
    pub name: String,
    /// How its connection comes about.
    pub end: End,
}

/// How a path's connection comes about. The two ends know a path by the listening port, whichever of them listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The peer dials this address. A newer connection replaces an older one.
    Listen(SocketAddr),
    /// This end dials `host:port`, again and again.
    Dial(String),
}

/// `[path.NAME]`: one uplink.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The local address and UDP port where the peer's connection is awaited.
    pub listen: Option<SocketAddr>,
    /// Host and port where the peer listens.
    pub dial: Option<String>,
}

/// Why paths cannot be used. Each names the key to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No way to the peer.
    #[error("path: there is no path to the peer; add a table [path.NAME] with the key `listen` or `dial`")]
    Absent,
    /// More than can be named.
    #[error("path: {0} paths are too many; at most {MAX_PATHS} are possible")]
    TooMany(usize),
    /// Neither end would open the connection.
    #[error(
        "path.{path}: the key `listen` or `dial` is missing; write listen = \"0.0.0.0:7001\" at the end that the other \
         can reach, and dial = \"192.0.2.1:7001\" with its address at the other"
    )]
    Endless {
        /// The path's name.
        path: String,
    },
    /// Both ways at once.
    #[error("path.{path}: the keys `listen` and `dial` exclude each other; keep one, and the other one at the peer")]
    BothEnds {
        /// The path's name.
        path: String,
    },
    /// An address to dial is none.
    #[error("path.{path}.dial: `{dial}` is no address; write host and port, such as \"192.0.2.1:7001\"")]
    Address {
        /// The path's name.
        path: String,
        /// What stands there.
        dial: String,
    },
    /// Two paths of one session cannot tell themselves apart.
    #[error("path.{path}.{key}: {address} is taken by path.{other}; each path needs an address or port of its own")]
    Shared {
        /// The path's name.
        path: String,
        /// Its key.
        key: &'static str,
        /// What both use.
        address: String,
        /// The other's name.
        other: String,
    },
}

impl End {
    /// Which end opens the connection.
    pub fn side(&self) -> Side {
        match self {
            Self::Listen(_) => Side::Listens,
            Self::Dial(_) => Side::Dials,
        }
    }
}

/// The paths that `tables` tell of, checked.
///
/// # Errors
/// The first thing wrong with them.
pub fn read(tables: &BTreeMap<String, Table>) -> Result<Vec<PathConfig>, Error> {
    let paths = tables.iter().map(|(name, table)| table.named(name)).collect::<Result<Vec<_>, _>>()?;
    check(&paths)?;
    Ok(paths)
}

/// Whether a session can be had over `paths`.
///
/// # Errors
/// The first thing wrong with them.
pub fn check(paths: &[PathConfig]) -> Result<(), Error> {
    match paths.len() {
        0 => return Err(Error::Absent),
        1..=MAX_PATHS => {}
        too_many => return Err(Error::TooMany(too_many)),
    }
    paths.iter().enumerate().try_for_each(|(place, path)| path.check(paths.iter().take(place)))
}

impl Table {
    fn named(&self, name: &str) -> Result<PathConfig, Error> {
        let path = name.to_owned();
        let end = match (self.listen, &self.dial) {
            (Some(address), None) => End::Listen(address),
            (None, Some(address)) => End::Dial(address.clone()),
            (None, None) => return Err(Error::Endless { path }),
            (Some(_), Some(_)) => return Err(Error::BothEnds { path }),
        };
        Ok(PathConfig { name: path, end })
    }
}

impl PathConfig {
    /// Whether it makes sense, by itself and beside `others`.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check<'a>(&self, mut others: impl Iterator<Item = &'a Self>) -> Result<(), Error> {
        if let End::Dial(dial) = &self.end
            && !is_address(dial)
        {
            return Err(Error::Address { path: self.name.clone(), dial: dial.clone() });
        }
        match others.find(|other| self.end.is_shared_with(&other.end)) {
            None => Ok(()),
            Some(other) => {
                let (key, address) = match &self.end {
                    End::Listen(address) => ("listen", address.to_string()),
                    End::Dial(address) => ("dial", address.clone()),
                };
                Err(Error::Shared { path: self.name.clone(), key, address, other: other.name.clone() })
            }
        }
    }
}

impl End {
    /// Two listeners need two sockets; and two dials of one address would meet one listener, which could not tell
    /// their paths apart.
    fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listen(this), Self::Listen(other)) => this == other && this.port() != 0,
            (Self::Dial(this), Self::Dial(other)) => this == other,
            (Self::Listen(_), Self::Dial(_)) | (Self::Dial(_), Self::Listen(_)) => false,
        }
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

    fn listen(address: &str) -> Table {
        Table { listen: Some(address.parse().unwrap()), ..Table::default() }
    }

    fn dial(address: &str) -> Table {
        Table { dial: Some(address.to_owned()), ..Table::default() }
    }

    fn read_all(tables: &[&Table]) -> Result<Vec<PathConfig>, Error> {
        let named = |(at, table): (u8, &&Table)| (char::from(b'a' + at).to_string(), (*table).clone());
        read(&(0..).zip(tables).map(named).collect())
    }

    #[test]
    fn either_end_listens_or_dials_path_by_path() {
        let paths = read_all(&[&listen("[::]:7001"), &dial("[::1]:7001"), &dial("or-3.example:7002")]).unwrap();
        let sides: Vec<Side> = paths.iter().map(|path| path.end.side()).collect();
        assert_eq!(sides, [Side::Listens, Side::Dials, Side::Dials]);
        assert_eq!(paths[2], PathConfig { name: "c".into(), end: End::Dial("or-3.example:7002".into()) });
    }

    #[test]
    fn what_cannot_work_is_told_by_key_and_how_to_mend_it() {
        let both = Table { dial: dial("h:1").dial, ..listen("0.0.0.0:1") };
        for (tables, told) in [
            (vec![], "path: there is no path to the peer; add a table [path.NAME]"),
            (vec![&Table::default()], "path.a: the key `listen` or `dial` is missing"),
            (vec![&both], "path.a: the keys `listen` and `dial` exclude each other; keep one"),
            (vec![&listen("0.0.0.0:1"), &listen("0.0.0.0:1")], "path.b.listen: 0.0.0.0:1 is taken by path.a"),
            (vec![&dial("h:1"), &dial("h:1")], "path.b.dial: h:1 is taken by path.a"),
        ] {
            let error = read_all(&tables).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn an_address_without_host_or_port_is_named_with_its_key() {
        for address in ["theatre", "theatre:", ":7001", "theatre:0", "theatre:70000", "::1:7001"] {
            let error = read_all(&[&dial(address)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("path.a.dial: `{address}` is no address")), "{error}");
        }
    }
}
