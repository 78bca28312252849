//! What is told to cameras that lose packets, refuse and lose count, in virtual time.

use super::*;
use proptest::prelude::*;

const LEFT: Drive = Drive { pan: -50, tilt: 0, zoom: 0 };

fn at(ms: u64) -> MonoTime {
    MonoTime(ms * 1_000)
}

/// A pilot whose camera has answered the connection's reset.
fn connected() -> Pilot {
    let mut pilot = Pilot::default();
    pilot.ask(Action::Home, at(0));
    assert_eq!(pilot.packets(), [Order::Reset.packet(0), Order::Home.packet(1)]);
    answer(&mut pilot, &[0, 1]);
    pilot
}

fn answer(pilot: &mut Pilot, sequences: &[u32]) {
    sequences.iter().for_each(|&sequence| pilot.hear(Answer { sequence, word: Word::Taken }));
}

#[test]
fn a_movement_that_is_renewed_goes_on_and_one_that_is_not_stops_after_400_ms() {
    let mut pilot = connected();
    for ms in (1_000..3_000).step_by(100) {
        pilot.ask(Action::Drive(LEFT), at(ms));
        answer(&mut pilot, &[2]);
        pilot.tick(at(ms));
        let expected = if ms == 1_000 { vec![Order::pan_tilt(LEFT).packet(2)] } else { Vec::new() };
        assert_eq!(pilot.packets(), expected, "at {ms}: a renewal is no order of its own");
    }
    assert_eq!(pilot.deadline(), Some(at(3_300)));
    pilot.tick(at(3_299));
    assert!(pilot.packets().is_empty());
    pilot.tick(at(3_300));
    assert_eq!(pilot.packets(), [Order::pan_tilt(Drive::STOP).packet(3)]);
}

#[test]
fn a_stop_is_sent_again_until_the_camera_has_it() {
    let mut pilot = connected();
    pilot.ask(Action::Drive(LEFT), at(0));
    pilot.ask(Action::Drive(Drive::STOP), at(50));
    pilot.packets();
    let stop = Order::pan_tilt(Drive::STOP).packet(3);
    for ms in [150, 250] {
        pilot.tick(at(ms));
        assert_eq!(pilot.packets(), std::slice::from_ref(&stop), "and the movement it replaced is not");
    }
    answer(&mut pilot, &[3]);
    pilot.tick(at(1_000));
    assert!(pilot.packets().is_empty() && !pilot.awaits_answer());
}

#[test]
fn a_camera_that_never_answers_is_silent_and_then_connected_to_anew() {
    let mut pilot = connected();
    pilot.ask(Action::Drive(Drive { zoom: 30, ..Drive::STOP }), at(0));
    (0..10_000).step_by(20).for_each(|ms| pilot.tick(at(ms)));
    assert_eq!((pilot.health(), pilot.awaits_answer()), (Health::Silent, false));
    let stops = pilot.packets().into_iter().filter(|packet| *packet == Order::Zoom(0).packet(3)).count();
    assert!((35..40).contains(&stops), "a stop is never given up: {stops}");
    pilot.ask(Action::Home, at(20_000));
    assert_eq!(pilot.packets(), [Order::Reset.packet(0), Order::Home.packet(1)]);
    pilot.hear(Answer { sequence: 1, word: Word::Refused });
    assert_eq!(pilot.health(), Health::Refusing);
}

/// The camera's answer to the packet with this number.
fn says(pilot: &mut Pilot, kind: [u8; 2], sequence: u32, payload: &[u8]) {
    let packet = [&kind[..], &(payload.len() as u16).to_be_bytes(), &sequence.to_be_bytes(), payload].concat();
    pilot.hear(Answer::read(&packet).unwrap());
}

#[test]
fn a_stop_that_the_camera_refuses_comes_again_under_another_number_until_it_is_taken() {
    for refusal in [&[0x90, 0x60, 0x03, 0xFF], &[0x90, 0x61, 0x41, 0xFF]] {
        let mut pilot = connected();
        pilot.ask(Action::Drive(LEFT), at(0));
        answer(&mut pilot, &[2]);
        pilot.ask(Action::Drive(Drive::STOP), at(50));
        pilot.packets();
        for (number, ms) in [(3, 150), (4, 250), (5, 350)] {
            says(&mut pilot, [0x01, 0x11], number, refusal);
            assert_eq!(pilot.health(), Health::Refusing);
            pilot.tick(at(ms));
            // The camera answers a number that it has answered with the same error, whatever it could do by now.
            assert_eq!(pilot.packets(), [Order::pan_tilt(Drive::STOP).packet(number + 1)]);
        }
        answer(&mut pilot, &[6]);
        (400..5_000).step_by(50).for_each(|ms| pilot.tick(at(ms)));
        assert_eq!((pilot.packets(), pilot.health()), (Vec::new(), Health::Ready));
    }
}

#[test]
fn the_way_home_takes_no_stop_with_it_when_the_camera_is_cut_off() {
    let mut pilot = connected();
    pilot.ask(Action::Drive(LEFT), at(0));
    answer(&mut pilot, &[2]);
    pilot.ask(Action::Home, at(100));
    (100..8_000).step_by(50).for_each(|ms| pilot.tick(at(ms)));
    pilot.packets();
    (8_000..9_000).step_by(50).for_each(|ms| pilot.tick(at(ms)));
    assert_eq!(pilot.packets(), [Order::pan_tilt(Drive::STOP).packet(3)], "home is given up, the stop is not");
}

#[test]
fn whoever_moves_the_camera_is_not_sent_home_by_what_was_asked_before() {
    let mut pilot = connected();
    pilot.ask(Action::Home, at(0));
    pilot.ask(Action::Drive(LEFT), at(50));
    pilot.packets();
    pilot.tick(at(200));
    assert_eq!(pilot.packets(), [Order::pan_tilt(LEFT).packet(3)]);
}

