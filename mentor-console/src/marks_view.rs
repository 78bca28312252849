//! One mark over the picture, drawn as theatre last spoke of it: solid is on a display in theatre, everything else is
//! thinner or broken and carries a sign. The line itself is `annotation::shape`'s, as in theatre.

use annotation::geometry::{View, ViewPoint, canvas_from_image};
use annotation::mark::Mark;
use annotation::shape;
use eframe::egui::{Color32, Painter, Pos2, Shape, Stroke, pos2, vec2};
use protocol::geometry::ImagePoint;
use protocol::layout::Tile;
use ui::badge::Sign;
use ui::icon::{self, Icon};
use ui::theme;

use crate::marks::Look;
use crate::toolbar;

/// How much of the ink's strength a line keeps that is not on a display.
const FAINT: f32 = 0.55;
/// How thick such a line is, of its own thickness.
const THIN: f32 = 0.5;
/// Dark border around a line, of its thickness, so that it stands on any picture.
const HALO: f32 = 0.35;
/// Lengths of a dash and of the gap after it, in physical pixels.
const DASH_PX: (f32, f32) = (10.0, 8.0);

/// Draws `mark`, which lies on `tile`. `drawing` while its pen is down: then its end is on its way by nature.
pub fn show(painter: &Painter, view: &View, tile: &Tile, mark: &Mark, look: Look, drawing: bool) {
    let picture = view.view_rect_from_canvas(tile.picture);
    let pen = Pen {
        painter,
        scale: painter.pixels_per_point(),
        ink: toolbar::colour(mark.ink),
        width_px: shape::width_px(mark.width, picture.width),
    };
    let place = |points: &[ImagePoint]| -> Vec<ViewPoint> {
        let way = points.iter().map(|point| view.view_from_canvas(canvas_from_image(tile, *point)));
        way.collect()
    };
    let curve = |points: &[ImagePoint]| shape::thinned(&shape::curve(&place(points)));
    let points = mark.points();
    let sign = match look {
        Look::Shown { points: shown } => {
            let shown = shown.min(points.len());
            let (sure, coming) = points.split_at(shown);
            // The coming part begins where the sure one ends.
            let coming = points.get(shown.saturating_sub(1)..).unwrap_or(coming);
            if shown < points.len() {
                pen.thin(&curve(coming));
            }
            pen.solid(&curve(sure));
            (shown < points.len() && !drawing).then_some((theme::UNSURE, Icon::Ring))
        }
        Look::Moved { .. } => Some((theme::CAUTION, Icon::Apart)),
        Look::MovedAway => Some((theme::ALARM, Icon::Apart)),
        Look::NoDisplay => Some((theme::CAUTION, Icon::SlashedRing)),
        Look::Faded => Some((theme::CAUTION, Icon::Triangle)),
        Look::Hidden => Some((theme::CAUTION, Icon::Bars)),
        Look::Failed => Some((theme::ALARM, Icon::Cross)),
        Look::Removing => Some((theme::UNSURE, Icon::Back)),
    };
    if !matches!(look, Look::Shown { .. }) {
        pen.dashed(&curve(points));
    }
    if let (Some((colour, icon)), Some(last)) = (sign, place(points).last()) {
        pen.sign(*last, Sign { colour, icon });
    }
}

struct Pen<'a> {
    painter: &'a Painter,
    /// Physical pixels in one of egui's points.
    scale: f32,
    ink: Color32,
    width_px: f32,
}

impl Pen<'_> {
    fn solid(&self, line: &[ViewPoint]) {
        self.line(line, self.width_px, self.ink);
    }

    fn thin(&self, line: &[ViewPoint]) {
        self.line(line, self.width_px * THIN, self.ink.gamma_multiply(FAINT));
    }

    fn dashed(&self, line: &[ViewPoint]) {
        let (on_px, off_px) = DASH_PX;
        for dash in shape::dashes(line, on_px, off_px) {
            self.thin(&dash);
        }
    }

    /// A line with round ends over its halo; a single point is a dot.
    fn line(&self, line: &[ViewPoint], width_px: f32, colour: Color32) {
        let points: Vec<Pos2> = line.iter().map(|point| pos2(point.x, point.y) / self.scale).collect();
        let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else { return };
        let halo_px = (width_px * HALO).clamp(1.0, 3.0);
        let halo = theme::VEIL.gamma_multiply(f32::from(colour.a()) / 255.0);
        for (width_px, colour) in [(width_px + 2.0 * halo_px, halo), (width_px, colour)] {
            let width = width_px / self.scale;
            for end in [first, last] {
                self.painter.circle_filled(end, width / 2.0, colour);
            }
            self.painter.add(Shape::line(points.clone(), Stroke::new(width, colour)));
        }
    }

    fn sign(&self, at: ViewPoint, sign: Sign) {
        let centre = pos2(at.x, at.y) / self.scale + vec2(12.0, -12.0);
        self.painter.circle_filled(centre, 10.0, theme::VEIL);
        icon::paint(self.painter, sign.icon, centre, 7.0, sign.colour);
    }
}
