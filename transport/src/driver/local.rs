//! This machine's end of one path: a QUIC endpoint on a socket of the path's uplink. It outlives connections, so that a fixed
//! port is never asked for twice, and takes another socket when the interface is another. What is said on it is `quic`'s.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime};

use super::fault::Fault;
use super::gate::Gate;
use super::paths::{PathConfig, Uplink};
use super::socket;
use super::watched::Watched;

/// An endpoint with its socket. Clones share the endpoint.
#[derive(Debug, Clone)]
pub struct Local {
    endpoint: Endpoint,
    socket: Arc<Watched>,
    gate: Arc<Gate>,
    /// The interface's number when the socket was bound to it. One that was away comes back under another.
    index: Option<u32>,
}

impl Local {
    /// An endpoint on a bound socket of `path`, behind `gate`. Needs a running tokio runtime.
    ///
    /// # Errors
    /// If the system refuses the socket.
    pub fn new(
        path: &PathConfig,
        socket: UdpSocket,
        config: EndpointConfig,
        server: Option<ServerConfig>,
        gate: &Arc<Gate>,
    ) -> io::Result<Self> {
        let socket = Watched::new(socket)?;
        let behind = gate.before(socket.clone());
        let endpoint = Endpoint::new_with_abstract_socket(config, server, behind, Arc::new(TokioRuntime))?;
        Ok(Self { endpoint, socket, gate: Arc::clone(gate), index: index(path) })
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether `address` can be dialled from here.
    pub fn reaches(&self, address: SocketAddr) -> bool {
        self.endpoint.local_addr().is_ok_and(|local| local.is_ipv4() == address.is_ipv4())
    }

    /// Why nothing leaves; `None` as far as this machine knows of nothing.
    pub fn fault(&self) -> Option<Fault> {
        self.socket.fault()
    }

    /// Takes another socket if the interface is no longer the one it was: a modem that was plugged in again is another
    /// to the system, and nothing leaves by the old socket any more. The peer sees a client migrate (RFC 9000 section 9).
    /// Gives what is wrong now.
    pub fn mend(&mut self, path: &PathConfig) -> Option<Fault> {
        if !matches!(path.uplink, Uplink::Interface(_)) {
            return self.fault();
        }
        let Some(index) = index(path) else { return Some(Fault::NoInterface) };
        // An interface that has just come may refuse for a moment; the next look tries again.
        if self.index != Some(index) && self.renew(path).is_ok() {
            self.index = Some(index);
        }
        self.fault()
    }

    fn renew(&mut self, path: &PathConfig) -> Result<(), socket::Error> {
        let system = |source| socket::Error::System { path: path.name.clone(), source };
        let socket = socket::again(path, self.endpoint.local_addr().map_err(system)?)?;
        let socket = Watched::new(socket).map_err(system)?;
        self.endpoint.rebind_abstract(self.gate.before(socket.clone())).map_err(system)?;
        self.socket = socket;
        Ok(())
    }
}

fn index(path: &PathConfig) -> Option<u32> {
    match &path.uplink {
        Uplink::Interface(name) => socket::interface_index(name),
        Uplink::Routed | Uplink::Address(_) => None,
    }
}
