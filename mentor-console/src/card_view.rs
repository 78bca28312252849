//! The card that tells a newcomer what to try.

use eframe::egui::{Button, RichText, Ui, vec2};
use ui::theme;

use crate::command::Command;

const LINES: [(&str, &str); 3] = [
    ("Draw on the picture.", "Your stroke appears on the display in theatre."),
    ("Press c in the terminal.", "One of the two lines is cut for 5 s. Watch the paths below; the picture goes on."),
    ("Click “glass to glass” below.", "It opens where the milliseconds go between the camera and this screen."),
];

/// Shows the card's content.
pub fn show(ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.set_max_width(380.0);
    ui.label(RichText::new("Try this").size(theme::LARGE_PT));
    for (what, then) in LINES {
        ui.add_space(4.0);
        ui.label(RichText::new(what).strong());
        ui.label(RichText::new(then).color(theme::TEXT_QUIET));
    }
    ui.add_space(8.0);
    if ui.add_sized(vec2(110.0, 38.0), Button::new("Got it")).clicked() {
        commands.push(Command::DismissCard);
    }
}
