//! The window's content: takes the newest picture, then shows it with everything around it. Drawing with the pen does
//! not come through here but through `pointer`; both work on the same [`App`].

use std::sync::Arc;

use annotation::geometry::{View, ViewRect};
use eframe::egui::{Align2, Area, CentralPanel, CursorIcon, Frame, Id, Margin, Panel, Rect, Ui, vec2};
use media::slot::Slot;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::command::Command;
use crate::console::{Console, Shared};
use crate::decode::Decoded;
use crate::hand::Hand;
use crate::pacing;
use crate::pen_window::PenWindow;
use crate::place::Place;
use crate::scene::Target;
use crate::state::{DrillForm, State};
use crate::video_view::VideoView;
use crate::waker::Waker;
use crate::{canvas_view, card_view, drill_view, link_view, stages_view, toolbar};

/// What a window shows and asks.
pub struct App {
    /// What the console knows.
    pub console: Shared,
    /// The pen, as the window's own events move it.
    pub hand: Hand,
    newest: Arc<Slot<Decoded>>,
    seen: u64,
    canvas: Option<SizePx>,
    window: Option<VideoView>,
    pen: Option<PenWindow>,
    waker: Waker,
    card_open: bool,
    stages_open: bool,
    drill_form: Option<DrillForm>,
}

impl App {
    /// A window that shows what comes into `newest`.
    pub fn new(console: Shared, newest: Arc<Slot<Decoded>>, waker: Waker, card_open: bool) -> Self {
        Self {
            hand: Hand::new(console.clone(), waker.clone()),
            console,
            newest,
            seen: 0,
            canvas: None,
            window: None,
            pen: None,
            waker,
            card_open,
            stages_open: false,
            drill_form: None,
        }
    }

    /// The window is there: `video` draws pictures in it, and `pen` takes the pen's events beside it, where it can.
    pub fn open(&mut self, video: VideoView, pen: Option<PenWindow>) {
        self.window = Some(video);
        self.pen = pen;
    }

    /// The window goes.
    pub fn close(&mut self) {
        self.pen = None;
        if let Some(video) = self.window.take() {
            video.destroy();
        }
    }

    /// Takes the newest picture, if there is a newer one than the last.
    pub fn logic(&mut self, now: MonoTime) {
        let Some((sequence, decoded)) = self.newest.newer_than(self.seen) else { return };
        self.seen = sequence;
        self.canvas = Some(decoded.picture.size());
        let mut console = self.console.lock();
        console.pacing.picture(now);
        console.picture(&decoded.header, now);
        drop(console);
        if let Some(video) = &self.window {
            video.give(decoded.ticket, decoded.picture);
        }
    }

    /// Shows everything at `now`.
    pub fn ui(&mut self, ui: &mut Ui, now: MonoTime) {
        let state = self.state(now);
        let mut commands = Vec::new();
        // The bars' colour is the window's clear colour: filling them would cost more than all that lies on them.
        let bar = |margin| Frame::NONE.inner_margin(margin);
        Panel::bottom("status")
            .exact_size(link_view::HEIGHT)
            .frame(bar(Margin::symmetric(10, 5)))
            .show(ui, |ui| link_view::show(ui, &state, &mut commands));
        Panel::left("tools")
            .exact_size(toolbar::WIDTH)
            .frame(bar(Margin::symmetric(8, 4)))
            .show(ui, |ui| toolbar::show(ui, &state, &mut commands));
        let view = CentralPanel::no_frame().show(ui, |ui| self.canvas(ui, &state, now)).inner;
        let covers = self.overlays(ui, &state, &mut commands);
        self.place(Place { view, covers });
        for command in commands {
            self.act(command, now);
        }
        self.waker.wake_after(pacing::COUNTING);
    }

    /// A repaint was on the screen at `now`.
    pub fn painted(&self, now: MonoTime) {
        let mut console = self.console.lock();
        console.pacing.end(now);
        if let Some(ticket) = self.window.as_ref().and_then(VideoView::take_drawn) {
            console.shown(ticket, now);
        }
    }

