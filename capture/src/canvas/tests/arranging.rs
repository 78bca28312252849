//! Four sources in every arrangement, and the curtain before them.

use super::*;

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
