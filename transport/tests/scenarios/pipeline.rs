//! The whole way of frames and messages, from bytes to datagrams and back, under any disorder.

use bytes::Bytes;
use netem::impairment::Impairment;
use netem::link::Link;
use netem::profile::Directions;
use proptest::prelude::*;
use protocol::time::MonoTime;
use transport::assembly::{Assembly, MAX_FRAMES, Outcome};
use transport::path::PathId;
use transport::protect::Code;
use transport::schedule::Policy;
use transport::session::Event;
use transport::shards::{Frame, Geometry, MAX_FRAME_BYTES, MAX_SHARDS, Train};
use transport::wire::{self, Body, Datagram};

use crate::world::{Who, World};

const S: u64 = 1_000_000;

/// A frame's datagrams, as they stand on the line.
fn datagrams(train: &Train) -> Vec<Vec<u8>> {
    let shards = (0..).map_while(|index| train.shard(index)).enumerate();
    shards.map(|(at, shard)| Datagram { number: at as u64, body: Body::Shard(shard) }.to_bytes().unwrap()).collect()
}

fn arrive(assembly: &mut Assembly, bytes: &[u8], now: MonoTime) {
    let Body::Shard(shard) = wire::decode(bytes).unwrap().body else { panic!("a shard was sent") };
    assembly.shard(PathId(shard.index as u8 % 4), &shard, now);
}

fn released(assembly: &mut Assembly) -> Vec<Bytes> {
    let outcomes = std::iter::from_fn(|| assembly.poll());
    let bytes = outcomes.map(|outcome| match outcome {
        Outcome::Released(frame) => frame.bytes,
        Outcome::Lost(numbers, loss) => panic!("{numbers:?} lost: {loss:?}"),
    });
    bytes.collect()
}

#[derive(Debug, Clone)]
struct Sent {
    frame_bytes: usize,
    shard_bytes: usize,
    repair: u16,
    independent: bool,
}

fn any_frame() -> impl Strategy<Value = Sent> {
    let sizes = prop_oneof![1usize..3000, 1usize..60_000];
    (sizes, 512usize..1135, 0u16..9, any::<bool>()).prop_map(|(frame_bytes, shard_bytes, repair, independent)| Sent {
        frame_bytes,
        shard_bytes,
        repair,
        independent,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn frames_come_back_exactly_and_in_order_from_their_datagrams_in_any_order_repeated_and_as_few_as_suffice(
        sent in prop::collection::vec(any_frame(), 1..MAX_FRAMES), seed: u64,
    ) {
        let (mut rng, mut code) = (fastrand::Rng::with_seed(seed), Code::default());
        let (mut frames, mut line) = (Vec::new(), Vec::new());
        let mut assembly = Assembly::default();
        for (number, sent) in (0..).zip(&sent) {
            let bytes: Vec<u8> = (0..sent.frame_bytes).map(|_| rng.u8(..)).collect();
            frames.push(Bytes::from(bytes.clone()));
            let frame = Frame::new(sent.independent || number == 0, bytes).unwrap();
            let geometry = Geometry::of(sent.frame_bytes, sent.shard_bytes, sent.repair);
            let mut datagrams = datagrams(&Train::new(number, frame, geometry, &mut code));
            rng.shuffle(&mut datagrams);
            datagrams.truncate(geometry.count().into());
            if number == 0 {
                // Joining happens in order: it is the session's start that this is not about.
                datagrams.iter().for_each(|bytes| arrive(&mut assembly, bytes, MonoTime(0)));
            }
            line.extend(datagrams.iter().filter(|_| rng.u8(0..4) == 0).cloned());
            line.extend(datagrams);
        }
        rng.shuffle(&mut line);
        line.iter().for_each(|bytes| arrive(&mut assembly, bytes, MonoTime(1)));
        prop_assert_eq!(released(&mut assembly), frames);
    }
}

#[test]
fn the_largest_frame_in_the_most_shards_comes_back_from_repair_alone() {
    let bytes: Vec<u8> = (0..MAX_FRAME_BYTES).map(|at| ((at * 31) >> 5) as u8).collect();
    let frame = Frame::new(true, bytes.clone()).unwrap();
    let train = Train::new(0, frame, Geometry::of(MAX_FRAME_BYTES, 1, u16::MAX), &mut Code::default());
    let datagrams = datagrams(&train);
    assert_eq!(datagrams.len(), 2 * usize::from(MAX_SHARDS));
    let mut assembly = Assembly::default();
    datagrams.iter().skip(MAX_SHARDS.into()).for_each(|bytes| arrive(&mut assembly, bytes, MonoTime(0)));
    assert!(released(&mut assembly) == [Bytes::from(bytes)], "the same bytes");
}

/// Two lines that lose, repeat and reorder.
fn disorderly(seed: u64, loss: f64) -> World {
    let way = |seed| Link::new(Impairment { delay_us: 8_000, loss, ..Impairment::default() }, seed);
    let links = (0..2).map(|at| Directions { to_listener: way(seed + at), to_dialler: way(seed + 7 + at) }).collect();
    let mut world = World::with(links, seed, Policy::Auto);
    world.disorder = Some(fastrand::Rng::with_seed(seed));
    world.frame_bytes = 4_000;
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn over_lines_that_lose_repeat_and_reorder_messages_arrive_once_in_order_and_frames_as_they_were_sent(
        seed in 0..1_000_000u64, loss in 0..40u8,
    ) {
        let mut world = disorderly(seed, f64::from(loss) / 100.0);
        for number in 0..200 {
            world.run_until(S + number * 15_000);
            world.message(Who::Console, &number.to_string());
            world.message(Who::Theatre, &number.to_string());
        }
        world.run_until(10 * S);
        for who in [Who::Theatre, Who::Console] {
            let texts: Vec<String> = world.messages(who).into_iter().map(|(_, text)| text).collect();
            prop_assert_eq!(texts, (0..200).map(|number: u32| number.to_string()).collect::<Vec<_>>());
        }
        let mut next = 0;
        for (_, event) in &world.console.events {
            let Event::Frame(frame) = event else { continue };
            prop_assert!(frame.number >= next, "each once, in order");
            let as_sent = frame.bytes.iter().all(|byte| *byte == frame.number as u8);
            prop_assert!(as_sent && !frame.bytes.is_empty(), "frame {}", frame.number);
            next = frame.number + 1;
        }
        prop_assert!(next > 200, "{} is the last frame", next);
    }
}
