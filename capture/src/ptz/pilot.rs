//! What a camera is told and when: each change at once, a stop when nobody has renewed the wish for some time (the dead
//! man's switch), and each again until the camera has answered. Pure; time is handed in, packets come out.

use std::time::Duration;

use protocol::camera::{Action, Drive, Health};
use protocol::time::MonoTime;

use super::visca::{Answer, Order, Word};

/// A movement that nobody renews stops after this: four times what lies between two renewals, and a tenth of what a camera
/// at full speed takes from wall to wall.
pub(super) const DEAD_MAN: Duration = Duration::from_millis(400);
/// A packet that is not answered comes again after this: several times what a camera in the same house takes.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How often a packet comes at most. Three seconds of silence are no lost packet.
const TRIES: u32 = 30;
/// A stop that found no answer by then comes again so often, for ever: a camera that was cut off while it moved stops when
/// it is back.
const STOP_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Drives one camera.
#[derive(Debug)]
pub(super) struct Pilot {
    drive: Drive,
    renewed: MonoTime,
    /// The number of the next packet.
    next: u32,
    /// What was sent last and is not answered: the connection's reset, pan and tilt or home, zoom.
    open: [Option<Sent>; 3],
    packets: Vec<Vec<u8>>,
    health: Health,
    connection: Connection,
}

#[derive(Debug, Clone)]
struct Sent {
    order: Order,
    sequence: u32,
    packet: Vec<u8>,
    at: MonoTime,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    /// The camera has to be told that packets count from 0.
    Fresh,
    Numbered,
}

impl Default for Pilot {
    /// A camera that stands still and was told nothing.
    fn default() -> Self {
        Self {
            drive: Drive::STOP,
            renewed: MonoTime(0),
            next: 0,
            open: [None, None, None],
            packets: Vec::new(),
            health: Health::Ready,
            connection: Connection::Fresh,
        }
    }
}

impl Pilot {
    /// Somebody asks this at `now`.
    pub(super) fn ask(&mut self, action: Action, now: MonoTime) {
        match action {
            Action::Drive(drive) => {
                self.renewed = now;
                self.drive_so(drive, now);
            }
            Action::Home => {
                self.stop(now);
                self.order(Order::Home, now);
            }
        }
    }

    /// Stops whatever moves.
    pub(super) fn stop(&mut self, now: MonoTime) {
        self.drive_so(Drive::STOP, now);
    }

    /// Does what is due at `now`.
    pub(super) fn tick(&mut self, now: MonoTime) {
        if self.drive != Drive::STOP && now.since(self.renewed) >= DEAD_MAN {
            self.stop(now);
        }
        for slot in &mut self.open {
            let Some(sent) = slot.as_mut().filter(|sent| now >= sent.again_at()) else { continue };
            if sent.tries >= TRIES {
                self.health = Health::Silent;
                // It may be switched on again, and count anew.
                self.connection = Connection::Fresh;
                if !sent.order.stops() {
                    *slot = None;
                    continue;
                }
            }
            (sent.at, sent.tries) = (now, sent.tries.saturating_add(1));
            self.packets.push(sent.packet.clone());
        }
    }

    /// The camera answers.
    pub(super) fn hear(&mut self, answer: Answer) {
        for slot in &mut self.open {
            if slot.as_ref().is_some_and(|sent| sent.sequence == answer.sequence) {
                *slot = None;
                self.health = if answer.word == Word::Taken { Health::Ready } else { Health::Refusing };
            }
        }
    }

    /// What is to be sent now.
    pub(super) fn packets(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.packets)
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn deadline(&self) -> Option<MonoTime> {
        let stop = (self.drive != Drive::STOP).then(|| self.renewed + DEAD_MAN);
        self.open.iter().flatten().map(Sent::again_at).chain(stop).min()
    }

    /// Whether the camera is about to answer something.
    pub(super) fn awaits_answer(&self) -> bool {
        self.open.iter().flatten().any(|sent| sent.tries < TRIES)
    }

    /// How it answers.
    pub(super) fn health(&self) -> Health {
        self.health
    }

    fn drive_so(&mut self, drive: Drive, now: MonoTime) {
        let before = std::mem::replace(&mut self.drive, drive);
        if (drive.pan, drive.tilt) != (before.pan, before.tilt) {
            self.order(Order::pan_tilt(drive), now);
        }
        if drive.zoom != before.zoom {
            self.order(Order::Zoom(drive.zoom), now);
        }
    }

    /// Sends an order, in place of an older one of its kind that was not answered.
    fn order(&mut self, order: Order, now: MonoTime) {
        if self.connection == Connection::Fresh && order != Order::Reset {
            self.connection = Connection::Numbered;
            self.next = 0;
            self.order(Order::Reset, now);
        }
        let kind = match order {
            Order::Reset => 0,
            Order::PanTilt { .. } | Order::Home => 1,
            Order::Zoom(_) => 2,
        };
        let (sequence, packet) = (self.next, order.packet(self.next));
        self.next = self.next.wrapping_add(1);
        self.packets.push(packet.clone());
        if let Some(slot) = self.open.get_mut(kind) {
            *slot = Some(Sent { order, sequence, packet, at: now, tries: 1 });
        }
    }
}

impl Sent {
    /// When it comes again unless it is answered.
    fn again_at(&self) -> MonoTime {
        let is_late = self.tries >= TRIES && self.order.stops();
        self.at + if is_late { STOP_AGAIN_AFTER } else { AGAIN_AFTER }
    }
}

#[cfg(test)]
mod tests {
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
}
