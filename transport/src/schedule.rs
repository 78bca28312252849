//! How a frame is spread over the paths, and how much repair it gets: a function of the policy and of measured facts.
//! Whether a path is live is [`crate::connection`]'s verdict, how a repair shard is made [`crate::protect`]'s.

use std::time::Duration;

use serde::Deserialize;

use crate::path::{PathId, State};
use crate::selection::{self, Selection};

/// How frames are spread over the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Chosen from the paths that are live and what they carry: [`Policy::Spread`] from three on, [`Policy::Duplicate`] on two,
    /// [`Policy::Economy`] if one of two is so thin that two copies would be no picture (see [`crate::selection`]).
    #[default]
    Auto,
    /// Every shard on every live path, in the spirit of SMPTE ST 2022-7: losing a path loses and delays nothing.
    Duplicate,
    /// Every shard on one path, with so much repair that any one path may vanish without notice. With fewer than three
    /// live paths this is [`Policy::Duplicate`], which is the same thing for two.
    Spread,
    /// Source shards on the best path, repair on another; what a cut takes is asked for again.
    Economy,
}

impl Policy {
    /// How many paths have to be configured for it to mean anything. That a session needs one at all is told elsewhere.
    pub fn least_paths(self) -> usize {
        match self {
            Self::Auto => 0,
            Self::Duplicate | Self::Economy => 2,
            Self::Spread => LEAST_SPREAD,
        }
    }
}

/// A live path as far as the choice needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carrier {
    /// Which path.
    pub id: PathId,
    /// Share of the datagrams sent on it that are lost, 0 to 1.
    pub loss: f64,
    /// Its round trip, if known.
    pub rtt: Option<Duration>,
    /// Bits per second it carries; `None` while nothing suggests a limit.
    pub capacity_bps: Option<u64>,
}

/// How one frame travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What [`Policy::Auto`] came to.
    pub policy: Policy,
    /// Repair shards.
    pub repair: u16,
    /// Whether it measures paths that are left out otherwise (see [`crate::selection`]).
    pub looks: bool,
    /// The paths in use; the best comes first.
    paths: Vec<PathId>,
}

/// How likely it may be that repair falls short of random loss, a frame: one in five minutes at 30 a second. Then there
/// is still time to ask again.
const SHORT_OF_REPAIR: f64 = 1e-4;
/// The same for what is spread, whose repair is for a path that vanishes: both at once fall short in a hundredth of the
/// frames until that is noticed.
const SHORT_OF_SPREAD: f64 = 1e-2;
/// Loss beyond this is a broken path, not one to be repaired: more shards would only load it further.
const MOST_LOSS: f64 = 0.3;
/// The least paths that [`Policy::Spread`] is better than copies for: with two it is two copies.
pub const LEAST_SPREAD: usize = 3;

impl Plan {
    /// The plan for frame `number` of `count` source shards over `live` paths.
    pub fn new(policy: Policy, number: u64, count: u16, live: Vec<Carrier>) -> Self {
        match policy {
            Policy::Auto => {
                let Selection { policy, carriers, looks } = selection::select(number, live);
                Self { looks, ..Self::over(policy, count, &carriers) }
            }
            policy => Self::over(policy, count, &live),
        }
    }

    fn over(policy: Policy, count: u16, live: &[Carrier]) -> Self {
        let mut best: Vec<&Carrier> = live.iter().collect();
        let fattest = live.iter().map(|carrier| carrier.capacity_bps.unwrap_or(u64::MAX)).max().unwrap_or(0);
        let is_thin = |carrier: &Carrier| carrier.capacity_bps.is_some_and(|bps| bps < fattest / 2);
        // Then loss, in steps that measuring it can tell apart: a quick path that loses is slow once it is repaired.
        let loss = |carrier: &Carrier| (carrier.loss * 20.0) as u64;
        best.sort_by_key(|at| (is_thin(at), loss(at), at.rtt.unwrap_or(Duration::MAX), at.id));
        let paths: Vec<PathId> = best.iter().map(|carrier| carrier.id).collect();
        let policy = match policy {
            Policy::Auto | Policy::Spread if live.len() >= LEAST_SPREAD => Policy::Spread,
            Policy::Auto | Policy::Spread => Policy::Duplicate,
            chosen => chosen,
        };
        let repair = match policy {
            // A shard is lost if all its copies are.
            Policy::Auto | Policy::Duplicate => {
                parity(count, live.iter().map(|carrier| carrier.loss).product(), SHORT_OF_REPAIR)
            }
            Policy::Spread => spread_repair(count, live),
            Policy::Economy => parity(count, best.first().map_or(0.0, |carrier| carrier.loss), SHORT_OF_REPAIR).max(1),
        };
        Self { policy, repair, looks: false, paths }
    }

