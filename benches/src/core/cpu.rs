//! What share of one processor a whole session takes, both ends and no codec: at 6 Mbit/s, copies on two paths. The core
//! alone in virtual time, then the real driver over loopback, beside the least that sending the same bytes over UDP costs.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::Receiver;
use harness::certificates::{self, Identity};
use protocol::ids::Epoch;
use rustix::time::ClockId;
use transport::driver::{self, End, Handle, PathConfig, Uplink, tls};
use transport::hello::Role;
use transport::schedule::Policy;
use transport::session::Event;
use transport::shards::Frame;

use super::pair::{INTERVAL, MAX_DATAGRAM_BYTES, Pair};
use super::processor::used;

/// A frame at 6 Mbit/s and 30 frames a second.
const FRAME_BYTES: usize = 25_000;
const PATHS: u8 = 2;
/// Frames before counting begins: connecting, and what is learnt in the first seconds.
const UNCOUNTED: u32 = 60;
/// Frames counted over real sockets: 20 s.
const COUNTED: u32 = 600;
/// Frames counted in virtual time: 10 minutes.
const COUNTED_VIRTUAL: u32 = 18_000;
/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shares of one processor, in percent.
pub struct Shares {
    /// Both ends of the core.
    pub core: f64,
    /// Both ends of the driver, with QUIC and the kernel's part.
    pub driver: f64,
    /// The same datagrams over plain UDP.
    pub udp: f64,
}

/// Measures all three, one after the other.
///
/// # Errors
/// No loopback, or nothing arrives.
pub fn measure() -> Result<Shares> {
    Ok(Shares { core: core(), driver: driver()?, udp: udp()? })
}

fn core() -> f64 {
    let mut pair = Pair::steady(PATHS, Policy::Duplicate, FRAME_BYTES);
    let before = used(ClockId::ProcessCPUTime);
    (0..COUNTED_VIRTUAL).for_each(|_| pair.pass());
    percent(used(ClockId::ProcessCPUTime) - before, COUNTED_VIRTUAL)
}

fn driver() -> Result<f64> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let (own, peer) = (certificates::make(folder, "theatre")?, certificates::make(folder, "console")?);
    let listen = (0..PATHS).map(|_| End::Listen(any())).collect();
    let (theatre, told) = start(Role::Theatre, listen, &own, &peer)?;
    let dial = theatre.listening().iter().map(|address| End::Dial(address.to_string())).collect();
    let (console, events) = start(Role::Console, dial, &peer, &own)?;
    let mut live = 0;
    while live < PATHS {
        let event = events.recv_timeout(PATIENCE).context("the two ends do not find each other over loopback")?;
        live += u8::from(matches!(event, Event::PathChanged { state: transport::path::State::Live, .. }));
    }
    let frame = bytes::Bytes::from(vec![7; FRAME_BYTES]);
    let mut released = 0;
    let percent = paced(|| {
        let wants_independent = told.try_iter().filter(|event| *event == Event::RefreshWanted).count() > 0;
        theatre.send_frame(Frame::new(wants_independent, frame.clone())?)?;
        released += events.try_iter().filter(|event| matches!(event, Event::Frame(_))).count();
        Ok(())
    })?;
    theatre.stop();
    console.stop();
    // Frames before the first independent one are not released, and the last are on their way.
    if released + 10 < (UNCOUNTED + COUNTED) as usize {
        bail!("only {released} frames came over loopback");
    }
    Ok(percent)
}

fn start(role: Role, ends: Vec<End>, own: &Identity, peer: &Identity) -> Result<(Handle, Receiver<Event>)> {
    let named = |(index, end)| PathConfig { name: format!("path{index}"), end, uplink: Uplink::Routed };
    let files = tls::Files {
        certificate: own.certificate.clone(),
        key: own.key.clone(),
        peer_certificate: peer.certificate.clone(),
    };
    let config = driver::Config {
        role,
        epoch: Epoch(if role == Role::Theatre { 1 } else { 2 }),
        seed: 1,
        paths: ends.into_iter().enumerate().map(named).collect(),
        policy: Policy::Duplicate,
        files,
        now: program::clock::now,
        wake: None,
    };
    Ok(driver::start(config)?)
}

/// Every datagram of a frame on each of two sockets, read on a thread that does nothing else.
fn udp() -> Result<f64> {
    let (from, to) = (UdpSocket::bind(any())?, UdpSocket::bind(any())?);
    from.connect(to.local_addr()?)?;
    let reader = thread::Builder::new().name("udp-reader".into()).spawn(move || {
        let mut datagram = [0; 2 * MAX_DATAGRAM_BYTES];
        // An empty datagram is the end.
        while to.recv(&mut datagram).is_ok_and(|bytes| bytes > 0) {}
    })?;
    let frame = vec![7; FRAME_BYTES];
    let percent = paced(|| {
        for datagram in frame.chunks(MAX_DATAGRAM_BYTES) {
            for _ in 0..PATHS {
                from.send(datagram)?;
            }
        }
        Ok(())
    })?;
    from.send(&[])?;
    if reader.join().is_err() {
        bail!("the reading thread failed");
    }
    Ok(percent)
}

/// Does `send` once a frame interval; gives the share of a processor that this process took for those counted.
fn paced(mut send: impl FnMut() -> Result<()>) -> Result<f64> {
    let (mut due, mut before) = (program::clock::now(), Duration::ZERO);
    for number in 0..UNCOUNTED + COUNTED {
        if number == UNCOUNTED {
            before = used(ClockId::ProcessCPUTime);
        }
        due = due + INTERVAL;
        thread::sleep(due.since(program::clock::now()));
        send()?;
    }
    Ok(percent(used(ClockId::ProcessCPUTime) - before, COUNTED))
}

fn percent(used: Duration, frames: u32) -> f64 {
    used.as_secs_f64() * 100.0 / (INTERVAL * frames).as_secs_f64()
}

fn any() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
