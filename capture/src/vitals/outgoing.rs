//! Vital signs that one participant is still to be told: the newest of each number and alarm, and the last moments of
//! curves. A participant that is away or slow costs a bounded amount of memory, gets nothing outdated, and its marks wait
//! for none of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use protocol::message::Message;
use protocol::time::SessionTime;
use protocol::vitals::{Alarm, Channel, Feed, FeedState, MAX_NUMERICS, Numeric, Piece, Term, Vitals};
use vitals::panel::Panel;

/// Messages handed to the transport between two turns at most, which are 100 ms apart. A quarter of what it has under way
/// at once: receipts of marks never wait behind curves.
const MOST_IN_A_TURN: usize = 16;
/// Pieces of curves that wait at most: two seconds of six curves. The oldest goes, and is a gap at the other end.
const MAX_PIECES: usize = 64;
/// A piece that has waited for so long is not sent any more.
const PIECE_OLD: Duration = Duration::from_secs(5);
/// Alarms that wait at most.
const MAX_ALARMS: usize = 64;

/// What waits for one participant.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// Another patient was named: told before anything newer, since it alone takes the former one's values away.
    changed: Option<Feed>,
    feed: Option<Feed>,
    numerics: BTreeMap<Channel, Numeric>,
    alarms: BTreeMap<(Channel, Term), Alarm>,
    pieces: VecDeque<Piece>,
    sent_in_turn: usize,
}

impl Outgoing {
    /// There is this to tell.
    pub fn push(&mut self, vitals: &Vitals) {
        match vitals {
            Vitals::Feed(feed) if feed.state == FeedState::PatientChanged => {
                *self = Self { changed: Some(*feed), sent_in_turn: self.sent_in_turn, ..Self::default() };
            }
            Vitals::Feed(feed) => self.feed = Some(*feed),
            Vitals::Numerics(numerics) => {
                self.numerics.extend(numerics.iter().map(|numeric| (numeric.channel, *numeric)));
            }
            Vitals::Alarm(alarm) => {
                self.alarms.insert((alarm.source, alarm.event), *alarm);
                if self.alarms.len() > MAX_ALARMS {
                    self.alarms.pop_first();
                }
            }
            Vitals::Wave(piece) => {
                self.pieces.push_back(piece.clone());
                if self.pieces.len() > MAX_PIECES {
                    self.pieces.pop_front();
                }
            }
        }
    }

    /// The participant has just come: it is told all that is known. Curves begin with what comes next.
    pub fn catch_up(&mut self, feed: Feed, panel: &Panel) {
        self.push(&Vitals::Feed(feed));
        self.push(&Vitals::Numerics(panel.numerics().copied().collect()));
        panel.alarms().for_each(|alarm| self.push(&Vitals::Alarm(*alarm)));
        self.pieces.clear();
    }

    /// Another turn begins.
    pub fn turn(&mut self) {
        self.sent_in_turn = 0;
    }

    /// Hands over what waits, what matters most first, until `send` takes no more or the turn has had its share.
    pub fn flush(&mut self, now: SessionTime, mut send: impl FnMut(&Message) -> bool) {
        while self.sent_in_turn < MOST_IN_A_TURN {
            let Some(next) = self.next(now) else { return };
            if !send(&Message::Vitals(next.clone())) {
                return;
            }
            self.sent_in_turn += 1;
            self.sent(&next);
        }
    }

    fn next(&mut self, now: SessionTime) -> Option<Vitals> {
        if let Some(feed) = self.changed.or(self.feed) {
            return Some(Vitals::Feed(feed));
        }
        if let Some((_, alarm)) = self.alarms.first_key_value() {
            return Some(Vitals::Alarm(*alarm));
        }
        if !self.numerics.is_empty() {
            return Some(Vitals::Numerics(self.numerics.values().take(MAX_NUMERICS).copied().collect()));
        }
        while self.pieces.front().is_some_and(|piece| now.since(piece.first) > PIECE_OLD) {
            self.pieces.pop_front();
        }
        self.pieces.front().cloned().map(Vitals::Wave)
    }

