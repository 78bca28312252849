//! The canvas in virtual time: pictures are put into its inlets, and it is asked what it makes of them.

mod arranging;
mod supervision;

use gstreamer as gst;
use gstreamer_video::prelude::*;
use protocol::arrangement::Preset;
use protocol::colour::{Matrix, Range};
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::layout::Role;
use protocol::time::SessionTime;

use super::*;
use crate::config::mask::{Basis, Decision};
use crate::config::{Identity, Kind, Mask, Source};
use crate::signal::Trouble;

const ENDOSCOPE: SizePx = SizePx { width: 1280, height: 720 };
const SQUARE: SizePx = SizePx { width: 512, height: 512 };
const BT601_FULL: Colour = Colour { matrix: Matrix::Bt601, range: Range::Full };

/// A canvas with its inlets, and the time as the test tells it.
struct Bench {
    canvas: Canvas,
    primary: Inlet,
    inset: Inlet,
    now: MonoTime,
}

impl Bench {
    fn new() -> Self {
        media::init().unwrap();
        let now = at(1_000);
        let (canvas, inlets) = Canvas::new(&theatre(), Epoch(7), now).unwrap();
        let [primary, inset] = <[Inlet; 2]>::try_from(inlets).ok().unwrap();
        Self { canvas, primary, inset, now }
    }

    /// What the canvas makes of the time `ms`.
    fn at(&mut self, ms: u64) -> Option<Composed> {
        self.now = at(ms);
        self.canvas.step(self.now).unwrap()
    }

    /// A picture of the primary, captured at `ms` and here 5 ms later.
    fn primary_at(&mut self, ms: u64) -> Option<Composed> {
        self.primary.deliver(&grey(ENDOSCOPE, 90, Colour::default(), at(ms)));
        self.at(ms + 5)
    }

    fn steady_primary(&mut self, from_ms: u64) {
        (0..10).for_each(|n| assert!(self.primary_at(from_ms + n * 33).is_some()));
    }
}

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1_000)
}

/// A source whose pictures are put in by hand, and of which somebody said that nothing has to be covered.
fn source(role: Role) -> Source {
    let nothing = Mask::None(Decision { decided_by: "the test".into(), basis: Basis::PicturesSeen });
    Source { mask: Ok(Some(nothing)), ..Source::new(role, Kind::Gstreamer { bin: String::new() }) }
}

/// An endoscope as primary and an X-ray as inset.
fn theatre() -> Theatre {
    let sources = [("endoscope", source(Role::Endoscope)), ("xray", source(Role::Fluoroscopy))];
    Theatre {
        primary: "endoscope".into(),
        run_dir: "/nowhere".into(),
        source: sources.map(|(name, source)| (name.to_owned(), source)).into(),
        window: Default::default(),
        canvas: crate::config::Canvas { tiles: vec!["endoscope".into(), "xray".into()], ..Default::default() },
        encoder: Default::default(),
        identity: Identity { certificate: "c".into(), key: "k".into() },
        participant: Default::default(),
        link: Default::default(),
        ladder: Default::default(),
        vitals: None,
    }
}

/// One grey, but for a pixel in the upper right corner that tells when it was captured: no two pictures of a device are
/// the same.
fn grey(size: SizePx, luma: u8, colour: Colour, captured: MonoTime) -> Picture {
    let info = picture::i420(size, colour).unwrap();
    let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
    for (plane, code) in [(0, luma), (1, 128), (2, 128)] {
        frame.plane_data_mut(plane).unwrap().fill(code);
    }
    frame.plane_data_mut(0).unwrap()[usize::from(size.width) - 1] = 16 + (captured.0 / 1_000 % 64) as u8;
    Picture { buffer: frame.into_buffer(), info, captured }
}

/// The luma code of the canvas at a point.
fn luma(composed: &Composed, x: usize, y: usize) -> u8 {
    let frame = composed.picture.read().unwrap();
    frame.plane_data(0).unwrap()[y * frame.plane_stride()[0] as usize + x]
}

