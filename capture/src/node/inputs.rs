//! Where the canvas's pictures come from: the windows' sources through shared memory, since a device is opened once;
//! the others from the source itself, opened here and again whenever it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use program::clock;

use crate::canvas::Inlet;
use crate::config::{self, Theatre};
use crate::signal::Trouble;
use crate::source::Over;
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
            inputs._sources.push(Keeper::start(name, source.clone(), inlet)?);
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
    fn start(name: &str, source: config::Source, inlet: Inlet) -> Result<Self, Error> {
        // Nothing is ever sent: the channel's closing is the signal.
        let (stop, stopped) = bounded(0);
        let (inlet, owned) = (Arc::new(Mutex::new(inlet)), name.to_owned());
        let thread = Builder::new()
            .name(format!("source-{name}"))
            .spawn(move || keep_open(&owned, &source, &inlet, &stopped))
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

fn keep_open(name: &str, source: &config::Source, inlet: &Arc<Mutex<Inlet>>, stopped: &Receiver<()>) {
    let (mut backoff, mut told) = (Backoff::default(), String::new());
    loop {
        let opened = clock::now();
        let (trouble, ended) = match open(name, source, Arc::clone(inlet)) {
            Ok(running) => match running.over(stopped, source::REOPEN_AFTER) {
                Over::Stopped => return,
                over @ Over::Ended => (Some(Trouble::Ended), format!("source {name}: {over}")),
                over @ Over::Failed { .. } => (Some(Trouble::Failed), format!("source {name}: {over}")),
                // Its tile says as much.
                over @ Over::Silent(_) => (None, format!("source {name}: {over}")),
            },
            Err(error) => (Some(Trouble::Failed), error.to_string()),
        };
        if let Some(trouble) = trouble {
            // The source is closed by now: no picture of it comes after this word.
            inlet.lock().unwrap_or_else(PoisonError::into_inner).trouble(trouble);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use protocol::ids::Epoch;

    use crate::canvas::Canvas;

    const CONFIG: &str = r#"
primary = "scope"
[source.scope]
role = "endoscope"
kind = "scene"
scene = "bars"
[source.absent]
role = "room"
kind = "gstreamer"
bin = "filesrc location=/nowhere/device ! decodebin"
[source.camera]
role = "room"
kind = "gstreamer"
bin = "videotestsrc is-live=true num-buffers=25 ! video/x-raw,width=64,height=48,framerate=50/1"
[identity]
certificate = "theatre.crt"
key = "theatre.key"
[participant.anna]
certificate = "anna.crt"
role = "mentor"
[participant.anna.path.a]
listen = "127.0.0.1:7001"
"#;

    /// Makes canvases until one says that the source called `name` stands so.
    fn wait_for(canvas: &mut Canvas, theatre: &Theatre, name: &str, wanted: &str) {
        let source = theatre.source_id(name).unwrap();
        let deadline = clock::now() + Duration::from_secs(20);
        loop {
            canvas.wait(Duration::from_millis(100), clock::now());
            let composed = canvas.step(clock::now()).unwrap();
            let stands = composed.and_then(|composed| Some(composed.header.tile(source)?.freshness.word()));
            if stands == Some(wanted) {
                return;
            }
            assert!(clock::now() < deadline, "{name} is {stands:?}, not {wanted}");
        }
    }

    #[test]
    fn a_source_that_ends_is_opened_again_and_one_that_cannot_be_opened_says_so_meanwhile() {
        media::init().unwrap();
        let folder = std::env::temp_dir().join(format!("inputs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("theatre.toml");
        std::fs::write(&file, format!("run_dir = \"{}\"\n{CONFIG}", folder.display())).unwrap();
        let theatre = Theatre::load(&file).unwrap();
        let (mut canvas, inlets) = Canvas::new(&theatre, Epoch(1), clock::now()).unwrap();
        let inputs = connect(&theatre, inlets).unwrap();
        wait_for(&mut canvas, &theatre, "absent", "failed");
        for state in ["live", "ended", "live"] {
            wait_for(&mut canvas, &theatre, "camera", state);
        }
        drop(inputs);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
