//! Repair shards of a frame, and a frame from enough of its shards: a systematic Reed-Solomon code over 16 bit words
//! (Lin, Al-Naffouri, Han and Chung 2016, by `reed-solomon-simd`). Any `count` of a frame's shards, source or repair,
//! give the frame back. How many repair shards a frame gets is [`crate::schedule`]'s.

mod locator;

use bytes::Bytes;
use reed_solomon_simd::rate::{DefaultRateDecoder, RateDecoder};
use reed_solomon_simd::{Error, ReedSolomonEncoder};

use self::locator::Located;
use crate::shards::Geometry;

/// The code with its working memory, kept from frame to frame.
#[derive(Default)]
pub struct Code {
    encoder: Option<ReedSolomonEncoder>,
    decoder: Option<DefaultRateDecoder<Located>>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, into: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        into.debug_struct("Code").finish_non_exhaustive()
    }
}

impl Code {
    /// A code that has been used once, so that its tables (some milliseconds) are not made while the first frame waits.
    pub fn warmed() -> Self {
        let mut code = Self::default();
        let frame = [1; 1024];
        let geometry = Geometry::of(frame.len(), 512, 2);
        let repair = code.protect(&frame, geometry);
        let mut damaged = frame.to_vec();
        damaged.fill(0);
        let repair: Vec<(u16, Bytes)> = (0..).zip(repair).collect();
        code.rebuild(&mut damaged, geometry, &[false; 2], &repair);
        code
    }

    /// The repair shards of `frame`, each as long as a source shard; none where the geometry has none.
    pub fn protect(&mut self, frame: &[u8], geometry: Geometry) -> Vec<Bytes> {
        if geometry.repair() == 0 {
            return Vec::new();
        }
        self.try_protect(frame, geometry).unwrap_or_else(|error| {
            // Every geometry within the bounds is one the code supports; a frame without repair is still a frame.
            tracing::error!("a frame goes without repair: {error}");
            Vec::new()
        })
    }

    fn try_protect(&mut self, frame: &[u8], geometry: Geometry) -> Result<Vec<Bytes>, Error> {
        let (count, repair, bytes) = dimensions(geometry);
        let encoder = match &mut self.encoder {
            Some(encoder) => {
                encoder.reset(count, repair, bytes)?;
                encoder
            }
            None => self.encoder.insert(ReedSolomonEncoder::new(count, repair, bytes)?),
        };
        for index in 0..geometry.count() {
            encoder.add_original_shard(padded(frame, geometry, index))?;
        }
        Ok(encoder.encode()?.recovery_iter().map(Bytes::copy_from_slice).collect())
    }

    /// Fills the gaps of `frame`, whose source shards are there where `present` says so, from the `repair` shards, each
    /// with its place among them. Says whether it could.
    pub fn rebuild(&mut self, frame: &mut [u8], geometry: Geometry, present: &[bool], repair: &[(u16, Bytes)]) -> bool {
        self.try_rebuild(frame, geometry, present, repair).is_ok()
    }

    fn try_rebuild(
        &mut self,
        frame: &mut [u8],
        geometry: Geometry,
        present: &[bool],
        repair: &[(u16, Bytes)],
    ) -> Result<(), Error> {
        let (count, repair_count, bytes) = dimensions(geometry);
        let decoder = match &mut self.decoder {
            Some(decoder) => {
                decoder.reset(count, repair_count, bytes)?;
                decoder
            }
            None => {
                let engine = Located::new();
                self.decoder.insert(DefaultRateDecoder::new(count, repair_count, bytes, engine, None)?)
            }
        };
        for (index, _) in (0u16..).zip(present).filter(|(_, present)| **present) {
            decoder.add_original_shard(index.into(), padded(frame, geometry, index))?;
        }
        for (index, shard) in repair {
            decoder.add_recovery_shard((*index).into(), shard)?;
        }
        for (index, shard) in decoder.decode()?.restored_original_iter() {
            let place = u16::try_from(index).ok().and_then(|index| frame.get_mut(geometry.range(index)));
            if let Some(place) = place {
                place.iter_mut().zip(shard).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(())
    }
}

/// Source shards, repair shards and the bytes of each.
fn dimensions(geometry: Geometry) -> (usize, usize, usize) {
    (geometry.count().into(), geometry.repair().into(), geometry.shard_bytes())
}

/// A source shard at its full length: the last is filled up with zeros, which do not travel.
fn padded(frame: &[u8], geometry: Geometry, index: u16) -> std::borrow::Cow<'_, [u8]> {
    let part = frame.get(geometry.range(index)).unwrap_or_default();
    if part.len() == geometry.shard_bytes() {
        return part.into();
    }
    let mut whole = part.to_vec();
    whole.resize(geometry.shard_bytes(), 0);
    whole.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_count_of_a_frames_shards_gives_it_back(
            len in 1usize..40_000, shard_bytes in 512usize..1400, repair in 1u16..12, seed: u64,
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let frame: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            let geometry = Geometry::of(len, shard_bytes, repair);
            let mut code = Code::default();
            let shards = code.protect(&frame, geometry);
            prop_assert_eq!(shards.len(), usize::from(repair));
            let mut order: Vec<u16> = (0..geometry.count() + repair).collect();
            random.shuffle(&mut order);
            order.truncate(geometry.count().into());
            let mut present = vec![false; geometry.count().into()];
            let (mut damaged, mut kept) = (vec![0; len], Vec::new());
            for index in order {
                match index.checked_sub(geometry.count()) {
                    Some(at) => kept.push((at, shards[usize::from(at)].clone())),
                    None => {
                        present[usize::from(index)] = true;
                        damaged[geometry.range(index)].copy_from_slice(&frame[geometry.range(index)]);
                    }
                }
            }
            prop_assert!(code.rebuild(&mut damaged, geometry, &present, &kept));
            prop_assert_eq!(damaged, frame);
        }
    }

    #[test]
    fn one_shard_too_few_gives_nothing_back() {
        let frame = vec![7; 5000];
        let geometry = Geometry::of(frame.len(), 1000, 2);
        let mut code = Code::warmed();
        let shards: Vec<(u16, Bytes)> = (0..).zip(code.protect(&frame, geometry)).collect();
        let present = [true, true, false, false, false];
        assert!(!code.rebuild(&mut frame.clone(), geometry, &present, &shards));
    }
}
