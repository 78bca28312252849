//! Why peers and dials were refused, in the log: enough to see it, not so much as to drown it.

use protocol::time::MonoTime;

/// Keeps refusals of one path from flooding the log: each reason once, again after a minute, never two in a second.
#[derive(Debug, Default)]
pub struct RefusalLog {
    last: Option<(String, MonoTime)>,
}

impl RefusalLog {
    /// Whether to log `why` now.
    pub fn admits(&mut self, why: &str, now: MonoTime) -> bool {
        let admits = self.last.as_ref().is_none_or(|(last, at)| {
            let silence_s = now.since(*at).as_secs();
            silence_s >= 60 || (silence_s >= 1 && last != why)
        });
        if admits {
            self.last = Some((why.to_owned(), now));
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_keeps_trying_is_logged_once_a_minute_and_a_new_reason_at_once() {
        let mut log = RefusalLog::default();
        let logged: Vec<u64> = (0..130).filter(|s| log.admits("wrong certificate", MonoTime(s * 1_000_000))).collect();
        assert_eq!(logged, [0, 60, 120]);
        assert!(log.admits("expired", MonoTime(130_000_000)));
        assert!(!log.admits("wrong certificate", MonoTime(130_500_000)), "however the reasons alternate");
    }
}
