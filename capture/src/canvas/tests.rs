//! The canvas in virtual time: pictures are put into its inlets, and it is asked what it makes of them.

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

/// `picture` again, captured at `ms`.
fn again(picture: &Picture, ms: u64) -> Picture {
    Picture { captured: at(ms), ..picture.clone() }
}

#[test]
fn a_primary_that_repeats_one_picture_is_told_within_half_a_second_and_its_tile_shows_no_picture() {
    let mut bench = Bench::new();
    let last = grey(ENDOSCOPE, 90, Colour::default(), at(1_000));
    for n in 0..60 {
        let ms = 1_000 + n * 33;
        bench.primary.deliver(&again(&last, ms));
        let composed = bench.at(ms + 5).expect("it drives");
        let is_told = composed.header.tiles[0].freshness == Freshness::Repeating { since: SessionTime(1_000_000) };
        assert_eq!(is_told, n >= 16, "at {ms}");
        assert_eq!(luma(&composed, 10, 100) == 90, !is_told, "the sign stands there at {ms}");
        assert_eq!(composed.header.tiles[0].captured, Some(SessionTime(ms * 1_000)));
    }
    let back = bench.primary_at(3_000).unwrap();
    assert_eq!((back.header.tiles[0].freshness, luma(&back, 10, 100)), (Freshness::Live, 90));
}

#[test]
fn an_xray_that_holds_its_last_image_shows_it_with_its_age_and_the_endoscope_goes_on() {
    let mut bench = Bench::new();
    let last = grey(SQUARE, 180, Colour::default(), at(1_000));
    let mut ages = Vec::new();
    for n in 0..90 {
        let ms = 1_000 + n * 33;
        bench.inset.deliver(&again(&last, ms));
        let composed = bench.primary_at(ms).unwrap();
        assert_eq!(composed.header.tiles[0].freshness, Freshness::Live);
        assert_eq!(luma(&composed, 1100, 100), 180, "the image stays at {ms}");
        let is_held = composed.header.tiles[1].freshness == Freshness::Held { since: SessionTime(1_000_000) };
        assert_eq!((is_held, white_in_inset(&composed) > 50), (n >= 16, n >= 16), "at {ms}");
        if is_held {
            // The letters stand on black in the lower left corner of the picture.
            ages.push(
                (225..240)
                    .flat_map(|y| (1000..1240).map(move |x| (x, y)))
                    .map(|(x, y)| luma(&composed, x, y))
                    .collect::<Vec<_>>(),
            );
        }
    }
    ages.dedup();
    assert_eq!(ages.len(), 3, "0 s, 1 s, 2 s");
    bench.inset.deliver(&grey(SQUARE, 180, Colour::default(), at(4_000)));
    let moving = bench.primary_at(4_000).unwrap();
    assert_eq!((moving.header.tiles[1].freshness, white_in_inset(&moving)), (Freshness::Live, 0));
}

#[test]
fn what_a_source_says_of_itself_is_in_the_next_frame_and_on_its_tile_half_a_second_later() {
    let mut bench = Bench::new();
    for (number, (trouble, freshness)) in
        [(Trouble::Ended, Freshness::Ended), (Trouble::Failed, Freshness::Failed)].into_iter().enumerate()
    {
        let start = 2_000 + number as u64 * 2_000;
        bench.inset.deliver(&grey(SQUARE, 180, Colour::default(), at(start)));
        assert_eq!(luma(&bench.primary_at(start).unwrap(), 1100, 100), 180);
        bench.inset.trouble(trouble);
        for ms in (start + 33..start + 1_000).step_by(33) {
            let composed = bench.primary_at(ms).unwrap();
            assert_eq!(composed.header.tiles[0].freshness, Freshness::Live, "the others go on");
            assert_eq!(composed.header.tiles[1].freshness, freshness);
            assert_eq!(luma(&composed, 1100, 100) == 180, ms + 5 < start + 500, "at {ms}");
        }
    }
}

#[test]
fn pictures_that_cannot_be_shown_are_told_and_the_first_that_can_is_shown() {
    let mut bench = Bench::new();
    let whole = grey(SQUARE, 180, Colour::default(), at(1_000));
    bench.inset.deliver(&Picture { buffer: gst::Buffer::from_mut_slice(vec![0; 9]), ..whole.clone() });
    assert_eq!(bench.primary_at(1_000).unwrap().header.tiles[1].freshness, Freshness::Unusable);
    bench.inset.deliver(&again(&whole, 1_020));
    let live = bench.primary_at(1_033).unwrap();
    assert_eq!((live.header.tiles[1].freshness, luma(&live, 1100, 100)), (Freshness::Live, 180));
}

