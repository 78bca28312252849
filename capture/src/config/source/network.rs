//! What sources that send over a network can be told: cameras (`rtsp`) and encoders (`srt`, `rtp`). No user, password or
//! passphrase stands in the configuration itself, only files that hold them.

use std::net::SocketAddr;
use std::path::PathBuf;

use protocol::geometry::SizePx;
use serde::Deserialize;

use super::Table;

/// A network camera (RTSP, RFC 2326).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rtsp {
    /// Its address, `rtsp://` or `rtsps://`.
    pub location: String,
    /// How its packets travel.
    pub transport: Transport,
    /// How long a packet is waited for that did not come in its turn, 0-2000 ms.
    pub latency_ms: u16,
    /// A file with the user on its first line and the password on its second.
    pub credentials: Option<PathBuf>,
}

/// How a camera's packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Inside the RTSP connection: passes firewalls, loses nothing.
    #[default]
    Tcp,
    /// Beside it: what is lost is lost, and nothing waits for it.
    Udp,
}

/// An encoder that sends by SRT (draft-sharabayko-srt).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srt {
    /// Which end calls.
    pub end: End,
    /// What travels in it.
    pub payload: SrtPayload,
    /// SRT's receiver latency, 20-8000 ms: every picture comes so much later.
    pub latency_ms: u16,
    /// A file that holds the passphrase.
    pub passphrase: Option<PathBuf>,
}

/// Which end of an SRT connection calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The encoder calls this address and port.
    Listen(SocketAddr),
    /// It is called at this host and port.
    Dial(String),
}

/// What travels in an SRT connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtPayload {
    /// An MPEG transport stream.
    Mpegts,
    /// RTP packets of one video stream.
    Rtp(Encoding),
}

/// The key `payload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Payload {
    #[default]
    Mpegts,
    Rtp,
}

/// An encoder that sends plain RTP (RFC 3550).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rtp {
    /// The address and UDP port it sends to; a multicast address is joined.
    pub listen: SocketAddr,
    /// The network interface on which a multicast group is joined; `None` leaves it to the routes.
    pub interface: Option<String>,
    /// How the video is packed.
    pub encoding: Encoding,
    /// Size of raw pictures, which their packets do not tell; `None` for everything else.
    pub raw: Option<RawVideo>,
    /// How long a packet is waited for that did not come in its turn, 0-2000 ms.
    pub latency_ms: u16,
}

/// How video is packed into RTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// H.264 (RFC 6184).
    H264,
    /// H.265 (RFC 7798).
    H265,
    /// JPEG (RFC 2435).
    Jpeg,
    /// Uncompressed 4:2:2 in 8 bits (RFC 4175).
    Raw,
}

/// What a raw stream's packets do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawVideo {
    /// Size of its pictures.
    pub size: SizePx,
    /// Pictures a second.
    pub fps: u16,
}

/// Waiting for a packet on a network of this building: several times what switches take, two pictures at most.
const DEFAULT_LATENCY_MS: u16 = 40;
/// Longest wait for a packet: later, the picture is of no use to anybody.
const MAX_LATENCY_MS: u16 = 2000;
/// SRT's latency on a network of this building: two round trips and a repeat, with room.
const DEFAULT_SRT_LATENCY_MS: u16 = 60;
/// SRT's latency: below, nothing can be repeated; above, it is a recording.
const SRT_LATENCY_MS: std::ops::RangeInclusive<u16> = 20..=8000;

impl Rtsp {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let latency_ms = latency(table.latency_ms)?;
        let location = table.location.and_then(|location| location.into_os_string().into_string().ok());
        let location = location.ok_or("kind = \"rtsp\" needs the key `location`, such as \"rtsp://camera/stream\"")?;
        let rest = location.strip_prefix("rtsp://").or_else(|| location.strip_prefix("rtsps://"));
        let host = rest.and_then(|rest| rest.split('/').next()).filter(|host| !host.is_empty());
        match host {
            None => Err("`location` must begin with rtsp:// or rtsps:// and a host".into()),
            Some(host) if host.contains('@') => {
                Err("`location` holds a user or password; put them into a file and name it in `credentials`".into())
            }
            Some(_) => Ok(Self {
                transport: table.transport.unwrap_or_default(),
                latency_ms,
                credentials: table.credentials,
                location,
            }),
        }
    }
}

