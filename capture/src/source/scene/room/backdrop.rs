//! Walls, floor, lamp arms, screens and cupboards of the operating room, drawn once.

use protocol::geometry::SizePx;
use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point as SkiaPoint,
    RadialGradient, Rect, Shader, SpreadMode, Transform,
};

use super::super::frame::{Frame, Plane};
use super::super::pixel::{self, Rgb};
use super::super::stroke::{Point, point};
use super::View;

/// The clock's middle.
pub const CLOCK: Point = point(300.0, 44.0);
/// The clock's radius.
pub const CLOCK_RADIUS: f32 = 15.0;

/// The drawing, as the planes of a picture without padding.
pub struct Backdrop {
    width: usize,
    planes: [Vec<u8>; 3],
}

impl Backdrop {
    /// Draws it for pictures of this size.
    pub fn new(size: SizePx, view: View) -> Self {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let pixels = width * height;
        let mut planes = [vec![0; pixels], vec![0; pixels / 4], vec![0; pixels / 4]];
        let [luma, cb, cr] = &mut planes;
        let frame = Frame::new([luma, cb, cr], [width, width / 2, width / 2], width, height);
        if let Some((mut frame, mut pixmap)) = frame.zip(Pixmap::new(size.width.into(), size.height.into())) {
            let transform = Transform::from_row(view.scale, 0.0, 0.0, view.scale, view.corner.x, view.corner.y);
            let pixmap = &mut pixmap;
            let mut canvas = Canvas { pixmap, transform };
            walls(&mut canvas);
            door(&mut canvas);
            cupboard(&mut canvas);
            furniture(&mut canvas);
            screens(&mut canvas);
            clock(&mut canvas);
            lamp(&mut canvas);
            pixel::copy(canvas.pixmap, &mut frame);
        }
        Self { width, planes }
    }

    /// Fills `frame` with it.
    pub fn copy_to(&self, frame: &mut Frame<'_>) {
        let [luma, cb, cr] = &self.planes;
        fill(&mut frame.luma, luma, self.width);
        fill(&mut frame.cb, cb, self.width / 2);
        fill(&mut frame.cr, cr, self.width / 2);
    }
}

fn fill(plane: &mut Plane<'_>, values: &[u8], width: usize) {
    for (row, values) in plane.rows_mut().zip(values.chunks_exact(width)) {
        row.copy_from_slice(values);
    }
}

struct Canvas<'p> {
    pixmap: &'p mut Pixmap,
    transform: Transform,
}

impl Canvas<'_> {
    fn fill(&mut self, path: Option<Path>, shader: Shader<'_>) {
        let Some(path) = path else { return };
        let paint = Paint { shader, anti_alias: true, ..Paint::default() };
        self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.transform, None);
    }

    /// A polygon that shades from `upper` at its highest corner to `lower` at its lowest.
    fn polygon(&mut self, corners: &[(f32, f32)], upper: Rgb, lower: Rgb) {
        let top = corners.iter().map(|corner| corner.1).fold(f32::MAX, f32::min);
        let bottom = corners.iter().map(|corner| corner.1).fold(f32::MIN, f32::max);
        let mut path = PathBuilder::new();
        for (index, &(x, y)) in corners.iter().enumerate() {
            if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        path.close();
        self.fill(path.finish(), fall(top, bottom, upper, lower));
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Rgb) {
        let path = Rect::from_xywh(x, y, width, height).map(PathBuilder::from_rect);
        self.fill(path, Shader::SolidColor(opaque(colour)));
    }

    fn disc(&mut self, middle: Point, radii: (f32, f32), colour: Rgb) {
        let oval = Rect::from_xywh(middle.x - radii.0, middle.y - radii.1, radii.0 * 2.0, radii.1 * 2.0);
        self.fill(oval.and_then(PathBuilder::from_oval), Shader::SolidColor(opaque(colour)));
    }

    /// Light that fades out with the distance from `middle`.
    fn glow(&mut self, middle: Point, radius: f32, colour: Rgb, strength: f32) {
        let [r, g, b] = colour;
        let stop = |at: f32, alpha: f32| Color::from_rgba(r, g, b, alpha).map(|colour| GradientStop::new(at, colour));
        let stops = [stop(0.0, strength), stop(0.4, strength * 0.45), stop(1.0, 0.0)].into_iter().flatten();
        let at = SkiaPoint::from_xy(middle.x, middle.y);
        let shader = RadialGradient::new(at, 0.0, at, radius, stops.collect(), SpreadMode::Pad, Transform::identity());
        let oval = Rect::from_xywh(middle.x - radius, middle.y - radius, radius * 2.0, radius * 2.0);
        if let Some(shader) = shader {
            self.fill(oval.and_then(PathBuilder::from_oval), shader);
        }
    }
}

