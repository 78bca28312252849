//! The taking end: follows a display's pictures, and attaches again for ever when the display starts anew.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use media::picture::Picture;
use program::worker::Worker;

use super::Error;
use super::header::{BYTES, Header};

/// Pause before trying to attach again: short beside the 500 ms after which a picture counts as frozen.
const RETRY: Duration = Duration::from_millis(100);
/// How often a running pipeline is asked whether it broke; attaching again takes this long at most.
const BUS_POLL: Duration = Duration::from_millis(50);

/// Receives pictures until dropped.
pub struct Reader {
    _worker: Worker,
}

/// Where pictures go. Shared between one pipeline and the next.
type Deliver = Arc<Mutex<dyn FnMut(Picture) + Send>>;

impl Reader {
    /// Follows the pictures handed out at `socket`, whether or not anyone does so yet. `deliver` is called on a
    /// streaming thread with every picture that was not overtaken by a newer one.
    ///
    /// # Errors
    /// [`Error::Pipeline`] without the GStreamer elements, [`Error::Thread`].
    pub fn start(socket: &Path, deliver: impl FnMut(Picture) + Send + 'static) -> Result<Self, Error> {
        let deliver: Deliver = Arc::new(Mutex::new(deliver));
        // Made once here so that a missing element is told at the start, not by a thread.
        build(socket, &deliver)?;
        let socket = socket.to_owned();
        let worker = Worker::start("shared-pictures", move |stopped| follow(&socket, &deliver, stopped));
        Ok(Self { _worker: worker.map_err(Error::Thread)? })
    }
}

fn follow(socket: &Path, deliver: &Deliver, stopped: &Receiver<()>) {
    loop {
        if has_listener(socket) {
            match build(socket, deliver) {
                Ok(pipeline) => {
                    attend(&pipeline, stopped);
                    let _ = pipeline.set_state(gst::State::Null);
                }
                Err(error) => tracing::warn!("shared pictures: {error}"),
            }
        }
        if stopped.recv_timeout(RETRY) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Whether a process listens at `socket`. A file alone may be a dead writer's, on which `shmsrc` fails noisily; and
/// asking by a connection of one's own upsets `shmsink` when it is closed. So the kernel's list is asked (proc(5)).
fn has_listener(socket: &Path) -> bool {
    /// `SO_ACCEPTCON` in the column of flags.
    const LISTENING: &str = "00010000";
    let Ok(sockets) = std::fs::read_to_string("/proc/net/unix") else {
        return socket.exists();
    };
    let (listening, name) = (format!(" {LISTENING} "), format!(" {}", socket.display()));
    sockets.lines().any(|line| line.ends_with(&name) && line.contains(&listening))
}

/// Runs one attachment until it breaks or is told to stop.
fn attend(pipeline: &gst::Pipeline, stopped: &Receiver<()>) {
    let Some(bus) = pipeline.bus() else { return };
    if pipeline.set_state(gst::State::Playing).is_err() {
        return;
    }
    while stopped.recv_timeout(BUS_POLL) == Err(RecvTimeoutError::Timeout) {
        if bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]).is_some() {
            return;
        }
    }
}

fn build(socket: &Path, deliver: &Deliver) -> Result<gst::Pipeline, gst::glib::Error> {
    let missing = |error: gst::glib::BoolError| gst::glib::Error::new(gst::CoreError::MissingPlugin, &error.message);
    let source = gst::ElementFactory::make("shmsrc")
        .property("socket-path", socket.to_string_lossy().as_ref())
        .property("is-live", true)
        .build()
        .map_err(missing)?;
    let sink = gst_app::AppSink::builder()
        .sync(false)
        .async_(false)
        .max_buffers(1)
        .drop(true)
        // A sample kept would hold a block of the writer's area.
        .enable_last_sample(false)
        .callbacks(callbacks(Arc::clone(deliver)))
        .build();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, sink.upcast_ref()]).map_err(missing)?;
    source.link(&sink).map_err(missing)?;
    Ok(pipeline)
}

fn callbacks(deliver: Deliver) -> gst_app::AppSinkCallbacks {
    let mut refused = 0u64;
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            match sample.buffer().map(picture) {
                Some(Ok(picture)) => deliver.lock().unwrap_or_else(PoisonError::into_inner)(picture),
                Some(Err(fault)) => {
                    // The first of an attachment says it all; the rest would flood the log.
                    if refused == 0 {
                        tracing::warn!("shared pictures: {fault}; such blocks are left out");
                    }
                    refused += 1;
                }
                None => {}
            }
            Ok(gst::FlowSuccess::Ok)
        })
        .build()
}

/// Why a block is left out.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Header(#[from] super::header::Fault),
    #[error("a block cannot be read")]
    Unreadable,
}

/// The picture in a block; its pixels stay in the shared memory until the picture is dropped.
fn picture(block: &gst::BufferRef) -> Result<Picture, Refused> {
    let header = {
        let map = block.map_readable().map_err(|_| Refused::Unreadable)?;
        Header::parse(map.as_slice())?
    };
    header.check_planes(block.size() - BYTES)?;
    let buffer = block.copy_region(gst::BufferCopyFlags::MEMORY, BYTES..).map_err(|_| Refused::Unreadable)?;
    Ok(Picture { buffer, info: header.info, captured: header.captured })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::header::Fault;
    use media::picture;
    use proptest::prelude::*;
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;
    use protocol::time::MonoTime;

    /// A block of a picture of 6x4 pixels.
    fn block() -> Vec<u8> {
        gst::init().unwrap();
        let size = SizePx { width: 6, height: 4 };
        let info = picture::i420(size, Colour::default()).unwrap();
        let planes = vec![9; info.size()];
        let header = Header { sequence: 0, captured: MonoTime(5), info };
        [&header.to_bytes()[..], &planes].concat()
    }

    fn read(block: Vec<u8>) -> Result<Picture, Refused> {
        picture(&gst::Buffer::from_mut_slice(block))
    }

    #[test]
    fn a_block_with_planes_cut_or_too_long_is_refused() {
        assert!(read(block()).is_ok_and(|picture| picture.captured == MonoTime(5) && picture.read().is_ok()));
        let cut = block().len() - 1;
        for wrong in [block()[..cut].to_vec(), [block(), vec![0]].concat()] {
            assert!(matches!(read(wrong), Err(Refused::Header(Fault::Planes { .. }))));
        }
    }

    proptest! {
        #[test]
        fn any_block_is_a_picture_that_can_be_read_or_refused(
            start in proptest::collection::vec(any::<u8>(), 0..BYTES), keep in 0..BYTES
        ) {
            let mut bytes = block();
            bytes.splice(keep.min(start.len())..start.len(), start.into_iter().skip(keep));
            if let Ok(picture) = read(bytes) {
                prop_assert!(picture.read().is_ok());
            }
        }
    }
}