#[test]
fn a_camera_that_has_lost_count_is_told_to_begin_anew_and_then_all_it_did_not_take() {
    // Control command and control reply: cameras send it as either.
    for kind in [[0x02, 0x00], [0x02, 0x01]] {
        let mut pilot = connected();
        pilot.ask(Action::Drive(Drive { pan: 10, tilt: 0, zoom: 10 }), at(0));
        answer(&mut pilot, &[2, 3]);
        pilot.ask(Action::Drive(Drive::STOP), at(50));
        pilot.packets();
        says(&mut pilot, kind, 4, &[0x0F, 0x01]);
        pilot.tick(at(150));
        let stops = [Order::Reset.packet(0), Order::pan_tilt(Drive::STOP).packet(1), Order::Zoom(0).packet(2)];
        assert_eq!(pilot.packets(), stops);
        answer(&mut pilot, &[0, 1, 2]);
        (200..5_000).step_by(50).for_each(|ms| pilot.tick(at(ms)));
        assert_eq!((pilot.packets(), pilot.health()), (Vec::new(), Health::Ready));
    }
}

/// How a camera that is hard to reach takes a packet.
#[derive(Debug, Clone, Copy)]
enum Takes {
    /// Its answer arrives.
    Well,
    /// The packet does not arrive.
    Lost,
    /// Its answer does not arrive.
    Unheard,
    /// Its buffer is full.
    Full,
}

/// A camera that counts as Sony's do: a number that it has had is an error.
#[derive(Debug, Default)]
struct Strict {
    next: u32,
    moving: [bool; 2],
}

impl Strict {
    fn hears(&mut self, packet: &[u8], takes: Takes) -> Option<Vec<u8>> {
        let sequence = u32::from_be_bytes(*packet[4..].first_chunk().unwrap());
        let reply = |kind: [u8; 2], payload: &[u8]| {
            let length = (payload.len() as u16).to_be_bytes();
            matches!(takes, Takes::Well | Takes::Full)
                .then(|| [&kind[..], &length, &sequence.to_be_bytes(), payload].concat())
        };
        match packet[8..] {
            _ if matches!(takes, Takes::Lost) => return None,
            [0x01] => {
                self.next = 0;
                return reply([0x02, 0x01], &[0x01]);
            }
            _ if sequence < self.next => return reply([0x02, 0x00], &[0x0F, 0x01]),
            _ => self.next = sequence + 1,
        }
        match packet[8..] {
            _ if matches!(takes, Takes::Full) => return reply([0x01, 0x11], &[0x90, 0x60, 0x03, 0xFF]),
            [0x81, 1, 6, 1, _, _, pan, tilt, _] => self.moving[0] = (pan, tilt) != (3, 3),
            [0x81, 1, 4, 7, zoom, _] => self.moving[1] = zoom != 0,
            _ => {}
        }
        reply([0x01, 0x11], &[0x90, 0x41, 0xFF])
    }
}

proptest! {
    #[test]
    fn however_badly_a_camera_was_reached_it_stands_still_once_it_can_be(
        asked in proptest::collection::vec(any::<Option<Option<[i8; 3]>>>(), 60),
        takes in proptest::collection::vec(0u8..5, 300),
    ) {
        let (mut pilot, mut camera, mut takes) = (Pilot::default(), Strict::default(), takes.into_iter());
        let mut round = |pilot: &mut Pilot, ms, is_reached: bool| {
            pilot.tick(at(ms));
            for packet in pilot.packets() {
                let how = match takes.next() {
                    Some(1) if !is_reached => Takes::Lost,
                    Some(2) if !is_reached => Takes::Unheard,
                    Some(3) if !is_reached => Takes::Full,
                    _ => Takes::Well,
                };
                if let Some(answer) = camera.hears(&packet, how) {
                    pilot.hear(Answer::read(&answer).unwrap());
                }
            }
            camera.moving
        };
        for (ms, action) in (0..).step_by(80).zip(asked) {
            match action {
                Some(Some([pan, tilt, zoom])) => pilot.ask(Action::Drive(Drive { pan, tilt, zoom }), at(ms)),
                Some(None) => pilot.ask(Action::Home, at(ms)),
                None => {}
            }
            round(&mut pilot, ms, false);
        }
        let mut moving = [true; 2];
        (5_000..12_000).step_by(50).for_each(|ms| moving = round(&mut pilot, ms, true));
        prop_assert_eq!((moving, pilot.awaits_answer()), ([false; 2], false));
    }
}

proptest! {
    #[test]
    fn whatever_was_asked_the_camera_stands_still_400_ms_after_the_last_word(
        asked in proptest::collection::vec((any::<[i8; 3]>(), 0u64..900), 0..30)
    ) {
        let (mut pilot, mut now, mut moving) = (Pilot::default(), 0, [false; 2]);
        let mut follow = |pilot: &mut Pilot| for packet in pilot.packets() {
            match packet[8..] {
                [0x81, 1, 6, 1, _, _, pan, tilt, _] => moving[0] = (pan, tilt) != (3, 3),
                [0x81, 1, 4, 7, zoom, _] => moving[1] = zoom != 0,
                _ => {}
            }
        };
        for ([pan, tilt, zoom], wait) in asked {
            now += wait;
            pilot.tick(at(now));
            pilot.ask(Action::Drive(Drive { pan, tilt, zoom }), at(now));
            follow(&mut pilot);
        }
        pilot.tick(at(now + 400));
        follow(&mut pilot);
        prop_assert_eq!(moving, [false; 2]);
    }
}
