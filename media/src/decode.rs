//! Decoding for the least delay: one access unit in, its picture out, in the same call on the caller's thread.
//!
//! Which frames come here, in which order and whether they are whole is `transport`'s matter. Bytes that are no
//! video give an error, never a dead decoder: it goes on from the next independent access unit.

mod decoders;
pub mod family;
pub mod probe;

use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::{VideoFormat, VideoInfo};
use protocol::codec::Codec;
use protocol::time::MonoTime;

use crate::byte_stream;
use crate::element::{self, CHIP_TIMEOUT, Element, Made};
use crate::picture::{self, Converter, Picture};
use crate::probe::Candidate;
pub use decoders::Decoders;
use family::Family;

/// Why an access unit gave no picture. In each case the decoder is ready for the next independent one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The decoder cannot be started.
    #[error("video decoder: {0}")]
    Start(#[source] element::Error),
    /// The bytes are none of the codec's, or damaged.
    #[error("access unit {number} cannot be decoded: {reason}; waiting for an independent one")]
    Undecodable {
        /// Counts access units given to this decoder from 0.
        number: u64,
        /// Whether it was an independent one.
        independent: bool,
        /// What the decoder said.
        reason: String,
    },
    /// It needs an earlier one that was never decoded.
    #[error("access unit {number} needs an earlier one that was not decoded; waiting for an independent one")]
    Dependent {
        /// Counts access units given to this decoder from 0.
        number: u64,
    },
    /// Nothing here decodes it.
    #[error("no {0} is decoded here")]
    NoDecoder(Codec),
}

/// A decoder.
pub struct Decoder {
    family: Family,
    codec: Codec,
    element: Element,
    /// For a decoder that makes other pictures than [`picture::i420`].
    converter: Option<Converter>,
    state: State,
    /// Access units given so far.
    given: u64,
}

/// What the decoder can make use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Only an independent access unit: nothing that others could refer to was decoded.
    AwaitsIndependent,
    /// Any access unit that follows the last one.
    Decoding,
}

impl Decoder {
    /// Starts the processor's decoder of H.264.
    ///
    /// # Errors
    /// [`Error::Start`].
    pub fn start() -> Result<Self, Error> {
        Self::start_by(Family::Libav, Codec::H264)
    }

    fn start_by(family: Family, codec: Codec) -> Result<Self, Error> {
        let element = made(family, codec).map_err(Error::Start)?;
        Ok(Self { family, codec, element, converter: None, state: State::AwaitsIndependent, given: 0 })
    }

    /// What comes next does not follow what came before.
    fn await_independent(&mut self) {
        self.state = State::AwaitsIndependent;
    }

    /// The picture of one whole access unit, of the kind [`crate::picture::i420`] makes, its planes possibly padded.
    /// `captured` is handed through to [`Picture::captured`] untouched. Damage inside a slice may be concealed
    /// instead of told: whether bytes are those that were sent is for `transport`'s checksum to say.
    ///
    /// # Errors
    /// [`Error::Undecodable`] and [`Error::Dependent`] say that there is no picture; ask for an independent one and
    /// go on. [`Error::Start`] if the decoder had to be made anew and could not.
    pub fn decode(&mut self, access_unit: &[u8], captured: MonoTime) -> Result<Picture, Error> {
        let number = self.given;
        self.given += 1;
        if self.state == State::AwaitsIndependent && !byte_stream::is_independent(self.codec, access_unit) {
            return Err(Error::Dependent { number });
        }
        let mut buffer = gst::Buffer::from_slice(access_unit.to_vec());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_mseconds(number));
        }
        let wait = if self.family.is_hardware() { CHIP_TIMEOUT } else { Duration::ZERO };
        let decoded = match self.element.push_and_await(buffer, wait) {
            Ok(made) => picture_of(made, number, captured).and_then(|picture| self.as_i420(picture)),
            Err(error) => Err(error.to_string()),
        };
        // After an error, and where a chip gave nothing in time: what it still holds must not be taken for the next picture.
        if decoded.is_err() {
            self.element = made(self.family, self.codec).map_err(Error::Start)?;
        }
        self.state = match decoded {
            Ok(_) => State::Decoding,
            Err(_) => State::AwaitsIndependent,
        };
        decoded.map_err(|reason| {
            let independent = byte_stream::is_independent(self.codec, access_unit);
            Error::Undecodable { number, independent, reason }
        })
    }

    /// `picture`, which a chip made with interleaved chroma, as everybody here takes it.
    fn as_i420(&mut self, picture: Picture) -> Result<Picture, String> {
        if picture.info.format() == VideoFormat::I420 {
            return Ok(picture);
        }
        picture::planar(&picture, &mut self.converter).map_err(|error| error.to_string())
    }
}

