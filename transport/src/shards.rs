//! A frame, its bounds, and its split into shards. Repair shards are made by [`crate::protect`]; putting shards together
//! again is [`crate::assembly`]'s.

use bytes::Bytes;

use crate::protect::Code;
use crate::wire::Shard;

/// Bytes of a frame at most. The largest independent 4K frame seen in practice is well under half of it.
pub const MAX_FRAME_BYTES: usize = 4 << 20;
/// Source shards of a frame at most, and repair shards at most: 4 MiB in 512 byte shards.
pub const MAX_SHARDS: u16 = 8192;

/// One encoded frame, within the bounds of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    independent: bool,
    bytes: Bytes,
}

/// A frame the wire cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes cannot be sent: 1 to {MAX_FRAME_BYTES} are possible; lower the encoder's bit rate")]
pub struct FrameSizeError(pub usize);

/// How a frame lies in its shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    frame_bytes: usize,
    count: u16,
    repair: u16,
}

/// A frame as it travels: its shards, under its number.
#[derive(Debug, Clone)]
pub struct Train {
    /// Counts the session's frames from 0.
    pub number: u64,
    frame: Frame,
    geometry: Geometry,
    checksum: [u8; 4],
    repair: Vec<Bytes>,
}

impl Frame {
    /// A frame of `bytes`; `independent` if it decodes without earlier ones.
    ///
    /// # Errors
    /// If it is empty or larger than [`MAX_FRAME_BYTES`].
    pub fn new(independent: bool, bytes: impl Into<Bytes>) -> Result<Self, FrameSizeError> {
        let bytes = bytes.into();
        if bytes.is_empty() || bytes.len() > MAX_FRAME_BYTES {
            return Err(FrameSizeError(bytes.len()));
        }
        Ok(Self { independent, bytes })
    }

    /// Whether it decodes without earlier ones.
    pub fn independent(&self) -> bool {
        self.independent
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl Train {
    /// `frame` under the name `number`, with the repair shards that `code` makes of it.
    pub fn new(number: u64, frame: Frame, geometry: Geometry, code: &mut Code) -> Self {
        let checksum = crc32c::crc32c(&frame.bytes).to_le_bytes();
        let repair = code.protect(&frame.bytes, geometry);
        Self { number, frame, geometry, checksum, repair }
    }

    /// How it is split.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Bytes of all its shards' payloads.
    pub(crate) fn held_bytes(&self) -> usize {
        let Self { number: _, frame, geometry: _, checksum: _, repair } = self;
        frame.bytes.len() + repair.iter().map(Bytes::len).sum::<usize>()
    }

    /// The shard at `index`: source shards first, then repair.
    pub fn shard(&self, index: u16) -> Option<Shard<'_>> {
        let payload = match index.checked_sub(self.geometry.count) {
            Some(at) => self.repair.get(usize::from(at))?,
            None => self.frame.bytes.get(self.geometry.range(index))?,
        };
        Some(Shard {
            frame: self.number,
            independent: self.frame.independent,
            index,
            count: self.geometry.count,
            repair: self.geometry.repair,
            frame_bytes: self.geometry.frame_bytes as u32,
            checksum: self.checksum,
            payload,
        })
    }
}

impl Geometry {
    /// `frame_bytes` in source shards of at most `shard_bytes` (at least 512 are used, so that the count stays within
    /// [`MAX_SHARDS`]), and `repair` shards. Shards are of an even length, which the code needs.
    pub fn of(frame_bytes: usize, shard_bytes: usize, repair: u16) -> Self {
        let most = shard_bytes.max(MAX_FRAME_BYTES / usize::from(MAX_SHARDS)) & !1;
        Self { frame_bytes, count: frame_bytes.div_ceil(most) as u16, repair: repair.min(MAX_SHARDS) }
    }

