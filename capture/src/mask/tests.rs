//! Masked pixels never leave a source's branch, whatever is done with the picture afterwards.

use gstreamer as gst;
use gstreamer_video::prelude::*;
use gstreamer_video::{VideoFormat, VideoInfo};
use proptest::prelude::*;
use protocol::arrangement::{Preset, Wish};
use protocol::colour::Colour;
use protocol::frame::Freshness;
use protocol::ids::Epoch;
use protocol::time::MonoTime;

use super::*;
use crate::canvas::{Canvas, Inlet};
use crate::config::mask::{Area, Basis, Decision};
use crate::config::{Identity, Kind, Theatre};
use crate::signal::Trouble;

const SIZE: SizePx = SizePx { width: 320, height: 180 };

fn mask(areas: Vec<Area>) -> Mask {
    Mask::Areas(Areas { size: SIZE, areas })
}

fn cover(areas: Vec<Area>) -> Rule {
    Rule::Cover(Areas { size: SIZE, areas })
}

/// A theatre whose only source has this mask.
fn theatre(mask: Mask, canvas: SizePx) -> Theatre {
    let kind = Kind::Gstreamer { bin: String::new() };
    let source = Source { mask: Ok(Some(mask)), ..Source::new(protocol::layout::Role::Endoscope, kind) };
    let (width, height) = (canvas.width, canvas.height);
    Theatre {
        primary: "scope".into(),
        run_dir: "/nowhere".into(),
        source: [("scope".to_owned(), source)].into(),
        window: Default::default(),
        canvas: config::Canvas { width, height, tiles: vec!["scope".into()], ..Default::default() },
        encoder: Default::default(),
        identity: Identity { certificate: "c".into(), key: "k".into() },
        participant: Default::default(),
        link: Default::default(),
        ladder: Default::default(),
        vitals: None,
    }
}

/// A picture whose samples `sample` gives by plane, and column and row in whole pixels.
fn picture(format: VideoFormat, size: SizePx, sample: impl Fn(usize, usize, usize) -> u8) -> Picture {
    let info = VideoInfo::builder(format, size.width.into(), size.height.into()).build().unwrap();
    let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
    for plane in 0..frame.n_planes() as usize {
        let (stride, bytes) = (frame.plane_stride()[plane] as usize, pixel_bytes(format));
        let (halved_x, halved_y) = halved(format, plane);
        for (y, row) in frame.plane_data_mut(plane as u32).unwrap().chunks_mut(stride).enumerate() {
            row.iter_mut()
                .enumerate()
                .for_each(|(x, byte)| *byte = sample(plane, (x / bytes) << halved_x, y << halved_y));
        }
    }
    Picture { buffer: frame.into_buffer(), info, captured: MonoTime(1_000_000) }
}

/// Bytes that lie side by side for one column of samples.
fn pixel_bytes(format: VideoFormat) -> usize {
    match format {
        VideoFormat::Bgrx => 4,
        VideoFormat::Uyvy => 2,
        _ => 1,
    }
}

fn halved(format: VideoFormat, plane: usize) -> (usize, usize) {
    match (format, plane) {
        (VideoFormat::I420, 1..) => (1, 1),
        // Two bytes a column pair: as many as columns.
        (VideoFormat::Nv12, 1..) => (0, 1),
        _ => (0, 0),
    }
}

/// The three planes of a picture in I420, without what fills its rows up.
fn pixels(picture: &Picture) -> Vec<Vec<u8>> {
    let frame = picture.read().unwrap();
    let plane = |plane: usize| {
        let (stride, width) = (frame.plane_stride()[plane] as usize, frame.width() as usize >> usize::from(plane > 0));
        let rows = frame.plane_data(plane as u32).unwrap().chunks(stride);
        rows.flat_map(|row| row[..width].to_vec()).collect()
    };
    (0..3).map(plane).collect()
}

/// The canvas that is made of `picture`.
fn canvas_of(theatre: &Theatre, preset: Preset, picture: &Picture) -> Vec<Vec<u8>> {
    let (mut canvas, inlets) = Canvas::new(theatre, Epoch(1), MonoTime(900_000)).unwrap();
    let [mut inlet] = <[Inlet; 1]>::try_from(inlets).ok().unwrap();
    canvas.arrange(Wish { preset, main: inlet.source() });
    inlet.deliver(picture);
    pixels(&canvas.step(MonoTime(1_001_000)).unwrap().unwrap().picture)
}

