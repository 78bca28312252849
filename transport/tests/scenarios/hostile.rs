//! Peers that send anything: random bytes, replays, giant claims, no acknowledgement. Nothing panics, memory is bounded,
//! and an honest session beside it goes on.

use bytes::Bytes;
use proptest::prelude::*;
use protocol::ids::Epoch;
use protocol::time::MonoTime;
use transport::assembly::{MAX_BYTES, MAX_FRAMES};
use transport::delivery::QUEUE;
use transport::hello::Role;
use transport::path::{PathId, Side};
use transport::protect::Code;
use transport::schedule::Policy;
use transport::session::{Config, Event, Input, MessageError, Output, Session};
use transport::shards::{Frame, Geometry, MAX_FRAME_BYTES, MAX_SHARDS, Train};
use transport::wire::{Ack, Body, COUNTER_END, Datagram, Message, Nack, Probe, ProbeReply, Received, Shard};

use crate::world::{Who, World};

const S: u64 = 1_000_000;

fn console() -> Session {
    connected(Role::Console)
}

fn connected(role: Role) -> Session {
    let config = Config { role, seed: 1, paths: vec![Side::Dials; 2], policy: Policy::Duplicate };
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

/// Whether no collection holds more than an honest peer at its worst would make it hold.
fn is_bounded(session: &Session) -> bool {
    let bound = |name: &str| if name.contains("bytes") { MAX_BYTES } else { 2 * 8192 };
    session.sizes().into_iter().all(|(name, size)| size <= bound(name))
}

fn any_body() -> impl Strategy<Value = (u64, [u64; 3], u8, bool, Vec<u8>)> {
    let counter = prop_oneof![0..50u64, 0..COUNTER_END, Just(COUNTER_END - 1), any::<u64>()];
    (
        counter.clone(),
        [counter.clone(), counter.clone(), counter],
        0..8u8,
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
        6 => Body::Nack(Nack { frame: a, first: b as u16, missing: payload }),
        _ => postcard::from_bytes(payload).map_or(Body::RefreshRequest, Body::Arrivals),
    };
    Datagram { number, body }.to_bytes().unwrap()
}

proptest! {
    #[test]
    fn well_formed_nonsense_neither_panics_nor_piles_up_at_either_end(
        bodies in prop::collection::vec(any_body(), 1..60), theatre: bool,
    ) {
        let mut session = connected(if theatre { Role::Theatre } else { Role::Console });
        while session.poll().is_some() {}
        if theatre {
            (0..5).for_each(|_| session.handle(Input::Frame(Frame::new(true, vec![1; 9_000]).unwrap()), MonoTime(0)));
            while session.poll().is_some() {}
        }
        for (at, (number, counters, kind, flag, payload)) in bodies.iter().enumerate() {
            let outputs = feed(&mut session, datagram(*kind, *number, *counters, *flag, payload), at as u64 * 5_000);
            prop_assert!(outputs < 300, "{outputs} outputs of one datagram");
            let wakes = session.next_deadline().map(|(wake, _)| wake);
            prop_assert!(wakes > Some(MonoTime(at as u64 * 5_000)), "nothing due is left undone");
            prop_assert!(is_bounded(&session), "{:?}", session.sizes());
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
    let frame = Frame::new(true, vec![9; 3000]).unwrap();
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
fn giant_frames_claimed_by_one_shard_each_hold_no_more_than_four_of_them() {
    let mut session = console();
    let payload = [7; 512];
    for frame in 0..5_000u64 {
        let (count, frame_bytes) = (MAX_SHARDS, MAX_FRAME_BYTES as u32);
        let (independent, checksum) = (frame % 3 == 0, [0; 4]);
        let payload = &payload;
        let shard = Shard { frame, independent, index: 3, count, repair: MAX_SHARDS, frame_bytes, checksum, payload };
        feed(&mut session, Datagram { number: frame, body: Body::Shard(shard) }.to_bytes().unwrap(), frame * 300);
        let sizes = session.sizes();
        assert!(sizes["bytes in assembly"] <= MAX_BYTES && sizes["frames in assembly"] <= MAX_FRAMES, "{sizes:?}");
        assert!(is_bounded(&session), "{sizes:?}");
    }
}

/// The largest size of each collection while theatre sends frames, and cannot send messages, for so long to a peer that does `answer`.
fn unanswered(session: &mut Session, from_ms: u64, to_ms: u64, answer: Option<Body<'_>>) -> usize {
    let mut most = 0;
    for ms in from_ms..to_ms {
        let now = MonoTime(ms * 1000);
        if ms % 33 == 0 {
            session.handle(Input::Frame(Frame::new(false, vec![1; 25_000]).unwrap()), now);
            assert!(session.send_message(Bytes::from_static(b"receipt"), now).is_err());
        }
        if let Some(body) = answer.clone().filter(|_| ms % 20 == 0) {
            let bytes = Datagram { number: ms / 20, body }.to_bytes().unwrap();
            session.handle(Input::Datagram { path: PathId(0), bytes: bytes.into() }, now);
        }
        session.handle(Input::Timeout, now);
        while session.poll().is_some() {}
        most = most.max(session.sizes().values().sum());
    }
    most
}

#[test]
fn a_peer_that_acknowledges_and_reports_nothing_makes_theatre_hold_no_more_after_a_minute_than_after_twenty_seconds() {
    let probe = Probe { next_frame: 0, received: Received::default(), ack: Ack::default() };
    for answer in [None, Some(Body::Probe(probe)), Some(Body::Nack(Nack { frame: 7, first: 0, missing: &[0xff; 100] }))]
    {
        let mut session = connected(Role::Theatre);
        // The queue of messages is full after its 1024 entries, 34 s at this pace: it is filled before.
        while session.send_message(Bytes::from_static(b"receipt"), MonoTime(0)).is_ok() {}
        let early = unanswered(&mut session, 0, 20_000, answer.clone());
        let late = unanswered(&mut session, 20_000, 60_000, answer.clone());
        assert!(late <= early + early / 100, "{answer:?}: {early}, then {late}");
        assert_eq!(session.facts(MonoTime(60_000_000)).messages_waiting, QUEUE);
    }
}

#[test]
fn everything_that_was_ever_sent_sent_again_costs_no_frame_and_repeats_no_message() {
    let mut world = World::new("wan", 12);
    world.frame_bytes = 3_000;
    world.tape = Some(Vec::new());
    for number in 0..100 {
        world.run_until(S / 2 + number * 5_000);
        world.message(Who::Console, &number.to_string());
        world.message(Who::Theatre, &number.to_string());
    }
    world.run_until(S + S / 2);
    for (at, (to, path, bytes)) in world.tape.take().unwrap().into_iter().enumerate() {
        world.run_until(2 * S + at as u64 * 500);
        world.input(to, Input::Datagram { path, bytes });
    }
    world.run_until(world.now_us + S);
    assert_eq!(world.lost(), 0);
    let released = world.released();
    assert!(released.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "every frame once, in order");
    assert!(released.iter().all(|(_, took_us)| *took_us <= 10_000), "none waited");
    assert_eq!((world.messages(Who::Theatre).len(), world.messages(Who::Console).len()), (100, 100));
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
