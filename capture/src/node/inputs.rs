//! Where the canvas's pictures come from: the windows' sources through shared memory, since a device is opened once;
//! the others from the source itself, opened here and again whenever it ends.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;
use media::picture::Picture;
use program::worker::Worker;

use super::branch::Branch;
use crate::config::{self, Kind, Theatre};
use crate::mask::burned;
use crate::source::keep;
use crate::vitals::hub::Hub;
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

/// Leads every source of `theatre` that has a tile to its branch; vital signs are drawn from `hub`.
///
/// # Errors
/// See [`Error`].
pub fn connect(theatre: &Theatre, branches: Vec<Branch>, hub: Option<&Arc<Hub>>) -> Result<Inputs, Error> {
    let windows = theatre.windows();
    let mut inputs = Inputs { _windows: Vec::new(), _sources: Vec::new() };
    for mut branch in branches {
        let Some(name) = theatre.source_name(branch.source()) else { continue };
        if windows.contains(&name) {
            let socket = run_dir::pictures(&theatre.run_dir, name);
            inputs._windows.push(share::Reader::start(&socket, move |picture| branch.deliver(&picture))?);
        } else if let Some(source) = theatre.source.get(name) {
            inputs._sources.push(keep(name, source.clone(), branch, hub.cloned())?);
        }
    }
    Ok(inputs)
}

/// Keeps one source open on a thread of its own, since opening may take seconds.
fn keep(name: &str, source: config::Source, branch: Branch, hub: Option<Arc<Hub>>) -> Result<Worker, Error> {
    let (branch, owned) = (Arc::new(Mutex::new(branch)), name.to_owned());
    Worker::start(format!("source-{name}"), move |stopped| {
        keep_open(&owned, &source, (&branch, hub.as_ref()), stopped);
    })
    .map_err(|error| Error::Thread(name.to_owned(), error))
}

fn keep_open(
    name: &str,
    source: &config::Source,
    (branch, hub): (&Arc<Mutex<Branch>>, Option<&Arc<Hub>>),
    stopped: &Receiver<()>,
) {
    let open = || {
        let into = Arc::clone(branch);
        open(name, source, hub, move |picture| {
            into.lock().unwrap_or_else(PoisonError::into_inner).deliver(&picture);
        })
    };
    let tell = |trouble, at| branch.lock().unwrap_or_else(PoisonError::into_inner).trouble(trouble, at);
    keep::keep(name, open(), open, tell, stopped);
}

/// Opens a source that no window has: vital signs are drawn from `hub`, and a DICOM file is asked whether its pictures may
/// be seen before any is.
///
/// # Errors
/// See [`source::open`].
pub(crate) fn open(
    name: &str,
    source: &config::Source,
    hub: Option<&Arc<Hub>>,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<source::Running, source::Error> {
    match (&source.kind, hub) {
        (Kind::Vitals, Some(hub)) => source::open_vitals(name, Arc::clone(hub), deliver),
        (Kind::Dicom { location }, _) => {
            source::open_dicom(name, location, |told| burned::check(source, told), deliver)
        }
        _ => source::open(name, source, deliver),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use program::clock;
    use protocol::ids::Epoch;

    use super::super::stills::Tap;
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
        let branches = inlets.into_iter().map(|inlet| Branch::new(inlet, Tap::default(), None)).collect();
        let inputs = connect(&theatre, branches, None).unwrap();
        wait_for(&mut canvas, &theatre, "absent", "failed");
        for state in ["live", "ended", "live"] {
            wait_for(&mut canvas, &theatre, "camera", state);
        }
        drop(inputs);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
