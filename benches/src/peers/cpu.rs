//! Processor time of this process without the relay's thread, which stands for the network.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

/// The relay's thread, as `netem` names it.
const RELAY: &str = "netem-relay";

/// Microseconds used so far by all threads but the relay's.
pub fn used_us() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let all = u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000;
    all.saturating_sub(relay_us())
}

fn relay_us() -> u64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0 };
    let of_relay =
        |path: &std::path::PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == RELAY);
    let threads = threads.filter_map(|thread| Some(thread.ok()?.path())).filter(of_relay);
    threads.filter_map(|path| on_processor_us(&fs::read_to_string(path.join("schedstat")).ok()?)).sum()
}

/// The first number of `schedstat` (proc(5)): nanoseconds on a processor.
fn on_processor_us(schedstat: &str) -> Option<u64> {
    Some(schedstat.split_whitespace().next()?.parse::<u64>().ok()? / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedstat_begins_with_the_time_on_a_processor() {
        assert_eq!(on_processor_us("123456789 42 7\n"), Some(123_456));
        assert_eq!(on_processor_us(""), None);
    }

    #[test]
    fn work_shows() {
        let before = used_us();
        let sum = (0..3_000_000u64).fold(0, |sum: u64, n| sum.wrapping_mul(31) ^ std::hint::black_box(n));
        assert!(std::hint::black_box(sum) != 1 && used_us() > before);
    }
}
