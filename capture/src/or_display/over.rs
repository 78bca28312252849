//! All that lies over the surgeon's picture: notices, marks, mentors' cursors and the frame that asks for attention; what
//! theatre's hand did to them, and what has to be told of it. Each part is a file of its own; when to draw is `schedule`'s.

use std::time::Duration;

use annotation::raster::Overlay;
use crossbeam_channel::{Receiver, never};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::alert::Alert;
use super::cursors::Cursors;
use super::hand::Act;
use super::lettering::Lettering;
use super::marks::{Marks, News};
use super::notices::Notices;
use crate::local::{FromDisplay, Notice, Severity, ToDisplay, Wish};

/// Everything over one picture.
pub struct Over {
    marks: Marks,
    cursors: Cursors,
    notices: Notices,
    alert: Alert,
    lettering: Option<Lettering>,
}

impl Over {
    /// Nothing yet. Without `lettering` no notice is shown.
    pub fn new(lettering: Option<Lettering>) -> Self {
        let (marks, cursors) = (Marks::default(), Cursors::default());
        Self { marks, cursors, notices: Notices::default(), alert: Alert::default(), lettering }
    }

    /// Receives when notices became pixels; [`Self::take_letters`] takes them.
    pub fn lettered(&self) -> Receiver<()> {
        self.lettering.as_ref().map_or_else(never, |lettering| lettering.came().clone())
    }

    /// Takes messages that came at `received`. Gives what `capture-node` is to be told at once.
    pub fn take(&mut self, messages: &[ToDisplay], received: MonoTime) -> Vec<FromDisplay> {
        let mut told = Vec::new();
        for message in messages {
            match message {
                // It may be a new life of itself that does not know.
                ToDisplay::Reset { .. } if self.marks.are_hidden() => told.push(FromDisplay::Wished(Wish::Hide)),
                ToDisplay::Wished(wish) => self.grant(*wish),
                _ => {}
            }
        }
        self.marks.take(messages, received);
        self.cursors.take(messages, received);
        self.notices.take(messages, received);
        self.alert.take(messages, received);
        told
    }

    /// A hand in theatre did this. It is done here at once, whoever is there to hear of it; gives what `capture-node` is to be
    /// told, for the other windows and the mentors.
    pub fn act(&mut self, act: Act) -> FromDisplay {
        let wish = match act {
            Act::HideOrShow if self.marks.are_hidden() => Wish::Show,
            Act::HideOrShow => Wish::Hide,
            Act::Clear => Wish::Clear,
            Act::Ok => Wish::Ok,
            // That it is closed is said once it is: by a notice, as at every end.
            Act::Curtain => return FromDisplay::Curtain,
        };
        self.grant(wish);
        FromDisplay::Wished(wish)
    }

    /// Newly made letters.
    pub fn take_letters(&mut self) {
        if let Some((order, overlay)) = self.lettering.as_mut().and_then(Lettering::take) {
            self.notices.made(&order, overlay);
        }
    }

    /// Whether a drawing at `now` over a picture of `size` would differ from the last one. Letters that are wanted are
    /// ordered.
    pub fn changed(&mut self, size: Option<SizePx>, now: MonoTime) -> bool {
        if let (Some(order), Some(lettering)) = (self.notices.order(size, now), &self.lettering) {
            lettering.order(order);
        }
        // All are asked: asking is what makes time pass for them.
        let changed =
            [self.marks.changed(now), self.cursors.changed(now), self.notices.changed(), self.alert.changed(now)];
        changed.contains(&true)
    }

    /// How long it is until [`Self::changed`] may turn true by the passing of time.
    pub fn quiet_for(&self, now: MonoTime) -> Option<Duration> {
        let moments = [
            self.marks.changes_at(now),
            self.cursors.changes_at(),
            self.notices.changes_at(now),
            self.alert.changes_at(now),
        ];
        moments.into_iter().flatten().map(|at| at.since(now)).min()
    }

