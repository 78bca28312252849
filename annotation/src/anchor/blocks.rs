//! How the scene has moved from one picture to another: what most blocks agree on. One block's own shift is
//! `correlation`'s.

use super::correlation::{Correlator, SIDE, Spectrum};
use super::luma::Luma;
use super::motion::{Motion, Pair, Point};

/// Blocks across and down. They overlap: a dozen votes, of which an instrument across half of the picture moves less than
/// half.
const GRID: (usize, usize) = (4, 3);
/// How far from a shift that is the same everywhere a block may be and still speak for it, in pixels: a picture scaled by
/// 3 % or turned by 2 degrees moves its outer blocks so far.
const LOOSE: f32 = 2.5;
/// How far from the similarity found a block may be, in pixels.
const TIGHT: f32 = 1.0;
/// Blocks that must agree: with fewer any three would do.
const LEAST_VOTES: usize = 4;
/// Blocks from which on turning and scaling are told from noise.
const VOTES_FOR_TURN: usize = 6;
/// A motion from one picture to another that turns or scales the corner farther than this beside the shift, in pixels, is
/// no camera's.
const MOST_TURN: f32 = 25.0;

/// A picture and its blocks as waves.
#[derive(Debug, Clone)]
pub struct View {
    luma: Luma,
    blocks: Vec<Option<Spectrum>>,
}

impl View {
    /// Looks at a picture.
    pub fn of(luma: Luma, correlator: &mut Correlator) -> Self {
        let blocks = places(&luma).map(|(left, top)| correlator.spectrum(&luma, left, top)).collect();
        Self { luma, blocks }
    }

    /// The picture.
    pub fn luma(&self) -> &Luma {
        &self.luma
    }

    /// How the scene has moved from this picture to `later`, which is of the same size. About `guess` is expected, and
    /// what is far from it is not found. `None` if most blocks that show anything do not agree.
    pub fn motion_to(&self, later: &Self, guess: Point, correlator: &mut Correlator) -> Option<Motion> {
        // The same picture again says nothing of what it shows, and be it black.
        if guess == Point::default() && self.luma == later.luma {
            return Some(Motion::NONE);
        }
        let first = self.motion_near(later, whole(guess), correlator)?;
        // Windows that lie still pull what moves under them back. So they go along, and only what is left is measured.
        let nearer = whole(first.of_middle());
        if nearer == whole(guess) {
            return Some(first);
        }
        self.motion_near(later, nearer, correlator).or(Some(first))
    }

    /// The same with the blocks of `later` at the distance `guess`, in whole pixels.
    fn motion_near(&self, later: &Self, guess: Point, correlator: &mut Correlator) -> Option<Motion> {
        let (dx, dy) = (guess.re, guess.im);
        let half = self.luma.half();
        let (mut asked, mut pairs) = (0, Vec::with_capacity(self.blocks.len()));
        for (index, (left, top)) in places(&self.luma).enumerate() {
            let Some(from) = self.blocks.get(index).and_then(Option::as_ref) else { continue };
            // A block that has left the picture says nothing either way.
            let (Some(there_left), Some(there_top)) = (moved(left, dx), moved(top, dy)) else { continue };
            let fresh;
            let to = if (there_left, there_top) == (left, top) {
                later.blocks.get(index).and_then(Option::as_ref)
            } else if later.luma.rows(there_left, there_top).is_some() {
                fresh = correlator.spectrum(&later.luma, there_left, there_top);
                fresh.as_ref()
            } else {
                continue;
            };
            asked += 1;
            if let Some(shift) = to.and_then(|to| correlator.shift(from, to)) {
                let centre = Point::new(left as f32, top as f32) + SIDE as f32 / 2.0 * Point::new(1.0, 1.0) - half;
                pairs.push(Pair { from: centre, to: centre + Point::new(dx, dy) + shift });
            }
        }
        agreed(&pairs, asked).filter(|motion| {
            let turned = motion.then(Motion::shift(-motion.of_middle()));
            turned.reach(half) < MOST_TURN
        })
    }
}

/// Where the blocks of a picture begin.
fn places(luma: &Luma) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (width, height) = (usize::from(luma.size().width), usize::from(luma.size().height));
    let along = |n: usize, count: usize, length: usize| n * (length - SIDE) / (count - 1);
    (0..GRID.0 * GRID.1).map(move |n| (along(n % GRID.0, GRID.0, width), along(n / GRID.0, GRID.1, height)))
}

fn whole(point: Point) -> Point {
    Point::new(point.re.round(), point.im.round())
}

fn moved(place: usize, by: f32) -> Option<usize> {
    place.checked_add_signed(by as isize)
}

/// The similarity on which most of the `asked` blocks agree.
fn agreed(pairs: &[Pair], asked: usize) -> Option<Motion> {
    let near = |motion: Motion, within: f32| -> Vec<Pair> {
        pairs.iter().filter(|pair| (motion.of(pair.from) - pair.to).norm() <= within).copied().collect()
    };
    let shifts = pairs.iter().map(|pair| Motion::shift(pair.to - pair.from));
    let loose = shifts.map(|shift| near(shift, LOOSE)).max_by_key(Vec::len)?;
    let fit = |pairs: &[Pair]| match pairs.len() {
        VOTES_FOR_TURN.. => Motion::fit(pairs),
        _ => Motion::fit_shift(pairs),
    };
    // Twice, so that one that was let in at first does not bend the rest.
    let first = near(fit(&loose)?, TIGHT);
    let votes = near(fit(&first)?, TIGHT);
    (votes.len() >= LEAST_VOTES && votes.len() * 2 >= asked).then(|| fit(&votes)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(x: f32, y: f32, dx: f32, dy: f32) -> Pair {
        let from = Point::new(x, y);
        Pair { from, to: from + Point::new(dx, dy) }
    }

    /// Seven blocks of a scene that stands still, and some on an instrument.
    fn votes(on_instrument: usize) -> Vec<Pair> {
        let still = (0..7u8).map(|n| pair(f32::from(n) * 15.0 - 50.0, f32::from(n % 3) * 20.0 - 20.0, 0.1, -0.1));
        let moving = (0..on_instrument).map(|n| pair(n as f32 * 9.0, 20.0, 9.0, 5.0));
        still.chain(moving).collect()
    }

    #[test]
    fn an_instrument_that_moves_is_outvoted_by_a_scene_that_does_not() {
        let motion = agreed(&votes(5), 12).unwrap();
        assert!(motion.reach(Point::new(80.0, 45.0)) < 0.6, "{motion:?}");
    }

    #[test]
    fn without_a_majority_of_the_blocks_that_show_anything_nothing_is_said() {
        assert_eq!(agreed(&votes(5), 15), None);
        assert_eq!(agreed(&votes(0)[..3], 3), None);
        assert_eq!(agreed(&[], 0), None);
    }
}
