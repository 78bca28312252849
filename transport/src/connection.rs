//! One QUIC connection as the session sees it: numbers, probes, liveness. Dialling and naming are [`crate::path`]'s.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;

use crate::arrivals::Report;
use crate::black_hole::Reach;
use crate::fence::Fence;
use crate::pacer::Pacer;
use crate::rtt::{self, Rtt};
use crate::wire::{COUNTER_END, Received};
use crate::{arrivals, loss, rate};

/// A probe goes out this often on every connected path: a frame interval at most passes without a sign of life.
pub const PROBE_INTERVAL: Duration = Duration::from_millis(20);
/// Darkness is silence for three round trips and this: two and a half probes, so that one lost probe is not darkness.
pub const DARK_AFTER: Duration = Duration::from_millis(50);
/// Probes remembered for their answers: those of the last two seconds, longer than any link in use needs.
const OUTSTANDING: usize = 100;

/// Whether the peer is heard on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// Heard lately.
    Live,
    /// Silent for longer than [`Connection::dark_at`] allows. One datagram brings it back.
    Dark,
}

/// State of one connection.
#[derive(Debug)]
pub struct Connection {
    /// The largest datagram it takes. What the path behind it passes may be less: [`Self::passes_bytes`].
    max_datagram_bytes: usize,
    /// What has arrived on it.
    pub received: Received,
    /// Its word on frames that can no longer complete.
    pub fence: Fence,
    /// Loss of what was sent, by the peer's word.
    pub loss_out: loss::Window,
    /// Loss of what the peer sent.
    pub loss_in: loss::Window,
    /// When what the peer sent arrived, to be told to it.
    pub arrivals: arrivals::Log,
    /// What the connection carries of what is sent.
    pub rate: rate::Estimator,
    /// Shards that wait to leave by it.
    pub pacer: Pacer,
    next_number: u64,
    liveness: Liveness,
    heard: MonoTime,
    probe_at: MonoTime,
    outstanding: VecDeque<(u64, MonoTime)>,
    rtt: Option<Rtt>,
}

impl Connection {
    /// A connection whose handshake has just been completed, which is the first thing heard.
    pub fn new(max_datagram_bytes: usize, now: MonoTime) -> Self {
        Self {
            max_datagram_bytes,
            received: Received::default(),
            fence: Fence::default(),
            loss_out: loss::Window::default(),
            loss_in: loss::Window::default(),
            arrivals: arrivals::Log::default(),
            rate: rate::Estimator::default(),
            pacer: Pacer::default(),
            next_number: 0,
            liveness: Liveness::Live,
            heard: now,
            probe_at: now,
            outstanding: VecDeque::new(),
            rtt: None,
        }
    }

    /// The number of the next datagram sent.
    pub fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// Whether there are no more numbers: time for a new connection.
    pub fn is_spent(&self) -> bool {
        self.next_number >= COUNTER_END
    }

    /// A connection that has sent and received `number` datagrams already.
    #[cfg(test)]
    pub(crate) fn age(&mut self, number: u64) {
        (self.next_number, self.received) = (number, Received { end: number, count: number });
        (0..2).for_each(|_| self.arrivals.record(number.saturating_sub(1), self.heard));
        self.loss_in.restart(number);
        self.loss_out.restart(number);
    }

    /// What [`Self::number`] will give.
    pub fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Datagram `number` arrived. Says whether that ended a darkness.
    pub fn hear(&mut self, number: u64, now: MonoTime) -> bool {
        self.heard = now;
        self.received.end = self.received.end.max(number + 1);
        self.received.count += 1;
        let revived = std::mem::replace(&mut self.liveness, Liveness::Live) == Liveness::Dark;
        if revived {
            self.loss_in.restart(self.received.end);
            self.loss_out.restart(self.next_number);
        }
        self.loss_in.record(self.received, now);
        self.arrivals.record(number, now);
        revived
    }

    /// The peer told of arrivals. Says whether the path has just begun to swallow datagrams that it passed before.
    pub fn reported(&mut self, report: &Report, now: MonoTime) -> bool {
        let before = self.passes_bytes();
        self.rate.report(report, now);
        let falls = self.passes_bytes() < before;
        if falls {
            // What went into the hole is no loss that repair could mend.
            self.loss_out.restart(self.next_number);
        }
        falls
    }

    /// The largest datagram that reaches the peer, as far as known; `None` while that is too little for video.
    pub fn passes_bytes(&self) -> Option<usize> {
        self.rate.black_hole.reach().bytes(self.max_datagram_bytes)
    }

