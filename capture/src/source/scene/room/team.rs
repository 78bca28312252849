//! The team at the table: two who operate, one who instruments, one at the head, one who walks. And the table itself,
//! since some stand before it and some behind.

use std::f32::consts::TAU;

use super::super::noise::smoothstep;
use super::super::pixel::Rgb;
use super::super::stroke::{Point, point};
use super::Brush;

const GOWN: Rgb = [0.20, 0.47, 0.50];
const GOWN_DARK: Rgb = [0.16, 0.38, 0.43];
const SCRUBS: Rgb = [0.24, 0.36, 0.58];
const CAP: Rgb = [0.33, 0.60, 0.64];
const SKIN: Rgb = [0.76, 0.56, 0.45];
const SKIN_DARK: Rgb = [0.46, 0.31, 0.23];
const MASK: Rgb = [0.72, 0.82, 0.86];
const GLOVE: Rgb = [0.86, 0.84, 0.78];
const SHOE: Rgb = [0.86, 0.88, 0.88];
const DRAPE: Rgb = [0.22, 0.50, 0.42];
const DRAPE_LIT: Rgb = [0.33, 0.64, 0.55];
const FIELD: Rgb = [0.66, 0.26, 0.22];
const STEEL: Rgb = [0.70, 0.73, 0.75];

/// One person, from the feet up.
struct Person {
    /// Between the feet, on the floor.
    feet: Point,
    /// Body height in units.
    height: f32,
    /// Where both hands are.
    hands: [Point; 2],
    /// Where the head looks, -1 to the left, 1 to the right.
    looks: f32,
    clothes: Rgb,
    skin: Rgb,
}

/// Draws everything that moves, `seconds` after the scene's beginning, back to front.
pub fn draw(brush: &mut Brush<'_, '_>, seconds: f32) {
    let wave = |hz: f32, phase: f32| (TAU * (hz * seconds + phase)).sin();
    walker(seconds).draw(brush);
    operator_behind(&wave).draw(brush);
    at_the_head(&wave).draw(brush);
    table(brush, wave(0.23, 0.0));
    instruments_in_hand(brush, &wave);
    assistant(&wave).draw(brush);
    scrub_nurse(&wave).draw(brush);
}

fn operator_behind(wave: &impl Fn(f32, f32) -> f32) -> Person {
    let sway = 2.0 * wave(0.13, 0.0);
    Person {
        feet: point(300.0 + sway, 262.0),
        height: 150.0,
        hands: [
            point(304.0 + 5.0 * wave(0.41, 0.1), 216.0 + 3.0 * wave(0.57, 0.4)),
            point(342.0 + 4.0 * wave(0.33, 0.6), 218.0 + 3.0 * wave(0.47, 0.9)),
        ],
        looks: 0.5 + 0.5 * wave(0.05, 0.2),
        clothes: GOWN,
        skin: SKIN,
    }
}

fn at_the_head(wave: &impl Fn(f32, f32) -> f32) -> Person {
    Person {
        feet: point(520.0 + 1.5 * wave(0.09, 0.3), 286.0),
        height: 138.0,
        hands: [
            point(486.0 + 3.0 * wave(0.21, 0.2), 222.0 + 2.0 * wave(0.3, 0.0)),
            point(556.0, 214.0 + 6.0 * wave(0.11, 0.5)),
        ],
        looks: -0.3 + 0.7 * wave(0.07, 0.0),
        clothes: SCRUBS,
        skin: SKIN_DARK,
    }
}

fn assistant(wave: &impl Fn(f32, f32) -> f32) -> Person {
    Person {
        feet: point(392.0 + 2.0 * wave(0.11, 0.7), 352.0),
        height: 170.0,
        hands: [
            point(350.0 + 3.0 * wave(0.37, 0.2), 234.0 + 2.0 * wave(0.51, 0.3)),
            point(412.0 + 3.0 * wave(0.29, 0.8), 232.0 + 2.0 * wave(0.43, 0.6)),
        ],
        looks: -0.8,
        clothes: GOWN_DARK,
        skin: SKIN,
    }
}

fn scrub_nurse(wave: &impl Fn(f32, f32) -> f32) -> Person {
    // Turns from the instrument table to the field and back.
    let turn = (1.6 * wave(0.08, 0.0)).clamp(-1.0, 1.0);
    let reach = point(52.0 * turn, -6.0 * turn);
    Person {
        feet: point(190.0 + 5.0 * turn, 346.0),
        height: 164.0,
        hands: [point(172.0, 250.0) + reach, point(206.0, 246.0) + reach * 0.7],
        looks: turn,
        clothes: GOWN,
        skin: SKIN_DARK,
    }
}

