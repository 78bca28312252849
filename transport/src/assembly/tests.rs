//! What a decoder and a reader of the counts would notice of [`super::Assembly`].

use proptest::prelude::*;

use super::*;
use crate::shards::Frame;

const A: PathId = PathId(0);
const B: PathId = PathId(1);

fn frame(number: u64, independent: bool) -> Frame {
    let bytes: Vec<u8> = (0..2500 + number as usize % 100).map(|at| (at as u64 * 31 + number) as u8).collect();
    Frame::new(independent, bytes).unwrap()
}

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1000)
}

/// Everything of `number` arrives by path A at `ms`.
fn arrive(assembly: &mut Assembly, number: u64, independent: bool, ms: u64) {
    frame(number, independent).shards(number, 1000).for_each(|shard| assembly.shard(A, &shard, at(ms)));
}

/// All but the first shard arrive.
fn arrive_in_part(assembly: &mut Assembly, number: u64, ms: u64) {
    frame(number, false).shards(number, 1000).skip(1).for_each(|shard| assembly.shard(A, &shard, at(ms)));
}

fn outcomes(assembly: &mut Assembly) -> Vec<String> {
    std::iter::from_fn(|| assembly.poll())
        .map(|outcome| match outcome {
            Outcome::Released(frame) => frame.number.to_string(),
            Outcome::Lost(numbers, loss) => format!("{numbers:?} {loss:?}"),
        })
        .collect()
}

fn flowing() -> Assembly {
    let mut assembly = Assembly::default();
    arrive(&mut assembly, 0, true, 0);
    assert_eq!(outcomes(&mut assembly), ["0"]);
    assembly
}

#[test]
fn a_frame_leaves_at_the_moment_its_last_shard_comes_by_whichever_path() {
    let mut assembly = Assembly::default();
    let sent = frame(0, true);
    let shards: Vec<_> = sent.shards(0, 1000).collect();
    assembly.shard(A, &shards[2], at(1));
    assembly.shard(A, &shards[0], at(2));
    assembly.shard(B, &shards[0], at(3));
    assert_eq!(assembly.poll(), None);
    assembly.shard(B, &shards[1], at(4));
    let timing = Timing { first_shard: at(1), complete: at(4), released: at(4), completed_by: B };
    let released = Released { number: 0, independent: true, bytes: sent.bytes().clone(), timing };
    assert_eq!(assembly.poll(), Some(Outcome::Released(released)));
    assert_eq!(assembly.counts().duplicate_shards, 1);
}

#[test]
fn a_frame_behind_a_missing_one_waits_for_it_and_follows_at_once() {
    let mut assembly = flowing();
    arrive(&mut assembly, 2, false, 40);
    assert_eq!(outcomes(&mut assembly), [""; 0]);
    arrive(&mut assembly, 1, false, 45);
    assert_eq!(outcomes(&mut assembly), ["1", "2"]);
}

#[test]
fn what_builds_on_a_lost_frame_is_not_released_until_an_independent_one() {
    let mut assembly = flowing();
    arrive_in_part(&mut assembly, 1, 33);
    arrive(&mut assembly, 2, false, 66);
    assert!(!assembly.needs_independent());
    assembly.settle(2, at(66));
    assert!(assembly.needs_independent());
    arrive(&mut assembly, 3, false, 99);
    arrive(&mut assembly, 4, true, 132);
    arrive(&mut assembly, 5, false, 165);
    assert_eq!(outcomes(&mut assembly), ["1..2 Incomplete", "2..4 Dependent", "4", "5"]);
    assert_eq!(assembly.counts().lost(), 3);
    assert!(!assembly.needs_independent());
}

#[test]
fn no_request_is_needed_while_an_independent_frame_is_arriving() {
    let mut assembly = flowing();
    assembly.announce(2, at(66));
    assembly.settle(2, at(66));
    assert!(assembly.needs_independent());
    let sent = frame(2, true);
    assembly.shard(A, &sent.shards(2, 1000).next().unwrap(), at(70));
    assert!(!assembly.needs_independent());
}

#[test]
fn a_frame_never_seen_is_lost_at_the_deadline_after_its_first_trace() {
    let mut assembly = flowing();
    assembly.announce(2, at(66));
    assert_eq!(assembly.deadline(), Some(at(66) + DEADLINE));
    assembly.expire(at(315));
    assert_eq!(outcomes(&mut assembly), [""; 0]);
    assembly.expire(at(316));
    assert_eq!(outcomes(&mut assembly), ["1..2 Incomplete"]);
}

#[test]
fn a_frame_with_other_bytes_than_were_sent_is_damaged_and_never_released() {
    let mut assembly = flowing();
    let sent = frame(1, true);
    for shard in sent.shards(1, 1000) {
        assembly.shard(A, &Shard { checksum: [1, 2, 3, 4], ..shard }, at(33));
    }
    assert_eq!(outcomes(&mut assembly), ["1..2 Damaged"]);
    assert!(assembly.needs_independent());
}

#[test]
fn joining_in_the_middle_counts_nothing_as_lost() {
    let mut assembly = Assembly::default();
    arrive(&mut assembly, 700, false, 0);
    arrive_in_part(&mut assembly, 701, 33);
    arrive(&mut assembly, 702, true, 66);
    assert_eq!(outcomes(&mut assembly), ["702"]);
    assert_eq!(assembly.counts().lost(), 0);
}

