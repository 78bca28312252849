//! Over the picture: the frame and banner of its state, the sources' names, and the marks. All in the window's
//! physical pixels, where the picture lies; egui's points are those divided by its scale.

use annotation::geometry::{View, ViewRect};
use eframe::egui::{Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use protocol::frame::Freshness;
use protocol::ids::SourceId;
use protocol::layout::{Layout, Tile};
use protocol::time::MonoTime;
use ui::badge::{self, Sign};
use ui::icon::Icon;
use ui::theme;

use crate::console::Console;
use crate::marks::Marks;
use crate::marks_view;
use crate::picture_look;
use crate::picture_state::State as PictureState;
use crate::scene::Scene;
use crate::state::{self, State, ViewOf};
use crate::still::Progress;

/// Shows everything that lies over the picture. `view` says where the canvas is, in physical pixels; before there is
/// one, the banner lies in the `room` for it.
pub fn show(ui: &Ui, view: Option<&View>, room: Rect, console: &Console, state: &State, now: MonoTime) {
    let scale = ui.ctx().pixels_per_point();
    let place = view.map_or(room, |view| rect_of(view.rect, scale));
    letterbox(ui, room, if view.is_some() { place } else { Rect::NOTHING });
    let is_hidden = state.verdict.state == PictureState::Curtain;
    if is_hidden {
        // What is still on the screen was sent before the curtain closed.
        ui.painter().rect_filled(place, 0, theme::GROUND);
    }
    if let (Some(view), Some(layout), false) = (view, console.scene.layout(), is_hidden) {
        for tile in &layout.tiles {
            name(ui, view, tile, &console.scene, state, now);
        }
        show_marks(ui, view, layout, &console.marks, now);
    }
    frame(ui, place, state.verdict.state);
    banner(ui, place, state);
}

/// A rectangle of physical pixels in egui's points.
pub fn rect_of(rect: ViewRect, scale: f32) -> Rect {
    Rect::from_min_size(pos2(rect.x, rect.y) / scale, vec2(rect.width, rect.height) / scale)
}

/// Darkens what the picture leaves free of its room, and only that.
fn letterbox(ui: &Ui, room: Rect, place: Rect) {
    let bars = if place.is_positive() {
        let above = Rect::from_min_max(room.min, pos2(room.right(), place.top()));
        let below = Rect::from_min_max(pos2(room.left(), place.bottom()), room.max);
        let left = Rect::from_min_max(pos2(room.left(), place.top()), place.left_bottom());
        let right = Rect::from_min_max(place.right_top(), pos2(room.right(), place.bottom()));
        vec![above, below, left, right]
    } else {
        vec![room]
    };
    for bar in bars.into_iter().filter(|bar| bar.is_positive()) {
        ui.painter().rect_filled(bar, 0, theme::GROUND);
    }
}

/// A line around the picture in its state's colour, the thicker the less it can be trusted.
fn frame(ui: &Ui, place: Rect, state: PictureState) {
    let width = match state {
        PictureState::Live => 2.0,
        PictureState::Late | PictureState::Held => 4.0,
        _ => 8.0,
    };
    let stroke = Stroke::new(width, picture_look::sign(state).colour);
    ui.painter().rect_stroke(place, 0, stroke, StrokeKind::Inside);
}

/// What the state is and how old the picture, unless it is live; why theatre sends no video; why a press just drew nothing; and without a link,
/// what is wrong with each path.
fn banner(ui: &Ui, place: Rect, state: &State) {
    let verdict = state.verdict;
    let mut top = place.center_top() + vec2(0.0, 14.0);
    if state.test_picture {
        let text = "TEST PICTURE from theatre: no operation";
        top.y = badge::on_picture(ui, top, None, text, theme::LARGE_PT).bottom() + 6.0;
    }
    if verdict.state != PictureState::Live {
        let is_usable = matches!(verdict.state, PictureState::Late | PictureState::Held);
        let size_pt = if is_usable { theme::BODY_PT } else { theme::LARGE_PT * 1.4 };
        let text = picture_look::banner(verdict.state, verdict.age);
        let sign = picture_look::sign(verdict.state);
        top.y = badge::on_picture(ui, top, Some(sign), &text, size_pt).bottom() + 6.0;
    }
    let stopped = state.position.as_ref().filter(|position| !position.rung.has_video());
    if let Some(position) = stopped.filter(|_| verdict.state != PictureState::Lost) {
        for text in [Some(position.to_string()), picture_look::call(position)].into_iter().flatten() {
            top.y = badge::on_picture(ui, top, None, &text, theme::LARGE_PT).bottom() + 6.0;
        }
    }
    for (sign, text) in still(state).into_iter().chain(moved(state.marks)) {
        top.y = badge::on_picture(ui, top, sign, &text, theme::LARGE_PT).bottom() + 6.0;
    }
    if let Some(refusal) = state.refusal {
        top.y = badge::on_picture(ui, top, None, refusal, theme::LARGE_PT).bottom() + 6.0;
    }
    if matches!(verdict.state, PictureState::Lost | PictureState::Waiting) {
        for (path, reason) in state.paths.iter().filter_map(|path| Some((path, path.reason.as_ref()?))) {
            let text = format!("Path {}: {reason}", path.name);
            top.y = badge::on_picture(ui, top, None, &text, theme::BODY_PT).bottom() + 6.0;
        }
    }
}

/// What is held, how far the next still is, or why there is none.
fn still(state: &State) -> Vec<(Option<Sign>, String)> {
    let sign = Some(picture_look::sign(PictureState::Still));
    let name = |source: SourceId| {
        let known = state.sources.iter().find(|(known, _)| *known == source);
        known.map_or_else(|| format!("source {}", source.0), |(_, name)| name.clone())
    };
    let held = match &state.view {
        ViewOf::Live => None,
        ViewOf::Still { name, size } => Some((None, format!("{name}, {} x {}, lossless", size.width, size.height))),
    };
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    let coming = match state.still {
        Progress::None => None,
        Progress::Asked(source) => Some((sign, format!("Still of {}: asked for", name(source)))),
        Progress::Arriving { source, here, length } => {
            let (here, length) = (megabytes(here), megabytes(length));
            Some((sign, format!("Still of {}: {here:.1} of {length:.1} MB", name(source))))
        }
        Progress::Refused(_, why) => Some((None, format!("No still: {}", why.words()))),
    };
    held.into_iter().chain(coming).collect()
}

/// What theatre said of marks under which the picture moved.
fn moved(marks: state::Marks) -> Vec<(Option<Sign>, String)> {
    let sign = |colour| Some(Sign { colour, icon: Icon::Apart });
    let broken = "Picture moved: broken lines no longer lie where you drew them";
    let moved = (marks.moved > 0).then(|| (sign(theme::CAUTION), broken.to_owned()));
    let gone = (marks.moved_away > 0).then(|| {
        let what = if marks.moved_away == 1 { "mark is" } else { "marks are" };
        (sign(theme::ALARM), format!("Picture moved away: {} {what} gone in theatre", marks.moved_away))
    });
    moved.into_iter().chain(gone).collect()
}

/// A source's name in the corner of its tile, beside the picture if there is room; where it is not live, how it stands and since when.
fn name(ui: &Ui, view: &View, tile: &Tile, scene: &Scene, state: &State, now: MonoTime) {
    let scale = ui.ctx().pixels_per_point();
    let whole = rect_of(view.view_rect_from_canvas(tile.tile), scale);
    badge::caption_on_picture(ui, whole.min + vec2(10.0, 10.0), &tile.name);
    let Some(time) = scene.header().and_then(|header| header.tile(tile.source)) else { return };
    // Of an image that is held theatre writes so, and its age, into the picture.
    if matches!(time.freshness, Freshness::Held { .. }) {
        return;
    }
    let Some(sign) = picture_look::source_sign(time.freshness) else { return };
    let since = state.clock.zip(time.freshness.since().or(time.captured));
    let age = since.map(|(clock, since)| clock.session(now).since(since));
    let text = picture_look::source_words(time.freshness, age);
    let picture = rect_of(view.view_rect_from_canvas(tile.picture), scale);
    // Below the middle, where theatre writes the same into a tile it has no picture for.
    let top = pos2(picture.center().x, picture.top() + picture.height() * 0.75);
    badge::on_picture(ui, top, Some(sign), &text, theme::BODY_PT);
}

fn show_marks(ui: &Ui, view: &View, layout: &Layout, marks: &Marks, now: MonoTime) {
    let scale = ui.ctx().pixels_per_point();
    for (mark, look) in marks.drawn(now) {
        let Some(tile) = layout.tile(mark.source) else { continue };
        let clip = rect_of(view.view_rect_from_canvas(tile.picture), scale);
        let painter = ui.painter().with_clip_rect(clip);
        let drawing = marks.drawing().is_some_and(|(id, _)| id == mark.id);
        marks_view::show(&painter, view, tile, mark, look, drawing);
    }
}
