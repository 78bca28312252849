//! The patient's vital signs: a strip of numbers below the tools, which costs the picture nothing, and a panel with curves
//! that opens from it. Every value is shown with its age; what is late is grey, what is gone is not there. Which values
//! those are is `vitals::panel`'s.

pub mod strip;

use std::time::Duration;

use eframe::egui::{
    Align2, Color32, CornerRadius, Painter, Pos2, Rect, RichText, Role, ScrollArea, Sense, Shape, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};
use protocol::vitals::{Feed, FeedState, Origin, Priority};
use ui::badge::{self, Sign};
use ui::icon::Icon;
use ui::theme;
use vitals::NO_ALARMS;
use vitals::age::{Standing, spoken};
use vitals::panel::{Curve, Number, Told};
use vitals::sweep::Point;
use vitals::terms::Group;

use crate::command::Command;
use crate::state::{State, Values, Vitals};

/// The panel's width in points: a third of it more would cost the picture a quarter of its width in a small window.
pub const WIDTH: f32 = 262.0;
/// Curves are swept once in this time: about 40 mm/s at arm's length.
pub const SPAN: Duration = Duration::from_secs(6);

/// Height of a number in the panel, in points.
const ROW: f32 = 40.0;
/// Height of a curve in the panel, in points.
const CURVE: f32 = 62.0;

/// Shows the panel.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let Some(vitals) = &state.vitals else { return };
    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Vitals").size(theme::LARGE_PT));
        if ui.small_button("Close").clicked() {
            commands.push(Command::ToggleVitals);
        }
    });
    ui.label(RichText::new(NO_ALARMS).size(theme::SMALL_PT).color(theme::CAUTION));
    if let Some((sign, text)) = feed_told(vitals) {
        badge::lines(ui, sign, &text, ui.available_width());
    }
    let Some(values) = &vitals.values else { return };
    ScrollArea::vertical().show(ui, |ui| all(ui, values));
}

fn all(ui: &mut Ui, values: &Values) {
    for alarm in &values.alarms {
        told(ui, alarm);
    }
    for curve in &values.curves {
        show_curve(ui, curve);
    }
    for number in &values.numbers {
        row(ui, number);
    }
}

/// What has to be said of the feed before any value; nothing while a monitor's values come.
fn feed_told(vitals: &Vitals) -> Option<(Sign, String)> {
    let Feed { origin, state, .. } = vitals.feed;
    let since = vitals.since.map(|since| format!(" for {}", spoken(since))).unwrap_or_default();
    let sign = |colour, icon| Sign { colour, icon };
    Some(match (state, origin) {
        (FeedState::PatientChanged, _) => {
            (sign(theme::ALARM, Icon::Cross), "Stopped: the monitor names another patient".to_owned())
        }
        (FeedState::Waiting, _) => (sign(theme::UNSURE, Icon::Ring), format!("Nothing yet from the monitor{since}")),
        (FeedState::Silent, _) => (sign(theme::ALARM, Icon::SlashedRing), format!("Monitor silent{since}")),
        _ if vitals.values.is_none() => {
            (sign(theme::UNSURE, Icon::Diamond), "Theatre's clock is not known yet".to_owned())
        }
        (FeedState::Live, Origin::Recording) => {
            (sign(theme::CAUTION, Icon::Triangle), "A recording, no patient".to_owned())
        }
        (FeedState::Live, Origin::Generated) => {
            (sign(theme::CAUTION, Icon::Triangle), "A simulation, no patient".to_owned())
        }
        (FeedState::Live, Origin::Monitor) => return None,
    })
}

/// A number's place of this height, with everything about it as its accessible name.
fn place(ui: &mut Ui, height: f32, number: &Number) -> Rect {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spelled(number)));
    rect
}

/// Everything about a number in words.
fn spelled(number: &Number) -> String {
    let mut words = format!("{} {}", number.label, number.text);
    if !number.unit.is_empty() {
        words.push_str(&format!(" {}", number.unit));
    }
    words.push_str(&format!(", {} ago", spoken(number.age)));
    if number.standing == Standing::Late {
        words.push_str(", late");
    }
    if number.is_questionable {
        words.push_str(", questionable");
    }
    if let Some(alarm) = &number.alarm {
        words.push_str(&format!(", alarm {}", signs(alarm.priority)));
        if alarm.standing == Standing::Late {
            words.push_str(&format!(" told {} ago", spoken(alarm.age)));
        }
    }
    words
}

fn row(ui: &mut Ui, number: &Number) {
    let rect = place(ui, ROW, number);
    let painter = ui.painter().with_clip_rect(rect);
    heading(&painter, Rect::from_min_max(rect.min, pos2(rect.left() + 92.0, rect.bottom())), number);
    painter.text(
        rect.left_top() + vec2(0.0, 18.0),
        Align2::LEFT_TOP,
        number.unit,
        theme::font(theme::SMALL_PT),
        theme::TEXT_QUIET,
    );
    let size_pt = fitting(&painter, &number.text, rect.width() - 100.0, theme::LARGE_PT * 1.5);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, &number.text, theme::font(size_pt), colour(number));
}

