//! The encoder of canvases, whatever they become: a new codec, colour or size begins a new stream, and the bitrate is kept as the
//! rate of canvases changes.

use media::encode::family::Family;
use media::encode::probe::{self, NoneWorks, Report};
use media::encode::{self, AccessUnit, Encoder, Rate};
use media::picture;
use protocol::codec::Codec;
use protocol::colour::Colour;
use protocol::geometry::SizePx;

use crate::canvas::Composed;
use crate::config;

/// Change of the pictures' rate that the encoder is told, as a part of it. Less is the jitter of a clock, and each
/// change costs x264 a moment.
const RATE_CHANGE: f64 = 0.1;

/// The encoder. By the first of its kind that works; if that one breaks, by the first that works then.
pub struct CanvasEncoder {
    config: config::Encoder,
    budget_bps: Option<u32>,
    /// What is asked for. Where H.265 cannot be made, H.264 is.
    codec: Codec,
    /// The one of H.264 that works, once it was sought.
    h264: Option<Family>,
    /// The one of H.265 that works, if one does.
    h265: Option<Family>,
    running: Option<(encode::Config, Encoder)>,
}

/// What became of seeking an encoder for each codec.
pub struct Sought {
    /// Of H.264, without which there is no session.
    pub h264: Report,
    /// Of H.265, which is made only while everybody there decodes it.
    pub h265: Result<Report, NoneWorks>,
}

impl CanvasEncoder {
    /// An encoder that starts with the first canvas.
    pub fn new(config: config::Encoder) -> Self {
        Self { config, budget_bps: None, codec: Codec::H264, h264: None, h265: None, running: None }
    }

    /// Seeks encoders for canvases of `size`, so that what is missing is told at the start; tells which they are and why.
    ///
    /// # Errors
    /// [`encode::Error::NoneWorks`], for H.264 only.
    pub fn seek(&mut self, size: SizePx) -> Result<Sought, encode::Error> {
        let rate = Rate { bitrate_bps: self.config.bitrate_bps(), pictures_per_second: 30.0 };
        let family = Family::default();
        let config = encode::Config { size, colour: Colour::default(), rate, codec: Codec::H264, family };
        let h264 = self.choose(&config)?;
        let h265 = probe::choose(&self.config.families(Codec::H265), &encode::Config { codec: Codec::H265, ..config });
        self.h265 = h265.as_ref().ok().map(|report| report.chosen);
        match &h265 {
            Ok(report) => tracing::info!("video encoder of H.265, while everybody there decodes it: {report}"),
            Err(none) => tracing::info!("no video encoder of H.265: {none}"),
        }
        Ok(Sought { h264, h265 })
    }

    fn choose(&mut self, config: &encode::Config) -> Result<Report, encode::Error> {
        let report = probe::choose(&self.config.families(Codec::H264), config)?;
        tracing::info!("video encoder: {report}");
        self.h264 = Some(report.chosen);
        Ok(report)
    }

    /// Whether it can make H.265.
    pub fn makes_h265(&self) -> bool {
        self.h265.is_some()
    }

    /// Whether a stream was begun that the next canvas may continue.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The encoder broke: the next canvas is encoded by one that works then.
    pub(super) fn give_up(&mut self) {
        (self.h264, self.running) = (None, None);
    }

    /// No more bits per second than this from the next canvas on.
    pub fn set_budget(&mut self, bps: Option<u32>) {
        self.budget_bps = bps;
    }

    /// As this from the next canvas on, if it can be made.
    pub fn set_codec(&mut self, codec: Codec) {
        self.codec = codec;
    }

    /// Encodes `canvas`, as an independent access unit if `refresh`. Where the encoder of H.265 breaks, H.264 takes over at once
    /// and for good.
    ///
    /// # Errors
    /// [`encode::Error`]; the next canvas is tried with a new encoder.
    pub fn encode(&mut self, canvas: &Composed, refresh: bool) -> Result<AccessUnit, encode::Error> {
        let wanted = self.wanted(canvas)?;
        match self.encode_as(&wanted, canvas, refresh) {
            Err(error) if wanted.codec == Codec::H265 => {
                tracing::error!("{error}; no H.265 from here on");
                (self.h265, self.running) = (None, None);
                self.encode(canvas, refresh)
            }
            made => made,
        }
    }

