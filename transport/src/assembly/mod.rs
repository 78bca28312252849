//! Shards become frames again: first copy wins, repair fills gaps, and a frame leaves at once when it is complete and its
//! turn has come. What is still missing when it ought to be there is asked for again ([`ask`]). That nothing more of a
//! frame is on its way is told from outside ([`crate::fence`]); asking for a refresh is [`crate::refresh`]'s.

mod ask;
mod slot;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;

use self::ask::Patience;
pub use self::ask::Want;
use self::slot::{Asked, Complete, Content, Slot, Taken};
use crate::path::PathId;
use crate::protect::Code;
use crate::shards::{Geometry, MAX_FRAME_BYTES};
use crate::wire::Shard;

/// A frame not complete this long after its first trace is lost: by then it would be shown as old as invariant 2 allows
/// no frame to be called live.
pub const DEADLINE: Duration = Duration::from_millis(250);
/// Frames in assembly at most: the deadline's worth at 120 frames a second, and two.
pub const MAX_FRAMES: usize = 32;
/// Bytes in assembly at most, whatever sizes a peer claims: four of the largest frames.
pub const MAX_BYTES: usize = 4 * MAX_FRAME_BYTES;

/// A frame that may be decoded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Its number in the session.
    pub number: u64,
    /// Whether it decodes without earlier ones.
    pub independent: bool,
    /// Its bytes, as they were sent.
    pub bytes: Bytes,
    /// When the stages of its arrival were passed.
    pub timing: Timing,
}

/// When and by which path a frame arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Its first shard came.
    pub first_shard: MonoTime,
    /// Its last missing shard came.
    pub complete: MonoTime,
    /// Its turn came.
    pub released: MonoTime,
    /// The path that brought the last missing shard.
    pub completed_by: PathId,
}

/// Why frames were not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Shards were lost on every path, or the deadline passed.
    Incomplete,
    /// The bytes are not those that were sent.
    Damaged,
    /// An earlier frame they build on was lost.
    Dependent,
    /// The program was too slow to take them.
    NotTaken,
}

/// What became of frames, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One may be decoded.
    Released(Released),
    /// These will not come.
    Lost(Range<u64>, Loss),
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames released.
    pub released: u64,
    /// Frames lost for missing shards.
    pub incomplete: u64,
    /// Frames lost for a wrong checksum.
    pub damaged: u64,
    /// Frames lost because one they build on was.
    pub dependent: u64,
    /// Frames released that the program could not use.
    pub not_taken: u64,
    /// Frames released that repair shards completed.
    pub rebuilt: u64,
    /// Times that shards of a frame were asked for again.
    pub asked: u64,
    /// Frames released after that.
    pub recovered: u64,
    /// Shards that had arrived before, or came after their frame's turn.
    pub duplicate_shards: u64,
    /// Shards that contradict themselves or their frame.
    pub refused_shards: u64,
}

impl Counts {
    /// All frames that were not released for decoding, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.incomplete.saturating_add(self.damaged).saturating_add(self.dependent).saturating_add(self.not_taken)
    }
}

/// Frames on their way in.
#[derive(Debug)]
pub struct Assembly {
    state: State,
    /// The number of the front slot: all below are released or lost.
    next: u64,
    /// The newest independent frame released.
    released_independent: u64,
    slots: VecDeque<Slot>,
    outcomes: VecDeque<Outcome>,
    counts: Counts,
    patience: Patience,
    code: Code,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing released yet; what cannot be used before the first independent frame is not counted.
    Joining,
    /// Every frame up to the front has been released.
    Flowing,
    /// A frame is missing: only an independent one can follow.
    Broken,
}

impl Default for Assembly {
    fn default() -> Self {
        let (slots, outcomes) = (VecDeque::with_capacity(MAX_FRAMES), VecDeque::new());
        Self {
            state: State::Joining,
            next: 0,
            released_independent: 0,
            slots,
            outcomes,
            counts: Counts::default(),
            patience: Patience::default(),
            code: Code::warmed(),
        }
    }
}