/// Name and age in the first line, with signs for doubt and alarm between them.
fn heading(painter: &Painter, rect: Rect, number: &Number) {
    let font = theme::font(theme::SMALL_PT);
    let name = painter.text(rect.left_top(), Align2::LEFT_TOP, &number.label, font.clone(), ink(number.group));
    let mut between = pos2(name.right() + 6.0, rect.top());
    if number.is_questionable {
        between.x = painter.text(between, Align2::LEFT_TOP, "?", font.clone(), theme::CAUTION).right() + 4.0;
    }
    if let Some(alarm) = &number.alarm {
        painter.text(between, Align2::LEFT_TOP, signs(alarm.priority), font.clone(), urgent(alarm));
    }
    painter.text(rect.right_top(), Align2::RIGHT_TOP, spoken(number.age), font, theme::TEXT_QUIET);
}

/// The largest size up to `most_pt` in which `text` is no wider than `room`.
fn fitting(painter: &Painter, text: &str, room: f32, most_pt: f32) -> f32 {
    let width = painter.layout_no_wrap(text.to_owned(), theme::font(most_pt), theme::TEXT).size().x;
    if width > room { most_pt * room / width } else { most_pt }
}

fn told(ui: &mut Ui, alarm: &Told) {
    let text = format!("{} {}, {} ago", signs(alarm.priority), alarm.text, spoken(alarm.age));
    badge::line(ui, Sign { colour: urgent(alarm), icon: Icon::Triangle }, &text, WIDTH - 44.0);
}

fn show_curve(ui: &mut Ui, curve: &Curve) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), CURVE), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} curve", curve.label)));
    let (painter, ink) = (ui.painter().with_clip_rect(rect), ink(curve.group));
    painter.rect_filled(rect, CornerRadius::same(4), theme::GROUND);
    // Below the curve's name.
    let field = Rect::from_min_max(rect.min + vec2(2.0, theme::SMALL_PT + 4.0), rect.max - vec2(2.0, 4.0));
    if let Some(range) = curve.sweep.range {
        for line in &curve.sweep.lines {
            let points = outline(line, field.width()).into_iter().map(|point| placed(point, range, field)).collect();
            painter.add(Shape::line(points, Stroke::new(1.3, ink)));
        }
    }
    let unit = if curve.unit.is_empty() { String::new() } else { format!("  {}", curve.unit) };
    let label = format!("{}{unit}", curve.label);
    painter.text(rect.left_top() + vec2(4.0, 1.0), Align2::LEFT_TOP, label, theme::font(theme::SMALL_PT), ink);
}

/// The line with at most two points for each point of the screen's width, the lowest and the highest: what more there are
/// cannot be seen and would have to be drawn.
fn outline(line: &[Point], width: f32) -> Vec<Point> {
    let column = |point: &Point| (point.across * width) as i32;
    let mut outline = Vec::new();
    for points in line.chunk_by(|one, next| column(one) == column(next)) {
        let by_value = |one: &&Point, other: &&Point| one.value.total_cmp(&other.value);
        let extremes = points.iter().min_by(by_value).zip(points.iter().max_by(by_value));
        let Some((low, high)) = extremes else { continue };
        let (first, last) = if low.across <= high.across { (low, high) } else { (high, low) };
        outline.push(*first);
        if first != last {
            outline.push(*last);
        }
    }
    outline
}

/// A flat line lies in the middle.
fn placed(point: Point, (low, high): (f32, f32), field: Rect) -> Pos2 {
    let up = if high > low { (point.value - low) / (high - low) } else { 0.5 };
    pos2(field.left() + point.across * field.width(), field.bottom() - up * field.height())
}

fn colour(number: &Number) -> Color32 {
    if number.standing == Standing::Current { theme::TEXT } else { theme::TEXT_QUIET }
}

fn ink(group: Group) -> Color32 {
    let [heart, oxygen, pressure, cuff, breath, other] = theme::SIGNALS;
    match group {
        Group::Heart => heart,
        Group::Oxygen => oxygen,
        Group::Pressure => pressure,
        Group::Cuff => cuff,
        Group::Breath => breath,
        Group::Other => other,
    }
}

/// The colour of an alarm: quiet if its device has not spoken of it for long.
fn urgent(alarm: &Told) -> Color32 {
    match (alarm.standing, alarm.priority) {
        (Standing::Current, Priority::High) => theme::ALARM,
        (Standing::Current, _) => theme::CAUTION,
        (Standing::Late | Standing::Gone, _) => theme::TEXT_QUIET,
    }
}

/// As IEC 60601-1-8 marks priorities.
fn signs(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "!!!",
        Priority::Medium => "!!",
        Priority::Low | Priority::Unknown => "!",
    }
}

#[cfg(test)]
mod tests;
