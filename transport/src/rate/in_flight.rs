//! What was sent on one path and not yet told about. What its fate means is left to the estimator's other parts.

use std::collections::VecDeque;

/// A datagram not told about for this long never will be: longer than any round trip in use.
const FORGET_US: u64 = 2_000_000;
/// Datagrams remembered: two seconds at 36 Mbit/s.
const MAX_SENT: usize = 8192;

/// Datagrams in flight, by number.
#[derive(Debug, Default)]
pub struct InFlight {
    sent: VecDeque<Sent>,
    bytes: u64,
}

/// One datagram as it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
    /// When, in microseconds of the sender's clock.
    pub at_us: u64,
}

impl InFlight {
    /// `datagram` leaves. Numbers rise; one that does not is ignored.
    pub fn push(&mut self, datagram: Sent) {
        if self.sent.back().is_some_and(|last| last.number >= datagram.number) {
            return;
        }
        self.bytes = self.bytes.saturating_add(datagram.bytes);
        self.sent.push_back(datagram);
        while self.sent.len() > MAX_SENT {
            self.pop();
        }
        self.forget(datagram.at_us);
    }

    /// The oldest, if its number is below `number`; it is in flight no longer.
    pub fn pop_below(&mut self, number: u64) -> Option<Sent> {
        self.sent.front().filter(|first| first.number < number)?;
        self.pop()
    }

    /// Bytes in flight at `now_us`.
    pub fn bytes(&mut self, now_us: u64) -> u64 {
        self.forget(now_us);
        self.bytes
    }

    fn forget(&mut self, now_us: u64) {
        let forget_us = now_us.saturating_sub(FORGET_US);
        while self.sent.front().is_some_and(|first| first.at_us < forget_us) {
            self.pop();
        }
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { sent, bytes: _ } = self;
        sent.len()
    }

    fn pop(&mut self) -> Option<Sent> {
        let first = self.sent.pop_front()?;
        self.bytes = self.bytes.saturating_sub(first.bytes);
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_leaves_in_order_and_what_never_is_told_is_forgotten() {
        let mut flight = InFlight::default();
        for number in [0, 1, 1, 3] {
            flight.push(Sent { number, bytes: 100, at_us: number });
        }
        assert_eq!(flight.bytes(3), 300);
        assert_eq!(flight.pop_below(1).map(|sent| sent.number), Some(0));
        assert_eq!((flight.pop_below(1), flight.bytes(3)), (None, 200));
        flight.push(Sent { number: 4, bytes: 7, at_us: 3_000_000 });
        assert_eq!(flight.bytes(3_000_000), 7);
        assert_eq!(flight.bytes(5_000_001), 0);
        (5..50_000).for_each(|number| flight.push(Sent { number, bytes: 1, at_us: 3_000_000 }));
        assert_eq!(flight.sent.len(), MAX_SENT);
    }
}
