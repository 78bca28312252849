//! What the receiving end of one connection tells the sending end about when datagrams arrived. Which datagram carries a
//! report is the session's; what is concluded from it is [`crate::rate`]'s.
//!
//! Like transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), a report lists every datagram of a
//! range of numbers as arrived at a time or missing. Ranges follow each other, so a lost report leaves its range
//! unknown, which is not the same as missing; nothing is repeated.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::MonoTime;
use serde::{Deserialize, Serialize};

use crate::wire::COUNTER_END;

/// A report is made at most this often: well within a frame interval, at 50 datagrams a second.
pub const INTERVAL: Duration = Duration::from_millis(20);
/// Bytes of an encoded report at most, so that it fits a datagram with room for its header.
pub const MAX_REPORT_BYTES: usize = 1100;
/// Arrival times are told in steps of this: a full datagram takes it at 180 Mbit/s, beyond what is worth measuring.
pub const TICK_US: u64 = 50;
/// Arrivals remembered until they are told: two full reports' worth.
const MAX_PENDING: usize = 2048;
/// Bytes of [`Report`] beside its steps at most: two numbers of ten and a length of two.
const FIXED_BYTES: usize = 22;
/// A step holds half of this at most.
const MAX_STEP: u64 = (u32::MAX / 2) as u64;
/// No arrival is later than this, whatever a report says: far beyond any clock, and safe to subtract as signed.
const MAX_ARRIVAL_US: u64 = 1 << 60;

/// The receiving side: arrivals not yet told.
#[derive(Debug, Default)]
pub struct Log {
    /// Numbers with their arrival in microseconds, by number.
    pending: VecDeque<(u64, u64)>,
    /// Everything below was told, or will not be.
    next: u64,
    told_at: Option<MonoTime>,
}

/// When the datagrams of one range of numbers arrived. Anything that decodes is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The range begins here.
    first: u64,
    /// Arrival of the first that arrived, in microseconds of the receiver's clock.
    base_us: u64,
    /// Even: the next number arrived, half of this in [`TICK_US`] after the one before. Odd: half of this are missing.
    steps: Vec<u32>,
}

impl Log {
    /// Datagram `number` arrived. One already told as missing, and one that came before, change nothing.
    pub fn record(&mut self, number: u64, now: MonoTime) {
        if number < self.next || number >= COUNTER_END {
            return;
        }
        let at = self.pending.iter().rposition(|(before, _)| *before <= number).map_or(0, |at| at + 1);
        if at.checked_sub(1).and_then(|before| self.pending.get(before)).is_some_and(|(before, _)| *before == number) {
            return;
        }
        self.pending.insert(at, (number, now.0));
        if self.pending.len() > MAX_PENDING
            && let Some((number, _)) = self.pending.pop_front()
        {
            self.next = number + 1;
        }
    }

    /// What is to be told now, if there is anything and the last report is [`INTERVAL`] old.
    pub fn report(&mut self, now: MonoTime) -> Option<Report> {
        if self.deadline()? > now {
            return None;
        }
        let &(number, base_us) = self.pending.front()?;
        self.told_at = Some(now);
        if number - self.next > MAX_STEP {
            self.next = number;
        }
        let mut report = Report { first: self.next, base_us, steps: Vec::new() };
        let (mut bytes, mut ticks) = (FIXED_BYTES, 0);
        while let Some(&(number, at_us)) = self.pending.front() {
            let missing = number - self.next;
            // One that was overtaken is told as having come with those that overtook it: time never runs back.
            let later = (at_us.saturating_sub(base_us) / TICK_US).saturating_sub(ticks);
            let missed = (missing > 0).then(|| odd(missing));
            let arrived = even(later);
            bytes += missed.map_or(0, varint_bytes) + varint_bytes(arrived);
            if bytes > MAX_REPORT_BYTES || missing > MAX_STEP {
                break;
            }
            report.steps.extend(missed.into_iter().chain([arrived]));
            ticks += later;
            self.next = number + 1;
            self.pending.pop_front();
        }
        Some(report)
    }

    /// When [`Self::report`] will have something to say; `None` while there is nothing.
    pub fn deadline(&self) -> Option<MonoTime> {
        self.pending.front().map(|_| self.told_at.map_or(MonoTime(0), |at| at + INTERVAL))
    }

    /// How much it holds, for [`crate::session::Session::sizes`].
    pub(crate) fn held(&self) -> usize {
        let Self { pending, next: _, told_at: _ } = self;
        pending.len()
    }
}

impl Report {
    /// The number its range begins with.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Every datagram that arrived, as its number and its arrival in microseconds of the receiver's clock. Both never
    /// fall; numbers left out are missing.
    pub fn arrivals(&self) -> impl Iterator<Item = (u64, u64)> {
        let (mut number, mut ticks) = (self.first, 0u64);
        let arrivals = self.steps.iter().filter_map(move |&step| {
            let half = u64::from(step / 2);
            if step % 2 == 1 {
                number = number.saturating_add(half);
                return None;
            }
            ticks += half;
            number = number.saturating_add(1);
            let at_us = self.base_us.saturating_add(ticks * TICK_US).min(MAX_ARRIVAL_US);
            Some((number - 1, at_us))
        });
        arrivals.take_while(|(number, _)| *number < COUNTER_END)
    }
}

fn odd(half: u64) -> u32 {
    half.min(MAX_STEP) as u32 * 2 + 1
}

fn even(half: u64) -> u32 {
    half.min(MAX_STEP) as u32 * 2
}

