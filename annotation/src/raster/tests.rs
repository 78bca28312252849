//! What a mark looks like once it is blended onto a picture.

use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, FrameId, SourceId};
use protocol::mark::{Ink, MAX_POINTS_PER_MARK, Operation, Width};

use super::*;
use crate::board::Board;
use crate::ink::srgb;

const DISPLAY: SizePx = SizePx { width: 1280, height: 720 };
const GREY: u8 = 120;

fn id(number: u32) -> MarkId {
    MarkId { author: Epoch(1), number }
}

/// The image point at a pixel's centre.
fn at(x: f32, y: f32) -> ImagePoint {
    let step = |px: f32, extent: u16| ((px + 0.5) / f32::from(extent) * 65_535.0).round() as u16;
    ImagePoint { x: step(x, DISPLAY.width), y: step(y, DISPLAY.height) }
}

fn draw(board: &mut Board, number: u32, ink: Ink, points: &[ImagePoint]) {
    let frame = FrameId { epoch: Epoch(0), index: 0 };
    let (id, source, width) = (id(number), SourceId(0), Width::Medium);
    board.apply(&Operation::Begin { id, source, frame, ink, width });
    extend(board, number, 0, points);
}

fn extend(board: &mut Board, number: u32, first: usize, points: &[ImagePoint]) {
    crate::mark::extends(id(number), first, points).for_each(|operation| board.apply(&operation));
}

fn rendered(board: &Board, line: Line) -> Vec<u8> {
    blended(&Raster::new(DISPLAY).draw(board.marks(), line))
}

fn blended(overlay: &Overlay) -> Vec<u8> {
    let stride = usize::from(DISPLAY.width) * 4;
    let mut frame = vec![GREY; stride * usize::from(DISPLAY.height)];
    overlay.rects.iter().for_each(|rect| blend_bgrx(rect, &mut frame, stride));
    frame
}

/// Red, green and blue of a pixel.
fn pixel(frame: &[u8], x: usize, y: usize) -> [u8; 3] {
    let at = (y * usize::from(DISPLAY.width) + x) * 4;
    [frame[at + 2], frame[at + 1], frame[at]]
}

fn straight() -> Vec<ImagePoint> {
    (0..=10u8).map(|n| at(200.0 + 20.0 * f32::from(n), 300.0)).collect()
}

/// A hand that winds across the picture.
fn winding(points: usize) -> Vec<ImagePoint> {
    let way = |n: f32| at(640.0 + 500.0 * (n / 90.0).sin(), 360.0 + 300.0 * (n / 37.0).cos());
    (0..points).map(|n| way(n as f32)).collect()
}

#[test]
fn every_ink_has_its_colour_in_the_middle_a_dark_halo_beside_it_and_nothing_beyond() {
    for ink in [Ink::Green, Ink::Cyan, Ink::Yellow, Ink::White] {
        let mut board = Board::new();
        draw(&mut board, 0, ink, &straight());
        let frame = rendered(&board, Line::Solid);
        // 6.4 px wide around row 300: ink in rows 298 to 302, halo on to row 305, nothing from row 306.
        for y in 298..=302 {
            let off = pixel(&frame, 305, y).iter().zip(srgb(ink)).map(|(a, b)| a.abs_diff(b)).max();
            assert!(off <= Some(2), "{ink:?} row {y}: {:?}", pixel(&frame, 305, y));
        }
        for y in [296, 304] {
            let shade = pixel(&frame, 305, y);
            assert!(shade.iter().all(|channel| (40..60).contains(channel)), "{ink:?} row {y}: {shade:?}");
        }
        for y in [294, 306] {
            assert_eq!(pixel(&frame, 305, y), [GREY; 3], "{ink:?} row {y}");
        }
    }
}

#[test]
fn the_ends_are_round() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::White, &straight());
    let frame = rendered(&board, Line::Solid);
    assert_eq!(pixel(&frame, 198, 300), [255; 3]);
    assert!(pixel(&frame, 197, 297)[0] < 200, "a corner of a square end");
    assert_eq!(pixel(&frame, 193, 300), [GREY; 3]);
}

#[test]
fn a_touch_is_a_dot() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::White, &[at(640.0, 360.0)]);
    let frame = rendered(&board, Line::Solid);
    assert_eq!(pixel(&frame, 640, 360), [255; 3]);
    let inked = frame.chunks_exact(4).filter(|pixel| pixel[0] > GREY).count();
    assert!((26..50).contains(&inked), "a circle of 6.4 px has 32 px: {inked}");
}

#[test]
fn a_stroke_drawn_bit_by_bit_looks_as_if_drawn_at_once() {
    let points = winding(300);
    let mut board = Board::new();
    let mut raster = Raster::new(DISPLAY);
    draw(&mut board, 0, Ink::Green, &points[..1]);
    raster.draw(board.marks(), Line::Solid);
    for (first, count) in [(1, 1), (2, 1), (3, 4), (7, 20), (27, 128), (155, 145)] {
        extend(&mut board, 0, first, &points[first..first + count]);
        let grown = raster.draw(board.marks(), Line::Solid);
        assert!(blended(&grown) == rendered(&board, Line::Solid), "they differ at {} points", first + count);
    }
}

