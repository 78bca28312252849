//! The status bar: the picture's state and figures, what the lines carry and what is given up for them, the paths, and the legend of marks that are not simply shown.
//! What is not known is a dash, never a zero.

use std::time::Duration;

use eframe::egui::{Align, CursorIcon, Label, Layout, Response, RichText, Sense, Ui, vec2};
use protocol::ladder::{Bps, Cause, Rung};
use transport::drill::ledger::{Phase, Runner, seconds};
use ui::badge::{self, Sign};
use ui::icon::Icon;
use ui::theme;

use crate::command::Command;
use crate::picture_state::State as PictureState;
use crate::state::{Condition, Drill, Marks, Path, State};
use crate::{drill_view, picture_look};

/// The bar's height in points. With the toolbar's width it leaves a 16:9 picture its shape in a 16:9 window.
pub const HEIGHT: f32 = 68.0;

/// Room for one path in points: two fit side by side, with the reason for a path that is down.
const MAX_PATH_WIDTH: f32 = 360.0;

/// Room for a sign before its words in points.
const SIGN_WIDTH: f32 = 20.0;

/// Shows the bar.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = vec2(18.0, 4.0);
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        let verdict = state.verdict;
        badge::state(ui, picture_look::sign(verdict.state), picture_look::words(verdict.state));
        figures(ui, state, commands);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| lines(ui, state));
    });
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        for (place, path) in state.paths.iter().enumerate() {
            show_path(ui, (place, path), state, commands);
        }
        let elsewhere = |drill: &&Drill| state.paths.iter().all(|path| path.name != drill.path);
        for drill in state.drills.iter().filter(elsewhere) {
            badge::tag(ui, theme::DRILL, &format!("{} (path {} there)", drill_words(drill), drill.path));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| legend(ui, state.marks));
    });
}

fn figures(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let latency = &state.latency;
    let whole = format!("{} ms, p99 {} ms{}", millis(latency.now), millis(latency.p99), uncertainty(state));
    let opens = figure(ui, "glass to glass", &whole, Sense::click())
        .on_hover_text("Where the milliseconds go")
        .on_hover_cursor(CursorIcon::PointingHand);
    if opens.clicked() {
        commands.push(Command::ToggleStages);
    }
    let figures = [
        ("age", state.age.map_or_else(unknown, picture_look::spoken)),
        ("pictures/s", latency.fps.map_or_else(unknown, |fps| format!("{fps:.0}"))),
        ("lost", state.frames.lost.to_string()),
        ("skipped", state.frames.skipped.to_string()),
    ];
    for (caption, value) in figures {
        figure(ui, caption, &value, Sense::hover());
    }
}

/// What theatre gives up and why, or what the lines carry; without a link, what it last said means nothing.
fn lines(ui: &mut Ui, state: &State) {
    let linked = state.verdict.state != PictureState::Lost;
    let Some(position) = state.position.as_ref().filter(|_| linked) else { return };
    let what = match (position.rung, position.budget_bps) {
        (Rung::Full, Some(bps)) => format!("lines carry {}", Bps(bps)),
        (Rung::Full, None) => "no limit known".to_owned(),
        // The reason stands over the picture; here is room for the number.
        (Rung::Voice, _) => position.rung.words().to_owned(),
        _ => position.to_string(),
    };
    let more = match (picture_look::call(position), position.cause, position.spreading) {
        (Some(call), _, _) => format!(". {call}"),
        (None, None | Some(Cause::Lines | Cause::Recovering), Some(spreading)) => format!(", {}", spreading.word()),
        _ => String::new(),
    };
    let text = what + &more;
    let width = ui.available_width() - ui.spacing().item_spacing.x - SIGN_WIDTH;
    match picture_look::given_up(position.rung) {
        Some(sign) => badge::line(ui, sign, &text, width),
        None => ui.add(Label::new(RichText::new(text).color(theme::TEXT_QUIET)).selectable(false).truncate()),
    };
}

fn unknown() -> String {
    "—".to_owned()
}

/// A quiet caption with its value.
fn figure(ui: &mut Ui, caption: &str, value: &str, sense: Sense) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let text = |text: RichText| Label::new(text).selectable(false).sense(sense);
        let caption = ui.add(text(RichText::new(caption).color(theme::TEXT_QUIET)));
        caption | ui.add(text(RichText::new(value)))
    })
    .inner
}

/// Milliseconds, whole ones from ten on; or a dash.
fn millis(duration: Option<Duration>) -> String {
    duration.map_or_else(unknown, |duration| match duration.as_secs_f64() * 1e3 {
        few @ ..10.0 => format!("{few:.1}"),
        many => format!("{many:.0}"),
    })
}

