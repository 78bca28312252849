//! Signs drawn from lines, so that each state has a shape of its own that no font has to supply and that is told
//! apart without seeing colours.

use std::f32::consts::TAU;

use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

/// A sign. Each has an outline unlike the others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Goes on.
    Disc,
    /// Goes on, with a reservation.
    Triangle,
    /// Stands still.
    Bars,
    /// Is gone.
    Cross,
    /// Is not there, though it should be.
    SlashedRing,
    /// Is there and the same as before.
    Squares,
    /// Is there and gives no light.
    HalfDisc,
    /// Is kept on purpose.
    Square,
    /// Not known.
    Diamond,
    /// Not yet there.
    Ring,
    /// Is hidden on purpose.
    Curtain,
    /// One step back.
    Back,
    /// All of it away.
    Sweep,
    /// Asks somebody to look.
    Bell,
    /// A picture that stands still on purpose.
    Photo,
    /// No longer where it was.
    Apart,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Nearer.
    Plus,
    /// Farther.
    Minus,
    /// Where it rests.
    Home,
}

/// Draws `icon` into the circle around `centre`.
pub fn paint(painter: &Painter, icon: Icon, centre: Pos2, radius: f32, colour: Color32) {
    let line = Stroke::new((radius * 0.3).max(1.5), colour);
    let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
    match icon {
        Icon::Disc => {
            painter.circle_filled(centre, radius * 0.8, colour);
        }
        Icon::Ring => {
            painter.circle_stroke(centre, radius * 0.7, line);
        }
        Icon::Bars => {
            for x in [-0.45, 0.45] {
                painter.line_segment([at(x, -0.8), at(x, 0.8)], Stroke::new(radius * 0.5, colour));
            }
        }
        Icon::Squares => squares(painter, centre, radius, line),
        Icon::HalfDisc => half_disc(painter, centre, radius, line),
        Icon::Cross => {
            painter.line_segment([at(-0.75, -0.75), at(0.75, 0.75)], line);
            painter.line_segment([at(-0.75, 0.75), at(0.75, -0.75)], line);
        }
        Icon::SlashedRing => {
            painter.circle_stroke(centre, radius * 0.8, line);
            painter.line_segment([at(-0.6, 0.6), at(0.6, -0.6)], line);
        }
        Icon::Curtain => curtain(painter, centre, radius, colour),
        Icon::Back => back(painter, centre, radius, line),
        Icon::Sweep => sweep(painter, centre, radius, line),
        Icon::Bell => {
            fill(painter, corners(icon).map(|(x, y)| at(x, y)).collect(), colour);
            painter.circle_filled(at(0.0, 0.78), radius * 0.2, colour);
        }
        Icon::Photo => {
            let frame = vec![at(-0.95, -0.7), at(0.95, -0.7), at(0.95, 0.7), at(-0.95, 0.7)];
            painter.add(Shape::closed_line(frame, line));
            painter.circle_filled(centre, radius * 0.3, colour);
        }
        Icon::Apart => {
            painter.circle_stroke(at(-0.45, 0.0), radius * 0.4, line);
            painter.circle_filled(at(0.55, 0.0), radius * 0.4, colour);
        }
        Icon::Minus => {
            painter.line_segment([at(-0.75, 0.0), at(0.75, 0.0)], line);
        }
        Icon::Plus => {
            painter.line_segment([at(-0.75, 0.0), at(0.75, 0.0)], line);
            painter.line_segment([at(0.0, -0.75), at(0.0, 0.75)], line);
        }
        Icon::Triangle
        | Icon::Diamond
        | Icon::Square
        | Icon::Up
        | Icon::Down
        | Icon::Left
        | Icon::Right
        | Icon::Home => {
            fill(painter, corners(icon).map(|(x, y)| at(x, y)).collect(), colour);
        }
    }
}

