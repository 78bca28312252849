//! Holds `docs/wire.md` and the code to each other: messages and frames. Datagrams and hello are `transport`'s.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use protocol::colour::{Colour, Matrix, Range};
use protocol::drill::{Announcement, Effect, News};
use protocol::frame::{Freshness, Header, TileTime};
use protocol::geometry::{CanvasRect, ImagePoint, SizePx};
use protocol::ids::{Epoch, FrameId, LayoutEpoch, MarkId, SourceId};
use protocol::ladder::{Cause, Position, Rung, Spreading};
use protocol::layout::{Layout, MAX_NAME_BYTES, MAX_TILES, Role, Tile};
use protocol::mark::{Fate, Ink, MAX_POINTS_PER_EXTEND, Operation, Receipt, Width};
use protocol::message::Message;
use protocol::time::SessionTime;

const PAGE: &str = include_str!("../../docs/wire.md");
const MARK: MarkId = MarkId { author: Epoch(7), number: 5 };
const AT: SessionTime = SessionTime(1_000_000);

/// The vectors of the page: in each block headed `golden NAME`, the bytes before the first two spaces of each line.
fn vectors() -> BTreeMap<&'static str, Vec<u8>> {
    let (_datagrams, messages) = PAGE.split_once("\n## Messages\n").unwrap();
    let blocks = messages.split("```golden ").skip(1);
    let vector = |block: &'static str| {
        let (name, rest) = block.split_once('\n').unwrap();
        let (lines, _) = rest.split_once("```").unwrap();
        let columns = lines.lines().map(|line| line.split_once("  ").unwrap().0);
        let bytes = columns.flat_map(|column| column.split(' ')).map(|byte| u8::from_str_radix(byte, 16).unwrap());
        (name, bytes.collect())
    };
    blocks.map(vector).collect()
}

fn frame_id(index: u64) -> FrameId {
    FrameId { epoch: Epoch(9), index }
}

fn layout() -> Layout {
    let rect = CanvasRect { x: 0, y: 0, size: SizePx { width: 960, height: 540 } };
    let scope = Tile {
        source: SourceId(0),
        name: "scope".to_owned(),
        role: Role::Endoscope,
        tile: rect,
        picture: rect,
        image: Some(SizePx { width: 1920, height: 1080 }),
        on_display: true,
    };
    let canvas = SizePx { width: 1280, height: 720 };
    Layout { epoch: LayoutEpoch(2), canvas, primary: SourceId(0), tiles: vec![scope] }
}

fn lines() -> Position {
    Position {
        rung: Rung::HalfRate,
        cause: Some(Cause::Lines),
        budget_bps: Some(1_200_000),
        spreading: Some(Spreading::Spread),
        phone: Some("+49 30 12".into()),
    }
}

fn encoder() -> Position {
    let cause = Some(Cause::Encoder { made_bps: 4_000_000, ordered_bps: 2_000_000 });
    Position { rung: Rung::Insets, cause, ..Position::default() }
}

fn messages() -> Vec<(&'static str, Message)> {
    let (id, source, ink, width) = (MARK, SourceId(0), Ink::Cyan, Width::Broad);
    let points = vec![ImagePoint { x: 0, y: 65535 }, ImagePoint { x: 32768, y: 1 }];
    let receipt = Receipt { id, fate: Fate::Shown, points: 5, at: AT, first_on: Some(frame_id(301)) };
    let drill = Announcement { path: "a".to_owned(), effect: Effect::Delay(200), begins_in_ms: 1_000, lasts_ms: 5_000 };
    vec![
        ("layout", Message::Layout(layout())),
        ("mark-begin", Message::Mark(Operation::Begin { id, source, frame: frame_id(300), ink, width })),
        ("mark-extend", Message::Mark(Operation::Extend { id, first: 3, points })),
        ("mark-end", Message::Mark(Operation::End { id, points: 5 })),
        ("mark-undo", Message::Mark(Operation::Undo { id })),
        ("mark-clear", Message::Mark(Operation::Clear { author: Epoch(7), through: 5 })),
        ("receipt", Message::Receipt(receipt)),
        ("drill-announced", Message::Drill(News::Announced(drill))),
        ("drill-over", Message::Drill(News::Over)),
        ("ladder", Message::Ladder(lines())),
        ("ladder-encoder", Message::Ladder(encoder())),
    ]
}

