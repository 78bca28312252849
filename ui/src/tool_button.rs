//! A button large enough to be hit while the eye stays on the picture.

use eframe::egui::{
    Align2, Color32, CornerRadius, Painter, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
};

use crate::theme;

/// Whether a tool can be used, and is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It can be chosen.
    Free,
    /// It is the one in use.
    Chosen,
    /// There is nothing for it to do.
    Idle,
}

/// Shows a button of `size` with `caption` under a drawing made by `draw`, which gets the room for it and the colour
/// of lines. The `name` is its accessible name and its tip.
pub fn show(
    ui: &mut Ui,
    size: Vec2,
    name: &str,
    caption: &str,
    choice: Choice,
    draw: impl FnOnce(&Painter, Rect, Color32),
) -> Response {
    let sense = if choice == Choice::Idle { Sense::hover() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    response.widget_info(|| WidgetInfo::selected(Role::Button, choice != Choice::Idle, choice == Choice::Chosen, name));
    let (fill, outline, ink) = look(choice, &response);
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(6), fill, outline, StrokeKind::Inside);
    let caption_room = theme::SMALL_PT + 6.0;
    let drawing = Rect::from_min_max(rect.min, rect.max - Vec2::Y * caption_room).shrink(5.0);
    draw(painter, drawing, ink);
    painter.text(
        rect.center_bottom() - Vec2::Y * 5.0,
        Align2::CENTER_BOTTOM,
        caption,
        theme::font(theme::SMALL_PT),
        ink,
    );
    response.on_hover_text(name)
}

fn look(choice: Choice, response: &Response) -> (Color32, Stroke, Color32) {
    let outline = Stroke::new(1.0, theme::LINE);
    match choice {
        Choice::Chosen => (theme::HOVERED, Stroke::new(3.0, theme::CHOSEN), theme::TEXT),
        Choice::Idle => (theme::PANEL, outline, theme::LINE),
        Choice::Free if response.is_pointer_button_down_on() => (theme::LINE, outline, theme::TEXT),
        Choice::Free if response.hovered() => (theme::HOVERED, outline, theme::TEXT),
        Choice::Free => (theme::RAISED, outline, theme::TEXT),
    }
}
