//! The fixed little-endian header in front of every shared picture. Reading it is strict: anything may come.

use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

/// Bytes of a header: one cache line, so that the planes behind it stay aligned.
pub const BYTES: usize = 64;
/// First bytes of every header.
const MAGIC: [u8; 4] = *b"ORpx";
/// Version of header and planes. Programs of one installation have the same; the check is for half an upgrade.
const VERSION: u16 = 1;
/// Largest side of a shared picture: 8K, beyond every camera of the field.
pub const MAX_SIDE_PX: u16 = 8192;

/// What a block says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Counts the writer's pictures from 0, those that nobody took among them.
    pub sequence: u64,
    /// When the picture was captured.
    pub captured: MonoTime,
    /// Its size.
    pub size: SizePx,
    /// Its matrix and range.
    pub colour: Colour,
}

/// Why a block is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Fewer bytes than a header.
    #[error("a block of {0} bytes is too short for a header of {BYTES}")]
    Short(usize),
    /// It does not begin like a header.
    #[error("a block does not begin with the mark of a shared picture")]
    Magic,
    /// Another version of the form.
    #[error("a block has version {0}, expected {VERSION}; install the same version of or-display and capture-node")]
    Version(u16),
    /// A size without pixels, or beyond all reason.
    #[error("a block tells a picture of {}x{} pixels; sides must be 1 to {MAX_SIDE_PX}", .0.width, .0.height)]
    Size(SizePx),
    /// Matrix or range is none that exists.
    #[error("a block tells matrix {matrix} and range {range}, which do not exist")]
    Colour {
        /// The matrix's code.
        matrix: u8,
        /// The range's code.
        range: u8,
    },
    /// The planes are longer or shorter than the header tells.
    #[error("a block has {found} bytes of planes, its header tells {expected}")]
    Planes {
        /// What a picture of that size needs.
        expected: usize,
        /// What came.
        found: usize,
    },
}

impl Header {
    /// The header's bytes: magic 4, version 2, width 2, height 2, matrix 1, range 1, zero 4, sequence 8, captured
    /// microseconds 8, zeros.
    pub fn to_bytes(self) -> [u8; BYTES] {
        let matrix = match self.colour.matrix {
            Matrix::Bt709 => 1,
            Matrix::Bt601 => 6,
        };
        let range = match self.colour.range {
            Range::Limited => 0,
            Range::Full => 1,
        };
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.size.width.to_le_bytes(),
            &self.size.height.to_le_bytes(),
            &[matrix, range],
            &[0; 4],
            &self.sequence.to_le_bytes(),
            &self.captured.0.to_le_bytes(),
        ];
        let mut bytes = [0; BYTES];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// The header at the start of `block`, whose planes it does not check; see [`Header::check_planes`].
    ///
    /// # Errors
    /// Everything a block may have wrong.
    pub fn parse(block: &[u8]) -> Result<Self, Fault> {
        let Some(header) = block.first_chunk::<BYTES>() else {
            return Err(Fault::Short(block.len()));
        };
        let mut fields = Fields(header);
        if fields.take() != MAGIC {
            return Err(Fault::Magic);
        }
        let version = u16::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(Fault::Version(version));
        }
        let size = SizePx { width: u16::from_le_bytes(fields.take()), height: u16::from_le_bytes(fields.take()) };
        let sides = 1..=MAX_SIDE_PX;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(Fault::Size(size));
        }
        let [matrix, range] = fields.take();
        let colour = colour(matrix, range).ok_or(Fault::Colour { matrix, range })?;
        let [_, _, _, _] = fields.take();
        Ok(Self {
            sequence: u64::from_le_bytes(fields.take()),
            captured: MonoTime(u64::from_le_bytes(fields.take())),
            size,
            colour,
        })
    }

    /// Whether `found` bytes of planes are what a picture needs that takes `expected`.
    ///
    /// # Errors
    /// [`Fault::Planes`] if not.
    pub fn check_planes(expected: usize, found: usize) -> Result<(), Fault> {
        if found == expected { Ok(()) } else { Err(Fault::Planes { expected, found }) }
    }
}

/// Matrix as ITU-T H.273 numbers it, range as its `VideoFullRangeFlag`.
fn colour(matrix: u8, range: u8) -> Option<Colour> {
    let matrix = match matrix {
        1 => Matrix::Bt709,
        6 => Matrix::Bt601,
        _ => return None,
    };
    let range = match range {
        0 => Range::Limited,
        1 => Range::Full,
        _ => return None,
    };
    Some(Colour { matrix, range })
}

/// Takes fields off the front; a field that is not there reads as zeros, which [`BYTES`] rules out.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        let matrix = prop_oneof![Just(Matrix::Bt601), Just(Matrix::Bt709)];
        let range = prop_oneof![Just(Range::Limited), Just(Range::Full)];
        (any::<u64>(), any::<u64>(), 1..=MAX_SIDE_PX, 1..=MAX_SIDE_PX, matrix, range).prop_map(
            |(sequence, captured, width, height, matrix, range)| Header {
                sequence,
                captured: MonoTime(captured),
                size: SizePx { width, height },
                colour: Colour { matrix, range },
            },
        )
    }

    proptest! {
        #[test]
        fn every_header_is_read_as_it_was_written(header in header()) {
            prop_assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert!((1..=MAX_SIDE_PX).contains(&header.size.width));
            }
        }

        #[test]
        fn a_header_with_one_byte_changed_never_tells_an_impossible_picture(
            header in header(), place in 0..BYTES, value in any::<u8>()
        ) {
            let mut bytes = header.to_bytes();
            bytes[place] = value;
            if let Ok(read) = Header::parse(&bytes) {
                prop_assert!((1..=MAX_SIDE_PX).contains(&read.size.width) && (1..=MAX_SIDE_PX).contains(&read.size.height));
            }
        }
    }

    #[test]
    fn a_cut_block_a_foreign_block_and_another_version_are_told_apart() {
        let header = Header {
            sequence: 1,
            captured: MonoTime(2),
            size: SizePx { width: 4, height: 2 },
            colour: Colour::default(),
        };
        let good = header.to_bytes();
        assert_eq!(Header::parse(&good[..63]), Err(Fault::Short(63)));
        let mut foreign = good;
        foreign[0] = b'X';
        assert_eq!(Header::parse(&foreign), Err(Fault::Magic));
        let mut newer = good;
        newer[4] = 2;
        assert_eq!(Header::parse(&newer), Err(Fault::Version(2)));
        assert_eq!(Header::check_planes(12, 11), Err(Fault::Planes { expected: 12, found: 11 }));
    }
}
