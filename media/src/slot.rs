//! The latest value, for a reader that wants nothing older: a picture branch puts, a composer or display takes.
//! Neither end ever waits for the other's speed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Holds the newest value put into it and counts how many there were.
pub struct Slot<T> {
    latest: Mutex<Latest<T>>,
    changed: Condvar,
}

struct Latest<T> {
    /// How many values were put so far; the sequence number of `value`.
    sequence: u64,
    value: Option<T>,
    seen: bool,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { latest: Mutex::new(Latest { sequence: 0, value: None, seen: false }), changed: Condvar::new() }
    }
}

impl<T: Clone> Slot<T> {
    /// Replaces the value. Returns whether the one before was overwritten unseen.
    pub fn put(&self, value: T) -> bool {
        self.replace(value).is_some()
    }

    /// Replaces the value. Returns the one before if it was overwritten unseen.
    pub fn replace(&self, value: T) -> Option<T> {
        let mut latest = self.lock();
        latest.sequence += 1;
        let seen = std::mem::replace(&mut latest.seen, false);
        let old = latest.value.replace(value);
        // The old value is dropped after the lock: freeing a picture is the putting thread's time, not the reader's.
        drop(latest);
        self.changed.notify_all();
        old.filter(|_| !seen)
    }

    /// The value, if one was put after the one with sequence number `seen`. Sequence numbers count from 1, so 0
    /// stands for "none seen yet".
    pub fn newer_than(&self, seen: u64) -> Option<(u64, T)> {
        take_newer(&mut self.lock(), seen)
    }

    /// Like [`Slot::newer_than`], waiting at most `timeout` for it.
    pub fn wait_newer(&self, seen: u64, timeout: Duration) -> Option<(u64, T)> {
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, |latest| latest.sequence <= seen);
        let (mut latest, _) = waited.unwrap_or_else(PoisonError::into_inner);
        take_newer(&mut latest, seen)
    }

    /// No panic can leave a value half written here, so a poisoned lock is as good as a sound one.
    fn lock(&self) -> MutexGuard<'_, Latest<T>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_newer<T: Clone>(latest: &mut Latest<T>, seen: u64) -> Option<(u64, T)> {
    if latest.sequence <= seen {
        return None;
    }
    latest.seen = true;
    latest.value.clone().map(|value| (latest.sequence, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_reader_gets_the_newest_value_once() {
        let slot = Slot::default();
        assert_eq!(slot.newer_than(0), None, "nothing was put");
        slot.put("old");
        slot.put("new");
        assert_eq!(slot.newer_than(0), Some((2, "new")));
        assert_eq!(slot.newer_than(2), None, "it was seen");
        slot.put("next");
        assert_eq!(slot.newer_than(2), Some((3, "next")));
    }

    #[test]
    fn put_tells_whether_a_value_was_overwritten_unseen() {
        let slot = Slot::default();
        assert!(!slot.put(1), "there was none before");
        assert!(slot.put(2), "1 was never seen");
        assert_eq!(slot.replace(3), Some(2), "nor was 2");
        assert!(slot.newer_than(0).is_some());
        assert!(!slot.put(4), "3 was seen");
    }

    #[test]
    fn a_waiting_reader_wakes_when_a_value_comes() {
        let slot = Arc::new(Slot::default());
        let reader = {
            let slot = Arc::clone(&slot);
            std::thread::Builder::new().spawn(move || slot.wait_newer(0, Duration::from_secs(60))).unwrap()
        };
        slot.put(7);
        assert_eq!(reader.join().unwrap(), Some((1, 7)));
    }

    #[test]
    fn waiting_ends_with_the_time_allowed() {
        let slot = Slot::<u8>::default();
        assert_eq!(slot.wait_newer(0, Duration::from_millis(1)), None);
    }
}