#[test]
fn a_gap_longer_than_the_assembly_is_one_loss_not_thousands_of_events() {
    let mut assembly = flowing();
    arrive(&mut assembly, 10_000_000, true, 50);
    assert_eq!(outcomes(&mut assembly), ["1..10000000 Incomplete", "10000000"]);
}

#[test]
fn a_frame_the_program_did_not_take_counts_as_lost_and_breaks_the_chain() {
    let mut assembly = flowing();
    assembly.not_taken(0);
    arrive(&mut assembly, 1, false, 33);
    assert_eq!(outcomes(&mut assembly), ["0..1 NotTaken", "1..2 Dependent"]);
    assert_eq!((assembly.counts().released, assembly.counts().lost()), (0, 2));
}

#[test]
fn a_frame_refused_late_does_not_break_what_began_after_it() {
    let mut assembly = flowing();
    arrive(&mut assembly, 1, false, 33);
    arrive(&mut assembly, 2, true, 66);
    assembly.not_taken(1);
    arrive(&mut assembly, 3, false, 99);
    assert_eq!(outcomes(&mut assembly), ["1", "2", "1..2 NotTaken", "3"]);
}

#[test]
fn claims_of_giant_frames_do_not_grow_memory_beyond_the_bound() {
    let mut assembly = flowing();
    let payload = [0; 512];
    for number in 1..500 {
        let (frame_bytes, checksum) = (MAX_FRAME_BYTES as u32, [0; 4]);
        let shard = Shard {
            frame: number,
            independent: false,
            index: 0,
            count: 8192,
            frame_bytes,
            checksum,
            payload: &payload,
        };
        assembly.shard(A, &shard, at(number));
        assert!(assembly.held_bytes() <= MAX_BYTES && assembly.slots.len() <= MAX_FRAMES);
    }
}

#[test]
fn a_shard_that_contradicts_its_frame_is_refused_and_the_frame_still_completes() {
    let mut assembly = flowing();
    let (good, other) = (frame(1, false), frame(2, false));
    let mut shards = good.shards(1, 1000);
    assembly.shard(A, &shards.next().unwrap(), at(33));
    assembly.shard(A, &other.shards(1, 1000).nth(1).unwrap(), at(33));
    shards.for_each(|shard| assembly.shard(A, &shard, at(34)));
    assert_eq!(outcomes(&mut assembly), ["1"]);
    assert_eq!(assembly.counts().refused_shards, 1);
}

proptest! {
    /// Two paths deliver eight frames in any order within the assembly, each shard by at least one of them.
    #[test]
    fn any_order_and_duplication_gives_back_every_frame_in_order(
        order in Just((0..8u64).flat_map(|n| (0..4usize).flat_map(move |i| [(n, i, A), (n, i, B)])).collect::<Vec<_>>())
            .prop_shuffle(),
        drops in prop::collection::vec(0..3u8, 32),
    ) {
        let frames: Vec<Frame> = (0..8).map(|number| frame(number, number == 0)).collect();
        let mut assembly = Assembly::default();
        let first = frames[0].shards(0, 800).next().unwrap();
        assembly.shard(A, &first, at(0));
        for (number, index, path) in order {
            let dropped = drops[number as usize * 4 + index];
            if (dropped == 1 && path == A) || (dropped == 2 && path == B) {
                continue;
            }
            let shard = frames[number as usize].shards(number, 800).nth(index).unwrap();
            assembly.shard(path, &shard, at(1));
        }
        let released: Vec<Bytes> = std::iter::from_fn(|| assembly.poll())
            .map(|outcome| match outcome {
                Outcome::Released(frame) => frame.bytes,
                Outcome::Lost(..) => Bytes::new(),
            })
            .collect();
        prop_assert_eq!(released, frames.iter().map(|frame| frame.bytes().clone()).collect::<Vec<_>>());
    }

    #[test]
    fn any_shards_at_all_keep_counts_and_memory_in_order(
        shards in prop::collection::vec((0..60u64, any::<bool>(), 0..4u16, 0..4u16, 0..4000u32, 0..1500usize), 0..200),
    ) {
        let payload = [3; 1500];
        let mut assembly = Assembly::default();
        let mut next = None;
        for (ms, (frame, independent, index, count, frame_bytes, len)) in shards.into_iter().enumerate() {
            let payload = &payload[..len];
            let shard = Shard { frame, independent, index, count, frame_bytes, checksum: [0; 4], payload };
            assembly.shard(A, &shard, at(ms as u64));
            assembly.expire(at(ms as u64));
            prop_assert!(assembly.held_bytes() <= MAX_BYTES && assembly.slots.len() <= MAX_FRAMES);
            while let Some(outcome) = assembly.poll() {
                let (from, to) = match outcome {
                    Outcome::Released(frame) => (frame.number, frame.number + 1),
                    Outcome::Lost(numbers, _) => (numbers.start, numbers.end),
                };
                prop_assert!(next.is_none_or(|next| next == from), "every number once, in order");
                next = Some(to);
            }
        }
    }
}
