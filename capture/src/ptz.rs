//! Room cameras that mentors may move: one thread and one UDP socket for each, and no other way from a message to a
//! device. Its words are `visca`'s, when it must stop `pilot`'s. Whom theatre lets move it is the configuration's.

mod pilot;
mod visca;

use std::collections::BTreeMap;
use std::io;
use std::net::{ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use program::clock;
use protocol::camera::{Action, Command, Health, Offer};
use protocol::ids::SourceId;

use crate::config::Theatre;
use pilot::Pilot;

/// Commands that may wait for a camera's thread. Full, a command is left out: while a button is held the next comes within
/// 100 ms, and without any the camera stops.
const COMMANDS: usize = 8;
/// How often a camera's answers are looked for while some are awaited.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long the thread sleeps at a time while there is nothing to do. Whatever is asked wakes it.
const IDLE: Duration = Duration::from_secs(1);
/// Answers read at a time: more than three orders can have. Whoever floods the socket must not hold up a stop.
const ANSWERS: usize = 16;
/// The longest VISCA packet over IP: a header of 8 bytes and 16 of payload.
const PACKET_BYTES: usize = 24;

/// Every camera that mentors may move.
pub struct Cameras(BTreeMap<SourceId, Camera>);

/// Why a camera does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Theatre grants none for this source.
    #[error("source {} has no camera that mentors may move; see `control` in theatre's configuration", .0.0)]
    NotGranted(SourceId),
    /// So many commands wait that this one is left out.
    #[error("the camera's thread is behind; the command is left out")]
    Busy,
}

impl Cameras {
    /// The cameras that `theatre` grants to mentors.
    ///
    /// # Errors
    /// The system gave no socket or thread. A camera that does not answer is no error: its offer says so.
    pub fn start(theatre: &Theatre) -> io::Result<Self> {
        let granted = theatre.source.iter().filter_map(|(name, source)| {
            let control = source.control.as_ref().filter(|control| control.mentor_may)?;
            Some((name, theatre.source_id(name)?, control.visca.clone()))
        });
        let cameras = granted.map(|(name, source, at)| Ok((source, Camera::start(name, at)?)));
        Ok(Self(cameras.collect::<io::Result<_>>()?))
    }

    /// Has a camera do something.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn ask(&self, command: Command) -> Result<(), Refusal> {
        let camera = self.0.get(&command.source).ok_or(Refusal::NotGranted(command.source))?;
        camera.commands.as_ref().and_then(|commands| commands.try_send(command.action).ok()).ok_or(Refusal::Busy)
    }

    /// The cameras and how they stand.
    pub fn offers(&self) -> Vec<Offer> {
        let health = |camera: &Camera| *camera.health.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.iter().map(|(source, camera)| Offer { source: *source, health: health(camera) }).collect()
    }
}

/// One camera's thread; stops the camera and joins when dropped.
struct Camera {
    commands: Option<Sender<Action>>,
    health: Arc<Mutex<Health>>,
    thread: Option<JoinHandle<()>>,
}

impl Camera {
    fn start(name: &str, at: String) -> io::Result<Self> {
        let (commands, asked) = bounded(COMMANDS);
        let health = Arc::new(Mutex::new(Health::Ready));
        let (told, owned) = (Arc::clone(&health), name.to_owned());
        let work = Work { name: owned, at, socket: None, fault: None, pilot: Pilot::default(), health: told };
        let thread = Builder::new().name(format!("camera-{name}")).spawn(move || work.run(&asked))?;
        Ok(Self { commands: Some(commands), health, thread: Some(thread) })
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a room camera's thread panicked");
        }
    }
}

struct Work {
    name: String,
    /// Host and port.
    at: String,
    /// Made with the first command, so that a name that is not known yet costs nothing at the start.
    socket: Option<UdpSocket>,
    /// Why there is none, so that it is said once.
    fault: Option<String>,
    pilot: Pilot,
    health: Arc<Mutex<Health>>,
}

impl Work {
    fn run(mut self, asked: &Receiver<Action>) {
        loop {
            let now = clock::now();
            let due = self.pilot.deadline().map_or(IDLE, |at| at.since(now));
            let wait = if self.pilot.awaits_answer() { due.min(LOOK_EVERY) } else { due };
            match asked.recv_timeout(wait) {
                Ok(action) => self.pilot.ask(action, clock::now()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.pilot.stop(clock::now());
                    return self.send();
                }
            }
            self.listen();
            self.pilot.tick(clock::now());
            self.send();
            self.tell();
        }
    }

    fn send(&mut self) {
        let packets = self.pilot.packets();
        if packets.is_empty() {
            return;
        }
        if self.socket.is_none() {
            self.socket = self.open();
        }
        let Some(socket) = &self.socket else { return };
        for packet in packets {
            // Nobody there shows as silence, which the pilot counts.
            if let Err(error) = socket.send(&packet) {
                tracing::debug!("room camera {}: {error}", self.name);
            }
        }
    }

    fn open(&mut self) -> Option<UdpSocket> {
        let open = || {
            let address = self.at.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(local)?;
            socket.connect(address)?;
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>(socket)
        };
        match open() {
            Ok(socket) => {
                self.fault = None;
                Some(socket)
            }
            Err(error) => {
                let fault = error.to_string();
                if self.fault.as_ref() != Some(&fault) {
                    let key = format!("source.{}.control.visca", self.name);
                    tracing::warn!("{key}: {fault}; is the address right, and the camera on?");
                }
                self.fault = Some(fault);
                None
            }
        }
    }

    fn listen(&mut self) {
        let Some(socket) = &self.socket else { return };
        let mut packet = [0; PACKET_BYTES];
        for _ in 0..ANSWERS {
            let Ok(count) = socket.recv(&mut packet) else { return };
            if let Some(answer) = packet.get(..count).and_then(visca::Answer::read) {
                self.pilot.hear(answer);
            }
        }
    }

    fn tell(&self) {
        let mut told = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let health = self.pilot.health();
        if *told != health {
            tracing::info!("room camera {}: {health:?}", self.name);
            *told = health;
        }
    }
}

#[cfg(test)]
mod tests;
