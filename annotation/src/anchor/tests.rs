//! A camera over a painted plane: what the tracker makes of it, and what becomes of marks.

use protocol::geometry::{ImagePoint, SizePx};
use protocol::time::SessionTime;

use super::motion::{Motion, Point};
use super::*;

const SIZE: SizePx = SizePx { width: 160, height: 90 };
const HALF: Point = Point::new(80.0, 45.0);

/// A plane with detail of many sizes, light where `seed` and place have it.
#[derive(Clone, Copy)]
pub(super) struct Plane(pub(super) u32);

impl Plane {
    /// Value noise (Perlin's lattice without gradients), four octaves.
    fn light(self, at: Point) -> f32 {
        let octaves = [(16.0, 60.0), (8.0, 40.0), (4.0, 25.0), (2.0, 12.0)];
        octaves.iter().map(|(cell, strength)| strength * self.smooth(at / *cell)).sum::<f32>() + 60.0
    }

    fn smooth(self, at: Point) -> f32 {
        let (x, y) = (at.re.floor(), at.im.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (fx, fy) = (ease(at.re - x), ease(at.im - y));
        let corner = |dx: f32, dy: f32| self.lattice((x + dx) as i32, (y + dy) as i32);
        let row = |dy: f32| corner(0.0, dy) * (1.0 - fx) + corner(1.0, dy) * fx;
        row(0.0) * (1.0 - fy) + row(1.0) * fy
    }

    fn lattice(self, x: i32, y: i32) -> f32 {
        let mut hash = self.0 ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
        hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
        ((hash ^ (hash >> 15)) >> 8) as f32 / (1 << 24) as f32
    }

    /// What a camera sees of it under which everything has moved by `motion`; `over` may paint a pixel.
    pub(super) fn seen(self, motion: Motion, over: impl Fn(Point) -> Option<u8>) -> Luma {
        let (back, width) = (motion.back(), usize::from(SIZE.width));
        let pixels = (0..width * usize::from(SIZE.height)).map(|n| {
            let pixel = Point::new((n % width) as f32 + 0.5, (n / width) as f32 + 0.5) - HALF;
            over(pixel).unwrap_or_else(|| self.light(back.of(pixel)) as u8)
        });
        Luma::new(SIZE, pixels.collect()).unwrap()
    }
}

fn nothing(_: Point) -> Option<u8> {
    None
}

/// Time of picture `n`, at 30 a second.
fn time(n: u64) -> SessionTime {
    SessionTime(n * 33_334)
}

/// A mark around the middle.
fn mark() -> [ImagePoint; 2] {
    [ImagePoint { x: 30_000, y: 30_000 }, ImagePoint { x: 36_000, y: 36_000 }]
}

/// A camera with its track.
#[derive(Default)]
struct Bench {
    tracker: Tracker,
    track: Track,
    pictures: u64,
}

impl Bench {
    fn see(&mut self, luma: Luma) -> Pose {
        let pose = self.tracker.see(luma, time(self.pictures));
        self.track.note(time(self.pictures), pose);
        self.pictures += 1;
        pose
    }

