//! The pictures every system is given: the generated operation, painted once and kept, with each frame's number on
//! it. Also how near to them a decoded picture has to be, learnt from the codec alone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capture::config::{Kind, Scene, Scenery, Source};
use crossbeam_channel::bounded;
use gstreamer_video::VideoInfo;
use gstreamer_video::prelude::*;
use media::decode::Decoder;
use media::encode::family::Family;
use media::encode::{Config, Encoder, Rate};
use media::picture::{self, Picture, Pool};
use program::clock;
use protocol::codec::Codec;
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::layout::Role;
use protocol::time::MonoTime;

use super::judge::{Luma, worst_band_db};
use media::strip;

/// Size of every picture.
pub const SIZE: SizePx = SizePx { width: 1280, height: 720 };
/// Pictures a second.
pub const FPS: u32 = 30;
/// What the encoder is given, as in the product's example configuration.
pub const BITRATE_BPS: u32 = 6_000_000;
/// Pictures painted ahead; they are played forwards and backwards, so that motion never jumps. Three seconds.
const PAINTED: usize = 90;
/// A decoded picture whose worst band is this much worse than the codec alone made of the same picture is damaged.
/// Rate control makes some 3 dB of difference, a concealed slice of moving tissue 10 and more.
pub const MARGIN_DB: f64 = 6.0;

/// All pictures, ready to be sent.
pub struct Pictures {
    info: VideoInfo,
    pool: Pool,
    painted: Vec<Picture>,
    /// The lowest ratio that the codec alone gave each of them.
    usual_db: Vec<f64>,
}

/// The rate of the encoder, or what a system allows of it.
pub fn rate(budget_bps: Option<u64>) -> Rate {
    let budget = budget_bps.map_or(u32::MAX, |bps| u32::try_from(bps).unwrap_or(u32::MAX));
    Rate { bitrate_bps: BITRATE_BPS.min(budget), pictures_per_second: f64::from(FPS) }
}

/// The settings of the encoder that every system is fed from.
pub fn encoder() -> Result<Encoder> {
    let (rate, codec, family) = (rate(None), Codec::H264, Family::X264);
    Ok(Encoder::start(&Config { size: SIZE, colour: Colour::default(), rate, codec, family })?)
}

impl Pictures {
    /// Paints them and learns what the codec makes of them: some ten seconds.
    ///
    /// # Errors
    /// The scene or the codec does not work.
    pub fn paint() -> Result<Self> {
        let info = picture::i420(SIZE, Colour::default())?;
        let painted = painted()?;
        let pool = Pool::new(&info)?;
        let mut pictures = Self { info, pool, usual_db: vec![f64::MAX; painted.len()], painted };
        pictures.learn()?;
        Ok(pictures)
    }

    /// Picture `number` with its strip, in memory of its own.
    ///
    /// # Errors
    /// No memory.
    pub fn picture(&self, number: u64) -> Result<Picture> {
        let source = self.painted.get(self.index(number)).context("no picture was painted")?.read()?;
        let mut target = picture::write(self.pool.buffer()?, &self.info)?;
        let stride = target.plane_stride().first().map_or(0, |stride| stride.unsigned_abs() as usize);
        for plane in 0..3 {
            let from = source.plane_data(plane)?;
            let into = target.plane_data_mut(plane)?;
            ensure!(from.len() == into.len(), "two pictures of one kind lie differently in memory");
            into.copy_from_slice(from);
        }
        strip::write(target.plane_data_mut(0)?, stride, SIZE.width.into(), number);
        let buffer = target.into_buffer();
        Ok(Picture { buffer, info: self.info.clone(), captured: MonoTime(0) })
    }

    /// Whether `decoded` is what the encoder made of picture `number`, as far as an eye could tell.
    ///
    /// # Errors
    /// The decoded picture has no pixels.
    pub fn is_whole(&self, number: u64, decoded: &Picture) -> Result<bool> {
        let usual = self.usual_db.get(self.index(number)).context("no picture was painted")?;
        Ok(self.ratio_db(number, decoded)? >= usual - MARGIN_DB)
    }

