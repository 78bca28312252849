//! The display's end: puts pictures into shared memory for whoever takes them, and waits for nobody.

use std::path::{Path, PathBuf};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video::VideoInfo;
use media::picture::{self, Converter, Picture};

use super::Error;
use super::header::{BYTES, Header, MAX_SIDE_PX};

/// The shared area: five pictures of 4K in 4:2:0, forty of 720p. Its pages are touched only when a reader lags behind; a
/// reader that stops altogether holds at most this much.
const AREA_BYTES: u32 = 64 * 1024 * 1024;

/// Hands pictures out at a socket. One picture waits at most; a newer one replaces it.
pub struct Writer {
    socket: PathBuf,
    pipeline: gst::Pipeline,
    input: gst_app::AppSrc,
    converter: Option<Converter>,
    sequence: u64,
}

impl Writer {
    /// Starts to hand out pictures at `socket`. A file left there by a dead predecessor is removed: whoever calls
    /// this has made sure that it is alone (`run_dir::Claim`), since `shmsink` would quietly take another name.
    ///
    /// # Errors
    /// [`Error::Pipeline`] without the GStreamer elements, [`Error::Socket`] if the socket cannot be made.
    pub fn open(socket: &Path) -> Result<Self, Error> {
        let refused = |reason| broken(socket, reason);
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(error.to_string())),
            _ => {}
        }
        let (pipeline, input) = build(socket)?;
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            let reason = media_error(&pipeline).unwrap_or_else(|| error.to_string());
            let _ = pipeline.set_state(gst::State::Null);
            return Err(refused(reason));
        }
        Ok(Self { socket: socket.into(), pipeline, input, converter: None, sequence: 0 })
    }

    /// Hands out `picture`. Never waits: if the picture before was not taken yet, that one is dropped.
    ///
    /// # Errors
    /// [`Error::Picture`] for a picture that cannot be read, or is too large, [`Error::Socket`] if the shared memory broke.
    pub fn put(&mut self, picture: &Picture) -> Result<(), Error> {
        let shared = self.plain(picture)?;
        let planes = shared.info.size();
        let header = Header { sequence: self.sequence, captured: picture.captured, info: shared.info };
        self.sequence += 1;
        let mut block = gst::Buffer::new();
        if let Some(block) = block.get_mut() {
            block.append_memory(gst::Memory::from_slice(header.to_bytes()));
            let copied = shared.buffer.copy_into(block, gst::BufferCopyFlags::MEMORY, ..planes);
            copied.map_err(|_| picture::Error::NoMemory(planes))?;
        }
        // A reader that dies while it attaches ends the thread that serves readers; only the bus tells.
        let told = media_error(&self.pipeline);
        let pushed = self.input.push_buffer(block).map_err(|error| error.to_string());
        told.map_or(pushed.map(drop), Err).map_err(|reason| broken(&self.socket, reason))
    }

    /// The picture as [`picture::whole`] has it. Pictures that are so already, which most sources give, are not copied. One so
    /// large that the area does not hold three of it (4K in 32 bits) becomes planar 4:2:0: a reader holds one, the next waits.
    fn plain(&mut self, picture: &Picture) -> Result<Picture, Error> {
        let size = picture.size();
        if size.width > MAX_SIDE_PX || size.height > MAX_SIDE_PX {
            return Err(picture::Error::NotRaw(format!("sides above {MAX_SIDE_PX} pixels")).into());
        }
        let plain = picture::whole(&picture.info)?;
        if 3 * (plain.size() + BYTES) > AREA_BYTES as usize {
            return Ok(picture::planar(picture, &mut self.converter)?);
        }
        if is_plain(picture, &plain) {
            return Ok(Picture { info: plain, ..picture.clone() });
        }
        Ok(picture::copy(picture, &mut self.converter)?)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::warn!("shared pictures: {error}");
        }
    }
}

fn broken(socket: &Path, reason: String) -> Error {
    Error::Socket { path: socket.display().to_string(), reason }
}

fn build(socket: &Path) -> Result<(gst::Pipeline, gst_app::AppSrc), gst::glib::Error> {
    let missing = |error: gst::glib::BoolError| gst::glib::Error::new(gst::CoreError::MissingPlugin, &error.message);
    let input = gst::ElementFactory::make("appsrc")
        .property("caps", gst::Caps::new_empty_simple("application/x-shared-picture"))
        .property("is-live", true)
        .property("max-buffers", 1u64)
        .property("max-bytes", 0u64)
        .property_from_str("leaky-type", "downstream")
        .build()
        .map_err(missing)?;
    let sink = gst::ElementFactory::make("shmsink")
        .property("socket-path", socket.to_string_lossy().as_ref())
        .property("shm-size", AREA_BYTES)
        .property("perms", 0o600u32)
        .property("wait-for-connection", false)
        .property("sync", false)
        .property("async", false)
        .property("enable-last-sample", false)
        .build()
        .map_err(missing)?;
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&input, &sink]).map_err(missing)?;
    input.link(&sink).map_err(missing)?;
    let input = input.downcast().map_err(|_| gst::glib::Error::new(gst::CoreError::Failed, "appsrc is no AppSrc"))?;
    Ok((pipeline, input))
}

/// Whether the pixels of `picture` lie in its buffer just as `plain` tells.
fn is_plain(picture: &Picture, plain: &VideoInfo) -> bool {
    let same = |info: &VideoInfo| {
        info.format() == plain.format() && info.offset() == plain.offset() && info.stride() == plain.stride()
    };
    let meta = picture.buffer.meta::<gstreamer_video::VideoMeta>();
    let meta_same = meta.is_none_or(|meta| meta.offset() == plain.offset() && meta.stride() == plain.stride());
    same(&picture.info) && meta_same && picture.buffer.size() >= plain.size()
}

/// The first error that the pipeline told on its bus.
fn media_error(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
    match message.view() {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        _ => None,
    }
}
