//! The pen, read beside egui: while a stroke is drawn, every pointer event goes straight to theatre and is echoed
//! with the next repaint, and none costs a repaint of its own. What egui has to know of the pointer it is told.

use annotation::geometry::{CanvasPoint, View, ViewPoint};
use program::clock;
use protocol::mark::Operation;
use protocol::time::MonoTime;

use crate::app::App;
use crate::console::Console;
use crate::records::PenSample;
use crate::scene::Target;

/// The pointer's place in the window and what a press there would do.
#[derive(Debug, Clone, Copy)]
pub struct Pointer {
    at_px: Option<(f64, f64)>,
    target: Target,
}

impl Default for Pointer {
    fn default() -> Self {
        Self { at_px: None, target: Target::Beside }
    }
}

impl Pointer {
    /// What a press would do.
    pub fn target(&self) -> Target {
        self.target
    }
}

/// Whether egui has to be told of a pointer event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egui {
    /// It is egui's too.
    Tell,
    /// It is the pen's alone; egui would only repaint.
    Spare,
}

impl App {
    /// The pointer came to this place of the window, in physical pixels.
    pub fn pointer_moved(&mut self, at_px: (f64, f64), now: MonoTime) -> Egui {
        self.pointer.at_px = Some(at_px);
        if self.is_drawing() {
            self.draw_to(at_px, now);
            return Egui::Spare;
        }
        let before = self.pointer.target;
        self.pointer.target = self.target_at(at_px, now);
        // Inside a picture nothing changes on the screen by moving the pointer.
        if before == self.pointer.target && before != Target::Beside { Egui::Spare } else { Egui::Tell }
    }

    /// The pen comes down where the pointer is.
    pub fn pen_pressed(&mut self, now: MonoTime) -> Egui {
        let Some(at_px) = self.pointer.at_px else { return Egui::Tell };
        match self.target_at(at_px, now) {
            Target::Beside => return Egui::Tell,
            Target::Refused(reason) => self.refuse(reason, now),
            Target::Picture(_) => {
                let Some(view) = self.view else { return Egui::Tell };
                let mut console = self.console.lock();
                let Console { scene, marks, .. } = &mut *console;
                let (Some(layout), Some(header)) = (scene.layout(), scene.header()) else { return Egui::Tell };
                let operations = marks.press(layout, canvas_point(&view, at_px), header.id, now);
                drop(console);
                self.send_drawn(&operations, at_px, now);
            }
        }
        Egui::Spare
    }

    /// The pen was lifted, or the window lost it.
    pub fn pen_released(&mut self, now: MonoTime) -> Egui {
        if !self.is_drawing() {
            return Egui::Tell;
        }
        let mut console = self.console.lock();
        let Console { marks, outbox, .. } = &mut *console;
        outbox.send(&marks.release());
        drop(console);
        self.echo(now);
        Egui::Spare
    }

    /// Whether a stroke is being drawn.
    pub fn is_drawing(&self) -> bool {
        self.console.lock().marks.drawing().is_some()
    }

    /// The stroke goes on, whatever the picture's state has become: it was begun on a live one.
    fn draw_to(&self, at_px: (f64, f64), now: MonoTime) {
        let Some(view) = self.view else { return };
        let mut console = self.console.lock();
        let Console { scene, marks, .. } = &mut *console;
        let Some(layout) = scene.layout() else { return };
        let operations = marks.draw(layout, canvas_point(&view, at_px));
        drop(console);
        self.send_drawn(&operations, at_px, now);
    }

    fn send_drawn(&self, operations: &[Operation], at_px: (f64, f64), received: MonoTime) {
        if operations.is_empty() {
            return;
        }
        let mut console = self.console.lock();
        console.outbox.send(operations);
        let sent = clock::now();
        if let Some((mark, points)) = console.marks.drawing() {
            console.frames.records.pen(&PenSample { mark, points, at_px, received, sent });
        }
        drop(console);
        self.echo(sent);
    }

    fn target_at(&self, at_px: (f64, f64), now: MonoTime) -> Target {
        match self.view {
            Some(view) if !self.is_covered(at_px) => {
                let console = self.console.lock();
                let state = console.verdict(now).state;
                console.scene.target(canvas_point(&view, at_px), state)
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
    use crate::app::tests::{SHOWN, Sent, after_ms, session, window};
    use crate::command::Command;
    use egui_kittest::kittest::Queryable as _;
    use protocol::frame::Freshness;
    use protocol::message::Message;

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
        app.pointer_moved(ENDOSCOPE, SHOWN);
        assert_eq!(app.pen_pressed(SHOWN), Egui::Spare);
        for x in [510.0, 520.0, 530.0] {
            assert_eq!(app.pointer_moved((x, 300.0), after_ms(1)), Egui::Spare);
        }
        app.pen_released(after_ms(2));
        assert_eq!(kinds(&sent), ["begin", "extend", "extend", "extend", "extend", "end"]);
    }

    #[test]
    fn a_stroke_begun_on_a_live_picture_may_be_finished_after_it_froze() {
        let (mut app, sent) = painted(Freshness::Live);
        app.pointer_moved(ENDOSCOPE, SHOWN);
        app.pen_pressed(SHOWN);
        app.pointer_moved((560.0, 320.0), after_ms(900));
        app.pen_released(after_ms(901));
        assert_eq!(kinds(&sent), ["begin", "extend", "extend", "end"]);
        app.pointer_moved((600.0, 320.0), after_ms(902));
        app.pen_pressed(after_ms(903));
        assert_eq!(kinds(&sent).len(), 4, "the next one is refused");
    }

    #[test]
    fn a_refused_press_draws_nothing_and_says_why_for_a_while() {
        let (mut app, sent) = painted(Freshness::Lost);
        app.pointer_moved(ROOM, SHOWN);
        app.pen_pressed(SHOWN);
        assert!(sent.lock().unwrap().is_empty());
        let mut window = window(app);
        window.run();
        window.get_by_label("No drawing: theatre has no signal from this source");
        window.state_mut().1 = after_ms(2_600);
        window.run();
        assert!(window.query_by_label_contains("No drawing").is_none());
    }

    #[test]
    fn moving_inside_a_picture_costs_no_repaint_but_leaving_it_does() {
        let (mut app, _) = painted(Freshness::Live);
        assert_eq!(app.pointer_moved(ENDOSCOPE, SHOWN), Egui::Tell);
        assert_eq!(app.pointer_moved((510.0, 305.0), SHOWN), Egui::Spare);
        assert_eq!(app.pointer_moved(BESIDE, SHOWN), Egui::Tell);
        assert_eq!(app.pen_pressed(SHOWN), Egui::Tell, "there is nothing to draw on");
    }

    #[test]
    fn undo_in_the_middle_of_a_stroke_takes_it_back_and_the_pen_draws_no_further() {
        let (mut app, sent) = painted(Freshness::Live);
        app.pointer_moved(ENDOSCOPE, SHOWN);
        app.pen_pressed(SHOWN);
        app.act(Command::Undo, after_ms(1));
        app.pointer_moved((560.0, 320.0), after_ms(2));
        app.pen_released(after_ms(3));
        assert_eq!(kinds(&sent), ["begin", "extend", "undo"]);
    }
}