    /// Does what the mentor asked.
    pub fn act(&mut self, command: Command, now: MonoTime) {
        let mut console = self.console.lock();
        let Console { marks, outbox, drills, .. } = &mut *console;
        match command {
            Command::Ink(ink) => marks.set_ink(ink),
            Command::Width(width) => marks.set_width(width),
            Command::Undo => outbox.send(&marks.undo(now)),
            Command::Clear => outbox.send(&marks.clear(now)),
            Command::DismissCard => self.card_open = false,
            // Stages and form have one place.
            Command::ToggleStages => {
                self.stages_open = !self.stages_open;
                self.drill_form = None;
            }
            Command::DrillForm(form) => {
                self.drill_form = form;
                self.stages_open &= form.is_none();
                drills.read();
            }
            Command::BeginDrill(form) => {
                if let Some(path) = console.path_name(form.path) {
                    console.drills.begin(path, form.effect, form.seconds);
                }
                self.drill_form = None;
            }
            Command::EndDrill => drills.end(),
        }
        drop(console);
        self.waker.wake();
    }

    /// What the window shows at `now`, as plain data.
    pub fn state(&self, now: MonoTime) -> State {
        let (card_open, stages_open, drill_form) = (self.card_open, self.stages_open, self.drill_form);
        State { card_open, stages_open, drill_form, ..self.console.lock().state(now) }
    }

    /// The canvas was drawn here: pointer events there are the pen's from now on.
    fn place(&mut self, place: Place) {
        let mut console = self.console.lock();
        if console.place != place {
            if let Some(pen) = &self.pen {
                pen.cover(&place);
            }
            console.place = place;
        }
    }

    fn canvas(&self, ui: &Ui, state: &State, now: MonoTime) -> Option<View> {
        let scale = ui.ctx().pixels_per_point();
        let room = ui.max_rect();
        let canvas = self.console.lock().scene.layout().map(|layout| layout.canvas).or(self.canvas);
        let view = canvas.and_then(|canvas| fitted(room, scale, canvas));
        if let (Some(view), Some(video)) = (&view, &self.window) {
            let place = canvas_view::rect_of(view.rect, scale);
            video.paint(ui.painter(), place, view, state.verdict.state.is_stale());
        }
        let mut console = self.console.lock();
        let Console { frames, scene, .. } = &mut *console;
        if let (Some(layout), Some(view)) = (scene.layout(), view) {
            frames.records.view(layout, view);
        }
        canvas_view::show(ui, view.as_ref(), room, &console, state, now);
        if console.target != Target::Beside {
            ui.ctx().set_cursor_icon(cursor(console.target));
        }
        view
    }

    /// Shows what lies over the picture and returns where.
    fn overlays(&self, ui: &Ui, state: &State, commands: &mut Vec<Command>) -> Vec<ViewRect> {
        let area = |name: &str, corner: Align2, offset| Area::new(Id::unique(name)).anchor(corner, offset);
        let frame = Frame::window(ui.style());
        let card = state.card_open.then(|| {
            area("card", Align2::RIGHT_BOTTOM, vec2(-16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| card_view::show(ui, commands)))
        });
        let stages = state.stages_open.then(|| {
            area("stages", Align2::LEFT_BOTTOM, vec2(toolbar::WIDTH + 16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| stages_view::show(ui, &state.latency)))
        });
        let drill = drill_view::is_open(state).then(|| {
            area("drill", Align2::LEFT_BOTTOM, vec2(toolbar::WIDTH + 16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| drill_view::show(ui, state, commands)))
        });
        let shown = [card, stages, drill].map(|shown| shown.map(|shown| shown.response.rect));
        let scale = ui.ctx().pixels_per_point();
        shown.into_iter().flatten().map(|rect| rect_px(rect, scale)).collect()
    }
}

/// A rectangle of egui's points in physical pixels.
fn rect_px(rect: Rect, scale: f32) -> ViewRect {
    let Rect { min, .. } = rect * scale;
    ViewRect { x: min.x, y: min.y, width: rect.width() * scale, height: rect.height() * scale }
}

