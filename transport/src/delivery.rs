//! Messages, exactly once and in order: numbered, repeated until acknowledged. On which paths a message travels is
//! [`crate::schedule`]'s; what it means is the program's.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;

use crate::wire::{Ack, COUNTER_END, Message};

/// Bytes of one message at most: it always fits one datagram.
pub const MAX_MESSAGE_BYTES: usize = 1000;
/// Messages on the wire without an acknowledgement at most; one [`Ack`] can tell of all of them.
pub const IN_FLIGHT: usize = 64;
/// Messages held for sending at most: four seconds of darkness while a 125 Hz pen draws, twice.
pub const QUEUE: usize = 1024;
/// Longest time between two sendings of a message. Probes bring acknowledgements every 20 ms, so this only spares a
/// path that is gone; one that comes back is told apart at once ([`Outgoing::hurry`]).
pub const MAX_RESEND: Duration = Duration::from_millis(500);

/// A message the wire cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of {0} bytes cannot be sent: at most {MAX_MESSAGE_BYTES} are possible; split it")]
pub struct MessageSizeError(pub usize);

/// The queue holds [`QUEUE`] messages that the peer has not acknowledged, or there are no more numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{QUEUE} messages wait for the peer: send less, or wait until the link is back")]
pub struct QueueFullError;

/// The sending side.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// The number of the queue's front.
    first: u64,
    queue: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    bytes: Bytes,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Sent { again_at: MonoTime, times: u32 },
    Acknowledged,
}

/// The receiving side.
#[derive(Debug, Default)]
pub struct Incoming {
    next: u64,
    early: BTreeMap<u64, Bytes>,
}

impl Outgoing {
    /// How many more messages [`Self::push`] takes.
    pub fn room(&self) -> usize {
        let end = self.first + self.queue.len() as u64;
        let numbers = usize::try_from(COUNTER_END.saturating_sub(end)).unwrap_or(QUEUE);
        QUEUE.saturating_sub(self.queue.len()).min(numbers)
    }

    /// A sender whose next message has this number.
    #[cfg(test)]
    pub(crate) fn numbered_from(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Messages not yet acknowledged.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Every message below this number has been acknowledged.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Whether [`Self::due`] has something that was never sent.
    pub fn is_waiting(&self) -> bool {
        self.queue.iter().take(IN_FLIGHT).any(|entry| entry.progress == Progress::Waiting)
    }

    /// Whether everything has been acknowledged.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Messages held and their bytes, for [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 2] {
        let Self { first: _, queue } = self;
        let bytes = queue.iter().map(|Entry { bytes, progress: _ }| bytes.len()).sum();
        [("messages waiting", queue.len()), ("message bytes waiting", bytes)]
    }

    /// Queues a message of at most [`MAX_MESSAGE_BYTES`].
    ///
    /// # Errors
    /// If the queue is full.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), QueueFullError> {
        if self.room() == 0 {
            return Err(QueueFullError);
        }
        self.queue.push_back(Entry { bytes, progress: Progress::Waiting });
        Ok(())
    }

    /// The messages to send now, at most `most`, each with its number. One sent for the `n`th time comes again after
    /// `resend * 2^(n-1)`, at most [`MAX_RESEND`].
    pub fn due(&mut self, most: usize, resend: Duration, now: MonoTime) -> Vec<(u64, Bytes)> {
        let mut due = Vec::new();
        for (number, entry) in (self.first..).zip(self.queue.iter_mut().take(IN_FLIGHT)) {
            if due.len() == most {
                break;
            }
            let times = match entry.progress {
                Progress::Waiting => 0,
                Progress::Sent { again_at, times } if again_at <= now => times,
                Progress::Sent { .. } | Progress::Acknowledged => continue,
            };
            let wait = resend.saturating_mul(1 << times.min(16)).min(MAX_RESEND);
            entry.progress = Progress::Sent { again_at: now + wait, times: times.saturating_add(1) };
            due.push((number, entry.bytes.clone()));
        }
        due
    }

    /// When [`Self::due`] has something that has been sent before.
    pub fn deadline(&self) -> Option<MonoTime> {
        let again_at = |entry: &Entry| match entry.progress {
            Progress::Sent { again_at, .. } => Some(again_at),
            Progress::Waiting | Progress::Acknowledged => None,
        };
        self.queue.iter().take(IN_FLIGHT).filter_map(again_at).min()
    }

    /// The peer says what it has. Claims about messages never sent are ignored.
    pub fn acknowledge(&mut self, ack: Ack) {
        for (number, entry) in (self.first..).zip(self.queue.iter_mut().take(IN_FLIGHT)) {
            let beyond = number.checked_sub(ack.next + 1).is_some_and(|bit| bit < 64 && ack.beyond >> bit & 1 == 1);
            if (number < ack.next || beyond) && matches!(entry.progress, Progress::Sent { .. }) {
                entry.progress = Progress::Acknowledged;
            }
        }
        while self.queue.front().is_some_and(|entry| entry.progress == Progress::Acknowledged) {
            self.queue.pop_front();
            self.first += 1;
        }
    }

    /// Whatever is not acknowledged says nothing from now on, under the number that it has.
    pub fn empty(&mut self) {
        self.queue.iter_mut().for_each(|entry| entry.bytes.clear());
    }

    /// A path came back after all were dark: whatever is unacknowledged is due now, without the wait it had grown to.
    pub fn hurry(&mut self, now: MonoTime) {
        for entry in self.queue.iter_mut().take(IN_FLIGHT) {
            if matches!(entry.progress, Progress::Sent { .. }) {
                entry.progress = Progress::Sent { again_at: now, times: 0 };
            }
        }
    }
}

