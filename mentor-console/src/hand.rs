//! The mentor's hand: what pointer events over the picture do. Every one of a stroke goes straight to theatre and is
//! echoed with the next repaint; none costs a repaint of its own. Where events come from is the caller's: the
//! window's loop, or a thread beside it that no repaint holds up (`pen_window`).

use annotation::geometry::{CanvasPoint, View, ViewPoint};
use program::clock;
use protocol::mark::Operation;
use protocol::time::MonoTime;

use crate::console::{Console, Shared};
use crate::records::PenSample;
use crate::scene::Target;
use crate::waker::Waker;

/// A hand with a pen. Each source of pointer events has its own; what they draw is the console's.
pub struct Hand {
    console: Shared,
    waker: Waker,
    at_px: Option<(f64, f64)>,
}

/// Whether egui has to be told of a pointer event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egui {
    /// It is egui's too.
    Tell,
    /// It is the pen's alone; egui would only repaint.
    Spare,
}

impl Hand {
    /// A hand that has not been seen yet.
    pub fn new(console: Shared, waker: Waker) -> Self {
        Self { console, waker, at_px: None }
    }

    /// The pointer came to this place of the window, in physical pixels.
    pub fn moved(&mut self, at_px: (f64, f64), now: MonoTime) -> Egui {
        self.at_px = Some(at_px);
        let mut console = self.console.lock();
        if console.marks.drawing().is_some() {
            self.draw_to(&mut console, at_px, now);
            return Egui::Spare;
        }
        let target = console.target_at(at_px, now);
        let before = std::mem::replace(&mut console.target, target);
        // Inside a picture nothing changes on the screen by moving the pointer.
        if before == target && before != Target::Beside {
            return Egui::Spare;
        }
        self.waker.wake();
        Egui::Tell
    }

    /// The pen comes down where the pointer is.
    pub fn pressed(&mut self, now: MonoTime) -> Egui {
        let Some(at_px) = self.at_px else { return Egui::Tell };
        let mut console = self.console.lock();
        match console.target_at(at_px, now) {
            Target::Beside => return Egui::Tell,
            Target::Refused(reason) => {
                console.refuse(reason, now);
                self.waker.wake();
            }
            Target::Picture(_) => {
                let Console { scene, marks, place, .. } = &mut *console;
                let (Some(view), Some(layout), Some(header)) = (place.view, scene.layout(), scene.header()) else {
                    return Egui::Tell;
                };
                let operations = marks.press(layout, canvas_point(&view, at_px), header.id, now);
                self.send_drawn(&mut console, &operations, at_px, now);
            }
        }
        Egui::Spare
    }

    /// The pen was lifted, or the window lost it.
    pub fn released(&mut self, now: MonoTime) -> Egui {
        let mut console = self.console.lock();
        if console.marks.drawing().is_none() {
            return Egui::Tell;
        }
        let Console { marks, outbox, pacing, .. } = &mut *console;
        outbox.send(&marks.release());
        self.waker.wake_after(pacing.echo_delay(now));
        Egui::Spare
    }

    /// The stroke goes on, whatever the picture's state has become: it was begun on a live one.
    fn draw_to(&self, console: &mut Console, at_px: (f64, f64), now: MonoTime) {
        let Console { scene, marks, place, .. } = console;
        let (Some(view), Some(layout)) = (place.view, scene.layout()) else { return };
        let operations = marks.draw(layout, canvas_point(&view, at_px));
        self.send_drawn(console, &operations, at_px, now);
    }

    fn send_drawn(&self, console: &mut Console, operations: &[Operation], at_px: (f64, f64), received: MonoTime) {
        if operations.is_empty() {
            return;
        }
        console.outbox.send(operations);
        let sent = clock::now();
        if let Some((mark, points)) = console.marks.drawing() {
            console.frames.records.pen(&PenSample { mark, points, at_px, received, sent });
        }
        self.waker.wake_after(console.pacing.echo_delay(sent));
    }
}

impl Console {
    /// What a press would do at this place of the window, in physical pixels.
    fn target_at(&self, at_px: (f64, f64), now: MonoTime) -> Target {
        match self.place.view {
            Some(view) if !self.place.is_covered(at_px) => {
                self.scene.target(canvas_point(&view, at_px), self.verdict(now).state)
            }
            _ => Target::Beside,
        }
    }
}