#[test]
fn a_mark_that_did_not_change_is_not_drawn_again() {
    let mut board = Board::new();
    (0..50).for_each(|number| draw(&mut board, number, Ink::Cyan, &straight()));
    let mut raster = Raster::new(DISPLAY);
    let before = raster.draw(board.marks(), Line::Solid);
    extend(&mut board, 49, 11, &[at(400.0, 330.0)]);
    let after = raster.draw(board.marks(), Line::Solid);
    let kept = after.rects.iter().filter(|rect| before.rects.iter().any(|old| Arc::ptr_eq(&old.rgba, &rect.rgba)));
    let squares_of_one = before.rects.len() / 50;
    assert!(kept.count() >= 49 * squares_of_one);
}

#[test]
fn growing_a_long_stroke_repaints_its_end_only() {
    let points = winding(MAX_POINTS_PER_MARK);
    let mut board = Board::new();
    let mut raster = Raster::new(DISPLAY);
    draw(&mut board, 0, Ink::Green, &points[..points.len() - 1]);
    let before = raster.draw(board.marks(), Line::Solid);
    extend(&mut board, 0, points.len() - 1, &points[points.len() - 1..]);
    let after = raster.draw(board.marks(), Line::Solid);
    let repainted =
        after.rects.iter().filter(|rect| !before.rects.iter().any(|old| Arc::ptr_eq(&old.rgba, &rect.rgba)));
    assert!(repainted.count() <= 4);
}

#[test]
fn a_mark_taken_back_leaves_no_pixel() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::Green, &straight());
    let mut raster = Raster::new(DISPLAY);
    raster.draw(board.marks(), Line::Solid);
    board.apply(&Operation::Undo { id: id(0) });
    assert_eq!(raster.draw(board.marks(), Line::Solid), Overlay::default());
}

#[test]
fn a_later_mark_lies_over_an_earlier_one() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::Green, &straight());
    draw(&mut board, 1, Ink::White, &[at(305.0, 250.0), at(305.0, 350.0)]);
    let frame = rendered(&board, Line::Solid);
    assert_eq!(pixel(&frame, 305, 300), srgb(Ink::White));
    let beside = pixel(&frame, 301, 300);
    assert!(beside[1] < srgb(Ink::Green)[1] / 2, "its halo parts them: {beside:?}");
}

#[test]
fn a_dashed_line_has_ink_and_gaps_and_becomes_solid_again() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::White, &straight());
    let mut raster = Raster::new(DISPLAY);
    let solid = raster.draw(board.marks(), Line::Solid);
    let dashed = blended(&raster.draw(board.marks(), Line::Dashed));
    let row: Vec<u8> = (200..400).map(|x| pixel(&dashed, x, 300)[0]).collect();
    let runs = |is: fn(u8) -> bool| row.windows(2).filter(|pair| !is(pair[0]) && is(pair[1])).count();
    assert!(runs(|value| value == 255) >= 3, "dashes");
    assert!(runs(|value| value == GREY) >= 3, "gaps that show the picture itself");
    assert_eq!(raster.draw(board.marks(), Line::Solid), solid);
}

#[test]
fn a_faint_line_has_gaps_and_half_the_ink() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::White, &straight());
    let faint = rendered(&board, Line::Faint);
    let row: Vec<u8> = (200..400).map(|x| pixel(&faint, x, 300)[0]).collect();
    let half = u16::from(GREY).midpoint(255) as u8;
    assert!(row.iter().all(|value| *value <= half + 1), "{row:?}");
    assert!(row.contains(&half) && row.contains(&GREY), "ink and gaps: {row:?}");
}

#[test]
fn a_stroke_along_the_edge_stays_on_the_display() {
    let corner = ImagePoint { x: 65_535, y: 65_535 };
    let mut board = Board::new();
    draw(&mut board, 0, Ink::White, &[ImagePoint { x: 0, y: 65_535 }, corner, ImagePoint { x: 65_535, y: 0 }]);
    let display = SizePx { width: 500, height: 300 };
    let overlay = Raster::new(display).draw(board.marks(), Line::Solid);
    assert!(!overlay.rects.is_empty());
    for rect in &overlay.rects {
        assert!(rect.x + rect.size.width <= display.width && rect.y + rect.size.height <= display.height);
        assert_eq!(rect.rgba.len(), usize::from(rect.size.width) * usize::from(rect.size.height) * 4);
    }
}

#[test]
fn colours_are_premultiplied() {
    let mut board = Board::new();
    draw(&mut board, 0, Ink::Yellow, &winding(40));
    let overlay = Raster::new(DISPLAY).draw(board.marks(), Line::Solid);
    for pixel in overlay.rects.iter().flat_map(|rect| rect.rgba.chunks_exact(4)) {
        assert!(pixel[..3].iter().all(|channel| *channel <= pixel[3]), "{pixel:?}");
    }
}