fn opaque([r, g, b]: Rgb) -> Color {
    Color::from_rgba(r, g, b, 1.0).unwrap_or(Color::BLACK)
}

fn fall(top: f32, bottom: f32, upper: Rgb, lower: Rgb) -> Shader<'static> {
    let stops = vec![GradientStop::new(0.0, opaque(upper)), GradientStop::new(1.0, opaque(lower))];
    let (from, to) = (SkiaPoint::from_xy(0.0, top), SkiaPoint::from_xy(0.0, bottom));
    LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity())
        .unwrap_or(Shader::SolidColor(opaque(upper)))
}

fn walls(canvas: &mut Canvas<'_>) {
    // Left wall, back wall, floor; the camera hangs in the corner opposite.
    canvas.polygon(
        &[(-20.0, -20.0), (150.0, -20.0), (150.0, 168.0), (-20.0, 232.0)],
        [0.40, 0.48, 0.50],
        [0.50, 0.59, 0.60],
    );
    canvas.polygon(
        &[(150.0, -20.0), (660.0, -20.0), (660.0, 182.0), (150.0, 168.0)],
        [0.52, 0.60, 0.62],
        [0.62, 0.70, 0.71],
    );
    canvas.polygon(
        &[(150.0, 168.0), (660.0, 182.0), (660.0, 380.0), (-20.0, 380.0), (-20.0, 232.0)],
        [0.40, 0.46, 0.50],
        [0.29, 0.34, 0.39],
    );
    // Skirting and a protective rail.
    canvas.polygon(
        &[(150.0, 162.0), (660.0, 176.0), (660.0, 182.0), (150.0, 168.0)],
        [0.30, 0.37, 0.39],
        [0.27, 0.33, 0.35],
    );
    canvas.polygon(
        &[(-20.0, 224.0), (150.0, 162.0), (150.0, 168.0), (-20.0, 232.0)],
        [0.27, 0.33, 0.35],
        [0.25, 0.31, 0.33],
    );
    canvas.polygon(
        &[(150.0, 116.0), (660.0, 122.0), (660.0, 129.0), (150.0, 122.0)],
        [0.72, 0.77, 0.76],
        [0.58, 0.64, 0.64],
    );
    canvas.polygon(
        &[(-20.0, 148.0), (150.0, 116.0), (150.0, 122.0), (-20.0, 157.0)],
        [0.60, 0.66, 0.65],
        [0.48, 0.54, 0.54],
    );
}

/// A double door in the left wall, with its windows.
fn door(canvas: &mut Canvas<'_>) {
    canvas.polygon(
        &[(14.0, 66.0), (104.0, 62.0), (104.0, 185.0), (14.0, 219.0)],
        [0.47, 0.42, 0.35],
        [0.40, 0.35, 0.29],
    );
    canvas.polygon(&[(58.0, 64.0), (60.0, 64.0), (60.0, 202.0), (58.0, 203.0)], [0.22, 0.20, 0.17], [0.22, 0.20, 0.17]);
    canvas.polygon(&[(24.0, 84.0), (48.0, 82.0), (48.0, 122.0), (24.0, 126.0)], [0.72, 0.79, 0.80], [0.55, 0.62, 0.63]);
    canvas.polygon(&[(70.0, 80.0), (94.0, 79.0), (94.0, 115.0), (70.0, 118.0)], [0.70, 0.77, 0.78], [0.55, 0.62, 0.63]);
}

