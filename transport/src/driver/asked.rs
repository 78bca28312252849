//! What the network says of a destination while it is dialled. It tells connected sockets alone, and QUIC's is none, because it
//! has to follow the routes. So a byte goes there by a socket beside it.

use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::fault::Fault;
use super::paths::PathConfig;
use super::quic::Error;
use super::socket;

/// No QUIC packet is as short, so that nobody answers it.
const QUESTION: [u8; 1] = [0];

/// A destination that was asked whether it is there.
pub struct Asked(UdpSocket);

impl Asked {
    /// Asks `address` by the uplink of `path`. Needs a running tokio runtime.
    ///
    /// # Errors
    /// If nothing can be sent there.
    pub async fn of(path: &PathConfig, address: SocketAddr) -> Result<Self, Error> {
        let socket = socket::asking(path, address.ip())?;
        socket.set_nonblocking(true).map_err(wrong)?;
        let socket = UdpSocket::from_std(socket).map_err(wrong)?;
        socket.connect(address).await.map_err(wrong)?;
        socket.send(&QUESTION).await.map_err(wrong)?;
        Ok(Self(socket))
    }

    /// Why nobody is there (ICMP and ICMPv6, RFC 1122 section 3.2.2.1 and RFC 4443 section 3.1). For ever in doubt if nothing
    /// says so.
    pub async fn refusal(&self) -> Fault {
        let ready = self.0.ready(Interest::READABLE | Interest::ERROR).await;
        let said = ready.ok().and_then(|_| self.0.take_error().ok()?);
        match said.as_ref().and_then(fault) {
            Some(fault) => fault,
            None => std::future::pending().await,
        }
    }
}

fn wrong(error: io::Error) -> Error {
    fault(&error).map_or_else(|| Error::Local(error.to_string()), Error::Line)
}

fn fault(error: &io::Error) -> Option<Fault> {
    Errno::from_io_error(error).and_then(Fault::of)
}
