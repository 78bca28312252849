//! The relay's thread: takes datagrams in, asks their link, holds them until they are due, hands them on.
//!
//! One thread serves all paths, so that what is due first leaves first. It sleeps in `ppoll`, whose high-resolution
//! timer wakes it within some 70 us; spinning through those would take a core and gain nothing a bound could tell.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Error, Lane, Path, Shared, State, priority};
use crate::link::Verdict;

/// Datagrams on their way at most, in bytes: more than a gigabit link holds in half a second. What a peer sends beyond
/// is dropped, so that a flood cannot take the machine's memory.
const MAX_HELD_BYTES: usize = 64 << 20;
/// Datagrams taken from one socket before looking at what is due: two frames' worth.
const BATCH: usize = 64;
/// Asked of the system for each socket: a burst of a second at 30 Mbit/s. The system may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// The largest UDP payload, rounded up.
const MAX_DATAGRAM_BYTES: usize = 1 << 16;

/// The two sockets of one path.
#[derive(Debug)]
pub(super) struct Sockets {
    /// Where the dialling end sends.
    pub(super) near: UdpSocket,
    /// Connected to the listening end.
    far: UdpSocket,
}

#[derive(Debug)]
pub(super) struct Forwarder {
    sockets: Vec<Sockets>,
    shared: Arc<Shared>,
    held: BinaryHeap<Reverse<Held>>,
    held_bytes: usize,
    sequence: u64,
    buffer: Vec<u8>,
}

/// Which way a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heading {
    ToListener,
    ToDialler,
}

/// A datagram on its way. Ordered by due time, then by arrival: links never reorder, neither does this.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    due_us: u64,
    sequence: u64,
    path: usize,
    heading: Heading,
    generation: u32,
    payload: Vec<u8>,
}

impl Sockets {
    pub(super) fn open(index: usize, path: &Path) -> Result<Self, Error> {
        let near =
            bind(path.listen).map_err(|source| Error::Listen { path: index, port: path.listen.port(), source })?;
        let far = connect(path.far).map_err(|source| Error::Far { path: index, port: path.far.port(), source })?;
        Ok(Self { near, far })
    }

    fn receive(&self, heading: Heading, buffer: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>)> {
        match heading {
            Heading::ToListener => self.near.recv_from(buffer).map(|(len, from)| (len, Some(from))),
            Heading::ToDialler => self.far.recv(buffer).map(|len| (len, None)),
        }
    }
}

impl Forwarder {
    pub(super) fn new(sockets: Vec<Sockets>, shared: Arc<Shared>) -> Self {
        let buffer = vec![0; MAX_DATAGRAM_BYTES];
        Self { sockets, shared, held: BinaryHeap::new(), held_bytes: 0, sequence: 0, buffer }
    }

    /// Forwards until told to stop.
    pub(super) fn run(mut self) {
        priority::raise();
        while !self.shared.stop.load(Ordering::Acquire) {
            self.hand_on_due();
            match self.wait() {
                Ok(ready) => ready.into_iter().for_each(|(path, heading)| self.take_in(path, heading)),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    tracing::error!(%errno, "the relay cannot wait for datagrams and stops");
                    return;
                }
            }
        }
    }

    /// Sleeps until something came or something is due; returns which sockets have something.
    fn wait(&self) -> Result<Vec<(usize, Heading)>, Errno> {
        let headings = || {
            let each = |path| [(path, Heading::ToListener), (path, Heading::ToDialler)];
            (0..self.sockets.len()).flat_map(each)
        };
        let mut fds: Vec<PollFd<'_>> = vec![PollFd::new(&self.shared.wake, PollFlags::IN)];
        for sockets in &self.sockets {
            fds.push(PollFd::new(&sockets.near, PollFlags::IN));
            fds.push(PollFd::new(&sockets.far, PollFlags::IN));
        }
        let timeout = self.held.peek().map(|Reverse(next)| {
            let wait_us = next.due_us.saturating_sub(self.shared.clock.now_us());
            Timespec { tv_sec: (wait_us / 1_000_000) as i64, tv_nsec: (wait_us % 1_000_000 * 1_000) as _ }
        });
        poll(&mut fds, timeout.as_ref())?;
        Ok(fds.iter().skip(1).zip(headings()).filter(|(fd, _)| !fd.revents().is_empty()).map(|(_, at)| at).collect())
    }

    /// Takes what waits on one socket and asks its link about each datagram.
    fn take_in(&mut self, path: usize, heading: Heading) {
        let Some(sockets) = self.sockets.get(path) else { return };
        let mut state = self.shared.lock();
        for _ in 0..BATCH {
            // An error other than an empty socket is an ICMP answer to something sent earlier: no datagram, no harm.
            let Ok((len, from)) = sockets.receive(heading, &mut self.buffer) else {
                return;
            };
            let now_us = self.shared.clock.now_us();
            let generation = state.generation;
            if let (Some(from), Some(path)) = (from, state.paths.get_mut(path)) {
                path.dialler = Some(from);
            }
            let Some(lane) = state.lane(path, heading) else { return };
            lane.traffic.packets += 1;
            lane.traffic.bytes += len as u64;
            match lane.link.offer(now_us, len) {
                Verdict::Drop(reason) => lane.traffic.dropped.count(reason),
                Verdict::DeliverAt(_) if self.held_bytes + len > MAX_HELD_BYTES => {
                    lane.traffic.dropped.undeliverable += 1;
                }
                Verdict::DeliverAt(due_us) => {
                    let payload = self.buffer.get(..len).unwrap_or_default().to_vec();
                    self.sequence += 1;
                    self.held_bytes += len;
                    let sequence = self.sequence;
                    self.held.push(Reverse(Held { due_us, sequence, path, heading, generation, payload }));
                }
            }
        }
    }

    fn hand_on_due(&mut self) {
        while self.held.peek().is_some_and(|Reverse(next)| next.due_us <= self.shared.clock.now_us()) {
            let Some(Reverse(held)) = self.held.pop() else { return };
            self.held_bytes -= held.payload.len();
            self.hand_on(&held);
        }
    }

    fn hand_on(&self, held: &Held) {
        let Some(sockets) = self.sockets.get(held.path) else {
            return;
        };
        let mut state = self.shared.lock();
        let dialler = state.paths.get(held.path).and_then(|path| path.dialler);
        let late_us = self.shared.clock.now_us().saturating_sub(held.due_us);
        let sent = match (held.heading, dialler) {
            (Heading::ToListener, _) => sockets.far.send(&held.payload).is_ok(),
            (Heading::ToDialler, Some(dialler)) => sockets.near.send_to(&held.payload, dialler).is_ok(),
            (Heading::ToDialler, None) => false,
        };
        if held.generation != state.generation {
            return;
        }
        if sent {
            state.lateness.add(late_us);
        }
        let Some(Lane { traffic, .. }) = state.lane(held.path, held.heading) else {
            return;
        };
        if sent {
            traffic.delivered_packets += 1;
            traffic.delivered_bytes += held.payload.len() as u64;
        } else {
            traffic.dropped.undeliverable += 1;
        }
    }
}

impl State {
    fn lane(&mut self, path: usize, heading: Heading) -> Option<&mut Lane> {
        let path = self.paths.get_mut(path)?;
        Some(match heading {
            Heading::ToListener => &mut path.to_listener,
            Heading::ToDialler => &mut path.to_dialler,
        })
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER_BYTES)?;
    Ok(socket)
}

fn connect(far: SocketAddr) -> io::Result<UdpSocket> {
    let any = if far.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = bind(SocketAddr::new(any, 0))?;
    socket.connect(far)?;
    Ok(socket)
}