fn canvas_point(view: &View, (x_px, y_px): (f64, f64)) -> CanvasPoint {
    view.canvas_from_view(ViewPoint { x: x_px as f32, y: y_px as f32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::app::tests::{SHOWN, Sent, after_ms, session, window};
    use crate::command::Command;
    use egui_kittest::kittest::Queryable as _;
    use protocol::frame::Freshness;
    use protocol::message::Message;
    use protocol::time::SessionTime;

    /// On the endoscope's picture, on the room camera's, and on no picture, in a window of 1280x720.
    const ENDOSCOPE: (f64, f64) = (500.0, 300.0);
    const ROOM: (f64, f64) = (1_100.0, 100.0);
    const BESIDE: (f64, f64) = (500.0, 20.0);

    /// A window that was painted once, so that it knows where its picture lies.
    fn painted(room: Freshness) -> (App, Sent) {
        let (app, sent) = session(room);
        let mut window = window(app);
        window.run();
        (window.into_state().0, sent)
    }

    fn kinds(sent: &Sent) -> Vec<&'static str> {
        let kind = |message: &Message| match message {
            Message::Mark(Operation::Begin { .. }) => "begin",
            Message::Mark(Operation::Extend { .. }) => "extend",
            Message::Mark(Operation::End { .. }) => "end",
            Message::Mark(Operation::Undo { .. }) => "undo",
            _ => "other",
        };
        sent.lock().unwrap().iter().map(kind).collect()
    }

    #[test]
    fn every_pointer_event_of_a_stroke_is_sent_before_anything_is_painted() {
        let (mut app, sent) = painted(Freshness::Live);
        app.hand.moved(ENDOSCOPE, SHOWN);
        assert_eq!(app.hand.pressed(SHOWN), Egui::Spare);
        for x in [510.0, 520.0, 530.0] {
            assert_eq!(app.hand.moved((x, 300.0), after_ms(1)), Egui::Spare);
        }
        app.hand.released(after_ms(2));
        assert_eq!(kinds(&sent), ["begin", "extend", "extend", "extend", "extend", "end"]);
    }

    #[test]
    fn a_stroke_begun_on_a_live_picture_may_be_finished_after_it_froze() {
        let (mut app, sent) = painted(Freshness::Live);
        app.hand.moved(ENDOSCOPE, SHOWN);
        app.hand.pressed(SHOWN);
        app.hand.moved((560.0, 320.0), after_ms(900));
        app.hand.released(after_ms(901));
        assert_eq!(kinds(&sent), ["begin", "extend", "extend", "end"]);
        app.hand.moved((600.0, 320.0), after_ms(902));
        app.hand.pressed(after_ms(903));
        assert_eq!(kinds(&sent).len(), 4, "the next one is refused");
    }

    #[test]
    fn a_refused_press_draws_nothing_and_says_why_for_a_while() {
        let (mut app, sent) = painted(Freshness::Lost);
        app.hand.moved(ROOM, SHOWN);
        app.hand.pressed(SHOWN);
        assert!(sent.lock().unwrap().is_empty());
        let mut window = window(app);
        window.run();
        window.get_by_label("No drawing: theatre has no signal from this source");
        window.state_mut().1 = after_ms(2_600);
        window.run();
        assert!(window.query_by_label_contains("No drawing").is_none());
    }

    #[test]
    fn a_press_on_a_source_that_repeats_draws_nothing_and_says_why_and_a_held_image_takes_the_stroke() {
        let since = SessionTime(4_050_000);
        let (mut app, sent) = painted(Freshness::Repeating { since });
        app.hand.moved(ROOM, SHOWN);
        app.hand.pressed(SHOWN);
        assert!(sent.lock().unwrap().is_empty());
        let mut window = window(app);
        window.run();
        window.get_by_label("No drawing: this source repeats one old picture");
        window.get_by_label("PICTURE REPEATS for 1.0 s");
        let (mut app, sent) = painted(Freshness::Held { since });
        app.hand.moved(ROOM, SHOWN);
        app.hand.pressed(SHOWN);
        assert_eq!(kinds(&sent), ["begin", "extend"]);
    }

    #[test]
    fn a_press_on_a_card_over_the_picture_draws_nothing() {
        let (app, sent) = session(Freshness::Live);
        let mut window = window(app);
        window.run();
        let card = window.get_by_label("Got it").rect().center();
        let mut app = window.into_state().0;
        app.hand.moved((card.x.into(), card.y.into()), SHOWN);
        assert_eq!(app.hand.pressed(SHOWN), Egui::Tell);
        assert!(sent.lock().unwrap().is_empty());
    }

    #[test]
    fn moving_inside_a_picture_costs_no_repaint_but_leaving_it_does() {
        let (mut app, _) = painted(Freshness::Live);
        assert_eq!(app.hand.moved(ENDOSCOPE, SHOWN), Egui::Tell);
        assert_eq!(app.hand.moved((510.0, 305.0), SHOWN), Egui::Spare);
        assert_eq!(app.hand.moved(BESIDE, SHOWN), Egui::Tell);
        assert_eq!(app.hand.pressed(SHOWN), Egui::Tell, "there is nothing to draw on");
    }

    #[test]
    fn undo_in_the_middle_of_a_stroke_takes_it_back_and_the_pen_draws_no_further() {
        let (mut app, sent) = painted(Freshness::Live);
        app.hand.moved(ENDOSCOPE, SHOWN);
        app.hand.pressed(SHOWN);
        app.act(Command::Undo, after_ms(1));
        app.hand.moved((560.0, 320.0), after_ms(2));
        app.hand.released(after_ms(3));
        assert_eq!(kinds(&sent), ["begin", "extend", "undo"]);
    }
}
