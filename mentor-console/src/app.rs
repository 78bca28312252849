//! The window's content: takes the newest picture, then shows it with everything around it. Drawing with the pen does
//! not come through here but through `pointer`; both work on the same [`App`].

use std::sync::Arc;
use std::time::Duration;

use annotation::geometry::{View, ViewRect};
use eframe::egui::{
    Align2, Area, CentralPanel, Context, CursorIcon, Frame, Id, Margin, Order, Panel, Rect, Ui, pos2, vec2,
};
use media::slot::Slot;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::command::Command;
use crate::console::{Console, Shared};
use crate::decode::Decoded;
use crate::pacing::{self, Pacing};
use crate::pointer::Pointer;
use crate::scene::Target;
use crate::state::State;
use crate::video_view::VideoView;
use crate::waker::Waker;
use crate::{canvas_view, card_view, link_view, stages_view, toolbar};

/// How long the reason for a refused press stays: long enough to read six words twice.
const REFUSAL_STAYS: Duration = Duration::from_millis(2_500);

/// What a window shows and asks.
pub struct App {
    /// What the console knows.
    pub console: Shared,
    /// Where the pointer is and what it does there.
    pub pointer: Pointer,
    /// When to repaint for less than a new picture.
    pub pacing: Pacing,
    /// Where the canvas lies in the window, in physical pixels.
    pub view: Option<View>,
    newest: Arc<Slot<Decoded>>,
    seen: u64,
    canvas: Option<SizePx>,
    window: Option<(VideoView, Context)>,
    waker: Waker,
    refusal: Option<(&'static str, MonoTime)>,
    card_open: bool,
    stages_open: bool,
}

impl App {
    /// A window that shows what comes into `newest`.
    pub fn new(console: Shared, newest: Arc<Slot<Decoded>>, waker: Waker, card_open: bool) -> Self {
        Self {
            console,
            pointer: Pointer::default(),
            pacing: Pacing::default(),
            view: None,
            newest,
            seen: 0,
            canvas: None,
            window: None,
            waker,
            refusal: None,
            card_open,
            stages_open: false,
        }
    }

    /// The window is there: `context` is egui's, and `video` draws pictures in it.
    pub fn open(&mut self, video: VideoView, context: Context) {
        self.window = Some((video, context));
    }

    /// The window goes.
    pub fn close(&mut self) {
        if let Some((video, _)) = self.window.take() {
            video.destroy();
        }
    }

