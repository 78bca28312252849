//! The pens and what can be done with marks: few, large, labelled.

use annotation::ink;
use eframe::egui::{
    Color32, Key, KeyboardShortcut, Modifiers, Painter, Rect, Response, Stroke, StrokeKind, Ui, Vec2, vec2,
};
use protocol::call::Asked;
use protocol::mark::{Ink, Width};
use ui::icon::{self, Icon};
use ui::theme;
use ui::tool_button::{self, Choice};

use crate::calls::Stage;
use crate::command::Command;
use crate::state::{State, ViewOf};

/// The bar's width in points. See `link_view::HEIGHT`.
pub const WIDTH: f32 = 121.0;

const STILL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::S);
const LIVE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::Escape);
const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const CLEAR: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::Delete);

const CALL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F2);

const INKS: [(Ink, &str); 4] =
    [(Ink::Green, "Green"), (Ink::Cyan, "Cyan"), (Ink::Yellow, "Yellow"), (Ink::White, "White")];
/// With the thickness in points in which a button shows them.
const FINER: [(Width, &str, f32); 2] = [(Width::Fine, "Fine", 3.0), (Width::Medium, "Medium", 6.0)];
const BROAD: (Width, &str, f32) = (Width::Broad, "Broad", 12.0);

/// A button beside another one, and one that has the bar's width. All of them leave room for the vital signs below them in
/// a window of 720 rows.
const HALF: Vec2 = vec2(50.0, 50.0);
const WHOLE: Vec2 = vec2(105.0, 50.0);
const BETWEEN_GROUPS: f32 = 4.0;

/// Shows the bar and listens for its keys.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = vec2(5.0, 5.0);
    ui.horizontal(|ui| {
        still_button(ui, state, commands);
        layout_button(ui, state, commands);
    });
    ui.add_space(BETWEEN_GROUPS);
    for pair in INKS.chunks(2) {
        ui.horizontal(|ui| pair.iter().for_each(|&(ink, name)| ink_button(ui, ink, name, state, commands)));
    }
    ui.add_space(BETWEEN_GROUPS);
    ui.horizontal(|ui| FINER.into_iter().for_each(|pen| width_button(ui, HALF, pen, state, commands)));
    width_button(ui, WHOLE, BROAD, state, commands);
    ui.add_space(BETWEEN_GROUPS);
    ui.horizontal(|ui| mark_buttons(ui, state, commands));
    ui.add_space(BETWEEN_GROUPS);
    call(ui, state, commands);
}

fn mark_buttons(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let nothing_drawn = state.marks.on_board == 0;
    let actions = [
        (Command::Undo, Icon::Back, "Undo", "Undo the newest mark (Ctrl+Z)", UNDO),
        (Command::Clear, Icon::Sweep, "Clear", "Clear all marks (Delete)", CLEAR),
    ];
    for (command, sign, word, name, keys) in actions {
        let choice = if nothing_drawn { Choice::Idle } else { Choice::Free };
        let button = icon_button(ui, HALF, (sign, name, word), choice);
        let pressed = ui.input_mut(|input| input.consume_shortcut(&keys));
        if !nothing_drawn && (button.clicked() || pressed) {
            commands.push(command);
        }
    }
}

fn layout_button(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let choice = chosen(state.layouts_open);
    if tool_button::show(ui, HALF, "Choose the layout", "Layout", choice, layout_sign).clicked() {
        commands.push(Command::ToggleLayouts);
    }
}

fn icon_button(ui: &mut Ui, size: Vec2, (sign, name, word): (Icon, &str, &str), choice: Choice) -> Response {
    tool_button::show(ui, size, name, word, choice, |painter, room, colour| {
        icon::paint(painter, sign, room.center(), room.height() * 0.42, colour);
    })
}

/// One button: it asks, and while what was asked stands it says how far theatre is and takes it back.
fn call(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let standing = state.call.filter(|stage| stage.over_since().is_none());
    let word = state.call.map_or("Look here", Stage::words);
    let (name, command) = match standing {
        Some(_) => ("Take the call back (F2)", Command::Call(None)),
        None => ("Ask theatre to look at its monitor (F2)", Command::Call(Some(Asked::Attention))),
    };
    let choice = if standing.is_some() { Choice::Chosen } else { Choice::Free };
    let button = icon_button(ui, WHOLE, (Icon::Bell, name, word), choice);
    if button.clicked() || ui.input_mut(|input| input.consume_shortcut(&CALL)) {
        commands.push(command);
    }
}

/// Asks for a still, or goes back from it to what happens now: one press or key either way.
fn still_button(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let (held, source) = (state.view != ViewOf::Live, state.still_of);
    let (name, word, sign, key) = if held {
        ("Back to the live picture (Esc)", "Live", Icon::Disc, LIVE)
    } else {
        ("Still of the picture under the pointer, else of the primary (S)", "Still", Icon::Photo, STILL)
    };
    let choice = if held || source.is_some() { Choice::Free } else { Choice::Idle };
    let button = icon_button(ui, HALF, (sign, name, word), choice);
    let pressed = ui.input_mut(|input| input.consume_shortcut(&key));
    match source {
        _ if !(button.clicked() || pressed) => {}
        _ if held => commands.push(Command::BackToLive),
        Some(source) => commands.push(Command::AskStill(source)),
        None => {}
    }
}

