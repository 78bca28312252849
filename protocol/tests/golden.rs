//! Holds `docs/wire.md` and the code to each other: messages and frames. Datagrams and hello are `transport`'s.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use protocol::arrangement::{self, Arrangement, Grant, Offered, Preset, Wish};
use protocol::call::{Answer, Asked, Call, CallState, Pointed};
use protocol::camera::{self, Action, Drive, Health, Offer};
use protocol::codec::Codec;
use protocol::colour::{Colour, Matrix, Range};
use protocol::drill::{Announcement, Effect, News};
use protocol::frame::{Freshness, Header, TileTime};
use protocol::geometry::{CanvasRect, ImagePoint, SizePx};
use protocol::ids::{Epoch, FrameId, LayoutEpoch, MarkId, SourceId};
use protocol::ladder::{Cause, Position, Rung, Spreading};
use protocol::layout::{Layout, MAX_NAME_BYTES, MAX_TILES, Role, Tile};
use protocol::mark::{Fate, Ink, MAX_POINTS_PER_EXTEND, Operation, Receipt, Width};
use protocol::message::Message;
use protocol::pattern::{Judgement, Pattern};
use protocol::still::{self, Refusal, Still};
use protocol::time::SessionTime;
use protocol::vitals::{
    Alarm, AlarmState, Channel, Decimal, Deviation, Feed, FeedState, GAP, Inactivation, MAX_EXPONENT, MAX_NUMERICS,
    MAX_RATE_MHZ, MAX_SAMPLES, Numeric, Origin, Piece, Priority, Reading, Term, Vitals,
};

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

fn arrangement() -> Arrangement {
    let offered = |source, name: &str| Offered { source: SourceId(source), name: name.to_owned() };
    let shown = Wish { preset: Preset::Insets, main: SourceId(0) };
    Arrangement { shown, grant: Grant::Main, sources: vec![offered(0, "scope"), offered(3, "room")] }
}

const HEART_RATE: Channel = Channel { term: Term(147_842), instance: 0 };

fn vitals() -> Vec<(&'static str, Message)> {
    let oxygen = Channel { term: Term(150_456), instance: 0 };
    let reading = Reading::Valid(Decimal { mantissa: 72, exponent: 0 });
    let numerics = vec![
        Numeric { channel: HEART_RATE, unit: Term(264_864), reading, at: AT, interval_ms: Some(12_000) },
        Numeric { channel: oxygen, unit: Term(262_688), reading: Reading::Unavailable, at: AT, interval_ms: None },
    ];
    let wave = Piece {
        channel: Channel { term: Term(131_330), instance: 0 },
        unit: Term(266_418),
        first: AT,
        rate_mhz: 250_000.try_into().unwrap(),
        scale: Decimal { mantissa: 5, exponent: -3 },
        offset: Decimal { mantissa: 0, exponent: 0 },
        samples: vec![0, -3, GAP],
    };
    let alarm = Alarm {
        source: HEART_RATE,
        event: Term(196_652),
        deviation: Deviation::High,
        priority: Priority::Medium,
        state: AlarmState::Active,
        inactivation: Inactivation::AudioPaused,
        at: AT,
    };
    let feed = Feed { origin: Origin::Monitor, state: FeedState::Live, since: AT };
    vec![
        ("vitals-feed", Message::Vitals(Vitals::Feed(feed))),
        ("vitals-numerics", Message::Vitals(Vitals::Numerics(numerics))),
        ("vitals-wave", Message::Vitals(Vitals::Wave(wave))),
        ("vitals-alarm", Message::Vitals(Vitals::Alarm(alarm))),
    ]
}

