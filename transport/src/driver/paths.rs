//! Paths as a technician writes them: `[path.NAME]` of either end's configuration file, and what sense its keys make
//! together. Opening sockets is `socket`'s, what travels is the session's.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

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

/// Why paths cannot be used. Each names the key to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No way to the peer.
    #[error("path: there is no path to the peer; add a table [path.NAME] with the key `listen` or `dial`")]
    Absent,
    /// More than can be named.
    #[error("path: {0} paths are too many; at most {MAX_PATHS} are possible")]
    TooMany(usize),
    /// Two paths cannot be told apart by people.
    #[error("path.{0}: there is a path of this name already; give this one another")]
    Named(String),
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
    /// An address of this machine is none.
    #[error("path.{path}.{key}: `{text}` is no address; write {wanted}")]
    Local {
        /// The path's name.
        path: String,
        /// The key.
        key: &'static str,
        /// What stands there.
        text: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// A name that no interface can have.
    #[error(
        "path.{path}.interface: `{interface}` is no interface's name; write one that `ip link` lists, such as \"wwan0\""
    )]
    Interface {
        /// The path's name.
        path: String,
        /// What stands there.
        interface: String,
    },
    /// Two uplinks for one path.
    #[error("path.{path}: the keys `bind` and `interface` exclude each other; keep one")]
    BothUplinks {
        /// The path's name.
        path: String,
    },
    /// A listener has its address already.
    #[error("path.{path}.bind: a path that listens names its address in `listen`; write it there, or use `interface`")]
    BindsListener {
        /// The path's name.
        path: String,
    },
    /// An IPv4 socket reaches no IPv6 address, nor the other way round.
    #[error("path.{path}.bind: from this address `dial` cannot be reached: one is IPv4 and the other IPv6; change one")]
    Families {
        /// The path's name.
        path: String,
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
        self.check_uplink()?;
        let meets =
            |other: &Self| matches!((&self.end, &other.end), (End::Dial(this), End::Dial(other)) if this == other);
        let clashes = |other: &&Self| other.name == self.name || meets(other) || self.shares_socket(other);
        let Some(other) = others.find(clashes) else { return Ok(()) };
        if other.name == self.name {
            return Err(Error::Named(self.name.clone()));
        }
        let (key, address) = match (&self.end, self.socket()) {
            (End::Dial(address), _) if meets(other) => ("dial", address.clone()),
            (End::Dial(_), socket) => ("bind", socket.map(|socket| socket.to_string()).unwrap_or_default()),
            (End::Listen(address), _) => ("listen", address.to_string()),
        };
        Err(Error::Shared { path: self.name.clone(), key, address, other: other.name.clone() })
    }

    fn check_uplink(&self) -> Result<(), Error> {
        let path = || self.name.clone();
        match (&self.end, &self.uplink) {
            (End::Listen(_), Uplink::Address(_)) => Err(Error::BindsListener { path: path() }),
            (End::Dial(dial), Uplink::Address(bind))
                if dial.parse::<SocketAddr>().is_ok_and(|dial| dial.is_ipv4() != bind.is_ipv4()) =>
            {
                Err(Error::Families { path: path() })
            }
            (_, Uplink::Interface(interface)) if !is_interface(interface) => {
                Err(Error::Interface { path: path(), interface: interface.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The socket it asks for, if it does not leave the port to the system.
    fn socket(&self) -> Option<SocketAddr> {
        let address = match (&self.end, &self.uplink) {
            (End::Listen(address), _) | (End::Dial(_), Uplink::Address(address)) => *address,
            (End::Dial(_), Uplink::Routed | Uplink::Interface(_)) => return None,
        };
        (address.port() != 0).then_some(address)
    }

    /// Whether the system would refuse the later of the two sockets.
    fn shares_socket(&self, other: &Self) -> bool {
        let (Some(this), Some(that)) = (self.socket(), other.socket()) else { return false };
        let apart = match (&self.uplink, &other.uplink) {
            (Uplink::Interface(this), Uplink::Interface(that)) => this != that,
            _ => false,
        };
        let overlap = this.ip() == that.ip() || this.ip().is_unspecified() || that.ip().is_unspecified();
        this.port() == that.port() && overlap && !apart
    }
}

/// What Linux takes for an interface's name: `IFNAMSIZ` less its terminating zero (netdevice(7)).
fn is_interface(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && !name.contains(|letter: char| letter == '/' || letter == ':' || letter.is_whitespace())
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
        Table { listen: Some(address.to_owned()), ..Table::default() }
    }

    fn dial(address: &str) -> Table {
        Table { dial: Some(address.to_owned()), ..Table::default() }
    }

    fn bind(table: Table, address: &str) -> Table {
        Table { bind: Some(address.to_owned()), ..table }
    }

    fn by(table: Table, interface: &str) -> Table {
        Table { interface: Some(interface.to_owned()), ..table }
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
        assert_eq!(
            paths[2],
            PathConfig { name: "c".into(), end: End::Dial("or-3.example:7002".into()), uplink: Uplink::Routed }
        );
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
            (vec![&listen("7001")], "path.a.listen: `7001` is no address; write a local address and a port"),
        ] {
            let error = read_all(&tables).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn a_path_chooses_its_uplink_by_address_or_interface() {
        let port = bind(dial("h:1"), "[::1]:7005");
        let paths = read_all(&[&bind(dial("h:2"), "192.0.2.7"), &port, &by(listen("0.0.0.0:1"), "wwan0")]).unwrap();
        let uplinks: Vec<Uplink> = paths.into_iter().map(|path| path.uplink).collect();
        let address = |text: &str| Uplink::Address(text.parse().unwrap());
        assert_eq!(uplinks, [address("192.0.2.7:0"), address("[::1]:7005"), Uplink::Interface("wwan0".into())]);
        // One port by two interfaces is two sockets.
        read_all(&[&by(listen("0.0.0.0:1"), "wwan0"), &by(listen("0.0.0.0:1"), "wwan1")]).unwrap();
    }

    #[test]
    fn an_uplink_that_cannot_work_is_told_by_key_and_how_to_mend_it() {
        let v6 = bind(dial("192.0.2.1:1"), "::1");
        let (one, other) = (bind(dial("h:1"), "192.0.2.7:5"), bind(dial("h:2"), "192.0.2.7:5"));
        let one_by = by(listen("0.0.0.0:1"), "wwan0");
        for (tables, told) in [
            (vec![&bind(dial("h:1"), "wwan0")], "path.a.bind: `wwan0` is no address; write a local address"),
            (vec![&by(dial("h:1"), "a/b")], "path.a.interface: `a/b` is no interface's name"),
            (vec![&by(bind(dial("h:1"), "::1"), "lo")], "path.a: the keys `bind` and `interface` exclude each other"),
            (vec![&bind(listen("0.0.0.0:1"), "::1")], "path.a.bind: a path that listens names its address in `listen`"),
            (vec![&v6], "path.a.bind: from this address `dial` cannot be reached"),
            (vec![&one, &other], "path.b.bind: 192.0.2.7:5 is taken by path.a"),
            (vec![&listen("0.0.0.0:5"), &one], "path.b.bind: 192.0.2.7:5 is taken by path.a"),
            (vec![&one_by, &listen("127.0.0.1:1")], "path.b.listen: 127.0.0.1:1 is taken by path.a"),
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