    /// The geometry a received shard claims; `None` if no frame can have it or the shard does not fit it.
    pub fn claimed(shard: &Shard<'_>) -> Option<Self> {
        let frame_bytes = usize::try_from(shard.frame_bytes).ok()?;
        let size_fits = (1..=MAX_FRAME_BYTES).contains(&frame_bytes)
            && (1..=MAX_SHARDS).contains(&shard.count)
            && shard.repair <= MAX_SHARDS;
        let geometry = Self { frame_bytes, count: shard.count, repair: shard.repair };
        let fits = size_fits
            && shard.index < shard.count + shard.repair
            && geometry.shard_bytes() * usize::from(shard.count - 1) < frame_bytes
            && geometry.payload_bytes(shard.index) == shard.payload.len();
        fits.then_some(geometry)
    }

    /// Size of the whole frame.
    pub fn frame_bytes(self) -> usize {
        self.frame_bytes
    }

    /// Number of source shards; as many of all shards give the frame.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Number of repair shards.
    pub fn repair(self) -> u16 {
        self.repair
    }

    /// Where source shard `index` lies in the frame.
    pub fn range(self, index: u16) -> std::ops::Range<usize> {
        let start = (self.shard_bytes() * usize::from(index)).min(self.frame_bytes);
        start..(start + self.shard_bytes()).min(self.frame_bytes)
    }

    /// Length of a shard; only the last source shard may be shorter.
    pub fn shard_bytes(self) -> usize {
        self.frame_bytes.div_ceil(usize::from(self.count)).next_multiple_of(2)
    }

    fn payload_bytes(self, index: u16) -> usize {
        if index < self.count { self.range(index).len() } else { self.shard_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn train(frame: Frame, shard_bytes: usize, repair: u16) -> Train {
        let geometry = Geometry::of(frame.bytes.len(), shard_bytes, repair);
        Train::new(9, frame, geometry, &mut Code::default())
    }

    #[test]
    fn an_empty_frame_and_one_beyond_the_bound_are_refused() {
        assert_eq!(Frame::new(true, Vec::new()), Err(FrameSizeError(0)));
        assert_eq!(Frame::new(true, vec![0; MAX_FRAME_BYTES + 1]), Err(FrameSizeError(MAX_FRAME_BYTES + 1)));
    }

    #[test]
    fn the_largest_frame_stays_within_the_bound_of_shards_on_the_narrowest_path() {
        assert_eq!(Geometry::of(MAX_FRAME_BYTES, 1, 0).count(), MAX_SHARDS);
    }

    #[test]
    fn a_shard_that_does_not_fit_its_own_claim_has_no_geometry() {
        let train = train(Frame::new(false, vec![1; 3000]).unwrap(), 1100, 2);
        let (good, repair) = (train.shard(0).unwrap(), train.shard(4).unwrap());
        assert!(Geometry::claimed(&good).is_some() && Geometry::claimed(&repair).is_some());
        assert_eq!(train.shard(5), None);
        for bad in [
            Shard { index: 5, ..good },
            Shard { count: 0, ..good },
            Shard { count: MAX_SHARDS + 1, ..good },
            Shard { repair: MAX_SHARDS + 1, ..good },
            Shard { repair: 1, ..repair },
            Shard { frame_bytes: 0, ..good },
            Shard { frame_bytes: u32::MAX, ..good },
            Shard { frame_bytes: 3002, ..good },
            Shard { frame_bytes: 2, ..good },
            Shard { payload: &good.payload[1..], ..good },
            Shard { payload: &repair.payload[1..], ..repair },
        ] {
            assert_eq!(Geometry::claimed(&bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn shards_tile_the_frame_within_their_size(
            len in 1usize..60_000, shard_bytes in 512usize..1500, repair in 0u16..4,
        ) {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let train = train(Frame::new(true, bytes.clone()).unwrap(), shard_bytes, repair);
            let mut back = Vec::new();
            for index in 0..train.geometry().count() {
                let shard = train.shard(index).unwrap();
                prop_assert!(shard.payload.len() <= shard_bytes && !shard.payload.is_empty());
                let geometry = Geometry::claimed(&shard).unwrap();
                prop_assert_eq!(geometry, train.geometry());
                prop_assert_eq!(geometry.range(shard.index).start, back.len());
                back.extend_from_slice(shard.payload);
            }
            prop_assert_eq!(back, bytes);
            for index in 0..repair {
                prop_assert!(Geometry::claimed(&train.shard(train.geometry().count() + index).unwrap()).is_some());
            }
        }
    }
}