#[test]
fn the_longest_messages_pass_a_line_that_swallows_datagrams_above_600_bytes() {
    let far = CanvasRect { x: 8191, y: 8191, size: SizePx { width: 8192, height: 8192 } };
    let tile = Tile {
        source: SourceId(u8::MAX),
        name: "n".repeat(MAX_NAME_BYTES),
        role: Role::Room,
        tile: far,
        picture: far,
        image: Some(SizePx { width: 8192, height: 8192 }),
        on_display: true,
    };
    let canvas = SizePx { width: 8192, height: 8192 };
    let tiles = vec![tile; MAX_TILES];
    let layout = Layout { epoch: LayoutEpoch(u32::MAX), canvas, primary: SourceId(0), tiles };
    let points = vec![ImagePoint { x: u16::MAX, y: u16::MAX }; MAX_POINTS_PER_EXTEND];
    let mark = MarkId { author: Epoch(u32::MAX), number: u32::MAX };
    let extend = Operation::Extend { id: mark, first: u16::MAX, points };
    for message in [Message::Layout(layout), Message::Mark(extend)] {
        // A datagram's number, variant, message number and length take 13 bytes at most.
        let bytes = message.to_bytes().unwrap().len();
        assert!(bytes <= 600 - 13, "{bytes}");
    }
}

#[test]
fn every_message_on_the_page_is_what_the_code_writes_and_reads() {
    let vectors = vectors();
    for (name, message) in messages() {
        let bytes = vectors.get(name).unwrap();
        assert_eq!(message.to_bytes().unwrap(), *bytes, "{name}");
        assert_eq!(Message::from_bytes(bytes).unwrap(), message, "{name}");
    }
}

#[test]
fn the_frame_on_the_page_is_what_the_code_writes_and_reads() {
    let vectors = vectors();
    let bytes = vectors.get("frame").unwrap();
    let tile = |source, captured, freshness| TileTime { source: SourceId(source), captured, freshness };
    let header = Header {
        id: frame_id(300),
        layout: LayoutEpoch(2),
        composed: AT,
        colour: Colour { matrix: Matrix::Bt709, range: Range::Limited },
        tiles: vec![tile(0, Some(SessionTime(999_040)), Freshness::Live), tile(1, None, Freshness::Waiting)],
    };
    let access_unit = [0, 0, 0, 1];
    assert_eq!(header.prefix(&access_unit).unwrap(), *bytes);
    assert_eq!(Header::take(bytes).unwrap(), (header, &access_unit[..]));
}

#[test]
fn every_state_of_a_tile_on_the_page_is_what_the_code_writes_and_reads() {
    let vectors = vectors();
    let bytes = vectors.get("frame-states").unwrap();
    let (captured, since) = (Some(SessionTime(999_040)), SessionTime(100_000));
    let states = [
        (captured, Freshness::Repeating { since }),
        (captured, Freshness::Black { since }),
        (captured, Freshness::Held { since }),
        (captured, Freshness::Lost),
        (captured, Freshness::Ended),
        (None, Freshness::Failed),
        (None, Freshness::Unusable),
    ];
    let tiles = (0..).zip(states);
    let tiles = tiles.map(|(id, (captured, freshness))| TileTime { source: SourceId(id), captured, freshness });
    let header = Header {
        id: frame_id(301),
        layout: LayoutEpoch(2),
        composed: AT,
        colour: Colour { matrix: Matrix::Bt709, range: Range::Limited },
        tiles: tiles.collect(),
    };
    let access_unit = [0, 0, 0, 1];
    assert_eq!(header.prefix(&access_unit).unwrap(), *bytes);
    assert_eq!(Header::take(bytes).unwrap(), (header, &access_unit[..]));
}

#[test]
fn every_kind_of_message_is_on_the_page_and_no_vector_goes_unread() {
    let vectors = vectors();
    let mut known: Vec<&str> = messages().iter().map(|(name, _)| *name).chain(["frame", "frame-states"]).collect();
    known.sort_unstable();
    assert_eq!(vectors.keys().copied().collect::<Vec<_>>(), known);
    let kinds: BTreeSet<u8> = messages().iter().map(|(_, message)| kind(message)).collect();
    assert_eq!(kinds, (0..10).collect());
}

/// A new variant does not compile here before it has a vector.
fn kind(message: &Message) -> u8 {
    match message {
        Message::Layout(_) => 0,
        Message::Mark(Operation::Begin { .. }) => 1,
        Message::Mark(Operation::Extend { .. }) => 2,
        Message::Mark(Operation::End { .. }) => 3,
        Message::Mark(Operation::Undo { .. }) => 4,
        Message::Mark(Operation::Clear { .. }) => 5,
        Message::Receipt(_) => 6,
        Message::Drill(News::Announced(_)) => 7,
        Message::Drill(News::Over) => 8,
        Message::Ladder(_) => 9,
    }
}