fn area() -> impl Strategy<Value = Area> {
    let (width, height) = (SIZE.width, SIZE.height);
    let rectangle = (0..width - 8, 0..height - 8, 1u16..120, 1u16..80)
        .prop_map(move |(x, y, w, h)| Area::Rectangle([x, y, w.min(width - x), h.min(height - y)]));
    let corner = (0..=width, 0..=height).prop_map(|(x, y)| [x, y]);
    prop_oneof![rectangle, proptest::collection::vec(corner, 3..6).prop_map(Area::Polygon)]
}

/// Whether the pixel is touched by an area: inside it, or inside the bounds of a rectangle.
fn is_masked(areas: &[Area], x: usize, y: usize) -> bool {
    areas.iter().any(|area| match area {
        Area::Rectangle([left, top, width, height]) => {
            let (left, top) = (usize::from(*left), usize::from(*top));
            (left..left + usize::from(*width)).contains(&x) && (top..top + usize::from(*height)).contains(&y)
        }
        Area::Polygon(corners) => winds_round(corners, x as f64 + 0.5, y as f64 + 0.5),
    })
}

/// By the angle that the corners sweep as seen from the point, another way than the stencil's.
fn winds_round(corners: &[[u16; 2]], x: f64, y: f64) -> bool {
    let angle = |corner: &[u16; 2]| (f64::from(corner[1]) - y).atan2(f64::from(corner[0]) - x);
    let around: f64 = corners
        .iter()
        .zip(corners.iter().cycle().skip(1))
        .map(|(a, b)| {
            let step = angle(b) - angle(a);
            let turn = std::f64::consts::TAU;
            (step + turn / 2.0).rem_euclid(turn) - turn / 2.0
        })
        .sum();
    around.abs() > std::f64::consts::PI
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn pictures_that_differ_only_under_the_mask_make_the_same_canvas(
        areas in proptest::collection::vec(area(), 1..4),
        format in prop_oneof![
            Just(VideoFormat::I420), Just(VideoFormat::Nv12), Just(VideoFormat::Uyvy), Just(VideoFormat::Bgrx),
            Just(VideoFormat::Gray8)
        ],
        preset in prop_oneof![Just(Preset::Solo), Just(Preset::Quad), Just(Preset::SideBySide)],
        canvas in prop_oneof![Just((640u16, 360u16)), Just((320, 180)), Just((250, 250))],
        seed in any::<u64>(),
    ) {
        media::init().unwrap();
        let theatre = theatre(mask(areas.clone()), SizePx { width: canvas.0, height: canvas.1 });
        let scene = |plane: usize, x: usize, y: usize| 60 + ((x * 3 + y * 5 + plane * 40) % 120) as u8;
        let secret = |plane: usize, x: usize, y: usize| (seed.rotate_left((x * 7 + y * 13 + plane) as u32) & 255) as u8;
        // A chroma sample belongs to all its pixels: it is secret if one of them is.
        let reach = |x: usize, y: usize| [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| (x + right, y + down));
        let hidden = |plane: usize, x: usize, y: usize| match (format, plane) {
            (VideoFormat::I420 | VideoFormat::Nv12, 1..) => {
                reach(x & !1, y).iter().any(|(x, y)| is_masked(&areas, *x, *y))
            }
            (VideoFormat::Uyvy, _) => (0..2).any(|right| is_masked(&areas, (x & !1) + right, y)),
            _ => is_masked(&areas, x, y),
        };
        let plain = picture(format, SIZE, scene);
        let told = picture(format, SIZE, |plane, x, y| match hidden(plane, x, y) {
            true => secret(plane, x, y),
            false => scene(plane, x, y),
        });
        let (plain, told) = (canvas_of(&theatre, preset, &plain), canvas_of(&theatre, preset, &told));
        prop_assert!(plain == told, "{:?}", plain.iter().zip(&told).map(|(a, b)| {
            a.iter().zip(b).position(|(a, b)| a != b)
        }).collect::<Vec<_>>());
    }
}

#[test]
fn the_masked_area_is_black_and_the_rest_is_as_it_was() {
    media::init().unwrap();
    let (gate, mut masker) = (Gate::default(), Masker::new(cover(vec![Area::Rectangle([100, 40, 60, 30])])));
    let source = picture(VideoFormat::I420, SIZE, |plane, _, _| if plane == 0 { 200 } else { 90 });
    let masked = masker.apply(&source, &gate).unwrap().unwrap();
    assert_eq!(pixels(&source)[0][50 * 320 + 120], 200, "the source's own picture is as it was");
    let (luma, frame) = (pixels(&masked)[0].clone(), masked.read().unwrap());
    let stride = frame.plane_stride()[0] as usize;
    for (x, y, expected) in
        [(98, 38, 16), (97, 38, 200), (98, 37, 200), (130, 55, 16), (161, 71, 16), (162, 71, 200), (161, 72, 200)]
    {
        assert_eq!(luma[y * stride + x], expected, "at {x},{y}");
    }
    let chroma = frame.plane_data(1).unwrap()[25 * frame.plane_stride()[1] as usize + 60];
    assert_eq!(chroma, 128, "black has no colour");
}

