//! Frames sent a moment ago, so that shards of them can be sent again. When to ask is [`crate::assembly`]'s.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

use crate::shards::Train;
use crate::wire::{Nack, Shard};

/// A frame older than this helps nobody: the far end gives up 250 ms after its first trace (see
/// [`crate::assembly::DEADLINE`]), and what is sent needs its time there.
const KEPT: Duration = Duration::from_millis(250);
/// Frames kept at most: those of [`KEPT`] at 120 a second and some.
const MAX_FRAMES: usize = 32;
/// How often all shards of a frame are sent again at most, whatever is asked: a peer that asks without end must not fill
/// the line.
const MOST_TIMES: usize = 4;

/// Frames that may be asked for again, oldest first.
#[derive(Debug, Default)]
pub struct History {
    sent: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    train: Train,
    at: MonoTime,
    /// Shards that may still be sent again.
    left: usize,
    /// Which shards have left by some path.
    departed: Vec<bool>,
}

impl History {
    /// A frame is to be sent.
    pub fn keep(&mut self, train: Train, now: MonoTime) {
        self.forget(now);
        if self.sent.len() == MAX_FRAMES {
            self.sent.pop_front();
        }
        let shards = usize::from(train.geometry().count()) + usize::from(train.geometry().repair());
        self.sent.push_back(Entry { train, at: now, left: shards * MOST_TIMES, departed: vec![false; shards] });
    }

    /// The frame that was asked for and which of its shards to send, if there is still one.
    pub fn asked(&mut self, nack: &Nack<'_>, now: MonoTime) -> Option<(&Train, Vec<u16>)> {
        self.forget(now);
        let entry = self.sent.iter_mut().find(|entry| entry.train.number == nack.frame)?;
        let geometry = entry.train.geometry();
        let mut shards: Vec<u16> = match nack.missing {
            [] => (0..geometry.count()).collect(),
            bits => wanted(nack.first, bits, geometry.count() + geometry.repair()),
        };
        // What has not left yet is on its way without being asked for.
        shards.retain(|index| entry.departed.get(usize::from(*index)).copied().unwrap_or(false));
        shards.truncate(entry.left);
        entry.left -= shards.len();
        Some((&entry.train, shards))
    }

    /// Shard `index` of a frame, which leaves now; `None` if its time is over.
    pub fn depart(&mut self, frame: u64, index: u16, now: MonoTime) -> Option<Shard<'_>> {
        self.forget(now);
        let entry = self.sent.iter_mut().find(|entry| entry.train.number == frame)?;
        entry.departed.iter_mut().skip(index.into()).take(1).for_each(|departed| *departed = true);
        entry.train.shard(index)
    }

    /// Whether shard `index` of a frame has left by some path, or its time is over.
    pub fn has_departed(&self, frame: u64, index: u16) -> bool {
        let entry = self.sent.iter().find(|entry| entry.train.number == frame);
        entry.is_none_or(|entry| entry.departed.get(usize::from(index)).copied().unwrap_or(true))
    }

    /// The last frame kept.
    pub fn newest(&self) -> Option<&Train> {
        self.sent.back().map(|entry| &entry.train)
    }

    /// How many frames are kept.
    pub fn len(&self) -> usize {
        self.sent.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Frames kept and the bytes of their shards, for [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 2] {
        let Self { sent } = self;
        let bytes =
            sent.iter().map(|Entry { train, at: _, left: _, departed }| train.held_bytes() + departed.len()).sum();
        [("frames kept", sent.len()), ("bytes kept", bytes)]
    }

    fn forget(&mut self, now: MonoTime) {
        while self.sent.front().is_some_and(|entry| now.since(entry.at) > KEPT) {
            self.sent.pop_front();
        }
    }
}

/// The shards below `end` whose bits are set.
fn wanted(first: u16, bits: &[u8], end: u16) -> Vec<u16> {
    let set = bits.iter().zip(0u32..).flat_map(|(byte, at)| {
        let byte = *byte;
        (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| at * 8 + bit)
    });
    let index = |offset: u32| u16::try_from(u32::from(first) + offset).ok().filter(|index| *index < end);
    set.filter_map(index).collect()
}

