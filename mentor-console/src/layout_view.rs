//! The panel in which the mentor asks for another layout or main source. Whether that is granted is theatre's to say; what
//! theatre does not grant cannot be asked for here, and the panel says so.

use eframe::egui::{Button, Color32, Painter, Rect, RichText, Stroke, StrokeKind, Ui, pos2, vec2};
use protocol::arrangement::{Answer, Arrangement, Preset, Wish};
use ui::theme;
use ui::tool_button::{self, Choice};

use crate::command::Command;
use crate::state::State;

/// The name of a preset on its button.
fn word(preset: Preset) -> &'static str {
    match preset {
        Preset::Solo => "Solo",
        Preset::SideBySide => "Side by side",
        Preset::Insets => "Insets",
        Preset::Quad => "Quad",
    }
}

/// What a refused wish is answered with, if it is refused.
pub fn refusal(answer: Answer) -> Option<&'static str> {
    match answer {
        Answer::Granted => None,
        Answer::Observer => Some("No change: who only watches does not choose the layout"),
        Answer::NotLayout => Some("No change: the layout is theatre's to choose"),
        Answer::NotMain => Some("No change: the main source is theatre's to choose"),
        Answer::NoSuchSource => Some("No change: theatre does not show this source"),
    }
}

/// Shows the panel.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.set_max_width(430.0);
    ui.label(RichText::new("Layout").size(theme::LARGE_PT));
    match &state.arrangement {
        None => quiet(ui, "Theatre has not told its layout yet."),
        Some(arrangement) => choices(ui, arrangement, commands),
    }
    ui.add_space(6.0);
    if ui.add_sized(vec2(202.0, 38.0), Button::new("Close")).clicked() {
        commands.push(Command::ToggleLayouts);
    }
}

fn choices(ui: &mut Ui, arrangement: &Arrangement, commands: &mut Vec<Command>) {
    let Arrangement { shown, grant, sources } = arrangement;
    quiet(ui, "How the picture from theatre is divided, for everybody in the session.");
    ui.horizontal(|ui| {
        for preset in Preset::ALL {
            let choice = choice(preset == shown.preset, grant.has_layout());
            let name = format!("Layout: {}", word(preset).to_lowercase());
            let button =
                tool_button::show(ui, vec2(98.0, 66.0), &name, word(preset), choice, |painter, room, colour| {
                    sketch(painter, room, preset, colour);
                });
            if button.clicked() {
                commands.push(Command::Arrange(Wish { preset, ..*shown }));
            }
        }
    });
    ui.add_space(4.0);
    quiet(ui, "The largest picture:");
    ui.horizontal_wrapped(|ui| {
        for offered in sources {
            let chosen = offered.source == shown.main;
            let outline = if chosen { (3.0, theme::CHOSEN) } else { (1.0, theme::LINE) };
            let name = format!("Main: {}", offered.name);
            let button =
                Button::selectable(chosen, name).frame_when_inactive(true).fill(theme::HOVERED).stroke(outline);
            let button = ui.add_enabled(grant.has_main(), button.min_size(vec2(98.0, 38.0)));
            if button.clicked() {
                commands.push(Command::Arrange(Wish { main: offered.source, ..*shown }));
            }
        }
    });
    for (granted, reason) in [(grant.has_layout(), Answer::NotLayout), (grant.has_main(), Answer::NotMain)] {
        if let Some(reason) = refusal(reason).filter(|_| !granted) {
            quiet(ui, reason);
        }
    }
}

fn choice(chosen: bool, granted: bool) -> Choice {
    match (chosen, granted) {
        (true, _) => Choice::Chosen,
        (false, true) => Choice::Free,
        (false, false) => Choice::Idle,
    }
}

/// A canvas with its tiles, the main one filled.
fn sketch(painter: &Painter, room: Rect, preset: Preset, colour: Color32) {
    let height = room.height().min(room.width() * 9.0 / 16.0);
    let canvas = Rect::from_center_size(room.center(), vec2(height * 16.0 / 9.0, height));
    let part = |x0: f32, y0: f32, x1: f32, y1: f32| {
        let at = |x: f32, y: f32| pos2(canvas.left() + x * canvas.width(), canvas.top() + y * canvas.height());
        Rect::from_min_max(at(x0, y0), at(x1, y1)).shrink(1.0)
    };
    let tiles = match preset {
        Preset::Solo => vec![part(0.0, 0.0, 1.0, 1.0)],
        Preset::SideBySide => vec![part(0.0, 0.0, 0.5, 1.0), part(0.5, 0.0, 1.0, 1.0)],
        Preset::Insets => {
            let inset = |row: f32| part(0.75, row / 3.0, 1.0, (row + 1.0) / 3.0);
            vec![part(0.0, 0.0, 0.75, 1.0), inset(0.0), inset(1.0), inset(2.0)]
        }
        Preset::Quad => {
            let quarter = |x: f32, y: f32| part(x, y, x + 0.5, y + 0.5);
            vec![quarter(0.0, 0.0), quarter(0.5, 0.0), quarter(0.0, 0.5), quarter(0.5, 0.5)]
        }
    };
    for (index, tile) in tiles.into_iter().enumerate() {
        match index {
            0 => painter.rect_filled(tile, 0, colour),
            _ => painter.rect_stroke(tile, 0, Stroke::new(1.5, colour), StrokeKind::Inside),
        };
    }
}

fn quiet(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::TEXT_QUIET));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::all_well;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use protocol::arrangement::{Grant, Offered};
    use protocol::ids::SourceId;

    fn state(grant: Grant) -> State {
        let offered = |(source, name): (u8, &str)| Offered { source: SourceId(source), name: name.to_owned() };
        let shown = Wish { preset: Preset::Insets, main: SourceId(0) };
        let sources = [(0, "endoscope"), (2, "room")].map(offered).to_vec();
        State { arrangement: Some(Arrangement { shown, grant, sources }), ..all_well() }
    }

    fn shown(state: &State) -> Harness<'_, Vec<Command>> {
        Harness::new_ui_state(|ui, commands| show(ui, state, commands), Vec::new())
    }

    #[test]
    fn a_layout_and_a_main_source_are_asked_for_by_their_buttons() {
        let state = state(Grant::Both);
        for (label, preset, main) in [
            ("Layout: solo", Preset::Solo, 0),
            ("Layout: side by side", Preset::SideBySide, 0),
            ("Layout: quad", Preset::Quad, 0),
            ("Main: room", Preset::Insets, 2),
        ] {
            let mut harness = shown(&state);
            harness.get_by_label(label).click();
            harness.run();
            assert_eq!(harness.state(), &[Command::Arrange(Wish { preset, main: SourceId(main) })], "{label}");
        }
    }

    #[test]
    fn what_theatre_does_not_grant_cannot_be_asked_for_and_the_panel_says_so() {
        let state = state(Grant::Nothing);
        let mut harness = shown(&state);
        for label in ["Layout: solo", "Main: room"] {
            harness.get_by_label(label).click();
            harness.run();
        }
        assert!(harness.state().is_empty());
        harness.get_by_label("No change: the layout is theatre's to choose");
        harness.get_by_label("No change: the main source is theatre's to choose");
    }

    #[test]
    fn before_theatre_told_its_layout_there_is_nothing_to_choose() {
        let state = all_well();
        let harness = shown(&state);
        harness.get_by_label("Theatre has not told its layout yet.");
        assert!(harness.query_by_label("Layout: solo").is_none());
    }
}
