//! One connection: made by dialling or accepting, greeted with hellos, or refused in words for people. Which of them
//! belongs to the session is `run`'s to say.

mod error;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::Epoch;
use quinn::{
    AckFrequencyConfig, ClientConfig, Connection, ConnectionError, IdleTimeout, Incoming, ServerConfig,
    TransportConfig, VarInt,
};

pub use self::error::Error;
use super::asked::Asked;
use super::gate::Gate;
use super::local::Local;
use super::paths::{PathConfig, Uplink};
use super::pin::Pin;
use super::tls::{self, Credentials};
use super::window::Unlimited;
use super::{reset, socket};
use crate::hello::{self, Hello};
use crate::shards::MAX_FRAME_BYTES;

/// Time for name, handshake and hellos together: several round trips of the slowest link, and a lost packet or two.
const SETUP: Duration = Duration::from_secs(5);
/// A connection silent this long is dead. Darkness up to then is the session's verdict and heals without a handshake.
const IDLE: Duration = Duration::from_secs(30);
/// QUIC packets as every network carries them (RFC 9000 section 14); no search for larger ones.
const PACKET_BYTES: u16 = 1200;
/// The largest frame with its headers fits the send buffer twice, so that a frame in a burst is never dropped by it.
const DATAGRAM_BUFFER_BYTES: usize = 4 * MAX_FRAME_BYTES;
/// Packets that QUIC acknowledges as one (draft-ietf-quic-ack-frequency), or what comes in its 25 ms. Nothing here waits for its
/// acknowledgements; one for every other packet, as usual, is a packet more for both ends to send, encrypt and read.
const ACK_EVERY: VarInt = VarInt::from_u32(100);
/// Names nobody: the certificate is pinned, not the name.
const SERVER_NAME: &str = "theatre";

/// Code of a close without fault: this end stops.
pub const CLOSE_STOPPED: VarInt = VarInt::from_u32(0);
/// Code of a close in favour of a newer connection.
pub const CLOSE_REPLACED: VarInt = VarInt::from_u32(1);
/// Code of a close because this end has given up the path.
pub const CLOSE_REMOVED: VarInt = VarInt::from_u32(3);
/// Code of a close because the hello was refused.
const CLOSE_HELLO: VarInt = VarInt::from_u32(2);

/// TLS alerts (RFC 8446 section 6) in QUIC's error codes (RFC 9001 section 4.8).
const ALERT: u64 = 0x100;
const ALERT_CERTIFICATE_EXPIRED: u64 = ALERT + 45;
const ALERT_ACCESS_DENIED: u64 = ALERT + 49;
const ALERT_NO_APPLICATION_PROTOCOL: u64 = ALERT + 120;

/// What making a connection needs; shared by all paths.
#[derive(Clone)]
pub struct Maker {
    client: ClientConfig,
    server: ServerConfig,
    endpoint: quinn::EndpointConfig,
    pin: Arc<Pin>,
    hello: Hello,
}

/// A connection whose peer is known and trusted.
#[derive(Debug)]
pub struct Established {
    /// The connection.
    pub connection: Connection,
    /// The peer's life.
    pub peer: Epoch,
    /// The largest datagram it takes.
    pub max_datagram_bytes: usize,
}

impl Maker {
    /// Prepares TLS and QUIC once.
    ///
    /// # Errors
    /// If certificate and key do not belong together.
    pub fn new(credentials: &Credentials, hello: Hello) -> Result<Self, tls::Error> {
        let transport = Arc::new(transport_config());
        let mut client = ClientConfig::new(Arc::new(credentials.client()?));
        client.transport_config(transport.clone());
        let mut server = ServerConfig::with_crypto(Arc::new(credentials.server()?));
        server.transport_config(transport);
        let endpoint = reset::endpoint_config(credentials.key_der());
        Ok(Self { client, server, endpoint, pin: credentials.pin(), hello })
    }

    /// An endpoint that accepts on a bound socket behind `gate`. Needs a running tokio runtime.
    ///
    /// # Errors
    /// If the system refuses the socket.
    pub fn listen(&self, path: &PathConfig, socket: UdpSocket, gate: &Arc<Gate>) -> std::io::Result<Local> {
        Local::new(path, socket, self.endpoint.clone(), Some(self.server.clone()), gate)
    }

    /// Dials `address` (`host:port`) on `path`, trying each address the name has, from `local` if it reaches it. Other
    /// sockets stand behind `gate`, and `opened` is told each.
    ///
    /// # Errors
    /// The last address's failure.
    pub async fn dial<Told: Future<Output = ()>>(
        &self,
        path: &PathConfig,
        address: &str,
        mut local: Option<Local>,
        gate: &Arc<Gate>,
        opened: impl Fn(Local) -> Told,
    ) -> Result<Established, Error> {
        let dialled = tokio::time::timeout(SETUP, async {
            let mut last = Error::Local("the name has no address".to_owned());
            for address in tokio::net::lookup_host(address).await.map_err(Error::Resolve)? {
                match self.dial_address(path, address, &mut local, gate, &opened).await {
                    Ok(established) => return Ok(established),
                    // Another address's failure tells more.
                    Err(Error::Family) if !matches!(last, Error::Local(_)) => {}
                    Err(error) => last = error,
                }
            }
            Err(last)
        });
        dialled.await.unwrap_or(Err(Error::Silence))
    }