#[test]
fn of_a_picture_that_is_masked_all_over_nothing_is_left_whatever_its_format() {
    media::init().unwrap();
    let (width, height) = (66, 36);
    let size = SizePx { width, height };
    let all = Rule::Cover(Areas { size, areas: vec![Area::Rectangle([0, 0, width, height])] });
    let mut masked = 0;
    for format in VideoFormat::iter_raw() {
        let Ok(info) = VideoInfo::builder(format, width.into(), height.into()).build() else { continue };
        let bytes: Vec<u8> = (0..info.size()).map(|at| (at * 31 % 251) as u8).collect();
        let source = Picture { buffer: gst::Buffer::from_slice(bytes), info, captured: MonoTime(1) };
        // One that cannot be masked does not leave.
        let Ok(leaves) = Masker::new(all.clone()).apply(&source, &Gate::default()) else { continue };
        let black = picture::planar(&leaves.unwrap(), &mut None).unwrap();
        let [luma, blue, red] = <[Vec<u8>; 3]>::try_from(pixels(&black)).unwrap();
        assert!(luma.iter().all(|code| *code <= 20), "{format:?}: {:?}", luma.iter().max());
        assert!([blue, red].concat().iter().all(|code| code.abs_diff(128) <= 2), "{format:?}");
        masked += 1;
    }
    assert!(masked > 60, "{masked} formats were masked");
}

/// What grabbers and files give is masked as it is: nothing of its colour is lost outside the mask.
#[test]
fn a_masked_picture_keeps_its_format_and_every_byte_beside_the_mask() {
    media::init().unwrap();
    let area = [100, 40, 60, 30];
    // Grown by a chroma sample on each side.
    let beside = |x: usize, y: usize| !(98..162).contains(&x) || !(38..72).contains(&y);
    for (format, bytes, black) in [
        (VideoFormat::Uyvy, 2, vec![128, 16, 128, 16]),
        (VideoFormat::Yuy2, 2, vec![16, 128, 16, 128]),
        (VideoFormat::Bgrx, 4, vec![0, 0, 0]),
        (VideoFormat::Rgb, 3, vec![0, 0, 0]),
        (VideoFormat::Gray8, 1, vec![0]),
    ] {
        let info = VideoInfo::builder(format, 320, 180).build().unwrap();
        let samples: Vec<u8> = (0..info.size()).map(|at| (at * 31 % 251) as u8).collect();
        let source = Picture { buffer: gst::Buffer::from_slice(samples.clone()), info, captured: MonoTime(1) };
        let mut masker = Masker::new(cover(vec![Area::Rectangle(area)]));
        let masked = masker.apply(&source, &Gate::default()).unwrap().unwrap();
        assert_eq!(masked.info.format(), format);
        let frame = masked.read().unwrap();
        let (plane, stride) = (frame.plane_data(0).unwrap(), frame.plane_stride()[0] as usize);
        for (y, x) in (0..180).flat_map(|y| (0..320).map(move |x| (y, x))) {
            let at = y * stride + x * bytes;
            if beside(x, y) {
                assert_eq!(plane[at..at + bytes], samples[at..at + bytes], "{format:?} at {x},{y}");
            } else if x % 2 == 0 {
                assert_eq!(plane[at..at + black.len()], black, "{format:?} at {x},{y}");
            }
        }
    }
}

