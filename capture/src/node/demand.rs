//! What the link asks of canvases and encoder, and what it learns of them: one value that their three threads share.
//! None ever waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use program::trace::DropReason;
use protocol::codec::Codec;
use protocol::ids::FrameId;
use protocol::ladder::Rung;
use protocol::time::MonoTime;

use crate::canvas::Insets;
use crate::ladder::LEAST_BPS;

/// While the lines carry no video, the canvas is sent as a still at most so often: the mentor still follows what is done.
/// Where the lines need longer for one, the next waits for it: each has 60 kilobytes at least, which keep instruments and
/// vessels apart.
pub const STILL_EVERY: Duration = Duration::from_secs(5);
/// What a still may take of what the lines carry meanwhile: the raised lane has half of it.
const STILL_TAKES: Duration = Duration::from_millis(2_500);

/// Asked and learnt. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Demand(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    refresh: AtomicBool,
    h265: AtomicBool,
    /// 0 while there is none.
    budget_bps: AtomicU32,
    /// The rung's place among all.
    rung: AtomicU8,
    made_bytes: AtomicU64,
    /// When the canvas is due as a still, in microseconds.
    still_due_us: AtomicU64,
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

    /// From the next canvas on frames are to be this, where it can be made.
    pub fn set_codec(&self, codec: Codec) {
        self.0.h265.store(codec == Codec::H265, Ordering::Release);
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

    /// The time whose bits a canvas may take, where canvases come `interval` apart.
    pub fn share(&self, interval: Duration) -> Duration {
        match self.rung() {
            Rung::Full | Rung::Bitrate | Rung::Insets => interval,
            Rung::HalfRate => interval * 2,
            Rung::Stills | Rung::Voice => STILL_TAKES,
        }
    }

    /// Whether frames are sent; without, a canvas that is encoded is a still.
    pub fn has_video(&self) -> bool {
        self.rung().has_video()
    }

    /// Why the canvas `id`, made at `now`, is not to be encoded, if it is not. Where there is no video, one now and then is
    /// to be, as an independent access unit: the caller sends it as a still.
    pub fn leaves_out(&self, id: FrameId, now: MonoTime) -> Option<DropReason> {
        match self.rung() {
            Rung::Full | Rung::Bitrate | Rung::Insets => None,
            Rung::HalfRate => (!id.index.is_multiple_of(2)).then_some(DropReason::HalfRate),
            Rung::Stills if now.0 >= self.0.still_due_us.load(Ordering::Acquire) => {
                self.0.still_due_us.store((now + STILL_EVERY).0, Ordering::Release);
                self.refresh();
                None
            }
            Rung::Stills | Rung::Voice => Some(DropReason::VideoStopped),
        }
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

    pub(super) fn codec(&self) -> Codec {
        if self.0.h265.load(Ordering::Acquire) { Codec::H265 } else { Codec::H264 }
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
        let at = |index: u64| MonoTime(9_000_000 + index * 33_333);
        (0..4).map(|index| demand.leaves_out(FrameId { epoch: Epoch(1), index }, at(index))).collect()
    }

    #[test]
    fn each_rung_keeps_what_those_above_it_gave_up() {
        let demand = Demand::default();
        let half = [None, Some(DropReason::HalfRate), None, Some(DropReason::HalfRate)];
        let stopped = Some(DropReason::VideoStopped);
        for (rung, insets, dropped) in [
            (Rung::Full, Insets::EveryCanvas, [None; 4]),
            (Rung::Bitrate, Insets::EveryCanvas, [None; 4]),
            (Rung::Insets, Insets::Slowed, [None; 4]),
            (Rung::HalfRate, Insets::Slowed, half),
            (Rung::Stills, Insets::Slowed, [None, stopped, stopped, stopped]),
            (Rung::Voice, Insets::Slowed, [stopped; 4]),
        ] {
            demand.set_rung(rung);
            assert_eq!((demand.insets(), left_out(&demand)), (insets, dropped.to_vec()), "{rung:?}");
        }
    }

    #[test]
    fn without_video_the_canvas_is_a_still_every_five_seconds_and_each_is_independent() {
        let demand = Demand::default();
        demand.set_rung(Rung::Stills);
        let canvases = (0..300u64).map(|index| (index, MonoTime(9_000_000 + index * 33_334)));
        let encoded = canvases.filter(|(index, now)| {
            let encoded = demand.leaves_out(FrameId { epoch: Epoch(1), index: *index }, *now).is_none();
            assert_eq!(demand.take_refresh(), encoded);
            encoded
        });
        assert_eq!(encoded.map(|(index, _)| index).collect::<Vec<_>>(), [0, 150]);
        assert_eq!(demand.share(Duration::from_millis(33)), STILL_TAKES);
        assert!(!demand.has_video());
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
