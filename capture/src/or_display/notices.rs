//! The notices in the corner of one window: what `capture-node` said last, for as long as it is heard. Pure; making
//! pixels of them is `lettering`'s.

use annotation::expiry::GONE_AFTER;
use annotation::raster::Overlay;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::local::message::{MAX_NOTICE_CHARS, MAX_NOTICES};
use crate::local::{Notice, ToDisplay};

/// Notices to be made into pixels, for pictures of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What they say, the first at the bottom.
    pub notices: Vec<Notice>,
    /// The picture they are for.
    pub size: SizePx,
}

/// The notices of one window.
#[derive(Debug, Default)]
pub struct Notices {
    /// The window's own, which needs nobody to vouch for it.
    own: Option<Notice>,
    list: Vec<Notice>,
    /// The last word from `capture-node`, whatever it was about.
    heard: Option<MonoTime>,
    ordered: Option<Order>,
    overlay: Overlay,
    /// Counts the overlays there were.
    revision: u64,
    drawn: u64,
}

impl Notices {
    /// Takes messages that came at `received`.
    pub fn take(&mut self, messages: &[ToDisplay], received: MonoTime) {
        self.heard = self.heard.max(Some(received));
        for message in messages {
            if let ToDisplay::Notices(notices) = message {
                self.list = notices.iter().take(MAX_NOTICES).map(short).collect();
            }
        }
    }

    /// What the window says of itself.
    pub fn set_own(&mut self, notice: Option<Notice>) {
        self.own = notice;
    }

    /// What is to be made into pixels anew at `now`, for pictures of `size`; once for each change. Without notices, or
    /// with nobody who vouches for them, the corner is empty at once.
    pub fn order(&mut self, size: Option<SizePx>, now: MonoTime) -> Option<Order> {
        let is_heard = self.heard.is_some_and(|heard| now.since(heard) < GONE_AFTER);
        let told = self.list.iter().filter(|_| is_heard);
        let notices: Vec<Notice> = self.own.iter().chain(told).cloned().collect();
        let wanted = size.filter(|_| !notices.is_empty()).map(|size| Order { notices, size });
        if wanted == self.ordered {
            return None;
        }
        self.ordered.clone_from(&wanted);
        if wanted.is_none() {
            self.set(Overlay::default());
        }
        wanted
    }

    /// The pixels of `order` are there. Nothing changes if another was made since.
    pub fn made(&mut self, order: &Order, overlay: Overlay) {
        if self.ordered.as_ref() == Some(order) {
            self.set(overlay);
        }
    }

    /// Whether a drawing would differ from the last one.
    pub fn changed(&self) -> bool {
        self.drawn != self.revision
    }

    /// The next moment after `now` at which [`Notices::order`] takes notices away by the passing of time.
    pub fn changes_at(&self, now: MonoTime) -> Option<MonoTime> {
        self.ordered.as_ref()?;
        self.heard.map(|heard| heard + GONE_AFTER).filter(|gone| *gone > now)
    }

    /// What lies over the picture; it counts as drawn.
    pub fn draw(&mut self) -> &Overlay {
        self.drawn = self.revision;
        &self.overlay
    }

    fn set(&mut self, overlay: Overlay) {
        if self.overlay != overlay {
            self.overlay = overlay;
            self.revision += 1;
        }
    }
}

