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
        socket.bind_device(Some(interface.as_bytes())).map_err(|source| match source.kind() {
            ErrorKind::PermissionDenied => Error::Privilege { path: name() },
            _ if source.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => {
                Error::NoInterface { path: name(), interface: interface.clone() }
            }
            _ => system(source),
        })?;
    }
    socket.bind(&address.into()).map_err(|source| match source.kind() {
        ErrorKind::AddrNotAvailable => Error::NotHere { path: name(), key, address: address.ip() },
        _ => Error::Taken { path: name(), key, address, source },
    })?;
    Ok(socket.into())
}
