//! Which decoder of H.265 this machine has: each is given a small stream, and the first that gives both of its pictures, each
//! before the next access unit goes in, is taken. The report says what was taken and why no other.

use gstreamer as gst;
use protocol::codec::Codec;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::Decoder;
use super::family::Family;
use crate::h265::H265;
use crate::probe::{self, Candidate};

/// What was tried, and what came of it.
pub type Report = probe::Report<Family>;
/// None does what is asked.
pub type NoneWorks = probe::NoneWorks<Family>;

/// Size of the pictures in [`TRIAL`]: every chip takes it.
const SIZE: SizePx = SizePx { width: 256, height: 144 };
/// How far a chip's luma may be from what the stream says.
const OFF: u8 = 2;

/// An independent and a dependent access unit, each with the one code of its picture's luma. Made by x265 of `videotestsrc
/// pattern=blink`.
const TRIAL: [(&[u8], u8); 2] = [(&INDEPENDENT, 71), (&DEPENDENT, 167)];

#[rustfmt::skip]
const INDEPENDENT: [u8; 137] = [
    0x00, 0x00, 0x00, 0x01, 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
    0x00, 0x00, 0x03, 0x00, 0x3c, 0xba, 0x02, 0x40, 0x00, 0x00, 0x00, 0x01, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03,
    0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3c, 0xa0, 0x08, 0x08, 0x09, 0x16, 0x5b, 0xa4, 0xa4, 0xc2, 0xff,
    0xf0, 0x00, 0x10, 0x00, 0x16, 0xa0, 0xc0, 0xc0, 0xc0, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0f, 0x04, 0x00,
    0x00, 0x00, 0x01, 0x44, 0x01, 0xc0, 0x71, 0x83, 0x12, 0x00, 0x00, 0x01, 0x28, 0x01, 0xad, 0x4a, 0x49, 0x65, 0x58, 0x05,
    0x3b, 0xff, 0x33, 0x3d, 0x6e, 0x71, 0x86, 0xcf, 0x1a, 0x08, 0xf3, 0x30, 0x59, 0x77, 0xee, 0xc0, 0x0c, 0xfb, 0x2e, 0xf4,
    0x48, 0xe8, 0x0e, 0x29, 0x9b, 0x48, 0xa0, 0x80, 0x0d, 0x76, 0x40, 0x00, 0x00, 0x03, 0x00, 0x09, 0x38,
];

#[rustfmt::skip]
const DEPENDENT: [u8; 56] = [
    0x00, 0x00, 0x00, 0x01, 0x02, 0x01, 0xd0, 0x09, 0x78, 0x82, 0x25, 0x25, 0x33, 0x2c, 0x91, 0xd4, 0x07, 0x6b, 0x07, 0x73,
    0x8c, 0x9c, 0x69, 0x55, 0x30, 0x8c, 0xdb, 0x4e, 0xd0, 0x33, 0xbb, 0xd6, 0x8b, 0xb4, 0x0c, 0xee, 0x8a, 0x28, 0x80, 0x82,
    0x69, 0x5b, 0x3a, 0xc2, 0x50, 0x89, 0xf4, 0xe1, 0xf8, 0x00, 0x00, 0x03, 0x00, 0x00, 0xd1, 0x80,
];

/// Seeks a decoder of H.265 among those that `wanted` allows.
///
/// # Errors
/// [`NoneWorks`], with what is wrong with each.
pub(super) fn choose(wanted: H265) -> Result<(Report, Decoder), NoneWorks> {
    let allowed = |family: &Family| match wanted {
        H265::Never => false,
        H265::Hardware => family.is_hardware(),
        H265::Software => true,
    };
    probe::first(Family::ALL.into_iter().filter(allowed), try_out)
}

fn try_out(family: Family) -> Result<Decoder, String> {
    let factory = family.factory(Codec::H265);
    if gst::ElementFactory::find(&factory).is_none() {
        return Err(format!("there is no {factory}; it takes {}", family.needs()));
    }
    let mut decoder = Decoder::start_by(family, Codec::H265).map_err(|error| error.to_string())?;
    for (access_unit, luma) in TRIAL {
        let picture = decoder.decode(access_unit, MonoTime::default()).map_err(|error| error.to_string())?;
        let SizePx { width, height } = picture.size();
        if picture.size() != SIZE {
            return Err(format!("it makes {width}x{height} of a picture of {}x{}", SIZE.width, SIZE.height));
        }
        let frame = picture.read().map_err(|error| error.to_string())?;
        let codes = frame.plane_data(0).map_err(|error| error.to_string())?;
        if codes.first().is_none_or(|code| code.abs_diff(luma) > OFF) {
            return Err("it makes another picture than the stream's".into());
        }
    }
    decoder.await_independent();
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_decodes_the_trial_and_is_taken_only_where_it_is_allowed() {
        crate::init().unwrap();
        let (report, _) = choose(H265::Software).unwrap();
        let before = Family::ALL.iter().position(|family| *family == report.chosen).unwrap();
        let passed: Vec<Family> = report.passed_over.iter().map(|(family, _)| *family).collect();
        assert_eq!(passed, Family::ALL[..before]);
        assert!(choose(H265::Never).is_err());
        if let Ok((report, _)) = choose(H265::Hardware) {
            assert!(report.chosen.is_hardware());
        }
    }

    #[test]
    fn a_chip_that_is_not_here_says_what_it_takes() {
        crate::init().unwrap();
        for family in Family::ALL.into_iter().filter(|family| family.is_hardware()) {
            if gst::ElementFactory::find(&family.factory(Codec::H265)).is_none() {
                let fault = try_out(family).err().unwrap();
                assert!(fault.contains(family.needs()) && fault.contains("h265dec"), "{fault}");
            }
        }
    }
}