impl Assembly {
    /// Takes one shard that came by `path`.
    pub fn shard(&mut self, path: PathId, shard: &Shard<'_>, now: MonoTime) {
        let Some(geometry) = Geometry::claimed(shard) else {
            self.counts.refused_shards += 1;
            return;
        };
        if self.state == State::Joining && self.slots.is_empty() {
            self.next = self.next.max(shard.frame);
        }
        if shard.frame < self.next {
            self.counts.duplicate_shards += 1;
            return;
        }
        self.trace(shard.frame + 1, now);
        if self.is_missing(shard.frame) {
            self.make_room(geometry.frame_bytes());
        }
        let Some(slot) = slot_of(self.next, shard.frame).and_then(|at| self.slots.get_mut(at)) else {
            return;
        };
        match slot.take(path, shard, geometry, &mut self.code, now) {
            Taken::New => {}
            Taken::Known => self.counts.duplicate_shards += 1,
            Taken::Refused => self.counts.refused_shards += 1,
        }
        // While shards of it keep coming, by whichever path, a thin line is only slow.
        slot.ask_at = slot.ask_at.max(now + ask::SCHEDULING);
        self.advance(now);
    }

    /// The peer has sent every frame below `end`: those not seen yet are on their way or lost.
    pub fn announce(&mut self, end: u64, now: MonoTime) {
        if self.state != State::Joining {
            self.trace(end, now);
            self.advance(now);
        }
    }

    /// Nothing more of the frames below `end` is on its way: what is missing has to be asked for, or given up where an
    /// answer would come too late.
    pub fn settle(&mut self, end: u64, now: MonoTime) {
        while self.next < end && self.slots.front().is_some_and(|slot| !self.is_worth_asking(slot, now)) {
            self.give_up_front();
            self.advance(now);
        }
        let settled = slot_of(self.next, end).unwrap_or(0);
        for slot in self.slots.iter_mut().take(settled).filter(|slot| slot.asked == Asked::No) {
            slot.ask_at = slot.ask_at.min(now);
        }
    }

