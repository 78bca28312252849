//! Moving a room camera: what the mentor holds, told again while it is held, and the stop. Pure; the buttons are
//! `camera_view`'s, and the camera itself stops when nothing is heard of it (`protocol::camera`).

use std::time::Duration;

use protocol::camera::{Action, Command, Drive, Offer};
use protocol::ids::SourceId;
use protocol::time::MonoTime;

/// How often a movement is told again while it is held: four times before the camera would stop by itself.
const RENEW_EVERY: Duration = Duration::from_millis(100);

/// The cameras this console may move, and the one it moves.
#[derive(Debug, Default)]
pub struct Cameras {
    offers: Vec<Offer>,
    held: Option<(SourceId, Drive, MonoTime)>,
}

impl Cameras {
    /// Theatre tells which may be moved.
    pub fn set_offers(&mut self, offers: Vec<Offer>) {
        self.offers = offers;
    }

    /// Those that may be moved.
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The mentor holds this movement at `now`, or none. Gives what theatre is to be told.
    pub fn hold(&mut self, wanted: Option<(SourceId, Drive)>, now: MonoTime) -> Vec<Command> {
        let wanted = wanted.filter(|(source, _)| self.offers.iter().any(|offer| offer.source == *source));
        let before = self.held;
        let mut told = Vec::new();
        if let Some((source, _, _)) = before.filter(|(source, _, _)| wanted.is_none_or(|(other, _)| other != *source)) {
            told.push(Command { source, action: Action::Drive(Drive::STOP) });
            self.held = None;
        }
        if let Some((source, drive)) = wanted {
            let same = before.filter(|(held, how, _)| (*held, *how) == (source, drive));
            if same.is_none_or(|(_, _, at)| now.since(at) >= RENEW_EVERY) {
                told.push(Command { source, action: Action::Drive(drive) });
                self.held = Some((source, drive, now));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::camera::Health;

    const ROOM: SourceId = SourceId(1);
    const LEFT: Drive = Drive { pan: -50, tilt: 0, zoom: 0 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    fn drive(drive: Drive) -> Command {
        Command { source: ROOM, action: Action::Drive(drive) }
    }

    #[test]
    fn a_movement_is_told_at_once_again_every_100_ms_and_stopped_when_it_is_let_go() {
        let mut cameras = Cameras::default();
        cameras.set_offers(vec![Offer { source: ROOM, health: Health::Ready }]);
        let mut told = |held: bool, ms| cameras.hold(held.then_some((ROOM, LEFT)), at(ms));
        assert_eq!(told(true, 0), [drive(LEFT)]);
        assert_eq!(told(true, 99), []);
        assert_eq!(told(true, 100), [drive(LEFT)]);
        assert_eq!(told(false, 120), [drive(Drive::STOP)]);
        assert_eq!(told(false, 900), []);
    }

    #[test]
    fn a_camera_that_theatre_does_not_offer_is_not_moved() {
        let mut cameras = Cameras::default();
        assert_eq!(cameras.hold(Some((ROOM, LEFT)), at(0)), []);
    }
}
