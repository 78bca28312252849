//! Which frames of the one encode a session is given. Pure: what builds on a frame that it did not get is of no use to it,
//! so from a gap on it gets nothing until the next independent one.

use std::time::Duration;

use protocol::time::MonoTime;

/// One session's way into the transport.
#[derive(Debug)]
pub struct Outlet {
    video: Video,
    /// When the last independent frame was taken.
    independent_at: Option<MonoTime>,
    /// Whether nothing but an independent frame helps the other end.
    wants: bool,
    taken: u64,
    missed: u64,
}

/// Whether frames go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Video {
    /// None: there is no room for it.
    Withheld,
    /// From the next independent one on.
    Joining,
    /// The same, because the session did not take one in time.
    Missing,
    /// Every one.
    Flowing,
}

impl Default for Outlet {
    /// An outlet that begins with the first independent frame.
    fn default() -> Self {
        Self { video: Video::Joining, independent_at: None, wants: true, taken: 0, missed: 0 }
    }
}

impl Outlet {
    /// There is room for video, or none.
    pub fn allow(&mut self, video: bool) {
        match (video, self.video) {
            (true, Video::Withheld) => self.join(),
            (false, _) => (self.video, self.wants) = (Video::Withheld, false),
            (true, _) => {}
        }
    }

    /// Somebody is at the other end who has seen nothing yet.
    pub fn join(&mut self) {
        (self.video, self.wants) = (Video::Joining, true);
    }

    /// The other end asked for an independent frame. What it asked within one round trip of getting one may have crossed
    /// that one.
    pub fn ask(&mut self, round_trip: Duration, now: MonoTime) {
        let crossed = self.independent_at.is_some_and(|at| now.since(at) < round_trip);
        self.wants |= self.is_open() && !(self.video == Video::Flowing && crossed);
    }

    /// Whether an independent frame is to be made for it.
    pub fn wants_independent(&self) -> bool {
        self.wants
    }

    /// Whether it gets frames, or waits for the next independent one.
    pub fn is_open(&self) -> bool {
        self.video != Video::Withheld
    }

    /// Whether a frame is to be handed over; [`Self::took`] or [`Self::missed`] follows then.
    pub fn gets(&mut self, independent: bool) -> bool {
        match self.video {
            Video::Withheld => false,
            Video::Flowing => true,
            Video::Joining => independent,
            Video::Missing => {
                self.missed += u64::from(!independent);
                independent
            }
        }
    }

    /// The frame was taken. Gives the number by which the session knows it.
    pub fn took(&mut self, independent: bool, now: MonoTime) -> u64 {
        self.video = Video::Flowing;
        if independent {
            (self.independent_at, self.wants) = (Some(now), false);
        }
        self.taken += 1;
        self.taken - 1
    }

    /// The session had no room for the frame.
    pub fn missed(&mut self) {
        (self.video, self.wants) = (Video::Missing, true);
        self.missed += 1;
    }

    /// Frames that it did not get because the session had no room, those that build on them included.
    pub fn frames_missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(40);

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    /// Hands over a frame at `ms` as the node does, into a session with room or without. Gives its number there.
    fn hand(outlet: &mut Outlet, independent: bool, room: bool, ms: u64) -> Option<u64> {
        if !outlet.gets(independent) {
            return None;
        }
        if !room {
            outlet.missed();
            return None;
        }
        Some(outlet.took(independent, at(ms)))
    }

    #[test]
    fn after_a_frame_that_found_no_room_nothing_goes_until_an_independent_one() {
        let mut outlet = Outlet::default();
        assert_eq!(hand(&mut outlet, true, true, 0), Some(0));
        assert_eq!(hand(&mut outlet, false, true, 33), Some(1));
        assert!(!outlet.wants_independent());
        assert_eq!(hand(&mut outlet, false, false, 66), None);
        assert!(outlet.wants_independent());
        assert_eq!(hand(&mut outlet, false, true, 99), None);
        assert_eq!(hand(&mut outlet, true, true, 133), Some(2), "the session's numbers have no gap");
        assert!(!outlet.wants_independent());
        assert_eq!(outlet.frames_missed(), 2);
    }

    #[test]
    fn one_that_comes_or_has_room_again_begins_with_an_independent_frame_and_has_missed_none() {
        let mut outlet = Outlet::default();
        hand(&mut outlet, true, true, 0);
        outlet.allow(true);
        assert_eq!(hand(&mut outlet, false, true, 33), Some(1), "nothing changed");
        outlet.allow(false);
        outlet.ask(RTT, at(60));
        assert!(!outlet.wants_independent(), "it gets no video");
        assert_eq!(hand(&mut outlet, true, true, 66), None);
        outlet.allow(true);
        assert!(outlet.wants_independent());
        assert_eq!([hand(&mut outlet, false, true, 99), hand(&mut outlet, true, true, 133)], [None, Some(2)]);
        outlet.join();
        assert_eq!([hand(&mut outlet, false, true, 166), hand(&mut outlet, true, true, 199)], [None, Some(3)]);
        assert_eq!(outlet.frames_missed(), 0);
    }

    #[test]
    fn a_request_that_crossed_an_independent_frame_made_for_another_makes_no_second_one() {
        let mut outlet = Outlet::default();
        hand(&mut outlet, true, true, 0);
        outlet.ask(RTT, at(39));
        assert!(!outlet.wants_independent());
        outlet.ask(RTT, at(40));
        assert!(outlet.wants_independent());
        assert_eq!(hand(&mut outlet, false, true, 66), Some(1), "meanwhile frames go on");
        hand(&mut outlet, true, true, 99);
        assert!(!outlet.wants_independent());
    }
}