#[test]
fn a_picture_without_light_is_called_black_after_a_second_and_not_dead() {
    let mut bench = Bench::new();
    for n in 0..60 {
        let ms = 1_000 + n * 33;
        bench.primary.deliver(&grey(ENDOSCOPE, 20, Colour::default(), at(ms)));
        let composed = bench.at(ms + 5).unwrap();
        let expected = if n > 30 { Freshness::Black { since: SessionTime(1_000_000) } } else { Freshness::Live };
        assert_eq!(composed.header.tiles[0].freshness, expected, "at {ms}");
    }
}

/// Four sources, of which the first is the primary.
struct Room {
    canvas: Canvas,
    inlets: Vec<Inlet>,
}

const NAMES: [&str; 4] = ["endoscope", "xray", "monitor", "room"];
/// The luma of each source's pictures.
const LUMA: [u8; 4] = [90, 130, 170, 210];

impl Room {
    fn new() -> Self {
        Self::with(four())
    }

    fn with(theatre: Theatre) -> Self {
        media::init().unwrap();
        let (canvas, inlets) = Canvas::new(&theatre, Epoch(7), at(1_000)).unwrap();
        Self { canvas, inlets }
    }

    /// A picture of the source at `index`, captured at `ms`.
    fn deliver(&mut self, index: usize, ms: u64) {
        let size = if index == 1 { SQUARE } else { ENDOSCOPE };
        self.inlets[index].deliver(&grey(size, LUMA[index], Colour::default(), at(ms)));
    }

    /// A picture of every source, and the canvas made of them.
    fn all_at(&mut self, ms: u64) -> Composed {
        (0..NAMES.len()).for_each(|index| self.deliver(index, ms));
        self.canvas.step(at(ms + 5)).unwrap().expect("the primary drives")
    }

    /// The same with a picture of the primary alone.
    fn primary_at(&mut self, ms: u64) -> Composed {
        self.deliver(0, ms);
        self.canvas.step(at(ms + 5)).unwrap().expect("the primary drives")
    }
}

fn four() -> Theatre {
    let mut theatre = theatre();
    let role = |name: &str| if name == "xray" { Role::Fluoroscopy } else { Role::Room };
    let named = |name: &&str| ((*name).to_owned(), source(role(name)));
    theatre.source = NAMES.iter().map(named).collect();
    theatre.canvas.tiles = NAMES.map(str::to_owned).to_vec();
    theatre
}

fn wish(theatre: &Theatre, preset: Preset, main: &str) -> Wish {
    Wish { preset, main: theatre.source_id(main).unwrap() }
}

/// The luma in the middle of each tile's picture, by source.
fn middles(composed: &Composed, layout: &Layout) -> Vec<(SourceId, u8)> {
    let middle = |tile: &protocol::layout::Tile| {
        let CanvasRect { x, y, size } = tile.picture;
        (tile.source, luma(composed, usize::from(x + size.width / 2), usize::from(y + size.height / 2)))
    };
    layout.tiles.iter().map(middle).collect()
}

#[test]
fn another_layout_begins_with_the_next_picture_of_the_primary_and_shows_every_source_in_its_new_place() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    for (number, (preset, main, count)) in [
        (Preset::Quad, "endoscope", 4),
        (Preset::SideBySide, "room", 2),
        (Preset::Solo, "xray", 1),
        (Preset::Insets, "monitor", 4),
    ]
    .into_iter()
    .enumerate()
    {
        let ms = 1_100 + number as u64 * 100;
        room.canvas.arrange(wish(&theatre, preset, main));
        let composed = room.all_at(ms);
        let layout = composed.new_layout.clone().expect("it is told");
        assert_eq!(composed.header.layout, layout.epoch);
        assert_eq!(composed.picture.captured, at(ms), "the primary drives whoever is the main source");
        let main = theatre.source_id(main).unwrap();
        assert_eq!((layout.tiles.len(), layout.tiles[0].source), (count, main), "{preset:?}");
        for (source, luma) in middles(&composed, &layout) {
            let index = NAMES.iter().position(|name| theatre.source_id(name) == Some(source)).unwrap();
            assert_eq!(luma, LUMA[index], "{preset:?} {}", NAMES[index]);
        }
    }
}

