//! Walks through a file, element by element, and notes the values of a few attributes and where the pixels lie. Nothing
//! is read by a length that the file only claims: values are short, pixels stay in the file, nesting is bounded. So the
//! walk costs little memory whatever the file says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};

use dicom_core::Tag;
use dicom_parser::StatefulDecode;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex, TransferSyntaxRegistry};

use super::Fault;
use super::image::MAX_FRAMES;

/// Transfer syntaxes that are played, by their UIDs (PS3.6 table A-1).
const IMPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";
const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";

static SYNTAXES: TransferSyntaxRegistry = TransferSyntaxRegistry;

const TRANSFER_SYNTAX_UID: Tag = Tag(0x0002, 0x0010);
const PIXEL_DATA: Tag = Tag(0x7fe0, 0x0010);

/// The file's own preamble and mark (PS3.10 section 7.1), and the element that tells how long group 2 is.
const HEAD_BYTES: usize = 128 + 4 + 12;
/// Bytes of group 2 at most: it holds ten short names; some makers add a page of their own.
const MAX_META_BYTES: u32 = 64 * 1024;
/// Bytes of a value that is kept: the times of [`MAX_FRAMES`] frames as text.
const MAX_VALUE_BYTES: u32 = 16 * MAX_FRAMES;
/// Sequences within sequences. Those of an X-ray image reach six; each level costs memory for as long as it is open.
const MAX_DEPTH: usize = 32;
/// Pieces of encoded pixels. Makers write one a frame; those that cut frames write a few.
const MAX_FRAGMENTS: usize = 16 * MAX_FRAMES as usize;

/// What a file holds.
#[derive(Debug)]
pub struct Found {
    /// The values of the attributes asked for, as they stand in the file, little endian.
    pub values: BTreeMap<Tag, Vec<u8>>,
    /// Where its pixels lie; `None` if it has none.
    pub pixels: Option<Pixels>,
}

/// Where pixels lie in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Pixels {
    /// Uncompressed, one frame right after the other.
    Native(Piece),
    /// JPEG Baseline, in the order of the file. A frame may be cut into several.
    Jpeg(Vec<Piece>),
}

/// Bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where they begin, from the file's beginning.
    pub at: u64,
    /// How many they are.
    pub bytes: u32,
}

/// Walks through `file` from its beginning, noting the values of the `wanted` attributes at its top level.
///
/// # Errors
/// Why it is no file that can be played.
pub fn walk(file: &File, wanted: &[Tag]) -> Result<Found, Fault> {
    let length = file.metadata().map_err(Fault::Missing)?.len();
    if length == 0 {
        return Err(Fault::Empty);
    }
    let mut reader = BufReader::new(file.try_clone().map_err(Fault::Missing)?);
    reader.rewind().map_err(Fault::Missing)?;
    let meta = meta(&mut reader)?;
    let syntax = syntax(meta)?;
    let mut walk = Walk::new(wanted, length);
    walk.through(reader, syntax)?;
    let is_jpeg = walk.found.pixels.as_ref().is_some_and(|pixels| matches!(pixels, Pixels::Jpeg(_)));
    if walk.found.pixels.is_some() && is_jpeg != (syntax.uid() == JPEG_BASELINE) {
        return Err(Fault::Malformed(format!("its pixels are not coded as it tells ({})", syntax.name())));
    }
    Ok(walk.found)
}

/// Group 2, which is always explicit little endian.
fn meta(reader: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let mut head = [0; HEAD_BYTES];
    reader.read_exact(&mut head).map_err(|_| Fault::Foreign("it is too short"))?;
    let Some(rest) = head.get(128..).and_then(|rest| rest.strip_prefix(b"DICM")) else {
        return Err(Fault::Foreign("the mark DICM is missing"));
    };
    // (0002,0000) UL of 4 bytes: how many follow.
    let Some(length) = rest.strip_prefix(b"\x02\0\0\0UL\x04\0").and_then(|rest| rest.first_chunk()) else {
        return Err(Fault::Foreign("the length of its meta information is missing"));
    };
    let length = u32::from_le_bytes(*length);
    if length > MAX_META_BYTES {
        return Err(Fault::Malformed(format!("{length} bytes of meta information are beyond all reason")));
    }
    let mut meta = Vec::new();
    let read = reader.take(length.into()).read_to_end(&mut meta).map_err(Fault::Missing)?;
    if read < length as usize {
        return Err(Fault::Cut { what: "bytes of meta information", there: read as u64, told: length.into() });
    }
    Ok(meta)
}

/// How the file is coded, by its meta information.
fn syntax(meta: Vec<u8>) -> Result<&'static TransferSyntax, Fault> {
    let explicit = known(EXPLICIT_LITTLE_ENDIAN)?;
    let mut walk = Walk::new(&[TRANSFER_SYNTAX_UID], meta.len() as u64);
    walk.through(Cursor::new(meta), explicit)?;
    let value = walk.found.values.remove(&TRANSFER_SYNTAX_UID).unwrap_or_default();
    let uid = String::from_utf8_lossy(&value);
    let uid = uid.trim_end_matches(['\0', ' ']);
    match uid {
        IMPLICIT_LITTLE_ENDIAN | EXPLICIT_LITTLE_ENDIAN | JPEG_BASELINE => known(uid),
        "" => Err(Fault::Malformed("it does not tell its transfer syntax (0002,0010)".into())),
        _ => {
            let name = SYNTAXES.get(uid).map_or("an unknown transfer syntax", |syntax| syntax.name());
            // The file may write anything here; a UID has digits and points.
            let uid: String = uid.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').take(64).collect();
            Err(Fault::Syntax(format!("{name} ({uid})")))
        }
    }
}

