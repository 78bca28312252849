//! What a file tells of its picture: size, samples, colours, frames, times, window. Everything is checked here, so that
//! whoever makes pictures of it need not doubt it.

use std::collections::BTreeMap;

use dicom_core::Tag;
use protocol::geometry::SizePx;

use super::Fault;
use super::timing::Timing;
use super::window::{Curve, Grey, Stored, Window};

/// Frames at most: ten minutes at 30 a second, where runs last seconds.
pub const MAX_FRAMES: u32 = 18_000;
/// Largest side: detectors have up to 4,000.
const MAX_SIDE_PX: u16 = 8_192;

const FRAME_RATE: Tag = Tag(0x0008, 0x2144);
const CINE_RATE: Tag = Tag(0x0018, 0x0040);
const FRAME_TIME: Tag = Tag(0x0018, 0x1063);
const FRAME_TIMES: Tag = Tag(0x0018, 0x1065);
const SAMPLES: Tag = Tag(0x0028, 0x0002);
const PHOTOMETRIC: Tag = Tag(0x0028, 0x0004);
const PLANAR: Tag = Tag(0x0028, 0x0006);
const FRAMES: Tag = Tag(0x0028, 0x0008);
const ROWS: Tag = Tag(0x0028, 0x0010);
const COLUMNS: Tag = Tag(0x0028, 0x0011);
const ALLOCATED: Tag = Tag(0x0028, 0x0100);
const STORED: Tag = Tag(0x0028, 0x0101);
const HIGH_BIT: Tag = Tag(0x0028, 0x0102);
const SIGNED: Tag = Tag(0x0028, 0x0103);
const BURNED_IN: Tag = Tag(0x0028, 0x0301);
const CENTER: Tag = Tag(0x0028, 0x1050);
const WIDTH: Tag = Tag(0x0028, 0x1051);
const INTERCEPT: Tag = Tag(0x0028, 0x1052);
const SLOPE: Tag = Tag(0x0028, 0x1053);
const FUNCTION: Tag = Tag(0x0028, 0x1056);

/// The attributes that [`Image::of`] reads.
pub const WANTED: [Tag; 20] = [
    FRAME_RATE,
    CINE_RATE,
    FRAME_TIME,
    FRAME_TIMES,
    SAMPLES,
    PHOTOMETRIC,
    PLANAR,
    FRAMES,
    ROWS,
    COLUMNS,
    ALLOCATED,
    STORED,
    HIGH_BIT,
    SIGNED,
    BURNED_IN,
    CENTER,
    WIDTH,
    INTERCEPT,
    SLOPE,
    FUNCTION,
];

/// Whether names, dates and the like stand in the pixels, by the file's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BurnedIn {
    /// They do.
    Yes,
    /// They do not.
    No,
    /// The file does not say.
    Untold,
}

/// How the bytes of a frame become samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// One sample a pixel, in one byte.
    Grey8,
    /// One sample a pixel, in two bytes, little endian.
    Grey16,
    /// Red, green and blue.
    Rgb(Order),
    /// Luma and colour differences of the full range, as JPEG has them.
    Ybr(Order),
    /// The same with colour for every second pixel: two lumas, then their colour.
    Ybr422,
}

/// In which order three samples of a pixel lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Pixel by pixel.
    Interleaved,
    /// The first sample of all pixels, then the second of all.
    Planes,
}

/// What a file tells of its picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Width and height.
    pub size: SizePx,
    /// How many frames it tells, one at least.
    pub frames: u32,
    /// How a frame's bytes are to be read.
    pub coding: Coding,
    /// How its greys are shown.
    pub grey: Grey,
    /// When its frames follow each other.
    pub timing: Timing,
    /// What stands in its pixels.
    pub burned_in: BurnedIn,
}

impl Image {
    /// What these values tell.
    ///
    /// # Errors
    /// The first attribute that is missing or cannot be played.
    pub fn of(values: &BTreeMap<Tag, Vec<u8>>) -> Result<Self, Fault> {
        let values = Values(values);
        let side = |tag, attribute| {
            let px = values.number(tag).ok_or(Fault::NoImage(attribute))?;
            let wanted = "1 to 8192 are played";
            (1..=MAX_SIDE_PX).contains(&px).then_some(px).ok_or_else(|| refused(attribute, px, wanted))
        };
        let size = SizePx { height: side(ROWS, "Rows")?, width: side(COLUMNS, "Columns")? };
        let frames = values.decimals(FRAMES).first().copied().unwrap_or(1.0);
        if !(1.0..=f64::from(MAX_FRAMES)).contains(&frames) {
            return Err(refused("NumberOfFrames", frames, "1 to 18000 are played"));
        }
        let photometric = values.text(PHOTOMETRIC).ok_or(Fault::NoImage("PhotometricInterpretation"))?;
        let coding = coding(&values, &photometric)?;
        let frames = frames as u32;
        Ok(Self {
            size,
            frames,
            coding,
            grey: Grey { stored: stored(&values)?, curve: curve(&values, &photometric) },
            timing: timing(&values, frames),
            burned_in: burned_in(&values),
        })
    }

