//! What is counted of messages, for people.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::ack::{Outcome, Refusal};

/// Messages since the start, of all connections.
#[derive(Debug, Default)]
pub struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
    other_bed: AtomicU64,
    left_out: AtomicU64,
    broken: AtomicU64,
}

/// Counts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Messages that were taken.
    pub accepted: u64,
    /// Messages that were not, those for other beds included.
    pub refused: u64,
    /// Messages for other beds, or none.
    pub other_bed: u64,
    /// Observations in messages that were taken, which nothing here knows or has room for.
    pub left_out: u64,
    /// Connections that were ended because what came was no message.
    pub broken: u64,
}

impl Counts {
    /// Counts a message; how many there were, this one included.
    pub fn count(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Accepted => {
                self.accepted.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Refused(refusal) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                if matches!(refusal, Refusal::OtherBed | Refusal::NoBed) {
                    self.other_bed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.accepted.load(Ordering::Relaxed) + self.refused.load(Ordering::Relaxed)
    }

    /// So many observations are left out of a message that is taken.
    pub fn left_out(&self, observations: u64) {
        self.left_out.fetch_add(observations, Ordering::Relaxed);
    }

    /// A connection was ended because what came is no message. Whether it is the first.
    pub fn broken(&self) -> bool {
        self.broken.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { accepted, refused, other_bed, left_out, broken } = self;
        Counted {
            accepted: count(accepted),
            refused: count(refused),
            other_bed: count(other_bed),
            left_out: count(left_out),
            broken: count(broken),
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, refused, other_bed, left_out, broken } = self;
        write!(
            f,
            "{accepted} messages taken, {refused} refused ({other_bed} for other beds), {left_out} observations unknown, \
             {broken} connections broken off"
        )
    }
}