/// As many and as large vital signs as one message may hold.
fn largest_vitals() -> [Vitals; 2] {
    let channel = Channel { term: Term(u32::MAX), instance: u8::MAX };
    let (unit, at) = (Term(u32::MAX), SessionTime(u64::MAX));
    let decimal = Decimal { mantissa: i32::MIN, exponent: -MAX_EXPONENT };
    let numeric = Numeric { channel, unit, reading: Reading::Valid(decimal), at, interval_ms: Some(u32::MAX) };
    let rate_mhz = MAX_RATE_MHZ.try_into().unwrap();
    let samples = vec![GAP; MAX_SAMPLES];
    let wave = Piece { channel, unit, first: at, rate_mhz, scale: decimal, offset: decimal, samples };
    [Vitals::Numerics(vec![numeric; MAX_NUMERICS]), Vitals::Wave(wave)]
}

fn judgement() -> Judgement {
    Judgement {
        pictures: 120,
        unreadable: 0,
        repeats: 1,
        lasted_ms: 3_967,
        size: Some(SizePx { width: 1280, height: 720 }),
        luma_off: 2,
        chroma_off: 3,
        cropped_px: [0, 1, 0],
        sharpness_pct: 88,
    }
}

fn messages() -> Vec<(&'static str, Message)> {
    let (id, source, ink, width) = (MARK, SourceId(0), Ink::Cyan, Width::Broad);
    let points = vec![ImagePoint { x: 0, y: 65535 }, ImagePoint { x: 32768, y: 1 }];
    let receipt = Receipt { id, fate: Fate::Shown, points: 5, at: AT, first_on: Some(frame_id(301)) };
    let drill = Announcement { path: "a".to_owned(), effect: Effect::Delay(200), begins_in_ms: 1_000, lasts_ms: 5_000 };
    let pan = Drive { pan: -40, tilt: 0, zoom: 100 };
    let others = vec![
        ("layout", Message::Layout(layout())),
        ("mark-begin", Message::Mark(Operation::Begin { id, source, frame: frame_id(300), ink, width })),
        ("mark-extend", Message::Mark(Operation::Extend { id, first: 3, points })),
        ("mark-end", Message::Mark(Operation::End { id, points: 5 })),
        ("mark-undo", Message::Mark(Operation::Undo { id })),
        ("mark-clear", Message::Mark(Operation::Clear { author: Epoch(7), through: 5 })),
        ("receipt", Message::Receipt(receipt)),
        ("receipt-moved", Message::Receipt(Receipt { fate: Fate::Moved, ..receipt })),
        ("drill-announced", Message::Drill(News::Announced(drill))),
        ("drill-over", Message::Drill(News::Over)),
        ("ladder", Message::Ladder(lines())),
        ("ladder-encoder", Message::Ladder(encoder())),
        ("cursor", Message::Cursor(Some(Pointed { source, at: ImagePoint { x: 32768, y: 1 } }))),
        ("call", Message::Call(Call { number: 3, asked: Some(Asked::Urgent) })),
        ("answer", Message::Answer(Answer { number: 3, state: CallState::Ok })),
        ("still-wish", Message::StillWish(SourceId(1))),
        ("still-refused", Message::StillRefused { source: SourceId(1), why: Refusal::Curtain }),
        ("camera-drive", Message::Camera(camera::Command { source: SourceId(3), action: Action::Drive(pan) })),
        ("camera-home", Message::Camera(camera::Command { source: SourceId(3), action: Action::Home })),
        ("cameras", Message::Cameras(vec![Offer { source: SourceId(3), health: Health::Silent }])),
        ("pattern", Message::Pattern(Some(Pattern { per_second: 30 }))),
        ("judged", Message::Judged(judgement())),
        ("layout-wish", Message::LayoutWish(Wish { preset: Preset::SideBySide, main: SourceId(2) })),
        ("arrangement", Message::Arrangement(arrangement())),
        ("layout-answer", Message::LayoutAnswer(arrangement::Answer::NotLayout)),
        ("decodes", Message::Decodes(vec![Codec::H265])),
    ];
    others.into_iter().chain(vitals()).collect()
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
    let vitals = largest_vitals().map(Message::Vitals);
    for message in [Message::Layout(layout), Message::Mark(extend)].into_iter().chain(vitals) {
        // A datagram's number, variant, message number and length take 13 bytes at most.
        let bytes = message.to_bytes().unwrap().len();
        assert!(bytes <= 600 - 13, "{bytes}");
    }
}

