//! A UDP relay that stands between the two ends of each path and does to their datagrams what a profile says.
//!
//! The end that dials (a console) sends to [`Relay::addresses`]; the relay forwards to the end that listens (theatre)
//! and back. What passes and when is `link`'s to say; the thread that moves datagrams is `forward`'s.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;

use crate::link::Link;
use crate::profile::Profile;

mod forward;
mod priority;
mod report;

use forward::{Forwarder, Sockets};
use report::Lateness;
pub use report::{Drops, LatenessReport, PathReport, Report, Traffic};

/// What a relay is to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The paths, as many as the profile has.
    pub paths: Vec<Path>,
    /// What happens to their datagrams.
    pub profile: Profile,
    /// Whence all luck is drawn.
    pub seed: u64,
}

/// The two ends of one path.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Where the relay receives what the dialling end sends. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where the listening end is.
    pub far: SocketAddr,
}

/// Why a relay cannot start or obey.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Paths and profile do not match.
    #[error("link profile \"{profile}\" has {wanted} paths, but {given} were given to the relay; give {wanted}")]
    Paths {
        /// The profile's name.
        profile: &'static str,
        /// How many it has.
        wanted: usize,
        /// How many were given.
        given: usize,
    },
    /// A path's listening address cannot be had.
    #[error("relay path {path} cannot listen on UDP port {port}: {source}; choose a free port, or 0 for any")]
    Listen {
        /// Counted from 0.
        path: usize,
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The socket towards a path's far end cannot be had.
    #[error("relay path {path} cannot reach UDP port {port} of its far end: {source}; check that address")]
    Far {
        /// Counted from 0.
        path: usize,
        /// The far end's port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The system denies a thread or what wakes it.
    #[error("the relay's thread cannot start: {0}; free memory or file descriptors")]
    Thread(#[source] io::Error),
    /// A path was named that does not exist.
    #[error("relay has no path {path}; it has {paths}, counted from 0")]
    NoPath {
        /// The one named.
        path: usize,
        /// How many there are.
        paths: usize,
    },
}

/// A relay at work. Dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Opens the sockets and starts forwarding on a thread of its own. Schedules wait for [`Self::start_counting`].
    ///
    /// # Errors
    /// All of [`Error`] but [`Error::NoPath`].
    pub fn start(config: Config) -> Result<Self, Error> {
        let (given, wanted) = (config.paths.len(), config.profile.paths.len());
        if given != wanted {
            return Err(Error::Paths { profile: config.profile.name, wanted, given });
        }
        let mut sockets = Vec::new();
        let mut addresses = Vec::new();
        for (index, path) in config.paths.iter().enumerate() {
            let opened = Sockets::open(index, path)?;
            let listen_failed = |source| Error::Listen { path: index, port: path.listen.port(), source };
            addresses.push(opened.near.local_addr().map_err(listen_failed)?);
            sockets.push(opened);
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(&config.profile, config.seed)),
            clock: Clock::start(),
            stop: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
                .map_err(|errno| Error::Thread(errno.into()))?,
        });
        let forwarder = Forwarder::new(sockets, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("netem-relay".to_owned())
            .spawn(move || forwarder.run())
            .map_err(Error::Thread)?;
        Ok(Self { shared, addresses, thread: Some(thread) })
    }

    /// Where to send for each path, in the config's order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Counted time begins now: schedules run from here, and the report covers what is sent from here on.
    pub fn start_counting(&self) {
        let mut state = self.shared.lock();
        let now_us = self.shared.clock.now_us();
        state.generation += 1;
        state.lateness = Lateness::default();
        for lane in state.paths.iter_mut().flat_map(|path| [&mut path.to_listener, &mut path.to_dialler]) {
            lane.link.count_from(now_us);
            lane.traffic = Traffic::default();
        }
    }

    /// Both directions of a path pass nothing from now on, for so long.
    ///
    /// # Errors
    /// [`Error::NoPath`].
    pub fn cut(&self, path: usize, for_how_long: Duration) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let paths = state.paths.len();
        let cut = state.paths.get_mut(path).ok_or(Error::NoPath { path, paths })?;
        let now_us = self.shared.clock.now_us();
        let for_us = u64::try_from(for_how_long.as_micros()).unwrap_or(u64::MAX);
        cut.to_listener.link.cut(now_us, for_us);
        cut.to_dialler.link.cut(now_us, for_us);
        Ok(())
    }

    /// What happened since counting started, or since the relay did if it has not.
    pub fn report(&self) -> Report {
        let mut state = self.shared.lock();
        let now_us = self.shared.clock.now_us();
        state.report(now_us)
    }

    /// Stops forwarding and says what happened. Datagrams still on their way are dropped.
    pub fn stop(mut self) -> Report {
        self.join();
        self.report()
    }

    fn join(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.stop.store(true, Ordering::Release);
        if let Err(errno) = rustix::io::write(&self.shared.wake, &1u64.to_ne_bytes()) {
            tracing::error!(%errno, "the relay's thread cannot be woken");
        }
        if thread.join().is_err() {
            tracing::error!("the relay's thread panicked");
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.join();
    }
}

/// What the relay's thread and its owner both touch.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    clock: Clock,
    stop: AtomicBool,
    /// Readable once the thread is to look at `stop`.
    wake: OwnedFd,
}

#[derive(Debug)]
struct State {
    paths: Vec<PathState>,
    lateness: Lateness,
    /// Grows when counting starts anew, so that datagrams sent before do not count when they arrive after.
    generation: u32,
}

#[derive(Debug)]
struct PathState {
    to_listener: Lane,
    to_dialler: Lane,
    /// The source of the last datagram from the dialling end: where the other direction goes.
    dialler: Option<SocketAddr>,
}

#[derive(Debug)]
struct Lane {
    link: Link,
    traffic: Traffic,
}

/// Microseconds since the relay started.
#[derive(Debug)]
struct Clock(Instant);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(profile: &Profile, seed: u64) -> Self {
        let lane = |link: Link| Lane { link: link.uncounted(), traffic: Traffic::default() };
        let paths = profile.links(seed).into_iter().map(|links| PathState {
            to_listener: lane(links.to_listener),
            to_dialler: lane(links.to_dialler),
            dialler: None,
        });
        Self { paths: paths.collect(), lateness: Lateness::default(), generation: 0 }
    }

    fn report(&mut self, now_us: u64) -> Report {
        let lane = |lane: &mut Lane| Traffic { standing_us: lane.link.standing_us(now_us), ..lane.traffic };
        let path = |path: &mut PathState| PathReport {
            to_listener: lane(&mut path.to_listener),
            to_dialler: lane(&mut path.to_dialler),
        };
        Report { paths: self.paths.iter_mut().map(path).collect(), lateness: self.lateness.report() }
    }
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the relay is a driver: here it reads its clock, and only here")]
    fn read() -> Instant {
        Instant::now()
    }

    fn start() -> Self {
        Self(Self::read())
    }

    fn now_us(&self) -> u64 {
        Self::read().duration_since(self.0).as_micros() as u64
    }
}

#[cfg(test)]
mod tests;
