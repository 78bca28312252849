//! Both ends of the socket: a thread that attaches, reads and writes. Leaving messages for it is `sender`'s.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use program::clock;
use protocol::time::MonoTime;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::{Connection, Ended};
use super::message::{FromDisplay, ToDisplay};
use super::sender::Sender;
use crate::signal::Trouble;

/// Pause between two tries to attach: a restarted display has its marks back before anyone misses them.
const RETRY: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Why an end cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket cannot be made.
    #[error("board socket {}: {reason}; is the folder writable and not full?", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The system gave no thread or event descriptor.
    #[error("board socket: no thread to serve it: {0}")]
    Thread(io::Error),
}

/// What happened on the socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<In> {
    /// The other end is there; nothing sent before reached it.
    Attached,
    /// Messages that came together, with the moment they were read.
    Messages(Vec<In>, MonoTime),
    /// The other end is gone, or was given up.
    Detached,
}

impl Event<FromDisplay> {
    /// What is wrong with the window's source, and since when, as far as it was told.
    pub fn troubles(&self) -> impl Iterator<Item = (Trouble, MonoTime)> {
        let words = if let Self::Messages(words, _) = self { words.as_slice() } else { &[] };
        words.iter().filter_map(|word| match word {
            FromDisplay::Trouble { trouble, at_us } => Some((*trouble, MonoTime(*at_us))),
            _ => None,
        })
    }
}

/// `or-display`'s end: listens, and serves the newest attachment.
pub type WindowEnd = End<FromDisplay>;
/// `capture-node`'s end: attaches for ever.
pub type NodeEnd = End<ToDisplay>;

/// One end, alive until dropped.
pub struct End<Out> {
    sender: Sender<Out>,
    thread: Option<JoinHandle<()>>,
}

impl WindowEnd {
    /// Listens at `socket`, from which a dead predecessor's file is removed first: whoever calls this has made sure
    /// that it is alone (`run_dir::Claim`). `on_event` is called on this end's own thread; a wait in it is felt by
    /// the other end only.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn listen(
        socket: &Path,
        on_event: impl FnMut(Event<ToDisplay>, &Sender<FromDisplay>) + Send + 'static,
    ) -> Result<Self, Error> {
        let refused = |reason| Error::Socket { path: socket.into(), reason };
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        let listener = UnixListener::bind(socket).map_err(refused)?;
        std::fs::set_permissions(socket, Permissions::from_mode(0o600)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        Self::start(Meeting::Listen(listener, socket.into()), on_event)
    }
}

impl NodeEnd {
    /// Attaches to the display at `socket` whenever there is one. On [`Event::Attached`] the caller sends
    /// [`ToDisplay::Reset`], its whole board and [`ToDisplay::Heard`] through the sender it is given there.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn attach(
        socket: &Path,
        on_event: impl FnMut(Event<FromDisplay>, &Sender<ToDisplay>) + Send + 'static,
    ) -> Result<Self, Error> {
        Self::start(Meeting::Attach(socket.into()), on_event)
    }
}

impl<Out: Serialize + Send + 'static> End<Out> {
    /// The way to send.
    pub fn sender(&self) -> &Sender<Out> {
        &self.sender
    }

    fn start<In: DeserializeOwned + Send + 'static>(
        meeting: Meeting,
        on_event: impl FnMut(Event<In>, &Sender<Out>) + Send + 'static,
    ) -> Result<Self, Error> {
        let sender = Sender::new().map_err(Error::Thread)?;
        let service = Service { meeting, connection: None, sender: sender.clone(), on_event };
        let thread = Builder::new().name("board-socket".into()).spawn(move || service.run()).map_err(Error::Thread)?;
        Ok(Self { sender, thread: Some(thread) })
    }
}

impl<Out> Drop for End<Out> {
    fn drop(&mut self) {
        self.sender.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the board socket panicked");
        }
    }
}

enum Meeting {
    /// With the socket's file, which goes with this end.
    Listen(UnixListener, PathBuf),
    Attach(PathBuf),
}

/// The thread's own state.
struct Service<In, Out, F> {
    meeting: Meeting,
    connection: Option<Connection<In>>,
    sender: Sender<Out>,
    on_event: F,
}

impl<In, Out, F> Service<In, Out, F>
where
    In: DeserializeOwned,
    F: FnMut(Event<In>, &Sender<Out>),
{
    fn run(mut self) {
        self.serve_until_stopped();
        if let Meeting::Listen(_, socket) = &self.meeting
            && let Err(error) = std::fs::remove_file(socket)
        {
            tracing::debug!("board socket: its file stays: {error}");
        }
    }

    fn serve_until_stopped(&mut self) {
        while !self.sender.is_stopping() {
            self.meet();
            if let Err(ended) = self.serve() {
                if !matches!(ended, Ended::Gone) {
                    tracing::warn!("board socket: {ended}; attaching again");
                }
                self.detach();
            }
            if let Err(error) = self.wait() {
                tracing::error!("board socket: cannot wait for it: {error}; marks end here, the picture goes on");
                return;
            }
        }
    }

    /// Takes a new attachment if there is one; the newest wins, since an older one may be a stopped process.
    fn meet(&mut self) {
        let met = match &self.meeting {
            Meeting::Listen(listener, _) => listener.accept().and_then(|(stream, _)| Connection::new(stream)),
            Meeting::Attach(_) if self.connection.is_some() => return,
            Meeting::Attach(path) => Connection::attach(path),
        };
        // Refused or not there yet: the next round tries again.
        let Ok(connection) = met else { return };
        if self.connection.is_some() {
            self.detach();
        }
        self.connection = Some(connection);
        self.sender.attach();
        (self.on_event)(Event::Attached, &self.sender);
    }

    fn serve(&mut self) -> Result<(), Ended> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if self.sender.gave_up() {
            return Err(Ended::TakesNothing);
        }
        connection.write(|| self.sender.take())?;
        let messages = connection.read()?;
        if !messages.is_empty() {
            (self.on_event)(Event::Messages(messages, clock::now()), &self.sender);
        }
        Ok(())
    }

    fn detach(&mut self) {
        self.connection = None;
        self.sender.detach();
        (self.on_event)(Event::Detached, &self.sender);
    }

    /// Sleeps until there is something to do.
    fn wait(&self) -> io::Result<()> {
        let wakes = self.sender.wakes();
        let mut fds = vec![PollFd::new(&wakes, PollFlags::IN)];
        if let Meeting::Listen(listener, _) = &self.meeting {
            fds.push(PollFd::new(listener, PollFlags::IN));
        }
        if let Some(connection) = &self.connection {
            let mut flags = PollFlags::IN;
            flags.set(PollFlags::OUT, connection.is_writing());
            fds.push(PollFd::new(connection.stream(), flags));
        }
        let alone = matches!(self.meeting, Meeting::Attach(_)) && self.connection.is_none();
        match poll(&mut fds, alone.then_some(&RETRY)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.sender.awake();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
