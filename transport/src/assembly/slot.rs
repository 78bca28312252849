//! One frame on its way in: its shards' bytes, and what it has become. Its turn is [`super::Assembly`]'s to give.

use bytes::Bytes;
use protocol::time::MonoTime;

use crate::path::PathId;
use crate::shards::Geometry;
use crate::wire::Shard;

/// A frame's place in the order.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) first_trace: MonoTime,
    pub(super) content: Content,
}

/// What has become of a frame so far.
#[derive(Debug)]
pub(super) enum Content {
    /// Known only by later ones.
    Missing,
    Partial(Partial),
    Complete(Complete),
    /// All shards came, and the checksum is wrong.
    Damaged,
}

#[derive(Debug)]
pub(super) struct Partial {
    geometry: Geometry,
    independent: bool,
    checksum: [u8; 4],
    first_shard: MonoTime,
    bytes: Vec<u8>,
    present: Vec<bool>,
    missing: u16,
}

#[derive(Debug)]
pub(super) struct Complete {
    pub(super) independent: bool,
    pub(super) bytes: Bytes,
    pub(super) first_shard: MonoTime,
    pub(super) complete: MonoTime,
    pub(super) completed_by: PathId,
}

/// What a shard brought.
pub(super) enum Taken {
    New,
    Known,
    Refused,
}

impl Slot {
    pub(super) fn take(&mut self, path: PathId, shard: &Shard<'_>, geometry: Geometry, now: MonoTime) -> Taken {
        if matches!(self.content, Content::Missing) {
            self.content = Content::Partial(Partial::new(shard, geometry, now));
        }
        let Content::Partial(partial) = &mut self.content else { return Taken::Known };
        let taken = partial.take(shard, geometry);
        if partial.missing == 0 {
            self.content = partial.finish(path, now);
        }
        taken
    }

    pub(super) fn is_independent(&self) -> bool {
        match &self.content {
            Content::Partial(partial) => partial.independent,
            Content::Complete(complete) => complete.independent,
            Content::Missing | Content::Damaged => false,
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        match &self.content {
            Content::Partial(partial) => partial.bytes.len() + partial.present.len(),
            Content::Complete(complete) => complete.bytes.len(),
            Content::Missing | Content::Damaged => 0,
        }
    }
}

impl Partial {
    fn new(shard: &Shard<'_>, geometry: Geometry, now: MonoTime) -> Self {
        Self {
            geometry,
            independent: shard.independent,
            checksum: shard.checksum,
            first_shard: now,
            bytes: vec![0; geometry.frame_bytes()],
            present: vec![false; usize::from(geometry.count())],
            missing: geometry.count(),
        }
    }

    pub(super) fn take(&mut self, shard: &Shard<'_>, geometry: Geometry) -> Taken {
        let same = (self.geometry, self.independent, self.checksum) == (geometry, shard.independent, shard.checksum);
        let present = self.present.get_mut(usize::from(shard.index));
        let (true, Some(present), Some(place)) = (same, present, self.bytes.get_mut(geometry.range(shard.index)))
        else {
            return Taken::Refused;
        };
        if std::mem::replace(present, true) {
            return Taken::Known;
        }
        place.copy_from_slice(shard.payload);
        self.missing -= 1;
        Taken::New
    }

    fn finish(&mut self, completed_by: PathId, now: MonoTime) -> Content {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        if crc32c::crc32c(&bytes).to_le_bytes() != self.checksum {
            return Content::Damaged;
        }
        let (independent, first_shard) = (self.independent, self.first_shard);
        Content::Complete(Complete { independent, bytes, first_shard, complete: now, completed_by })
    }
}
