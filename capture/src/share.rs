//! Pictures from an `or-display` to `capture-node` through shared memory that the display never waits on.
//!
//! [`Writer`] is the display's end: it drops pictures when nobody takes them. [`Reader`] is the other end: it
//! attaches again for ever. Between them `shmsink` and `shmsrc` carry blocks of a [`header`] and the planes of one
//! picture in its own format, so that a picture and its capture time cannot be parted. What the pictures are for is not known here.

pub mod header;
mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

/// Why pictures cannot be handed over or taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer lacks an element or refuses the pipeline.
    #[error("shared pictures: {0}; are GStreamer's \"bad\" plugins (gstreamer1.0-plugins-bad) installed?")]
    Pipeline(#[from] gstreamer::glib::Error),
    /// The socket cannot be made.
    #[error("shared pictures at {path}: {reason}; is the folder writable and not full?")]
    Socket {
        /// Where.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A picture cannot be brought into the shared form.
    #[error("shared pictures: {0}")]
    Picture(#[from] media::picture::Error),
    /// The system gave no thread.
    #[error("shared pictures: no thread: {0}")]
    Thread(std::io::Error),
}

#[cfg(test)]
mod tests;