    /// The lowest ratio a band had in any picture of the codec alone.
    pub fn lowest_usual_db(&self) -> f64 {
        self.usual_db.iter().copied().fold(f64::MAX, f64::min)
    }

    fn ratio_db(&self, number: u64, decoded: &Picture) -> Result<f64> {
        let source = self.painted.get(self.index(number)).context("no picture was painted")?.read()?;
        let decoded = decoded.read()?;
        if decoded.width() != u32::from(SIZE.width) || decoded.height() != u32::from(SIZE.height) {
            return Ok(0.0);
        }
        let stride = |strides: &[i32]| strides.first().map_or(0, |stride| stride.unsigned_abs() as usize);
        let source = Luma { data: source.plane_data(0)?, stride: stride(source.plane_stride()) };
        let decoded = Luma { data: decoded.plane_data(0)?, stride: stride(decoded.plane_stride()) };
        Ok(worst_band_db(source, decoded, SIZE.width.into(), SIZE.height.into()))
    }

    /// Which painted picture is number `number`: there and back again.
    fn index(&self, number: u64) -> usize {
        there_and_back(number, self.painted.len())
    }

    /// Plays all of them twice through the codec alone, with an independent one a second.
    fn learn(&mut self) -> Result<()> {
        let (mut encoder, mut decoder) = (encoder()?, Decoder::start()?);
        for number in 0..4 * self.painted.len() as u64 {
            if number % u64::from(FPS) == 0 {
                encoder.force_independent()?;
            }
            let unit = encoder.encode(&self.picture(number)?)?;
            let decoded = decoder.decode(&unit.bytes, clock::now())?;
            let ratio_db = self.ratio_db(number, &decoded)?;
            let index = self.index(number);
            if let Some(usual) = self.usual_db.get_mut(index) {
                *usual = usual.min(ratio_db);
            }
        }
        Ok(())
    }
}

/// The frame number in a decoded picture.
pub fn number(decoded: &Picture) -> Option<u64> {
    let frame = decoded.read().ok()?;
    let stride = frame.plane_stride().first()?.unsigned_abs() as usize;
    strip::read(frame.plane_data(0).ok()?, stride, SIZE.width.into())
}

fn painted() -> Result<Vec<Picture>> {
    let scene = Scene { scenery: Scenery::Tissue, size: Some(SIZE), fps: Some(FPS as u16), colour: Colour::default() };
    let (sender, receiver) = bounded(1);
    let source = Source::new(Role::Endoscope, Kind::Scene(scene));
    // Full or closed: enough have been taken.
    let running = capture::source::open("pictures", &source, move |picture| drop(sender.send(picture)))?;
    let next = |_| receiver.recv_timeout(Duration::from_secs(5)).context("the scene paints no pictures");
    let painted = (0..PAINTED).map(next).collect::<Result<_>>()?;
    drop(receiver);
    drop(running);
    Ok(painted)
}

fn there_and_back(number: u64, count: usize) -> usize {
    let last = count.saturating_sub(1);
    let at = usize::try_from(number % (2 * last).max(1) as u64).unwrap_or(0);
    if at <= last { at } else { 2 * last - at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_played_there_and_back_without_a_jump() {
        let order: Vec<usize> = (0..10).map(|number| there_and_back(number, 4)).collect();
        assert_eq!(order, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]);
    }

    #[test]
    fn the_codec_alone_brings_every_number_and_no_damage() {
        media::init_codecs().unwrap();
        let pictures = Pictures::paint().unwrap();
        let (mut encoder, mut decoder) = (encoder().unwrap(), Decoder::start().unwrap());
        // Played forwards, where no other of the next second is the same picture; the first of a stream are worse than any that was
        // learnt.
        for given in 530..560 {
            let unit = encoder.encode(&pictures.picture(given).unwrap()).unwrap();
            let decoded = decoder.decode(&unit.bytes, MonoTime(0)).unwrap();
            assert_eq!(number(&decoded), Some(given));
            if given < 540 {
                continue;
            }
            assert!(pictures.is_whole(given, &decoded).unwrap(), "frame {given}");
            assert!(!pictures.is_whole(given + 30, &decoded).unwrap(), "frame {given} passes for another");
        }
    }
}
