//! The one place that reads a clock.

use protocol::time::MonoTime;
use rustix::time::{ClockId, clock_gettime};

/// This machine's monotonic time now (`CLOCK_MONOTONIC`, the clock GStreamer uses too).
pub fn now() -> MonoTime {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    MonoTime(seconds * 1_000_000 + nanoseconds / 1_000)
}