    /// Bytes of an uncompressed frame.
    pub fn frame_bytes(&self) -> u64 {
        let pixels = u64::from(self.size.width) * u64::from(self.size.height);
        match self.coding {
            Coding::Grey8 => pixels,
            Coding::Grey16 | Coding::Ybr422 => 2 * pixels,
            Coding::Rgb(_) | Coding::Ybr(_) => 3 * pixels,
        }
    }
}

fn coding(values: &Values, photometric: &str) -> Result<Coding, Fault> {
    let (samples, allocated) = (values.number(SAMPLES).unwrap_or(1), values.number(ALLOCATED).unwrap_or(8));
    let order = if values.number(PLANAR) == Some(1) { Order::Planes } else { Order::Interleaved };
    match (photometric, samples, allocated) {
        ("MONOCHROME1" | "MONOCHROME2", 1, 8) => Ok(Coding::Grey8),
        ("MONOCHROME1" | "MONOCHROME2", 1, 16) => Ok(Coding::Grey16),
        ("RGB", 3, 8) => Ok(Coding::Rgb(order)),
        ("YBR_FULL", 3, 8) => Ok(Coding::Ybr(order)),
        ("YBR_FULL_422", 3, 8) => Ok(Coding::Ybr422),
        ("MONOCHROME1" | "MONOCHROME2" | "RGB" | "YBR_FULL" | "YBR_FULL_422", ..) => {
            let value = format!("{allocated} with {samples} samples a pixel");
            Err(refused("BitsAllocated", value, "8 or 16 with one sample and 8 with three are played"))
        }
        _ => {
            let wanted = "MONOCHROME1, MONOCHROME2, RGB, YBR_FULL and YBR_FULL_422 are played; convert it, for instance \
                          with `gdcmconv --raw --apply-lut`";
            Err(refused("PhotometricInterpretation", photometric, wanted))
        }
    }
}

/// Where a sample's bits lie in its bytes.
fn stored(values: &Values) -> Result<Stored, Fault> {
    let allocated = values.number(ALLOCATED).unwrap_or(8);
    let bits = values.number(STORED).unwrap_or(allocated);
    let high = values.number(HIGH_BIT).unwrap_or(bits.saturating_sub(1));
    if !(1..=allocated).contains(&bits) || !(bits - 1..allocated).contains(&high) {
        let value = format!("{bits} with HighBit {high}");
        return Err(refused("BitsStored", value, "they must lie within BitsAllocated"));
    }
    // Both are at most 16 here.
    let (bits, shift) = (u32::from(bits.min(16)), u32::from((high + 1 - bits).min(15)));
    Ok(Stored { bits, shift, signed: values.number(SIGNED) == Some(1) })
}

/// How stored values become greys (PS3.3 C.11.1 and C.11.2).
fn curve(values: &Values, photometric: &str) -> Curve {
    let first = |tag| values.decimals(tag).first().copied();
    let window = first(CENTER).zip(first(WIDTH)).filter(|(_, width)| *width > 0.0);
    let window = window.map(|(center, width)| match values.text(FUNCTION).as_deref() {
        Some("LINEAR_EXACT") => Window::Exact { center, width },
        Some("SIGMOID") => Window::Sigmoid { center, width },
        _ => Window::Linear { center, width },
    });
    Curve {
        slope: first(SLOPE).filter(|slope| *slope != 0.0).unwrap_or(1.0),
        intercept: first(INTERCEPT).unwrap_or(0.0),
        window,
        inverted: photometric == "MONOCHROME1",
    }
}

fn timing(values: &Values, frames: u32) -> Timing {
    let first = |tag| values.decimals(tag).first().copied();
    let per_second = |rate: f64| 1_000.0 / rate;
    let usual_ms = first(FRAME_TIME).or(first(FRAME_RATE).map(per_second)).or(first(CINE_RATE).map(per_second));
    Timing::new(frames, &values.decimals(FRAME_TIMES), usual_ms)
}

fn burned_in(values: &Values) -> BurnedIn {
    match values.text(BURNED_IN).as_deref() {
        Some("YES") => BurnedIn::Yes,
        Some("NO") => BurnedIn::No,
        _ => BurnedIn::Untold,
    }
}

