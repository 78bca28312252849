//! The UDP sockets of paths: on the address, or by the uplink, that the configuration names. What is said on them is
//! `quic`'s.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::paths::{End, PathConfig, Uplink};

/// Why a path has no socket. Each names the key to mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The interface does not exist.
    #[error("path.{path}.interface: this machine has no interface `{interface}`; `ip link` lists those it has")]
    NoInterface {
        /// The path's name.
        path: String,
        /// What is configured.
        interface: String,
    },
    /// This program may not choose an interface: an old kernel asks for a privilege.
    #[error(
        "path.{path}.interface: this program may not choose an interface; give it the capability CAP_NET_RAW, or name \
         the interface's address with `bind`"
    )]
    Privilege {
        /// The path's name.
        path: String,
    },
    /// The port is one of the system's own.
    #[error(
        "path.{path}.{key}: this program may not use port {port}; give it the capability CAP_NET_BIND_SERVICE, or write a \
         port of 1024 or more"
    )]
    LowPort {
        /// The path's name.
        path: String,
        /// The key that names the port.
        key: &'static str,
        /// What is configured.
        port: u16,
    },
    /// The address is another machine's.
    #[error("path.{path}.{key}: {address} is no address of this machine; `ip address` lists those it has")]
    NotHere {
        /// The path's name.
        path: String,
        /// The key that names the address.
        key: &'static str,
        /// What is configured.
        address: IpAddr,
    },
    /// The address cannot be had.
    #[error("path.{path}.{key}: {address} cannot be had: {source}; stop what uses it, or write another")]
    Taken {
        /// The path's name.
        path: String,
        /// The key that names the address.
        key: &'static str,
        /// What is configured.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no socket at all.
    #[error("path.{path}: the system gives no UDP socket: {source}; close other programs, or check its network")]
    System {
        /// The path's name.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// The socket of a path that listens.
///
/// # Errors
/// Which key of the path cannot be had.
pub fn listening(path: &PathConfig, address: SocketAddr) -> Result<UdpSocket, Error> {
    open(path, "listen", address)
}

/// A socket from which `path` can dial an address of the same family as `family`.
///
/// # Errors
/// Which key of the path cannot be had.
pub fn dialling(path: &PathConfig, family: IpAddr) -> Result<UdpSocket, Error> {
    match path.uplink {
        Uplink::Address(address) => open(path, "bind", address),
        Uplink::Routed | Uplink::Interface(_) => open(path, "interface", SocketAddr::new(any(family), 0)),
    }
}

/// A socket in place of one on `local` whose interface has gone and come back. A path that listens keeps its port.
///
/// # Errors
/// As of [`listening`] and [`dialling`].
pub fn again(path: &PathConfig, local: SocketAddr) -> Result<UdpSocket, Error> {
    match path.end {
        End::Listen(_) => listening(path, local),
        End::Dial(_) => dialling(path, local.ip()),
    }
}

/// A socket beside that of [`dialling`], on a port of its own, to be connected to an address of the same family as `family`:
/// the network's word on a destination (ICMP) comes to connected sockets alone.
///
/// # Errors
/// As of [`dialling`].
pub fn asking(path: &PathConfig, family: IpAddr) -> Result<UdpSocket, Error> {
    match path.uplink {
        Uplink::Address(address) => open(path, "bind", SocketAddr::new(address.ip(), 0)),
        Uplink::Routed | Uplink::Interface(_) => dialling(path, family),
    }
}

/// The system's number of the interface `name`; `None` if there is none.
pub fn interface_index(name: &str) -> Option<u32> {
    let any = Socket::new(Domain::UNIX, Type::DGRAM, None).ok()?;
    rustix::net::netdevice::name_to_index(any, name).ok()
}

/// Whether a path that dials could have its socket now. Nothing is sent.
///
/// # Errors
/// As of [`dialling`].
pub fn check(path: &PathConfig) -> Result<(), Error> {
    match (&path.end, &path.uplink) {
        (End::Listen(_), _) | (_, Uplink::Routed) => Ok(()),
        (End::Dial(_), _) => dialling(path, Ipv4Addr::UNSPECIFIED.into()).map(drop),
    }
}

fn any(family: IpAddr) -> IpAddr {
    if family.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

fn open(path: &PathConfig, key: &'static str, address: SocketAddr) -> Result<UdpSocket, Error> {
    let name = || path.name.clone();
    let system = |source| Error::System { path: name(), source };
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None).map_err(system)?;
    if let Uplink::Interface(interface) = &path.uplink {
        // Before `bind`, so that two paths can listen on one port by two interfaces.
        socket.bind_device(Some(interface.as_bytes())).map_err(|source| no_device(path, interface, source))?;
    }
    socket.bind(&address.into()).map_err(|source| no_address(path, key, address, source))?;
    Ok(socket.into())
}

/// What it means that a socket could not be bound to an interface.
fn no_device(path: &PathConfig, interface: &str, source: io::Error) -> Error {
    let path = path.name.clone();
    match source.kind() {
        ErrorKind::PermissionDenied => Error::Privilege { path },
        _ if source.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => {
            Error::NoInterface { path, interface: interface.to_owned() }
        }
        _ => Error::System { path, source },
    }
}

/// What it means that a socket could not be bound to an address.
fn no_address(path: &PathConfig, key: &'static str, address: SocketAddr, source: io::Error) -> Error {
    let path = path.name.clone();
    match source.kind() {
        ErrorKind::AddrNotAvailable => Error::NotHere { path, key, address: address.ip() },
        ErrorKind::PermissionDenied => Error::LowPort { path, key, port: address.port() },
        _ => Error::Taken { path, key, address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> PathConfig {
        PathConfig { name: "a".to_owned(), end: End::Dial("h:1".to_owned()), uplink: Uplink::Routed }
    }

    #[test]
    fn what_the_system_refuses_is_told_by_key_and_how_to_mend_it() {
        let of = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        let v6: SocketAddr = "[2001:db8::1]:443".parse().unwrap();
        for (error, told) in [
            (
                no_device(&path(), "wwan0", of(Errno::PERM)),
                "path.a.interface: this program may not choose an interface; give",
            ),
            (
                no_device(&path(), "wwan0", of(Errno::NODEV)),
                "path.a.interface: this machine has no interface `wwan0`; `ip",
            ),
            (no_device(&path(), "wwan0", of(Errno::NOMEM)), "path.a: the system gives no UDP socket"),
            (
                no_address(&path(), "listen", v6, of(Errno::ACCESS)),
                "path.a.listen: this program may not use port 443; give",
            ),
            (
                no_address(&path(), "bind", v6, of(Errno::ADDRNOTAVAIL)),
                "path.a.bind: 2001:db8::1 is no address of this",
            ),
            (no_address(&path(), "listen", v6, of(Errno::ADDRINUSE)), "path.a.listen: [2001:db8::1]:443 cannot be had"),
        ] {
            assert!(error.to_string().starts_with(told), "{error}");
        }
    }
}
