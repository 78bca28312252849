//! Capacity of one path from how far apart the datagrams of a train arrive. Average rates and queues are not known here.
//!
//! A frame leaves as a train of datagrams. Behind a bottleneck they are as far apart as the bottleneck takes for each
//! (Dovrolis, Ramanathan, Moore: "What do packet dispersion techniques measure?", INFOCOM 2001), however little is sent
//! on average. A train that arrives no further apart than it was sent has met no bottleneck slower than its own rate.

mod slowing;

use std::collections::VecDeque;

/// Datagrams sent further apart than this are of different trains: at the least burst rate one of 1200 bytes takes 2.1 ms, and
/// a timer may be 2 ms late.
const MAX_GAP_US: u64 = 4_000;
/// A shorter train says nothing.
const MIN_STEPS: usize = 5;
/// A longer train is measured in parts of this.
const MAX_STEPS: usize = 128;
/// Fewer neighbours than this that both arrived say nothing.
const MIN_NEIGHBOURS: usize = 4;
/// The first third of a train is not measured: on a path that keeps order, jitter holds back the first datagrams until
/// one with much of it has come, and what follows comes with that one.
const HEAD: usize = 3;
/// A train is stretched if it arrives this much further apart than it was sent, in eighths: below the headroom that is
/// kept in the burst rate, so that pacing does not hide the bottleneck.
const STRETCHED_EIGHTHS: u64 = 9;
/// Trains in the estimate: one second's at 30 a second.
const MAX_SAMPLES: usize = 30;
/// So many trains that agree are news, and the least that say anything: their median bears two freaks.
const NEWS: usize = 5;
/// If the newest differ from all by more than this factor, in tenths, the older ones are forgotten. Jitter of 12 ms
/// moves a train of eleven datagrams at 4 Mbit/s by 30 % (one deviation), the median of five by 17 %.
const CHANGE_TENTHS: u64 = 15;
/// So many trains that were not stretched lift the limit: with such jitter and paced a quarter above the bottleneck, six
/// in a hundred such runs look so by chance, and what they lift the next five take back.
const UNHINDERED: usize = 8;
/// The largest estimate of this long counts while no train is slowed: jitter makes trains look slower much more often than
/// faster, and too high an estimate shows as a queue.
const HIGH_US: u64 = 500_000;
/// A path that passes trains faster than this has no limit worth a name.
pub const UNLIMITED_BPS: u64 = 100_000_000;

/// A datagram whose arrival was told.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Its number.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
    /// When it was sent, by the sender's clock.
    pub sent_us: u64,
    /// When it arrived, by the receiver's clock.
    pub arrived_us: u64,
}

/// What trains say about one path.
#[derive(Debug, Default)]
pub struct Dispersion {
    last: Option<Arrival>,
    train: Vec<Step>,
    samples: VecDeque<Sample>,
    limit: Option<u64>,
    /// Estimates of the last half second, each with its time; the highest comes first, then the highest after it.
    highs: VecDeque<(u64, u64)>,
    sampled_us: Option<u64>,
}

/// From one datagram of a train to the next; all zero if one between them is missing.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    bytes: u64,
    sent_us: u64,
    arrived_us: u64,
}

/// Steps of one train or of several, summed.
#[derive(Debug, Clone, Copy)]
struct Sample(Step);

impl Dispersion {
    /// The next arrival, by number.
    pub fn record(&mut self, arrival: Arrival) {
        if let Some(last) = self.last.replace(arrival) {
            let sent_us = arrival.sent_us.saturating_sub(last.sent_us);
            if sent_us > MAX_GAP_US || self.train.len() == MAX_STEPS {
                self.finish(last.sent_us);
            }
            if sent_us <= MAX_GAP_US {
                let arrived_us = arrival.arrived_us.saturating_sub(last.arrived_us);
                let step = Step { bytes: arrival.bytes, sent_us, arrived_us };
                let neighbours = arrival.number == last.number.saturating_add(1);
                self.train.push(if neighbours { step } else { Step::default() });
                self.look_at_slowing(arrival.sent_us);
            }
        }
    }

    /// Bits per second the bottleneck passes; `None` while no train met one.
    pub fn limit_bps(&self) -> Option<u64> {
        self.highs.front().map_or(self.limit, |(_, bps)| Some(*bps).filter(|bps| *bps < UNLIMITED_BPS))
    }

    /// When the last train that was measured had been sent, by the sender's clock in microseconds.
    pub fn sampled_us(&self) -> Option<u64> {
        self.sampled_us
    }