    /// Takes the newest picture, if there is a newer one than the last.
    pub fn logic(&mut self, now: MonoTime) {
        let Some((sequence, decoded)) = self.newest.newer_than(self.seen) else { return };
        self.seen = sequence;
        self.canvas = Some(decoded.picture.size());
        self.pacing.picture(now);
        self.console.lock().picture(&decoded.header, now);
        if let Some((video, _)) = &self.window {
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
        CentralPanel::no_frame().show(ui, |ui| self.canvas(ui, &state, now));
        self.overlays(ui, &state, &mut commands);
        for command in commands {
            self.act(command, now);
        }
        self.waker.wake_after(pacing::COUNTING);
    }

    /// The repaint that began at `began` was on the screen at `ended`.
    pub fn painted(&mut self, began: MonoTime, ended: MonoTime) {
        self.pacing.painted(began, ended);
        if let Some(ticket) = self.window.as_ref().and_then(|(video, _)| video.take_drawn()) {
            self.console.lock().shown(ticket, ended);
        }
    }

    /// Does what the mentor asked.
    pub fn act(&mut self, command: Command, now: MonoTime) {
        let mut console = self.console.lock();
        let Console { marks, outbox, .. } = &mut *console;
        match command {
            Command::Ink(ink) => marks.set_ink(ink),
            Command::Width(width) => marks.set_width(width),
            Command::Undo => outbox.send(&marks.undo(now)),
            Command::Clear => outbox.send(&marks.clear(now)),
            Command::DismissCard => self.card_open = false,
            Command::ToggleStages => self.stages_open = !self.stages_open,
        }
        drop(console);
        self.waker.wake();
    }

    /// Says why a press drew nothing.
    pub fn refuse(&mut self, reason: &'static str, now: MonoTime) {
        self.refusal = Some((reason, now));
        self.waker.wake();
    }

    /// Has a stroke's new end painted soon.
    pub fn echo(&self, now: MonoTime) {
        self.waker.wake_after(self.pacing.echo_delay(now));
    }

    /// Whether a card or the like lies over the picture at this place, in physical pixels.
    pub fn is_covered(&self, (x_px, y_px): (f64, f64)) -> bool {
        self.window.as_ref().is_some_and(|(_, context)| {
            let at = pos2(x_px as f32, y_px as f32) / context.pixels_per_point();
            context.layer_id_at(at).is_some_and(|layer| layer.order != Order::Background)
        })
    }

    /// What the window shows at `now`, as plain data.
    pub fn state(&mut self, now: MonoTime) -> State {
        self.refusal = self.refusal.filter(|(_, since)| now.since(*since) < REFUSAL_STAYS);
        State {
            refusal: self.refusal.map(|(reason, _)| reason),
            card_open: self.card_open,
            stages_open: self.stages_open,
            ..self.console.lock().state(now)
        }
    }

    fn canvas(&mut self, ui: &Ui, state: &State, now: MonoTime) {
        let scale = ui.ctx().pixels_per_point();
        let room = ui.max_rect();
        let canvas = self.console.lock().scene.layout().map(|layout| layout.canvas).or(self.canvas);
        self.view = canvas.and_then(|canvas| fitted(room, scale, canvas));
        if let (Some(view), Some((video, _))) = (&self.view, &self.window) {
            let place = canvas_view::rect_of(view.rect, scale);
            video.paint(ui.painter(), place, view, state.verdict.state.is_stale());
        }
        let mut console = self.console.lock();
        let Console { frames, scene, .. } = &mut *console;
        if let (Some(layout), Some(view)) = (scene.layout(), self.view) {
            frames.records.view(layout, view);
        }
        canvas_view::show(ui, self.view.as_ref(), room, &console, state, now);
        if ui.rect_contains_pointer(room) {
            ui.ctx().set_cursor_icon(cursor(self.pointer.target()));
        }
    }

    fn overlays(&self, ui: &Ui, state: &State, commands: &mut Vec<Command>) {
        let card = |name: &str, corner: Align2, offset| Area::new(Id::unique(name)).anchor(corner, offset);
        let frame = Frame::window(ui.style());
        if state.card_open {
            card("card", Align2::RIGHT_BOTTOM, vec2(-16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| card_view::show(ui, commands)));
        }
        if state.stages_open {
            card("stages", Align2::LEFT_BOTTOM, vec2(toolbar::WIDTH + 16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| stages_view::show(ui, &state.latency)));
        }
    }
}

/// The canvas fitted into `room`, its edges on whole pixels, so that a picture of the room's size is shown exactly.
fn fitted(room: Rect, scale: f32, canvas: SizePx) -> Option<View> {
    let room = ViewRect {
        x: room.left() * scale,
        y: room.top() * scale,
        width: room.width() * scale,
        height: room.height() * scale,
    };
    let View { rect, canvas } = View::fitted(room, canvas)?;
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
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use program::trace::Trace;
    use protocol::frame::Freshness;
    use protocol::ids::Epoch;
    use protocol::message::Message;
    use protocol::time::ClockOffset;
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
        console.link(vec![path], Some(ClockOffset::THEATRE), SHOWN);
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
    fn without_a_link_the_reason_is_told_for_each_path() {
        let (app, _) = session(Freshness::Live);
        let reason = Some("the peer's certificate is not the one expected".into());
        let down = Path { name: "a".into(), condition: Condition::Down, reason, rtt: None, loss_pct: None };
        app.console.lock().link(vec![down], None, SHOWN);
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
    fn a_picture_is_shown_exactly_where_the_room_has_its_size() {
        let room = Rect::from_min_size(pos2(121.0, 0.0), vec2(1280.0, 720.0));
        let canvas = SizePx { width: 1280, height: 720 };
        let View { rect, .. } = fitted(room, 1.0, canvas).unwrap();
        assert_eq!((rect.x, rect.y, rect.width, rect.height), (121.0, 0.0, 1280.0, 720.0));
    }
}
