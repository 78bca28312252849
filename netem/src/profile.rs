//! The named networks that tests, benches and the demo share. Numbers only; acting on them is `link`'s.

use crate::impairment::{Bursts, Capacity, Dark, Impairment, Step};
use crate::link::Link;

/// The names [`Profile::by_name`] knows, mildest first.
pub const NAMES: [&str; 10] = ["clean", "wan", "lossy", "burst", "lte", "cut", "cutlossy", "lte4", "squeeze", "leo"];

/// A network: so many paths between two ends, each with its own ills.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name, one of [`NAMES`].
    pub name: &'static str,
    /// One impairment per path, suffered in each direction independently.
    pub paths: Vec<Impairment>,
}

/// Both directions of one path.
#[derive(Debug)]
pub struct Directions {
    /// From the end that dials to the end that listens.
    pub to_listener: Link,
    /// From the end that listens to the end that dials.
    pub to_dialler: Link,
}

/// No profile has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no link profile \"{name}\"; use one of: {}", NAMES.join(", "))]
pub struct Unknown {
    name: String,
}

impl Profile {
    /// The profile called `name`.
    ///
    /// # Errors
    /// [`Unknown`], whose text lists the names there are.
    pub fn by_name(name: &str) -> Result<Self, Unknown> {
        NAMES
            .into_iter()
            .find(|known| *known == name)
            .and_then(|name| Some(Self { name, paths: paths(name)? }))
            .ok_or_else(|| Unknown { name: name.to_owned() })
    }

    /// A link for each direction of each path, all drawn from one seed. Counted time begins at 0.
    pub fn links(&self, seed: u64) -> Vec<Directions> {
        let mut seeds = fastrand::Rng::with_seed(seed);
        let mut link = |path: &Impairment| Link::new(path.clone(), seeds.u64(..));
        self.paths.iter().map(|path| Directions { to_listener: link(path), to_dialler: link(path) }).collect()
    }
}

fn paths(name: &str) -> Option<Vec<Impairment>> {
    Some(match name {
        "clean" => vec![Impairment::default(); 2],
        "wan" => vec![delay(10, 0); 2],
        "lossy" => vec![lossy(10); 2],
        "burst" => vec![burst(); 2],
        "lte" => vec![lte(); 2],
        "cut" => vec![Impairment { dark: Some(once(5, 9)), ..delay(10, 0) }, delay(18, 0)],
        "cutlossy" => vec![Impairment { dark: Some(once(5, 9)), ..lossy(10) }, lossy(18)],
        "lte4" => (1..=4).map(narrow_lte).collect(),
        "squeeze" => vec![squeezed(); 2],
        "leo" => vec![satellite(), lte()],
        _ => return None,
    })
}

fn delay(delay_ms: u64, jitter_ms: u64) -> Impairment {
    Impairment { delay_us: delay_ms * 1_000, jitter_us: jitter_ms * 1_000, ..Impairment::default() }
}

fn lossy(delay_ms: u64) -> Impairment {
    Impairment { loss: 0.02, ..delay(delay_ms, 3) }
}

fn burst() -> Impairment {
    let bursts = Bursts { good_to_bad: 0.002, bad_to_good: 0.1, loss_while_bad: 0.6 };
    Impairment { bursts: Some(bursts), ..delay(10, 5) }
}

fn lte() -> Impairment {
    let bursts = Bursts { good_to_bad: 0.001, bad_to_good: 0.05, loss_while_bad: 0.5 };
    Impairment { loss: 0.002, bursts: Some(bursts), ..delay(25, 12) }
}

/// Path `n`, from 1, of four thin mobile uplinks that go dark one after the other.
fn narrow_lte(n: u64) -> Impairment {
    Impairment { dark: Some(once(5 * n - 4, 5 * n)), capacity: Some(capacity(4, &[])), ..lte() }
}

fn squeezed() -> Impairment {
    Impairment { capacity: Some(capacity(12, &[(5, 3), (15, 12)])), ..delay(10, 0) }
}

/// A low orbit: the dish changes satellites every 15 s and hears neither for a moment.
fn satellite() -> Impairment {
    let handover = Dark { first_us: 15_000_000, for_us: 200_000, every_us: Some(15_000_000) };
    Impairment { dark: Some(handover), ..delay(20, 10) }
}

