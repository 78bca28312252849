//! Where the milliseconds go: the stages of a frame's way as a bar and in words. Medians of the last ten seconds.

use std::time::Duration;

use eframe::egui::{CornerRadius, Grid, Pos2, Rect, RichText, Sense, Ui, pos2, vec2};
use ui::theme;

use crate::latency::{STAGES, Summary};

const BAR: eframe::egui::Vec2 = vec2(360.0, 22.0);

/// Shows the stages.
pub fn show(ui: &mut Ui, summary: &Summary) {
    ui.label(RichText::new("Where the milliseconds go").size(theme::LARGE_PT));
    bar(ui, summary);
    Grid::new("stages").num_columns(3).spacing(vec2(12.0, 4.0)).show(ui, |ui| {
        for ((name, value), colour) in STAGES.iter().zip(summary.stages).zip(theme::STAGES) {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
            ui.painter().rect_filled(rect, CornerRadius::same(3), colour);
            ui.label(*name);
            ui.label(millis(value));
            ui.end_row();
        }
        ui.label("");
        ui.label(RichText::new("glass to glass, median").strong());
        ui.label(RichText::new(millis(summary.p50)).strong());
        ui.end_row();
    });
}

fn bar(ui: &mut Ui, summary: &Summary) {
    let (rect, _) = ui.allocate_exact_size(BAR, Sense::hover());
    let whole: f32 = summary.stages.iter().flatten().map(Duration::as_secs_f32).sum();
    if whole <= 0.0 {
        ui.painter().rect_filled(rect, CornerRadius::same(3), theme::LINE);
        return;
    }
    let mut left = rect.left();
    for (value, colour) in summary.stages.iter().zip(theme::STAGES) {
        let width = value.map_or(0.0, |value| value.as_secs_f32() / whole * rect.width());
        let part = Rect::from_min_max(Pos2::new(left, rect.top()), pos2(left + width, rect.bottom()));
        ui.painter().rect_filled(part, CornerRadius::ZERO, colour);
        left += width;
    }
}

fn millis(value: Option<Duration>) -> String {
    value.map_or_else(|| "—".to_owned(), |value| format!("{:.1} ms", value.as_secs_f64() * 1e3))
}