    /// Which shard of frame `number`, of `count` source shards, leaves by which path, in the order of leaving.
    pub fn departures(&self, number: u64, count: u16) -> impl Iterator<Item = (u16, PathId)> {
        let total = usize::from(count) + usize::from(self.repair);
        (0..total).flat_map(move |step| {
            let place = move |at: usize, id: PathId| {
                let shard = match self.policy {
                    // Each path begins elsewhere in the frame: half of it comes by each of two, and a queue that
                    // overflows at the end of a train loses on each what the other has brought.
                    Policy::Auto | Policy::Duplicate => Some((step + at * total / self.paths.len()) % total),
                    // Each frame begins on another path, so that what does not divide is shared out as well.
                    Policy::Spread => (at == (number as usize + step) % self.paths.len()).then_some(step),
                    Policy::Economy if step < usize::from(count) => (at == 0).then_some(step),
                    Policy::Economy => (at == self.paths.len().min(2) - 1).then_some(step),
                };
                shard.map(|shard| (shard as u16, id))
            };
            self.paths.iter().enumerate().filter_map(move |(at, id)| place(at, *id))
        })
    }
}

/// The paths that messages go on: all live ones. If none is live, all dark ones: the verdict may lag behind a path that
/// has just come back, and a dark path costs nobody anything. Probes go on every connected path always.
pub fn carriers(paths: &[(PathId, State)]) -> Vec<PathId> {
    let in_state = |wanted| paths.iter().filter(move |(_, state)| *state == wanted).map(|(id, _)| *id);
    let live: Vec<PathId> = in_state(State::Live).collect();
    if live.is_empty() { in_state(State::Dark).collect() } else { live }
}

/// Repair for the share of the path with the most shards, and for random loss on the others.
fn spread_repair(count: u16, live: &[Carrier]) -> u16 {
    let paths = live.len().max(1) as u16;
    let loss = live.iter().map(|carrier| carrier.loss).sum::<f64>() / f64::from(paths);
    let random = parity(count, loss, SHORT_OF_SPREAD);
    let whole = |repair: &u16| (count + repair).div_ceil(paths) + random <= *repair;
    // Beyond one copy of the whole frame more repair is no longer thrift.
    (1..=count).find(whole).unwrap_or(count)
}

/// The least repair with which `count` shards get through loss of this share, but for `short` of frames.
/// Losses in a frame are taken as Poisson's, which is on the safe side of the binomial.
fn parity(count: u16, loss: f64, short: f64) -> u16 {
    let loss = loss.clamp(0.0, MOST_LOSS);
    let mut repair = 0;
    while repair < count && more_than(repair, f64::from(count + repair) * loss) > short {
        repair += 1;
    }
    repair
}

/// How likely more than `most` events are where `mean` are expected.
fn more_than(most: u16, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut sum = term;
    for events in 1..=most {
        term *= mean / f64::from(events);
        sum += term;
    }
    1.0 - sum
}

#[cfg(test)]
mod tests {
    use super::State::{Connecting, Dark, Down, Live};
    use super::*;

    /// Live paths with this loss and round trips of 20, 21, 22 ... ms.
    fn live(losses: &[f64]) -> Vec<Carrier> {
        let carrier = |(at, loss): (u8, &f64)| Carrier {
            id: PathId(at),
            loss: *loss,
            rtt: Some(Duration::from_millis(20 + u64::from(at))),
            capacity_bps: None,
        };
        (0..).zip(losses).map(carrier).collect()
    }

    /// Shards of frame 77 on each path.
    fn load(plan: &Plan, count: u16, paths: usize) -> Vec<usize> {
        let mut load = vec![0; paths];
        plan.departures(77, count).for_each(|(_, id)| load[usize::from(id.0)] += 1);
        load
    }

    #[test]
    fn two_clean_paths_carry_everything_twice_and_nothing_more() {
        let plan = Plan::new(Policy::Auto, 77, 23, live(&[0.0; 2]));
        assert_eq!((plan.policy, plan.repair), (Policy::Duplicate, 0));
        assert_eq!(load(&plan, 23, 2), [23, 23]);
    }

