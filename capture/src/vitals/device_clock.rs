//! A device's clock seen from theatre's: the smallest difference between when something arrived and when the device says
//! it was, as of the fastest message (the filter of NTP, RFC 5905 section 10). Pure.
//!
//! So a time is wrong by the quickest way from the sensor to theatre at most, always the same way: values look younger by
//! that, and never by what a slow message took. Where a device's clock was set back, its times look older than they are
//! until the window has passed; no value looks current that is not.

use std::time::Duration;

use protocol::time::{MonoTime, SessionTime};

/// A moment of a device's clock, in microseconds since 1970 as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceTime(pub i64);

/// How long the smallest difference counts, twice at most: long enough to meet a fast message, short enough that drift of
/// 100 millionths stays below 30 ms and a clock that was set back is believed soon.
const WINDOW: Duration = Duration::from_secs(120);

/// What is known of one device's clock.
#[derive(Debug, Clone, Default)]
pub struct DeviceClock {
    /// The window that runs: since when, and its smallest difference.
    running: Option<(MonoTime, i64)>,
    /// The smallest difference of the window before.
    before: Option<i64>,
}

impl DeviceClock {
    /// Something that was at `newest` by the device's clock arrived at `now`.
    pub fn arrived(&mut self, newest: DeviceTime, now: MonoTime) {
        let difference = micros(now).saturating_sub(newest.0);
        self.running = match self.running {
            Some((since, least)) if now.since(since) < WINDOW => Some((since, least.min(difference))),
            Some((_, least)) => {
                self.before = Some(least);
                Some((now, difference))
            }
            None => Some((now, difference)),
        };
    }

    /// The session's time of a moment of the device's clock, by what is known; never later than `now`. `None` before
    /// anything arrived.
    pub fn session(&self, at: DeviceTime, now: MonoTime) -> Option<SessionTime> {
        let (_, running) = self.running?;
        let least = self.before.map_or(running, |before| before.min(running));
        let us = at.0.saturating_add(least).clamp(0, micros(now));
        Some(SessionTime(us.unsigned_abs()))
    }
}

fn micros(at: MonoTime) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The device's clock is 50 years ahead of theatre's.
    const AHEAD_US: i64 = 1_577_880_000_000_000;

    fn ms(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    /// The device's time at theatre's `ms`.
    fn device(ms: i64) -> DeviceTime {
        DeviceTime(AHEAD_US + ms * 1_000)
    }

    fn session(clock: &DeviceClock, at_ms: i64, now_ms: u64) -> u64 {
        clock.session(device(at_ms), ms(now_ms)).unwrap().0 / 1_000
    }

    #[test]
    fn the_fastest_message_tells_how_the_clocks_stand() {
        let mut clock = DeviceClock::default();
        assert_eq!(clock.session(device(0), ms(1)), None);
        clock.arrived(device(1_000), ms(1_900));
        assert_eq!(session(&clock, 1_000, 1_900), 1_900);
        clock.arrived(device(2_000), ms(2_020));
        assert_eq!(session(&clock, 2_000, 2_020), 2_020);
        clock.arrived(device(3_000), ms(4_500));
        assert_eq!(session(&clock, 3_000, 4_500), 3_020, "a slow message is as old as it is");
    }

    #[test]
    fn nothing_was_measured_in_the_future() {
        let mut clock = DeviceClock::default();
        clock.arrived(device(1_000), ms(1_010));
        assert_eq!(session(&clock, 60_000, 2_000), 2_000);
    }

    #[test]
    fn a_clock_that_was_set_back_is_believed_after_two_windows_and_until_then_looks_old() {
        let mut clock = DeviceClock::default();
        let hour_ms = 3_600_000;
        for second in 0..600_i64 {
            let set_back_ms = if second < 100 { 0 } else { hour_ms };
            let now_ms = second.unsigned_abs() * 1_000 + 4_000_000;
            let at_ms = second * 1_000 + 4_000_000 - set_back_ms;
            clock.arrived(device(at_ms), ms(now_ms));
            let age_ms = now_ms - session(&clock, at_ms, now_ms);
            assert!(age_ms == 0 || age_ms == hour_ms.unsigned_abs(), "{age_ms}");
            assert!(second < 360 || age_ms == 0, "at {second} s");
        }
    }

    #[test]
    fn no_time_is_too_far_off() {
        let mut clock = DeviceClock::default();
        clock.arrived(DeviceTime(i64::MIN), MonoTime(u64::MAX));
        clock.arrived(DeviceTime(i64::MAX), MonoTime(0));
        assert!(clock.session(DeviceTime(i64::MAX), MonoTime(u64::MAX)).is_some());
    }
}