impl Incoming {
    /// A receiver whose next message has this number.
    #[cfg(test)]
    pub(crate) fn numbered_from(next: u64) -> Self {
        Self { next, ..Self::default() }
    }

    /// Takes one message from the wire and gives those whose turn has come, in order. Gives nothing for what it has
    /// already, or what is further ahead than a sender may be.
    pub fn receive(&mut self, message: &Message<'_>) -> Vec<Bytes> {
        let ahead = message.number.checked_sub(self.next);
        if ahead.is_some_and(|ahead| ahead < IN_FLIGHT as u64) && message.bytes.len() <= MAX_MESSAGE_BYTES {
            self.early.entry(message.number).or_insert_with(|| Bytes::copy_from_slice(message.bytes));
        }
        let mut ready = Vec::new();
        while let Some(bytes) = self.early.remove(&self.next) {
            ready.push(bytes);
            self.next += 1;
        }
        ready
    }

    /// Messages that came before their turn, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { next: _, early } = self;
        early.len()
    }

    /// What has arrived.
    pub fn ack(&self) -> Ack {
        let beyond = self.early.keys().fold(0, |bits, number| {
            let bit = number.saturating_sub(self.next + 1);
            if bit < 64 { bits | 1 << bit } else { bits }
        });
        Ack { next: self.next, beyond }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RESEND: Duration = Duration::from_millis(40);

    fn outgoing(count: u8) -> Outgoing {
        let mut outgoing = Outgoing::default();
        (0..count).for_each(|byte| outgoing.push(Bytes::from(vec![byte])).unwrap());
        outgoing
    }

    #[test]
    fn a_message_is_repeated_with_growing_waits_until_acknowledged() {
        let mut outgoing = outgoing(1);
        let sent: Vec<u64> =
            (0..400).filter(|ms| !outgoing.due(QUEUE, RESEND, MonoTime(ms * 1000)).is_empty()).collect();
        assert_eq!(sent, [0, 40, 120, 280]);
        outgoing.acknowledge(Ack { next: 1, beyond: 0 });
        assert_eq!((outgoing.deadline(), outgoing.is_empty()), (None, true));
    }

    #[test]
    fn a_path_that_comes_back_gets_what_waits_at_once() {
        let mut outgoing = outgoing(1);
        (0..2000).for_each(|ms| drop(outgoing.due(QUEUE, RESEND, MonoTime(ms * 1000))));
        outgoing.hurry(MonoTime(2_000_000));
        assert_eq!(outgoing.due(QUEUE, RESEND, MonoTime(2_000_000)).len(), 1);
        assert_eq!(outgoing.deadline(), Some(MonoTime(2_040_000)));
    }

    #[test]
    fn a_full_queue_says_so_and_takes_again_after_an_acknowledgement() {
        let mut outgoing = Outgoing::default();
        (0..QUEUE).for_each(|_| outgoing.push(Bytes::from_static(b"m")).unwrap());
        assert_eq!(outgoing.push(Bytes::new()), Err(QueueFullError));
        assert_eq!(outgoing.due(QUEUE, RESEND, MonoTime(0)).len(), IN_FLIGHT);
        outgoing.acknowledge(Ack { next: 3, beyond: 0 });
        assert_eq!(outgoing.room(), 3);
        assert_eq!(outgoing.due(QUEUE, RESEND, MonoTime(0)).len(), 3, "the window moves on");
    }

    #[test]
    fn acknowledgements_of_what_was_never_sent_are_ignored() {
        let mut outgoing = outgoing(2);
        outgoing.acknowledge(Ack { next: 1 << 30, beyond: u64::MAX });
        assert_eq!(outgoing.len(), 2);
        assert_eq!(outgoing.due(QUEUE, RESEND, MonoTime(0)).len(), 2);
    }

    #[test]
    fn a_message_far_ahead_is_not_kept() {
        let mut incoming = Incoming::default();
        for number in [IN_FLIGHT as u64, 1 << 34] {
            assert!(incoming.receive(&Message { number, bytes: b"far" }).is_empty());
        }
        assert!(incoming.early.is_empty());
    }

    proptest! {
        /// Both directions lose, repeat and reorder; time passes until all is acknowledged, ten minutes at most: where six
        /// of ten are lost each way the backed-off repeats of the last message may take longer than 20 s.
        #[test]
        fn messages_arrive_exactly_once_and_in_order(
            seed: u64, loss in 0..7u32, count in 1..200u8,
        ) {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut outgoing, mut incoming) = (outgoing(count), Incoming::default());
            let (mut wire, mut arrived) = (Vec::new(), Vec::new());
            for ms in 0..600_000u64 {
                for (number, bytes) in outgoing.due(QUEUE, RESEND, MonoTime(ms * 1000)) {
                    (0..rng.u32(0..3)).for_each(|_| wire.push((number, bytes.clone())));
                }
                rng.shuffle(&mut wire);
                let delivered = wire.len() / 2;
                for (number, bytes) in wire.drain(delivered..) {
                    if rng.u32(0..10) >= loss {
                        arrived.extend(incoming.receive(&Message { number, bytes: &bytes }));
                        prop_assert!(incoming.early.len() < IN_FLIGHT);
                    }
                    if rng.u32(0..10) >= loss {
                        outgoing.acknowledge(incoming.ack());
                    }
                }
                if outgoing.is_empty() {
                    break;
                }
            }
            prop_assert!(outgoing.is_empty());
            prop_assert_eq!(arrived, (0..count).map(|byte| Bytes::from(vec![byte])).collect::<Vec<_>>());
        }
    }
}
