//! Repair of a frame of 40 KB: making it, and rebuilding the frame from it. The baseline reads the same bytes once.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use reed_solomon_simd::ReedSolomonDecoder;
use transport::protect::Code;
use transport::shards::Geometry;

use super::processor::ThreadTime;

/// Criterion's group of these.
pub const GROUP: &str = "code";
/// The baseline's name in it.
pub const CHECKSUM: &str = "CRC-32C";
/// A frame at 10 Mbit/s and 30 frames a second.
pub const FRAME_BYTES: usize = 40_000;
/// What a datagram has for a shard.
const SHARD_BYTES: usize = 1134;
/// Repair shards beside its 36: for random loss, and for one of four paths that vanishes. As many source shards are
/// missing when the frame is rebuilt.
pub const REPAIR: [u16; 2] = [2, 13];

/// Name of making so much repair.
pub fn protect_name(repair: u16) -> String {
    format!("protect with {repair}")
}

/// Name of rebuilding from so much repair.
pub fn rebuild_name(repair: u16) -> String {
    format!("rebuild {repair}")
}

/// Name of the same by the crate's own decoder, without [`transport::protect`]'s locator.
pub fn plain_name(repair: u16) -> String {
    format!("rebuild {repair}, the crate's own decoder")
}

/// Times all of them.
pub fn bench(criterion: &mut Criterion<ThreadTime>) {
    let frame: Vec<u8> = (0..FRAME_BYTES).map(|at| (at * 31 + at / 256) as u8).collect();
    let mut group = criterion.benchmark_group(GROUP);
    group.throughput(Throughput::Bytes(FRAME_BYTES as u64));
    group.bench_function(CHECKSUM, |bencher| bencher.iter(|| crc32c::crc32c(black_box(&frame))));
    let mut code = Code::warmed();
    for repair in REPAIR {
        let geometry = Geometry::of(FRAME_BYTES, SHARD_BYTES, repair);
        group.bench_function(protect_name(repair), |bencher| {
            bencher.iter(|| code.protect(black_box(&frame), geometry));
        });
        let shards: Vec<(u16, Bytes)> = (0..).zip(code.protect(&frame, geometry)).collect();
        let present: Vec<bool> = (0..geometry.count()).map(|index| index >= repair).collect();
        let mut damaged = frame.clone();
        damaged.iter_mut().take(geometry.range(repair - 1).end).for_each(|byte| *byte = 0);
        group.bench_function(rebuild_name(repair), |bencher| {
            let rebuild = |mut damaged: Vec<u8>| {
                assert!(code.rebuild(&mut damaged, geometry, &present, &shards));
                damaged
            };
            bencher.iter_batched(|| damaged.clone(), rebuild, BatchSize::SmallInput);
        });
        let mut decoder = plain_decoder(geometry).ok();
        group.bench_function(plain_name(repair), |bencher| {
            bencher.iter(|| assert_eq!(decoder.as_mut().and_then(|it| plain(it, &frame, geometry, &shards)), Some(())));
        });
    }
    group.finish();
}

fn plain_decoder(geometry: Geometry) -> Result<ReedSolomonDecoder, reed_solomon_simd::Error> {
    ReedSolomonDecoder::new(geometry.count().into(), geometry.repair().into(), geometry.shard_bytes())
}

/// What [`Code::rebuild`] does with as many shards missing, but for copying what it found.
fn plain(decoder: &mut ReedSolomonDecoder, frame: &[u8], geometry: Geometry, shards: &[(u16, Bytes)]) -> Option<()> {
    for index in geometry.repair()..geometry.count() {
        let mut part = frame.get(geometry.range(index))?.to_vec();
        part.resize(geometry.shard_bytes(), 0);
        decoder.add_original_shard(index.into(), part).ok()?;
    }
    for (index, shard) in shards {
        decoder.add_recovery_shard((*index).into(), shard).ok()?;
    }
    let restored = decoder.decode().ok()?;
    let found = restored.restored_original_iter().count();
    (found == usize::from(geometry.repair())).then_some(())
}
