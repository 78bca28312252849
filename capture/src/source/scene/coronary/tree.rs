//! The left coronary tree: main stem, the descending artery with its diagonals and septals, the circumflex with its
//! marginals, and the twigs of all of them.

use fastrand::Rng;

use super::super::frame::Plane;
use super::super::stroke::{Point, Stroke, curve, point};
use super::{OSTIUM, View};

/// The tree, pixel by pixel.
pub struct Tree {
    /// How much a vessel full of contrast absorbs, in 1/256.
    pub depth: Vec<u8>,
    /// How late contrast comes, in 1/255 of the transit time.
    pub delay: Vec<u8>,
}

/// A vessel by hand: its way in units, radii at both ends in units, delays at both ends (0-1).
struct Branch {
    way: &'static [Point],
    radii: [f32; 2],
    delays: [f32; 2],
}

const MAIN: Branch =
    Branch { way: &[OSTIUM, point(-36.0, -112.0), point(-16.0, -104.0)], radii: [5.4, 5.0], delays: [0.0, 0.06] };
const DESCENDING: Branch = Branch {
    way: &[
        point(-16.0, -104.0),
        point(30.0, -100.0),
        point(78.0, -72.0),
        point(112.0, -26.0),
        point(134.0, 34.0),
        point(142.0, 94.0),
        point(128.0, 150.0),
        point(104.0, 176.0),
    ],
    radii: [4.6, 1.3],
    delays: [0.06, 0.85],
};
const CIRCUMFLEX: Branch = Branch {
    way: &[
        point(-16.0, -104.0),
        point(-40.0, -72.0),
        point(-58.0, -24.0),
        point(-62.0, 32.0),
        point(-48.0, 84.0),
        point(-24.0, 122.0),
        point(0.0, 148.0),
    ],
    radii: [4.3, 1.3],
    delays: [0.06, 0.8],
};
/// Diagonals and septals of the descending artery, marginals of the circumflex, and an intermediate branch.
const SIDES: [Branch; 9] = [
    Branch {
        way: &[point(30.0, -100.0), point(86.0, -116.0), point(136.0, -98.0), point(172.0, -62.0), point(188.0, -18.0)],
        radii: [2.7, 0.8],
        delays: [0.18, 0.62],
    },
    Branch {
        way: &[point(78.0, -72.0), point(128.0, -62.0), point(164.0, -18.0), point(184.0, 38.0)],
        radii: [2.3, 0.8],
        delays: [0.3, 0.72],
    },
    Branch {
        way: &[point(116.0, -18.0), point(152.0, 20.0), point(174.0, 78.0), point(176.0, 112.0)],
        radii: [1.9, 0.7],
        delays: [0.42, 0.85],
    },
    Branch {
        way: &[point(50.0, -90.0), point(58.0, -44.0), point(76.0, 8.0), point(82.0, 44.0)],
        radii: [1.7, 0.6],
        delays: [0.24, 0.6],
    },
    Branch {
        way: &[point(98.0, -48.0), point(94.0, 0.0), point(106.0, 48.0), point(104.0, 84.0)],
        radii: [1.5, 0.6],
        delays: [0.36, 0.7],
    },
    Branch {
        way: &[point(-50.0, -50.0), point(-28.0, -8.0), point(-8.0, 46.0), point(22.0, 92.0), point(36.0, 120.0)],
        radii: [2.7, 0.8],
        delays: [0.2, 0.7],
    },
    Branch {
        way: &[point(-62.0, 10.0), point(-40.0, 48.0), point(-14.0, 92.0), point(18.0, 138.0), point(34.0, 168.0)],
        radii: [2.3, 0.8],
        delays: [0.34, 0.82],
    },
    Branch {
        way: &[point(-58.0, -20.0), point(-92.0, 14.0), point(-112.0, 62.0), point(-112.0, 104.0)],
        radii: [1.7, 0.6],
        delays: [0.3, 0.75],
    },
    Branch {
        way: &[point(-16.0, -104.0), point(10.0, -70.0), point(22.0, -20.0), point(44.0, 40.0), point(56.0, 86.0)],
        radii: [2.2, 0.7],
        delays: [0.08, 0.6],
    },
];
/// Units along a vessel from one twig to the next.
const TWIG_DISTANCE: f32 = 31.0;
/// Place and strength of a narrowing of the descending artery, as a teaching case would have one.
const STENOSIS: (Point, f32) = (point(66.0, -82.0), 0.55);
/// Reach of the narrowing in units.
const STENOSIS_REACH: f32 = 9.0;

