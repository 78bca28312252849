//! Large things that nobody waits for, such as stills: cut into pieces, repeated until acknowledged, whole at the far
//! end. Pieces are numbered and repeated as messages are ([`crate::delivery`]); by which path one leaves, and that it never
//! delays anything else, is the session's. What is withdrawn goes on as empty pieces: numbers stay those that they were.

mod receiving;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;

pub use self::receiving::Receiving;
use crate::delivery::{self, IN_FLIGHT, MAX_MESSAGE_BYTES};
use crate::wire::Ack;

/// Bytes of one thing at most: twice a lossless picture of 1920x1080.
pub const MAX_BULK_BYTES: usize = 16 << 20;
/// Things that wait at most, the one on its way included.
pub const QUEUE: usize = 4;
/// The lane's part of the budget, in percent, and while somebody looks at what it brings.
const SHARE_PERCENT: u64 = 10;
const RAISED_PERCENT: u64 = 50;
/// The budget while nothing suggests a limit: what any line in use carries.
const UNKNOWN_BUDGET_BPS: u64 = 10_000_000;
/// The share may be saved up for this long: a piece at a tenth of a thin budget would else never be whole.
const CREDIT: Duration = Duration::from_millis(20);
/// What a piece begins with: a thing of a length, which follows, little-endian; or more of the thing before. An empty one
/// ends it: it was withdrawn.
const BEGINS: u8 = 0;
const GOES_ON: u8 = 1;
/// Bytes before the first piece's part of the thing.
const HEAD_BYTES: usize = 5;

/// Why something large is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    /// The wire does not carry it.
    #[error("{0} bytes cannot be sent as one: 1 to {MAX_BULK_BYTES} are possible; send it in parts")]
    Size(usize),
    /// Others wait.
    #[error("{QUEUE} large things wait already: send it when one of them has arrived")]
    QueueFull,
}

/// The sending side.
#[derive(Debug, Default)]
pub struct Sending {
    /// What is not cut yet, the first perhaps in part.
    waiting: VecDeque<Thing>,
    /// The number of pieces cut so far, and after which of them each thing is whole.
    cut: u64,
    ends: VecDeque<u64>,
    pieces: delivery::Outgoing,
    raised: bool,
    /// The share is used up until then.
    busy_until: MonoTime,
    sent: u64,
}

/// Something large, or what is left of it.
#[derive(Debug)]
struct Thing {
    left: Bytes,
    /// The length that its first piece begins with, until that is cut.
    length: Option<u32>,
}

impl Sending {
    /// `bytes` is to be sent after all that wait.
    ///
    /// # Errors
    /// [`BulkError`].
    pub fn push(&mut self, bytes: Bytes) -> Result<(), BulkError> {
        if bytes.is_empty() || bytes.len() > MAX_BULK_BYTES {
            return Err(BulkError::Size(bytes.len()));
        }
        if self.room() == 0 {
            return Err(BulkError::QueueFull);
        }
        self.waiting.push_back(Thing { length: Some(bytes.len() as u32), left: bytes });
        Ok(())
    }

    /// How many more things [`Self::push`] takes.
    pub fn room(&self) -> usize {
        QUEUE.saturating_sub(self.ends.len() + self.waiting.len())
    }

