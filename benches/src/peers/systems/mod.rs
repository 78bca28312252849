//! The systems compared, as one list: each carries access units from theatre to a console in this process, through
//! emulated links. Encoding, decoding and judging are the same for all and stand elsewhere.

mod codec;
mod gst;
mod ours;
mod rist;
mod rtp;
mod srt;
mod webrtc;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use media::encode::AccessUnit;
use netem::profile::Profile;
use netem::relay::{self, PathReport, Relay, Traffic};
use transport::schedule::Policy;

/// One of the systems compared.
pub struct System {
    /// Its name in options, files and settings.
    pub name: &'static str,
    /// What the page calls it.
    pub title: &'static str,
    /// Whether it has a latency setting that has to be chosen.
    pub has_latency: bool,
    /// Paths without which it cannot work.
    pub least_paths: usize,
    /// GStreamer elements without which it is left out.
    pub needs: &'static [&'static str],
    /// Brings up both ends.
    pub start: Start,
}

/// Brings up a system.
pub type Start = fn(&Site<'_>) -> Result<Ends>;

/// The name of the one that has no network: the floor.
pub const CODEC: &str = "codec";
/// The name of the one whose bounds are printed.
pub const OURS: &str = "ours";

/// All of them, the floor first.
pub const ALL: [System; 9] = [
    System { name: CODEC, title: "codec alone", has_latency: false, least_paths: 0, needs: &[], start: codec::start },
    ours(OURS, "ours, `auto`", |site| ours::start(site, Policy::Auto)),
    ours("duplicate", "ours, `duplicate`", |site| ours::start(site, Policy::Duplicate)),
    System { least_paths: 3, ..ours("spread", "ours, `spread`", |site| ours::start(site, Policy::Spread)) },
    ours("economy", "ours, `economy`", |site| ours::start(site, Policy::Economy)),
    System { has_latency: false, ..peer("rtp", "RTP/UDP, 20 ms buffer", &rtp::NEEDS, rtp::start) },
    peer("webrtc", "WebRTC, NACK", &webrtc::NEEDS, webrtc::start),
    peer("srt", "SRT", &srt::NEEDS, srt::start),
    peer("rist", "RIST, bonded", &rist::NEEDS, rist::start),
];

/// One of our policies.
const fn ours(name: &'static str, title: &'static str, start: Start) -> System {
    System { name, title, has_latency: false, least_paths: 1, needs: &[], start }
}

/// One of the others.
const fn peer(name: &'static str, title: &'static str, needs: &'static [&'static str], start: Start) -> System {
    System { name, title, has_latency: true, least_paths: 1, needs, start }
}

impl System {
    /// Whether the profile called `name` has the paths it needs.
    pub fn works_over(&self, name: &str) -> bool {
        Profile::by_name(name).is_ok_and(|profile| profile.paths.len() >= self.least_paths)
    }
}

/// Where a system is brought up.
pub struct Site<'a> {
    /// The links.
    pub profile: &'a Profile,
    /// Their luck.
    pub seed: u64,
    /// The system's latency setting, if it has one.
    pub latency_ms: u32,
    /// For files a run needs.
    pub folder: &'a Path,
}

/// Both ends, connected or connecting. Dropping them stops everything.
pub struct Ends {
    /// Sends.
    pub theatre: Box<dyn Theatre>,
    /// Receives.
    pub console: Box<dyn Console>,
    /// What lies between; `None` if nothing does.
    pub net: Option<Net>,
}

/// The sending end.
pub trait Theatre: Send {
    /// Whether the next access unit is to be independent. Asked before each picture.
    fn wants_refresh(&mut self) -> bool;
    /// Bits per second that the encoder may make, as far as the system says so.
    fn budget_bps(&self) -> Option<u64> {
        None
    }
    /// Takes an access unit. May hold the encoder back.
    ///
    /// # Errors
    /// The system has stopped for good.
    fn send(&mut self, unit: AccessUnit) -> Result<()>;
}

/// The receiving end.
pub trait Console: Send {
    /// The next access unit, if one comes within `wait`.
    fn receive(&mut self, wait: Duration) -> Option<Arrived>;
    /// What was received as `number` could not be decoded.
    fn refuse(&mut self, number: u64);
}

/// An access unit at the console.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The system's own number of it, to refuse it by.
    pub number: u64,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The relay between the ends.
pub struct Net {
    /// The relay.
    pub relay: Relay,
    /// Which of its directions goes from theatre to the console.
    pub to_console: fn(&PathReport) -> Traffic,
}

impl Net {
    /// A relay whose dialling end is theatre: for each path of `profile` where it listens and where the console does.
    fn dialled_by_theatre(profile: Profile, seed: u64, paths: Vec<relay::Path>) -> Result<Self> {
        let relay = Relay::start(relay::Config { paths, profile, seed })?;
        Ok(Self { relay, to_console: |path| path.to_listener })
    }

    /// Where theatre sends for the path `index`.
    fn address(&self, index: usize) -> Result<SocketAddr> {
        self.relay.addresses().get(index).copied().context("the relay lacks a path")
    }

    /// The longest that a datagram from theatre would wait before a path's bottleneck now.
    pub fn standing_us(&self) -> u64 {
        self.relay.report().paths.iter().map(|path| (self.to_console)(path).standing_us).max().unwrap_or(0)
    }

    /// UDP payload that theatre sent since counting began, on all paths, lost on the way or not.
    pub fn sent_bytes(&self) -> u64 {
        self.relay.report().paths.iter().map(|path| (self.to_console)(path).bytes).sum()
    }
}

/// The first path of a profile alone, with the same luck: what a system for one line gets.
fn first_path(profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    profile.paths.truncate(1);
    profile
}

/// This machine, any free port.
fn any() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A UDP port of this machine that nobody uses now, for elements that must be told one.
fn free_port() -> Result<u16> {
    Ok(UdpSocket::bind(any())?.local_addr()?.port())
}

/// An even port that is free together with the next one, for RTP with RTCP beside it.
fn free_pair() -> Result<u16> {
    for _ in 0..1000 {
        let port = free_port()? & !1;
        let free = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        if let (Ok(_), Ok(_)) = (free(port), free(port + 1)) {
            return Ok(port);
        }
    }
    anyhow::bail!("no two neighbouring UDP ports are free")
}
