//! A console's decoders: that of H.264, which it always has, and one of H.265 where it takes part in it. Both are ready all the
//! while, so that a change of codec costs no time.

use protocol::codec::Codec;
use protocol::time::MonoTime;

use super::probe::{self, NoneWorks, Report};
use super::{Decoder, Error};
use crate::h265::H265;
use crate::picture::Picture;

/// The decoders.
pub struct Decoders {
    h264: Decoder,
    h265: Option<Decoder>,
    /// The codec of the newest access unit.
    codec: Codec,
}

impl Decoders {
    /// Starts them, and tells which of H.265 was taken.
    ///
    /// # Errors
    /// [`Error::Start`], for H.264 only.
    pub fn start(h265: H265) -> Result<(Self, Result<Report, NoneWorks>), Error> {
        let h264 = Decoder::start()?;
        let (report, h265) =
            probe::choose(h265).map_or_else(|none| (Err(none), None), |(report, decoder)| (Ok(report), Some(decoder)));
        Ok((Self { h264, h265, codec: Codec::H264 }, report))
    }

    /// The codecs beside H.264 that are decoded here.
    pub fn beside_h264(&self) -> Vec<Codec> {
        self.h265.iter().map(|_| Codec::H265).collect()
    }

    /// The picture of one whole access unit; see [`Decoder::decode`]. A decoder of H.265 that fails at an independent one, which
    /// builds on nothing, is not fit for the stream, and is given up.
    ///
    /// # Errors
    /// Those of [`Decoder::decode`], and [`Error::NoDecoder`].
    pub fn decode(&mut self, codec: Codec, access_unit: &[u8], captured: MonoTime) -> Result<Picture, Error> {
        let decoder = match codec {
            Codec::H264 => Some(&mut self.h264),
            Codec::H265 => self.h265.as_mut(),
        };
        let decoder = decoder.ok_or(Error::NoDecoder(codec))?;
        if std::mem::replace(&mut self.codec, codec) != codec {
            decoder.await_independent();
        }
        let decoded = decoder.decode(access_unit, captured);
        if codec == Codec::H265
            && matches!(decoded, Err(Error::Undecodable { independent: true, .. } | Error::Start(_)))
        {
            tracing::warn!(
                "no H.265 is decoded from here on: {}",
                decoded.as_ref().err().map(Error::to_string).unwrap_or_default()
            );
            self.h265 = None;
        }
        decoded
    }

    /// The picture of an access unit that stands alone, as a still does: what follows does not build on it.
    ///
    /// # Errors
    /// Those of [`Self::decode`].
    pub fn decode_alone(&mut self, codec: Codec, access_unit: &[u8], captured: MonoTime) -> Result<Picture, Error> {
        let decoded = self.decode(codec, access_unit, captured);
        [Some(&mut self.h264), self.h265.as_mut()].into_iter().flatten().for_each(Decoder::await_independent);
        decoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::family::Family;
    use crate::encode::{Config, Encoder, Rate};
    use crate::test_pictures::{SIZE, difference, moving};

    fn encoder(family: Family, codec: Codec) -> Encoder {
        crate::init().unwrap();
        let rate = Rate { bitrate_bps: 4_000_000, pictures_per_second: 30.0 };
        Encoder::start(&Config { size: SIZE, colour: Default::default(), rate, codec, family }).unwrap()
    }

    fn started(h265: H265) -> (Decoders, Result<Report, NoneWorks>) {
        crate::init_codecs().unwrap();
        Decoders::start(h265).unwrap()
    }

    fn decode(decoders: &mut Decoders, encoder: &mut Encoder, number: u32) -> Result<Picture, Error> {
        let unit = encoder.encode(&moving(number)).unwrap();
        decoders.decode(unit.codec, &unit.bytes, MonoTime(number.into()))
    }

    #[test]
    fn the_codec_changes_from_one_picture_to_the_next_and_each_begins_anew() {
        let (mut decoders, _) = started(H265::Software);
        assert_eq!(decoders.beside_h264(), [Codec::H265]);
        for (family, codec) in [(Family::X264, Codec::H264), (Family::X265, Codec::H265), (Family::X264, Codec::H264)] {
            let mut encoder = encoder(family, codec);
            for number in 0..5 {
                let decoded = decode(&mut decoders, &mut encoder, number).unwrap();
                assert_eq!(decoded.captured, MonoTime(number.into()));
                let off = difference(&moving(number), &decoded);
                assert!(off < difference(&moving(number + 1), &decoded) / 2.0, "{codec}, picture {number}: {off}");
            }
        }
        let mut before = encoder(Family::X265, Codec::H265);
        before.encode(&moving(0)).unwrap();
        let error = decode(&mut decoders, &mut before, 1).unwrap_err();
        assert!(matches!(error, Error::Dependent { .. }), "{error}");
    }

    #[test]
    fn nothing_is_decoded_against_a_still() {
        let (mut decoders, _) = started(H265::Software);
        let mut video = encoder(Family::X264, Codec::H264);
        decode(&mut decoders, &mut video, 0).unwrap();
        for (family, codec) in [(Family::X264, Codec::H264), (Family::X265, Codec::H265)] {
            let still = encoder(family, codec).encode(&moving(9)).unwrap();
            decoders.decode_alone(still.codec, &still.bytes, MonoTime(9)).unwrap();
            let error = decode(&mut decoders, &mut video, 1).unwrap_err();
            assert!(matches!(error, Error::Dependent { .. }), "{error}");
            video.force_independent().unwrap();
            assert!(decode(&mut decoders, &mut video, 2).is_ok());
        }
    }

    #[test]
    fn a_codec_that_is_not_decoded_here_is_refused_by_name_and_h264_goes_on() {
        let (mut decoders, report) = started(H265::Never);
        assert!(report.is_err() && decoders.beside_h264().is_empty());
        let error = decode(&mut decoders, &mut encoder(Family::X265, Codec::H265), 0).unwrap_err().to_string();
        assert!(error.contains("H.265"), "{error}");
        assert!(decode(&mut decoders, &mut encoder(Family::X264, Codec::H264), 0).is_ok());
    }

    #[test]
    fn a_decoder_that_fails_at_an_independent_access_unit_is_given_up() {
        let (mut decoders, _) = started(H265::Software);
        let mut unit = encoder(Family::X265, Codec::H265).encode(&moving(0)).unwrap();
        // Its parameter sets are kept, its slice is cut off: what a chip makes of a stream that it does not know.
        unit.bytes.truncate(130);
        let slice = [0, 0, 1, 19 << 1, 1, 0xff];
        unit.bytes.extend(slice);
        assert!(decoders.decode(Codec::H265, &unit.bytes, MonoTime(0)).is_err());
        assert_eq!(decoders.beside_h264(), []);
    }
}
