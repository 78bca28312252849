//! The strip of numbers below the tools.

use std::cmp::Reverse;

use eframe::egui::{Align2, CornerRadius, Response, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use protocol::vitals::Priority;
use ui::badge;
use ui::theme;
use vitals::NO_ALARMS;
use vitals::age::Standing;
use vitals::panel::Number;

use super::{colour, feed_told, fitting, heading, place};
use crate::command::Command;
use crate::state::State;

/// Height of a number in the strip, in points: its name and age, and below them its value.
const ROW: f32 = 36.0;
/// The same with the space below it.
const ROW_WITH_SPACE: f32 = ROW + 2.0;

/// Shows the strip in the room that is left: as many numbers as fit, and how many do not.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let Some(vitals) = &state.vitals else { return };
    ui.spacing_mut().item_spacing = vec2(5.0, 2.0);
    ui.add_space(4.0);
    let name = if state.vitals_open { "Vitals: hide curves" } else { "Vitals: show curves" };
    if header(ui, name).clicked() {
        commands.push(Command::ToggleVitals);
    }
    note(ui, "Not for alarms").on_hover_text(NO_ALARMS);
    if let Some((sign, text)) = feed_told(vitals) {
        badge::lines(ui, sign, &text, ui.available_width());
    }
    let Some(values) = &vitals.values else { return };
    let (room, numbers) = (ui.available_height(), &values.numbers);
    let rows = |room: f32| (room / ROW_WITH_SPACE).max(0.0) as usize;
    // Where there is no room for all, the last row is of words alone.
    let words = ui.painter().layout_no_wrap("+".to_owned(), theme::font(theme::SMALL_PT), theme::TEXT).size().y;
    let shown = if numbers.len() <= rows(room) { numbers.len() } else { rows(room - words) };
    for number in fitted(numbers, shown) {
        row(ui, number);
    }
    if shown < numbers.len() {
        note(ui, &format!("+{} more", numbers.len() - shown)).on_hover_text("The panel with the curves has them all");
    }
}

/// As many of `numbers`, in their order. Those with an alarm of the present have room before others, by its urgency.
fn fitted(numbers: &[Number], most: usize) -> impl Iterator<Item = &Number> {
    let mut chosen: Vec<_> = numbers.iter().enumerate().collect();
    chosen.sort_by_key(|(_, number)| Reverse(alarmed(number)));
    chosen.truncate(most);
    chosen.sort_by_key(|(place, _)| *place);
    chosen.into_iter().map(|(_, number)| number)
}

/// How urgent an alarm of the present about `number` is.
fn alarmed(number: &Number) -> Option<Priority> {
    number.alarm.as_ref().filter(|alarm| alarm.standing == Standing::Current).map(|alarm| alarm.priority)
}

/// The strip's heading, which opens and closes the panel.
fn header(ui: &mut Ui, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let fill = if response.hovered() { theme::HOVERED } else { theme::RAISED };
    ui.painter().rect_filled(rect, CornerRadius::same(6), fill);
    let text = if name.ends_with("hide curves") { "Vitals  «" } else { "Vitals  »" };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::font(theme::SMALL_PT), theme::TEXT);
    response.on_hover_text(name)
}

fn note(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).size(theme::SMALL_PT).color(theme::CAUTION))
}

fn row(ui: &mut Ui, number: &Number) {
    let rect = place(ui, ROW, number);
    let painter = ui.painter().with_clip_rect(rect);
    heading(&painter, rect, number);
    let size_pt = fitting(&painter, &number.text, rect.width(), theme::LARGE_PT);
    painter.text(rect.left_bottom(), Align2::LEFT_BOTTOM, &number.text, theme::font(size_pt), colour(number));
}