impl Srt {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let latency_ms = table.latency_ms.unwrap_or(DEFAULT_SRT_LATENCY_MS);
        if !SRT_LATENCY_MS.contains(&latency_ms) {
            let (low, high) = SRT_LATENCY_MS.into_inner();
            return Err(format!("`latency_ms` of SRT must be {low} to {high}"));
        }
        let end = match (table.listen, table.dial) {
            (Some(listen), None) => End::Listen(address(&listen)?),
            (None, Some(dial)) => End::Dial(host_and_port(dial)?),
            _ => return Err("kind = \"srt\" needs the key `listen` or `dial`, and one of them only".into()),
        };
        let payload = match (table.payload.unwrap_or_default(), table.encoding) {
            (Payload::Mpegts, None) => SrtPayload::Mpegts,
            (Payload::Mpegts, Some(_)) => {
                return Err("key `encoding` belongs to payload = \"rtp\"; a transport stream names its own".into());
            }
            (Payload::Rtp, Some(Encoding::Raw)) => {
                return Err("`encoding` = \"raw\" does not fit through SRT; use kind = \"rtp\"".into());
            }
            (Payload::Rtp, Some(encoding)) => SrtPayload::Rtp(encoding),
            (Payload::Rtp, None) => return Err("payload = \"rtp\" needs the key `encoding`".into()),
        };
        Ok(Self { end, payload, latency_ms, passphrase: table.passphrase })
    }

    /// The UDP port it takes on this machine, if it has to have a certain one.
    pub(super) fn port(&self) -> Option<u16> {
        match &self.end {
            End::Listen(address) => Some(address.port()),
            End::Dial(_) => None,
        }
    }
}

impl Rtp {
    pub(super) fn from_keys(table: Table) -> Result<Self, String> {
        let (size, fps, latency_ms) = (table.size()?, table.fps()?, latency(table.latency_ms)?);
        let encoding = table.encoding.ok_or("kind = \"rtp\" needs the key `encoding`")?;
        let raw = match (encoding, size, fps) {
            (Encoding::Raw, Some(size), Some(fps)) => Some(RawVideo { size, fps }),
            (Encoding::Raw, ..) => return Err("encoding = \"raw\" needs the keys `size` and `fps`".into()),
            (_, None, None) => None,
            _ => return Err("keys `size` and `fps` belong to encoding = \"raw\"; take them out".into()),
        };
        let listen = table.listen.ok_or("kind = \"rtp\" needs the key `listen`, such as \"0.0.0.0:5004\"")?;
        Ok(Self { listen: address(&listen)?, interface: table.interface, encoding, raw, latency_ms })
    }
}

fn latency(asked: Option<u16>) -> Result<u16, String> {
    match asked.unwrap_or(DEFAULT_LATENCY_MS) {
        latency if latency > MAX_LATENCY_MS => Err(format!("`latency_ms` must be 0 to {MAX_LATENCY_MS}")),
        latency => Ok(latency),
    }
}

fn address(listen: &str) -> Result<SocketAddr, String> {
    let address = listen.parse::<SocketAddr>().ok().filter(|address| address.port() != 0);
    address.ok_or_else(|| "`listen` must be an address and a port, such as \"0.0.0.0:5004\"".into())
}

fn host_and_port(dial: String) -> Result<String, String> {
    let good = dial.rsplit_once(':').is_some_and(|(host, port)| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b".-[]:".contains(&byte);
        !host.is_empty() && host.bytes().all(letters) && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if good { Ok(dial) } else { Err("`dial` must be a host and a port, such as \"encoder:9000\"".into()) }
}