/// How many pixels of the inset's tile are nearly white, as letters are.
fn white_in_inset(composed: &Composed) -> usize {
    (0..240).flat_map(|y| (960..1280).map(move |x| (x, y))).filter(|(x, y)| luma(composed, *x, *y) > 200).count()
}

#[test]
fn each_picture_of_the_primary_makes_a_canvas_at_once_while_an_inset_stalls() {
    let mut bench = Bench::new();
    bench.inset.deliver(&grey(SQUARE, 200, Colour::default(), at(900)));
    for n in 0..60 {
        let captured = 1_000 + n * 33;
        let composed = bench.primary_at(captured).expect("the primary drives");
        assert_eq!(composed.picture.captured, at(captured));
        assert_eq!(composed.header.id, FrameId { epoch: Epoch(7), index: n });
        assert_eq!(composed.header.composed, SessionTime((captured + 5) * 1_000));
        assert_eq!(composed.header.tiles[0].freshness, Freshness::Live);
        assert!(bench.at(captured + 6).is_none(), "one canvas for one picture");
    }
}

#[test]
fn an_inset_alone_makes_no_canvas_before_the_timer() {
    let mut bench = Bench::new();
    bench.steady_primary(1_000);
    bench.inset.deliver(&grey(SQUARE, 200, Colour::default(), at(1_310)));
    assert!(bench.at(1_315).is_none());
    let composed = bench.primary_at(1_330).unwrap();
    assert_eq!(composed.header.captured(SourceId(1)), Some(SessionTime(1_310_000)));
}

#[test]
fn tiles_lie_where_the_layout_says_with_black_around() {
    let mut bench = Bench::new();
    bench.inset.deliver(&grey(SQUARE, 200, Colour::default(), at(1_000)));
    let composed = bench.primary_at(1_005).unwrap();
    let layout = composed.new_layout.as_ref().expect("sizes became known");
    assert_eq!(layout.tiles[0].picture, CanvasRect { x: 0, y: 90, size: SizePx { width: 960, height: 540 } });
    assert_eq!(layout.tiles[1].picture, CanvasRect { x: 1000, y: 0, size: SizePx { width: 240, height: 240 } });
    for (x, y, expected) in [
        (0, 90, 90),
        (959, 629, 90),
        (480, 89, 16),
        (480, 630, 16),
        (999, 100, 16),
        (1000, 0, 200),
        (1239, 239, 200),
        (1240, 100, 16),
        (1100, 400, 16),
    ] {
        assert_eq!(luma(&composed, x, y), expected, "at {x},{y}");
    }
}

#[test]
fn a_layout_is_told_with_the_first_canvas_and_again_only_when_it_changed() {
    let mut bench = Bench::new();
    let first = bench.at(1_100).expect("the timer drives").new_layout.expect("none was told before");
    assert_eq!(first.tiles[0].image, None);
    let known = bench.primary_at(1_120).unwrap();
    assert_eq!(known.new_layout.as_ref().unwrap().tiles[0].image, Some(ENDOSCOPE));
    assert_ne!(known.header.layout, first.epoch);
    assert_eq!(bench.primary_at(1_153).unwrap().new_layout, None);
}

#[test]
fn a_primary_that_stops_is_told_lost_at_ten_canvases_a_second_until_it_comes_back() {
    let mut bench = Bench::new();
    bench.steady_primary(1_000);
    let made: Vec<(u64, Composed)> = (1_303..2_303).filter_map(|ms| Some((ms, bench.at(ms)?))).collect();
    assert!((9..=10).contains(&made.len()), "{} canvases in a second", made.len());
    assert!(made[0].0 <= 1_297 + 90, "the first after two missed intervals: {}", made[0].0);
    for (ms, composed) in &made {
        assert_eq!(composed.header.tiles[0].freshness, Freshness::Lost, "at {ms}");
        assert_eq!(composed.header.tiles[0].captured, Some(SessionTime(1_297_000)), "the age stays true");
        let last_picture = luma(composed, 10, 100) == 90;
        assert_eq!(last_picture, *ms < 1_297 + 500, "the sign stands there after half a second: {ms}");
    }
    let back = bench.primary_at(2_400).unwrap();
    assert_eq!((back.header.tiles[0].freshness, luma(&back, 10, 100)), (Freshness::Live, 90));
}