/// Walks along the back wall, waits, and walks back.
fn walker(seconds: f32) -> Person {
    let phase = (seconds / 26.0).fract();
    let there = smoothstep(0.05, 0.4, phase) - smoothstep(0.55, 0.9, phase);
    let step = (there * 34.0).sin();
    let feet = point(186.0 + 290.0 * there, 200.0 + 6.0 * there - step.abs());
    Person {
        feet,
        height: 122.0,
        hands: [feet + point(-12.0, -58.0 + 3.0 * step), feet + point(13.0, -58.0 - 3.0 * step)],
        looks: if phase < 0.5 { 0.8 } else { -0.8 },
        clothes: SCRUBS,
        skin: SKIN,
    }
}

impl Person {
    fn draw(&self, brush: &mut Brush<'_, '_>) {
        // Proportions of a standing adult, as parts of the body's height.
        let unit = self.height / 100.0;
        let up = |part: f32| self.feet - point(0.0, part * unit);
        let side = |part: f32| point(part * unit, 0.0);
        brush.shadow([self.feet - side(8.0), self.feet + side(14.0)], 9.0 * unit, 0.5);
        for foot in [-6.0, 6.0] {
            brush.body([up(1.5) + side(foot), up(1.0) + side(foot * 1.4)], [3.2 * unit, 3.0 * unit], SHOE);
            brush.body([up(44.0) + side(foot * 0.7), up(5.0) + side(foot)], [6.5 * unit, 4.2 * unit], self.clothes);
        }
        brush.body([up(72.0), up(36.0)], [13.0 * unit, 14.5 * unit], self.clothes);
        brush.body([up(76.0) - side(9.0), up(76.0) + side(9.0)], [7.0 * unit, 7.0 * unit], self.clothes);
        for (hand, shoulder) in self.hands.into_iter().zip([up(76.0) - side(12.0), up(76.0) + side(12.0)]) {
            self.arm(brush, shoulder, hand, unit);
        }
        self.head(brush, up(91.0), unit);
    }

    fn arm(&self, brush: &mut Brush<'_, '_>, shoulder: Point, hand: Point, unit: f32) {
        // The elbow hangs below the straight line, the more so the nearer the hand.
        let slack = (34.0 * unit - (hand - shoulder).length() * 0.7).max(2.0 * unit);
        let outward = if shoulder.x < self.feet.x { -0.35 } else { 0.35 };
        let elbow = (shoulder + hand) * 0.5 + point(outward * slack, slack * 0.75);
        brush.body([shoulder, elbow], [5.6 * unit, 4.6 * unit], self.clothes);
        brush.body([elbow, hand], [4.6 * unit, 3.4 * unit], self.clothes);
        brush.body([hand, hand + (hand - elbow) * (0.1)], [3.4 * unit, 2.8 * unit], GLOVE);
    }

    fn head(&self, brush: &mut Brush<'_, '_>, middle: Point, unit: f32) {
        let face = middle + point(self.looks * 1.6 * unit, 1.2 * unit);
        brush.body([middle + point(0.0, 7.0 * unit), middle], [4.0 * unit, 4.5 * unit], self.skin);
        brush.body([middle, face], [7.2 * unit, 6.6 * unit], self.skin);
        brush.body(
            [face + point(-2.6 * unit, 3.0 * unit), face + point(2.6 * unit, 3.0 * unit)],
            [3.4 * unit; 2],
            MASK,
        );
        let cap = middle - point(0.0, 2.6 * unit);
        brush.body([cap - point(3.2 * unit, 0.0), cap + point(3.2 * unit, 0.0)], [5.6 * unit; 2], CAP);
    }
}

fn table(brush: &mut Brush<'_, '_>, breath: f32) {
    brush.shadow([point(230.0, 330.0), point(450.0, 330.0)], 34.0, 0.55);
    brush.body([point(338.0, 270.0), point(338.0, 326.0)], [16.0, 22.0], STEEL);
    // The drape hangs in folds.
    for fold in 0..13_u8 {
        let x = 226.0 + 18.4 * f32::from(fold);
        let length = 302.0 + 5.0 * f32::from(fold % 3);
        brush.body([point(x, 244.0), point(x, length)], [12.0, 10.0], DRAPE);
    }
    brush.body([point(230.0, 238.0), point(446.0, 238.0)], [19.0, 19.0], DRAPE_LIT);
    brush.body([point(262.0, 228.0), point(414.0, 227.0 - 0.6 * breath)], [13.0, 15.0], DRAPE_LIT);
    brush.body([point(440.0, 228.0), point(452.0, 228.0)], [11.0, 10.0], DRAPE_LIT);
    brush.body([point(322.0, 219.0), point(342.0, 219.0)], [5.0, 5.0], FIELD);
}

/// The handles that both who operate hold.
fn instruments_in_hand(brush: &mut Brush<'_, '_>, wave: &impl Fn(f32, f32) -> f32) {
    let tips = point(332.0 + 2.0 * wave(0.41, 0.1), 219.0);
    for handle in [point(306.0 + 5.0 * wave(0.41, 0.1), 204.0), point(350.0 + 3.0 * wave(0.37, 0.2), 236.0)] {
        brush.line([handle, tips], 1.1, STEEL);
    }
}
