//! Adding and removing paths while a session runs, as the program asks for it. The loop's side is `run::changes`'s.

use tokio::sync::oneshot;

use super::paths::{self, PathConfig};
use super::{Handle, socket};
use crate::drill::{Drill, Period, Refused};
use crate::path::PathId;

/// A change to the paths, and where its outcome goes.
#[derive(Debug)]
pub enum Change {
    /// A path more.
    Add(PathConfig, oneshot::Sender<Result<PathId, ChangeError>>),
    /// The path of this name less.
    Remove(String, oneshot::Sender<Result<(), ChangeError>>),
    /// A drill begins; see `drill`.
    BeginDrill(Drill, oneshot::Sender<Result<Period, Refused>>),
    /// The drill ends.
    EndDrill(oneshot::Sender<Result<(), Refused>>),
}

/// Why the paths were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The path makes no sense beside the others.
    #[error(transparent)]
    Path(#[from] paths::Error),
    /// Its socket cannot be had.
    #[error(transparent)]
    Socket(#[from] socket::Error),
    /// The system does not take its socket.
    #[error("path.{path}: the system does not serve its socket: {source}; close other programs and try again")]
    System {
        /// The path's name.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no such path.
    #[error("there is no path `{path}` to remove; the paths are `{known}`")]
    Unknown {
        /// What was asked for.
        path: String,
        /// Those there are.
        known: String,
    },
    /// The driver has been stopped.
    #[error("the session has been stopped")]
    Stopped,
}

impl Handle {
    /// Adds a path to the running session. The other end has to have it too. Waits for the driver's answer; not to be
    /// called from the driver's own thread.
    ///
    /// # Errors
    /// Which key of the path cannot work, or [`ChangeError::Stopped`].
    pub fn add_path(&self, path: PathConfig) -> Result<PathId, ChangeError> {
        let (answer, answered) = oneshot::channel();
        self.0.changes.blocking_send(Change::Add(path, answer)).map_err(|_| ChangeError::Stopped)?;
        answered.blocking_recv().unwrap_or(Err(ChangeError::Stopped))
    }

    /// Removes the path called `name`: its peer is told, its sockets are closed, and every other path goes on under its
    /// own id. Even the last one can go; messages then wait for another. Waits as [`Self::add_path`] does.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`] or [`ChangeError::Stopped`].
    pub fn remove_path(&self, name: &str) -> Result<(), ChangeError> {
        let (answer, answered) = oneshot::channel();
        self.0.changes.blocking_send(Change::Remove(name.to_owned(), answer)).map_err(|_| ChangeError::Stopped)?;
        answered.blocking_recv().unwrap_or(Err(ChangeError::Stopped))
    }
}