/// The canvas fitted into `room`, its edges on whole pixels, so that a picture of the room's size is shown exactly.
fn fitted(room: Rect, scale: f32, canvas: SizePx) -> Option<View> {
    let View { rect, canvas } = View::fitted(rect_px(room, scale), canvas)?;
    let rect =
        ViewRect { x: rect.x.round(), y: rect.y.round(), width: rect.width.round(), height: rect.height.round() };
    Some(View { rect, canvas })
}

fn cursor(target: Target) -> CursorIcon {
    match target {
        Target::Beside => CursorIcon::Default,
        Target::Picture(_) => CursorIcon::Crosshair,
        Target::Refused(_) => CursorIcon::NotAllowed,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::outbox::Outbox;
    use crate::scene::tests::{header, layout};
    use crate::state::{Condition, Path};
    use eframe::egui::pos2;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use program::trace::Trace;
    use protocol::frame::Freshness;
    use protocol::ids::Epoch;
    use protocol::ladder::{Cause, Position, Rung};
    use protocol::message::Message;
    use protocol::time::{ClockOffset, SessionTime};
    use std::sync::Mutex;

    /// When the picture of [`session`] came onto the screen; it was captured 50 ms before.
    pub(crate) const SHOWN: MonoTime = MonoTime(5_050_000);

    /// What was sent to theatre.
    pub(crate) type Sent = Arc<Mutex<Vec<Message>>>;

    /// A moment in time.
    pub(crate) fn after_ms(ms: u64) -> MonoTime {
        MonoTime(SHOWN.0 + ms * 1_000)
    }

    /// A window on a session over one live path, showing a picture, and what it sends.
    pub(crate) fn session(room: Freshness) -> (App, Sent) {
        let sent = Sent::default();
        let into = Arc::clone(&sent);
        let outbox = Outbox::new(Box::new(move |bytes| {
            into.lock().unwrap().push(Message::from_bytes(&bytes).unwrap());
            true
        }));
        let mut console = Console::new(Trace::default(), Epoch(9), outbox, SHOWN);
        let path = Path { name: "a".into(), condition: Condition::Live, reason: None, rtt: None, loss_pct: None };
        console.frames.set_clock(ClockOffset::THEATRE);
        console.link(vec![path], SHOWN);
        console.layout(layout());
        console.picture(&Arc::new(header(Freshness::Live, room)), SHOWN);
        let app = App::new(Shared::new(console), Arc::default(), Waker::default(), true);
        (app, sent)
    }

    /// The window at a moment that the test moves.
    pub(crate) fn window(app: App) -> Harness<'static, (App, MonoTime)> {
        Harness::builder()
            .with_size(vec2(1280.0, 720.0))
            .build_ui_state(|ui, (app, now)| app.ui(ui, *now), (app, SHOWN))
    }

    #[test]
    fn a_stale_picture_is_named_with_its_age_over_the_picture_and_the_age_counts_on() {
        let (app, _) = session(Freshness::Live);
        let mut window = window(app);
        window.run();
        assert!(window.query_by_label_contains("this picture is").is_none(), "it is live");
        for (ms, banner) in [
            (300, "LATE: this picture is 350 ms old"),
            (700, "FROZEN: this picture is 750 ms old"),
            (4_150, "FROZEN: this picture is 4.2 s old"),
        ] {
            window.state_mut().1 = after_ms(ms);
            window.run();
            window.get_by_label(banner);
        }
    }

    #[test]
    fn a_primary_that_gives_no_news_is_never_called_live_and_what_it_shows_is_as_old_as_its_news() {
        let since = SessionTime(2_050_000);
        for (primary, banner) in [
            (Freshness::Repeating { since }, "SOURCE REPEATS: this picture is 3.0 s old"),
            (Freshness::Held { since }, "IMAGE HELD: this picture is 3.0 s old"),
            (Freshness::Black { since }, "SOURCE BLACK: nothing is to be seen on it"),
            (Freshness::Ended, "SOURCE LOST: this picture is 50 ms old"),
        ] {
            let (app, _) = session(Freshness::Live);
            app.console.lock().picture(&Arc::new(header(primary, Freshness::Live)), SHOWN);
            let mut window = window(app);
            window.run();
            window.get_by_label(banner);
            assert!(window.query_by_label("LIVE").is_none());
        }
    }

    #[test]
    fn a_picture_held_because_theatre_sends_no_video_says_why_and_whom_to_call() {
        let (app, _) = session(Freshness::Live);
        let position = Position {
            rung: Rung::Voice,
            cause: Some(Cause::Lines),
            budget_bps: Some(80_000),
            spreading: None,
            phone: Some("+49 30 12".into()),
        };
        app.console.lock().ladder(position, SHOWN);
        let mut window = window(app);
        window.state_mut().1 = after_ms(4_150);
        window.run();
        for label in [
            "FROZEN: this picture is 4.2 s old",
            "Video and stills stopped: lines carry 80 kbit/s",
            "Call theatre: +49 30 12",
        ] {
            window.get_by_label(label);
        }
    }

    #[test]
    fn without_a_link_the_reason_is_told_for_each_path() {
        let (app, _) = session(Freshness::Live);
        let reason = Some("the peer's certificate is not the one expected".into());
        let down = Path { name: "a".into(), condition: Condition::Down, reason, rtt: None, loss_pct: None };
        app.console.lock().link(vec![down], SHOWN);
        let mut window = window(app);
        window.state_mut().1 = after_ms(2_100);
        window.run();
        window.get_by_label("Path a: the peer's certificate is not the one expected");
    }

    #[test]
    fn every_source_is_named_and_one_without_signal_says_since_when() {
        let (app, _) = session(Freshness::Lost);
        let mut window = window(app);
        window.run();
        for label in ["endoscope", "room", "NO SIGNAL for 50 ms"] {
            window.get_by_label(label);
        }
    }

    #[test]
    fn the_card_goes_when_it_was_read() {
        let (app, _) = session(Freshness::Live);
        let mut window = window(app);
        window.run();
        window.get_by_label("Got it").click();
        window.run();
        assert!(window.query_by_label("Try this").is_none());
    }

    #[test]
    fn the_stages_open_from_the_status_bar() {
        let (app, _) = session(Freshness::Live);
        let mut window = window(app);
        window.run();
        window.get_by_label("glass to glass").click();
        window.run();
        window.get_by_label("encode + network");
    }

    #[test]
    fn a_drill_is_asked_of_the_link_from_the_path_and_the_pen_is_kept_off_the_form() {
        let (app, _) = session(Freshness::Live);
        let (asks, asked) = crossbeam_channel::bounded(1);
        app.console.lock().drills.ask_at(asks);
        let mut window = window(app);
        window.run();
        let covers = window.state().0.console.lock().place.covers.len();
        window.get_by_label_contains("a live").click();
        window.run();
        assert_eq!(window.state().0.console.lock().place.covers.len(), covers + 1);
        for button in ["Delay by 200 ms", "for 15 s", "Start the drill"] {
            window.get_by_label(button).click();
            window.run();
        }
        let (effect, lasts) = (transport::drill::Effect::Delay(200), std::time::Duration::from_secs(15));
        let drill = transport::drill::Drill { path: "a".into(), effect, lasts };
        assert_eq!(asked.try_recv(), Ok(crate::drill::Ask::Begin(drill)));
        assert!(window.query_by_label("Start the drill").is_none(), "the form is gone");
    }

    #[test]
    fn a_picture_is_shown_exactly_where_the_room_has_its_size() {
        let room = Rect::from_min_size(pos2(121.0, 0.0), vec2(1280.0, 720.0));
        let canvas = SizePx { width: 1280, height: 720 };
        let View { rect, .. } = fitted(room, 1.0, canvas).unwrap();
        assert_eq!((rect.x, rect.y, rect.width, rect.height), (121.0, 0.0, 1280.0, 720.0));
    }
}
