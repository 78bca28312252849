//! The pad over a room camera's tile: held buttons that pan, tilt and zoom, and one that brings it home.

use eframe::egui::{Align2, CornerRadius, Rect, Response, Role, Sense, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use protocol::camera::{Drive, Health, Offer};
use protocol::ids::SourceId;
use ui::icon::{self, Icon};
use ui::theme;

use crate::command::Command;

/// A button's side in points: three of them with a finger's breadth each would hide the tile.
const SIDE: f32 = 30.0;
/// Between two buttons.
const GAP: f32 = 3.0;
/// The speed of a held button, in percent: a wall in five seconds, slow enough to stop at what is looked for.
const SPEED: i8 = 40;

/// What the buttons do, by column and row; what a screen reader calls them, and their sign.
const BUTTONS: [(usize, usize, Press, &str, Icon); 7] = [
    (0, 0, Press::Hold(Drive { zoom: -SPEED, ..Drive::STOP }), "Zoom the room camera out", Icon::Minus),
    (1, 0, Press::Hold(Drive { tilt: SPEED, ..Drive::STOP }), "Tilt the room camera up", Icon::Up),
    (2, 0, Press::Hold(Drive { zoom: SPEED, ..Drive::STOP }), "Zoom the room camera in", Icon::Plus),
    (0, 1, Press::Hold(Drive { pan: -SPEED, ..Drive::STOP }), "Pan the room camera left", Icon::Left),
    (1, 1, Press::Home, "Bring the room camera home", Icon::Home),
    (2, 1, Press::Hold(Drive { pan: SPEED, ..Drive::STOP }), "Pan the room camera right", Icon::Right),
    (1, 2, Press::Hold(Drive { tilt: -SPEED, ..Drive::STOP }), "Tilt the room camera down", Icon::Down),
];

#[derive(Debug, Clone, Copy)]
enum Press {
    Hold(Drive),
    Home,
}

/// The pad's size in points, with the line that says what is wrong.
pub fn size(offer: &Offer) -> Vec2 {
    let side = 3.0 * SIDE + 2.0 * GAP;
    vec2(side, if words(offer.health).is_some() { side + 18.0 } else { side })
}

/// Shows the pad of `offer`. Gives the movement that is held.
pub fn show(ui: &mut Ui, offer: &Offer, commands: &mut Vec<Command>) -> Option<(SourceId, Drive)> {
    let (rect, _) = ui.allocate_exact_size(size(offer), Sense::hover());
    let mut held = None;
    for (column, row, press, name, sign) in BUTTONS {
        let corner = rect.min + vec2(column as f32, row as f32) * (SIDE + GAP);
        let button = button(ui, Rect::from_min_size(corner, Vec2::splat(SIDE)), name, sign);
        // A press by keyboard or screen reader has no release: it nudges, and the camera stops by itself.
        let nudged = button.clicked() && !ui.input(|input| input.pointer.any_released());
        match press {
            Press::Hold(drive) if button.is_pointer_button_down_on() || nudged => held = Some((offer.source, drive)),
            Press::Home if button.clicked() => commands.push(Command::CameraHome(offer.source)),
            Press::Hold(_) | Press::Home => {}
        }
    }
    if let Some(words) = words(offer.health) {
        let at = pos2(rect.center().x, rect.bottom());
        ui.painter().text(at, Align2::CENTER_BOTTOM, words, theme::font(theme::SMALL_PT), theme::CAUTION);
    }
    held
}

fn words(health: Health) -> Option<&'static str> {
    match health {
        Health::Ready => None,
        Health::Silent => Some("no answer"),
        Health::Refusing => Some("refuses"),
    }
}

fn button(ui: &Ui, rect: Rect, name: &str, sign: Icon) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let fill = match (response.is_pointer_button_down_on(), response.hovered() || response.has_focus()) {
        (true, _) => theme::LINE,
        (false, true) => theme::HOVERED,
        (false, false) => theme::VEIL,
    };
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(6), fill, (1.0, theme::LINE), StrokeKind::Inside);
    icon::paint(painter, sign, rect.center(), SIDE * 0.28, theme::TEXT);
    response.on_hover_text(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    const ROOM: SourceId = SourceId(3);

    type Shown = (Vec<Command>, Vec<Option<(SourceId, Drive)>>);

    fn pad(health: Health) -> Harness<'static, Shown> {
        let shown = move |ui: &mut Ui, (commands, held): &mut Shown| {
            held.push(show(ui, &Offer { source: ROOM, health }, commands));
        };
        Harness::new_ui_state(shown, Shown::default())
    }

    #[test]
    fn a_held_button_moves_the_camera_until_it_is_let_go() {
        for (name, drive) in [
            ("Pan the room camera left", Drive { pan: -SPEED, ..Drive::STOP }),
            ("Tilt the room camera up", Drive { tilt: SPEED, ..Drive::STOP }),
            ("Zoom the room camera in", Drive { zoom: SPEED, ..Drive::STOP }),
        ] {
            let mut pad = pad(Health::Ready);
            pad.run();
            let pos = pad.get_by_label(name).rect().center();
            pad.drag_at(pos);
            pad.step();
            pad.step();
            assert_eq!(pad.state().1.last(), Some(&Some((ROOM, drive))), "{name}");
            pad.drop_at(pos);
            pad.step();
            pad.step();
            assert_eq!(pad.state().1.last(), Some(&None), "{name} let go");
        }
    }

    #[test]
    fn home_is_asked_once() {
        let mut pad = pad(Health::Ready);
        pad.run();
        pad.get_by_label("Bring the room camera home").click();
        pad.run();
        assert_eq!(pad.state().0, [Command::CameraHome(ROOM)]);
    }
}