fn refused(attribute: &'static str, value: impl ToString, wanted: &'static str) -> Fault {
    // What stands in a file may be long; the beginning tells.
    let value = value.to_string().chars().filter(|letter| !letter.is_control()).take(32).collect();
    Fault::Value { attribute, value, wanted }
}

/// Values as they stand in the file.
struct Values<'a>(&'a BTreeMap<Tag, Vec<u8>>);

impl Values<'_> {
    /// The first number of a binary value (US).
    fn number(&self, tag: Tag) -> Option<u16> {
        self.0.get(&tag)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// A value of text, without what pads it.
    fn text(&self, tag: Tag) -> Option<String> {
        let text = String::from_utf8_lossy(self.0.get(&tag)?);
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Numbers as text (DS, IS), up to the first that is none.
    fn decimals(&self, tag: Tag) -> Vec<f64> {
        let text = self.text(tag).unwrap_or_default();
        let number = |part: &str| part.trim().parse().ok().filter(|number: &f64| number.is_finite());
        text.split('\\').map_while(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn values(pairs: &[(Tag, &[u8])]) -> BTreeMap<Tag, Vec<u8>> {
        pairs.iter().map(|(tag, bytes)| (*tag, bytes.to_vec())).collect()
    }

    /// A run of X-ray, with these attributes in the place of its own.
    fn image(changed: &[(Tag, &[u8])]) -> Result<Image, Fault> {
        let mut all = values(&[
            (ROWS, b"\x00\x02"),
            (COLUMNS, b"\x00\x02"),
            (PHOTOMETRIC, b"MONOCHROME2 "),
            (SAMPLES, b"\x01\x00"),
            (ALLOCATED, b"\x10\x00"),
            (STORED, b"\x0c\x00"),
            (HIGH_BIT, b"\x0b\x00"),
            (FRAMES, b"96"),
        ]);
        all.extend(values(changed));
        Image::of(&all)
    }

    #[test]
    fn a_run_is_understood() {
        let image = image(&[(CENTER, b"1000\\2000"), (WIDTH, b"400 \\800"), (FRAME_TIME, b"66.6 ")]).unwrap();
        assert_eq!((image.frames, image.coding), (96, Coding::Grey16));
        assert_eq!(image.grey.stored, Stored { bits: 12, shift: 0, signed: false });
        assert_eq!(image.grey.curve.window, Some(Window::Linear { center: 1_000.0, width: 400.0 }), "the first");
        assert_eq!(image.timing.usual(), Duration::from_micros(66_600));
        assert_eq!(image.burned_in, BurnedIn::Untold);
    }

    #[test]
    fn what_is_absurd_or_not_played_is_told_with_its_name_and_value() {
        let faults: [(Tag, &[u8], &str); 7] = [
            (ROWS, b"\x00\x00", "its Rows is 0; 1 to 8192 are played"),
            (COLUMNS, b"\xff\xff", "its Columns is 65535"),
            (FRAMES, b"999999999", "its NumberOfFrames is 999999999; 1 to 18000"),
            (FRAMES, b"-1", "its NumberOfFrames is -1"),
            (ALLOCATED, b"\x20\x00", "its BitsAllocated is 32 with 1 samples"),
            (STORED, b"\x11\x00", "its BitsStored is 17 with HighBit 11"),
            (PHOTOMETRIC, b"PALETTE COLOR ", "its PhotometricInterpretation is PALETTE COLOR; MONOCHROME1"),
        ];
        for (tag, value, expected) in faults {
            let told = image(&[(tag, value)]).unwrap_err().to_string();
            assert!(told.starts_with(expected), "{told}");
        }
        assert!(matches!(Image::of(&BTreeMap::new()), Err(Fault::NoImage("Rows"))));
    }

    #[test]
    fn a_rate_stands_in_for_the_time_of_a_frame() {
        let ms = |changed: &[(Tag, &[u8])]| image(changed).unwrap().timing.usual().as_millis();
        assert_eq!(ms(&[(FRAME_RATE, b"25"), (CINE_RATE, b"10")]), 40);
        assert_eq!(ms(&[(CINE_RATE, b"10")]), 100);
    }

    #[test]
    fn what_is_burned_in_is_the_files_own_word() {
        for (value, expected) in [(&b"YES "[..], BurnedIn::Yes), (b"NO", BurnedIn::No), (b"", BurnedIn::Untold)] {
            assert_eq!(image(&[(BURNED_IN, value)]).unwrap().burned_in, expected);
        }
    }
}
