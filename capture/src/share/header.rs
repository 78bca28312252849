//! The fixed little-endian header in front of every shared picture. Reading it is strict: anything may come.

use gstreamer_video::{VideoChromaSite, VideoColorMatrix, VideoColorPrimaries, VideoColorRange};
use gstreamer_video::{VideoColorimetry, VideoFormat, VideoInfo, VideoTransferFunction};
use media::component;
use protocol::time::MonoTime;

/// Bytes of a header: one cache line, so that the planes behind it stay aligned.
pub const BYTES: usize = 64;
/// First bytes of every header.
const MAGIC: [u8; 4] = *b"ORpx";
/// Version of header and planes. Programs of one installation have the same; the check is for half an upgrade.
const VERSION: u16 = 2;
/// Largest side of a shared picture: 8K, beyond every camera of the field.
pub const MAX_SIDE_PX: u16 = 8192;

/// Bytes for the name of a format.
const NAME_BYTES: usize = 16;

/// What a block says of its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Counts the writer's pictures from 0, those that nobody took among them.
    pub sequence: u64,
    /// When the picture was captured.
    pub captured: MonoTime,
    /// Its size, format and colour; its planes lie as GStreamer lays them out by default.
    pub info: VideoInfo,
}

/// Why a block is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    #[error("a block tells a picture of {0}x{1} pixels; sides must be 1 to {MAX_SIDE_PX}")]
    Size(u16, u16),
    /// The format is none that exists, or none with one byte a component.
    #[error("a block tells the format `{0}`, which pictures cannot have here")]
    Format(String),
    /// The colorimetry is none that exists.
    #[error("a block tells colour by the codes {0:?} (range, matrix, transfer, primaries), which do not exist")]
    Colour([u8; 4]),
    /// The size is none that the format can have.
    #[error("a block tells a picture of {0}x{1} pixels, which its format cannot have")]
    Layout(u16, u16),
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
    /// The header's bytes: magic 4, version 2, width 2, height 2, chroma site 1, zero 1, colour 4, sequence 8, captured
    /// microseconds 8, format 16, zeros. Format and chroma site are GStreamer's; for colour see [`colour`].
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let side = |px: u32| u16::try_from(px).unwrap_or(0).to_le_bytes();
        let site = u8::try_from(self.info.chroma_site().bits()).unwrap_or(0);
        let fields: [(&[u8], usize); 9] = [
            (&MAGIC, 4),
            (&VERSION.to_le_bytes(), 2),
            (&side(self.info.width()), 2),
            (&side(self.info.height()), 2),
            (&[site, 0], 2),
            (&codes(&self.info.colorimetry()), 4),
            (&self.sequence.to_le_bytes(), 8),
            (&self.captured.0.to_le_bytes(), 8),
            (self.info.format().to_str().as_bytes(), NAME_BYTES),
        ];
        let mut bytes = [0; BYTES];
        let padded = fields.into_iter().flat_map(|(field, length)| field.iter().chain(&[0; NAME_BYTES]).take(length));
        for (to, from) in bytes.iter_mut().zip(padded) {
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
        let (width, height) = (u16::from_le_bytes(fields.take()), u16::from_le_bytes(fields.take()));
        let sides = 1..=MAX_SIDE_PX;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(Fault::Size(width, height));
        }
        let [site, _] = fields.take();
        let colour = colour(fields.take())?;
        let sequence = u64::from_le_bytes(fields.take());
        let captured = MonoTime(u64::from_le_bytes(fields.take()));
        let format = format(fields.take())?;
        let site = VideoChromaSite::from_bits_truncate(site.into());
        let info = VideoInfo::builder(format, width.into(), height.into()).colorimetry(&colour).chroma_site(site);
        let info = info.build().map_err(|_| Fault::Layout(width, height))?;
        if !component::has_bytes(&info) {
            return Err(Fault::Format(format.to_str().to_string()));
        }
        Ok(Self { sequence, captured, info })
    }

    /// Whether `found` bytes of planes are what the picture needs.
    ///
    /// # Errors
    /// [`Fault::Planes`] if not.
    pub fn check_planes(&self, found: usize) -> Result<(), Fault> {
        let expected = self.info.size();
        if found == expected { Ok(()) } else { Err(Fault::Planes { expected, found }) }
    }
}

fn format(name: [u8; NAME_BYTES]) -> Result<VideoFormat, Fault> {
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    match VideoFormat::from_string(&name) {
        VideoFormat::Unknown | VideoFormat::Encoded => Err(Fault::Format(name.into_owned())),
        format => Ok(format),
    }
}