    fn encode_as(
        &mut self,
        wanted: &encode::Config,
        canvas: &Composed,
        refresh: bool,
    ) -> Result<AccessUnit, encode::Error> {
        let (config, encoder) = match self.running.take() {
            Some((config, encoder)) if continues(&config, wanted) => (config, encoder),
            // A new stream, which begins with an independent picture.
            before => {
                if before.is_none_or(|(before, _)| before.codec != wanted.codec) {
                    tracing::info!("frames are {} by {} from here on", wanted.codec, wanted.family);
                }
                (*wanted, Encoder::start(wanted)?)
            }
        };
        let (now, before) = (wanted.rate, config.rate);
        let drifted = (now.pictures_per_second - before.pictures_per_second).abs();
        let config = if drifted > before.pictures_per_second * RATE_CHANGE || now.bitrate_bps != before.bitrate_bps {
            encoder.set_rate(wanted.rate);
            encode::Config { rate: wanted.rate, ..config }
        } else {
            config
        };
        if refresh {
            encoder.force_independent()?;
        }
        let (_, encoder) = self.running.insert((config, encoder));
        encoder.encode(&canvas.picture)
    }

    fn wanted(&mut self, canvas: &Composed) -> Result<encode::Config, encode::Error> {
        let pictures_per_second = 1.0 / canvas.interval.as_secs_f64().max(0.001);
        let configured_bps = self.config.bitrate_bps();
        let bitrate_bps = self.budget_bps.map_or(configured_bps, |budget| budget.min(configured_bps));
        let wanted = encode::Config {
            size: picture::size(&canvas.picture.info),
            colour: canvas.header.colour,
            rate: Rate { bitrate_bps, pictures_per_second },
            codec: Codec::H264,
            family: self.h264.unwrap_or_default(),
        };
        Ok(match (self.codec, self.h265, self.h264) {
            (Codec::H265, Some(family), _) => encode::Config { codec: Codec::H265, family, ..wanted },
            (_, _, Some(family)) => encode::Config { family, ..wanted },
            (_, _, None) => encode::Config { family: self.choose(&wanted)?.chosen, ..wanted },
        })
    }
}

