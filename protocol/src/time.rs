//! Points in time, as microsecond counts. Reading a clock is left to `program::clock`.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on this machine's own monotonic clock (`CLOCK_MONOTONIC`), in microseconds.
///
/// Two machines' values have nothing to do with each other: only a [`SessionTime`] may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct MonoTime(pub u64);

/// A point on the session's clock, in microseconds. The session's clock is theatre's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct SessionTime(pub u64);

impl MonoTime {
    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This point as session time on the machine that *is* the session's clock (theatre).
    pub fn as_session_in_theatre(self) -> SessionTime {
        SessionTime(self.0)
    }
}

impl SessionTime {
    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This point as theatre's own monotonic time; meaningful only on theatre's machine.
    pub fn as_mono_in_theatre(self) -> MonoTime {
        MonoTime(self.0)
    }
}

impl Add<Duration> for MonoTime {
    type Output = Self;
    /// Saturates at the end of time instead of wrapping.
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// How far the session's clock is ahead of this machine's, and how wrong that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// Session time minus monotonic time of this machine, in microseconds.
    pub offset_us: i64,
    /// Half the width of the interval that holds the true offset, in microseconds.
    pub uncertainty_us: u64,
}

impl ClockOffset {
    /// Theatre's own view: its monotonic clock is the session's clock.
    pub const THEATRE: Self = Self { offset_us: 0, uncertainty_us: 0 };

    /// Session time at the moment `mono` of this machine.
    pub fn session(self, mono: MonoTime) -> SessionTime {
        SessionTime(mono.0.saturating_add_signed(self.offset_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_ahead_of_theatre_gets_the_earlier_session_time() {
        let offset = ClockOffset { offset_us: -2_000, uncertainty_us: 10 };
        assert_eq!(offset.session(MonoTime(5_000)), SessionTime(3_000));
    }

    #[test]
    fn time_never_runs_below_zero() {
        assert_eq!(SessionTime(1).since(SessionTime(5)), Duration::ZERO);
        assert_eq!(ClockOffset { offset_us: -9, uncertainty_us: 0 }.session(MonoTime(3)), SessionTime(0));
    }
}
