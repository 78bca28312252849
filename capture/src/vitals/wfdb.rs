//! Recordings in the WFDB format, as PhysioNet publishes them: a header (WFDB Applications Guide, header(5)) that names
//! signals and their files, and samples in one of several packings (signal(5)). Records of several segments, with silence
//! between them, are read as one. Playing them is `replay`'s.

mod header;
mod names;
mod samples;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use header::Lines;
pub use header::Signal;
pub use names::{Form, Named};
pub use samples::Packing;

/// Bytes of a header at most; those of 12 leads with a page of comments have three thousand.
const MAX_HEADER_BYTES: u64 = 64 * 1024;
/// Bytes of a signal file at most: a day of four curves at 250 Hz.
const MAX_SIGNAL_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes of all files of a record at most: a segment may name a file again.
const MAX_RECORD_BYTES: u64 = 4 * MAX_SIGNAL_BYTES;
/// Segments of a record at most.
const MAX_SEGMENTS: usize = 1_000;

/// Why a record cannot be played.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct Error {
    /// The file.
    path: PathBuf,
    /// What is wrong with it, and how to mend it.
    fault: String,
}

/// A record, ready to be played.
#[derive(Debug)]
pub struct Record {
    /// Frames a second.
    frames_hz: f64,
    segments: Vec<Segment>,
    files: Files,
}

/// The files that a record was read from, as they were then.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<(PathBuf, Option<State>)>);

/// How long a file is, and when it was written.
type State = (u64, SystemTime);

impl Files {
    /// Whether they are all still as they were.
    ///
    /// # Errors
    /// The first that is not: it is gone, or another.
    pub fn look(&self) -> Result<(), Error> {
        let changed = |(path, was): &(PathBuf, Option<State>)| match state(path) {
            Ok(is) if Some(is) == *was => None,
            Ok(_) => Some(fault(path, "it is another than the one that plays".into())),
            Err(error) => Some(fault(path, error.to_string())),
        };
        self.0.iter().find_map(changed).map_or(Ok(()), Err)
    }

    /// The bytes of the file at `path`, which is one of them from now on.
    fn read(&mut self, path: &Path, most_bytes: u64) -> Result<Vec<u8>, Error> {
        self.0.push((path.into(), state(path).ok()));
        let lengths = self.0.iter().filter_map(|(_, state)| state.map(|(length, _)| length));
        if lengths.fold(0, u64::saturating_add) > MAX_RECORD_BYTES {
            let more = format!("with it the record has more than {MAX_RECORD_BYTES} bytes; play a part of it");
            return Err(fault(path, more));
        }
        read(path, most_bytes)
    }
}

fn state(path: &Path) -> io::Result<State> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.len(), metadata.modified()?))
}

/// A part of a record.
#[derive(Debug)]
struct Segment {
    frames: u64,
    signals: Vec<Channel>,
}

/// A signal that has a name here, with where its samples are.
#[derive(Debug)]
pub struct Channel {
    /// What it is.
    pub named: Named,
    /// How its numbers are to be read.
    pub signal: Signal,
    /// Samples in a frame of its file, of all signals there.
    in_frame: u64,
    /// How many of them come before this signal's.
    before: u64,
    file: std::sync::Arc<Vec<u8>>,
}

impl Record {
    /// The record at `path`, which may end in `.hea` or not.
    ///
    /// # Errors
    /// [`Error`]: a file is missing, too large, or no record.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut files = Files::default();
        let lines = lines(path, &mut files)?;
        let frames_hz = lines.frames_hz;
        let segments = match &lines.segments {
            None => vec![segment(path, lines, &mut files)?],
            Some(segments) if segments.len() > MAX_SEGMENTS => {
                return Err(fault(path, format!("it has more than {MAX_SEGMENTS} segments; play a part of it")));
            }
            Some(segments) => {
                let mut read = |(name, frames): &(String, u64)| -> Result<Segment, Error> {
                    if name == "~" {
                        return Ok(Segment { frames: *frames, signals: Vec::new() });
                    }
                    let path = path.with_file_name(name);
                    let lines = self::lines(&path, &mut files)?;
                    Ok(Segment { frames: *frames, ..segment(&path, lines, &mut files)? })
                };
                // The layout, a segment without samples, only names the signals of the others.
                segments.iter().filter(|(_, frames)| *frames > 0).map(&mut read).collect::<Result<_, Error>>()?
            }
        };
        let record = Self { frames_hz, segments, files };
        if record.frames() == 0 || record.segments.iter().all(|segment| segment.signals.is_empty()) {
            return Err(fault(path, "it holds no signal that has a name here; name another record".into()));
        }
        Ok(record)
    }

    /// What it was read from.
    pub fn files(&self) -> Files {
        self.files.clone()
    }

    /// Frames a second.
    pub fn frames_hz(&self) -> f64 {
        self.frames_hz
    }

    /// Frames from its beginning to its end.
    pub fn frames(&self) -> u64 {
        self.segments.iter().map(|segment| segment.frames).sum()
    }

    /// What lies between frames `from` and `to`: of each segment there its signals, the frame of the record at which they
    /// are asked for, and the frames of the segment.
    pub fn between(&self, from: u64, to: u64) -> impl Iterator<Item = (&[Channel], u64, std::ops::Range<u64>)> {
        let mut begins = 0;
        self.segments.iter().filter_map(move |segment| {
            let (start, end) = (from.max(begins), to.min(begins + segment.frames));
            let frames = start.saturating_sub(begins)..end.saturating_sub(begins);
            begins += segment.frames;
            (start < end).then_some((segment.signals.as_slice(), start, frames))
        })
    }
}

