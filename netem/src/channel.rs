//! The state of a two-state channel over time. Which packets a bad channel loses is `link`'s.

use fastrand::Rng;

use crate::impairment::Bursts;

/// A channel that walks between good and bad with its own random numbers, so that its history depends on the seed and
/// on time alone: however many packets ask, they find the same bad times.
#[derive(Debug)]
pub(crate) struct Channel {
    bursts: Bursts,
    rng: Rng,
    state: State,
    /// The millisecond of the next change.
    until_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Bad,
}

impl Channel {
    /// A channel that is good at time 0.
    pub(crate) fn new(bursts: Bursts, mut rng: Rng) -> Self {
        let until_ms = sojourn_ms(&mut rng, bursts.good_to_bad);
        Self { bursts, rng, state: State::Good, until_ms }
    }

    /// Whether it is bad at `now_us`. Time does not run back.
    pub(crate) fn is_bad(&mut self, now_us: u64) -> bool {
        while self.until_ms <= now_us / 1_000 {
            let (state, leave) = match self.state {
                State::Good => (State::Bad, self.bursts.bad_to_good),
                State::Bad => (State::Good, self.bursts.good_to_bad),
            };
            self.state = state;
            self.until_ms = self.until_ms.saturating_add(sojourn_ms(&mut self.rng, leave));
        }
        self.state == State::Bad
    }
}

/// Milliseconds until a state is left that is left with probability `leave` at each: a geometric variate by inversion,
/// the same as tossing once per millisecond.
fn sojourn_ms(rng: &mut Rng, leave: f64) -> u64 {
    if leave <= 0.0 {
        return u64::MAX;
    }
    let tosses_that_stayed = (1.0 - rng.f64()).ln() / (1.0 - leave).ln();
    (tosses_that_stayed as u64).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: Bursts = Bursts { good_to_bad: 0.002, bad_to_good: 0.1, loss_while_bad: 0.6 };

    fn bad_milliseconds(millis: u64, asks_per_ms: u64) -> Vec<u64> {
        let mut channel = Channel::new(BURST, Rng::with_seed(3));
        (0..millis)
            .filter(|ms| {
                let answers: Vec<bool> =
                    (0..asks_per_ms).map(|ask| channel.is_bad(ms * 1_000 + ask * 1_000 / asks_per_ms)).collect();
                assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "it changed within a millisecond");
                answers[0]
            })
            .collect()
    }

    #[test]
    fn asking_more_often_does_not_heal_it() {
        assert_eq!(bad_milliseconds(200_000, 1), bad_milliseconds(200_000, 20));
    }

    #[test]
    fn it_is_bad_as_long_as_theory_says() {
        // The mean of a two-state chain over n steps has variance pi(1-pi)(1+l)/(1-l)/n, l = 1-p-r being its
        // correlation from step to step. Five standard deviations.
        let steps = 2_000_000;
        let pi = BURST.bad_share();
        let l = 1.0 - BURST.good_to_bad - BURST.bad_to_good;
        let deviation = (pi * (1.0 - pi) * (1.0 + l) / (1.0 - l) / steps as f64).sqrt();
        let share = bad_milliseconds(steps, 1).len() as f64 / steps as f64;
        assert!((share - pi).abs() < 5.0 * deviation, "{share} is not {pi} +- {deviation}");
    }

    #[test]
    fn a_bad_time_lasts_ten_milliseconds_on_average() {
        let mut rng = Rng::with_seed(5);
        let draws = 100_000;
        let total: u64 = (0..draws).map(|_| sojourn_ms(&mut rng, 0.1)).sum();
        let mean = total as f64 / f64::from(draws);
        // A geometric variate's standard deviation is sqrt(1-p)/p, below 10 here; of this mean below 0.032.
        assert!((mean - 10.0).abs() < 0.16, "{mean}");
    }

    #[test]
    fn probabilities_of_none_and_one_hold() {
        let mut rng = Rng::with_seed(1);
        assert_eq!(sojourn_ms(&mut rng, 0.0), u64::MAX);
        assert!((0..100).all(|_| sojourn_ms(&mut rng, 1.0) == 1));
    }
}