    /// Whether everything has arrived.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.pieces.is_empty()
    }

    /// Things and pieces held, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        self.waiting.len() + self.ends.len() + self.pieces.len()
    }

    /// Bytes held, likewise.
    pub(crate) fn held_bytes(&self) -> usize {
        let [_, (_, bytes)] = self.pieces.sizes();
        self.waiting_bytes() + bytes
    }

    /// Bytes not yet sent for the first time.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|thing| thing.left.len()).sum()
    }

    /// Whether the lane gets half of the budget: somebody looks at what it brings. A tenth otherwise.
    pub fn raise(&mut self, raised: bool) {
        self.raised = raised;
    }

    /// What is left of the budget for frames, in percent. A tenth fits beside them (see [`crate::budget`]).
    pub fn leaves_percent(&self) -> u64 {
        if self.raised && !self.is_empty() { 100 - RAISED_PERCENT } else { 100 }
    }

    /// The piece to send now, with its number, of at most `most_bytes`. One not acknowledged comes again after `resend`.
    pub fn next(&mut self, most_bytes: usize, resend: Duration, now: MonoTime) -> Option<(u64, Bytes)> {
        if self.busy_until > now {
            return None;
        }
        while self.pieces.len() < IN_FLIGHT && self.cut_one(most_bytes.clamp(HEAD_BYTES, MAX_MESSAGE_BYTES)) {}
        self.pieces.due(1, resend, now).pop()
    }

    /// Pieces that left so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// A piece of `bytes` leaves now; `budget_bps` is for frames and this lane together.
    pub fn spend(&mut self, bytes: usize, budget_bps: Option<u64>, now: MonoTime) {
        self.sent += 1;
        let percent = if self.raised { RAISED_PERCENT } else { SHARE_PERCENT };
        let bps = (budget_bps.unwrap_or(UNKNOWN_BUDGET_BPS).saturating_mul(percent) / 100).max(1);
        let idle_since = MonoTime(now.0.saturating_sub(CREDIT.as_micros() as u64));
        let takes_us = (bytes as u64).saturating_mul(8_000_000).div_ceil(bps);
        self.busy_until = self.busy_until.max(idle_since) + Duration::from_micros(takes_us);
    }

    /// When [`Self::next`] has something.
    pub fn deadline(&self) -> Option<MonoTime> {
        let fresh = self.pieces.is_waiting() || (self.pieces.len() < IN_FLIGHT && !self.waiting.is_empty());
        let again = self.pieces.deadline();
        let at = if fresh { Some(MonoTime(0)) } else { again };
        at.map(|at| at.max(self.busy_until))
    }

    /// The far end says what it has. Gives how many things are whole there since the last time.
    pub fn acknowledge(&mut self, ack: Ack) -> usize {
        self.pieces.acknowledge(ack);
        let before = self.ends.len();
        while self.ends.front().is_some_and(|end| *end <= self.pieces.first()) {
            self.ends.pop_front();
        }
        before - self.ends.len()
    }

    /// Nothing of what was handed over so far leaves any more, nor again. Gives how many things will never be whole at the
    /// far end, as far as this one knows.
    pub fn withdraw(&mut self) -> usize {
        let withdrawn = self.ends.len() + self.waiting.len();
        self.pieces.empty();
        self.ends.clear();
        // The far end waits for the rest of one that is cut in part.
        let is_begun = self.waiting.front().is_some_and(|thing| thing.length.is_none());
        self.waiting.clear();
        if is_begun && self.pieces.push(Bytes::new()).is_ok() {
            self.cut += 1;
        }
        withdrawn
    }

    fn cut_one(&mut self, most_bytes: usize) -> bool {
        let Some(thing) = self.waiting.front_mut() else { return false };
        let head = match thing.length.take() {
            Some(length) => [&[BEGINS][..], &length.to_le_bytes()].concat(),
            None => vec![GOES_ON],
        };
        let room = most_bytes.saturating_sub(head.len());
        let part = thing.left.split_to(room.min(thing.left.len()));
        let piece = Bytes::from([&head[..], &part].concat());
        let whole = thing.left.is_empty();
        if self.pieces.push(piece).is_err() {
            return false;
        }
        self.cut += 1;
        if whole {
            self.waiting.pop_front();
            self.ends.push_back(self.cut);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Message;

    const RESEND: Duration = Duration::from_millis(50);

    fn thing(length: usize) -> Bytes {
        (0..length).map(|at| (at % 251) as u8).collect::<Vec<u8>>().into()
    }

    /// Sends what waits over a link that loses each piece if `lost` says so; gives what arrived and when it was whole.
    fn carry(sending: &mut Sending, mut lost: impl FnMut() -> bool, budget_bps: Option<u64>) -> Vec<(u64, Bytes)> {
        let (mut receiving, mut whole) = (Receiving::default(), Vec::new());
        for ms in 0..600_000 {
            let now = MonoTime(ms * 1000);
            while let Some((number, bytes)) = sending.next(1000, RESEND, now) {
                sending.spend(bytes.len(), budget_bps, now);
                if !lost() {
                    let ready = receiving.receive(&Message { number, bytes: &bytes });
                    whole.extend(ready.into_iter().map(|thing| (ms, thing)));
                }
                sending.acknowledge(receiving.ack());
            }
            if sending.is_empty() {
                break;
            }
        }
        whole
    }

    #[test]
    fn a_still_of_two_megabytes_takes_a_tenth_of_the_budget_and_half_while_it_is_looked_at() {
        for (raised, expected_ms) in [(false, 26_700), (true, 5_340)] {
            let mut sending = Sending::default();
            sending.raise(raised);
            sending.push(thing(2_000_000)).unwrap();
            assert_eq!(sending.leaves_percent(), if raised { 50 } else { 100 });
            let whole = carry(&mut sending, || false, Some(6_000_000));
            assert_eq!(whole.iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>(), [2_000_000]);
            assert!(whole[0].0.abs_diff(expected_ms) < 300, "{} ms", whole[0].0);
            assert_eq!((sending.leaves_percent(), sending.room()), (100, QUEUE));
        }
    }

    #[test]
    fn more_than_a_few_things_and_sizes_out_of_bounds_are_refused() {
        let mut sending = Sending::default();
        (0..QUEUE).for_each(|_| sending.push(thing(10)).unwrap());
        assert_eq!(sending.push(thing(10)), Err(BulkError::QueueFull));
        assert_eq!(Sending::default().push(Bytes::new()), Err(BulkError::Size(0)));
        assert_eq!(Sending::default().push(thing(MAX_BULK_BYTES + 1)), Err(BulkError::Size(MAX_BULK_BYTES + 1)));
    }

    #[test]
    fn a_thing_beyond_all_bounds_and_a_piece_of_nothing_cost_no_memory_and_what_follows_is_whole() {
        let mut receiving = Receiving::default();
        let mut number = 0;
        let mut receive = |receiving: &mut Receiving, bytes: &[u8]| {
            number += 1;
            receiving.receive(&Message { number: number - 1, bytes })
        };
        let beyond = [&[BEGINS][..], &(MAX_BULK_BYTES as u32 + 1).to_le_bytes(), &[7; 900]].concat();
        for piece in [&[][..], &[GOES_ON, 2], &[BEGINS, 2], &beyond, &[GOES_ON; 1000], &[9; 1000]] {
            assert_eq!(receive(&mut receiving, piece), Vec::<Bytes>::new());
            assert_eq!(receiving.progress(), None);
        }
        assert_eq!(receive(&mut receiving, &[BEGINS, 2, 0, 0, 0, 8, 9]), [Bytes::from_static(&[8, 9])]);
    }

    #[test]
    fn what_is_withdrawn_never_leaves_again_whatever_of_it_came_and_what_follows_is_whole() {
        // Of four things one piece each, and one in three, so many were sent, and came where a bit says so, unacknowledged.
        for (sent, came) in (0..=6).flat_map(|sent| (0..1u64 << sent).map(move |came| (sent, came))) {
            let (mut sending, mut receiving) = (Sending::default(), Receiving::default());
            for length in [90, 2500, 90] {
                sending.push(thing(length)).unwrap();
            }
            for bit in 0..sent {
                let Some((number, bytes)) = sending.next(1000, RESEND, MonoTime(0)) else { break };
                if came >> bit & 1 == 1 {
                    receiving.receive(&Message { number, bytes: &bytes });
                }
            }
            assert_eq!((sending.withdraw(), sending.room(), sending.waiting_bytes()), (3, QUEUE, 0));
            assert_eq!(sending.held_bytes(), 0);
            sending.push(Bytes::from_static(b"next")).unwrap();
            let mut whole = Vec::new();
            for ms in 0..1000 {
                while let Some((number, bytes)) = sending.next(1000, RESEND, MonoTime(ms * 1000)) {
                    assert!(bytes.is_empty() || bytes.ends_with(b"next"), "{sent} {came:b}");
                    whole.extend(receiving.receive(&Message { number, bytes: &bytes }));
                }
                sending.acknowledge(receiving.ack());
            }
            assert!(sending.is_empty() && receiving.progress().is_none(), "{sent} {came:b}");
            assert_eq!(whole.last().map(|bytes| &bytes[..]), Some(&b"next"[..]), "{sent} {came:b}");
        }
    }

    proptest! {
        #[test]
        fn things_arrive_whole_once_and_in_order_whatever_is_lost(
            lengths in prop::collection::vec(1usize..9000, 1..4), losses: u64, percent in 0u8..70,
        ) {
            let mut sending = Sending::default();
            lengths.iter().for_each(|length| sending.push(thing(*length)).unwrap());
            let mut rng = fastrand::Rng::with_seed(losses);
            let whole = carry(&mut sending, || rng.u8(0..100) < percent, None);
            let sizes: Vec<usize> = whole.iter().map(|(_, bytes)| bytes.len()).collect();
            prop_assert_eq!(sizes, lengths);
            for (_, bytes) in whole {
                prop_assert_eq!(&bytes, &thing(bytes.len()));
            }
        }

        #[test]
        fn arbitrary_pieces_do_no_harm(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..80)) {
            let mut receiving = Receiving::default();
            for (number, bytes) in (0..).zip(&pieces) {
                receiving.receive(&Message { number, bytes });
            }
            prop_assert!(receiving.progress().is_none_or(|(here, length)| here < length && length <= MAX_BULK_BYTES));
        }
    }
}