/// The first shard of `missing` and the bits that ask for them; those too far behind the first are left for the next time.
pub fn bits(missing: &[u16]) -> (u16, Vec<u8>) {
    /// So that it fits any datagram: a thousand shards are a megabyte.
    const MOST_BYTES: usize = 128;
    let first = missing.first().copied().unwrap_or(0);
    let mut bits = Vec::new();
    for index in missing {
        let offset = usize::from(index.saturating_sub(first));
        let at = offset / 8;
        if at >= MOST_BYTES {
            break;
        }
        bits.resize(bits.len().max(at + 1), 0u8);
        bits.iter_mut().skip(at).take(1).for_each(|byte| *byte |= 1 << (offset % 8));
    }
    (first, bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protect::Code;
    use crate::shards::{Frame, Geometry};

    fn train(number: u64) -> Train {
        let frame = Frame::new(false, vec![1; 5000]).unwrap();
        Train::new(number, frame, Geometry::of(5000, 1000, 2), &mut Code::default())
    }

    /// A history with a frame whose shards have all left.
    fn with(number: u64, at: MonoTime) -> History {
        let mut history = History::default();
        history.keep(train(number), at);
        (0..7).for_each(|index| assert!(history.depart(number, index, at).is_some()));
        history
    }

    fn asked(history: &mut History, frame: u64, first: u16, missing: &[u8], ms: u64) -> Option<Vec<u16>> {
        history.asked(&Nack { frame, first, missing }, MonoTime(ms * 1000)).map(|(_, shards)| shards)
    }

    #[test]
    fn what_is_asked_for_is_sent_and_no_bits_ask_for_every_source_shard() {
        let mut history = with(3, MonoTime(0));
        assert_eq!(asked(&mut history, 3, 1, &[0b1001], 10), Some(vec![1, 4]));
        assert_eq!(asked(&mut history, 3, 0, &[], 10), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(asked(&mut history, 3, 6, &[0xff], 10), Some(vec![6]), "there is no shard beyond the last");
        assert_eq!(asked(&mut history, 4, 0, &[], 10), None);
    }

    #[test]
    fn an_old_frame_is_forgotten_and_memory_is_bounded() {
        let mut history = with(3, MonoTime(0));
        assert_eq!(asked(&mut history, 3, 0, &[1], 251), None);
        (0..1000).for_each(|number| history.keep(train(number), MonoTime(300_000)));
        assert_eq!(history.len(), MAX_FRAMES);
    }

    #[test]
    fn what_has_not_left_is_not_sent_again_and_what_is_over_leaves_no_more() {
        let mut history = History::default();
        history.keep(train(3), MonoTime(0));
        assert!(
            history.depart(3, 1, MonoTime(0)).is_some() && history.has_departed(3, 1) && !history.has_departed(3, 2)
        );
        assert_eq!(asked(&mut history, 3, 0, &[0b111], 10), Some(vec![1]));
        assert_eq!(history.depart(3, 2, MonoTime(251_000)), None);
        assert!(history.has_departed(3, 2));
    }

    #[test]
    fn a_peer_that_asks_without_end_gets_a_frame_four_times_over() {
        let mut history = with(3, MonoTime(0));
        let sent: usize = (0..1000).filter_map(|_| asked(&mut history, 3, 0, &[], 1)).map(|shards| shards.len()).sum();
        assert_eq!(sent, 7 * MOST_TIMES);
    }

    proptest! {
        #[test]
        fn the_bits_of_shards_ask_for_them(missing in prop::collection::btree_set(0u16..900, 1..60)) {
            let missing: Vec<u16> = missing.into_iter().collect();
            let (first, bits) = bits(&missing);
            prop_assert_eq!(wanted(first, &bits, 16_384), missing);
        }

        #[test]
        fn any_bits_ask_for_shards_there_are(first: u16, bits in prop::collection::vec(any::<u8>(), 0..200), end in 0u16..16_384) {
            prop_assert!(wanted(first, &bits, end).iter().all(|index| *index < end && *index >= first));
        }
    }
}
