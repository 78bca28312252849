//! Behaviour of vital signs, for both ends: what a term means, how old a value may be, which curve is drawn where. Pure:
//! no clock, no network, no drawing. Shapes are `protocol::vitals`; where values come from is `capture`'s, how they look
//! the console's and the tile's.

pub mod age;
pub mod panel;
pub mod sweep;
pub mod terms;

/// Said wherever vital signs are shown: what reached this screen late or not at all cannot alarm anybody.
pub const NO_ALARMS: &str = "Not for alarms: watch the monitor in theatre";
