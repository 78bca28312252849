//! Requests to a running `capture-node` from its own machine: one request and one answer over a Unix socket that only
//! the user of theatre's programs can open. What a request does is the node's; the command line is `command`'s.

pub mod command;
mod server;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::arrangement::Preset;
use protocol::drill::Effect;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use transport::drill::Drill;

pub use self::server::Server;
use crate::local::Curtain;
use crate::local::message::{self, Fault, Inbox};

/// How long either end waits for the other. An answer takes some milliseconds; more is a stopped process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Begin a link drill on one of theatre's paths.
    Drill {
        /// To whom the path leads; needed if several have one of its name.
        participant: Option<String>,
        /// What is done to which path, and for how long.
        drill: PathDrill,
    },
    /// End theatre's link drill.
    EndDrill,
    /// The patient that the monitor names now is the one on the table: vital signs go on.
    ConfirmVitals,
    /// Arrange the canvas so.
    Layout {
        /// How it is divided.
        preset: Preset,
        /// The main source's name; without one it stays.
        main: Option<String>,
    },
    /// Open or close the curtain.
    Curtain(Curtain),
    /// The mask of this source fits the pictures that are withheld.
    ConfirmMask {
        /// The source's name.
        source: String,
    },
}

/// A drill as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathDrill {
    /// The path's name.
    pub path: String,
    /// What is done to it.
    pub effect: Effect,
    /// For how many seconds.
    pub seconds: u32,
}

impl From<PathDrill> for Drill {
    fn from(PathDrill { path, effect, seconds }: PathDrill) -> Self {
        Self { path, effect, lasts: Duration::from_secs(seconds.into()) }
    }
}

/// What became of it, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done(String),
    /// It is not, for this reason.
    Refused(String),
}

/// Why nobody can be asked, or can ask.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens.
    #[error("no capture-node runs with run_dir {}; start it, or name its configuration with --config", run_dir.display())]
    NotRunning {
        /// The folder of its sockets.
        run_dir: PathBuf,
    },
    /// The socket cannot be used or made.
    #[error("control socket {}: {reason}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// What came is nothing that this version knows.
    #[error("control socket: {0}; install the same version of every program")]
    Nonsense(#[from] Fault),
    /// The node's or the system's doing.
    #[error("control socket: no thread to serve it: {0}")]
    Thread(io::Error),
}

/// Asks the `capture-node` whose sockets are in `run_dir`, and waits for its answer.
///
/// # Errors
/// Why there is none. A refusal is an answer.
pub fn ask(run_dir: &Path, request: &Request) -> Result<Answer, Error> {
    let path = crate::run_dir::control(run_dir);
    let failed = |reason: io::Error| match reason.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::NotRunning { run_dir: run_dir.into() },
        _ => Error::Socket { path: path.clone(), reason },
    };
    let mut stream = UnixStream::connect(&path).map_err(failed)?;
    put(&mut stream, request).map_err(failed)?;
    take(&mut stream).map_err(failed)?.ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))
}

/// Writes one message.
fn put(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut bytes = Vec::new();
    message::write(message, &mut bytes).map_err(io::Error::other)?;
    stream.write_all(&bytes)
}

/// Reads one message; `None` if the other end says none.
fn take<M: DeserializeOwned>(stream: &mut UnixStream) -> io::Result<Option<M>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut inbox = Inbox::<M>::default();
    let mut bytes = [0; message::MAX_MESSAGE_BYTES];
    loop {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Ok(None);
        }
        let messages = inbox.take(bytes.get(..count).unwrap_or_default()).map_err(io::Error::other)?;
        if let Some(message) = messages.into_iter().next() {
            return Ok(Some(message));
        }
    }
}
