//! Which of the live paths frames use when the policy is left to be chosen: a line much thinner than the others must not
//! make all of them as thin. How frames are then spread is [`crate::schedule`]'s; messages and voice go on every path always.

use crate::schedule::{Carrier, LEAST_SPREAD, Policy};

/// No picture in use needs more; beyond it every path is welcome, however thin it is beside the others.
const ENOUGH_BPS: u64 = 10_000_000;
/// A path is left out if that multiplies by this what frames may take. Twice is worth a path's protection.
const WORTH: u64 = 2;
/// The least that is worth having twice: below it 1280x720 of tissue is no picture to judge by, and one good copy with a
/// moment's gap at a cut is better.
const LEAST_TWICE_BPS: u64 = 2_000_000;
/// A line without a known limit counts as this.
const UNLIMITED_BPS: u64 = crate::rate::dispersion::UNLIMITED_BPS;
/// Every so many frames, half a minute's, some go on all paths if not all are used: a line that carries nothing is not measured.
const LOOK_EVERY: u64 = 900;
/// So many, what a new estimate is made from and some that may be lost (see [`crate::rate::dispersion`]).
const LOOK_FRAMES: u64 = 10;

/// What frames use.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// How they are spread.
    pub policy: Policy,
    /// Over these.
    pub carriers: Vec<Carrier>,
    /// Whether this frame goes on all paths to measure those that are left out. What it may take is not what others may,
    /// and it leaves unpaced: paced at what a line carried before, it could not show that there is more.
    pub looks: bool,
}

/// The paths of `live` that frame `number` uses, and how.
pub fn select(number: u64, mut live: Vec<Carrier>) -> Selection {
    live.sort_by_key(|carrier| std::cmp::Reverse(capacity(carrier)));
    let all = live.len();
    let mut used = all;
    for fewer in (2..all).rev() {
        let now = takes(&live, used);
        if now < ENOUGH_BPS && takes(&live, fewer) >= WORTH * now {
            used = fewer;
        }
    }
    let twice = live.get(1).map(capacity).filter(|_| used == 2);
    let thin = twice.is_some_and(|bps| bps < LEAST_TWICE_BPS && live.first().map_or(0, capacity) >= WORTH * bps);
    let looks = (used < all || thin) && number % LOOK_EVERY < LOOK_FRAMES;
    live.truncate(if looks { all } else { used });
    let policy = match live.len() {
        _ if thin && !looks => Policy::Economy,
        LEAST_SPREAD.. => Policy::Spread,
        _ => Policy::Duplicate,
    };
    Selection { policy, carriers: live, looks }
}

/// Bits per second that frames may take of the first `used` of `live`, about.
fn takes(live: &[Carrier], used: usize) -> u64 {
    let thinnest = used.checked_sub(1).and_then(|last| live.get(last)).map_or(0, capacity);
    if used >= LEAST_SPREAD { thinnest.saturating_mul(used as u64 - 1) } else { thinnest }
}

fn capacity(carrier: &Carrier) -> u64 {
    carrier.capacity_bps.unwrap_or(UNLIMITED_BPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::PathId;

    /// What is used of lines that carry so many kilobits a second, 0 for one without a known limit.
    fn used(kbps: &[u64]) -> (Policy, Vec<u8>) {
        let carrier = |(id, kbps): (u8, &u64)| Carrier {
            id: PathId(id),
            loss: 0.0,
            rtt: None,
            capacity_bps: (*kbps > 0).then_some(kbps * 1000),
        };
        let selection = select(900 + LOOK_FRAMES, (0..).zip(kbps).map(carrier).collect());
        let mut ids: Vec<u8> = selection.carriers.iter().map(|carrier| carrier.id.0).collect();
        ids.sort_unstable();
        (selection.policy, ids)
    }

    #[test]
    fn a_line_that_would_hold_the_others_back_is_left_out() {
        use Policy::{Duplicate, Economy, Spread};
        let table: [(&[u64], Policy, &[u8]); 13] = [
            (&[], Duplicate, &[]),
            (&[0], Duplicate, &[0]),
            (&[300], Duplicate, &[0]),
            (&[0, 0], Duplicate, &[0, 1]),
            (&[12_000, 12_000], Duplicate, &[0, 1]),
            // Thinner, but two copies of that are still a picture.
            (&[0, 3_000], Duplicate, &[0, 1]),
            (&[1_000, 0], Economy, &[0, 1]),
            // Both are thin: nothing is won by trusting one.
            (&[1_000, 1_500], Duplicate, &[0, 1]),
            (&[0, 0, 0], Spread, &[0, 1, 2]),
            (&[4_000, 4_000, 4_000, 3_500], Spread, &[0, 1, 2, 3]),
            (&[4_000, 500, 4_000, 4_000], Spread, &[0, 2, 3]),
            (&[0, 0, 1_000], Duplicate, &[0, 1]),
            // Enough for every picture, with every path's protection.
            (&[0, 0, 6_000], Spread, &[0, 1, 2]),
        ];
        for (kbps, policy, ids) in table {
            assert_eq!(used(kbps), (policy, ids.to_vec()), "{kbps:?}");
        }
    }

    #[test]
    fn a_line_that_is_left_out_is_looked_at_for_a_moment_each_half_minute() {
        let line = |id, capacity_bps| Carrier { id: PathId(id), loss: 0.0, rtt: None, capacity_bps };
        let looks = |lines: &[Carrier]| (0..9_000).filter(|number| select(*number, lines.to_vec()).looks).count();
        assert_eq!(looks(&[line(0, None), line(1, Some(1_000_000))]), 100);
        assert_eq!(looks(&[line(0, None), line(1, Some(4_000_000))]), 0, "both are used");
    }
}