/// A canvas with one large and two small tiles.
fn layout_sign(painter: &Painter, room: Rect, colour: Color32) {
    let canvas = Rect::from_center_size(room.center(), vec2(room.height() * 16.0 / 9.0, room.height()));
    let part = |min: Vec2, max: Vec2| Rect::from_min_max(canvas.lerp_inside(min), canvas.lerp_inside(max)).shrink(1.0);
    painter.rect_filled(part(vec2(0.0, 0.0), vec2(0.7, 1.0)), 0, colour);
    for top in [0.0, 0.5] {
        let inset = part(vec2(0.7, top), vec2(1.0, top + 0.5));
        painter.rect_stroke(inset, 0, Stroke::new(1.5, colour), StrokeKind::Inside);
    }
}

fn ink_button(ui: &mut Ui, ink: Ink, name: &str, state: &State, commands: &mut Vec<Command>) {
    let choice = chosen(state.pen.ink == ink);
    let tip = format!("{name} ink");
    let button = tool_button::show(ui, HALF, &tip, name, choice, |painter, room, _| {
        painter.circle_filled(room.center(), room.height() * 0.42, colour(ink));
    });
    if button.clicked() {
        commands.push(Command::Ink(ink));
    }
}

fn width_button(ui: &mut Ui, size: Vec2, pen: (Width, &str, f32), state: &State, commands: &mut Vec<Command>) {
    let (width, name, points) = pen;
    let choice = chosen(state.pen.width == width);
    let tip = format!("{name} pen");
    let ink = colour(state.pen.ink);
    let button = tool_button::show(ui, size, &tip, name, choice, |painter, room, _| {
        sample_line(painter, room, Stroke::new(points, ink));
    });
    if button.clicked() {
        commands.push(Command::Width(width));
    }
}

fn sample_line(painter: &Painter, room: Rect, stroke: Stroke) {
    let room = room.shrink2(vec2(14.0, 0.0));
    painter.line_segment([room.left_center(), room.right_center()], stroke);
    for end in [room.left_center(), room.right_center()] {
        painter.circle_filled(end, stroke.width / 2.0, stroke.color);
    }
}

fn chosen(yes: bool) -> Choice {
    if yes { Choice::Chosen } else { Choice::Free }
}

/// An ink on the console's screen.
pub fn colour(ink: Ink) -> Color32 {
    theme::from_srgb(ink::srgb(ink))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::all_well;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use protocol::ids::SourceId;

    fn shown(state: &State) -> Harness<'_, Vec<Command>> {
        Harness::new_ui_state(|ui, commands| show(ui, state, commands), Vec::new())
    }

    fn drawn() -> State {
        let mut state = all_well();
        state.marks.on_board = 1;
        state
    }

    #[test]
    fn each_button_asks_for_what_it_says() {
        let state = drawn();
        for (label, command) in [
            ("Green ink", Command::Ink(Ink::Green)),
            ("Cyan ink", Command::Ink(Ink::Cyan)),
            ("Yellow ink", Command::Ink(Ink::Yellow)),
            ("White ink", Command::Ink(Ink::White)),
            ("Fine pen", Command::Width(Width::Fine)),
            ("Medium pen", Command::Width(Width::Medium)),
            ("Broad pen", Command::Width(Width::Broad)),
            ("Undo the newest mark (Ctrl+Z)", Command::Undo),
            ("Clear all marks (Delete)", Command::Clear),
            ("Ask theatre to look at its monitor (F2)", Command::Call(Some(Asked::Attention))),
            ("Still of the picture under the pointer, else of the primary (S)", Command::AskStill(SourceId(0))),
            ("Choose the layout", Command::ToggleLayouts),
        ] {
            let mut harness = shown(&state);
            harness.get_by_label(label).click();
            harness.run();
            assert_eq!(harness.state(), &[command], "{label}");
        }
    }

    #[test]
    fn the_keys_do_what_their_buttons_do() {
        let state = drawn();
        let mut harness = shown(&state);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        harness.key_press(Key::Delete);
        harness.run();
        assert_eq!(harness.state(), &[Command::Undo, Command::Clear]);
    }

    #[test]
    fn a_call_that_stands_says_how_far_it_is_and_is_taken_back_by_the_same_key() {
        let mut state = all_well();
        state.call = Some(Stage::Told);
        let mut harness = shown(&state);
        harness.get_by_label("Take the call back (F2)");
        harness.key_press(Key::F2);
        harness.run();
        assert_eq!(harness.state(), &[Command::Call(None)]);
    }

    #[test]
    fn without_marks_there_is_nothing_to_undo_or_clear() {
        let state = all_well();
        let mut harness = shown(&state);
        harness.get_by_label("Undo the newest mark (Ctrl+Z)").click();
        harness.key_press(Key::Delete);
        harness.run();
        assert!(harness.state().is_empty());
    }
}