/// Range (0 limited, 1 full, 2 not told), then matrix, transfer and primaries as ITU-T H.273 numbers them.
fn codes(colour: &VideoColorimetry) -> [u8; 4] {
    /// "Unspecified" of all three.
    const NOT_TOLD: u8 = 2;
    let range = match colour.range() {
        VideoColorRange::Range16_235 => 0,
        VideoColorRange::Range0_255 => 1,
        _ => NOT_TOLD,
    };
    let h273 = |code: u32| u8::try_from(code).unwrap_or(NOT_TOLD);
    let (matrix, transfer) = (colour.matrix().to_iso(), colour.transfer().to_iso());
    [range, h273(matrix), h273(transfer), h273(colour.primaries().to_iso())]
}

/// The colour of these [`codes`].
fn colour(told: [u8; 4]) -> Result<VideoColorimetry, Fault> {
    let [range, matrix, transfer, primaries] = told;
    let range = match range {
        0 => VideoColorRange::Range16_235,
        1 => VideoColorRange::Range0_255,
        _ => VideoColorRange::Unknown,
    };
    let colour = VideoColorimetry::new(
        range,
        VideoColorMatrix::from_iso(matrix.into()),
        VideoTransferFunction::from_iso(transfer.into()),
        VideoColorPrimaries::from_iso(primaries.into()),
    );
    // What GStreamer does not know it takes for unspecified.
    if codes(&colour) == told { Ok(colour) } else { Err(Fault::Colour(told)) }
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

    const FORMATS: [VideoFormat; 8] = [
        VideoFormat::I420,
        VideoFormat::Nv12,
        VideoFormat::Y42b,
        VideoFormat::Uyvy,
        VideoFormat::V308,
        VideoFormat::Gray8,
        VideoFormat::Bgrx,
        VideoFormat::Gbr,
    ];

    fn info(format: VideoFormat, width: u16, height: u16) -> VideoInfo {
        media::init().unwrap();
        VideoInfo::builder(format, width.into(), height.into()).build().unwrap()
    }

    fn header() -> impl Strategy<Value = Header> {
        let (sides, formats) = (1..=MAX_SIDE_PX, proptest::sample::select(FORMATS.to_vec()));
        let colours = proptest::sample::select(vec!["bt601", "bt709", "sRGB", "bt2020", "1:4:7:1"]);
        (any::<u64>(), any::<u64>(), sides.clone(), sides, formats, colours).prop_map(
            |(sequence, captured, width, height, format, colour)| {
                let plain = info(format, width, height);
                let info = VideoInfo::builder_from_info(&plain).colorimetry(&colour.parse().unwrap());
                let info = info.chroma_site(VideoChromaSite::H_COSITED).build().unwrap();
                Header { sequence, captured: MonoTime(captured), info }
            },
        )
    }

    fn is_possible(info: &VideoInfo) -> bool {
        let sides = 1..=u32::from(MAX_SIDE_PX);
        sides.contains(&info.width()) && sides.contains(&info.height()) && component::has_bytes(info)
    }

    proptest! {
        #[test]
        fn every_header_is_read_as_it_was_written(header in header()) {
            prop_assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            media::init().unwrap();
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert!(is_possible(&header.info));
            }
        }

        #[test]
        fn a_header_with_one_byte_changed_never_tells_an_impossible_picture(
            header in header(), place in 0..BYTES, value in any::<u8>()
        ) {
            let mut bytes = header.to_bytes();
            bytes[place] = value;
            if let Ok(read) = Header::parse(&bytes) {
                prop_assert!(is_possible(&read.info));
            }
        }
    }

    #[test]
    fn a_cut_block_a_foreign_block_and_another_version_are_told_apart() {
        let header = Header { sequence: 1, captured: MonoTime(2), info: info(VideoFormat::I420, 4, 2) };
        let good = header.to_bytes();
        assert_eq!(Header::parse(&good[..63]), Err(Fault::Short(63)));
        let mut foreign = good;
        foreign[0] = b'X';
        assert_eq!(Header::parse(&foreign), Err(Fault::Magic));
        let mut newer = good;
        newer[4] = 3;
        assert_eq!(Header::parse(&newer), Err(Fault::Version(3)));
        assert_eq!(header.check_planes(15), Err(Fault::Planes { expected: 16, found: 15 }));
    }

    #[test]
    fn formats_and_colours_that_pictures_cannot_have_are_named() {
        let told = |format: VideoFormat| {
            Header::parse(&Header { sequence: 1, captured: MonoTime(2), info: info(format, 4, 2) }.to_bytes())
        };
        assert_eq!(told(VideoFormat::P01010le).unwrap_err(), Fault::Format("P010_10LE".into()));
        let mut bytes = told(VideoFormat::Uyvy).unwrap().to_bytes();
        bytes[13] = 99;
        assert!(matches!(Header::parse(&bytes), Err(Fault::Colour([_, 99, ..]))));
        bytes[13] = 1;
        bytes[32] = b'x';
        assert_eq!(Header::parse(&bytes), Err(Fault::Format("xYVY".into())));
    }
}