/// Draws the tree for pictures of this size.
pub fn draw(width: usize, height: usize, view: View) -> Tree {
    let mut tree = Tree { depth: vec![0; width * height], delay: vec![0; width * height] };
    let planes = (Plane::new(&mut tree.depth, width, width, height), Plane::new(&mut tree.delay, width, width, height));
    if let (Some(depth), Some(delay)) = planes {
        let rng = Rng::with_seed(7);
        let mut pen = Pen { depth, delay, view, rng };
        // Twigs first: where a large vessel crosses, its own delay holds.
        for branch in SIDES.iter().chain([&DESCENDING, &CIRCUMFLEX]) {
            pen.twigs(branch);
        }
        for branch in SIDES.iter().chain([&CIRCUMFLEX, &DESCENDING, &MAIN]) {
            pen.branch(branch);
        }
    }
    tree
}

struct Pen<'t> {
    depth: Plane<'t>,
    delay: Plane<'t>,
    view: View,
    rng: Rng,
}

impl Pen<'_> {
    fn branch(&mut self, branch: &Branch) {
        let way = curve(branch.way, 10);
        let pieces = way.len().saturating_sub(1).max(1) as f32;
        for (index, pair) in way.array_windows::<2>().enumerate() {
            let at = |ends: [f32; 2], place: f32| ends[0] + (ends[1] - ends[0]) * place / pieces;
            let (from, to) = (index as f32, index as f32 + 1.0);
            let radii = [from, to].map(|place| at(branch.radii, place));
            self.piece(*pair, radii, at(branch.delays, from));
        }
    }

    fn twigs(&mut self, branch: &Branch) {
        let way = curve(branch.way, 10);
        let (mut walked, mut side) = (0.0, 1.0);
        for (index, [from, to]) in way.array_windows::<2>().enumerate() {
            walked += (*to - *from).length();
            if walked < TWIG_DISTANCE {
                continue;
            }
            walked = 0.0;
            side = -side;
            let place = index as f32 / way.len() as f32;
            let radius =
                (branch.radii[0] + (branch.radii[1] - branch.radii[0]) * place) * (0.3 + 0.15 * self.rng.f32());
            let delay = branch.delays[0] + (branch.delays[1] - branch.delays[0]) * place;
            let ahead = *to - *from;
            let angle = ahead.y.atan2(ahead.x) + side * (0.6 + 0.5 * self.rng.f32());
            self.twig(*to, angle, radius.max(0.7), delay);
        }
    }

    fn twig(&mut self, root: Point, way: f32, radius: f32, delay: f32) {
        let (mut at, mut direction, mut radius, mut delay) = (root, way, radius, delay);
        let mut swing = 0.0;
        while radius > 0.42 {
            swing = swing * 0.8 + (self.rng.f32() - 0.5) * 0.34 - (direction - way) * 0.08;
            direction += swing;
            let next = at + point(direction.cos(), direction.sin()) * 4.0;
            self.piece([at, next], [radius; 2], delay);
            at = next;
            radius *= 0.965;
            delay = (delay + 0.012).min(1.0);
            if self.rng.f32() < 0.05 {
                let side = if self.rng.bool() { 0.7 } else { -0.7 };
                self.twig(at, direction + side, radius * 0.75, delay);
            }
        }
    }

    fn piece(&mut self, ends: [Point; 2], radii: [f32; 2], delay: f32) {
        let (place, strength) = STENOSIS;
        let narrow = 1.0 - strength * (-((ends[0] - place).length() / STENOSIS_REACH).powi(2)).exp();
        let scale = self.view.scale;
        let radius = radii[0] * narrow;
        let stroke =
            Stroke { ends: ends.map(|end| self.view.pixel(end)), radii: radii.map(|radius| radius * narrow * scale) };
        // What a ray crosses of a round vessel (Lambert and Beer), and a soft edge: the focus is no point.
        let thickest = 1.0 - (-0.19 * radius - 0.10).exp();
        stroke.paint(&mut self.depth, 1.0, |place, old| {
            let inside = ((place.depth + 1.0) / (radius * scale + 1.0)).clamp(0.0, 1.0);
            let crossed = (1.0 - (1.0 - inside) * (1.0 - inside)).sqrt() * inside.min(0.35) / 0.35;
            old.max((255.0 * thickest * crossed) as u8)
        });
        // Wider than the vessel, so that sampling between pixels never meets a delay of nothing.
        let code = (delay * 255.0) as u8;
        stroke.paint(&mut self.delay, 3.0 * scale, |_, _| code);
    }
}
