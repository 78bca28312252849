//! Encoding for the least delay: one picture in, its access unit out, in the same call on the caller's thread,
//! whichever encoder does it.
//!
//! What becomes of a picture that comes before the last one is done is the caller's matter: with at most one inside
//! and none waiting, there is nothing to drop here.

pub mod family;
mod hardware;
pub mod probe;
mod software;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::{DownstreamForceKeyUnitEvent, VideoFormat, VideoInfo};
use protocol::codec::Codec;
use protocol::colour::Colour;
use protocol::geometry::SizePx;

use crate::byte_stream;
use crate::element::{self, CHIP_TIMEOUT, Element};
use crate::picture::{self, Converter, Picture};
use family::{Family, Tuning};

/// Size of the rate control's buffer (annex C of either codec) in milliseconds: one picture at the nominal rate. x264 then fits
/// every picture to the same size, independent ones too, and a new bitrate holds from the next picture on. A larger
/// buffer fills the bitrate better and gives the link bursts of up to its size.
const VBV_MS: u32 = 1000 / NOMINAL_FPS.unsigned_abs();
/// The rate of pictures that the encoder is told. Its rate control counts pictures, not time; see [`Rate`].
const NOMINAL_FPS: i32 = 30;

/// What to encode, and how much of the link it may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Even width and height.
    pub size: SizePx,
    /// Signalled in the stream (annex E of either codec, video usability information).
    pub colour: Colour,
    /// See [`Rate`].
    pub rate: Rate,
    /// As what.
    pub codec: Codec,
    /// By which encoder; one that makes the codec.
    pub family: Family,
}

/// Bits in time. Encoders share them out by picture, so the rate of pictures is part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Bits per second, 1000 at least.
    pub bitrate_bps: u32,
    /// Pictures per second that will come, 0.1 at least.
    pub pictures_per_second: f64,
}

/// One encoded picture, in the byte stream format of its codec's annex B.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// What it is.
    pub codec: Codec,
    /// Its bytes, parameter sets included where it is independent.
    pub bytes: Vec<u8>,
    /// Whether it decodes without any earlier one (IDR).
    pub independent: bool,
}