/// Where the corners of `icon`'s filled shape lie in the circle of radius 1; none if it has no such shape.
fn corners(icon: Icon) -> impl Iterator<Item = (f32, f32)> {
    let corners: &[(f32, f32)] = match icon {
        Icon::Triangle => &[(0.0, -0.95), (0.95, 0.75), (-0.95, 0.75)],
        Icon::Diamond => &[(0.0, -1.0), (0.8, 0.0), (0.0, 1.0), (-0.8, 0.0)],
        Icon::Square => &[(-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)],
        Icon::Bell => &[(-0.8, 0.55), (-0.55, 0.2), (-0.5, -0.5), (0.0, -0.95), (0.5, -0.5), (0.55, 0.2), (0.8, 0.55)],
        Icon::Up => &[(0.0, -0.7), (0.8, 0.5), (-0.8, 0.5)],
        Icon::Down => &[(0.0, 0.7), (-0.8, -0.5), (0.8, -0.5)],
        Icon::Left => &[(-0.7, 0.0), (0.5, -0.8), (0.5, 0.8)],
        Icon::Right => &[(0.7, 0.0), (-0.5, 0.8), (-0.5, -0.8)],
        Icon::Home => &[(0.0, -0.85), (0.8, -0.05), (0.55, 0.75), (-0.55, 0.75), (-0.8, -0.05)],
        _ => &[],
    };
    corners.iter().copied()
}

/// A disc of which one half is filled.
fn half_disc(painter: &Painter, centre: Pos2, radius: f32, line: Stroke) {
    painter.circle_stroke(centre, radius * 0.8, line);
    let arc = (0..=16).map(|step| TAU * (0.25 + step as f32 / 32.0));
    fill(painter, arc.map(|angle| centre + vec2(angle.cos(), angle.sin()) * (radius * 0.8)).collect(), line.color);
}

/// Two sheets, one before the other.
fn squares(painter: &Painter, centre: Pos2, radius: f32, line: Stroke) {
    for corner in [-0.8, -0.2] {
        let side = Rect::from_min_size(centre + vec2(corner, corner) * radius, vec2(radius, radius));
        painter.rect_stroke(side, 0, line, StrokeKind::Middle);
    }
}

/// A rail with two halves of cloth that nearly meet.
fn curtain(painter: &Painter, centre: Pos2, radius: f32, colour: Color32) {
    let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
    let rail = Stroke::new((radius * 0.25).max(1.5), colour);
    painter.line_segment([at(-1.0, -0.85), at(1.0, -0.85)], rail);
    for side in [-1.0, 1.0] {
        let cloth = [(0.12, -0.6), (0.9, -0.6), (0.9, 0.9), (0.25, 0.9)];
        fill(painter, cloth.into_iter().map(|(x, y)| at(x * side, y)).collect(), colour);
    }
}

/// An arrow that turns back: three quarters of a ring with a head at its start.
fn back(painter: &Painter, centre: Pos2, radius: f32, line: Stroke) {
    const STEPS: u8 = 24;
    let reach = radius * 0.7;
    let point = |turn: f32| {
        let angle = turn * TAU;
        pos2(centre.x + reach * angle.cos(), centre.y + reach * angle.sin())
    };
    let arc = (0..=STEPS).map(|step| point(0.55 + 0.72 * f32::from(step) / f32::from(STEPS)));
    painter.add(Shape::line(arc.collect(), line));
    let head = point(0.55);
    let points =
        vec![head + vec2(-0.42, -0.2) * radius, head + vec2(0.42, -0.2) * radius, head + vec2(-0.02, 0.45) * radius];
    fill(painter, points, line.color);
}

/// A sheet with everything on it struck out.
fn sweep(painter: &Painter, centre: Pos2, radius: f32, line: Stroke) {
    let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
    let thin = Stroke::new(line.width * 0.7, line.color);
    let sheet = vec![at(-0.8, -0.7), at(0.8, -0.7), at(0.8, 0.7), at(-0.8, 0.7)];
    painter.add(Shape::closed_line(sheet, thin));
    painter.line_segment([at(-0.4, -0.35), at(0.4, 0.35)], thin);
    painter.line_segment([at(-0.4, 0.35), at(0.4, -0.35)], thin);
}

fn fill(painter: &Painter, points: Vec<Pos2>, colour: Color32) {
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}
