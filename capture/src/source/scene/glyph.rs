//! Lettering of round strokes, as on technical drawings: the capitals, digits and signs that scenes need.

use super::frame::Frame;
use super::pixel::Codes;
use super::stroke::{Point, Stroke, point};

/// Width and height of a letter's grid.
const GRID: (f32, f32) = (4.0, 6.0);
/// From one letter's left edge to the next one's, in steps of the grid.
const ADVANCE: f32 = 5.6;

/// How lettering looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Height of a capital in pixels.
    pub height: f32,
    /// Radius of the pen in pixels.
    pub pen: f32,
    /// Colour of the ink.
    pub ink: Codes,
}

/// Writes `text` with the upper left corner of its first letter at `at`. What is no known letter is left blank.
pub fn write(frame: &mut Frame<'_>, text: &str, at: Point, style: Style) {
    let step = style.height / GRID.1;
    for (index, letter) in text.chars().enumerate() {
        let corner = at + point(index as f32 * ADVANCE * step, 0.0);
        for line in lines(letter) {
            for pair in line.array_windows::<2>() {
                let ends = pair.map(|(x, y)| corner + point(f32::from(x), f32::from(y)) * step);
                let stroke = Stroke { ends, radii: [style.pen; 2] };
                stroke.draw(frame, style.ink);
            }
        }
    }
}

/// Width of `text` at a height of `height` pixels.
pub fn width(text: &str, height: f32) -> f32 {
    let letters = text.chars().count() as f32;
    (letters * ADVANCE - (ADVANCE - GRID.0)).max(0.0) * height / GRID.1
}

/// The polylines of a letter on its grid.
fn lines(letter: char) -> &'static [&'static [(u8, u8)]] {
    match letter {
        '0' => &[&[(1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)]],
        '1' => &[&[(1, 1), (2, 0), (2, 6)]],
        '2' => &[&[(0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (0, 6), (4, 6)]],
        '3' => &[&[(0, 0), (4, 0), (2, 2), (3, 2), (4, 3), (4, 5), (3, 6), (1, 6), (0, 5)]],
        '4' => &[&[(3, 6), (3, 0), (0, 4), (4, 4)]],
        '5' => &[&[(4, 0), (0, 0), (0, 2), (3, 2), (4, 3), (4, 5), (3, 6), (1, 6), (0, 5)]],
        '6' => &[&[(3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5), (4, 4), (3, 3), (0, 3)]],
        '7' => &[&[(0, 0), (4, 0), (1, 6)]],
        '8' => &[
            &[(1, 0), (3, 0), (4, 1), (4, 2), (3, 3), (1, 3), (0, 2), (0, 1), (1, 0)],
            &[(1, 3), (0, 4), (0, 5), (1, 6), (3, 6), (4, 5), (4, 4), (3, 3)],
        ],
        '9' => &[&[(1, 6), (3, 6), (4, 5), (4, 1), (3, 0), (1, 0), (0, 1), (0, 2), (1, 3), (4, 3)]],
        'A' => &[&[(0, 6), (2, 0), (4, 6)], &[(1, 4), (3, 4)]],
        'B' => &[&[(0, 3), (3, 3), (4, 4), (4, 5), (3, 6), (0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3)]],
        'C' => &[&[(4, 1), (3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5)]],
        'E' => &[&[(4, 0), (0, 0), (0, 6), (4, 6)], &[(0, 3), (3, 3)]],
        'G' => &[&[(4, 1), (3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5), (4, 3), (2, 3)]],
        'H' => &[&[(0, 0), (0, 6)], &[(4, 0), (4, 6)], &[(0, 3), (4, 3)]],
        'I' => &[&[(2, 0), (2, 6)]],
        'L' => &[&[(0, 0), (0, 6), (4, 6)]],
        'M' => &[&[(0, 6), (0, 0), (2, 3), (4, 0), (4, 6)]],
        'N' => &[&[(0, 6), (0, 0), (4, 6), (4, 0)]],
        'O' => &[&[(1, 0), (3, 0), (4, 1), (4, 5), (3, 6), (1, 6), (0, 5), (0, 1), (1, 0)]],
        'P' => &[&[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)]],
        'R' => &[&[(0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)], &[(2, 3), (4, 6)]],
        'S' => &[&[(4, 1), (3, 0), (1, 0), (0, 1), (0, 2), (1, 3), (3, 3), (4, 4), (4, 5), (3, 6), (1, 6), (0, 5)]],
        'T' => &[&[(0, 0), (4, 0)], &[(2, 0), (2, 6)]],
        'U' => &[&[(0, 0), (0, 5), (1, 6), (3, 6), (4, 5), (4, 0)]],
        'D' => &[&[(0, 0), (2, 0), (4, 2), (4, 4), (2, 6), (0, 6), (0, 0)]],
        'F' => &[&[(4, 0), (0, 0), (0, 6)], &[(0, 3), (3, 3)]],
        'J' => &[&[(4, 0), (4, 5), (3, 6), (1, 6), (0, 5)]],
        'K' => &[&[(0, 0), (0, 6)], &[(4, 0), (0, 3), (4, 6)]],
        'V' => &[&[(0, 0), (2, 6), (4, 0)]],
        'W' => &[&[(0, 0), (1, 6), (2, 3), (3, 6), (4, 0)]],
        'X' => &[&[(0, 0), (4, 6)], &[(4, 0), (0, 6)]],
        'Y' => &[&[(0, 0), (2, 3), (4, 0)], &[(2, 3), (2, 6)]],
        '!' => &[&[(2, 0), (2, 4)], &[(2, 6), (2, 6)]],
        '?' => &[&[(0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (2, 3), (2, 4)], &[(2, 6), (2, 6)]],
        '-' => &[&[(1, 3), (3, 3)]],
        ':' => &[&[(2, 2), (2, 2)], &[(2, 5), (2, 5)]],
        '°' => &[&[(2, 0), (3, 0), (3, 1), (2, 1), (2, 0)]],
        '%' => {
            &[&[(4, 0), (0, 6)], &[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], &[(3, 5), (4, 5), (4, 6), (3, 6), (3, 5)]]
        }
        '/' => &[&[(4, 0), (0, 6)]],
        '(' => &[&[(3, 0), (2, 1), (2, 5), (3, 6)]],
        ')' => &[&[(1, 0), (2, 1), (2, 5), (1, 6)]],
        '.' => &[&[(2, 6), (2, 6)]],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_stays_on_its_grid_and_digits_differ() {
        let letters = "0123456789ABCDEFGHIJKLMNOPRSTUVWXY%/().!?-:°";
        for letter in letters.chars() {
            let lines = lines(letter);
            assert!(!lines.is_empty(), "{letter} is blank");
            assert!(lines.iter().copied().flatten().all(|&(x, y)| x <= 4 && y <= 6), "{letter} leaves its grid");
        }
        for (a, b) in ('0'..='8').zip('1'..='9') {
            assert_ne!(lines(a), lines(b));
        }
    }
}