/// A glass cupboard on the back wall.
fn cupboard(canvas: &mut Canvas<'_>) {
    canvas.rectangle(176.0, 54.0, 84.0, 104.0, [0.66, 0.70, 0.71]);
    for column in 0..2_u8 {
        let x = 180.0 + 40.0 * f32::from(column);
        canvas.polygon(
            &[(x, 58.0), (x + 36.0, 58.0), (x + 36.0, 154.0), (x, 154.0)],
            [0.30, 0.37, 0.40],
            [0.38, 0.45, 0.47],
        );
        for shelf in 0..4_u8 {
            let y = 78.0 + 24.0 * f32::from(shelf);
            canvas.rectangle(x, y, 36.0, 1.6, [0.70, 0.74, 0.75]);
            for item in 0..4_u8 {
                let tall = 7.0 + f32::from((item * 5 + shelf * 3 + column * 7) % 8);
                let colour = [[0.74, 0.76, 0.72], [0.35, 0.55, 0.66], [0.80, 0.70, 0.42], [0.62, 0.66, 0.68]];
                let colour = colour.get(usize::from((item + shelf) % 4)).copied().unwrap_or_default();
                canvas.rectangle(x + 3.0 + 8.5 * f32::from(item), y - tall, 6.0, tall, colour);
            }
        }
    }
}

fn furniture(canvas: &mut Canvas<'_>) {
    // Anaesthesia machine at the right.
    canvas.polygon(
        &[(560.0, 196.0), (634.0, 198.0), (634.0, 300.0), (560.0, 296.0)],
        [0.70, 0.73, 0.75],
        [0.45, 0.48, 0.51],
    );
    canvas.rectangle(566.0, 226.0, 62.0, 3.0, [0.32, 0.35, 0.38]);
    canvas.rectangle(566.0, 252.0, 62.0, 3.0, [0.32, 0.35, 0.38]);
    canvas.polygon(
        &[(556.0, 192.0), (638.0, 194.0), (638.0, 202.0), (556.0, 200.0)],
        [0.82, 0.84, 0.85],
        [0.62, 0.65, 0.67],
    );
    canvas.rectangle(600.0, 150.0, 5.0, 44.0, [0.40, 0.43, 0.46]);
    // Instrument table with its blue drape.
    canvas.polygon(
        &[(58.0, 262.0), (150.0, 250.0), (158.0, 326.0), (52.0, 342.0)],
        [0.20, 0.38, 0.60],
        [0.12, 0.25, 0.44],
    );
    canvas.polygon(
        &[(52.0, 252.0), (138.0, 240.0), (156.0, 256.0), (60.0, 270.0)],
        [0.38, 0.57, 0.78],
        [0.32, 0.50, 0.72],
    );
    for item in 0..9_u8 {
        let x = 68.0 + 8.6 * f32::from(item);
        canvas.polygon(
            &[(x, 256.0), (x + 2.0, 255.7), (x + 8.0, 262.0), (x + 6.0, 262.4)],
            [0.86, 0.89, 0.91],
            [0.66, 0.70, 0.73],
        );
    }
}

