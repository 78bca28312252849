//! One path's sockets: its listener or its dials, its present connection, and the bytes counted on it. What travels is
//! the session's, which paths there are is `run`'s.

use std::net::UdpSocket;
use std::sync::Arc;

use bytes::Bytes;
use protocol::time::MonoTime;
use quinn::{Connection, Endpoint};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::fault::Fault;
use super::gate::Gate;
use super::local::Local;
use super::paths::PathConfig;
use super::present::{Packing, Present};
use super::quic::{self, CLOSE_REMOVED, CLOSE_REPLACED, Established, Maker};
use crate::path::PathId;

/// Incoming handshakes completed at the same time on one path; more are ignored and may try again.
const HANDSHAKES: usize = 8;

/// Which link a task works for. A path's id may be used again when the path was removed, a link's number never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The path.
    pub path: PathId,
    /// The number of the link.
    pub link: u64,
}

/// Something the network did, told by the task that saw it.
#[derive(Debug)]
pub enum Network {
    /// A dial has a socket of its own.
    Dialling(Origin, Local),
    /// A connection stands.
    Up(Origin, Established),
    /// A dial failed.
    Failed(Origin, quic::Error),
    /// A listener refused a peer.
    Refused(Origin, String),
    /// A datagram came by the connection of this generation.
    Datagram(Origin, u64, Bytes),
    /// The connection of this generation ended.
    Closed(Origin, u64, quic::Error),
}

/// Bytes and datagrams of one path since the start, over all its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// UDP payload sent, everything QUIC adds included.
    pub udp_sent_bytes: u64,
    /// UDP payload received.
    pub udp_received_bytes: u64,
    /// Datagrams dropped before sending: quinn's buffer was full or the connection gone.
    pub unsent_datagrams: u64,
}

/// One path.
pub struct Link {
    origin: Origin,
    gate: Arc<Gate>,
    present: Option<Present>,
    /// The listener's, or that of all dials.
    local: Option<Local>,
    /// What is wrong with the line, as it was told last.
    fault: Option<Fault>,
    /// The listener's task and the last dial's.
    tasks: Vec<AbortHandle>,
    /// Of earlier connections, and of drops.
    past: Traffic,
}

impl Link {
    /// A path without a connection, on the clock `now`.
    pub fn new(origin: Origin, now: fn() -> MonoTime) -> Self {
        let (present, local, fault, tasks) = (None, None, None, Vec::new());
        Self { origin, gate: Gate::new(now), present, local, fault, tasks, past: Traffic::default() }
    }

    /// What its sockets stand behind.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What its tasks call it.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Awaits the peer's connections on `socket` of `path`.
    ///
    /// # Errors
    /// If the system does not serve the socket.
    pub fn listen(
        &mut self,
        path: &PathConfig,
        socket: UdpSocket,
        maker: &Maker,
        network: &mpsc::Sender<Network>,
        tasks: &mut JoinSet<()>,
    ) -> std::io::Result<()> {
        let local = maker.listen(path, socket, &self.gate)?;
        let endpoint = local.endpoint().clone();
        self.local = Some(local);
        self.tasks.push(tasks.spawn(accept(self.origin, endpoint, maker.clone(), network.clone())));
        Ok(())
    }

    /// Dials `address` once.
    pub fn dial(
        &mut self,
        path: &PathConfig,
        address: &str,
        maker: &Maker,
        network: &mpsc::Sender<Network>,
        tasks: &mut JoinSet<()>,
    ) {
        if let Some(local) = &mut self.local {
            // What is wrong is told by the dial's end.
            local.mend(path);
        }
        let (path, address, local) = (path.clone(), address.to_owned(), self.local.clone());
        let gate = Arc::clone(&self.gate);
        let dial = dial(self.origin, path, address, local, maker.clone(), gate, network.clone());
        self.tasks = vec![tasks.spawn(dial)];
    }

    /// Makes `established` the path's connection, in place of an earlier one, and reads its datagrams into `network`.
    pub fn adopt(
        &mut self,
        generation: u64,
        established: Established,
        maker: &Maker,
        network: &mpsc::Sender<Network>,
        tasks: &mut JoinSet<()>,
    ) {
        self.close(b"replaced by a newer connection");
        let Established { connection, .. } = established;
        tasks.spawn(read(self.origin, generation, connection.clone(), maker.clone(), network.clone()));
        self.present = Some(Present::new(generation, connection));
    }

    /// Dials are from `local` from now on.
    pub fn dials_from(&mut self, local: Local) {
        self.local = Some(local);
    }