fn uncertainty(state: &State) -> String {
    match state.clock {
        Some(clock) => format!(" (±{:.1} ms)", Duration::from_micros(clock.uncertainty_us).as_secs_f64() * 1e3),
        None => String::new(),
    }
}

/// A path, which opens the form for a drill on it; with the drill that there is.
fn show_path(ui: &mut Ui, (place, path): (usize, &Path), state: &State, commands: &mut Vec<Command>) {
    let (sign, word) = path_look(path.condition);
    let text = match (path.condition, &path.reason) {
        (_, Some(reason)) => format!("{} {word}: {reason}", path.name),
        (Condition::Down | Condition::Connecting, None) => format!("{} {word}", path.name),
        _ => format!(
            "{} {word}, {} ms, {} % lost",
            path.name,
            millis(path.rtt),
            path.loss_pct.map_or_else(unknown, |loss| format!("{loss:.1}"))
        ),
    };
    let opens = badge::line(ui, sign, &text, MAX_PATH_WIDTH).interact(Sense::click());
    if opens.on_hover_text("Drill on this path").on_hover_cursor(CursorIcon::PointingHand).clicked() {
        let is_open = state.drill_form.is_some_and(|form| form.path == place);
        commands.push(Command::DrillForm((!is_open).then(|| drill_view::blank(place))));
    }
    for drill in state.drills.iter().filter(|drill| drill.path == path.name) {
        badge::tag(ui, theme::DRILL, &drill_words(drill));
    }
}

fn drill_words(drill: &Drill) -> String {
    let by = match drill.runner {
        Runner::Here => "you",
        Runner::There => "theatre",
    };
    match drill.phase {
        Phase::Ahead(left) => format!("DRILL by {by} in {} s: {}", seconds(left), drill.effect),
        Phase::On(left) => format!("DRILL by {by}: {}, {} s left", drill.effect, seconds(left)),
    }
}

fn path_look(condition: Condition) -> (Sign, &'static str) {
    let (colour, icon, word) = match condition {
        Condition::Live => (theme::GOOD, Icon::Disc, "live"),
        Condition::Dark => (theme::CAUTION, Icon::Triangle, "dark"),
        Condition::Down => (theme::ALARM, Icon::Cross, "down"),
        Condition::Connecting => (theme::UNSURE, Icon::Ring, "connecting"),
    };
    (Sign { colour, icon }, word)
}

