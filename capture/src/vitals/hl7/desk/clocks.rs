//! The clocks of all devices. They outlive connections: some senders make one for each message, and what waited while a
//! connection was broken must not look new on the next. Pure.

use std::collections::BTreeMap;

use protocol::time::{MonoTime, SessionTime};

use super::super::device::Device;
use crate::vitals::device_clock::{DeviceClock, DeviceTime};

/// Clocks that are known at most. The one that was heard longest ago makes room for a new one.
const MAX_CLOCKS: usize = 64;

/// Clocks that were heard so far.
#[derive(Debug, Default)]
pub struct Clocks(BTreeMap<Device, Known>);

#[derive(Debug)]
struct Known {
    clock: DeviceClock,
    last: MonoTime,
}

impl Clocks {
    /// A message that arrived at `now` tells of these devices and their newest moments. Those of them that are known do not
    /// make room for the others.
    pub fn arrived(&mut self, newest: &BTreeMap<Device, DeviceTime>, now: MonoTime) {
        let (known, new): (Vec<_>, Vec<_>) = newest.iter().partition(|(device, _)| self.0.contains_key(device));
        for (device, newest) in known.into_iter().chain(new) {
            if self.has_room(*device, now) {
                let known = self.0.entry(*device).or_insert_with(|| Known { clock: DeviceClock::default(), last: now });
                known.last = now;
                known.clock.arrived(*newest, now);
            }
        }
    }

    /// The session's time of what `device` says was at `at`; what has no time of its own is of now. `None` if there is no
    /// room for its clock: nothing is known of its age then.
    pub fn session(&self, device: Device, at: Option<DeviceTime>, now: MonoTime) -> Option<SessionTime> {
        match at {
            Some(at) => self.0.get(&device)?.clock.session(at, now),
            None => Some(now.as_session_in_theatre()),
        }
    }

    fn has_room(&mut self, device: Device, now: MonoTime) -> bool {
        if self.0.len() < MAX_CLOCKS || self.0.contains_key(&device) {
            return true;
        }
        let earlier = self.0.iter().filter(|(_, known)| known.last < now);
        let longest_ago = earlier.min_by_key(|(_, known)| known.last).map(|(device, _)| *device);
        longest_ago.is_some_and(|device| self.0.remove(&device).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(second: i64) -> MonoTime {
        MonoTime((second * SECOND).unsigned_abs())
    }

    fn heard(clocks: &mut Clocks, devices: impl IntoIterator<Item = u64>, moment: i64, second: i64) {
        let newest = devices.into_iter().map(|device| (Device::numbered(device), DeviceTime(moment * SECOND)));
        clocks.arrived(&newest.collect(), at(second));
        assert!(clocks.0.len() <= MAX_CLOCKS);
    }

    fn age(clocks: &Clocks, device: u64, moment: i64, second: i64) -> Option<u64> {
        let session = clocks.session(Device::numbered(device), Some(DeviceTime(moment * SECOND)), at(second))?;
        Some(at(second).as_session_in_theatre().since(session).as_secs())
    }

    #[test]
    fn a_clock_that_is_heard_is_kept_whatever_devices_are_invented() {
        let mut clocks = Clocks::default();
        heard(&mut clocks, [0], 1, 1);
        for second in 2..100_i64 {
            let invented = second.unsigned_abs() * 1_000;
            heard(&mut clocks, (invented..invented + 200).chain([0]), second - 1, second);
            assert_eq!(age(&clocks, 0, second - 1, second), Some(1), "one second late, and known to be");
        }
    }

    #[test]
    fn what_a_device_without_a_clock_measured_has_no_age_and_what_has_no_time_is_of_now() {
        let mut clocks = Clocks::default();
        heard(&mut clocks, 0..200, 1, 1);
        let ages: Vec<_> = (0..200).filter_map(|device| age(&clocks, device, 1, 1)).collect();
        assert_eq!(ages, [0; MAX_CLOCKS]);
        assert_eq!(clocks.session(Device::numbered(999), None, at(2)), Some(at(2).as_session_in_theatre()));
    }
}
