//! The test picture that theatre may send before a case: judged here as it is decoded, without anybody looking at it. Pure
//! but for `media`'s look at each picture.

use media::pattern::Look;
use protocol::geometry::SizePx;
use protocol::pattern::{Judgement, MAX_PICTURES};
use protocol::time::MonoTime;

/// Pictures at the beginning whose colours and edges do not count: the encoder takes some until a picture that stands still
/// is sharp.
const SETTLING: u32 = 15;

/// What came so far.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    judgement: Judgement,
    first: Option<MonoTime>,
    number: Option<u64>,
}

impl Judge {
    /// A picture of `size` was decoded at `now` and looks so.
    pub fn take(&mut self, look: &Look, size: SizePx, now: MonoTime) {
        let judgement = &mut self.judgement;
        if judgement.pictures == MAX_PICTURES {
            return;
        }
        let first = *self.first.get_or_insert(now);
        judgement.pictures += 1;
        judgement.lasted_ms = u32::try_from(now.since(first).as_millis()).unwrap_or(u32::MAX);
        judgement.size = Some(size);
        judgement.sharpness_pct = look.sharpness_pct;
        judgement.unreadable += u32::from(look.number.is_none());
        judgement.repeats += u32::from(look.number.is_some() && look.number == self.number);
        self.number = look.number;
        if judgement.pictures > SETTLING {
            judgement.luma_off = judgement.luma_off.max(look.luma_off);
            judgement.chroma_off = judgement.chroma_off.max(look.chroma_off);
            for (worst, here) in judgement.cropped_px.iter_mut().zip(look.cropped_px) {
                *worst = here.max(*worst);
            }
        }
    }

    /// The verdict on all of them.
    pub fn judgement(&self) -> Judgement {
        self.judgement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: SizePx = SizePx { width: 1280, height: 720 };
    const EXACT: Look = Look { number: Some(0), luma_off: 1, chroma_off: 2, cropped_px: [0; 3], sharpness_pct: 95 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    #[test]
    fn the_first_half_second_is_forgiven_and_what_follows_counts_at_its_worst() {
        let mut judge = Judge::default();
        for number in 0..60 {
            let off = if number < 10 { 40 } else { EXACT.luma_off };
            judge.take(&Look { number: Some(number), luma_off: off, ..EXACT }, SIZE, at(number * 33));
        }
        let fine = judge.judgement();
        assert_eq!((fine.pictures, fine.repeats, fine.unreadable, fine.luma_off, fine.lasted_ms), (60, 0, 0, 1, 1_947));
        judge.take(&Look { number: Some(60), chroma_off: 30, cropped_px: [0, 4, 0], ..EXACT }, SIZE, at(2_000));
        let worst = judge.judgement();
        assert_eq!((worst.chroma_off, worst.cropped_px), (30, [0, 4, 0]));
    }

    #[test]
    fn repeats_and_pictures_that_cannot_be_read_are_counted() {
        let mut judge = Judge::default();
        for (at_ms, number) in [(0, Some(1)), (33, Some(1)), (66, None), (99, None), (132, Some(2))] {
            judge.take(&Look { number, ..EXACT }, SIZE, at(at_ms));
        }
        let judgement = judge.judgement();
        assert_eq!((judgement.repeats, judgement.unreadable), (1, 2));
    }
}