/// In words what the marks on the picture mean, for those that are not simply shown in theatre.
fn legend(ui: &mut Ui, marks: Marks) {
    let lines = [
        (marks.failed, theme::ALARM, Icon::Cross, "not confirmed by theatre"),
        (marks.no_display, theme::CAUTION, Icon::SlashedRing, "on a source no display in theatre shows"),
        (marks.faded, theme::CAUTION, Icon::Triangle, "faded in theatre"),
        (marks.removing, theme::UNSURE, Icon::Back, "being taken back"),
        (marks.pending, theme::UNSURE, Icon::Ring, "on the way"),
    ];
    for (count, colour, icon, words) in lines {
        if count > 0 {
            let what = if count == 1 { "mark" } else { "marks" };
            badge::line(ui, Sign { colour, icon }, &format!("{count} {what} {words}"), f32::INFINITY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture_state::Verdict;
    use crate::state::tests::all_well;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use protocol::ladder::{Position, Spreading};

    fn shown(state: &State) -> Harness<'_, Vec<Command>> {
        Harness::new_ui_state(|ui, commands| show(ui, state, commands), Vec::new())
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_never_a_zero() {
        let mut state = all_well();
        state.latency = Default::default();
        state.clock = None;
        state.age = None;
        for path in &mut state.paths {
            (path.rtt, path.loss_pct) = (None, None);
        }
        let harness = shown(&state);
        harness.get_by_label("— ms, p99 — ms");
        harness.get_by_label("a live, — ms, — % lost");
    }

    #[test]
    fn the_figures_and_both_paths_are_told() {
        let state = all_well();
        let harness = shown(&state);
        for label in ["LIVE", "41 ms, p99 55 ms (±1.2 ms)", "30", "a live, 21 ms, 0.0 % lost"] {
            harness.get_by_label(label);
        }
    }

    #[test]
    fn each_state_of_the_picture_is_named() {
        for (picture, words) in [
            (PictureState::Late, "LATE"),
            (PictureState::Frozen, "FROZEN"),
            (PictureState::SourceLost, "SOURCE LOST"),
            (PictureState::Repeating, "SOURCE REPEATS"),
            (PictureState::Black, "SOURCE BLACK"),
            (PictureState::Held, "IMAGE HELD"),
            (PictureState::Lost, "LINK LOST"),
            (PictureState::Unknown, "AGE UNKNOWN"),
            (PictureState::Waiting, "WAITING FOR PICTURE"),
        ] {
            let mut state = all_well();
            state.verdict = Verdict { state: picture, age: None };
            shown(&state).get_by_label(words);
        }
    }

    #[test]
    fn a_path_that_is_refused_says_why() {
        let mut state = all_well();
        if let Some(path) = state.paths.first_mut() {
            path.condition = Condition::Down;
            path.reason = Some("theatre's certificate is not the one configured".into());
        }
        shown(&state).get_by_label("a down: theatre's certificate is not the one configured");
    }

    #[test]
    fn a_dark_path_whose_line_is_known_to_be_down_says_so() {
        let mut state = all_well();
        if let Some(path) = state.paths.first_mut() {
            path.condition = Condition::Dark;
            path.reason = Some("the network interface of this path is gone".into());
        }
        shown(&state).get_by_label("a dark: the network interface of this path is gone");
    }

    #[test]
    fn a_drill_is_told_on_its_path_with_who_runs_it_and_for_how_long() {
        let ms = Duration::from_millis;
        let drill = |path: &str, runner, phase| {
            let effect = transport::drill::Effect::Cut;
            vec![Drill { path: path.into(), effect, runner, phase }]
        };
        for (drills, words) in [
            (drill("a", Runner::There, Phase::Ahead(ms(900))), "DRILL by theatre in 1 s: cut"),
            (drill("a", Runner::There, Phase::On(ms(3_100))), "DRILL by theatre: cut, 4 s left"),
            (drill("b", Runner::Here, Phase::On(ms(1))), "DRILL by you: cut, 1 s left"),
            (drill("x", Runner::There, Phase::On(ms(1))), "DRILL by theatre: cut, 1 s left (path x there)"),
        ] {
            let state = State { drills, ..all_well() };
            shown(&state).get_by_label(words);
        }
    }

    #[test]
    fn pressing_a_path_opens_the_form_for_a_drill_on_it_and_puts_it_away_again() {
        let mut state = all_well();
        for (form, asked) in [(None, Some(drill_view::blank(1))), (Some(drill_view::blank(1)), None)] {
            state.drill_form = form;
            let mut harness = shown(&state);
            harness.get_by_label("b live, 21 ms, 0.0 % lost").click();
            harness.run();
            assert_eq!(harness.state(), &[Command::DrillForm(asked)]);
        }
    }

    #[test]
    fn marks_that_are_not_simply_shown_are_explained_and_others_are_not() {
        let mut state = all_well();
        state.marks.on_board = 4;
        assert!(shown(&state).query_by_label_contains("mark").is_none());
        state.marks.no_display = 1;
        state.marks.pending = 2;
        let harness = shown(&state);
        harness.get_by_label("1 mark on a source no display in theatre shows");
        harness.get_by_label("2 marks on the way");
    }

    #[test]
    fn what_the_lines_carry_and_how_they_are_used_is_told_while_nothing_is_given_up() {
        let mut state = all_well();
        let spreading = Some(Spreading::Spread);
        for (budget_bps, words) in
            [(Some(5_640_000), "lines carry 5.6 Mbit/s, spread"), (None, "no limit known, spread")]
        {
            state.position = Some(Position { budget_bps, spreading, ..Position::default() });
            shown(&state).get_by_label(words);
        }
        state.verdict.state = PictureState::Lost;
        assert!(shown(&state).query_by_label("no limit known, spread").is_none(), "without a link nobody knows");
    }

    #[test]
    fn what_is_given_up_is_told_with_its_reason_and_in_the_end_the_number_to_call() {
        let mut state = all_well();
        let spreading = Some(Spreading::Duplicate);
        let budget_bps = Some(1_200_000);
        let position = Position { rung: Rung::HalfRate, cause: Some(Cause::Lines), budget_bps, spreading, phone: None };
        state.position = Some(position.clone());
        shown(&state).get_by_label("Picture rate halved: lines carry 1.2 Mbit/s, duplicate");
        let last = Position { rung: Rung::Voice, budget_bps: Some(80_000), ..position };
        for (phone, number) in [(Some("+49 30 12"), "+49 30 12"), (None, "no number configured")] {
            state.position = Some(Position { phone: phone.map(str::to_owned), ..last.clone() });
            let words = format!("Video and stills stopped. Call theatre: {number}");
            shown(&state).get_by_label(&words);
        }
    }

    #[test]
    fn pressing_glass_to_glass_opens_the_stages() {
        let state = all_well();
        let mut harness = shown(&state);
        harness.get_by_label("glass to glass").click();
        harness.run();
        assert_eq!(harness.state(), &[Command::ToggleStages]);
    }
}
