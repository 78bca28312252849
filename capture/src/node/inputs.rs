//! Where the canvas's pictures come from: the windows' sources through shared memory, since a device is opened once;
//! the others from the source itself, opened here and again whenever it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use program::clock;

use super::branch::Branch;
use crate::config::{self, Theatre};
use crate::supervise::backoff::Backoff;
use crate::{run_dir, share, source};

/// Why pictures cannot be had. A source that fails, now or later, is no error here: its tile says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The windows' pictures cannot be followed.
    #[error(transparent)]
    Share(#[from] share::Error),
    /// The system gave no thread.
    #[error("source {0}: no thread to keep it open: {1}")]
    Thread(String, std::io::Error),
}

/// Every source, open until dropped.
pub struct Inputs {
    _windows: Vec<share::Reader>,
    _sources: Vec<Keeper>,
}

/// Leads every source of `theatre` that has a tile to its branch.
///
/// # Errors
/// See [`Error`].
pub fn connect(theatre: &Theatre, branches: Vec<Branch>) -> Result<Inputs, Error> {
    let windows = theatre.windows();
    let mut inputs = Inputs { _windows: Vec::new(), _sources: Vec::new() };
    for mut branch in branches {
        let Some(name) = theatre.source_name(branch.source()) else { continue };
        if windows.contains(&name) {
            let socket = run_dir::pictures(&theatre.run_dir, name);
            inputs._windows.push(share::Reader::start(&socket, move |picture| branch.deliver(&picture))?);
        } else if let Some(source) = theatre.source.get(name) {
            inputs._sources.push(Keeper::start(name, source.clone(), branch)?);
        }
    }
    Ok(inputs)
}

/// Keeps one source open on a thread of its own, since opening may take seconds.
struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    fn start(name: &str, source: config::Source, branch: Branch) -> Result<Self, Error> {
        // Nothing is ever sent: the channel's closing is the signal.
        let (stop, stopped) = bounded(0);
        let (branch, owned) = (Arc::new(Mutex::new(branch)), name.to_owned());
        let thread = Builder::new()
            .name(format!("source-{name}"))
            .spawn(move || keep_open(&owned, &source, &branch, &stopped))
            .map_err(|error| Error::Thread(name.to_owned(), error))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a source's thread panicked");
        }
    }
}

fn keep_open(name: &str, source: &config::Source, branch: &Arc<Mutex<Branch>>, stopped: &Receiver<()>) {
    let (mut backoff, mut told) = (Backoff::default(), String::new());
    loop {
        let opened = clock::now();
        let ended = match open(name, source, Arc::clone(branch)) {
            Ok(running) => select! {
                recv(running.events()) -> event => match event {
                    Ok(source::Event::Failed { what }) => format!("source {name}: {what}"),
                    Ok(source::Event::Ended) | Err(_) => format!("source {name} ended"),
                },
                recv(stopped) -> _ => return,
            },
            Err(error) => error.to_string(),
        };
        // The same reason again and again is said once.
        if ended != told {
            tracing::warn!("{ended}; trying again until it comes");
            told = ended;
        }
        let pause = backoff.after_life(clock::now().since(opened), None);
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

fn open(name: &str, source: &config::Source, branch: Arc<Mutex<Branch>>) -> Result<source::Running, source::Error> {
    source::open(name, source, move |picture| {
        branch.lock().unwrap_or_else(PoisonError::into_inner).deliver(&picture);
    })
}