#[test]
fn an_inset_shows_what_it_waits_for_then_its_picture_then_that_it_was_lost() {
    let mut bench = Bench::new();
    let waiting = bench.primary_at(1_000).unwrap();
    assert_eq!(waiting.header.tiles[1].freshness, Freshness::Waiting);
    let words = white_in_inset(&waiting);
    assert!((100..20_000).contains(&words), "{words} white pixels");
    bench.inset.deliver(&grey(SQUARE, 180, Colour::default(), at(1_030)));
    let live = bench.primary_at(1_033).unwrap();
    assert_eq!((white_in_inset(&live), luma(&live, 1100, 100)), (0, 180));
    let lost = bench.primary_at(3_000).unwrap();
    assert_eq!(lost.header.tiles[1].freshness, Freshness::Lost);
    assert!((100..20_000).contains(&white_in_inset(&lost)));
}

#[test]
fn the_canvas_has_the_colour_of_its_primary_and_insets_are_converted_to_it() {
    let mut bench = Bench::new();
    bench.primary.deliver(&grey(ENDOSCOPE, 0, BT601_FULL, at(1_000)));
    let composed = bench.at(1_005).unwrap();
    assert_eq!((composed.header.colour, composed.picture.colour()), (BT601_FULL, BT601_FULL));
    assert_eq!((luma(&composed, 480, 20), luma(&composed, 480, 300)), (0, 0), "black is 0 in full range");
    bench.inset.deliver(&grey(SQUARE, 235, Colour::default(), at(1_010)));
    bench.primary.deliver(&grey(ENDOSCOPE, 0, BT601_FULL, at(1_033)));
    let composed = bench.at(1_038).unwrap();
    let white = luma(&composed, 1100, 100);
    assert!(white >= 252, "white is 255 in full range, give or take 8 bit rounding, not {white}");
}

#[test]
fn a_capture_time_in_the_future_keeps_no_picture_live() {
    let mut bench = Bench::new();
    bench.steady_primary(1_000);
    bench.primary.deliver(&grey(ENDOSCOPE, 90, Colour::default(), at(900_000)));
    let composed = bench.at(1_330).unwrap();
    assert_eq!(composed.header.tiles[0].captured, Some(SessionTime(1_330_000)));
    let later = (1_331..2_331).filter_map(|ms| bench.at(ms)).last().unwrap();
    assert_eq!(later.header.tiles[0].freshness, Freshness::Lost);
}

#[test]
fn a_slowed_inset_moves_five_times_a_second_beside_a_primary_at_full_rate_and_does_not_count_as_lost() {
    for interval_ms in [17, 33, 133] {
        let mut bench = Bench::new();
        bench.canvas.set_insets(Insets::Slowed);
        let mut told = Vec::new();
        for n in 0..3_000 / interval_ms {
            let captured = 1_000 + n * interval_ms;
            bench.inset.deliver(&grey(SQUARE, 100 + n as u8 % 100, Colour::default(), at(captured)));
            let composed = bench.primary_at(captured).expect("the primary drives");
            assert_eq!(luma(&composed, 480, 300), 90);
            assert_eq!(composed.header.tiles[1].freshness, Freshness::Live, "at {captured} ms");
            told.push((composed.header.captured(SourceId(1)).unwrap(), luma(&composed, 1100, 100)));
        }
        told.dedup();
        assert!((14..=17).contains(&told.len()), "{} pictures in 3 s beside {interval_ms} ms", told.len());
    }
}
