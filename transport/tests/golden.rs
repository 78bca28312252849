//! Holds `docs/wire.md` and the code to each other: datagrams and hello. Messages and frames are `protocol`'s.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use protocol::ids::Epoch;
use protocol::time::{MonoTime, SessionTime};
use transport::arrivals::{Log, Report};
use transport::hello::{Hello, Role};
use transport::protect::Code;
use transport::shards::{Frame, Geometry, Train};
use transport::wire::{self, Ack, Body, Datagram, Message, Nack, Probe, ProbeReply, Received};

const PAGE: &str = include_str!("../../docs/wire.md");

/// The vectors of the page: in each block headed `golden NAME`, the bytes before the first two spaces of each line.
fn vectors() -> BTreeMap<&'static str, Vec<u8>> {
    let (datagrams, _messages) = PAGE.split_once("\n## Messages\n").unwrap();
    let blocks = datagrams.split("```golden ").skip(1);
    let vector = |block: &'static str| {
        let (name, rest) = block.split_once('\n').unwrap();
        let (lines, _) = rest.split_once("```").unwrap();
        let columns = lines.lines().map(|line| line.split_once("  ").unwrap().0);
        let bytes = columns.flat_map(|column| column.split(' ')).map(|byte| u8::from_str_radix(byte, 16).unwrap());
        (name, bytes.collect())
    };
    blocks.map(vector).collect()
}

/// Datagrams 300 and 301 came 150 us apart, 302 is missing, and 303 came at once after.
fn report() -> Report {
    let mut log = Log::default();
    for (number, at_us) in [(300, 5_000_000), (301, 5_000_150), (303, 5_000_150)] {
        log.record(number, MonoTime(at_us));
    }
    log.report(MonoTime(6_000_000)).unwrap()
}

fn datagrams() -> Vec<(&'static str, Datagram<'static>)> {
    let clock = Some(SessionTime(1_000_000));
    let ack = Ack { next: 4, beyond: 5 };
    let probe = Probe { next_frame: 201, received: Received { end: 128, count: 127 }, ack: Ack { next: 4, beyond: 0 } };
    let bodies = [
        ("message", 7, Body::Message(Message { number: 3, bytes: b"hi" })),
        ("ack", 8, Body::Ack(ack)),
        ("probe", 9, Body::Probe(probe)),
        ("probe-reply-theatre", 10, Body::ProbeReply(ProbeReply { probe: 9, clock })),
        ("probe-reply-console", 11, Body::ProbeReply(ProbeReply { probe: 9, clock: None })),
        ("refresh-request", 12, Body::RefreshRequest),
        ("arrivals", 14, Body::Arrivals(report())),
        ("voice", 15, Body::Voice(Message { number: 200, bytes: b"hm" })),
        ("bulk", 16, Body::Bulk(Message { number: 0, bytes: b"\0\x02\0\0\0hi" })),
        ("bulk-ack", 17, Body::BulkAck(Ack { next: 1, beyond: 0 })),
        ("padding", 18, Body::Padding(&[0; 3])),
        ("nack", 13, Body::Nack(Nack { frame: 200, first: 2, missing: &[5] })),
    ];
    bodies.into_iter().map(|(name, number, body)| (name, Datagram { number, body })).collect()
}

#[test]
fn every_datagram_on_the_page_is_what_the_code_writes_and_reads() {
    let vectors = vectors();
    for (name, datagram) in datagrams() {
        let bytes = vectors.get(name).unwrap();
        assert_eq!(datagram.to_bytes().unwrap(), *bytes, "{name}");
        assert_eq!(wire::decode(bytes).unwrap(), datagram, "{name}");
    }
}

#[test]
fn the_shard_on_the_page_is_one_of_its_frame() {
    let vectors = vectors();
    let bytes = vectors.get("shard").unwrap();
    let datagram = wire::decode(bytes).unwrap();
    let Body::Shard(shard) = datagram.body else { unreachable!("the page says shard") };
    assert_eq!((datagram.number, shard.frame, shard.independent, shard.index), (300, 200, true, 1));
    assert_eq!((shard.count, shard.repair, shard.frame_bytes, shard.payload), (2, 1, 5, &b"e"[..]));
    assert!(Geometry::claimed(&shard).is_some());
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283, "the check value of CRC-32C");
    assert_eq!(shard.checksum, crc32c::crc32c(b"frame").to_le_bytes());
    assert_eq!(datagram.to_bytes().unwrap(), *bytes);
    let whole = Frame::new(true, &b"frame"[..]).unwrap();
    let train = Train::new(200, whole, Geometry::of(5, 512, 0), &mut Code::default());
    let only = train.shard(0).unwrap();
    assert_eq!((only.checksum, only.frame_bytes, only.count), (shard.checksum, 5, 1));
}

#[test]
fn the_hello_on_the_page_is_what_the_code_writes_and_accepts() {
    let vectors = vectors();
    let bytes = vectors.get("hello").unwrap();
    let hello = Hello { version: 1, epoch: Epoch(0x0102_0304), role: Role::Console };
    assert_eq!(hello.to_bytes().unwrap(), *bytes);
    let theatre = Hello { version: 1, epoch: Epoch(1), role: Role::Theatre };
    assert_eq!(theatre.accept(bytes), Ok(hello));
}

#[test]
fn every_kind_of_datagram_is_on_the_page_and_no_vector_goes_unread() {
    let vectors = vectors();
    let mut known: Vec<&str> = datagrams().iter().map(|(name, _)| *name).chain(["hello", "shard"]).collect();
    known.sort_unstable();
    assert_eq!(vectors.keys().copied().collect::<Vec<_>>(), known);
    let datagrams = vectors.iter().filter(|(name, _)| **name != "hello").map(|(_, bytes)| wire::decode(bytes).unwrap());
    let kinds: BTreeSet<u8> = datagrams.map(|datagram| kind(&datagram.body)).collect();
    assert_eq!(kinds, (0..12).collect());
}

/// A new variant does not compile here before it has a vector.
fn kind(body: &Body<'_>) -> u8 {
    match body {
        Body::Shard(_) => 0,
        Body::Message(_) => 1,
        Body::Ack(_) => 2,
        Body::Probe(_) => 3,
        Body::ProbeReply(_) => 4,
        Body::RefreshRequest => 5,
        Body::Nack(_) => 6,
        Body::Arrivals(_) => 7,
        Body::Voice(_) => 8,
        Body::Bulk(_) => 9,
        Body::BulkAck(_) => 10,
        Body::Padding(_) => 11,
    }
}