#[test]
fn no_picture_of_the_primary_is_left_out_or_waits_when_the_layout_changes() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    for n in 0..60u64 {
        let ms = 1_033 + n * 17;
        if n % 5 == 0 {
            let preset = Preset::ALL[n as usize / 5 % 4];
            room.canvas.arrange(wish(&theatre, preset, NAMES[n as usize / 5 % 3]));
        }
        let composed = room.primary_at(ms);
        assert_eq!(composed.header.captured(theatre.source_id("endoscope").unwrap()), Some(SessionTime(ms * 1_000)));
        let layout = room.canvas.layout();
        if let Some(tile) = layout.tile(theatre.source_id("endoscope").unwrap()) {
            let CanvasRect { x, y, size } = tile.picture;
            let middle = (usize::from(x + size.width / 2), usize::from(y + size.height / 2));
            assert_eq!(luma(&composed, middle.0, middle.1), LUMA[0], "at {ms} {layout:?}");
        }
    }
}

#[test]
fn a_picture_on_its_way_when_the_layout_changes_is_shown_in_the_old_one() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    room.deliver(0, 1_033);
    room.canvas.arrange(wish(&theatre, Preset::Quad, "endoscope"));
    let old = room.canvas.step(at(1_038)).unwrap().unwrap();
    assert_eq!((&old.new_layout, luma(&old, 480, 360)), (&None, LUMA[0]), "it was scaled for the old one");
    let new = room.primary_at(1_066);
    assert_eq!(new.new_layout.unwrap().tiles[0].tile.size, SizePx { width: 640, height: 360 });
}

#[test]
fn sources_that_give_no_new_picture_are_scaled_again_one_with_each_canvas_the_largest_first() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    room.canvas.arrange(wish(&theatre, Preset::Quad, "room"));
    let seen: Vec<usize> = (0..4)
        .map(|n| {
            let composed = room.primary_at(1_033 + n * 33);
            let shown = middles(&composed, room.canvas.layout()).into_iter().filter(|(_, luma)| *luma > 60);
            shown.count()
        })
        .collect();
    assert_eq!(seen, [2, 3, 4, 4], "the primary's own and one more each time");
    assert_eq!(luma(&room.primary_at(1_200), 320, 180), LUMA[3], "the main source, which says nothing new");
}

#[test]
fn a_dead_primary_does_not_hold_a_new_layout_up() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    room.canvas.arrange(wish(&theatre, Preset::Quad, "endoscope"));
    let composed = (1_006..1_500).find_map(|ms| room.canvas.step(at(ms)).unwrap()).expect("the timer drives");
    assert_eq!(composed.new_layout.unwrap().tiles[0].tile.size.width, 640);
}

#[test]
fn where_another_source_is_alone_the_primary_still_drives_and_its_time_is_told() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    room.canvas.arrange(wish(&theatre, Preset::Solo, "room"));
    let endoscope = theatre.source_id("endoscope").unwrap();
    for n in 0..20 {
        let composed = room.primary_at(1_033 + n * 33);
        let times: Vec<SourceId> = composed.header.tiles.iter().map(|time| time.source).collect();
        assert_eq!(times, [theatre.source_id("room").unwrap(), endoscope]);
        assert_eq!(composed.header.captured(endoscope), Some(SessionTime((1_033 + n * 33) * 1_000)));
        assert_eq!(luma(&composed, 640, 360), LUMA[3]);
    }
    let lost = (1_700..2_500).filter_map(|ms| room.canvas.step(at(ms)).unwrap()).last().unwrap();
    assert_eq!(lost.header.tile(endoscope).unwrap().freshness, Freshness::Lost);
}

#[test]
fn sixty_pictures_a_second_are_sixty_canvases_a_second_in_every_layout() {
    let theatre = four();
    for preset in Preset::ALL {
        let mut room = Room::new();
        room.canvas.arrange(wish(&theatre, preset, "endoscope"));
        let mut made = 0;
        for n in 0..120u64 {
            let captured = MonoTime(1_000_000 + n * 1_000_000 / 60);
            room.inlets[0].deliver(&grey(ENDOSCOPE, 90, Colour::default(), captured));
            if n % 6 == 0 {
                room.deliver(3, captured.0 / 1_000);
            }
            made += usize::from(room.canvas.step(captured + Duration::from_millis(3)).unwrap().is_some());
            let between = captured + Duration::from_millis(12);
            assert!(room.canvas.step(between).unwrap().is_none(), "{preset:?}: nothing else makes one");
        }
        assert_eq!(made, 120, "{preset:?}");
    }
}