/// Whether pictures of the kind `wanted` follow in a stream that was begun as `config`.
fn continues(config: &encode::Config, wanted: &encode::Config) -> bool {
    let kind = |config: &encode::Config| (config.size, config.colour, config.codec, config.family);
    kind(config) == kind(wanted)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use gstreamer as gst;
    use media::picture::Picture;
    use protocol::ids::SourceId;
    use protocol::time::MonoTime;

    use super::*;
    use crate::config::EncoderKind;
    use crate::node::test_frames::header;

    pub(crate) fn canvas(index: u64, colour: Colour) -> Composed {
        media::init().unwrap();
        let info = picture::i420(SizePx { width: 320, height: 240 }, colour).unwrap();
        let pixels = vec![(index % 200) as u8; info.size()];
        let mut header = header(index, SourceId(0), Some(index));
        header.colour = colour;
        Composed {
            header,
            primary: SourceId(0),
            picture: Picture { buffer: gst::Buffer::from_slice(pixels), info, captured: MonoTime(index) },
            in_slot: MonoTime(index),
            interval: Duration::from_millis(33),
            new_layout: None,
        }
    }

    pub(crate) fn encoder(config: config::Encoder) -> CanvasEncoder {
        let kind = EncoderKind::Only(Family::X264);
        CanvasEncoder::new(config::Encoder { kind, bitrate_kbps: 1_000, ..config })
    }

    #[test]
    fn an_encoder_that_breaks_is_followed_by_one_that_works_then_with_an_independent_picture() {
        let mut encoder = encoder(config::Encoder::default());
        assert!(encoder.encode(&canvas(0, Colour::default()), false).unwrap().independent);
        assert!(!encoder.encode(&canvas(1, Colour::default()), false).unwrap().independent);
        encoder.config.kind = EncoderKind::Only(Family::OpenH264);
        encoder.give_up();
        assert!(encoder.encode(&canvas(2, Colour::default()), false).unwrap().independent);
        assert_eq!(encoder.h264, Some(Family::OpenH264));
    }

    /// Codec and independence of canvases that are asked to be of `codecs`.
    fn made(encoder: &mut CanvasEncoder, codecs: &[Codec]) -> Vec<(Codec, bool)> {
        let mut unit = |codec: &Codec| {
            encoder.set_codec(*codec);
            let unit = encoder.encode(&canvas(0, Colour::default()), false).unwrap();
            (unit.codec, unit.independent)
        };
        codecs.iter().map(&mut unit).collect()
    }

    #[test]
    fn each_change_of_codec_begins_a_stream() {
        use Codec::{H264, H265};
        let mut encoder = encoder(config::Encoder { h265: media::h265::H265::Software, ..config::Encoder::default() });
        let sought = encoder.seek(SizePx { width: 320, height: 240 }).unwrap();
        assert!(sought.h265.is_ok() && encoder.makes_h265());
        let got = made(&mut encoder, &[H264, H264, H265, H265, H264, H264]);
        let wanted = [(H264, true), (H264, false), (H265, true), (H265, false), (H264, true), (H264, false)];
        assert_eq!(got, wanted);
    }

    #[test]
    fn where_no_chip_makes_h265_or_it_broke_h264_is_made_and_no_canvas_is_missing() {
        use Codec::{H264, H265};
        let mut encoder = encoder(config::Encoder::default());
        let none = encoder.seek(SizePx { width: 320, height: 240 }).unwrap().h265.unwrap_err();
        assert_eq!(none.to_string(), "the configuration allows none", "x264 is its only kind");
        assert_eq!(made(&mut encoder, &[H264, H265]), [(H264, true), (H264, false)]);
        // An encoder that does not start: it makes no H.265 at all.
        encoder.h265 = Some(Family::OpenH264);
        assert_eq!(made(&mut encoder, &[H265, H265]), [(H264, true), (H264, false)]);
        assert!(!encoder.makes_h265());
    }

    #[test]
    fn a_new_budget_holds_from_the_next_canvas_and_never_raises_the_configured_rate() {
        let noise = |index: u64| {
            let mut canvas = canvas(index, Colour::default());
            let mut random = fastrand::Rng::with_seed(index);
            let pixels: Vec<u8> = (0..canvas.picture.info.size()).map(|_| random.u8(60..180)).collect();
            canvas.picture.buffer = gst::Buffer::from_slice(pixels);
            canvas
        };
        let mut encoder = encoder(config::Encoder::default());
        let bytes = |encoder: &mut CanvasEncoder, budget, numbers: std::ops::Range<u64>| {
            encoder.set_budget(budget);
            numbers.map(|index| encoder.encode(&noise(index), false).unwrap().bytes.len()).collect::<Vec<_>>()
        };
        let share = |bps: usize| bps / 8 * 33 / 1000;
        let free = bytes(&mut encoder, None, 0..10);
        let tight = bytes(&mut encoder, Some(250_000), 10..20);
        let wide = bytes(&mut encoder, Some(9_000_000), 20..30);
        let mean = |sizes: &[usize]| sizes.iter().sum::<usize>() / sizes.len();
        assert!(tight[3..].iter().all(|size| *size < share(250_000) * 3 / 2), "within three canvases: {tight:?}");
        assert!(mean(&wide[3..]) < share(1_000_000) * 5 / 4 && mean(&wide[3..]) * 2 > mean(&free), "{wide:?}");
    }
}
