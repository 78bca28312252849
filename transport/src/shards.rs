//! A frame, its bounds, and its split into shards. Putting shards together again is [`crate::assembly`]'s.

use bytes::Bytes;

use crate::wire::Shard;

/// Bytes of a frame at most. The largest independent 4K frame seen in practice is well under half of it.
pub const MAX_FRAME_BYTES: usize = 4 << 20;
/// Shards of a frame at most: 4 MiB in 512 byte shards.
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

    /// The shards of this frame under the name `number`, none with more than `shard_bytes` of payload (at least 512
    /// are used, so that the count stays within [`MAX_SHARDS`]).
    pub fn shards(&self, number: u64, shard_bytes: usize) -> impl Iterator<Item = Shard<'_>> {
        let geometry = Geometry::of(self.bytes.len(), shard_bytes);
        let checksum = crc32c::crc32c(&self.bytes).to_le_bytes();
        self.bytes.chunks(geometry.shard_bytes()).zip(0u16..).map(move |(payload, index)| Shard {
            frame: number,
            independent: self.independent,
            index,
            count: geometry.count,
            frame_bytes: geometry.frame_bytes as u32,
            checksum,
            payload,
        })
    }
}

impl Geometry {
    fn of(frame_bytes: usize, shard_bytes: usize) -> Self {
        let count = frame_bytes.div_ceil(shard_bytes.max(MAX_FRAME_BYTES / usize::from(MAX_SHARDS)));
        Self { frame_bytes, count: count as u16 }
    }

    /// The geometry a received shard claims; `None` if no frame can have it or the shard does not fit it.
    pub fn claimed(shard: &Shard<'_>) -> Option<Self> {
        let frame_bytes = usize::try_from(shard.frame_bytes).ok()?;
        let size_fits = (1..=MAX_FRAME_BYTES).contains(&frame_bytes) && (1..=MAX_SHARDS).contains(&shard.count);
        let geometry = Self { frame_bytes, count: shard.count };
        let fits = size_fits
            && shard.index < shard.count
            && geometry.shard_bytes() * usize::from(shard.count - 1) < frame_bytes
            && geometry.range(shard.index).len() == shard.payload.len();
        fits.then_some(geometry)
    }

    /// Size of the whole frame.
    pub fn frame_bytes(self) -> usize {
        self.frame_bytes
    }

    /// Number of shards.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Where shard `index` lies in the frame.
    pub fn range(self, index: u16) -> std::ops::Range<usize> {
        let start = (self.shard_bytes() * usize::from(index)).min(self.frame_bytes);
        start..(start + self.shard_bytes()).min(self.frame_bytes)
    }

    fn shard_bytes(self) -> usize {
        self.frame_bytes.div_ceil(usize::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_frame_and_one_beyond_the_bound_are_refused() {
        assert_eq!(Frame::new(true, Vec::new()), Err(FrameSizeError(0)));
        assert_eq!(Frame::new(true, vec![0; MAX_FRAME_BYTES + 1]), Err(FrameSizeError(MAX_FRAME_BYTES + 1)));
    }

    #[test]
    fn the_largest_frame_stays_within_the_bound_of_shards_on_the_narrowest_path() {
        let frame = Frame::new(true, vec![0; MAX_FRAME_BYTES]).unwrap();
        assert_eq!(frame.shards(0, 1).count(), usize::from(MAX_SHARDS));
    }

    #[test]
    fn a_shard_that_does_not_fit_its_own_claim_has_no_geometry() {
        let frame = Frame::new(false, vec![1; 3000]).unwrap();
        let good = frame.shards(4, 1100).next().unwrap();
        assert!(Geometry::claimed(&good).is_some());
        for bad in [
            Shard { index: 3, ..good },
            Shard { count: 0, ..good },
            Shard { count: MAX_SHARDS + 1, ..good },
            Shard { frame_bytes: 0, ..good },
            Shard { frame_bytes: u32::MAX, ..good },
            Shard { frame_bytes: 3001, ..good },
            Shard { frame_bytes: 2, ..good },
            Shard { payload: &good.payload[1..], ..good },
        ] {
            assert_eq!(Geometry::claimed(&bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn shards_tile_the_frame_within_their_size(len in 1usize..60_000, shard_bytes in 512usize..1500) {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let frame = Frame::new(true, bytes.clone()).unwrap();
            let mut back = Vec::new();
            for shard in frame.shards(9, shard_bytes) {
                prop_assert!(shard.payload.len() <= shard_bytes && !shard.payload.is_empty());
                let geometry = Geometry::claimed(&shard).unwrap();
                prop_assert_eq!(geometry.range(shard.index).start, back.len());
                back.extend_from_slice(shard.payload);
            }
            prop_assert_eq!(back, bytes);
        }
    }
}
