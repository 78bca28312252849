//! Who is served when: each participant has one still on its way at most, and one wish behind it, the newest. Pure; taking
//! and sending are `stills`'s.

use protocol::ids::{FrameId, SourceId};
use protocol::still::Refusal;

use crate::local::Curtain;

/// Everything asked and under way.
#[derive(Debug)]
pub(super) struct Desk {
    /// The newest canvas.
    pub(super) newest: Option<FrameId>,
    places: Vec<Place>,
    /// Whose turn is next, so that one who asks all the time does not keep the others waiting.
    turn: usize,
    curtain: Curtain,
    life: Life,
}

/// One participant.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    wish: Option<SourceId>,
    lane: Lane,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lane {
    #[default]
    Free,
    /// Something is being made for it, or the canvas is on its way.
    Busy,
    /// A still of this source is on its way.
    Carries(SourceId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Ended,
}

impl Desk {
    pub(super) fn new(participants: usize) -> Self {
        let places = vec![Place::default(); participants];
        Self { newest: None, places, turn: 0, curtain: Curtain::default(), life: Life::Running }
    }

    /// Participant `at` wants a still of `source`, instead of what it wanted before.
    pub(super) fn wish(&mut self, at: usize, source: SourceId) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::Curtain);
        }
        self.places.get_mut(at).ok_or(Refusal::NoSource)?.wish = Some(source);
        Ok(())
    }

    /// The next still to be made, and for whom; its lane is busy from now on.
    pub(super) fn next(&mut self) -> Option<(usize, SourceId)> {
        let count = self.places.len();
        let order = (0..count).map(|n| (self.turn + n) % count.max(1));
        let waits =
            |at: &usize| self.places.get(*at).is_some_and(|place| place.lane == Lane::Free && place.wish.is_some());
        let at = order.into_iter().find(waits)?;
        self.turn = at + 1;
        let place = self.places.get_mut(at)?;
        place.lane = Lane::Busy;
        Some((at, place.wish.take()?))
    }

    /// All whose lane is free and who wait for nothing else; it is busy from now on.
    pub(super) fn take_free(&mut self) -> Vec<usize> {
        let free = |place: &Place| place.lane == Lane::Free && place.wish.is_none();
        let places = self.places.iter_mut().enumerate().filter(|(_, place)| free(place));
        places
            .map(|(at, place)| {
                place.lane = Lane::Busy;
                at
            })
            .collect()
    }

    /// The still of `source` that was made for participant `at` is on its way.
    pub(super) fn sent(&mut self, at: usize, source: SourceId) {
        if let Some(place) = self.places.get_mut(at) {
            place.lane = Lane::Carries(source);
        }
    }

    /// What was under way for participant `at` is over.
    pub(super) fn settled(&mut self, at: usize) {
        if let Some(place) = self.places.get_mut(at) {
            place.lane = Lane::Free;
        }
    }

    /// Gives the wishes that will not be granted, those included whose still is on its way: it is withdrawn.
    pub(super) fn set_curtain(&mut self, curtain: Curtain) -> Vec<(usize, SourceId)> {
        self.curtain = curtain;
        if self.is_open() {
            return Vec::new();
        }
        let ungranted = |(at, place): (usize, &mut Place)| {
            let carried = if let Lane::Carries(source) = place.lane { Some(source) } else { None };
            [carried, place.wish.take()].into_iter().flatten().map(move |source| (at, source))
        };
        self.places.iter_mut().enumerate().flat_map(ungranted).collect()
    }

    pub(super) fn is_open(&self) -> bool {
        self.curtain == Curtain::Open
    }

    pub(super) fn end(&mut self) {
        self.life = Life::Ended;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.life == Life::Ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: SourceId = SourceId(0);
    const ROOM: SourceId = SourceId(1);

    #[test]
    fn one_still_at_a_time_for_each_and_a_newer_wish_takes_the_place_of_one_that_waits() {
        let mut desk = Desk::new(2);
        for source in [SCOPE, ROOM] {
            desk.wish(0, source).unwrap();
        }
        assert_eq!((desk.next(), desk.next()), (Some((0, ROOM)), None));
        desk.wish(0, SCOPE).unwrap();
        desk.wish(1, ROOM).unwrap();
        assert_eq!((desk.next(), desk.next()), (Some((1, ROOM)), None), "the first is still under way");
        desk.settled(0);
        assert_eq!(desk.next(), Some((0, SCOPE)));
    }

    #[test]
    fn one_who_asks_all_the_time_does_not_keep_another_waiting() {
        let mut desk = Desk::new(2);
        let mut served = Vec::new();
        for _ in 0..6 {
            (0..2).for_each(|at| desk.wish(at, SCOPE).unwrap());
            let (at, _) = desk.next().unwrap();
            desk.settled(at);
            served.push(at);
        }
        assert_eq!(served, [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn the_canvas_goes_where_nothing_else_is_under_way_or_waited_for() {
        let mut desk = Desk::new(3);
        desk.wish(1, SCOPE).unwrap();
        assert_eq!(desk.take_free(), [0, 2]);
        assert_eq!(desk.take_free(), Vec::<usize>::new());
        desk.settled(2);
        assert_eq!(desk.take_free(), [2]);
    }

    #[test]
    fn a_closed_curtain_refuses_what_waits_and_what_is_asked() {
        let mut desk = Desk::new(1);
        desk.wish(0, SCOPE).unwrap();
        assert_eq!(desk.set_curtain(Curtain::Closed), [(0, SCOPE)]);
        assert_eq!((desk.next(), desk.wish(0, SCOPE)), (None, Err(Refusal::Curtain)));
        assert_eq!(desk.set_curtain(Curtain::Open), []);
        assert_eq!(desk.wish(0, SCOPE), Ok(()));
        assert_eq!(desk.wish(7, SCOPE), Err(Refusal::NoSource), "nobody is there");
    }

    #[test]
    fn a_closed_curtain_refuses_what_is_on_its_way_and_the_lane_is_free_once_that_is_settled() {
        let mut desk = Desk::new(1);
        desk.wish(0, SCOPE).unwrap();
        assert_eq!(desk.next(), Some((0, SCOPE)));
        desk.sent(0, SCOPE);
        desk.wish(0, ROOM).unwrap();
        assert_eq!(desk.set_curtain(Curtain::Closed), [(0, SCOPE), (0, ROOM)]);
        assert_eq!((desk.set_curtain(Curtain::Open), desk.wish(0, ROOM), desk.next()), (Vec::new(), Ok(()), None));
        desk.settled(0);
        assert_eq!(desk.next(), Some((0, ROOM)));
    }
}
