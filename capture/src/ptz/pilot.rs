//! What a camera is told and when: each change at once, a stop when nobody has renewed the wish for some time (the dead
//! man's switch), each again until the camera has answered, and a stop until it is taken. Pure; time is handed in, packets
//! come out.

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
    /// What was sent last and is not answered: the connection's reset, pan and tilt, zoom, home.
    open: [Option<Sent>; 4],
    packets: Vec<Vec<u8>>,
    health: Health,
    connection: Connection,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    order: Order,
    sequence: u32,
    /// Its number is of no more use: the camera has refused the packet and refuses its repetitions unseen, or counts anew.
    is_stale: bool,
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
            open: [None; 4],
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
        for kind in 0..self.open.len() {
            self.repeat(kind, now);
        }
    }

    /// The camera answers.
    pub(super) fn hear(&mut self, answer: Answer) {
        if answer.word == Word::OutOfStep {
            // Whichever packet it means, the numbers of the others do not count either.
            self.connection = Connection::Fresh;
            self.open.iter_mut().flatten().for_each(|sent| sent.is_stale = true);
            return;
        }
        for slot in &mut self.open {
            let Some(sent) = slot.as_mut().filter(|sent| sent.sequence == answer.sequence && !sent.is_stale) else {
                continue;
            };
            self.health = if answer.word == Word::Taken { Health::Ready } else { Health::Refusing };
            if answer.word == Word::Refused && sent.order.stops() {
                sent.is_stale = true;
            } else {
                *slot = None;
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
            // Whoever moves it now does not want it home any more.
            let [.., home] = &mut self.open;
            *home = None;
            self.order(Order::pan_tilt(drive), now);
        }
        if drive.zoom != before.zoom {
            self.order(Order::Zoom(drive.zoom), now);
        }
    }

    /// Sends an order, in place of an older one of its kind that was not answered.
    fn order(&mut self, order: Order, now: MonoTime) {
        let kind = match order {
            Order::Reset => 0,
            Order::PanTilt { .. } => 1,
            Order::Zoom(_) => 2,
            Order::Home => 3,
        };
        self.send(kind, Sent { order, sequence: 0, is_stale: true, at: now, tries: 0 }, now);
    }

    /// Sends again what is open of a kind, if that is due, and gives up what nobody answers and may be given up.
    fn repeat(&mut self, kind: usize, now: MonoTime) {
        let Some(Some(sent)) = self.open.get(kind).copied() else { return };
        if now < sent.again_at() {
            return;
        }
        if sent.tries >= TRIES && !sent.is_stale {
            self.health = Health::Silent;
            // It may be switched on again, and count anew.
            self.connection = Connection::Fresh;
        }
        if sent.tries < TRIES || sent.order.stops() {
            self.send(kind, sent, now);
        } else if let Some(slot) = self.open.get_mut(kind) {
            *slot = None;
        }
    }

    fn send(&mut self, kind: usize, mut sent: Sent, now: MonoTime) {
        if sent.is_stale {
            sent.sequence = self.number(sent.order, now);
        }
        (sent.is_stale, sent.at, sent.tries) = (false, now, sent.tries.saturating_add(1));
        self.packets.push(sent.order.packet(sent.sequence));
        if let Some(slot) = self.open.get_mut(kind) {
            *slot = Some(sent);
        }
    }

    /// The number of the next packet, which holds `order`. Before it the camera is told to count anew if it has to.
    fn number(&mut self, order: Order, now: MonoTime) -> u32 {
        if self.connection == Connection::Fresh {
            self.connection = Connection::Numbered;
            self.next = 0;
            self.open.iter_mut().flatten().for_each(|sent| sent.is_stale = true);
            if order != Order::Reset {
                self.order(Order::Reset, now);
            }
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        number
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
mod tests;