fn once(from_s: u64, until_s: u64) -> Dark {
    Dark { first_us: from_s * 1_000_000, for_us: (until_s - from_s) * 1_000_000, every_us: None }
}

/// A bottleneck with 100 ms of queue; steps are (seconds, Mbit/s).
fn capacity(mbps: u64, steps: &[(u64, u64)]) -> Capacity {
    let steps = steps.iter().map(|&(at_s, mbps)| Step { at_us: at_s * 1_000_000, bps: mbps * 1_000_000 }).collect();
    Capacity { bps: mbps * 1_000_000, steps, queue_us: 100_000 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Reason, Verdict};

    #[test]
    fn every_name_in_the_list_is_a_profile_with_its_number_of_paths() {
        let counts = NAMES.map(|name| Profile::by_name(name).expect(name).paths.len());
        assert_eq!(counts, [2, 2, 2, 2, 2, 2, 2, 4, 2, 2]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let text = Profile::by_name("lte5").unwrap_err().to_string();
        assert!(text.contains("\"lte5\"") && NAMES.iter().all(|name| text.contains(name)), "{text}");
    }

    /// Seconds of the first 21 in which path `path` passes nothing to the dialler, probed in the middle of each.
    fn dark_seconds(profile: &str, path: usize) -> Vec<u64> {
        let link = &mut Profile::by_name(profile).unwrap().links(1)[path].to_dialler;
        (0..21).filter(|s| link.offer(s * 1_000_000 + 500_000, 1) == Verdict::Drop(Reason::Dark)).collect()
    }

    #[test]
    fn a_cut_takes_the_first_path_for_four_seconds_and_never_the_second() {
        for profile in ["cut", "cutlossy"] {
            assert_eq!(dark_seconds(profile, 0), [5, 6, 7, 8]);
            assert_eq!(dark_seconds(profile, 1), []);
        }
    }

    #[test]
    fn four_mobile_uplinks_go_dark_one_after_the_other() {
        for (path, from) in [1, 6, 11, 16].into_iter().enumerate() {
            assert_eq!(dark_seconds("lte4", path), (from..from + 4).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_satellite_is_away_for_200_ms_every_15_s() {
        let link = &mut Profile::by_name("leo").unwrap().links(1)[0].to_dialler;
        let dark: Vec<u64> =
            (0..4_000).map(|n| n * 10).filter(|ms| link.offer(ms * 1_000, 1) == Verdict::Drop(Reason::Dark)).collect();
        assert_eq!(dark, (15_000..15_200).step_by(10).chain((30_000..30_200).step_by(10)).collect::<Vec<_>>());
    }

    #[test]
    fn squeeze_passes_12_then_3_then_12_megabits() {
        let link = &mut Profile::by_name("squeeze").unwrap().links(1)[0].to_dialler;
        let mut passed_bits = [0u64; 20];
        for n in 0..40_000 {
            // 1250 bytes each half millisecond: 20 Mbit/s offered for 20 s.
            if let Verdict::DeliverAt(at_us) = link.offer(n * 500, 1_250)
                && let Some(second) = passed_bits.get_mut((at_us / 1_000_000) as usize)
            {
                *second += 10_000;
            }
        }
        // Seconds of change and the first, which has the delay in it, are left out.
        for (s, &bits) in passed_bits.iter().enumerate().filter(|(s, _)| ![0, 5, 15].contains(s)) {
            let expected: u64 = if (6..15).contains(&s) { 3_000_000 } else { 12_000_000 };
            assert!(bits.abs_diff(expected) <= 10_000, "second {s} passed {bits}");
        }
    }

    #[test]
    fn directions_and_paths_have_luck_of_their_own() {
        let mut links = Profile::by_name("lossy").unwrap().links(11);
        let mut verdicts: Vec<Vec<Verdict>> = Vec::new();
        for path in &mut links {
            verdicts.push((0..500).map(|n| path.to_listener.offer(n * 1_000, 1)).collect());
            verdicts.push((0..500).map(|n| path.to_dialler.offer(n * 1_000, 1)).collect());
        }
        for (n, one) in verdicts.iter().enumerate() {
            assert!(verdicts[n + 1..].iter().all(|other| one != other));
        }
    }
}