#[test]
fn behind_the_curtain_every_canvas_is_the_curtain_at_the_primarys_pace_and_tells_nothing_of_any_source() {
    let mut room = Room::new();
    room.all_at(1_000);
    assert!(room.canvas.set_curtain(Curtain::Closed) && !room.canvas.set_curtain(Curtain::Closed));
    let first = room.all_at(1_033);
    let layout = first.new_layout.clone().expect("it is told at once");
    assert!(layout.is_curtain() && first.header.layout == layout.epoch);
    for n in 0..30 {
        let composed = room.all_at(1_066 + n * 33);
        assert!(composed.header.tiles.is_empty() && !composed.shows_sources());
        let frame = composed.picture.read().unwrap();
        let chroma = [1, 2].map(|plane| frame.plane_data(plane).unwrap().iter().all(|code| code.abs_diff(128) <= 2));
        assert_eq!(chroma, [true; 2], "words in white on black, and no colour of anything");
        let greys = frame.plane_data(0).unwrap().iter().filter(|luma| LUMA.contains(luma)).count();
        assert!(greys < 2_000, "{greys} pixels have a source's luma, more than the edges of letters");
        let (white, all) = (frame.plane_data(0).unwrap().iter().filter(|luma| **luma > 200).count(), 1_280 * 720);
        assert!((1_000..all / 10).contains(&white), "{white} pixels are letters");
    }
    room.canvas.set_curtain(Curtain::Open);
    let open = room.all_at(3_000);
    let told = open.new_layout.clone().expect("it is told");
    assert!(told.epoch > layout.epoch && told.tiles.len() == 4);
    assert_eq!(luma(&open, 480, 360), LUMA[0]);
}

#[test]
fn a_curtain_that_is_closed_while_the_layout_changes_opens_onto_the_new_one() {
    let theatre = four();
    let mut room = Room::new();
    room.all_at(1_000);
    room.canvas.set_curtain(Curtain::Closed);
    room.all_at(1_033);
    room.canvas.arrange(wish(&theatre, Preset::Solo, "endoscope"));
    assert!(room.all_at(1_066).header.tiles.is_empty());
    room.canvas.set_curtain(Curtain::Open);
    let open = room.all_at(1_100);
    assert_eq!((open.new_layout.as_ref().unwrap().tiles.len(), luma(&open, 20, 20)), (1, LUMA[0]));
}

#[test]
fn a_line_of_one_pixel_keeps_half_of_its_contrast_at_half_the_size() {
    let mut room = Room::new();
    let theatre = four();
    room.canvas.arrange(wish(&theatre, Preset::Quad, "endoscope"));
    let lines = (0..8).flat_map(|line| [(400 + line, true), (400 + line, false)]);
    for (number, (column, horizontal)) in lines.enumerate() {
        let mut picture = grey(ENDOSCOPE, 60, Colour::default(), at(1_000 + number as u64 * 33));
        let info = picture.info.clone();
        let mut frame = picture::write(picture.buffer, &info).unwrap();
        let stride = frame.plane_stride()[0] as usize;
        for (y, row) in frame.plane_data_mut(0).unwrap().chunks_mut(stride).enumerate() {
            for (x, luma) in row.iter_mut().enumerate() {
                if (horizontal && y == column) || (!horizontal && x == column) {
                    *luma = 220;
                }
            }
        }
        picture.buffer = frame.into_buffer();
        room.inlets[0].deliver(&picture);
        let composed = room.canvas.step(picture.captured + Duration::from_millis(1)).unwrap().unwrap();
        let across = (150..250).map(|at| if horizontal { luma(&composed, 320, at) } else { luma(&composed, at, 180) });
        let (low, high) = across.fold((255, 0), |(low, high), luma| (luma.min(low), luma.max(high)));
        let contrast = f64::from(high - low) / f64::from(220 - 60);
        assert!(contrast >= 0.5 - 1.0 / 160.0, "line {column}, horizontal {horizontal}: {contrast:.3} of its contrast");
    }
}
