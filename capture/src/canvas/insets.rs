//! How often tiles beside the primary move: what the ladder gives up before the primary's own rate. Pure.

use std::time::Duration;

use protocol::layout::MAX_TILES;
use protocol::time::MonoTime;

/// Time between two pictures of a slowed tile: with five a second a hand that moves in the room and a heart rate that
/// changes are still followed, and it is well below the silence after which a source counts as lost.
const SLOWED: Duration = Duration::from_millis(200);

/// How often the tiles beside the primary take their newest picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Insets {
    /// With each canvas.
    #[default]
    EveryCanvas,
    /// Five times a second, each at its turn, so that no canvas brings all of them.
    Slowed,
}

impl Insets {
    /// Whether the tile at place `index` takes a picture at `now`, the canvas before this one having been made at `before`.
    pub(super) fn due(self, index: usize, before: MonoTime, now: MonoTime) -> bool {
        let turn = SLOWED * u32::try_from(index).unwrap_or(0) / MAX_TILES as u32;
        let turns = |at: MonoTime| (at + turn).since(MonoTime(0)).as_micros() / SLOWED.as_micros();
        self == Self::EveryCanvas || turns(now) > turns(before)
    }
}
