//! Processor time as what is measured: a machine that does other things too makes a bench wait, not work more.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// Criterion's measurement by processor time of the thread that runs the bench. Written in the units of time.
pub struct ThreadTime;

static WALL_TIME: WallTime = WallTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        used(ClockId::ThreadCPUTime)
    }

    fn end(&self, started: Duration) -> Duration {
        used(ClockId::ThreadCPUTime).saturating_sub(started)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WALL_TIME.formatter()
    }
}

/// Processor time used so far, of this thread or process, the kernel's for it too.
pub fn used(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or(0))
}