impl Channel {
    /// Sample `number` of frame `frame` of its segment; `None` where none was taken, or beyond the file.
    pub fn sample(&self, frame: u64, number: u64) -> Option<i32> {
        // A signal that was sampled later has its first samples further on in the file.
        let frame = frame.checked_add(self.signal.skew)?;
        let place = frame.checked_mul(self.in_frame)?.checked_add(self.before)?.checked_add(number)?;
        let bytes = self.file.get(usize::try_from(self.signal.offset_bytes).ok()?..)?;
        self.signal.packing.sample(bytes, usize::try_from(place).ok()?)
    }
}

/// A record of one segment.
fn segment(path: &Path, lines: Lines, files: &mut Files) -> Result<Segment, Error> {
    let mut signals = Vec::new();
    let (mut loaded, mut frames) = (Vec::<(String, std::sync::Arc<Vec<u8>>)>::new(), lines.frames);
    for (place, signal) in lines.signals.iter().enumerate() {
        let in_file = |other: &&Signal| other.file == signal.file;
        let in_frame: u64 = lines.signals.iter().filter(in_file).map(|other| other.samples_per_frame).sum();
        let before = lines.signals.iter().take(place).filter(in_file).map(|other| other.samples_per_frame).sum();
        let numbers_hz = lines.frames_hz * signal.samples_per_frame as f64;
        let Some(named) = names::named(&signal.description, &signal.unit, numbers_hz) else { continue };
        let file = match loaded.iter().find(|(name, _)| *name == signal.file) {
            Some((_, file)) => std::sync::Arc::clone(file),
            None => {
                let beside = path.with_file_name(&signal.file);
                let file = std::sync::Arc::new(files.read(&beside, MAX_SIGNAL_BYTES)?);
                loaded.push((signal.file.clone(), std::sync::Arc::clone(&file)));
                file
            }
        };
        let bytes = (file.len() as u64).saturating_sub(signal.offset_bytes);
        let there = signal.packing.samples(bytes) / in_frame.max(1);
        // A header need not tell how long a record is; a file may hold less than it tells.
        frames = Some(frames.map_or(there, |told| told.min(there)));
        signals.push(Channel { named, signal: signal.clone(), in_frame, before, file });
    }
    signals.sort_by_key(|channel| vitals::terms::rank(channel.named.term));
    Ok(Segment { frames: frames.unwrap_or(0), signals })
}

fn lines(path: &Path, files: &mut Files) -> Result<Lines, Error> {
    let path = match path.extension() {
        Some(extension) if extension == "hea" => path.to_owned(),
        _ => {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".hea");
            path.with_file_name(name)
        }
    };
    let bytes = files.read(&path, MAX_HEADER_BYTES)?;
    header::read(&String::from_utf8_lossy(&bytes)).map_err(|what| fault(&path, what))
}

fn read(path: &Path, most_bytes: u64) -> Result<Vec<u8>, Error> {
    let file =
        File::open(path).map_err(|error| fault(path, format!("{error}; put the file there or mend the name")))?;
    let mut bytes = Vec::new();
    file.take(most_bytes + 1).read_to_end(&mut bytes).map_err(|error| fault(path, error.to_string()))?;
    if bytes.len() as u64 > most_bytes {
        return Err(fault(path, format!("it has more than {most_bytes} bytes; play a part of it")));
    }
    Ok(bytes)
}

fn fault(path: &Path, fault: String) -> Error {
    Error { path: path.into(), fault }
}

#[cfg(test)]
mod tests;
