//! Plots as SVG text: panels of lines over two axes with a legend. What is plotted is `page`'s to say.

use std::fmt::Write as _;

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Which colour and dash of the palette.
    pub colour: usize,
    /// Its pieces; between two pieces nothing was there.
    pub pieces: Vec<Vec<(f64, f64)>>,
}

/// One pair of axes, both linear.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// Left and right end, and the step of its ticks.
    pub x: Axis,
    /// Lower and upper end, and the step of its ticks.
    pub y: Axis,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// A linear axis.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// What it shows.
    pub name: &'static str,
    /// Where it begins.
    pub from: f64,
    /// Where it ends; values beyond are drawn at its end.
    pub to: f64,
    /// From tick to tick.
    pub step: f64,
}

/// Okabe and Ito's colours, which people with any colour vision tell apart, and for what is beyond them a grey and a brown.
const COLOURS: [&str; 9] =
    ["#000000", "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#999999", "#7f3b08"];
// Room around a panel, for its ticks and names.
const MARGIN: f64 = 54.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 40.0;
const LEGEND_ROW: f64 = 20.0;

/// The panels, `columns` in a row, each of `width` x `height`, under one legend of all their lines.
pub fn svg(panels: &[Panel], columns: usize, width: f64, height: f64) -> String {
    let columns = columns.clamp(1, panels.len().max(1));
    let rows = panels.len().div_ceil(columns);
    let whole_width = width * columns as f64;
    let (legend, legend_height) = legend(panels, whole_width);
    let whole_height = height * rows as f64 + legend_height;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole_width} {whole_height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    svg.push_str(&legend);
    for (at, panel) in panels.iter().enumerate() {
        let (x, y) = ((at % columns) as f64 * width, (at / columns) as f64 * height + legend_height);
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        Area { width, height, panel }.draw(&mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// One entry for each line's name, in rows that fit `width`, and the height they take.
fn legend(panels: &[Panel], width: f64) -> (String, f64) {
    let mut svg = String::new();
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for line in panels.iter().flat_map(|panel| &panel.lines) {
        if !seen.contains(&(&line.name, line.colour)) {
            seen.push((&line.name, line.colour));
        }
    }
    let (mut x, mut y) = (MARGIN, 18.0);
    for (name, colour) in seen {
        // Seven pixels are a generous letter of this size.
        let entry = 48.0 + 7.0 * name.chars().count() as f64;
        if x > MARGIN && x + entry > width {
            (x, y) = (MARGIN, y + LEGEND_ROW);
        }
        let colour = colour_of(colour);
        let _ = writeln!(
            svg,
            "<path d=\"M{x} {y}h20\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{}\" y=\"{}\">{}</text>",
            x + 26.0,
            y + 4.0,
            escaped(name)
        );
        x += entry;
    }
    (svg, y + 12.0)
}

/// A panel at its place.
struct Area<'a> {
    width: f64,
    height: f64,
    panel: &'a Panel,
}

impl Area<'_> {
    fn draw(&self, svg: &mut String) {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"16\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>",
            self.width / 2.0,
            escaped(&self.panel.title)
        );
        self.axes(svg);
        for line in &self.panel.lines {
            for piece in &line.pieces {
                self.piece(svg, line.colour, piece);
            }
        }
    }

    fn axes(&self, svg: &mut String) {
        let (left, right) = (MARGIN, self.width - RIGHT);
        let (top, bottom) = (TOP, self.height - BOTTOM);
        for x in self.panel.x.ticks() {
            let at = self.x(x);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#dddddd\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{x}</text>",
                bottom + 15.0
            );
        }
        for y in self.panel.y.ticks() {
            let at = self.y(y);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#dddddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{y}</text>",
                left - 5.0,
                at + 4.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text><text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            left.midpoint(right),
            bottom + 32.0,
            escaped(self.panel.x.name),
            top.midpoint(bottom),
            escaped(self.panel.y.name)
        );
    }

    fn piece(&self, svg: &mut String, colour: usize, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let _ = write!(path, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, self.x(*x), self.y(*y));
        }
        // A point alone has no length; a round cap makes it a dot.
        if points.len() == 1 {
            path.push_str("h0");
        }
        let colour = colour_of(colour);
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
        );
    }

    fn x(&self, value: f64) -> f64 {
        MARGIN + self.panel.x.part(value) * (self.width - RIGHT - MARGIN)
    }

    fn y(&self, value: f64) -> f64 {
        let (top, bottom) = (TOP, self.height - BOTTOM);
        bottom - self.panel.y.part(value) * (bottom - top)
    }
}

impl Axis {
    fn ticks(self) -> impl Iterator<Item = f64> {
        let count = ((self.to - self.from) / self.step).round() as usize;
        (0..=count).map(move |tick| self.from + tick as f64 * self.step)
    }

    fn part(self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

fn colour_of(index: usize) -> &'static str {
    COLOURS.get(index % COLOURS.len()).copied().unwrap_or("#000000")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_a_path_and_values_beyond_an_axis_stay_on_it() {
        let axis = Axis { name: "ms", from: 0.0, to: 10.0, step: 5.0 };
        let pieces = vec![vec![(0.0, 0.0), (5.0, 99.0)], vec![(7.0, 7.0)]];
        let line = Line { name: "a < b".into(), colour: 1, pieces };
        let panel = Panel { title: "t".into(), x: axis, y: axis, lines: vec![line] };
        let svg = svg(&[panel.clone(), panel], 2, 400.0, 300.0);
        assert_eq!(svg.matches("fill=\"none\"").count(), 4);
        assert!(svg.contains("L219.0 24.0"), "{svg}");
        assert!(svg.contains("a &lt; b") && !svg.contains("a < b"));
    }
}