    /// How far the picture moved since picture `n`, in its pixels.
    fn moved_px(&self, n: u64) -> f32 {
        match self.track.moved(time(n), &mark()) {
            Moved::By(part) => part * 160.0,
            other => panic!("{other:?}"),
        }
    }
}

fn shift(x: f32, y: f32) -> Motion {
    Motion::shift(Point::new(x, y))
}

#[test]
fn a_camera_that_pans_and_comes_back_is_followed_without_drift() {
    let mut bench = Bench::default();
    for n in 0..240u8 {
        let swing = (f32::from(n) / 240.0 * std::f32::consts::TAU).sin();
        bench.see(Plane(1).seen(shift(40.0 * swing, 11.0 * swing), nothing));
    }
    let quarter = bench.track.moved(time(60), &mark());
    assert!(matches!(quarter, Moved::By(part) if (part * 160.0 - 41.5).abs() < 2.0), "{quarter:?}");
    assert!(bench.moved_px(0) < 2.0, "{} pixels off after 240 pictures", bench.moved_px(0));
}

#[test]
fn a_camera_that_turns_and_comes_nearer_moves_what_is_at_the_edge_and_not_the_middle() {
    let mut bench = Bench::default();
    for n in 0..30u8 {
        let part = f32::from(n) / 29.0;
        bench.see(Plane(2).seen(Motion::turn(0.06 * part, 1.0 + 0.06 * part), nothing));
    }
    assert!(bench.moved_px(0) < 1.5, "{}", bench.moved_px(0));
    let corner = [ImagePoint { x: 65_000, y: 65_000 }];
    let Moved::By(part) = bench.track.moved(time(0), &corner) else { panic!("followed") };
    assert!((part * 160.0 - 7.7).abs() < 1.5, "{} pixels", part * 160.0);
}

#[test]
fn an_instrument_that_moves_through_a_still_scene_is_no_motion_of_the_camera() {
    let mut bench = Bench::default();
    for n in 0..60u8 {
        let tip = Point::new(50.0 - f32::from(n), 10.0);
        // A grasper from the right edge to its tip, a third of the height thick, with stripes that move along.
        let over = |at: Point| {
            let within = at.re > tip.re && (at.im - tip.im).abs() < 14.0;
            within.then(|| if ((at.re - tip.re) / 5.0) as i32 % 2 == 0 { 220 } else { 150 })
        };
        bench.see(Plane(3).seen(Motion::NONE, over));
    }
    // A third of what a mark may move.
    assert!(bench.moved_px(0) < 1.6, "{}", bench.moved_px(0));
}

#[test]
fn the_round_edge_of_a_scope_does_not_hold_back_what_moves_inside() {
    let mut bench = Bench::default();
    let round = |at: Point| (at.norm() > 52.0).then_some(4);
    for n in 0..20u8 {
        bench.see(Plane(4).seen(shift(f32::from(n), 0.0), round));
    }
    assert!((bench.moved_px(0) - 19.0).abs() < 1.0, "{}", bench.moved_px(0));
}

#[test]
fn a_wipe_across_the_lens_is_bridged_and_another_scene_is_not_taken_for_the_old_one() {
    let mut bench = Bench::default();
    for _ in 0..5 {
        bench.see(Plane(5).seen(shift(2.0, 0.0), nothing));
    }
    for _ in 0..6 {
        bench.see(Luma::new(SIZE, vec![128; 160 * 90]).unwrap());
        assert_eq!(bench.track.moved(time(0), &mark()), Moved::Unknown);
    }
    bench.see(Plane(5).seen(shift(4.0, 0.0), nothing));
    assert!((bench.moved_px(0) - 2.0).abs() < 0.5, "{}", bench.moved_px(0));
    for n in 0..20 {
        bench.see(Plane(77).seen(Motion::NONE, nothing));
        let moved = bench.track.moved(time(0), &mark());
        // Half a second is fifteen pictures.
        let expected = if n < 15 { Moved::Unknown } else { Moved::Elsewhere };
        assert_eq!(moved, expected, "after {n} pictures");
    }
    assert_eq!(bench.track.moved(time(35), &mark()), Moved::By(0.0), "what is drawn on the new scene holds");
}

#[test]
fn a_picture_that_stays_the_same_has_not_moved_though_it_shows_nothing() {
    let mut bench = Bench::default();
    for _ in 0..40 {
        bench.see(Luma::new(SIZE, vec![3; 160 * 90]).unwrap());
    }
    assert_eq!(bench.track.moved(time(0), &mark()), Moved::By(0.0));
}

#[test]
fn a_mark_drawn_on_a_picture_that_shows_nothing_counts_from_the_one_shortly_before() {
    let mut bench = Bench::default();
    bench.see(Plane(8).seen(shift(0.0, 0.0), nothing));
    bench.see(Luma::new(SIZE, vec![255; 160 * 90]).unwrap());
    bench.see(Plane(8).seen(shift(3.0, 0.0), nothing));
    assert!((bench.moved_px(1) - 3.0).abs() < 0.5, "{}", bench.moved_px(1));
}

#[test]
fn a_source_that_changes_its_size_shows_another_scene() {
    let mut bench = Bench::default();
    bench.see(Plane(6).seen(Motion::NONE, nothing));
    bench.see(Luma::new(SizePx { width: 120, height: 120 }, vec![9; 120 * 120]).unwrap());
    assert_eq!(bench.track.moved(time(0), &mark()), Moved::Elsewhere);
}

#[test]
fn a_mark_on_a_picture_that_is_not_remembered_is_unknown() {
    let mut bench = Bench::default();
    assert_eq!(bench.track.moved(time(0), &mark()), Moved::Unknown, "nothing was seen");
    bench.pictures = 10;
    bench.see(Plane(7).seen(Motion::NONE, nothing));
    assert_eq!(bench.track.moved(time(9), &mark()), Moved::Unknown);
    assert_eq!(bench.track.moved(time(10), &[]), Moved::By(0.0));
}

#[test]
fn a_mark_turns_moved_beyond_three_percent_is_back_within_two_and_gone_for_good_beyond_fifteen() {
    let mut hold = Hold::default();
    for (moved, expected) in [
        (Moved::By(0.029), Hold::InPlace),
        (Moved::By(0.031), Hold::Moved),
        (Moved::By(0.021), Hold::Moved),
        (Moved::By(0.019), Hold::InPlace),
        (Moved::By(0.029), Hold::InPlace),
        (Moved::Unknown, Hold::Moved),
        (Moved::By(0.0), Hold::InPlace),
        (Moved::By(0.151), Hold::Gone),
        (Moved::By(0.0), Hold::Gone),
    ] {
        hold = hold.after(moved);
        assert_eq!(hold, expected, "{moved:?}");
    }
    assert_eq!(Hold::InPlace.after(Moved::Elsewhere), Hold::Gone);
}