    /// What lies over a picture of `size` at `now`, and what became of marks with it. Notices lie under the marks: they never
    /// hide what the mentor drew.
    pub fn draw(&mut self, size: Option<SizePx>, now: MonoTime) -> (Overlay, Vec<News>) {
        let Some(size) = size else { return (self.notices.draw().clone(), Vec::new()) };
        let (marks, news) = self.marks.draw(size, now);
        let mut overlay = self.notices.draw().clone();
        overlay.rects.extend(self.alert.draw(size, now).rects);
        overlay.rects.extend(marks.rects);
        overlay.rects.extend(self.cursors.draw(size, now).rects);
        (overlay, news)
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Hide | Wish::Show => {
                let hides = wish == Wish::Hide;
                self.marks.hide(hides);
                self.cursors.hide(hides);
                let text = "Marks hidden here \u{b7} the same key shows them".to_owned();
                self.notices.set_own(hides.then_some(Notice { severity: Severity::Caution, text }));
            }
            Wish::Clear => self.marks.clear(),
            Wish::Ok => self.alert.answered(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annotation::raster::Rect;
    use protocol::geometry::ImagePoint;
    use protocol::ids::{Epoch, FrameId, MarkId, SourceId};
    use protocol::mark::{Ink, Operation, Width};

    const SIZE: Option<SizePx> = Some(SizePx { width: 640, height: 360 });
    const MENTOR: Epoch = Epoch(7);
    const ID: MarkId = MarkId { author: MENTOR, number: 1 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    /// A window with one mark and the mentor's cursor, drawn once.
    fn drawn() -> Over {
        let mut over = Over::new(None);
        let place = ImagePoint { x: 30_000, y: 30_000 };
        let frame = FrameId { epoch: Epoch(1), index: 1 };
        over.take(
            &[
                ToDisplay::Reset { source: SourceId(0) },
                ToDisplay::Heard { author: MENTOR, last_us: at(1).0 },
                ToDisplay::Apply(Operation::Begin {
                    id: ID,
                    source: SourceId(0),
                    frame,
                    ink: Ink::Green,
                    width: Width::Fine,
                }),
                ToDisplay::Apply(Operation::Extend { id: ID, first: 0, points: vec![place] }),
                ToDisplay::Cursor { author: MENTOR, at: Some(place) },
            ],
            at(1),
        );
        let (overlay, news) = over.draw(SIZE, at(1));
        assert!(overlay.rects.len() >= 2 && matches!(news[..], [News::Shown { id: ID, points: 1, .. }]), "{news:?}");
        over
    }

    #[test]
    fn one_act_hides_marks_and_cursors_and_the_same_act_shows_them_again() {
        let mut over = drawn();
        assert_eq!(over.act(Act::HideOrShow), FromDisplay::Wished(Wish::Hide));
        assert!(over.changed(SIZE, at(2)));
        let (overlay, news) = over.draw(SIZE, at(2));
        assert_eq!((overlay.rects.len(), news), (0, vec![News::Hidden { id: ID }]));
        assert_eq!(over.act(Act::HideOrShow), FromDisplay::Wished(Wish::Show));
        let (overlay, news) = over.draw(SIZE, at(3));
        assert!(overlay.rects.len() >= 2 && matches!(news[..], [News::Shown { id: ID, .. }]), "{news:?}");
    }

    #[test]
    fn a_window_that_says_something_of_itself_rests_while_capture_node_is_away() {
        let mut over = drawn();
        over.act(Act::HideOrShow);
        for ms in [2, 4_999, 10_000] {
            over.changed(SIZE, at(ms));
            over.draw(SIZE, at(ms));
            assert!(over.quiet_for(at(ms)).is_none_or(|quiet| !quiet.is_zero()), "at {ms} ms");
        }
    }

    #[test]
    fn a_capture_node_that_starts_anew_is_told_that_marks_are_hidden() {
        let mut over = drawn();
        let reset = [ToDisplay::Reset { source: SourceId(0) }];
        assert_eq!(over.take(&reset, at(2)), []);
        over.act(Act::HideOrShow);
        assert_eq!(over.take(&reset, at(3)), [FromDisplay::Wished(Wish::Hide)]);
    }

    #[test]
    fn marks_that_theatre_cleared_are_told_and_do_not_come_back() {
        let mut over = drawn();
        assert_eq!(over.act(Act::Clear), FromDisplay::Wished(Wish::Clear));
        assert_eq!(over.draw(SIZE, at(2)).1, [News::Cleared { id: ID }]);
        let frame = FrameId { epoch: Epoch(1), index: 1 };
        let again = Operation::Begin { id: ID, source: SourceId(0), frame, ink: Ink::Green, width: Width::Fine };
        over.take(&[ToDisplay::Reset { source: SourceId(0) }, ToDisplay::Apply(again)], at(3));
        assert_eq!(over.draw(SIZE, at(3)).1, [News::Cleared { id: ID }], "whoever sends it again is told again");
    }

    #[test]
    fn another_windows_hand_works_here_too() {
        let mut over = drawn();
        over.take(&[ToDisplay::Wished(Wish::Hide)], at(2));
        assert_eq!(over.draw(SIZE, at(2)).1, [News::Hidden { id: ID }]);
    }
    /// The plates in the corner once these notices are pixels, the first at the bottom.
    fn corner(over: &mut Over, notices: &[&str], now: MonoTime) -> Vec<Rect> {
        let notice = |text: &&str| Notice { severity: Severity::Caution, text: (*text).to_owned() };
        over.take(&[ToDisplay::Notices(notices.iter().map(notice).collect())], now);
        over.changed(SIZE, now);
        while !over.notices.changed() {
            over.lettered().recv_timeout(Duration::from_secs(20)).unwrap();
            over.take_letters();
        }
        over.draw(SIZE, now).0.rects
    }

    #[test]
    fn whatever_else_has_to_be_known_stands_in_the_corner_with_the_rest_and_each_goes_by_itself() {
        gstreamer::init().unwrap();
        let mut over = Over::new(Some(Lettering::start().unwrap()));
        let pixels = |plates: &[Rect]| plates.iter().map(|plate| plate.rgba.clone()).collect::<Vec<_>>();
        let all = corner(&mut over, &["Mentor anna connected", "REC", "MICROPHONE OPEN", "Drill"], at(1));
        assert!(all.is_sorted_by(|one, next| next.y + next.size.height <= one.y), "none covers another: {all:?}");
        let [people, rec, microphone, drill] = pixels(&all).try_into().unwrap();
        assert!(rec != microphone && rec != people && microphone != people);

        over.take(&[ToDisplay::Heard { author: MENTOR, last_us: at(4_000).0 }], at(4_000));
        assert!(
            !over.changed(SIZE, at(8_900)) && !over.notices.draw().rects.is_empty(),
            "they stay for as long as capture-node is heard"
        );
        let without = corner(&mut over, &["Mentor anna connected", "MICROPHONE OPEN", "Drill"], at(8_900));
        assert_eq!(pixels(&without), [people.clone(), microphone, drill], "only the recording's went");
        assert_eq!(pixels(&corner(&mut over, &["REC"], at(9_000))), [rec]);
        assert_eq!(corner(&mut over, &[], at(9_100)), []);
        assert_eq!(pixels(&corner(&mut over, &["Mentor anna connected"], at(9_200))), [people]);
    }
}
