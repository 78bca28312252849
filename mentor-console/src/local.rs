//! Plays frames from a file through the same decoder and window as a session's, without any link: how long decoding
//! and presenting take on this machine by themselves. The file is a sequence of frames, each a length (32 bit, little
//! endian) and as many bytes: a frame header and its access unit, as `protocol::frame` has them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use media::decode::Decoders;
use media::h265::H265;
use program::clock;
use protocol::codec::Codec;
use protocol::frame::Header;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::layout::{Layout, Role, Tile};
use protocol::time::{MonoTime, SessionTime};

use crate::console::{Arrival, Shared};
use crate::decode::{Job, Origin};

/// Frames a second, as theatre's cameras give them.
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / 30);

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("--local {}: {reason}; name a readable file of frames", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// Its content is no sequence of frames.
    #[error("--local {}: {reason}; a file of frames is needed (32 bit length, then header and access unit)", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The frames of a file.
pub struct Recording {
    frames: Vec<Frame>,
    layout: Layout,
}

/// One of them.
#[derive(Debug)]
struct Frame {
    header: Header,
    codec: Codec,
    bytes: Bytes,
    access_unit_at: usize,
}

/// A recording being played.
pub struct Player {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Recording {
    /// Reads the file whole, and decodes its first frame for the picture's size.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|reason| Error::Unreadable { path: path.into(), reason })?;
        let content = |reason: String| Error::Content { path: path.into(), reason };
        let frames = split(Bytes::from(bytes)).map_err(content)?;
        let first = frames.first().ok_or_else(|| content("it holds no frame".into()))?;
        let access_unit = first.bytes.get(first.access_unit_at..).unwrap_or_default();
        let picture = Decoders::start(H265::Software)
            .and_then(|(mut decoders, _)| decoders.decode(first.codec, access_unit, MonoTime::default()))
            .map_err(|error| content(error.to_string()))?;
        let layout =
            layout(&first.header, picture.size()).ok_or_else(|| content("its first frame has no tile".into()))?;
        Ok(Self { frames, layout })
    }

    /// Starts to play it, again and again.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn play(self, console: Shared, jobs: Sender<Job>) -> io::Result<Player> {
        let (stop, stopped) = bounded(1);
        let thread = Builder::new().name("local".into()).spawn(move || self.run(&console, &jobs, &stopped))?;
        Ok(Player { stop, thread })
    }

    fn run(self, console: &Shared, jobs: &Sender<Job>, stopped: &Receiver<()>) {
        let mut due = clock::now();
        {
            let mut console = console.lock();
            console.no_link();
            console.layout(self.layout);
        }
        for (number, frame) in (0..).zip(self.frames.iter().cycle()) {
            if stopped.recv_timeout(due.since(clock::now())) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let now = clock::now();
            let header = Arc::new(made_at(&frame.header, number, now));
            let arrival = Arrival { first_shard: now, complete: now, released: now };
            let ticket = console.lock().released(&header, number, arrival);
            let origin = Origin::Frame { ticket, number };
            let Frame { codec, access_unit_at, .. } = *frame;
            let job = Job { origin, header, codec, bytes: frame.bytes.clone(), access_unit_at };
            if jobs.send(job).is_err() {
                return;
            }
            due = due + INTERVAL;
        }
    }
}

impl Player {
    /// Ends playing.
    pub fn stop(self) {
        // A player that ended by itself hears nothing any more.
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the local player panicked");
        }
    }
}

/// Frame by frame.
fn split(mut bytes: Bytes) -> Result<Vec<Frame>, String> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let number = frames.len();
        let cut = || format!("frame {number} is cut off");
        let length = front(&mut bytes, 4).ok_or_else(cut)?;
        let length = u32::from_le_bytes(length.as_ref().try_into().map_err(|_| cut())?);
        let bytes = front(&mut bytes, length as usize).ok_or_else(cut)?;
        let (header, codec, access_unit) = Header::take(&bytes).map_err(|error| format!("frame {number}: {error}"))?;
        let access_unit_at = bytes.len() - access_unit.len();
        frames.push(Frame { header, codec, bytes, access_unit_at });
    }
    Ok(frames)
}

/// Takes `length` bytes off the front, if there are as many.
fn front(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

/// `header` as if its pictures had been captured now.
fn made_at(header: &Header, number: u64, now: MonoTime) -> Header {
    let mut header = header.clone();
    header.id.index = number;
    let now = SessionTime(now.0);
    header.composed = now;
    for tile in &mut header.tiles {
        tile.captured = Some(now);
    }
    header
}

/// One tile over the whole picture.
fn layout(header: &Header, canvas: SizePx) -> Option<Layout> {
    let whole = CanvasRect { x: 0, y: 0, size: canvas };
    let source = header.tiles.first()?.source;
    Some(Layout {
        epoch: header.layout,
        canvas,
        primary: source,
        tiles: vec![Tile {
            source,
            name: "file".into(),
            role: Role::Endoscope,
            tile: whole,
            picture: whole,
            image: Some(canvas),
            on_display: false,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::tests::header;
    use protocol::frame::Freshness;

    fn file(frames: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for access_unit in frames {
            let frame = header(Freshness::Live, Freshness::Live).prefix(Codec::H264, access_unit).unwrap();
            bytes.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
            bytes.extend(frame);
        }
        bytes
    }

    #[test]
    fn a_file_is_split_into_its_frames() {
        let frames = split(Bytes::from(file(&[b"one", b"second"]))).unwrap();
        let units: Vec<&[u8]> = frames.iter().map(|frame| &frame.bytes[frame.access_unit_at..]).collect();
        assert_eq!(units, [&b"one"[..], b"second"]);
    }

    #[test]
    fn a_file_that_is_cut_off_or_no_file_of_frames_is_refused_with_the_place() {
        let mut cut = file(&[b"one", b"second"]);
        cut.truncate(cut.len() - 1);
        assert_eq!(split(Bytes::from(cut)).unwrap_err(), "frame 1 is cut off");
        assert!(split(Bytes::from_static(b"\x05\0\0\0hello")).is_err());
        assert!(split(Bytes::from_static(b"abc")).is_err());
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let error = Recording::read(Path::new("/nowhere/a.frames")).err().unwrap().to_string();
        assert!(error.starts_with("--local /nowhere/a.frames"), "{error}");
    }
}
