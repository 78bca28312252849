//! One frame on its way in: its shards' bytes, and what it has become. Its turn is [`super::Assembly`]'s to give.

use bytes::Bytes;
use protocol::time::MonoTime;

use crate::path::PathId;
use crate::protect::Code;
use crate::shards::Geometry;
use crate::wire::Shard;

/// A frame's place in the order.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) first_trace: MonoTime,
    /// When to ask for what is missing.
    pub(super) ask_at: MonoTime,
    pub(super) asked: Asked,
    pub(super) content: Content,
}

/// Whether shards of a frame were asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    No,
    Yes,
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
    /// Source shards that have not come.
    missing: u16,
    /// Repair shards that have come, by their place among them; never more than are missing.
    repair: Vec<(u16, Bytes)>,
}

#[derive(Debug)]
pub(super) struct Complete {
    pub(super) independent: bool,
    pub(super) bytes: Bytes,
    pub(super) first_shard: MonoTime,
    pub(super) complete: MonoTime,
    pub(super) completed_by: PathId,
    pub(super) rebuilt: bool,
}

/// What a shard brought.
pub(super) enum Taken {
    New,
    Known,
    Refused,
}

impl Slot {
    /// A frame that was first heard of at `now`; what is missing of it is asked for at `ask_at`.
    pub(super) fn new(now: MonoTime, ask_at: MonoTime) -> Self {
        Self { first_trace: now, ask_at, asked: Asked::No, content: Content::Missing }
    }

    pub(super) fn take(
        &mut self,
        path: PathId,
        shard: &Shard<'_>,
        geometry: Geometry,
        code: &mut Code,
        now: MonoTime,
    ) -> Taken {
        if matches!(self.content, Content::Missing) {
            self.content = Content::Partial(Partial::new(shard, geometry, now));
        }
        let Content::Partial(partial) = &mut self.content else { return Taken::Known };
        let taken = partial.take(shard, geometry);
        if partial.has_enough() {
            self.content = partial.finish(path, code, now);
        }
        taken
    }

    /// The source shards to ask for: as many as are needed. None stands for all of a frame of which nothing came; and
    /// nothing is needed of one that has become something.
    pub(super) fn needed(&self) -> Option<Vec<u16>> {
        match &self.content {
            Content::Missing => Some(Vec::new()),
            Content::Partial(partial) => Some(partial.needed()),
            Content::Complete(_) | Content::Damaged => None,
        }
    }

    /// Whether it may still become something.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.content, Content::Missing | Content::Partial(_))
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
            Content::Partial(partial) => {
                let repair: usize = partial.repair.iter().map(|(_, shard)| shard.len()).sum();
                partial.bytes.len() + partial.present.len() + repair
            }
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
            repair: Vec::new(),
        }
    }

    fn has_enough(&self) -> bool {
        usize::from(self.missing) <= self.repair.len()
    }

    fn needed(&self) -> Vec<u16> {
        let absent = (0u16..).zip(&self.present).filter(|(_, present)| !**present).map(|(index, _)| index);
        absent.take(usize::from(self.missing).saturating_sub(self.repair.len())).collect()
    }

    fn take(&mut self, shard: &Shard<'_>, geometry: Geometry) -> Taken {
        if (self.geometry, self.independent, self.checksum) != (geometry, shard.independent, shard.checksum) {
            return Taken::Refused;
        }
        if let Some(at) = shard.index.checked_sub(geometry.count()) {
            return self.take_repair(at, shard.payload);
        }
        let present = self.present.get_mut(usize::from(shard.index));
        let (Some(present), Some(place)) = (present, self.bytes.get_mut(geometry.range(shard.index))) else {
            return Taken::Refused;
        };
        if std::mem::replace(present, true) {
            return Taken::Known;
        }
        place.copy_from_slice(shard.payload);
        self.missing -= 1;
        Taken::New
    }

    fn take_repair(&mut self, at: u16, payload: &[u8]) -> Taken {
        if self.repair.iter().any(|(known, _)| *known == at) {
            return Taken::Known;
        }
        self.repair.push((at, Bytes::copy_from_slice(payload)));
        Taken::New
    }

    fn finish(&mut self, completed_by: PathId, code: &mut Code, now: MonoTime) -> Content {
        let mut bytes = std::mem::take(&mut self.bytes);
        let rebuilt = self.missing > 0;
        if rebuilt && !code.rebuild(&mut bytes, self.geometry, &self.present, &self.repair) {
            return Content::Damaged;
        }
        let bytes = Bytes::from(bytes);
        if crc32c::crc32c(&bytes).to_le_bytes() != self.checksum {
            return Content::Damaged;
        }
        let (independent, first_shard) = (self.independent, self.first_shard);
        Content::Complete(Complete { independent, bytes, first_shard, complete: now, completed_by, rebuilt })
    }
}
