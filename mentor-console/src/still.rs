//! The mentor's stills: asked for, arriving, and the one that is held in place of the live view. Unpacking one is
//! `still_unpacker`'s, showing it `still_view`'s. Pure.

use std::sync::Arc;
use std::time::Duration;

use protocol::ids::SourceId;
use protocol::still::{Header, Refusal};
use protocol::time::MonoTime;

/// How long it is told that there will be no still: long enough to read a dozen words twice.
const REFUSAL_STAYS: Duration = Duration::from_millis(4_000);

/// A still as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// What theatre says about it.
    pub header: Header,
    /// Red, green and blue of each pixel, row by row without gaps.
    pub rgb: Arc<[u8]>,
}

/// What became of the newest wish, in plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// Nothing was asked, or it is there.
    #[default]
    None,
    /// Theatre was asked.
    Asked(SourceId),
    /// It is on its way.
    Arriving {
        /// Whose.
        source: SourceId,
        /// Bytes here.
        here: usize,
        /// Bytes it will have.
        length: usize,
    },
    /// There will be none.
    Refused(SourceId, Refusal),
}

/// Everything about stills.
#[derive(Default)]
pub struct Stills {
    wish: Wish,
    /// Whole, not yet shown.
    ready: Option<Picture>,
}

#[derive(Default)]
enum Wish {
    #[default]
    None,
    Pending(SourceId, Option<(usize, usize)>),
    Refused(SourceId, Refusal, MonoTime),
}

impl Stills {
    /// Theatre was asked for a still of `source`.
    pub fn asked(&mut self, source: SourceId) {
        self.wish = Wish::Pending(source, None);
    }

    /// Bytes here of something on the bulk lane, and how many it will have; `None` between things.
    pub fn progress(&mut self, here: Option<(usize, usize)>) {
        if let Wish::Pending(_, progress) = &mut self.wish {
            // Between its last part and its being unpacked it stays at its last figure.
            *progress = here.or(*progress);
        }
    }

    /// Theatre says that there will be none.
    pub fn refused(&mut self, source: SourceId, why: Refusal, now: MonoTime) {
        if matches!(self.wish, Wish::Pending(asked, _) if asked == source) {
            self.wish = Wish::Refused(source, why, now);
        }
    }

    /// One is here. It answers the wish for its source; an older one that was asked for before a newer wish is shown too,
    /// since it is there.
    pub fn arrived(&mut self, picture: Picture) {
        if matches!(self.wish, Wish::Pending(asked, _) if asked == picture.header.source) {
            self.wish = Wish::None;
        }
        self.ready = Some(picture);
    }

    /// Theatre is a new life of itself, which knows of no wish.
    pub fn forget_wish(&mut self) {
        self.wish = Wish::None;
    }

    /// The still that is to be shown from now on, once.
    pub fn take_ready(&mut self) -> Option<Picture> {
        self.ready.take()
    }

    /// What became of the newest wish, at `now`.
    pub fn state(&self, now: MonoTime) -> Progress {
        match self.wish {
            Wish::Pending(source, None) => Progress::Asked(source),
            Wish::Pending(source, Some((here, length))) => Progress::Arriving { source, here, length },
            Wish::Refused(source, why, at) if now.since(at) < REFUSAL_STAYS => Progress::Refused(source, why),
            Wish::Refused(..) | Wish::None => Progress::None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use protocol::geometry::SizePx;
    use protocol::ids::{Epoch, FrameId};
    use protocol::time::SessionTime;

    const SCOPE: SourceId = SourceId(0);

    /// A grey still of 64x36 of the endoscope, captured at 3.95 s.
    pub(crate) fn still() -> Picture {
        let size = SizePx { width: 64, height: 36 };
        let frame = FrameId { epoch: Epoch(1), index: 3 };
        let header = Header { frame, source: SCOPE, captured: SessionTime(3_950_000), size };
        Picture { header, rgb: vec![128; 64 * 36 * 3].into() }
    }

    #[test]
    fn a_wish_is_followed_until_the_still_is_there_and_it_is_shown_once() {
        let mut stills = Stills::default();
        stills.asked(SCOPE);
        assert_eq!(stills.state(MonoTime(0)), Progress::Asked(SCOPE));
        stills.progress(Some((10, 90)));
        stills.progress(None);
        assert_eq!(stills.state(MonoTime(0)), Progress::Arriving { source: SCOPE, here: 10, length: 90 });
        stills.arrived(still());
        assert_eq!(stills.state(MonoTime(0)), Progress::None);
        assert!(stills.take_ready().is_some() && stills.take_ready().is_none());
    }

    #[test]
    fn a_refusal_is_told_for_a_while_and_one_of_an_older_wish_is_not() {
        let mut stills = Stills::default();
        stills.asked(SCOPE);
        stills.refused(SourceId(7), Refusal::NoPicture, MonoTime(0));
        assert_eq!(stills.state(MonoTime(0)), Progress::Asked(SCOPE));
        stills.refused(SCOPE, Refusal::Curtain, MonoTime(0));
        assert_eq!(stills.state(MonoTime(3_999_999)), Progress::Refused(SCOPE, Refusal::Curtain));
        assert_eq!(stills.state(MonoTime(4_000_000)), Progress::None);
    }
}