    /// The estimate at `sent_us` is `self.limit`.
    fn keep_high(&mut self, sent_us: u64) {
        let bps = self.limit.unwrap_or(u64::MAX);
        while self.highs.back().is_some_and(|(_, lower)| *lower <= bps) {
            self.highs.pop_back();
        }
        self.highs.push_back((sent_us, bps));
        while self.highs.front().is_some_and(|(at_us, _)| at_us.saturating_add(HIGH_US) < sent_us) {
            self.highs.pop_front();
        }
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { last: _, train, samples, limit: _, highs, sampled_us: _ } = self;
        train.len() + samples.len() + highs.len()
    }

    fn finish(&mut self, sent_us: u64) {
        if let Some(sample) = Sample::of(&self.train) {
            self.sampled_us = Some(sent_us);
            self.learn(sample);
            self.keep_high(sent_us);
        }
        self.train.clear();
    }

    fn learn(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        let surplus = self.samples.len().saturating_sub(MAX_SAMPLES);
        self.samples.drain(..surplus);
        let news = median(self.newest(NEWS));
        let all = pooled(self.samples.iter());
        let (low, high) = (all.bps().min(news.bps()), all.bps().max(news.bps()));
        if high.saturating_mul(10) > low.saturating_mul(CHANGE_TENTHS) {
            // More than half of them are from after the change.
            self.keep(NEWS / 2 + 1);
        }
        if self.samples.len() >= NEWS {
            self.conclude();
        }
    }

    fn conclude(&mut self) {
        let unhindered = pooled(self.newest(UNHINDERED));
        let found = if unhindered.stretched() {
            Some(pooled(self.samples.iter()).bps())
        } else {
            // At least what these were sent at: no limit is learnt from them, but a known one gives way, and what was
            // sent slower says no more than they do.
            if self.samples.len() >= UNHINDERED {
                self.keep(0);
                self.limit.map(|limit| limit.max(unhindered.bps()))
            } else {
                self.limit
            }
        };
        self.limit = found.filter(|bps| *bps < UNLIMITED_BPS);
    }

    fn newest(&self, count: usize) -> impl Iterator<Item = &Sample> {
        self.samples.iter().skip(self.samples.len().saturating_sub(count))
    }

    fn keep(&mut self, newest: usize) {
        let older = self.samples.len().saturating_sub(newest);
        self.samples.drain(..older);
    }
}

impl Sample {
    /// What a train says, its steps summed; `None` if it is too short.
    fn of(train: &[Step]) -> Option<Self> {
        if train.len() < MIN_STEPS {
            return None;
        }
        // Only neighbours count: whether a lost datagram took its share of the bottleneck is not known.
        let measured = train.iter().skip(train.len() / HEAD).filter(|step| step.bytes > 0);
        (measured.clone().count() >= MIN_NEIGHBOURS).then(|| Self(sum(measured)))
    }

    fn bps(self) -> u64 {
        self.0.bytes.saturating_mul(8_000_000) / self.0.arrived_us.max(1)
    }

    fn stretched(self) -> bool {
        self.0.arrived_us.saturating_mul(8) > self.0.sent_us.saturating_mul(STRETCHED_EIGHTHS)
    }
}

fn sum<'a>(steps: impl Iterator<Item = &'a Step>) -> Step {
    steps.fold(Step::default(), |sum, step| Step {
        bytes: sum.bytes.saturating_add(step.bytes),
        sent_us: sum.sent_us.saturating_add(step.sent_us),
        arrived_us: sum.arrived_us.saturating_add(step.arrived_us),
    })
}

fn median<'a>(samples: impl Iterator<Item = &'a Sample>) -> Sample {
    middle(samples, |len| len.saturating_sub(1) / 2)
}

/// The middle third of samples by rate as one: the others may be freaks of either end's scheduling.
fn pooled<'a>(samples: impl Iterator<Item = &'a Sample>) -> Sample {
    middle(samples, |len| len / 3)
}

fn middle<'a>(samples: impl Iterator<Item = &'a Sample>, cut: impl Fn(usize) -> usize) -> Sample {
    let mut samples: Vec<Sample> = samples.copied().collect();
    samples.sort_unstable_by_key(|sample| sample.bps());
    let cut = cut(samples.len());
    Sample(sum(samples.iter().skip(cut).take(samples.len() - 2 * cut).map(|sample| &sample.0)))
}

#[cfg(test)]
mod tests;
