//! One attachment: a socket that never blocks, messages in, bytes out.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::de::DeserializeOwned;

use super::message::{Fault, Inbox};

/// Read at once: more than a stroke of a second, so that a whole burst is one batch.
const READ_BYTES: usize = 64 * 1024;

/// A socket with what was read of the next message and what is left to write.
pub(super) struct Connection<In> {
    stream: UnixStream,
    inbox: Inbox<In>,
    writing: Vec<u8>,
    written: usize,
}

/// How an attachment ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// The other end closed it, or is gone.
    #[error("the other end is gone")]
    Gone,
    /// The other end speaks nonsense.
    #[error("the other end sent what is no message: {0}; install the same version of or-display and capture-node")]
    Nonsense(#[from] Fault),
    /// The other end stopped taking what is sent.
    #[error("the other end takes nothing; it is given up")]
    TakesNothing,
    /// The system took it away.
    #[error("the socket failed: {0}")]
    Failed(io::Error),
}

impl<In: DeserializeOwned> Connection<In> {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, inbox: Inbox::default(), writing: Vec::new(), written: 0 })
    }

    /// Attaches to the socket at `path` without waiting, not even for a stopped listener with a full queue.
    pub(super) fn attach(path: &Path) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        Self::new(UnixStream::from(socket))
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// The messages that have come, at most [`READ_BYTES`] of them.
    pub(super) fn read(&mut self) -> Result<Vec<In>, Ended> {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            return match self.stream.read(&mut bytes) {
                Ok(0) => Err(Ended::Gone),
                Ok(count) => Ok(self.inbox.take(bytes.get(..count).unwrap_or_default())?),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(Ended::Gone),
                Err(error) => Err(Ended::Failed(error)),
            };
        }
    }

    /// Writes what the socket takes, beginning with what was left over. `more` gives the next bytes, empty for none.
    pub(super) fn write(&mut self, mut more: impl FnMut() -> Vec<u8>) -> Result<(), Ended> {
        loop {
            if !self.is_writing() {
                self.writing = more();
                self.written = 0;
            }
            let Some(left) = self.writing.get(self.written..).filter(|left| !left.is_empty()) else {
                return Ok(());
            };
            match self.stream.write(left) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Ended::Gone),
                Err(error) => return Err(Ended::Failed(error)),
            }
        }
    }

    /// Whether bytes are left over that the socket did not take.
    pub(super) fn is_writing(&self) -> bool {
        self.written < self.writing.len()
    }
}
