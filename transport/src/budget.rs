//! What frames may take, from what the paths carry: the redundancy's cost taken out, and a margin kept. What a path
//! carries is [`crate::rate`]'s to know; what to give up for the budget is the program's.

use std::time::Duration;

use protocol::time::MonoTime;

use crate::path::PathId;
use crate::schedule::Policy;
use crate::shards::Geometry;

/// How much of a path's capacity is offered to it, in percent: frames vary in size, messages and probes travel too, and a
/// path that is filled to the brim keeps a queue.
const OFFERED_PERCENT: u64 = 90;
/// A change by less than this, in percent, is not worth telling: each costs the encoder a moment.
const CHANGE_PERCENT: u64 = 5;
/// A rise is told at most this often; a fall at once.
const RISE_EVERY: Duration = Duration::from_millis(200);

/// How one frame was spread: what each path carried of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// By which policy.
    pub policy: Policy,
    source: u16,
    carried: Vec<(PathId, u16)>,
}

/// The budget as it was told last.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    told: Option<Option<u64>>,
    told_at: MonoTime,
}

impl Spread {
    /// A frame that is about to be spread.
    pub fn new(policy: Policy, geometry: Geometry) -> Self {
        Self { policy, source: geometry.count(), carried: Vec::new() }
    }

    /// A shard of it goes on `path`.
    pub fn carries(&mut self, path: PathId) {
        match self.carried.iter_mut().find(|(known, _)| *known == path) {
            Some((_, shards)) => *shards = shards.saturating_add(1),
            None => self.carried.push((path, 1)),
        }
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { policy: _, source: _, carried } = self;
        carried.len()
    }

    /// How much of the frame went on `path`, repair included: 1.0 is a copy.
    pub fn share(&self, path: PathId) -> f64 {
        let carried = self.carried.iter().find(|(known, _)| *known == path).map_or(0, |(_, shards)| *shards);
        f64::from(carried) / f64::from(self.source.max(1))
    }

    /// Bits per second of frames that every path can carry its part of.
    fn budget_bps(&self, capacity: impl Fn(PathId) -> Option<u64>) -> Option<u64> {
        let share = |(path, shards): &(PathId, u16)| {
            let offered = capacity(*path)?.saturating_mul(OFFERED_PERCENT) / 100;
            offered.saturating_mul(self.source.into()).checked_div((*shards).into())
        };
        self.carried.iter().filter_map(share).min()
    }
}

impl Budget {
    /// What to tell at `now`, if anything, of frames that are spread as `spread` and get this part of it, in percent.
    pub fn judge(
        &mut self,
        spread: &Spread,
        capacity: impl Fn(PathId) -> Option<u64>,
        percent: u64,
        now: MonoTime,
    ) -> Option<Option<u64>> {
        let budget = spread.budget_bps(capacity).map(|bps| bps.saturating_mul(percent) / 100);
        let differs = match (self.told.flatten(), budget) {
            (Some(before), Some(after)) => before.abs_diff(after) > before.saturating_mul(CHANGE_PERCENT) / 100,
            (before, after) => before != after,
        };
        let falls = budget.is_some_and(|after| self.told.flatten().is_none_or(|before| after < before));
        let due = falls || now.since(self.told_at) >= RISE_EVERY;
        if !differs || !due {
            return None;
        }
        (self.told, self.told_at) = (Some(budget), now);
        Some(budget)
    }

    /// What was told last.
    pub fn told_bps(&self) -> Option<u64> {
        self.told.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PathId = PathId(0);
    const B: PathId = PathId(1);

    /// Twenty source shards with as many shards on each of two paths.
    fn spread(on_a: u16, on_b: u16) -> Spread {
        let mut spread = Spread::new(Policy::Duplicate, Geometry::of(20_000, 1000, 0));
        (0..on_a).for_each(|_| spread.carries(A));
        (0..on_b).for_each(|_| spread.carries(B));
        spread
    }

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1000)
    }

    #[test]
    fn the_weaker_of_two_paths_that_carry_everything_sets_the_budget() {
        let capacity = |path| Some(if path == A { 10_000_000 } else { 4_000_000 });
        assert_eq!(spread(20, 20).budget_bps(capacity), Some(3_600_000));
        assert_eq!(spread(22, 22).budget_bps(capacity), Some(3_272_727), "repair is taken out");
        assert_eq!((spread(22, 0).share(A), spread(22, 0).share(B)), (1.1, 0.0));
    }

    #[test]
    fn a_path_that_carries_half_needs_to_carry_half() {
        assert_eq!(spread(10, 10).budget_bps(|_| Some(4_000_000)), Some(7_200_000));
        assert_eq!(spread(20, 4).budget_bps(|path| (path == B).then_some(1_000_000)), Some(4_500_000));
        assert_eq!(spread(20, 20).budget_bps(|_| None), None);
    }

    #[test]
    fn a_fall_is_told_at_once_a_rise_in_its_time_and_a_trifle_never() {
        let mut budget = Budget::default();
        let mut judge = |bps: Option<u64>, ms| budget.judge(&spread(20, 20), |_| bps, 100, at(ms));
        assert_eq!(judge(None, 1000), None, "nothing is known and nothing was told");
        assert_eq!(judge(Some(10_000_000), 1020), Some(Some(9_000_000)));
        assert_eq!(judge(Some(4_000_000), 1040), Some(Some(3_600_000)));
        assert_eq!(judge(Some(4_100_000), 2000), None);
        assert_eq!(judge(Some(6_000_000), 2000), Some(Some(5_400_000)));
        assert_eq!(judge(Some(9_000_000), 2100), None);
        assert_eq!(judge(Some(9_000_000), 2200), Some(Some(8_100_000)));
        assert_eq!(judge(None, 2400), Some(None));
    }
}
