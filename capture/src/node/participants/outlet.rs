//! Which frames of the one encode a session is given. Pure: what builds on a frame that it did not get is of no use to it,
//! so from a gap on it gets nothing until the next independent one.

use std::time::Duration;

use protocol::codec::Codec;
use protocol::time::MonoTime;

/// One session's way into the transport.
#[derive(Debug)]
pub struct Outlet {
    video: Video,
    /// Whether the other end has said that it decodes H.265.
    decodes_h265: bool,
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
        Self { video: Video::Joining, decodes_h265: false, independent_at: None, wants: true, taken: 0, missed: 0 }
    }
}

impl Outlet {
    /// There is room for video, or none.
    pub fn allow(&mut self, video: bool) {
        match (video, self.video) {
            (true, Video::Withheld) => self.begin(),
            (false, _) => (self.video, self.wants) = (Video::Withheld, false),
            (true, _) => {}
        }
    }

    /// Somebody is at the other end who has seen and said nothing yet.
    pub fn join(&mut self) {
        self.decodes_h265 = false;
        self.begin();
    }

    /// The other end decodes H.265 from now on, or no longer.
    pub fn set_decodes_h265(&mut self, decodes: bool) {
        self.decodes_h265 = decodes;
    }

    /// Whether the other end has said that it decodes H.265.
    pub fn decodes_h265(&self) -> bool {
        self.decodes_h265
    }

    fn begin(&mut self) {
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

    /// Whether a frame is to be handed over; [`Self::took`] or [`Self::missed`] follows then. One that was on its way in a codec
    /// that the other end does not decode is of no use there: it begins anew with the next that it does.
    pub fn gets(&mut self, codec: Codec, independent: bool) -> bool {
        if codec == Codec::H265 && !self.decodes_h265 {
            if self.is_open() {
                self.begin();
            }
            return false;
        }
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
        if !outlet.gets(Codec::H264, independent) {
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
    fn who_has_not_said_that_it_decodes_h265_is_given_none_and_begins_with_the_next_independent_frame_of_h264() {
        let mut outlet = Outlet::default();
        assert!(!outlet.gets(Codec::H265, true), "it joins while others are sent H.265");
        assert_eq!(hand(&mut outlet, false, true, 0), None);
        assert_eq!(hand(&mut outlet, true, true, 33), Some(0));
        outlet.set_decodes_h265(true);
        assert!(outlet.gets(Codec::H265, true));
        outlet.took(true, at(66));
        outlet.set_decodes_h265(false);
        assert!(!outlet.gets(Codec::H265, false) && outlet.wants_independent(), "one was on its way");
        assert_eq!([hand(&mut outlet, false, true, 99), hand(&mut outlet, true, true, 133)], [None, Some(2)]);
        outlet.set_decodes_h265(true);
        outlet.join();
        assert!(!outlet.gets(Codec::H265, true), "somebody else, who has said nothing");
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
