//! Where the canvas's pictures come from: the windows' sources through shared memory, since a device is opened once;
//! the others from the source itself, opened here and again whenever it ends.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, RecvTimeoutError, select};
use program::clock;
use program::worker::Worker;

use crate::canvas::Inlet;
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
    _sources: Vec<Worker>,
}

/// Leads every source of `theatre` that has a tile to its inlet.
///
/// # Errors
/// See [`Error`].
pub fn connect(theatre: &Theatre, inlets: Vec<Inlet>) -> Result<Inputs, Error> {
    let windows = theatre.windows();
    let mut inputs = Inputs { _windows: Vec::new(), _sources: Vec::new() };
    for mut inlet in inlets {
        let Some(name) = theatre.source_name(inlet.source()) else { continue };
        if windows.contains(&name) {
            let socket = run_dir::pictures(&theatre.run_dir, name);
            inputs._windows.push(share::Reader::start(&socket, move |picture| inlet.deliver(&picture))?);
        } else if let Some(source) = theatre.source.get(name) {
            inputs._sources.push(keep(name, source.clone(), inlet)?);
        }
    }
    Ok(inputs)
}

/// Keeps one source open on a thread of its own, since opening may take seconds.
fn keep(name: &str, source: config::Source, inlet: Inlet) -> Result<Worker, Error> {
    let (inlet, owned) = (Arc::new(Mutex::new(inlet)), name.to_owned());
    Worker::start(format!("source-{name}"), move |stopped| keep_open(&owned, &source, &inlet, stopped))
        .map_err(|error| Error::Thread(name.to_owned(), error))
}

fn keep_open(name: &str, source: &config::Source, inlet: &Arc<Mutex<Inlet>>, stopped: &Receiver<()>) {
    let (mut backoff, mut told) = (Backoff::default(), String::new());
    loop {
        let opened = clock::now();
        let ended = match open(name, source, Arc::clone(inlet)) {
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

fn open(name: &str, source: &config::Source, inlet: Arc<Mutex<Inlet>>) -> Result<source::Running, source::Error> {
    source::open(name, source, move |picture| {
        inlet.lock().unwrap_or_else(PoisonError::into_inner).deliver(&picture);
    })
}
