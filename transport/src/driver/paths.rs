//! Paths as a technician writes them: `[path.NAME]` of either end's configuration file, and what sense its keys make
//! together; how each fares beside the others is `check`'s. Opening sockets is `socket`'s.

mod check;
mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

pub use self::error::Error;
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
    /// Which of this machine's uplinks it uses.
    pub uplink: Uplink,
}

/// Which of this machine's uplinks a path uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Uplink {
    /// Whichever the system's routes say.
    #[default]
    Routed,
    /// It dials from this local address; port 0 is any. Routes by source address are the system's to have.
    Address(SocketAddr),
    /// Everything leaves and comes by this network interface, whatever the routes say.
    Interface(String),
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
    pub listen: Option<String>,
    /// Host and port where the peer listens.
    pub dial: Option<String>,
    /// The local address to dial from, with or without a port.
    pub bind: Option<String>,
    /// The network interface to use.
    pub interface: Option<String>,
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
        let end = match (&self.listen, &self.dial) {
            (Some(text), None) => End::Listen(text.parse().map_err(|_| local(name, "listen", text))?),
            (None, Some(address)) => End::Dial(address.clone()),
            (None, None) => return Err(Error::Endless { path }),
            (Some(_), Some(_)) => return Err(Error::BothEnds { path }),
        };
        let uplink = match (&self.bind, &self.interface) {
            (None, None) => Uplink::Routed,
            (Some(text), None) => Uplink::Address(with_or_without_port(text).ok_or_else(|| local(name, "bind", text))?),
            (None, Some(interface)) => Uplink::Interface(interface.clone()),
            (Some(_), Some(_)) => return Err(Error::BothUplinks { path }),
        };
        Ok(PathConfig { name: path, end, uplink })
    }
}

fn local(path: &str, key: &'static str, text: &str) -> Error {
    let wanted = match key {
        "listen" => "a local address and a port, such as \"0.0.0.0:7001\" or \"[::]:7001\"",
        _ => "a local address, such as \"192.0.2.7\", with or without a port",
    };
    Error::Local { path: path.to_owned(), key, text: text.to_owned(), wanted }
}

fn with_or_without_port(text: &str) -> Option<SocketAddr> {
    text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 0)).or_else(|_| text.parse()).ok()
}