    #[test]
    fn two_copies_leave_so_that_half_the_time_brings_the_whole_frame() {
        let plan = Plan::new(Policy::Duplicate, 77, 24, live(&[0.0; 2]));
        let first: std::collections::BTreeSet<u16> = plan.departures(77, 24).take(24).map(|(shard, _)| shard).collect();
        assert_eq!(first.len(), 24);
    }

    #[test]
    fn copies_on_lossy_paths_get_the_little_repair_that_both_losing_it_needs() {
        let plan = Plan::new(Policy::Duplicate, 77, 23, live(&[0.02; 2]));
        assert_eq!(plan.repair, 1);
        assert!(Plan::new(Policy::Duplicate, 77, 23, live(&[0.05; 2])).repair <= 2);
    }

    #[test]
    fn a_single_path_repairs_its_own_loss() {
        let plan = Plan::new(Policy::Auto, 77, 23, live(&[0.02]));
        assert!((4..=5).contains(&plan.repair), "{}", plan.repair);
        assert_eq!(Plan::new(Policy::Auto, 77, 23, live(&[0.0])).repair, 0);
    }

    #[test]
    fn spread_survives_any_one_path_within_its_bytes() {
        for paths in 3..=8usize {
            for count in 1..200 {
                let plan = Plan::new(Policy::Auto, 77, count, live(&vec![0.0; paths]));
                assert_eq!(plan.policy, Policy::Spread);
                let load = load(&plan, count, paths);
                let most = *load.iter().max().unwrap();
                assert!(most <= usize::from(plan.repair), "{count} shards: {load:?} of {plan:?}");
                let bound = f64::from(count) * paths as f64 / (paths as f64 - 1.0);
                assert!(load.iter().sum::<usize>() as f64 <= bound.ceil() + 1.0, "{count} shards: {load:?}");
            }
        }
    }

    #[test]
    fn spread_over_lossy_paths_stays_within_15_percent_of_the_least() {
        let plan = Plan::new(Policy::Spread, 77, 23, live(&[0.012; 4]));
        let total: usize = load(&plan, 23, 4).iter().sum();
        assert!((total as f64) <= 23.0 * 4.0 / 3.0 * 1.25, "{total}");
        assert!(usize::from(plan.repair) > 23 / 3);
    }

    #[test]
    fn economy_sends_source_on_the_best_path_and_repair_on_another() {
        let plan = Plan::new(Policy::Economy, 77, 23, live(&[0.1, 0.0, 0.0]));
        assert_eq!(load(&plan, 23, 3), [0, 23, usize::from(plan.repair)]);
        let alone = Plan::new(Policy::Economy, 77, 23, live(&[0.0]));
        assert_eq!(load(&alone, 23, 1), [23 + usize::from(alone.repair)]);
    }

    #[test]
    fn source_goes_on_the_fat_line_though_the_thin_one_is_quicker() {
        let mut lines = live(&[0.0; 2]);
        lines[0].capacity_bps = Some(1_000_000);
        let plan = Plan::new(Policy::Auto, 77, 23, lines.clone());
        assert_eq!((plan.policy, load(&plan, 23, 2)), (Policy::Economy, vec![1, 23]));
        assert_eq!(Plan::new(Policy::Auto, 900, 23, lines).policy, Policy::Duplicate, "it is looked at again");
    }

    #[test]
    fn without_a_live_path_nothing_has_a_way() {
        for policy in [Policy::Auto, Policy::Duplicate, Policy::Spread, Policy::Economy] {
            let plan = Plan::new(policy, 77, 5, Vec::new());
            assert_eq!(plan.departures(1, 5).count(), 0);
        }
    }

    #[test]
    fn live_paths_carry_messages_and_dark_ones_only_when_none_is_live() {
        for (states, expected) in [
            ([Live, Live, Live], vec![0, 1, 2]),
            ([Live, Dark, Down], vec![0]),
            ([Dark, Connecting, Dark], vec![0, 2]),
            ([Down, Connecting, Down], vec![]),
        ] {
            let paths: Vec<_> = states.into_iter().enumerate().map(|(at, state)| (PathId(at as u8), state)).collect();
            let carriers: Vec<u8> = carriers(&paths).into_iter().map(|id| id.0).collect();
            assert_eq!(carriers, expected, "{states:?}");
        }
    }
}
