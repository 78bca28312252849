//! What a decoder and a reader of the counts would notice of [`super::Assembly`].

use proptest::prelude::*;

use super::*;
use crate::protect::Code;
use crate::rtt::Rtt;
use crate::shards::{Frame, Train};
use crate::wire::Shard;

const A: PathId = PathId(0);
const B: PathId = PathId(1);

fn frame(number: u64, independent: bool) -> Frame {
    let bytes: Vec<u8> = (0..2500 + number as usize % 100).map(|at| (at as u64 * 31 + number) as u8).collect();
    Frame::new(independent, bytes).unwrap()
}

fn train(number: u64, independent: bool, repair: u16) -> Train {
    let frame = frame(number, independent);
    let geometry = Geometry::of(frame.bytes().len(), 1000, repair);
    Train::new(number, frame, geometry, &mut Code::default())
}

fn shards(train: &Train) -> Vec<Shard<'_>> {
    (0..).map_while(|index| train.shard(index)).collect()
}

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1000)
}

/// Everything of `number` arrives by path A at `ms`.
fn arrive(assembly: &mut Assembly, number: u64, independent: bool, ms: u64) {
    shards(&train(number, independent, 0)).iter().for_each(|shard| assembly.shard(A, shard, at(ms)));
}

/// All but the first shard arrive.
fn arrive_in_part(assembly: &mut Assembly, number: u64, ms: u64) {
    shards(&train(number, false, 0)).iter().skip(1).for_each(|shard| assembly.shard(A, shard, at(ms)));
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
    let (sent, train) = (frame(0, true), train(0, true, 0));
    let shards = shards(&train);
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
    assembly.shard(A, &train(2, true, 0).shard(0).unwrap(), at(70));
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
    for shard in shards(&train(1, true, 0)) {
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
            repair: 0,
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
    let (good, other) = (train(1, false, 0), train(2, false, 0));
    assembly.shard(A, &good.shard(0).unwrap(), at(33));
    assembly.shard(A, &Shard { frame: 1, ..other.shard(1).unwrap() }, at(33));
    shards(&good).iter().skip(1).for_each(|shard| assembly.shard(A, shard, at(34)));
    assert_eq!(outcomes(&mut assembly), ["1"]);
    assert_eq!(assembly.counts().refused_shards, 1);
}

/// An assembly whose peer answers within 20 ms.
fn answered() -> Assembly {
    let mut assembly = flowing();
    assembly.set_round_trip(Some(Rtt::after(None, Duration::from_millis(20))));
    assembly
}

fn wants(assembly: &mut Assembly, ms: u64) -> Vec<(u64, Vec<u16>)> {
    assembly.wants(at(ms)).into_iter().map(|want| (want.frame, want.shards)).collect()
}

#[test]
fn repair_shards_stand_in_for_any_source_shards() {
    let mut assembly = flowing();
    let sent = train(1, false, 2);
    for index in [1, 3, 4] {
        assembly.shard(A, &sent.shard(index).unwrap(), at(33));
    }
    let Some(Outcome::Released(released)) = assembly.poll() else { panic!("three of five shards are enough") };
    assert_eq!(released.bytes, frame(1, false).bytes());
    assert_eq!(assembly.counts().rebuilt, 1);
}

#[test]
fn what_is_late_is_asked_for_and_only_as_much_as_is_needed() {
    let mut assembly = answered();
    let sent = train(1, false, 1);
    assembly.shard(A, &sent.shard(3).unwrap(), at(33));
    // A frame's shards have taken no time so far: 5 ms are for scheduling.
    assert_eq!(assembly.ask_at(), Some(at(38)));
    assert_eq!(wants(&mut assembly, 37), []);
    assert_eq!(wants(&mut assembly, 38), [(1, vec![0, 1])]);
    assert_eq!(wants(&mut assembly, 50), [], "the answer is on its way");
    assert_eq!(wants(&mut assembly, 110), [(1, vec![0, 1])], "it was lost");
    for index in [0, 1] {
        assembly.shard(B, &sent.shard(index).unwrap(), at(130));
    }
    assert_eq!(outcomes(&mut assembly), ["1"]);
    assert_eq!((assembly.counts().asked, assembly.counts().recovered), (2, 1));
}

#[test]
fn a_frame_of_which_nothing_more_is_on_its_way_is_asked_for_at_once() {
    let mut assembly = answered();
    arrive_in_part(&mut assembly, 1, 33);
    assembly.announce(3, at(34));
    assembly.settle(3, at(34));
    assert_eq!(wants(&mut assembly, 34), [(1, vec![0]), (2, vec![])]);
    assert_eq!(outcomes(&mut assembly), [""; 0]);
}

#[test]
fn a_complete_independent_frame_does_not_wait_for_what_was_asked_for() {
    let mut assembly = answered();
    arrive_in_part(&mut assembly, 1, 33);
    arrive(&mut assembly, 2, true, 36);
    assert_eq!(outcomes(&mut assembly), [""; 0], "nothing is late yet");
    assert_eq!(wants(&mut assembly, 40), [(1, vec![0])]);
    arrive(&mut assembly, 3, false, 66);
    assert_eq!(outcomes(&mut assembly), ["1..2 Incomplete", "2", "3"]);
}

#[test]
fn what_could_only_be_answered_too_late_is_given_up_and_not_asked_for() {
    let mut assembly = answered();
    arrive_in_part(&mut assembly, 1, 33);
    assert_eq!(wants(&mut assembly, 264), [], "20 ms there and back end after the deadline");
    assembly.settle(2, at(264));
    assert_eq!(outcomes(&mut assembly), ["1..2 Incomplete"]);
}

proptest! {
    /// Two paths deliver eight frames of three shards and two of repair in any order within the assembly, each shard by
    /// none, one or both of them, but no more missing than the code can make good.
    #[test]
    fn any_order_duplication_and_loss_within_the_codes_strength_gives_back_every_frame_in_order(
        order in Just((0..8u64).flat_map(|n| (0..5u16).flat_map(move |i| [(n, i, A), (n, i, B)])).collect::<Vec<_>>())
            .prop_shuffle(),
        single in prop::collection::vec(0..3u8, 40),
        lost in prop::collection::vec((0..5u16, 0..5u16), 8),
    ) {
        let frames: Vec<Frame> = (0..8).map(|number| frame(number, number == 0)).collect();
        let trains: Vec<Train> = (0..8).map(|number| train(number, number == 0, 2)).collect();
        let mut assembly = Assembly::default();
        // Joining happens in order: it is the session's start that this is not about.
        shards(&trains[0]).iter().take(3).for_each(|shard| assembly.shard(A, shard, at(0)));
        for (number, index, path) in order {
            let at_most = single[number as usize * 5 + usize::from(index)];
            let (one, other) = lost[number as usize];
            if index == one || index == other || (at_most == 1 && path == A) || (at_most == 2 && path == B) {
                continue;
            }
            assembly.shard(path, &trains[number as usize].shard(index).unwrap(), at(1));
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
        shards in prop::collection::vec((0..60u64, any::<bool>(), 0..4u16, 0..4u16, 0..4u16, 0..4000u32, 0..1500usize), 0..200),
    ) {
        let payload = [3; 1500];
        let mut assembly = Assembly::default();
        assembly.set_round_trip(Some(Rtt::after(None, Duration::from_millis(1))));
        let mut next = None;
        for (ms, (frame, independent, index, count, repair, frame_bytes, len)) in shards.into_iter().enumerate() {
            let payload = &payload[..len];
            let shard = Shard { frame, independent, index, count, repair, frame_bytes, checksum: [0; 4], payload };
            assembly.shard(A, &shard, at(ms as u64));
            assembly.expire(at(ms as u64));
            prop_assert!(assembly.wants(at(ms as u64)).len() <= MAX_FRAMES);
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
