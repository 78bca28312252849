//! An alarm as it is shown: what, how urgent, and whether its device still speaks of it.

use std::cmp::Reverse;
use std::time::Duration;

use protocol::time::SessionTime;
use protocol::vitals::{Alarm, Deviation, Priority};

use super::name;
use crate::age::Standing;

/// An alarm without a word for so long is told with its age: devices repeat one that goes on every 10 to 30 s (IHE PCD-04).
const LATE: Duration = Duration::from_secs(60);

/// An alarm to be shown: that a device in theatre signals it, never that this end would.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Such as `SpO2 low`.
    pub text: String,
    /// How urgent.
    pub priority: Priority,
    /// How long ago the device spoke of it.
    pub age: Duration,
    /// Whether that is long ago.
    pub standing: Standing,
}

impl Told {
    /// What is to be shown of `alarm` at `now`.
    pub(super) fn of(alarm: &Alarm, now: SessionTime) -> Self {
        let label = name(alarm.source).unwrap_or_else(|| "A device".to_owned());
        let happened = match alarm.deviation {
            Deviation::High => "high",
            Deviation::Low => "low",
            Deviation::Other => "alarm",
        };
        let age = now.since(alarm.at);
        let standing = if age <= LATE { Standing::Current } else { Standing::Late };
        Self { text: format!("{label} {happened}"), priority: alarm.priority, age, standing }
    }

    /// Its place among others, the lowest first. One that may be long over hides none of the present, however urgent it was.
    pub(super) fn rank(&self) -> (Standing, Reverse<Priority>, Duration) {
        (self.standing, Reverse(self.priority), self.age)
    }
}
