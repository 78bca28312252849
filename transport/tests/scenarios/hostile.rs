//! Peers that send anything: random bytes, replays, giant claims, no acknowledgement. Nothing panics, memory is bounded,
//! and an honest session beside it goes on.

use bytes::Bytes;
use proptest::prelude::*;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::delivery::QUEUE;
use transport::hello::Role;
use transport::path::{PathId, Side};
use transport::protect::Code;
use transport::schedule::Policy;
use transport::session::{Config, Event, Input, MessageError, Output, Session};
use transport::shards::{Geometry, Train};
use transport::wire::{Ack, Body, COUNTER_END, Datagram, Message, Nack, Probe, ProbeReply, Received, Shard};

use crate::world::{Who, World};

const S: u64 = 1_000_000;

fn console() -> Session {
    let config = Config { role: Role::Console, seed: 1, paths: vec![Side::Dials; 2], policy: Policy::Duplicate };
    let mut session = Session::new(config, MonoTime(0));
    for path in [PathId(0), PathId(1)] {
        session.handle(Input::PathUp { path, peer: Epoch(1), max_datagram_bytes: 1162 }, MonoTime(0));
    }
    session
}

/// Feeds a datagram and takes everything out, as a driver does. Gives the number of outputs.
fn feed(session: &mut Session, bytes: Vec<u8>, now_us: u64) -> usize {
    session.handle(Input::Datagram { path: PathId(0), bytes: bytes.into() }, MonoTime(now_us));
    std::iter::from_fn(|| session.poll()).count()
}

fn any_body() -> impl Strategy<Value = (u64, [u64; 3], u8, bool, Vec<u8>)> {
    let counter = prop_oneof![0..50u64, 0..COUNTER_END, Just(COUNTER_END - 1), any::<u64>()];
    (
        counter.clone(),
        [counter.clone(), counter.clone(), counter],
        0..7u8,
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 0..1100),
    )
}

fn datagram(kind: u8, number: u64, [a, b, c]: [u64; 3], flag: bool, payload: &[u8]) -> Vec<u8> {
    let ack = Ack { next: b, beyond: c };
    let body = match kind {
        0 => {
            let (index, count, frame_bytes) = (b as u16, c as u16, if flag { payload.len() as u32 } else { b as u32 });
            {
                let repair = (b % 40) as u16;
                Body::Shard(Shard {
                    frame: a,
                    independent: flag,
                    index,
                    count,
                    repair,
                    frame_bytes,
                    checksum: [0; 4],
                    payload,
                })
            }
        }
        1 => Body::Message(Message { number: a, bytes: payload }),
        2 => Body::Ack(Ack { next: a, beyond: b }),
        3 => Body::Probe(Probe { next_frame: a, received: Received { end: b, count: c }, ack }),
        4 => Body::ProbeReply(ProbeReply { probe: a, clock: flag.then_some(protocol::time::SessionTime(b)) }),
        5 => Body::RefreshRequest,
        _ => Body::Nack(Nack { frame: a, first: b as u16, missing: payload }),
    };
    Datagram { number, body }.to_bytes().unwrap()
}

proptest! {
    #[test]
    fn well_formed_nonsense_neither_panics_nor_piles_up_outputs(
        bodies in prop::collection::vec(any_body(), 1..60),
    ) {
        let mut session = console();
        for (at, (number, counters, kind, flag, payload)) in bodies.iter().enumerate() {
            let outputs = feed(&mut session, datagram(*kind, *number, *counters, *flag, payload), at as u64 * 5_000);
            prop_assert!(outputs < 300, "{outputs} outputs of one datagram");
            let wakes = session.next_deadline().map(|(wake, _)| wake);
            prop_assert!(wakes > Some(MonoTime(at as u64 * 5_000)), "nothing due is left undone");
        }
    }

    #[test]
    fn random_bytes_do_nothing_but_count(bytes in prop::collection::vec(any::<u8>(), 0..1200)) {
        prop_assume!(transport::wire::decode(&bytes).is_err());
        let mut session = console();
        while session.poll().is_some() {}
        prop_assert_eq!(feed(&mut session, bytes, 1), 0);
        prop_assert_eq!(session.facts(MonoTime(1)).malformed_datagrams, 1);
    }
}

#[test]
fn a_replay_of_everything_changes_nothing() {
    let mut session = console();
    while session.poll().is_some() {}
    let mut shards = Vec::new();
    let frame = transport::shards::Frame::new(true, vec![9; 3000]).unwrap();
    let train = Train::new(0, frame, Geometry::of(3000, 1100, 1), &mut Code::default());
    for (number, shard) in (0..).map_while(|index| train.shard(index)).enumerate() {
        shards.push(Datagram { number: number as u64, body: Body::Shard(shard) }.to_bytes().unwrap());
    }
    shards.push(datagram(1, 3, [0, 0, 0], false, b"layout"));
    let mut events = Vec::new();
    for (at, bytes) in shards.iter().cycle().take(400).enumerate() {
        let bytes = Bytes::from(bytes.clone());
        session.handle(Input::Datagram { path: PathId(0), bytes }, MonoTime(at as u64 * 10));
        while let Some(output) = session.poll() {
            if let Output::Event(event) = output {
                events.push(event);
            }
        }
    }
    let frames = events.iter().filter(|event| matches!(event, Event::Frame(_))).count();
    let messages = events.iter().filter(|event| matches!(event, Event::Message(_))).count();
    assert_eq!((frames, messages), (1, 1));
}

#[test]
fn a_peer_that_never_acknowledges_fills_the_queue_and_the_program_is_told() {
    let mut session = console();
    let mut refused = None;
    for number in 0..=QUEUE {
        refused = session.send_message(Bytes::from(number.to_string()), MonoTime(number as u64)).err();
    }
    assert!(matches!(refused, Some(MessageError::QueueFull(_))));
    assert_eq!(session.facts(MonoTime(0)).messages_waiting, QUEUE);
    let error = session.send_message(Bytes::from(vec![0; 1001]), MonoTime(0)).unwrap_err();
    assert!(error.to_string().contains("1001"), "{error}");
}

#[test]
fn damage_injected_into_a_running_session_stops_neither_frames_nor_messages() {
    let mut world = World::new("wan", 11);
    let mut rng = fastrand::Rng::with_seed(11);
    for tick in 1..300u64 {
        world.run_until(tick * 10_000);
        let junk: Vec<u8> = (0..rng.usize(0..1200)).map(|_| rng.u8(..)).collect();
        for who in [Who::Theatre, Who::Console] {
            world.input(who, Input::Datagram { path: PathId(rng.u8(..)), bytes: junk.clone().into() });
        }
        world.message(Who::Console, &tick.to_string());
    }
    world.run_until(4 * S);
    assert_eq!(world.messages(Who::Theatre).len(), 299);
    assert_eq!(world.lost(), 0);
}