    /// Completes an incoming connection.
    ///
    /// # Errors
    /// Why the peer was refused.
    pub async fn accept(&self, incoming: Incoming) -> Result<Established, Error> {
        let accepted = tokio::time::timeout(SETUP, async {
            let connection = incoming.await.map_err(|error| self.explain(error))?;
            let (mut send, mut receive) = connection.accept_bi().await.map_err(|error| self.explain(error))?;
            let theirs =
                receive.read_to_end(hello::MAX_BYTES).await.map_err(|error| self.interrupted(error, &connection))?;
            send.write_all(&self.hello.to_bytes()?).await.map_err(|error| self.interrupted(error, &connection))?;
            let judged = self.hello.accept(&theirs);
            if send.finish().is_ok() && judged.is_err() {
                // The peer must read our hello to tell its people the versions; then either end closes.
                drop(send.stopped().await);
            }
            greeted(connection, judged)
        });
        accepted.await.unwrap_or(Err(Error::Silence))
    }

    /// What a connection's end means. Asks the verifier first: TLS itself keeps only an alert number.
    pub fn explain(&self, error: ConnectionError) -> Error {
        match error {
            ConnectionError::TransportError(error) => match self.pin.take_refusal() {
                Some(refusal) => Error::Certificate(refusal),
                None => alert(error.code.into(), error.to_string()),
            },
            ConnectionError::ConnectionClosed(close) => alert(close.error_code.into(), close.to_string()),
            ConnectionError::ApplicationClosed(close) => Error::ClosedByPeer(readable(&close.reason)),
            ConnectionError::Reset => Error::Reset,
            ConnectionError::TimedOut => Error::FellSilent,
            ConnectionError::VersionMismatch => Error::OtherProgram,
            error @ (ConnectionError::LocallyClosed | ConnectionError::CidsExhausted) => Error::Lost(error.to_string()),
        }
    }

    async fn dial_address<Told: Future<Output = ()>>(
        &self,
        path: &PathConfig,
        address: SocketAddr,
        local: &mut Option<Local>,
        gate: &Arc<Gate>,
        opened: &impl Fn(Local) -> Told,
    ) -> Result<Established, Error> {
        if matches!(path.uplink, Uplink::Address(from) if from.is_ipv4() != address.is_ipv4()) {
            return Err(Error::Family);
        }
        // Before the handshake, so that whoever follows a dialling address follows the handshake's in the end.
        let asked = Asked::of(path, address).await?;
        let failed = |error: &dyn std::fmt::Display| Error::Local(error.to_string());
        let from = match local.take().filter(|local| local.reaches(address)) {
            Some(from) => from,
            None => {
                let socket = socket::dialling(path, address.ip())?;
                let from =
                    Local::new(path, socket, self.endpoint.clone(), None, gate).map_err(|error| failed(&error))?;
                opened(from.clone()).await;
                from
            }
        };
        let from = local.insert(from);
        let connecting = from.endpoint().connect_with(self.client.clone(), address, SERVER_NAME);
        let connecting = connecting.map_err(|error| failed(&error))?;
        let connection = tokio::select! {
            connected = connecting => connected.map_err(|error| self.explain(error))?,
            fault = asked.refusal() => return Err(fault.into()),
        };
        let (mut send, mut receive) = connection.open_bi().await.map_err(|error| self.explain(error))?;
        send.write_all(&self.hello.to_bytes()?).await.map_err(|error| self.interrupted(error, &connection))?;
        drop(send.finish());
        let theirs =
            receive.read_to_end(hello::MAX_BYTES).await.map_err(|error| self.interrupted(error, &connection))?;
        greeted(connection, self.hello.accept(&theirs))
    }

    /// Why the hellos stopped: the connection's end tells more than the stream's.
    fn interrupted(&self, stream: impl std::fmt::Display, connection: &Connection) -> Error {
        match connection.close_reason() {
            Some(reason) => self.explain(reason),
            None => {
                connection.close(CLOSE_HELLO, b"the greeting is not one of this protocol");
                Error::Lost(format!("the greeting was not completed: {stream}"))
            }
        }
    }
}

/// The largest datagram a fresh connection takes, or the end of it.
fn greeted(connection: Connection, judged: Result<Hello, hello::Error>) -> Result<Established, Error> {
    let refuse = |error: Error| {
        connection.close(CLOSE_HELLO, error.to_string().as_bytes());
        error
    };
    let peer = judged.map_err(|error| refuse(error.into()))?.epoch;
    let Some(max_datagram_bytes) = connection.max_datagram_size() else { return Err(refuse(Error::OtherProgram)) };
    Ok(Established { connection, peer, max_datagram_bytes })
}

fn alert(code: u64, text: String) -> Error {
    match code {
        ALERT_CERTIFICATE_EXPIRED => Error::RefusedByPeer("it has expired; make a new one and copy it to the peer"),
        ALERT_ACCESS_DENIED => Error::RefusedByPeer("it is not the one the peer expects; copy this end's there"),
        ALERT_NO_APPLICATION_PROTOCOL => Error::OtherProgram,
        _ => Error::Lost(text),
    }
}

/// A peer's words, safe to show: printable and short.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|letter| !letter.is_control()).take(200).collect()
}

fn transport_config() -> TransportConfig {
    let mut config = TransportConfig::default();
    let mut acknowledgements = AckFrequencyConfig::default();
    acknowledgements.ack_eliciting_threshold(ACK_EVERY).reordering_threshold(VarInt::from_u32(0));
    config
        .ack_frequency_config(Some(acknowledgements))
        .congestion_controller_factory(Arc::new(Unlimited))
        .initial_mtu(PACKET_BYTES)
        .min_mtu(PACKET_BYTES)
        .mtu_discovery_config(None)
        .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BUFFER_BYTES);
    config
}