fn screens(canvas: &mut Canvas<'_>) {
    // On booms: what the scope sees, and the vital signs.
    canvas.rectangle(452.0, -10.0, 5.0, 54.0, [0.55, 0.58, 0.60]);
    canvas.polygon(
        &[(410.0, 40.0), (506.0, 44.0), (506.0, 106.0), (410.0, 102.0)],
        [0.09, 0.10, 0.11],
        [0.06, 0.07, 0.08],
    );
    canvas.polygon(
        &[(415.0, 45.0), (501.0, 48.5), (501.0, 101.0), (415.0, 97.5)],
        [0.02, 0.02, 0.02],
        [0.02, 0.02, 0.02],
    );
    canvas.disc(point(458.0, 73.0), (31.0, 24.5), [0.46, 0.15, 0.14]);
    canvas.disc(point(460.0, 74.0), (11.0, 18.0), [0.80, 0.62, 0.44]);
    canvas.polygon(
        &[(476.0, 56.0), (479.0, 55.0), (466.0, 70.0), (464.0, 69.0)],
        [0.62, 0.64, 0.66],
        [0.42, 0.44, 0.46],
    );
    canvas.glow(point(458.0, 74.0), 70.0, [0.85, 0.45, 0.40], 0.16);
    canvas.polygon(
        &[(572.0, 112.0), (640.0, 114.0), (640.0, 156.0), (572.0, 154.0)],
        [0.09, 0.10, 0.11],
        [0.06, 0.07, 0.08],
    );
    let lines = [[0.20, 0.80, 0.32], [0.20, 0.72, 0.84], [0.86, 0.32, 0.30]];
    for (line, colour) in lines.into_iter().enumerate() {
        let y = 122.0 + 11.0 * line as f32;
        for beat in 0..6_u8 {
            let x = 577.0 + 8.0 * f32::from(beat);
            canvas.polygon(&[(x, y + 4.0), (x + 3.0, y - 2.0), (x + 8.0, y + 4.0), (x + 3.0, y)], colour, colour);
        }
        canvas.rectangle(629.0, y - 2.0, 8.0, 6.0, colour);
    }
}

fn clock(canvas: &mut Canvas<'_>) {
    canvas.disc(CLOCK, (CLOCK_RADIUS + 2.0, CLOCK_RADIUS + 2.0), [0.25, 0.27, 0.29]);
    canvas.disc(CLOCK, (CLOCK_RADIUS, CLOCK_RADIUS), [0.90, 0.92, 0.92]);
    for hour in 0..12_u8 {
        let angle = std::f32::consts::TAU * f32::from(hour) / 12.0;
        let at = CLOCK + point(angle.sin(), -angle.cos()) * (CLOCK_RADIUS * 0.84);
        canvas.disc(at, (0.9, 0.9), [0.15, 0.16, 0.18]);
    }
}

fn lamp(canvas: &mut Canvas<'_>) {
    // Light on table and floor, then the lamp itself.
    canvas.glow(point(330.0, 244.0), 210.0, [0.98, 0.97, 0.90], 0.42);
    canvas.polygon(
        &[(338.0, -20.0), (346.0, -20.0), (348.0, 34.0), (340.0, 34.0)],
        [0.70, 0.73, 0.75],
        [0.56, 0.59, 0.61],
    );
    canvas.polygon(
        &[(340.0, 28.0), (348.0, 28.0), (366.0, 62.0), (356.0, 66.0)],
        [0.66, 0.69, 0.71],
        [0.52, 0.55, 0.57],
    );
    canvas.disc(point(352.0, 76.0), (50.0, 17.0), [0.62, 0.65, 0.67]);
    canvas.disc(point(352.0, 79.0), (47.0, 14.5), [0.86, 0.88, 0.88]);
    for index in 0..9_u8 {
        let angle = std::f32::consts::TAU * f32::from(index) / 9.0;
        canvas.disc(point(352.0 + 33.0 * angle.cos(), 80.0 + 9.0 * angle.sin()), (6.5, 2.9), [1.0, 1.0, 0.96]);
    }
    canvas.disc(point(352.0, 80.0), (9.0, 3.6), [1.0, 1.0, 0.96]);
    canvas.glow(point(352.0, 82.0), 92.0, [1.0, 0.99, 0.93], 0.55);
}