#[test]
fn pictures_of_another_size_are_withheld_until_somebody_looked_and_again_with_the_next_change() {
    media::init().unwrap();
    let (gate, mut masker) = (Gate::default(), Masker::new(cover(vec![Area::Rectangle([0, 0, 160, 90])])));
    let double = SizePx { width: 640, height: 360 };
    let mut passes = |size: SizePx| masker.apply(&picture(VideoFormat::I420, size, |_, _, _| 200), &gate).unwrap();
    assert!(passes(SIZE).is_some() && gate.withholds().is_none());
    assert!(passes(double).is_none());
    assert_eq!(gate.withholds(), Some(Withheld::Mismatch(Mismatch { picture: double, mask: SIZE })));
    assert!(gate.confirm().is_some());
    let stretched = passes(double).expect("somebody looked");
    let luma = &pixels(&stretched)[0];
    assert_eq!((luma[0], luma[170 * 640 + 310], luma[200 * 640 + 400]), (16, 16, 200), "the mask is stretched");
    assert!(gate.confirm().is_none(), "there is nothing to confirm");
    assert!(passes(SizePx { width: 322, height: 180 }).is_none());
    assert!(passes(double).is_none(), "what was confirmed was another change");
    assert!(passes(SIZE).is_some() && gate.withholds().is_none(), "the mask's own size needs nobody's word");
}

#[test]
fn a_withheld_source_says_so_on_its_tile_with_both_sizes_and_shows_nothing() {
    media::init().unwrap();
    let theatre = theatre(mask(vec![Area::Rectangle([0, 0, 9, 9])]), SizePx { width: 640, height: 360 });
    let (mut canvas, inlets) = Canvas::new(&theatre, Epoch(1), MonoTime(900_000)).unwrap();
    let [mut inlet] = <[Inlet; 1]>::try_from(inlets).ok().unwrap();
    let (source, gate) = canvas.gates().remove(0);
    let leaves = inlet.deliver(&picture(VideoFormat::I420, SIZE, |_, _, _| 200)).expect("it fits");
    assert_eq!((pixels(&leaves)[0][0], pixels(&leaves)[0][100 * 320 + 100]), (16, 200), "masked, in its own size");
    let shown = canvas.step(MonoTime(1_001_000)).unwrap().unwrap();
    assert_eq!(shown.header.tiles[0].freshness, Freshness::Live);
    assert!(inlet.deliver(&picture(VideoFormat::I420, SizePx { width: 640, height: 360 }, |_, _, _| 201)).is_none());
    let next = (1_002..2_000).find_map(|ms| canvas.step(MonoTime(ms * 1_000)).unwrap()).expect("the timer drives");
    assert_eq!(next.header.tile(source).unwrap().freshness, Freshness::Withheld);
    let bright = pixels(&next.picture)[0].iter().filter(|luma| **luma == 200 || **luma == 201).count();
    assert!(bright < 500, "{bright} pixels have the source's luma");
    assert_eq!(answers(&gate), "mask 320x180, picture 640x360");
    let looked_at = picture(VideoFormat::I420, SizePx { width: 640, height: 360 }, |_, _, _| 201);
    inlet.deliver(&Picture { captured: MonoTime(2_000_000), ..looked_at });
    let back = (2_000..3_000).find_map(|ms| canvas.step(MonoTime(ms * 1_000)).unwrap()).expect("it drives again");
    assert_eq!(pixels(&back.picture)[0][300 * 640 + 320], 201);
}

#[test]
fn of_a_source_without_a_mask_where_somebody_has_to_decide_nothing_leaves_and_nobody_can_confirm() {
    media::init().unwrap();
    let mut theatre = theatre(mask(vec![Area::Rectangle([0, 0, 9, 9])]), SIZE);
    let source = theatre.source.get_mut("scope").unwrap();
    (source.role, source.mask) = (protocol::layout::Role::Fluoroscopy, Ok(None));
    assert_eq!(
        stands(&theatre, |number| picture(VideoFormat::I420, SIZE, move |_, _, _| number as u8)),
        Freshness::Withheld
    );
    let (canvas, inlets) = Canvas::new(&theatre, Epoch(1), MonoTime(900_000)).unwrap();
    let [mut inlet] = <[Inlet; 1]>::try_from(inlets).ok().unwrap();
    assert!(inlet.deliver(&picture(VideoFormat::I420, SIZE, |_, _, _| 200)).is_none());
    let (_, gate) = canvas.gates().remove(0);
    assert_eq!((gate.confirm(), gate.withholds()), (None, Some(Withheld::NoMask)));
}

/// How a canvas of `theatre` says that its source stands after a picture each 33 ms for three seconds, made of its number.
fn stands(theatre: &Theatre, make: impl Fn(u64) -> Picture) -> Freshness {
    let (mut canvas, inlets) = Canvas::new(theatre, Epoch(1), MonoTime(900_000)).unwrap();
    let [mut inlet] = <[Inlet; 1]>::try_from(inlets).ok().unwrap();
    let stands = (0..90u64).filter_map(|number| {
        let captured = MonoTime(1_000_000 + number * 33_000);
        inlet.deliver(&Picture { captured, ..make(number) });
        Some(canvas.step(MonoTime(captured.0 + 1_000)).unwrap()?.header.tiles[0].freshness)
    });
    stands.last().unwrap()
}

