//! A file that is open: gives the picture of any of its frames. Holds one frame at a time. What was judged of the file
//! when it was opened holds of every picture: once it is another file, or written to, it gives none any more.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use media::picture::Picture;

use super::image::{BurnedIn, Coding, Image, WANTED};
use super::pixels::Maker;
use super::timing::Timing;
use super::walk::{Piece, Pixels, walk};
use super::{Fault, jpeg};

/// Bytes of an encoded frame at most: more than twice what the largest detectors' frames take.
const MAX_ENCODED_BYTES: u64 = 64 * 1024 * 1024;
/// What every frame of JPEG begins with, and nothing within one: the marker SOI (ITU-T T.81 table B.1).
const START_OF_IMAGE: [u8; 2] = [0xff, 0xd8];

/// A file's frames.
pub struct Reel {
    file: File,
    location: PathBuf,
    /// Which file it is, as it was before anything of it was read.
    state: State,
    image: Image,
    frames: Frames,
    maker: Maker,
    encoded: Vec<u8>,
    samples: Vec<u8>,
    /// The frame made last.
    made: Option<(u32, Picture)>,
}

/// Device, number and length of a file, when its content was written, and when it was last changed in any way, in seconds
/// and nanoseconds: who copies a file may set back the one time, never the other.
type State = (u64, u64, u64, SystemTime, (i64, i64));

/// Where they lie.
enum Frames {
    /// One after the other from here.
    Native { at: u64 },
    /// The pieces of all, and with which each begins.
    Jpeg { pieces: Vec<Piece>, starts: Vec<usize> },
}

impl Reel {
    /// Opens the file at `location` and finds its frames.
    ///
    /// # Errors
    /// Why it cannot be played.
    pub fn open(location: &Path) -> Result<Self, Fault> {
        let file = File::open(location).map_err(Fault::Missing)?;
        let metadata = file.metadata().map_err(Fault::Missing)?;
        if !metadata.is_file() {
            return Err(Fault::Missing(io::Error::other("this is no file")));
        }
        let state = state(&metadata).map_err(Fault::Missing)?;
        let found = walk(&file, &WANTED)?;
        let image = Image::of(&found.values)?;
        let frames = match found.pixels.ok_or(Fault::NoImage("PixelData"))? {
            Pixels::Native(piece) => native(piece, &image)?,
            Pixels::Jpeg(pieces) => encoded(&file, pieces, &image)?,
        };
        let maker = Maker::new(&image);
        let (location, encoded, samples) = (location.into(), Vec::new(), Vec::new());
        Ok(Self { file, location, state, image, frames, maker, encoded, samples, made: None })
    }

    /// Where it was opened.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// How many frames there are, one at least.
    pub fn frames(&self) -> u32 {
        self.image.frames
    }

    /// When they follow each other.
    pub fn timing(&self) -> &Timing {
        &self.image.timing
    }

    /// What stands in its pixels, by its own word.
    pub fn burned_in(&self) -> BurnedIn {
        self.image.burned_in
    }

    /// The picture of frame `frame`.
    ///
    /// # Errors
    /// It cannot be read any more, is damaged, or is not what was opened.
    pub fn picture(&mut self, frame: u32) -> Result<Picture, Fault> {
        if let Some((_, picture)) = self.made.as_ref().filter(|(made, _)| *made == frame) {
            self.look()?;
            return Ok(picture.clone());
        }
        // What was made before is not needed while this one is made.
        self.made = None;
        let coding = self.read(frame);
        // Looked at after reading: whatever was written by then is known.
        self.look()?;
        let picture = self.maker.picture(&self.samples, coding?)?;
        Ok(self.made.insert((frame, picture)).1.clone())
    }

    /// Whether the file that stands at its place is still the one that was opened, and as it was then.
    fn look(&self) -> Result<(), Fault> {
        let is = fs::metadata(&self.location).and_then(|metadata| state(&metadata)).map_err(Fault::Missing)?;
        if is == self.state { Ok(()) } else { Err(Fault::Exchanged) }
    }

    /// Reads the samples of frame `frame`. How they lie.
    fn read(&mut self, frame: u32) -> Result<Coding, Fault> {
        match &self.frames {
            Frames::Native { at } => {
                let bytes = self.image.frame_bytes();
                self.samples.resize(usize::try_from(bytes).unwrap_or(0), 0);
                self.file.read_exact_at(&mut self.samples, at + u64::from(frame) * bytes).map_err(unread)?;
                Ok(self.image.coding)
            }
            Frames::Jpeg { pieces, starts } => {
                let (first, end) = (starts.get(frame as usize), starts.get(frame as usize + 1));
                let own = first.and_then(|first| pieces.get(*first..end.copied().unwrap_or(pieces.len())));
                self.encoded.clear();
                for piece in own.unwrap_or_default() {
                    let before = self.encoded.len();
                    if before as u64 + u64::from(piece.bytes) > MAX_ENCODED_BYTES {
                        return Err(Fault::Malformed(format!("a frame of JPEG has over {MAX_ENCODED_BYTES} bytes")));
                    }
                    self.encoded.resize(before + piece.bytes as usize, 0);
                    let room = self.encoded.get_mut(before..).unwrap_or_default();
                    self.file.read_exact_at(room, piece.at).map_err(unread)?;
                }
                jpeg::decode(&self.encoded, &self.image, &mut self.samples)
            }
        }
    }
}

fn state(metadata: &Metadata) -> io::Result<State> {
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok((metadata.dev(), metadata.ino(), metadata.len(), metadata.modified()?, changed))
}

fn native(piece: Piece, image: &Image) -> Result<Frames, Fault> {
    let (there, told) = (u64::from(piece.bytes) / image.frame_bytes().max(1), u64::from(image.frames));
    if there < told {
        return Err(Fault::Cut { what: "frames", there, told });
    }
    Ok(Frames::Native { at: piece.at })
}

/// Which pieces make which frame. Tables of offsets are optional and often wrong; the frames' own beginnings are not.
fn encoded(file: &File, pieces: Vec<Piece>, image: &Image) -> Result<Frames, Fault> {
    let mut starts = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut beginning = [0; 2];
        if piece.bytes >= 2 {
            file.read_exact_at(&mut beginning, piece.at).map_err(unread)?;
        }
        if beginning == START_OF_IMAGE {
            starts.push(index);
        }
    }
    let (there, told) = (starts.len() as u64, u64::from(image.frames));
    if there < told {
        return Err(Fault::Cut { what: "frames", there, told });
    }
    Ok(Frames::Jpeg { pieces, starts })
}

fn unread(error: io::Error) -> Fault {
    Fault::Malformed(format!("its pixels cannot be read: {error}"))
}