fn short(notice: &Notice) -> Notice {
    Notice { text: notice.text.chars().take(MAX_NOTICE_CHARS).collect(), ..notice.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Severity;
    use annotation::raster::Rect;
    use protocol::ids::Epoch;

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    fn told(texts: &[&str]) -> ToDisplay {
        let notice = |text: &&str| Notice { severity: Severity::Quiet, text: (*text).to_owned() };
        ToDisplay::Notices(texts.iter().map(notice).collect())
    }

    fn pixels(grey: u8) -> Overlay {
        let rgba = [grey, grey, grey, 255].into();
        Overlay { rects: vec![Rect { x: 0, y: 0, size: SizePx { width: 1, height: 1 }, rgba }] }
    }

    /// One notice, made and drawn.
    fn with_one() -> Notices {
        let mut notices = Notices::default();
        notices.take(&[told(&["one"])], at(0));
        let order = notices.order(Some(SIZE), at(1)).unwrap();
        assert!(!notices.changed(), "the picture is not drawn again before there is something to see");
        notices.made(&order, pixels(1));
        assert!(notices.changed());
        assert_eq!(notices.draw(), &pixels(1));
        notices
    }

    #[test]
    fn a_list_takes_the_place_of_the_one_before_and_its_words_stay_until_the_new_ones_are_made() {
        let mut notices = with_one();
        assert_eq!(notices.order(Some(SIZE), at(2)), None, "nothing is made twice");
        notices.take(&[told(&["two"])], at(10));
        let second = notices.order(Some(SIZE), at(10)).unwrap();
        assert_eq!((notices.changed(), notices.draw()), (false, &pixels(1)));
        notices.take(&[told(&["three"])], at(20));
        let third = notices.order(Some(SIZE), at(20)).unwrap();
        notices.made(&second, pixels(2));
        assert_eq!(notices.draw(), &pixels(1), "it is outdated");
        notices.made(&third, pixels(3));
        assert_eq!((notices.changed(), notices.draw()), (true, &pixels(3)));
    }

    #[test]
    fn an_empty_list_empties_the_corner_at_once() {
        let mut notices = with_one();
        notices.take(&[told(&[])], at(10));
        assert_eq!(notices.order(Some(SIZE), at(10)), None);
        assert_eq!((notices.changed(), notices.draw()), (true, &Overlay::default()));
    }

    #[test]
    fn any_word_keeps_the_notices_and_five_seconds_of_silence_take_them_away() {
        let mut notices = with_one();
        notices.take(&[ToDisplay::Heard { author: Epoch(1), last_us: 0 }], at(3_000));
        assert_eq!(notices.changes_at(at(3_000)), Some(at(8_000)));
        assert_eq!((notices.order(Some(SIZE), at(7_999)), notices.changed()), (None, false));
        assert_eq!((notices.order(Some(SIZE), at(8_000)), notices.changed()), (None, true));
        assert_eq!(notices.draw(), &Overlay::default());
        assert_eq!(notices.changes_at(at(8_000)), None);
        notices.take(&[ToDisplay::Heard { author: Epoch(1), last_us: 0 }], at(9_000));
        assert!(notices.order(Some(SIZE), at(9_000)).is_some(), "its list still holds");
    }

    #[test]
    fn what_the_window_says_of_itself_needs_nobody_to_vouch_for_it_and_stands_first() {
        let mut notices = with_one();
        let own = Notice { severity: Severity::Caution, text: "hidden".into() };
        notices.set_own(Some(own.clone()));
        let texts = |order: Option<Order>| order.map(|order| order.notices.len());
        assert_eq!(texts(notices.order(Some(SIZE), at(10))), Some(2));
        assert_eq!(texts(notices.order(Some(SIZE), at(60_000))), Some(1));
        notices.set_own(None);
        assert_eq!((notices.order(Some(SIZE), at(60_001)), notices.changed()), (None, true));
    }

    #[test]
    fn pictures_of_another_size_get_letters_of_theirs() {
        let mut notices = with_one();
        let larger = SizePx { width: 1920, height: 1080 };
        assert_eq!(notices.order(Some(larger), at(5)).map(|order| order.size), Some(larger));
    }

    #[test]
    fn more_and_longer_notices_than_fit_are_cut() {
        let mut notices = Notices::default();
        let long = "ä".repeat(1_000);
        notices.take(&[told(&[long.as_str(); 50])], at(0));
        let order = notices.order(Some(SIZE), at(0)).unwrap();
        assert_eq!(order.notices.len(), MAX_NOTICES);
        assert!(order.notices.iter().all(|notice| notice.text.chars().count() == MAX_NOTICE_CHARS));
    }
}
