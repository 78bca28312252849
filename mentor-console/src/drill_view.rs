//! The form for a link drill: what to do to one of this console's paths, and for how long. What it does is told before
//! it begins; how it stands is the status bar's.

use eframe::egui::{Button, RichText, Ui, vec2};
use transport::drill::Effect;
use transport::drill::ledger::Runner;
use ui::theme;

use crate::command::Command;
use crate::state::{DrillForm, State};

/// What can be chosen: each a fault that lines have.
const EFFECTS: [(Effect, &str); 3] =
    [(Effect::Cut, "Cut it"), (Effect::Delay(200), "Delay by 200 ms"), (Effect::Thin(1_000), "Thin to 1 Mbit/s")];
/// How long, in seconds: a blink, time to talk about it, time to practise.
const SECONDS: [u16; 3] = [5, 15, 60];

/// Whether there is anything to show.
pub fn is_open(state: &State) -> bool {
    state.drill_form.is_some() || state.drill_refusal.is_some()
}

/// A form for the path at `path`, as it opens.
pub fn blank(path: usize) -> DrillForm {
    DrillForm { path, effect: Effect::Cut, seconds: 5 }
}

/// Shows the form, or why the last drill does not take place.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.set_max_width(430.0);
    let form = state.drill_form.and_then(|form| Some((form, state.paths.get(form.path)?)));
    let own = state.drills.iter().any(|drill| drill.runner == Runner::Here);
    match (&state.drill_refusal, form) {
        (Some(why), _) => refusal(ui, why, commands),
        (None, Some(_)) if own => running(ui, commands),
        (None, Some((form, path))) => choices(ui, form, &path.name, commands),
        (None, None) => close(ui, "Close", commands),
    }
}

fn choices(ui: &mut Ui, form: DrillForm, path: &str, commands: &mut Vec<Command>) {
    heading(ui, &format!("Drill on path {path}"));
    quiet(ui, "A fault on purpose, to practise with. Theatre is told first; it begins after 1 s and ends by itself.");
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        for (effect, name) in EFFECTS {
            choice(ui, name, 132.0, effect == form.effect, DrillForm { effect, ..form }, commands);
        }
    });
    ui.horizontal(|ui| {
        for seconds in SECONDS {
            let name = format!("for {seconds} s");
            choice(ui, &name, 132.0, seconds == form.seconds, DrillForm { seconds, ..form }, commands);
        }
    });
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add_sized(vec2(202.0, 38.0), Button::new("Start the drill").stroke((2.0, theme::DRILL))).clicked() {
            commands.push(Command::BeginDrill(form));
        }
        close(ui, "Cancel", commands);
    });
}

fn running(ui: &mut Ui, commands: &mut Vec<Command>) {
    heading(ui, "Your drill is under way");
    quiet(ui, "It ends by itself; the status bar counts it down.");
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add_sized(vec2(202.0, 38.0), Button::new("End the drill now").stroke((2.0, theme::DRILL))).clicked() {
            commands.extend([Command::EndDrill, Command::DrillForm(None)]);
        }
        close(ui, "Close", commands);
    });
}

fn refusal(ui: &mut Ui, why: &str, commands: &mut Vec<Command>) {
    heading(ui, "No drill");
    ui.label(sentence(why));
    ui.add_space(6.0);
    close(ui, "Close", commands);
}

/// An error's text as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

fn choice(ui: &mut Ui, name: &str, width: f32, chosen: bool, form: DrillForm, commands: &mut Vec<Command>) {
    let outline = if chosen { (3.0, theme::CHOSEN) } else { (1.0, theme::LINE) };
    let button = Button::selectable(chosen, name).frame_when_inactive(true).fill(theme::HOVERED).stroke(outline);
    if ui.add_sized(vec2(width, 38.0), button).clicked() {
        commands.push(Command::DrillForm(Some(form)));
    }
}

fn close(ui: &mut Ui, name: &str, commands: &mut Vec<Command>) {
    if ui.add_sized(vec2(202.0, 38.0), Button::new(name)).clicked() {
        commands.push(Command::DrillForm(None));
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(theme::LARGE_PT));
}

fn quiet(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::TEXT_QUIET));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Drill;
    use crate::state::tests::all_well;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use std::time::Duration;
    use transport::drill::ledger::Phase;

    fn shown(state: &State) -> Harness<'_, Vec<Command>> {
        Harness::new_ui_state(|ui, commands| show(ui, state, commands), Vec::new())
    }

    fn open() -> State {
        State { drill_form: Some(blank(1)), ..all_well() }
    }

    #[test]
    fn each_choice_changes_the_form_and_starting_asks_for_what_it_says() {
        let state = open();
        let form = blank(1);
        for (label, command) in [
            ("Delay by 200 ms", Command::DrillForm(Some(DrillForm { effect: Effect::Delay(200), ..form }))),
            ("Thin to 1 Mbit/s", Command::DrillForm(Some(DrillForm { effect: Effect::Thin(1_000), ..form }))),
            ("for 60 s", Command::DrillForm(Some(DrillForm { seconds: 60, ..form }))),
            ("Start the drill", Command::BeginDrill(form)),
            ("Cancel", Command::DrillForm(None)),
        ] {
            let mut harness = shown(&state);
            harness.get_by_label("Drill on path b");
            harness.get_by_label(label).click();
            harness.run();
            assert_eq!(harness.state(), &[command], "{label}");
        }
    }

    #[test]
    fn while_this_consoles_drill_runs_it_can_be_ended_and_no_second_one_begun() {
        let mut state = open();
        let phase = Phase::On(Duration::from_secs(3));
        state.drills = vec![Drill { path: "b".into(), effect: Effect::Cut, runner: Runner::Here, phase }];
        let mut harness = shown(&state);
        assert!(harness.query_by_label("Start the drill").is_none());
        harness.get_by_label("End the drill now").click();
        harness.run();
        assert_eq!(harness.state(), &[Command::EndDrill, Command::DrillForm(None)]);
    }

    #[test]
    fn a_refusal_is_told_until_it_was_read() {
        let mut state = open();
        state.drill_refusal = Some("path `a` is the only live one".into());
        let mut harness = shown(&state);
        harness.get_by_label("Path `a` is the only live one.");
        harness.get_by_label("Close").click();
        harness.run();
        assert_eq!(harness.state(), &[Command::DrillForm(None)]);
    }
}
