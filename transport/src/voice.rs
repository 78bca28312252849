//! Speech: each piece leaves at once on every live path and is handed on at once, the first copy of it. Nothing is
//! repeated or waited for: a piece that comes late is worth less than none. Order and gaps are the program's, by the
//! numbers it gets.

/// Bytes of one piece at most: 10 ms at 320 kbit/s, four times what any speech codec needs.
pub const MAX_VOICE_BYTES: usize = 400;
/// A piece this far behind the newest is a copy of one that was handed on, or two thirds of a second late.
const MEMORY: u64 = 64;

/// A piece the wire does not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a piece of voice of {0} bytes cannot be sent: 1 to {MAX_VOICE_BYTES} are possible; encode less time in one")]
pub struct VoiceSizeError(pub usize);

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pieces handed on.
    pub received: u64,
    /// Pieces that never came, as far as later ones tell.
    pub missing: u64,
}

/// The receiving side: a window over the newest numbers, like the one against replay in RFC 4303 section 3.4.3.
#[derive(Debug, Default)]
pub struct Incoming {
    /// One more than the newest number.
    end: u64,
    /// Bit `n` stands for number `end - 1 - n`.
    seen: u64,
    received: u64,
    /// The first number heard: what was said before there was a path to here is not missing.
    first: Option<u64>,
}

impl Incoming {
    /// Whether the piece of this number is the first copy and not too late.
    pub fn receive(&mut self, number: u64) -> bool {
        if number >= self.end {
            let ahead = number - self.end + 1;
            self.seen = if ahead < MEMORY { self.seen << ahead } else { 0 };
            self.end = number + 1;
        }
        let behind = self.end - 1 - number;
        let fresh = behind < MEMORY && self.seen >> behind & 1 == 0;
        if fresh {
            self.seen |= 1 << behind;
            self.received += 1;
            self.first = Some(self.first.map_or(number, |first| first.min(number)));
        }
        fresh
    }

    /// What came in so far.
    pub fn counts(&self) -> Counts {
        let said = self.first.map_or(0, |first| self.end - first);
        Counts { received: self.received, missing: said - self.received }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_copy_counts_in_whatever_order_and_what_never_came_is_missing() {
        let mut incoming = Incoming::default();
        let fresh: Vec<bool> = [5, 5, 7, 6, 7, 9].into_iter().map(|number| incoming.receive(number)).collect();
        assert_eq!(fresh, [true, false, true, true, false, true]);
        assert_eq!(incoming.counts(), Counts { received: 4, missing: 1 });
    }

    #[test]
    fn a_piece_two_thirds_of_a_second_late_is_refused() {
        let mut incoming = Incoming::default();
        incoming.receive(100);
        assert!(!incoming.receive(36));
        assert!(incoming.receive(37));
    }

    proptest! {
        #[test]
        fn no_number_is_handed_on_twice(numbers in prop::collection::vec(0u64..200, 1..600)) {
            let (mut incoming, mut taken) = (Incoming::default(), std::collections::BTreeSet::new());
            for number in numbers {
                if incoming.receive(number) {
                    prop_assert!(taken.insert(number));
                }
            }
            prop_assert_eq!(incoming.counts().received, taken.len() as u64);
        }
    }
}