    /// Gives up what has waited for its [`DEADLINE`].
    pub fn expire(&mut self, now: MonoTime) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.give_up_front();
            self.advance(now);
        }
    }

    /// When [`Self::expire`] has something to do.
    pub fn deadline(&self) -> Option<MonoTime> {
        self.slots.front().map(|slot| slot.first_trace + DEADLINE)
    }

    /// The program could not use the released frame `number`: what builds on it is useless. Told late, after another
    /// independent frame was released, it breaks nothing any more.
    pub fn not_taken(&mut self, number: u64) {
        self.counts.released = self.counts.released.saturating_sub(1);
        if number >= self.released_independent {
            self.state = State::Broken;
        }
        self.lose(number..number + 1, Loss::NotTaken);
    }

    /// What became of frames since the last call, in order.
    pub fn poll(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// Whether only an independent frame helps, and none is on its way yet.
    pub fn needs_independent(&self) -> bool {
        self.state != State::Flowing && !self.slots.iter().any(Slot::is_independent)
    }

    /// Counts since the start.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Starts over with a peer that has a new life; counts go on.
    pub fn reset(&mut self) {
        *self = Self { counts: self.counts, code: std::mem::take(&mut self.code), ..Self::default() };
    }

    /// Frames on their way in, their bytes, and what became of others and was not taken out yet, for
    /// [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 3] {
        let Self { slots, outcomes, state: _, next: _, released_independent: _, counts: _, patience: _, code: _ } =
            self;
        [("frames in assembly", slots.len()), ("bytes in assembly", self.held_bytes()), ("outcomes", outcomes.len())]
    }

    /// Makes slots for every frame below `end`.
    fn trace(&mut self, end: u64, now: MonoTime) {
        let held = self.next + self.slots.len() as u64;
        if end > held + MAX_FRAMES as u64 {
            self.jump(end - MAX_FRAMES as u64);
        }
        while self.next + (self.slots.len() as u64) < end {
            if self.slots.len() == MAX_FRAMES {
                self.give_up_front();
            }
            self.slots.push_back(Slot::new(now, now + self.patience.allowance()));
        }
    }

    /// Everything below `next` is too far behind to be kept.
    fn jump(&mut self, next: u64) {
        while !self.slots.is_empty() {
            self.give_up_front();
        }
        let gap = self.next..next;
        self.next = next;
        if self.state != State::Joining {
            self.state = State::Broken;
            self.lose(gap, Loss::Incomplete);
        }
    }

    fn is_missing(&self, number: u64) -> bool {
        let slot = slot_of(self.next, number).and_then(|at| self.slots.get(at));
        slot.is_some_and(|slot| matches!(slot.content, Content::Missing))
    }

    fn make_room(&mut self, bytes: usize) {
        while self.held_bytes() + bytes > MAX_BYTES && self.slots.len() > 1 {
            self.give_up_front();
        }
    }

    fn held_bytes(&self) -> usize {
        self.slots.iter().map(Slot::held_bytes).sum()
    }

    /// Takes the front slot out, whatever it holds, as lost.
    fn give_up_front(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        let number = self.next;
        self.next += 1;
        if self.state == State::Joining {
            return;
        }
        let loss = match slot.content {
            Content::Damaged => Loss::Damaged,
            Content::Complete(_) => Loss::Dependent,
            Content::Missing | Content::Partial(_) => Loss::Incomplete,
        };
        self.state = State::Broken;
        self.lose(number..number + 1, loss);
    }

    /// Releases whatever has its turn.
    fn advance(&mut self, now: MonoTime) {
        loop {
            // What was asked for in vain is not waited for once the picture can go on without it.
            let is_stuck = self.slots.front().is_some_and(|slot| slot.is_open() && slot.asked == Asked::Yes);
            if self.state != State::Flowing || is_stuck {
                let independent = |slot: &Slot| matches!(&slot.content, Content::Complete(frame) if frame.independent);
                if let Some(at) = self.slots.iter().position(independent) {
                    (0..at).for_each(|_| self.give_up_front());
                    self.state = State::Flowing;
                }
            }
            let flowing = self.state == State::Flowing;
            match self.slots.front().map(|slot| &slot.content) {
                Some(Content::Complete(_)) if flowing => self.release_front(now),
                Some(Content::Complete(_) | Content::Damaged) => self.give_up_front(),
                _ => return,
            }
        }
    }

    fn release_front(&mut self, now: MonoTime) {
        let Some(slot) = self.slots.pop_front() else { return };
        let Content::Complete(frame) = slot.content else { return };
        let Complete { independent, bytes, first_shard, complete, completed_by, rebuilt } = frame;
        self.counts.rebuilt += u64::from(rebuilt);
        match slot.asked {
            Asked::No => self.patience.took(complete.since(slot.first_trace)),
            Asked::Yes => self.counts.recovered += 1,
        }
        if independent {
            self.released_independent = self.next;
        }
        let timing = Timing { first_shard, complete, released: now, completed_by };
        self.outcomes.push_back(Outcome::Released(Released { number: self.next, independent, bytes, timing }));
        self.next += 1;
        self.counts.released += 1;
    }

    fn lose(&mut self, numbers: Range<u64>, loss: Loss) {
        let lost = numbers.end.saturating_sub(numbers.start);
        let count = match loss {
            Loss::Incomplete => &mut self.counts.incomplete,
            Loss::Damaged => &mut self.counts.damaged,
            Loss::Dependent => &mut self.counts.dependent,
            Loss::NotTaken => &mut self.counts.not_taken,
        };
        *count = count.saturating_add(lost);
        match self.outcomes.back_mut() {
            Some(Outcome::Lost(last, why)) if *why == loss && last.end == numbers.start => last.end = numbers.end,
            _ if lost > 0 => self.outcomes.push_back(Outcome::Lost(numbers, loss)),
            _ => {}
        }
    }
}

fn slot_of(next: u64, number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(next)?).ok()
}

#[cfg(test)]
mod tests;