    fn sent(&mut self, vitals: &Vitals) {
        match vitals {
            Vitals::Feed(_) => {
                if self.changed.take().is_none() {
                    self.feed = None;
                }
            }
            Vitals::Alarm(alarm) => {
                self.alarms.remove(&(alarm.source, alarm.event));
            }
            Vitals::Numerics(numerics) => {
                self.numerics.retain(|channel, _| numerics.iter().all(|numeric| numeric.channel != *channel));
            }
            Vitals::Wave(_) => {
                self.pieces.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::vitals::{Decimal, Origin, Reading};
    use vitals::terms;

    const NOW: SessionTime = SessionTime(10_000_000);

    fn numeric(instance: u8, value: i32) -> Numeric {
        let reading = Reading::Valid(Decimal { mantissa: value, exponent: 0 });
        let channel = Channel { term: terms::OXYGEN, instance };
        Numeric { channel, unit: terms::PERCENT, reading, at: NOW, interval_ms: None }
    }

    fn piece(ms: u64) -> Vitals {
        let decimal = Decimal { mantissa: 1, exponent: 0 };
        Vitals::Wave(Piece {
            channel: Channel { term: terms::PLETH, instance: 0 },
            unit: terms::DIMENSIONLESS,
            first: SessionTime(ms * 1_000),
            rate_mhz: 125_000.try_into().unwrap(),
            scale: decimal,
            offset: decimal,
            samples: vec![0; 25],
        })
    }

    /// What is handed over in a turn that takes `room` messages.
    fn told(outgoing: &mut Outgoing, room: usize) -> Vec<Vitals> {
        let mut taken = Vec::new();
        outgoing.turn();
        outgoing.flush(NOW, |message| {
            let Message::Vitals(vitals) = message else { panic!("{message:?}") };
            let fits = taken.len() < room;
            if fits {
                taken.push(vitals.clone());
            }
            fits
        });
        taken
    }

    #[test]
    fn what_is_not_taken_waits_and_only_the_newest_goes() {
        let mut outgoing = Outgoing::default();
        outgoing.push(&Vitals::Numerics(vec![numeric(0, 97), numeric(1, 90)]));
        assert_eq!(told(&mut outgoing, 0), []);
        outgoing.push(&Vitals::Numerics(vec![numeric(0, 98)]));
        assert_eq!(told(&mut outgoing, 9), [Vitals::Numerics(vec![numeric(0, 98), numeric(1, 90)])]);
        assert_eq!(told(&mut outgoing, 9), []);
    }

    #[test]
    fn curves_take_no_more_than_their_share_of_a_turn_and_what_is_old_is_a_gap() {
        let mut outgoing = Outgoing::default();
        (0..1_000).for_each(|number| outgoing.push(&piece(9_000 + number)));
        assert_eq!(outgoing.pieces.len(), MAX_PIECES);
        assert_eq!(told(&mut outgoing, 1_000).len(), MOST_IN_A_TURN);
        outgoing.pieces.clear();
        outgoing.push(&piece(4_999));
        outgoing.push(&piece(5_000));
        assert_eq!(told(&mut outgoing, 9), [piece(5_000)]);
    }

    #[test]
    fn nothing_of_another_patient_is_left_to_be_told() {
        let mut outgoing = Outgoing::default();
        outgoing.push(&Vitals::Numerics(vec![numeric(0, 97)]));
        outgoing.push(&piece(9_900));
        let feed = Vitals::Feed(Feed { origin: Origin::Monitor, state: FeedState::PatientChanged, since: NOW });
        outgoing.push(&feed);
        assert_eq!(told(&mut outgoing, 9), [feed]);
    }

    #[test]
    fn that_another_patient_came_is_told_before_anything_of_that_patient_however_late_the_line_is_back() {
        let feed = |state| Feed { origin: Origin::Monitor, state, since: NOW };
        let mut outgoing = Outgoing::default();
        outgoing.push(&Vitals::Feed(feed(FeedState::PatientChanged)));
        assert_eq!(told(&mut outgoing, 0), []);
        outgoing.push(&Vitals::Feed(feed(FeedState::Waiting)));
        outgoing.push(&Vitals::Feed(feed(FeedState::Live)));
        outgoing.push(&Vitals::Numerics(vec![numeric(0, 97)]));
        outgoing.catch_up(feed(FeedState::Live), &Panel::default());
        let [changed, live] = [FeedState::PatientChanged, FeedState::Live].map(|state| Vitals::Feed(feed(state)));
        assert_eq!(told(&mut outgoing, 9), [changed, live, Vitals::Numerics(vec![numeric(0, 97)])]);
        assert_eq!(told(&mut outgoing, 9), []);
    }

    #[test]
    fn many_numbers_go_in_messages_that_every_line_carries() {
        let mut outgoing = Outgoing::default();
        outgoing.push(&Vitals::Numerics((0..40).map(|instance| numeric(instance, 9)).collect()));
        let told = told(&mut outgoing, 9);
        assert_eq!(told.len(), 3);
        assert!(told.into_iter().all(|vitals| Message::Vitals(vitals).to_bytes().is_ok()));
    }
}