    /// Looks after the socket. Gives what is wrong with the line if that has changed: something, or nothing any more.
    pub fn mend(&mut self, path: &PathConfig) -> Option<Option<Fault>> {
        let fault = self.local.as_mut()?.mend(path);
        let told = std::mem::replace(&mut self.fault, fault);
        (told != fault).then_some(fault)
    }

    /// Why a connection is not there, in words for people: what the socket says explains a silence.
    pub fn why(&self, error: &quic::Error) -> String {
        let silence = matches!(error, quic::Error::Silence | quic::Error::FellSilent);
        match self.local.as_ref().and_then(Local::fault).filter(|_| silence) {
            Some(fault) => fault.to_string(),
            None => error.to_string(),
        }
    }

    /// Whether `generation` is the present connection's; others' words are history.
    pub fn is_present(&self, generation: u64) -> bool {
        self.present.as_ref().is_some_and(|present| present.generation == generation)
    }

    /// Sends a datagram, or counts that it could not.
    pub fn send(&mut self, bytes: Bytes, packing: Packing) {
        let sent = self.present.as_mut().is_some_and(|present| present.send(bytes, packing));
        self.past.unsent_datagrams += u64::from(!sent);
    }

    /// Sends the next of the datagrams that wait for a packet of their own, if the one before has left. Says whether more wait.
    pub fn release(&mut self) -> bool {
        self.present.as_mut().is_some_and(Present::release)
    }

    /// Forgets a connection that has ended.
    pub fn drop_present(&mut self) {
        self.past = self.traffic();
        self.present = None;
    }

    /// Ends the present connection for another.
    pub fn close(&mut self, why: &[u8]) {
        if let Some(present) = &self.present {
            present.connection.close(CLOSE_REPLACED, why);
        }
        self.drop_present();
    }

    /// Its endpoint, if it has one.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.local.as_ref().map(Local::endpoint)
    }

    /// Ends everything about it in favour of a link with the number `next`. Gives its endpoint, whose peers were told.
    pub fn remove(&mut self, next: u64) -> Option<Endpoint> {
        let endpoint = self.endpoint().cloned();
        endpoint.iter().for_each(|endpoint| endpoint.close(CLOSE_REMOVED, b"the path was removed"));
        self.tasks.iter().for_each(AbortHandle::abort);
        let (origin, gate, past) = (Origin { link: next, ..self.origin }, Arc::clone(&self.gate), self.traffic());
        gate.impose(None);
        let (present, local, fault, tasks) = (None, None, None, Vec::new());
        *self = Self { origin, gate, present, local, fault, tasks, past };
        endpoint
    }

    /// Everything counted.
    pub fn traffic(&self) -> Traffic {
        let Some(present) = &self.present else { return self.past };
        let stats = present.connection.stats();
        Traffic {
            udp_sent_bytes: self.past.udp_sent_bytes + stats.udp_tx.bytes,
            udp_received_bytes: self.past.udp_received_bytes + stats.udp_rx.bytes,
            ..self.past
        }
    }
}

/// Accepts on one path for as long as its endpoint lives.
async fn accept(origin: Origin, endpoint: Endpoint, maker: Maker, network: mpsc::Sender<Network>) {
    let mut handshakes = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        while handshakes.try_join_next().is_some() {}
        if handshakes.len() >= HANDSHAKES {
            incoming.ignore();
            continue;
        }
        let (maker, network) = (maker.clone(), network.clone());
        handshakes.spawn(async move {
            let event = match maker.accept(incoming).await {
                Ok(established) => Network::Up(origin, established),
                Err(error) => Network::Refused(origin, error.to_string()),
            };
            drop(network.send(event).await);
        });
    }
}

/// Dials one path once, at `address`.
async fn dial(
    origin: Origin,
    path: PathConfig,
    address: String,
    local: Option<Local>,
    maker: Maker,
    gate: Arc<Gate>,
    network: mpsc::Sender<Network>,
) {
    // The link is gone: so will be this dial.
    let opened = async |local| drop(network.send(Network::Dialling(origin, local)).await);
    let event = match maker.dial(&path, &address, local, &gate, opened).await {
        Ok(established) => Network::Up(origin, established),
        Err(error) => Network::Failed(origin, error),
    };
    drop(network.send(event).await);
}

async fn read(origin: Origin, generation: u64, connection: Connection, maker: Maker, network: mpsc::Sender<Network>) {
    loop {
        let event = match connection.read_datagram().await {
            Ok(bytes) => Network::Datagram(origin, generation, bytes),
            Err(error) => Network::Closed(origin, generation, maker.explain(error)),
        };
        let ended = matches!(event, Network::Closed(..));
        if network.send(event).await.is_err() || ended {
            return;
        }
    }
}