#[test]
fn supervision_sees_what_the_source_gives_and_not_what_the_mask_leaves_of_it() {
    media::init().unwrap();
    let theatre = theatre(mask(vec![Area::Rectangle([0, 0, 320, 90])]), SIZE);
    let of = |above: u8, below: u8| {
        picture(VideoFormat::I420, SIZE, move |plane, _, y| match (plane, y < 80) {
            (0, true) => above,
            (0, false) => below,
            _ => 128,
        })
    };
    assert_eq!(stands(&theatre, |number| of(100 + number as u8, 60)), Freshness::Live, "it moves under the mask");
    assert_eq!(
        stands(&theatre, |number| of(200, 17 + number as u8 % 2)),
        Freshness::Live,
        "it is bright under the mask"
    );
    assert!(matches!(stands(&theatre, |number| of(16, 17 + number as u8 % 2)), Freshness::Black { .. }));
    assert!(matches!(stands(&theatre, |_| of(100, 60)), Freshness::Repeating { .. }));
}

#[test]
fn a_withheld_source_stays_withheld_whatever_supervision_says_of_it() {
    media::init().unwrap();
    let theatre = theatre(mask(vec![Area::Rectangle([0, 0, 9, 9])]), SizePx { width: 640, height: 360 });
    let (mut canvas, inlets) = Canvas::new(&theatre, Epoch(1), MonoTime(900_000)).unwrap();
    let [mut inlet] = <[Inlet; 1]>::try_from(inlets).ok().unwrap();
    inlet.deliver(&picture(VideoFormat::I420, SIZE, |_, _, _| 200));
    assert!(canvas.step(MonoTime(1_001_000)).unwrap().is_some());
    for trouble in [None, Some(Trouble::Ended), Some(Trouble::Failed), Some(Trouble::Unusable)] {
        inlet.deliver(&picture(VideoFormat::I420, SizePx { width: 640, height: 360 }, |_, _, _| 201));
        trouble.into_iter().for_each(|trouble| inlet.trouble(trouble, MonoTime(1_001_000)));
        let composed = (1_002..9_000).find_map(|ms| canvas.step(MonoTime(ms * 1_000)).unwrap()).expect("it goes on");
        assert_eq!(composed.header.tiles[0].freshness, Freshness::Withheld, "{trouble:?}");
        assert!(canvas.gates()[0].1.withholds().is_some());
        let shown = pixels(&composed.picture)[0].iter().filter(|luma| **luma == 200 || **luma == 201).count();
        assert!(shown < 500, "{shown} pixels have the source's luma");
    }
}

/// What is confirmed.
fn answers(gate: &Gate) -> String {
    let Mismatch { picture, mask } = gate.confirm().expect("it is withheld");
    format!("mask {}x{}, picture {}x{}", mask.width, mask.height, picture.width, picture.height)
}

#[test]
fn where_nothing_has_to_be_covered_pictures_pass_as_they_are_in_any_size() {
    media::init().unwrap();
    let none = Mask::None(Decision { decided_by: "Dr Adam".into(), basis: Basis::Knowledge });
    for mask in [None, Some(none)] {
        let kind = Kind::Gstreamer { bin: String::new() };
        let scope = Source { mask: Ok(mask), ..Source::new(protocol::layout::Role::Endoscope, kind) };
        let (gate, mut masker) = (Gate::default(), Masker::new(Rule::of("scope", &scope)));
        let source = picture(VideoFormat::Uyvy, SIZE, |_, x, _| x as u8);
        let passed = masker.apply(&source, &gate).unwrap().unwrap();
        assert_eq!(passed.buffer.as_ptr(), source.buffer.as_ptr(), "not even copied");
    }
}

#[test]
fn a_mask_in_full_range_is_black_in_full_range() {
    media::init().unwrap();
    let full = Colour { matrix: protocol::colour::Matrix::Bt601, range: protocol::colour::Range::Full };
    let info = picture::i420(SIZE, full).unwrap();
    let buffer = gst::Buffer::from_mut_slice(vec![77; info.size()]);
    let source = Picture { buffer, info, captured: MonoTime(1) };
    let mut masker = Masker::new(cover(vec![Area::Rectangle([0, 0, 20, 20])]));
    assert_eq!(pixels(&masker.apply(&source, &Gate::default()).unwrap().unwrap())[0][0], 0);
}