fn known(uid: &str) -> Result<&'static TransferSyntax, Fault> {
    SYNTAXES.get(uid).ok_or_else(|| Fault::Syntax(uid.to_owned()))
}

/// A walk under way.
struct Walk<'a> {
    wanted: &'a [Tag],
    length: u64,
    found: Found,
    /// Sequences and items that are open.
    depth: usize,
    /// Items of the pixel sequence so far, its table of offsets among them; `None` outside.
    items: Option<usize>,
}

/// Whether anything that matters may follow.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    More,
    Done,
}

impl<'a> Walk<'a> {
    fn new(wanted: &'a [Tag], length: u64) -> Self {
        let found = Found { values: BTreeMap::new(), pixels: None };
        Self { wanted, length, found, depth: 0, items: None }
    }

    fn through<S: Read + Seek + 'static>(&mut self, source: S, syntax: &TransferSyntax) -> Result<(), Fault> {
        let mut reader = LazyDataSetReader::new_with_ts(source, syntax).map_err(malformed)?;
        while let Some(token) = reader.advance() {
            if self.token(token.map_err(malformed)?)? == Next::Done {
                break;
            }
        }
        Ok(())
    }

    fn token<D: StatefulDecode>(&mut self, token: LazyDataToken<D>) -> Result<Next, Fault> {
        match token {
            LazyDataToken::ElementHeader(_) => {}
            LazyDataToken::SequenceStart { .. } => self.enter()?,
            LazyDataToken::ItemStart { .. } => {
                self.items = self.items.map(|items| items + 1);
                self.enter()?;
            }
            LazyDataToken::PixelSequenceStart => {
                if self.depth == 0 {
                    self.items = Some(0);
                    self.found.pixels = Some(Pixels::Jpeg(Vec::new()));
                }
                self.enter()?;
            }
            LazyDataToken::ItemEnd => {
                self.leave()?;
                if self.depth == 0 {
                    // The reader would take what follows for an item of a sequence that was never opened.
                    return Err(Fault::Malformed("an item ends that never began".into()));
                }
            }
            LazyDataToken::SequenceEnd => {
                self.leave()?;
                if self.depth == 0 && self.items.is_some() {
                    return Ok(Next::Done);
                }
            }
            LazyDataToken::LazyValue { header, mut decoder } => {
                let piece = self.piece(decoder.position(), header.len.get().unwrap_or(0))?;
                if self.depth == 0 && header.tag == PIXEL_DATA {
                    self.found.pixels = Some(Pixels::Native(piece));
                    return Ok(Next::Done);
                }
                self.value(header.tag, piece, &mut decoder)?;
            }
            LazyDataToken::LazyItemValue { len, mut decoder } => {
                let piece = self.piece(decoder.position(), len)?;
                self.fragment(piece)?;
                decoder.skip_bytes(len).map_err(malformed)?;
            }
            _ => {}
        }
        Ok(Next::More)
    }

    fn value<D: StatefulDecode>(&mut self, tag: Tag, piece: Piece, decoder: &mut D) -> Result<(), Fault> {
        if self.depth > 0 || !self.wanted.contains(&tag) {
            return decoder.skip_bytes(piece.bytes).map_err(malformed);
        }
        if piece.bytes > MAX_VALUE_BYTES {
            return Err(Fault::Malformed(format!("the value of {tag} has {} bytes", piece.bytes)));
        }
        let mut value = Vec::new();
        decoder.read_to_vec(piece.bytes, &mut value).map_err(malformed)?;
        self.found.values.insert(tag, value);
        Ok(())
    }

    /// A piece of encoded pixels; the first item is the table of offsets.
    fn fragment(&mut self, piece: Piece) -> Result<(), Fault> {
        let (Some(Pixels::Jpeg(pieces)), Some(2..)) = (&mut self.found.pixels, self.items) else { return Ok(()) };
        if pieces.len() == MAX_FRAGMENTS {
            return Err(Fault::Malformed(format!("its pixels are cut into more than {MAX_FRAGMENTS} pieces")));
        }
        pieces.push(piece);
        Ok(())
    }

    /// The bytes at `at`, if the file is so long.
    fn piece(&self, at: u64, bytes: u32) -> Result<Piece, Fault> {
        let there = self.length.saturating_sub(at);
        if there < u64::from(bytes) {
            return Err(Fault::Cut { what: "bytes of a value", there, told: bytes.into() });
        }
        Ok(Piece { at, bytes })
    }

    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::Malformed(format!("more than {MAX_DEPTH} sequences lie in each other")));
        }
        self.depth += 1;
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let outer = self.depth.checked_sub(1);
        self.depth = outer.ok_or_else(|| Fault::Malformed("a sequence ends that never began".into()))?;
        Ok(())
    }
}

fn malformed(error: impl std::error::Error) -> Fault {
    Fault::Malformed(error.to_string())
}
