//! The window's content: takes the newest picture, then shows it with everything around it. Drawing with the pen does
//! not come through here but through `pointer`; both work on the same [`App`].

use std::sync::Arc;

use annotation::geometry::{View, ViewRect};
use eframe::egui::{Align2, Area, CentralPanel, CursorIcon, Frame, Id, Margin, Panel, Rect, Ui, Vec2, vec2};
use media::slot::Slot;
use protocol::camera;
use protocol::geometry::SizePx;
use protocol::message::Message;
use protocol::time::MonoTime;

use crate::command::Command;
use crate::console::{Console, Shared};
use crate::decode::{Decoded, Origin};
use crate::hand::Hand;
use crate::pacing;
use crate::pen_window::PenWindow;
use crate::picture_state::Kind;
use crate::place::Place;
use crate::scene::Target;
use crate::state::{DrillForm, State, ViewOf};
use crate::still_view::StillView;
use crate::video_view::VideoView;
use crate::waker::Waker;
use crate::{
    camera_view, canvas_view, card_view, drill_view, layout_view, link_view, stages_view, toolbar, vitals_view,
};

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
    still: StillView,
    pen: Option<PenWindow>,
    waker: Waker,
    card_open: bool,
    stages_open: bool,
    vitals_open: bool,
    layouts_open: bool,
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
            still: StillView::default(),
            pen: None,
            waker,
            card_open,
            stages_open: false,
            vitals_open: false,
            layouts_open: false,
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
        let (ticket, kind) = match decoded.origin {
            Origin::Frame { ticket, .. } => (Some(ticket), Kind::Video),
            Origin::Still => (None, Kind::Still),
        };
        let mut console = self.console.lock();
        console.pacing.picture(now);
        console.picture(&decoded.header, kind, now);
        drop(console);
        if let Some(video) = &self.window {
            video.give(ticket, decoded.picture);
        }
    }

    /// Shows everything at `now`.
    pub fn ui(&mut self, ui: &mut Ui, now: MonoTime) {
        let ready = self.console.lock().hold_ready(now);
        if let Some(picture) = ready {
            self.still.show(ui.ctx(), &picture);
        }
        let state = self.state(now);
        let mut commands = Vec::new();
        // The bars' colour is the window's clear colour: filling them would cost more than all that lies on them.
        let bar = |margin| Frame::NONE.inner_margin(margin);
        Panel::bottom("status")
            .exact_size(link_view::HEIGHT)
            .frame(bar(Margin::symmetric(10, 5)))
            .show(ui, |ui| link_view::show(ui, &state, &mut commands));
        Panel::left("tools").exact_size(toolbar::WIDTH).frame(bar(Margin::symmetric(8, 4))).show(ui, |ui| {
            toolbar::show(ui, &state, &mut commands);
            vitals_view::strip::show(ui, &state, &mut commands);
        });
        if state.vitals_open {
            Panel::right("vitals")
                .exact_size(vitals_view::WIDTH)
                .frame(bar(Margin::symmetric(10, 6)))
                .show(ui, |ui| vitals_view::show(ui, &state, &mut commands));
        }
        let view = CentralPanel::no_frame().show(ui, |ui| self.canvas(ui, &state, now)).inner;
        let mut covers = self.overlays(ui, &state, &mut commands);
        covers.extend(self.pads(ui, &state, view, &mut commands, now));
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
            Command::AskStill(source) => console.ask_still(source),
            Command::BackToLive => {
                console.scene.release();
                self.still.clear();
            }
            Command::CameraHome(source) => {
                outbox.tell(&Message::Camera(camera::Command { source, action: camera::Action::Home }));
            }
            Command::DismissCard => self.card_open = false,
            Command::Arrange(wish) => outbox.wish(wish),
            // Stages, layouts and form have one place.
            Command::ToggleStages => {
                self.stages_open = !self.stages_open;
                (self.layouts_open, self.drill_form) = (false, None);
            }
            Command::ToggleLayouts => {
                self.layouts_open = !self.layouts_open;
                (self.stages_open, self.drill_form) = (false, None);
            }
            Command::ToggleVitals => self.vitals_open = !self.vitals_open,
            Command::DrillForm(form) => {
                self.drill_form = form;
                self.stages_open &= form.is_none();
                self.layouts_open &= form.is_none();
                drills.read();
            }
            Command::BeginDrill(form) => {
                if let Some(path) = console.path_name(form.path) {
                    console.drills.begin(path, form.effect, form.seconds);
                }
                self.drill_form = None;
            }
            Command::EndDrill => drills.end(),
            Command::Call(asked) => console.call(asked, now),
        }
        drop(console);
        self.waker.wake();
    }

    /// What the window shows at `now`, as plain data.
    pub fn state(&self, now: MonoTime) -> State {
        let Self { card_open, stages_open, layouts_open, drill_form, .. } = *self;
        let mut console = self.console.lock();
        let vitals = console.shown_vitals(self.vitals_open, now);
        let vitals_open = self.vitals_open && vitals.is_some();
        State { card_open, stages_open, layouts_open, drill_form, vitals, vitals_open, ..console.state(now) }
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
        if let Some(view) = &view {
            let place = canvas_view::rect_of(view.rect, scale);
            match (&state.view, &self.window) {
                (ViewOf::Still { .. }, _) => self.still.paint(ui.painter(), place),
                (ViewOf::Live, Some(video)) => {
                    video.paint(ui.painter(), place, view, state.verdict.state.is_stale());
                }
                (ViewOf::Live, None) => {}
            }
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

    /// Shows a pad over the tile of each room camera that can be moved, and returns where.
    fn pads(
        &self,
        ui: &Ui,
        state: &State,
        view: Option<View>,
        commands: &mut Vec<Command>,
        now: MonoTime,
    ) -> Vec<ViewRect> {
        let (scale, mut covers, mut held) = (ui.ctx().pixels_per_point(), Vec::new(), None);
        let layout = self.console.lock().scene.layout().cloned();
        for offer in &state.cameras {
            let tile =
                layout.as_ref().filter(|_| state.view == ViewOf::Live).and_then(|layout| layout.tile(offer.source));
            let (Some(tile), Some(view)) = (tile, view) else { continue };
            let place = canvas_view::rect_of(view.view_rect_from_canvas(tile.picture), scale);
            let corner = place.max - camera_view::size(offer) - Vec2::splat(6.0);
            let shown = Area::new(Id::unique(("camera", offer.source.0)))
                .fixed_pos(corner)
                .show(ui.ctx(), |ui| camera_view::show(ui, offer, commands));
            held = held.or(shown.inner);
            covers.push(rect_px(shown.response.rect, scale));
        }
        self.console.lock().steer(held, now);
        covers
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
        let layouts = state.layouts_open.then(|| {
            area("layouts", Align2::LEFT_BOTTOM, vec2(toolbar::WIDTH + 16.0, -link_view::HEIGHT - 16.0))
                .show(ui.ctx(), |ui| frame.show(ui, |ui| layout_view::show(ui, state, commands)))
        });
        let shown = [card, stages, drill, layouts].map(|shown| shown.map(|shown| shown.response.rect));
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
pub(crate) mod tests;
