//! When to ask for missing shards again, and for which: once they are later than a frame's shards usually are, as long as
//! an answer comes before the deadline. Sending them is [`crate::history`]'s.

use std::time::Duration;

use protocol::time::MonoTime;

use super::slot::{Asked, Slot};
use super::{Assembly, DEADLINE, State};
use crate::rtt::Rtt;

/// Added to what a frame's shards usually take: two ends' scheduling. Asking in vain costs some bytes, asking late costs
/// the picture's age.
pub(super) const SCHEDULING: Duration = Duration::from_millis(5);
/// Assumed before any frame has come whole: a frame interval.
const INITIAL: Duration = Duration::from_millis(33);

/// Shards of a frame that are needed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Which frame.
    pub frame: u64,
    /// Which shards, ascending; empty for all source shards of a frame of which nothing came.
    pub shards: Vec<u16>,
}

/// How long the shards of a frame take to come in, from the first trace of it.
#[derive(Debug, Default)]
pub(super) struct Patience {
    spread: Option<Rtt>,
    /// Round trip of the path an answer comes by; `None` while nobody could answer.
    round_trip: Option<Rtt>,
}

impl Patience {
    /// A frame's shards took this long. Smoothed as a round trip is (RFC 6298).
    pub(super) fn took(&mut self, spread: Duration) {
        self.spread = Some(Rtt::after(self.spread, spread));
    }

    /// How long to wait for a frame before asking.
    pub(super) fn allowance(&self) -> Duration {
        self.spread.map_or(INITIAL, |spread| spread.smoothed + 4 * spread.deviation + SCHEDULING)
    }
}

impl Assembly {
    /// The round trip of the quickest live path, if there is one.
    pub fn set_round_trip(&mut self, round_trip: Option<Rtt>) {
        self.patience.round_trip = round_trip;
    }

    /// What has to be asked for at `now`; the same again if no answer came in time.
    pub fn wants(&mut self, now: MonoTime) -> Vec<Want> {
        let Some(round_trip) = self.patience.round_trip else { return Vec::new() };
        if self.ask_at().is_none_or(|at| at > now) {
            // The usual case, at every datagram that comes.
            return Vec::new();
        }
        let due: Vec<bool> =
            self.slots.iter().map(|slot| slot.ask_at <= now && self.is_worth_asking(slot, now)).collect();
        let mut wants = Vec::new();
        for ((frame, slot), _) in (self.next..).zip(&mut self.slots).zip(due).filter(|(_, due)| *due) {
            let Some(shards) = slot.needed() else { continue };
            slot.asked = Asked::Yes;
            slot.ask_at = now + round_trip.resend();
            wants.push(Want { frame, shards });
        }
        self.counts.asked += wants.len() as u64;
        wants
    }

    /// When [`Self::wants`] has something to say.
    pub fn ask_at(&self) -> Option<MonoTime> {
        self.patience.round_trip?;
        let open = self.slots.iter().filter(|slot| self.is_worth_asking(slot, slot.ask_at));
        open.map(|slot| slot.ask_at).min()
    }

    /// Whether what is asked for at `at` can come before the deadline, and would be of use.
    pub(super) fn is_worth_asking(&self, slot: &Slot, at: MonoTime) -> bool {
        let in_time = |round_trip: Rtt| at + round_trip.min < slot.first_trace + DEADLINE;
        let of_use = self.state == State::Flowing || slot.is_independent();
        of_use && slot.is_open() && self.patience.round_trip.is_some_and(in_time)
    }
}