/// The picture of access unit `number` among what came out.
fn picture_of(made: Vec<Made>, number: u64, captured: MonoTime) -> Result<Picture, String> {
    let wanted = Some(gst::ClockTime::from_mseconds(number));
    let found = made.into_iter().find(|made| made.buffer.pts() == wanted);
    let Made { buffer, caps } = found.ok_or("it holds no picture")?;
    if buffer.flags().contains(gst::BufferFlags::CORRUPTED) {
        return Err("its picture is damaged".into());
    }
    let info = caps.and_then(|caps| VideoInfo::from_caps(&caps).ok()).ok_or("its picture has no size")?;
    Ok(Picture { buffer, info, captured })
}

fn made(family: Family, codec: Codec) -> Result<Element, element::Error> {
    let decoder = element::made(&family.factory(codec), family.settings(codec));
    let decoder = match codec {
        Codec::H264 => decoder,
        Codec::H265 => decoder.and_then(behind_a_parser),
    };
    let raw = gst::Caps::new_empty_simple("video/x-raw");
    Element::start(decoder, "sink", &byte_stream::caps(codec), &raw)
}

/// `decoder` in a bin with the parser that tells it profile and size: chips take no stream that does not name them.
fn behind_a_parser(decoder: gst::Element) -> Result<gst::Element, gst::glib::BoolError> {
    let parser = gst::ElementFactory::make("h265parse").build()?;
    let name = decoder.factory().map_or_else(|| decoder.name(), |factory| factory.name());
    let bin = gst::Bin::builder().name(name).build();
    bin.add_many([&parser, &decoder])?;
    parser.link(&decoder)?;
    for (element, pad) in [(&parser, "sink"), (&decoder, "src")] {
        let own =
            element.static_pad(pad).ok_or_else(|| gst::glib::bool_error!("{} has no pad {pad}", element.name()))?;
        bin.add_pad(&gst::GhostPad::with_target(&own)?)?;
    }
    Ok(bin.upcast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::family::Family;
    use crate::encode::{AccessUnit, Config, Encoder, Rate};
    use crate::test_pictures::{SIZE, bar_centres, bars, difference, moving};
    use protocol::colour::{Colour, Matrix, Range};

    fn encoder(colour: Colour) -> Encoder {
        crate::init().unwrap();
        let rate = Rate { bitrate_bps: 4_000_000, pictures_per_second: 30.0 };
        Encoder::start(&Config { size: SIZE, colour, rate, codec: Codec::H264, family: Family::default() }).unwrap()
    }

    /// Access units of the first `count` moving pictures; the one numbered `forced` is independent.
    fn units(count: u32, forced: u32) -> Vec<AccessUnit> {
        let mut encoder = encoder(Colour::default());
        (0..count)
            .map(|number| {
                if number == forced {
                    encoder.force_independent().unwrap();
                }
                encoder.encode(&moving(number)).unwrap()
            })
            .collect()
    }

    #[test]
    fn each_picture_is_out_before_the_next_goes_in() {
        let mut encoder = encoder(Colour::default());
        let mut decoder = Decoder::start().unwrap();
        for number in 0..60 {
            let picture = moving(number);
            let unit = encoder.encode(&picture).unwrap();
            let decoded = decoder.decode(&unit.bytes, MonoTime(number.into())).unwrap();
            assert_eq!(decoded.captured, MonoTime(number.into()));
            let here = difference(&picture, &decoded);
            let before = difference(&moving(number.wrapping_sub(1) % 60), &decoded);
            assert!(here < before / 2.0, "picture {number}: {here}, against its neighbour {before}");
        }
    }

    #[test]
    fn bars_come_back_with_the_same_codes_and_colour_for_each_matrix_and_range() {
        for (matrix, range) in [
            (Matrix::Bt601, Range::Limited),
            (Matrix::Bt601, Range::Full),
            (Matrix::Bt709, Range::Limited),
            (Matrix::Bt709, Range::Full),
        ] {
            let colour = Colour { matrix, range };
            let (mut encoder, mut decoder) = (encoder(colour), Decoder::start().unwrap());
            let sent = bars(colour);
            let mut last = None;
            for _ in 0..10 {
                let unit = encoder.encode(&sent).unwrap();
                last = Some(decoder.decode(&unit.bytes, MonoTime(0)).unwrap());
            }
            let decoded = last.unwrap();
            assert_eq!(decoded.colour(), colour, "as the stream signals it");
            for (sent, decoded) in bar_centres(&sent).into_iter().zip(bar_centres(&decoded)) {
                let off = sent.iter().zip(decoded).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(off <= 3, "{colour:?}: {sent:?} became {decoded:?}");
            }
        }
    }

    #[test]
    fn an_independent_access_unit_decodes_alone() {
        let units = units(21, 20);
        let mut decoder = Decoder::start().unwrap();
        let decoded = decoder.decode(&units[20].bytes, MonoTime(0)).unwrap();
        assert!(difference(&moving(20), &decoded) < difference(&moving(19), &decoded) / 2.0);
    }

    #[test]
    fn a_dependent_access_unit_is_refused_until_an_independent_one_came() {
        let units = units(12, 10);
        let mut decoder = Decoder::start().unwrap();
        for unit in &units[5..10] {
            let error = decoder.decode(&unit.bytes, MonoTime(0)).unwrap_err();
            assert!(matches!(error, Error::Dependent { .. }), "{error}");
        }
        assert!(decoder.decode(&units[10].bytes, MonoTime(0)).is_ok());
        assert!(decoder.decode(&units[11].bytes, MonoTime(0)).is_ok());
    }

    #[test]
    fn garbage_never_ends_the_decoder_and_the_next_independent_access_unit_gives_a_picture() {
        let units = units(31, 30);
        let mut random = random_bytes();
        let mut decoder = Decoder::start().unwrap();
        decoder.decode(&units[0].bytes, MonoTime(0)).unwrap();
        for unit in &units[1..30] {
            let noise: Vec<u8> = random.by_ref().take(unit.bytes.len()).collect();
            assert!(decoder.decode(&noise, MonoTime(0)).is_err(), "no start code, no picture");
            // Noise behind a slice header may count as a picture, or not; libavcodec's concealment decides.
            let disguised = [&[0, 0, 1, 0x65], noise.as_slice()].concat();
            let _ = decoder.decode(&disguised, MonoTime(0));
            assert!(decoder.decode(&[], MonoTime(0)).is_err());
        }
        let decoded = decoder.decode(&units[30].bytes, MonoTime(0)).unwrap();
        assert!(difference(&moving(30), &decoded) < difference(&moving(29), &decoded) / 2.0);
    }

    /// Bytes without end, the same in each run (xorshift32, Marsaglia 2003).
    fn random_bytes() -> impl Iterator<Item = u8> {
        std::iter::successors(Some(0x9e37_79b9_u32), |x| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 17);
            Some(x ^ (x << 5))
        })
        .map(|x| (x >> 24) as u8)
    }
}