/// Why there is no access unit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The size cannot be encoded as 4:2:0.
    #[error("a picture of {0}x{1} cannot be encoded: width and height must be even and not 0")]
    Size(u16, u16),
    /// The encoder does not work, or stopped working; make a new one.
    #[error("video encoder: {0}")]
    Element(#[from] element::Error),
    /// No encoder of this machine does what is asked.
    #[error("no video encoder works here: {0}")]
    NoneWorks(#[from] probe::NoneWorks),
    /// The picture given is of another kind than configured, or has no pixels.
    #[error("video encoder: {0}")]
    Picture(#[from] picture::Error),
}

/// An encoder. Its first access unit is independent; later ones when asked for.
pub struct Encoder {
    element: Element,
    codec: Codec,
    tuning: &'static dyn Tuning,
    info: VideoInfo,
    /// For an encoder that does not take pictures of [`Self::info`].
    converter: Option<Converter>,
    next: Timestamps,
}

impl Encoder {
    /// Starts an encoder.
    ///
    /// # Errors
    /// [`Error::Size`], or [`Error::Element`] where the encoder refuses or is not here.
    pub fn start(config: &Config) -> Result<Self, Error> {
        let SizePx { width, height } = config.size;
        if width == 0 || height == 0 || width % 2 != 0 || height % 2 != 0 {
            return Err(Error::Size(width, height));
        }
        let info = picture::i420(config.size, config.colour)?;
        let tuning = config.family.tuning();
        let element = made(tuning, config).map_err(element::Error::from)?;
        let taken = taken(&element, &info)?;
        let converter = (taken.format() != info.format()).then(|| Converter::new(&info, &taken)).transpose()?;
        let element = Element::start(Ok(element), "sink", &caps(&taken)?, &byte_stream::caps(config.codec))?;
        Ok(Self { element, codec: config.codec, tuning, info, converter, next: Timestamps::default() })
    }

    /// Encodes one picture, of the kind [`picture::i420`] makes of the configured size and colour.
    ///
    /// # Errors
    /// [`Error::Picture`] leaves the encoder as it was; after any other error make a new one.
    pub fn encode(&mut self, picture: &Picture) -> Result<AccessUnit, Error> {
        if picture::size(&picture.info) != picture::size(&self.info) || picture.info.format() != self.info.format() {
            return Err(picture::Error::NotRaw(format!(
                "{} {}x{} given to an encoder of I420 {}x{}",
                picture.info.format().to_str(),
                picture.info.width(),
                picture.info.height(),
                self.info.width(),
                self.info.height()
            ))
            .into());
        }
        let converted = self.converter.as_ref().map(|converter| converter.convert(picture)).transpose()?;
        // A new buffer around the same memory: timestamps are written, pixels are shared.
        let mut buffer = converted.as_ref().unwrap_or(picture).buffer.copy();
        self.next.stamp(buffer.make_mut());
        let unit = self.element.push_and_await(buffer, CHIP_TIMEOUT)?.into_iter().next();
        let unit = unit.ok_or_else(|| self.element.error("it gave nothing for a picture"))?.buffer;
        let independent = !unit.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let bytes = unit.map_readable().map_err(|_| self.element.error("its access unit cannot be read"))?.to_vec();
        Ok(AccessUnit { codec: self.codec, bytes, independent })
    }

    /// Makes the next access unit an independent one (IDR with parameter sets).
    ///
    /// # Errors
    /// [`Error::Element`].
    pub fn force_independent(&self) -> Result<(), Error> {
        let event = DownstreamForceKeyUnitEvent::builder().all_headers(true).build();
        Ok(self.element.event(event)?)
    }

    /// Changes the rate from the next picture on.
    pub fn set_rate(&self, rate: Rate) {
        self.element.tune(|element| self.tuning.set_rate(element, nominal_bps(rate)));
    }
}

/// Timestamps at the nominal rate: x264 wants them to grow and reads nothing else from them.
#[derive(Default)]
struct Timestamps {
    pictures: u64,
}

impl Timestamps {
    fn stamp(&mut self, buffer: &mut gst::BufferRef) {
        let at = |pictures: u64| gst::ClockTime::SECOND * pictures / u64::from(NOMINAL_FPS.unsigned_abs());
        buffer.set_pts(at(self.pictures));
        buffer.set_dts(gst::ClockTime::NONE);
        buffer.set_duration(at(1));
        self.pictures += 1;
    }
}

fn made(tuning: &dyn Tuning, config: &Config) -> Result<gst::Element, gst::glib::BoolError> {
    let element = element::made(tuning.factory(config.codec), tuning.settings())?;
    tuning.set_rate(&element, nominal_bps(config.rate));
    Ok(element)
}

/// The kind of picture that the element takes in place of `info`: itself, or the interleaved chroma that chips like.
fn taken(element: &gst::Element, info: &VideoInfo) -> Result<VideoInfo, picture::Error> {
    let takes = element.static_pad("sink").map(|pad| pad.query_caps(None));
    let takes_planar = takes.is_none_or(|takes| caps(info).is_ok_and(|planar| takes.can_intersect(&planar)));
    if takes_planar {
        return Ok(info.clone());
    }
    VideoInfo::builder(VideoFormat::Nv12, info.width(), info.height())
        .colorimetry(&info.colorimetry())
        .build()
        .map_err(|error| picture::Error::NotRaw(error.to_string()))
}

/// The rate in bits per second at [`NOMINAL_FPS`]: the same bits for each picture as `rate` has.
fn nominal_bps(rate: Rate) -> u64 {
    let scale = f64::from(NOMINAL_FPS) / rate.pictures_per_second.max(0.1);
    // `as` saturates.
    (f64::from(rate.bitrate_bps) * scale).round() as u64
}

fn caps(info: &VideoInfo) -> Result<gst::Caps, picture::Error> {
    let told = |error: gst::glib::BoolError| picture::Error::NotRaw(error.to_string());
    VideoInfo::builder_from_info(info)
        .fps(gst::Fraction::new(NOMINAL_FPS, 1))
        .build()
        .and_then(|info| info.to_caps())
        .map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{SIZE, moving};

    fn encoder(bitrate_bps: u32) -> Encoder {
        by(Family::X264, bitrate_bps)
    }

    fn by(family: Family, bitrate_bps: u32) -> Encoder {
        crate::init().unwrap();
        let codec = Codec::ALL.into_iter().find(|codec| family.makes(*codec)).unwrap();
        let rate = rate(bitrate_bps);
        Encoder::start(&Config { size: SIZE, colour: Colour::default(), rate, codec, family }).unwrap()
    }

    fn rate(bitrate_bps: u32) -> Rate {
        Rate { bitrate_bps, pictures_per_second: 30.0 }
    }

    /// Mean size of the access units of pictures `numbers`.
    fn mean_bytes(encoder: &mut Encoder, numbers: std::ops::Range<u32>) -> usize {
        let count = numbers.len();
        let sizes = numbers.map(|number| encoder.encode(&moving(number)).unwrap().bytes.len());
        sizes.sum::<usize>() / count
    }

    #[test]
    fn only_the_first_access_unit_and_those_asked_for_are_independent() {
        let mut encoder = encoder(1_000_000);
        let independent: Vec<u32> = (0..40)
            .filter(|number| {
                if *number == 25 {
                    encoder.force_independent().unwrap();
                }
                encoder.encode(&moving(*number)).unwrap().independent
            })
            .collect();
        assert_eq!(independent, [0, 25]);
    }

    #[test]
    fn an_independent_access_unit_is_hardly_larger_than_its_neighbours() {
        let mut encoder = encoder(1_000_000);
        let mean = mean_bytes(&mut encoder, 0..30);
        encoder.force_independent().unwrap();
        let unit = encoder.encode(&moving(30)).unwrap();
        assert!(unit.independent);
        assert!(unit.bytes.len() < mean * 3 / 2, "{} against a mean of {mean}", unit.bytes.len());
    }

    #[test]
    fn a_new_rate_holds_from_the_next_picture() {
        let mut encoder = encoder(2_000_000);
        mean_bytes(&mut encoder, 0..30);
        encoder.set_rate(rate(500_000));
        let bound = 500_000 / 8 / 30;
        let first = encoder.encode(&moving(30)).unwrap().bytes.len();
        assert!(first < bound * 5 / 4, "{first} bytes; {bound} are one picture's share");
        let mean = mean_bytes(&mut encoder, 31..61);
        assert!(mean <= bound, "{mean} bytes; {bound} are one picture's share");
    }

    #[test]
    fn encoders_that_look_further_than_one_picture_keep_to_a_new_rate_too() {
        for (family, settles) in [(Family::OpenH264, 3), (Family::X265, 15)] {
            let mut encoder = by(family, 2_000_000);
            let free = mean_bytes(&mut encoder, 0..30);
            encoder.set_rate(rate(1_000_000));
            mean_bytes(&mut encoder, 30..30 + settles);
            let tight = mean_bytes(&mut encoder, 30 + settles..60 + settles);
            let share = 1_000_000 / 8 / 30;
            assert!(
                free > share * 3 / 2 && tight < share * 11 / 10,
                "{family}: {free}, then {tight} bytes; {share} are one picture's share"
            );
        }
    }

    #[test]
    fn every_encoder_of_the_processor_makes_independent_pictures_only_when_asked() {
        for family in [Family::X264, Family::OpenH264, Family::X265] {
            let mut encoder = by(family, 2_000_000);
            let independent = |encoder: &mut Encoder, number| encoder.encode(&moving(number)).unwrap().independent;
            assert!(independent(&mut encoder, 0));
            assert_eq!((1..40).filter(|number| independent(&mut encoder, *number)).count(), 0, "{family}");
            encoder.force_independent().unwrap();
            assert!(independent(&mut encoder, 40), "{family}");
        }
    }

    #[test]
    fn half_as_many_pictures_a_second_may_each_be_twice_as_large() {
        let slow = Rate { bitrate_bps: 1_000_000, pictures_per_second: 15.0 };
        assert_eq!(nominal_bps(slow), 2 * nominal_bps(rate(1_000_000)));
    }

    #[test]
    fn an_odd_size_and_a_picture_of_another_size_are_refused_with_a_reason() {
        let mut encoder = encoder(1_000_000);
        let size = SizePx { width: 641, height: 360 };
        let rate = rate(1_000_000);
        let config = Config { size, colour: Colour::default(), rate, codec: Codec::H264, family: Family::X264 };
        let error = Encoder::start(&config).err().unwrap().to_string();
        assert!(error.contains("641x360") && error.contains("even"), "{error}");
        let mut picture = moving(0);
        picture.info = picture::i420(SizePx { width: 64, height: 64 }, Colour::default()).unwrap();
        let error = encoder.encode(&picture).unwrap_err().to_string();
        assert!(error.contains("64x64") && error.contains("640x360"), "{error}");
        assert!(encoder.encode(&moving(0)).is_ok(), "the encoder goes on");
    }
}