    /// What the path behind it passes of what it takes.
    pub fn reach(&self) -> Reach {
        let reach = self.rate.black_hole.reach();
        if self.passes_bytes() == Some(self.max_datagram_bytes) { Reach::Everything } else { reach }
    }

    /// Sizes of the datagrams to fill up and send beside the probe that leaves now, to see whether they arrive.
    pub fn size_probes(&mut self, now: MonoTime) -> impl Iterator<Item = usize> + use<> {
        self.rate.black_hole.probes(self.max_datagram_bytes, now)
    }

    /// Whether the silence has just become too long.
    pub fn darken(&mut self, now: MonoTime) -> bool {
        let dark = self.dark_at().is_some_and(|at| at <= now);
        if dark {
            self.liveness = Liveness::Dark;
        }
        dark
    }

    /// When [`Self::darken`] will say yes if nothing is heard; `None` if it is dark.
    pub fn dark_at(&self) -> Option<MonoTime> {
        let rtt = self.rtt.map_or(rtt::INITIAL, |rtt| rtt.smoothed);
        (self.liveness == Liveness::Live).then(|| self.heard + 3 * rtt + DARK_AFTER)
    }

    /// Whether a probe is to be sent now; its number must be taken and handed to [`Self::probed`].
    pub fn probe_due(&self, now: MonoTime) -> bool {
        self.probe_at <= now
    }

    /// When the next probe is due.
    pub fn probe_at(&self) -> MonoTime {
        self.probe_at
    }

    /// Datagram `number` is a probe and leaves now.
    pub fn probed(&mut self, number: u64, now: MonoTime) {
        self.probe_at = now + PROBE_INTERVAL;
        if self.outstanding.len() == OUTSTANDING {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back((number, now));
    }

    /// The probe in datagram `number` was answered. Gives the time it was sent, unless it is unknown or was answered
    /// before.
    pub fn answered(&mut self, number: u64, now: MonoTime) -> Option<MonoTime> {
        let at = self.outstanding.iter().position(|(probe, _)| *probe == number)?;
        let (_, sent) = self.outstanding.remove(at)?;
        self.rtt = Some(Rtt::after(self.rtt, now.since(sent)));
        Some(sent)
    }

    /// Whether the peer is heard.
    pub fn liveness(&self) -> Liveness {
        self.liveness
    }

    /// Round-trip time; `None` until a probe was answered.
    pub fn rtt(&self) -> Option<Rtt> {
        self.rtt
    }

    /// How much each of its parts holds, for [`crate::session::Session::sizes`].
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let Self {
            fence,
            loss_out,
            loss_in,
            arrivals,
            rate,
            pacer,
            outstanding,
            max_datagram_bytes: _,
            received: _,
            next_number: _,
            liveness: _,
            heard: _,
            probe_at: _,
            rtt: _,
        } = self;
        let own = [
            ("signs of passed frames", fence.held()),
            ("counts of loss out", loss_out.held()),
            ("counts of loss in", loss_in.held()),
            ("arrivals to tell", arrivals.held()),
            ("probes out", outstanding.len()),
            ("shards that wait", pacer.len()),
        ];
        own.into_iter().chain(rate.sizes())
    }

    /// When the peer was last heard.
    pub fn heard(&self) -> MonoTime {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1000)
    }

    /// A connection with a measured round trip of 20 ms, last heard at 20 ms.
    fn measured() -> Connection {
        let mut connection = Connection::new(1162, at(0));
        let number = connection.number();
        connection.probed(number, at(0));
        connection.hear(0, at(20));
        connection.answered(number, at(20));
        connection
    }

    #[test]
    fn silence_of_three_round_trips_and_50_ms_is_darkness_and_one_datagram_ends_it() {
        let mut connection = measured();
        assert!(!connection.darken(at(129)));
        assert!(connection.darken(at(130)));
        assert!(!connection.darken(at(131)), "told once");
        assert!(connection.hear(1, at(4000)));
        assert_eq!(connection.liveness(), Liveness::Live);
    }

    #[test]
    fn a_probe_is_answered_once_and_one_never_sent_not_at_all() {
        let mut connection = measured();
        assert_eq!(connection.answered(0, at(21)), None);
        assert_eq!(connection.answered(99, at(21)), None);
        assert_eq!(connection.rtt().map(|rtt| rtt.smoothed), Some(Duration::from_millis(20)));
    }

    #[test]
    fn probes_never_answered_do_not_pile_up() {
        let mut connection = measured();
        for ms in 0..10_000 {
            if connection.probe_due(at(ms)) {
                let number = connection.number();
                connection.probed(number, at(ms));
            }
        }
        assert_eq!(connection.outstanding.len(), OUTSTANDING);
        assert_eq!(connection.next_number, 500, "one each 20 ms");
    }
}