#[test]
fn vital_signs_beyond_their_bounds_are_refused_in_both_directions() {
    let [numerics, wave] = largest_vitals();
    let (Vitals::Numerics(mut numerics), Vitals::Wave(wave)) = (numerics, wave) else { panic!("as made") };
    numerics.push(numerics[0]);
    let steep = Decimal { mantissa: 1, exponent: MAX_EXPONENT + 1 };
    let beyond = [
        Vitals::Numerics(numerics.clone()),
        Vitals::Numerics(vec![Numeric { reading: Reading::Questionable(steep), ..numerics[0] }]),
        Vitals::Wave(Piece { samples: vec![0; MAX_SAMPLES + 1], ..wave.clone() }),
        Vitals::Wave(Piece { rate_mhz: (MAX_RATE_MHZ + 1).try_into().unwrap(), ..wave.clone() }),
        Vitals::Wave(Piece { scale: steep, ..wave.clone() }),
        Vitals::Wave(Piece { offset: steep, ..wave }),
    ];
    for message in beyond.map(Message::Vitals) {
        assert!(message.to_bytes().is_err(), "{message:?}");
        assert!(Message::from_bytes(&postcard::to_stdvec(&message).unwrap()).is_err(), "{message:?}");
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
    assert_eq!(header.prefix(Codec::H264, &access_unit).unwrap(), *bytes);
    assert_eq!(Header::take(bytes).unwrap(), (header, Codec::H264, &access_unit[..]));
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
        (captured, Freshness::Withheld),
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
    assert_eq!(header.prefix(Codec::H265, &access_unit).unwrap(), *bytes);
    assert_eq!(Header::take(bytes).unwrap(), (header, Codec::H265, &access_unit[..]));
}

#[test]
fn the_still_on_the_page_is_what_the_code_writes_and_reads() {
    let vectors = vectors();
    let size = SizePx { width: 1920, height: 1080 };
    let header = still::Header { frame: frame_id(300), source: SourceId(1), captured: SessionTime(999_040), size };
    let png = [0x89, b'P', b'N', b'G'];
    for (name, still, picture) in
        [("still", Still::Source(header), &png[..]), ("still-canvas", Still::Canvas, &[9][..])]
    {
        let bytes = vectors.get(name).unwrap();
        assert_eq!(still.prefix(picture).unwrap(), *bytes, "{name}");
        assert_eq!(Still::take(bytes).unwrap(), (still, picture), "{name}");
    }
}

#[test]
fn every_kind_of_message_is_on_the_page_and_no_vector_goes_unread() {
    let vectors = vectors();
    let mut known: Vec<&str> = messages().iter().map(|(name, _)| *name).collect();
    known.extend(["frame", "frame-states", "still", "still-canvas"]);
    known.sort_unstable();
    assert_eq!(vectors.keys().copied().collect::<Vec<_>>(), known);
    let kinds: BTreeSet<u8> = messages().iter().map(|(_, message)| kind(message)).collect();
    assert_eq!(kinds, (0..27).collect());
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
        Message::Cursor(_) => 10,
        Message::Call(_) => 11,
        Message::Answer(_) => 12,
        Message::Vitals(Vitals::Feed(_)) => 13,
        Message::Vitals(Vitals::Numerics(_)) => 14,
        Message::Vitals(Vitals::Wave(_)) => 15,
        Message::Vitals(Vitals::Alarm(_)) => 16,
        Message::StillWish(_) => 17,
        Message::StillRefused { .. } => 18,
        Message::Camera(_) => 19,
        Message::Cameras(_) => 20,
        Message::Pattern(_) => 21,
        Message::Judged(_) => 22,
        Message::LayoutWish(_) => 23,
        Message::Arrangement(_) => 24,
        Message::LayoutAnswer(_) => 25,
        Message::Decodes(_) => 26,
    }
}
