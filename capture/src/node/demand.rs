//! What the link asks of canvases and encoder, and what it learns of them: one value that their three threads share.
//! None ever waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use program::trace::DropReason;
use protocol::ids::FrameId;
use protocol::ladder::Rung;

use crate::canvas::Insets;
use crate::ladder::LEAST_BPS;

/// Asked and learnt. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Demand(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    refresh: AtomicBool,
    /// 0 while there is none.
    budget_bps: AtomicU32,
    /// The rung's place among all.
    rung: AtomicU8,
    made_bytes: AtomicU64,
    interval_us: AtomicU64,
}

impl Demand {
    /// The next access unit is to be independent; asked twice before the next canvas is asked once.
    pub fn refresh(&self) {
        self.0.refresh.store(true, Ordering::Release);
    }

    /// From the next canvas on no more bits per second than this, if a limit is known.
    pub fn set_budget(&self, bps: Option<u64>) {
        let bps = bps.map_or(0, |bps| u32::try_from(bps).unwrap_or(u32::MAX).max(LEAST_BPS));
        self.0.budget_bps.store(bps, Ordering::Release);
    }

    /// From the next canvas on this is given up. Video that comes back begins with an independent access unit.
    pub fn set_rung(&self, rung: Rung) {
        if rung.has_video() && !self.rung().has_video() {
            self.refresh();
        }
        let place = Rung::ALL.into_iter().position(|known| known == rung).unwrap_or(0);
        self.0.rung.store(u8::try_from(place).unwrap_or(0), Ordering::Release);
    }

    /// Bytes of all access units so far.
    pub fn made_bytes(&self) -> u64 {
        self.0.made_bytes.load(Ordering::Acquire)
    }

    /// The usual time between two canvases, every one counted; zero before the first.
    pub fn interval(&self) -> Duration {
        Duration::from_micros(self.0.interval_us.load(Ordering::Acquire))
    }

    /// How often tiles beside the primary take a new picture.
    pub fn insets(&self) -> Insets {
        if self.rung() < Rung::Insets { Insets::EveryCanvas } else { Insets::Slowed }
    }

    /// How many canvases there are to one that is encoded, while any is.
    pub fn canvases_per_frame(&self) -> u32 {
        if self.rung() < Rung::HalfRate { 1 } else { 2 }
    }

    /// Why the canvas `id` is not to be encoded, if it is not.
    pub fn leaves_out(&self, id: FrameId) -> Option<DropReason> {
        if !self.rung().has_video() {
            return Some(DropReason::VideoStopped);
        }
        let is_one = id.index.is_multiple_of(self.canvases_per_frame().into());
        (!is_one).then_some(DropReason::HalfRate)
    }

    /// Canvases come this far apart.
    pub fn note_interval(&self, interval: Duration) {
        self.0.interval_us.store(u64::try_from(interval.as_micros()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// The encoder made an access unit of `bytes`.
    pub(super) fn note_made(&self, bytes: usize) {
        self.0.made_bytes.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    pub(super) fn take_refresh(&self) -> bool {
        self.0.refresh.swap(false, Ordering::AcqRel)
    }

    pub(super) fn budget_bps(&self) -> Option<u32> {
        Some(self.0.budget_bps.load(Ordering::Acquire)).filter(|bps| *bps > 0)
    }

    fn rung(&self) -> Rung {
        Rung::ALL.get(usize::from(self.0.rung.load(Ordering::Acquire))).copied().unwrap_or(Rung::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::Epoch;

    fn left_out(demand: &Demand) -> Vec<Option<DropReason>> {
        (0..4).map(|index| demand.leaves_out(FrameId { epoch: Epoch(1), index })).collect()
    }

    #[test]
    fn each_rung_keeps_what_those_above_it_gave_up() {
        let demand = Demand::default();
        let half = [None, Some(DropReason::HalfRate), None, Some(DropReason::HalfRate)];
        for (rung, insets, dropped) in [
            (Rung::Full, Insets::EveryCanvas, [None; 4]),
            (Rung::Bitrate, Insets::EveryCanvas, [None; 4]),
            (Rung::Insets, Insets::Slowed, [None; 4]),
            (Rung::HalfRate, Insets::Slowed, half),
            (Rung::Stills, Insets::Slowed, [Some(DropReason::VideoStopped); 4]),
            (Rung::Voice, Insets::Slowed, [Some(DropReason::VideoStopped); 4]),
        ] {
            demand.set_rung(rung);
            assert_eq!((demand.insets(), left_out(&demand)), (insets, dropped.to_vec()), "{rung:?}");
        }
    }

    #[test]
    fn video_that_comes_back_begins_with_an_independent_picture() {
        let demand = Demand::default();
        for (rung, refreshes) in
            [(Rung::HalfRate, false), (Rung::Voice, false), (Rung::Stills, false), (Rung::HalfRate, true)]
        {
            demand.set_rung(rung);
            assert_eq!(demand.take_refresh(), refreshes, "{rung:?}");
        }
        demand.set_rung(Rung::Insets);
        assert!(!demand.take_refresh());
    }
}
