//! A state as colour, shape and words at once: large for the picture's, small for a path's.

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Color32, CornerRadius, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::icon::{self, Icon};
use crate::theme;

/// How a state looks, wherever it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Its colour.
    pub colour: Color32,
    /// Its shape.
    pub icon: Icon,
}

/// A filled badge that is seen from across the room. The text is its accessible name.
pub fn state(ui: &mut Ui, sign: Sign, text: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::font(theme::BODY_PT), theme::TEXT_ON_STATE);
    let size = vec2(galley.size().x + 42.0, 28.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(5), sign.colour);
    icon::paint(painter, sign.icon, pos2(rect.left() + 17.0, rect.center().y), 8.0, theme::TEXT_ON_STATE);
    let top = rect.center().y - galley.size().y / 2.0;
    painter.galley(pos2(rect.left() + 32.0, top), galley, theme::TEXT_ON_STATE);
    response
}

/// Words on a filled ground, in the height of running text. The text is its accessible name.
pub fn tag(ui: &mut Ui, colour: Color32, text: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::font(theme::BODY_PT), theme::TEXT_ON_STATE);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 14.0, 22.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().rect_filled(rect, CornerRadius::same(4), colour);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, theme::TEXT_ON_STATE);
    response
}

/// A sign with words beside it, in the size of running text; cut short beyond `max_width` points, then whole under
/// the pointer. The text is its accessible name.
pub fn line(ui: &mut Ui, sign: Sign, text: &str, max_width: f32) -> Response {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), theme::font(theme::BODY_PT), theme::TEXT);
    job.wrap = TextWrapping::truncate_at_width(max_width);
    let galley = ui.painter().layout_job(job);
    let size = vec2(galley.size().x + 20.0, galley.size().y.max(18.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let centre = pos2(rect.left() + 7.0, rect.center().y);
    icon::paint(ui.painter(), sign.icon, centre, 6.0, sign.colour);
    let top = rect.center().y - galley.size().y / 2.0;
    let is_cut = galley.elided;
    ui.painter().galley(pos2(rect.left() + 20.0, top), galley, theme::TEXT);
    if is_cut { response.on_hover_text(text) } else { response }
}

/// A sign with small words beside it, in as many lines as they need in `width` points. The text is its accessible name.
pub fn lines(ui: &mut Ui, sign: Sign, text: &str, width: f32) -> Response {
    let galley = ui.painter().layout(text.to_owned(), theme::font(theme::SMALL_PT), theme::TEXT, width - 20.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y.max(18.0)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    icon::paint(ui.painter(), sign.icon, pos2(rect.left() + 7.0, rect.top() + 9.0), 6.0, sign.colour);
    ui.painter().galley(pos2(rect.left() + 20.0, rect.top()), galley, theme::TEXT);
    response
}

/// Words, with a sign if there is one, on a dark veil over the picture, the middle of their upper edge at `top`; in
/// several lines if they are wider than the picture's room. The text is their accessible name.
pub fn on_picture(ui: &Ui, top: Pos2, sign: Option<Sign>, text: &str, size_pt: f32) -> Rect {
    let sign_room = if sign.is_some() { size_pt * 1.5 } else { 0.0 };
    let padding = vec2(size_pt * 0.5, size_pt * 0.25);
    let room = ui.max_rect().width() - sign_room - 4.0 * padding.x;
    let galley = ui.painter().layout(text.to_owned(), theme::font(size_pt), theme::TEXT, room);
    let size = galley.size() + padding * 2.0 + Vec2::X * sign_room;
    let rect = Rect::from_min_size(top - Vec2::X * (size.x / 2.0), size);
    veil(ui, rect, text);
    if let Some(sign) = sign {
        let centre = pos2(rect.left() + padding.x + size_pt * 0.55, rect.center().y);
        icon::paint(ui.painter(), sign.icon, centre, size_pt * 0.5, sign.colour);
    }
    ui.painter().galley(rect.min + padding + Vec2::X * sign_room, galley, theme::TEXT);
    rect
}

/// Small words on a dark veil with their upper left corner at `corner`. The text is their accessible name.
pub fn caption_on_picture(ui: &Ui, corner: Pos2, text: &str) -> Rect {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::font(theme::SMALL_PT), theme::TEXT);
    let padding = vec2(6.0, 2.0);
    let rect = Rect::from_min_size(corner, galley.size() + padding * 2.0);
    veil(ui, rect, text);
    ui.painter().galley(rect.min + padding, galley, theme::TEXT);
    rect
}

fn veil(ui: &Ui, rect: Rect, text: &str) {
    let response = ui.interact(rect, ui.scope_id().with(("on picture", text, rect.min.x as i32)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().rect_filled(rect, CornerRadius::same(4), theme::VEIL);
}
