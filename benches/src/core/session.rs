//! A whole session, both ends: frames and bytes a second, and allocations a frame. The baseline is the least that any
//! transport does with a frame: cut it into datagrams once, put them together again, and check it.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use transport::schedule::Policy;

use super::pair::{MAX_DATAGRAM_BYTES, Pair};
use super::processor::ThreadTime;

/// Criterion's group of these.
pub const GROUP: &str = "session";
/// The baseline's name in it.
pub const SPLITTING: &str = "splitting loop, once";
/// A frame at 20 Mbit/s and 30 frames a second.
pub const FRAME_BYTES: usize = 20_000_000 / 8 / 30;
/// Frames over which allocations are counted: enough for every periodic thing to happen often.
const COUNTED: u64 = 300;

/// One way of spreading frames.
pub struct Case {
    /// Its name in the group.
    pub name: &'static str,
    paths: u8,
    policy: Policy,
}

/// What was counted of a case.
pub struct Counted {
    /// Allocations a frame, at both ends together.
    pub allocations: f64,
    /// Datagram bytes over frame bytes.
    pub bytes_ratio: f64,
}

/// All that are measured.
pub const CASES: [Case; 3] = [
    Case { name: "duplicate, 4 paths", paths: 4, policy: Policy::Duplicate },
    Case { name: "spread, 4 paths", paths: 4, policy: Policy::Spread },
    Case { name: "duplicate, 2 paths", paths: 2, policy: Policy::Duplicate },
];

/// Times a frame's passage, from one to the next.
pub fn bench(criterion: &mut Criterion<ThreadTime>) {
    let mut group = criterion.benchmark_group(GROUP);
    group.throughput(Throughput::Bytes(FRAME_BYTES as u64));
    let frame = vec![7; FRAME_BYTES];
    group.bench_function(SPLITTING, |bencher| bencher.iter(|| split_and_join(black_box(&frame))));
    for case in &CASES {
        let mut pair = case.pair();
        group.bench_function(case.name, |bencher| bencher.iter(|| pair.pass()));
    }
    group.finish();
}

/// Counts the steady path of each case.
pub fn counted() -> Vec<Counted> {
    let count = |case: &Case| {
        let mut pair = case.pair();
        let (released, sent_bytes) = (pair.released, pair.sent_bytes);
        let info = allocation_counter::measure(|| (0..COUNTED).for_each(|_| pair.pass()));
        assert_eq!(pair.released - released, COUNTED, "perfect lines lose nothing");
        Counted {
            allocations: info.count_total as f64 / COUNTED as f64,
            bytes_ratio: (pair.sent_bytes - sent_bytes) as f64 / (COUNTED * FRAME_BYTES as u64) as f64,
        }
    };
    CASES.iter().map(count).collect()
}

/// Allocations of the baseline.
pub fn splitting_allocations() -> u64 {
    let frame = vec![7; FRAME_BYTES];
    allocation_counter::measure(|| drop(black_box(split_and_join(&frame)))).count_total
}

impl Case {
    fn pair(&self) -> Pair {
        Pair::steady(self.paths, self.policy, FRAME_BYTES)
    }
}

fn split_and_join(frame: &[u8]) -> Option<Vec<u8>> {
    let checksum = crc32c::crc32c(frame);
    let datagrams: Vec<Bytes> = frame.chunks(MAX_DATAGRAM_BYTES).map(Bytes::copy_from_slice).collect();
    let mut joined = Vec::with_capacity(frame.len());
    datagrams.iter().for_each(|datagram| joined.extend_from_slice(datagram));
    (crc32c::crc32c(&joined) == checksum).then_some(joined)
}