/// Bytes of `value` as postcard writes it: seven bits each.
fn varint_bytes(value: u32) -> usize {
    (32 - value.leading_zeros()).max(1).div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(report: &Report) -> Vec<(u64, u64)> {
        report.arrivals().collect()
    }

    #[test]
    fn what_arrived_is_told_with_its_time_and_what_is_missing_is_left_out() {
        let mut log = Log::default();
        for (number, at_us) in [(0, 1_000_000), (1, 1_000_730), (4, 1_002_000)] {
            log.record(number, MonoTime(at_us));
        }
        let report = log.report(MonoTime(1_003_000)).unwrap();
        assert_eq!((report.first(), told(&report)), (0, vec![(0, 1_000_000), (1, 1_000_700), (4, 1_002_000)]));
    }

    #[test]
    fn reports_are_20_ms_apart_and_each_arrival_is_told_once() {
        let mut log = Log::default();
        assert_eq!((log.report(MonoTime(0)), log.deadline()), (None, None));
        let mut all = Vec::new();
        for ms in 0..100 {
            log.record(ms, MonoTime(ms * 1000));
            if let Some(report) = log.report(MonoTime(ms * 1000)) {
                assert_eq!(ms % 20, 0);
                assert_eq!(report.first(), all.len() as u64, "ranges follow each other");
                all.extend(told(&report).into_iter().map(|(number, _)| number));
            }
        }
        assert_eq!(all, (0..=80).collect::<Vec<_>>());
        assert_eq!(log.deadline(), Some(MonoTime(100_000)));
    }

    #[test]
    fn an_overtaken_datagram_comes_with_those_that_overtook_it_and_one_told_as_missing_stays_missing() {
        let mut log = Log::default();
        for (number, at_us) in [(1, 500), (0, 800), (0, 900), (3, 1_000)] {
            log.record(number, MonoTime(at_us));
        }
        assert_eq!(told(&log.report(MonoTime(1_000)).unwrap()), [(0, 800), (1, 800), (3, 1_000)]);
        log.record(2, MonoTime(2_000));
        assert_eq!(log.report(MonoTime(30_000)), None);
    }

    #[test]
    fn a_frame_of_ninety_datagrams_costs_two_bytes_each_at_most() {
        let mut log = Log::default();
        for number in 0..90 {
            log.record(number, MonoTime(7_000_000_000 + number * 3_000));
        }
        let bytes = postcard::to_stdvec(&log.report(MonoTime(7_001_000_000)).unwrap()).unwrap();
        assert!(bytes.len() <= 90 + 10, "{}", bytes.len());
    }

    #[test]
    fn a_flood_never_told_is_bounded_and_what_falls_out_is_unknown_and_not_missing() {
        let mut log = Log::default();
        for number in 0..100_000 {
            log.record(number, MonoTime(number));
        }
        assert_eq!(log.pending.len(), MAX_PENDING);
        let report = log.report(MonoTime(200_000)).unwrap();
        assert_eq!(report.first(), 100_000 - MAX_PENDING as u64);
        assert_eq!(told(&report).first().map(|(number, _)| *number), Some(report.first()));
    }

    #[test]
    fn a_gap_of_more_numbers_or_more_time_than_a_step_holds_does_not_wrap() {
        let mut log = Log::default();
        let (far, days_us) = (5 << 31, 3 * 24 * 3_600_000_000);
        log.record(0, MonoTime(0));
        log.record(1, MonoTime(days_us));
        log.record(far, MonoTime(days_us + 1_000));
        let report = log.report(MonoTime(days_us)).unwrap();
        assert_eq!(told(&report), [(0, 0), (1, MAX_STEP * TICK_US)], "late is told as late as can be");
        let report = log.report(MonoTime(days_us + 20_000)).unwrap();
        assert_eq!((report.first(), told(&report)), (far, vec![(far, days_us + 1_000)]), "unknown, not missing");
    }

    proptest! {
        #[test]
        fn every_arrival_survives_the_wire_within_a_datagram(
            start in 0..COUNTER_END / 2, base_us in 0u64..1 << 50,
            gaps in prop::collection::vec((1u64..4, 0u64..3_000_000), 1..1500),
        ) {
            let (mut log, mut number, mut at_us, mut sent) = (Log::default(), start, base_us, Vec::new());
            for (ahead, later_us) in gaps {
                log.record(number, MonoTime(at_us));
                sent.push((number, at_us));
                (number, at_us) = (number + ahead, at_us + later_us);
            }
            let (mut back, mut now) = (Vec::new(), MonoTime(at_us));
            while let Some(report) = log.report(now) {
                let bytes = postcard::to_stdvec(&report).unwrap();
                prop_assert!(bytes.len() <= MAX_REPORT_BYTES, "{} bytes", bytes.len());
                let (decoded, rest) = postcard::take_from_bytes::<Report>(&bytes).unwrap();
                prop_assert!(rest.is_empty());
                back.extend(decoded.arrivals());
                now = now + INTERVAL;
            }
            prop_assert_eq!(back.len(), sent.len());
            for ((number, at_us), (sent_number, sent_us)) in back.into_iter().zip(sent) {
                prop_assert_eq!(number, sent_number);
                prop_assert!(at_us <= sent_us && sent_us - at_us < TICK_US);
            }
        }

        #[test]
        fn arbitrary_bytes_decode_to_something_harmless(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
            if let Ok(report) = postcard::from_bytes::<Report>(&bytes) {
                let mut before = (0, 0);
                let mut count = 0;
                for arrival in report.arrivals() {
                    prop_assert!(arrival.0 >= before.0 && arrival.1 >= before.1 && arrival.0 < COUNTER_END);
                    (before, count) = (arrival, count + 1);
                }
                prop_assert!(count <= bytes.len());
            }
        }
    }
}
