//! What the wire calls the channels of all devices: a term, and a number that no other place with the same term has. Pure.

use std::collections::BTreeMap;

use protocol::time::MonoTime;
use protocol::vitals::{Channel, Term};

use super::Place;

/// Channels that are told apart at most, over all devices. The one that was met longest ago makes room for a new one.
const MAX_CHANNELS: usize = 64;

/// The channels of one patient that were met so far.
#[derive(Debug, Default)]
pub struct Channels(BTreeMap<(Term, Place), Known>);

/// A channel that was met.
#[derive(Debug)]
struct Known {
    instance: u8,
    last: MonoTime,
}

impl Channels {
    /// One message of `now` tells of all these. Those of them that are known do not make room for the others.
    pub fn again(&mut self, met: impl Iterator<Item = (Term, Place)>, now: MonoTime) {
        for channel in met {
            self.0.entry(channel).and_modify(|known| known.last = now);
        }
    }

    /// The name of what is met at `now`: its number is the lowest that is free. `None` if whatever could make room for it
    /// was met at `now`, too.
    pub fn met(&mut self, term: Term, place: Place, now: MonoTime) -> Option<Channel> {
        if let Some(known) = self.0.get_mut(&(term, place)) {
            known.last = now;
            return Some(Channel { term, instance: known.instance });
        }
        if self.0.len() >= MAX_CHANNELS {
            let earlier = self.0.iter().filter(|(_, known)| known.last < now);
            let (longest_ago, _) = earlier.min_by_key(|(_, known)| known.last)?;
            let longest_ago = *longest_ago;
            self.0.remove(&longest_ago);
        }
        let is_free = |number: &u8| !self.0.iter().any(|((of, _), known)| *of == term && known.instance == *number);
        let instance = (0..=u8::MAX).find(is_free)?;
        self.0.insert((term, place), Known { instance, last: now });
        Some(Channel { term, instance })
    }

    /// The name of what an alarm is about. Devices that count their places differently in alarms mean their first; alarms
    /// that come by another sender mean the same place, or else the first of all.
    pub fn source(&self, term: Term, place: Place) -> Channel {
        let of_term = self.0.iter().filter(|((of, _), _)| *of == term);
        let far =
            of_term.map(|((_, met), known)| (met.device != place.device, met.numbers != place.numbers, known.instance));
        Channel { term, instance: far.min().map_or(0, |(_, _, instance)| instance) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::super::device::Device;
    use super::*;

    const TERM: Term = Term(150_344);

    fn at(number: u16) -> Place {
        Place { numbers: [number, 0, 0], ..Place::default() }
    }

    fn met(channels: &mut Channels, place: u16, now: u64) -> Option<u8> {
        channels.met(TERM, at(place), MonoTime(now)).map(|channel| channel.instance)
    }

    #[test]
    fn a_channel_keeps_its_number_while_it_lives_whatever_a_device_invents() {
        let mut channels = Channels::default();
        assert_eq!([met(&mut channels, 0, 1), met(&mut channels, 1, 1)], [Some(0), Some(1)]);
        for now in 2..1_000 {
            assert_eq!(met(&mut channels, 1, now.into()), Some(1));
            assert!(met(&mut channels, now, now.into()).is_some_and(|number| number != 1));
            assert!(channels.0.len() <= MAX_CHANNELS);
        }
        assert_eq!(channels.source(TERM, at(999)).instance, met(&mut channels, 999, 1_000).unwrap());
    }

    #[test]
    fn a_message_of_more_than_there_is_room_for_takes_no_number_twice_and_none_of_what_it_knows() {
        let mut channels = Channels::default();
        assert_eq!(met(&mut channels, 99, 1), Some(0));
        channels.again((0..100).map(|place| (TERM, at(place))), MonoTime(2));
        let numbers: Vec<_> = (0..100).filter_map(|place| met(&mut channels, place, 2)).collect();
        let different: BTreeSet<_> = numbers.iter().collect();
        assert_eq!((numbers.len(), different.len(), numbers.last()), (MAX_CHANNELS, MAX_CHANNELS, Some(&0)));
    }

    #[test]
    fn an_alarm_is_about_its_own_devices_channel_else_about_the_same_place_else_about_the_first() {
        let of = |device, number| Place { device: Device::numbered(device), ..at(number) };
        let mut channels = Channels::default();
        let met = [of(1, 5), of(2, 6), of(2, 5)];
        assert_eq!(
            met.map(|place| channels.met(TERM, place, MonoTime(1)).map(|met| met.instance)),
            [0, 1, 2].map(Some)
        );
        let asked = [of(2, 5), of(2, 9), of(3, 6), of(3, 9)];
        assert_eq!(asked.map(|place| channels.source(TERM, place).instance), [2, 1, 1, 0]);
    }

    proptest! {
        #[test]
        fn no_two_places_of_a_term_ever_have_one_number(met in prop::collection::vec((0..3_u32, 0..90_u16, 0..40_u64), 0..400)) {
            let mut channels = Channels::default();
            for (term, place, now) in met {
                channels.met(Term(term), at(place), MonoTime(now));
                let names: BTreeSet<_> = channels.0.iter().map(|((term, _), known)| (*term, known.instance)).collect();
                prop_assert!(names.len() == channels.0.len() && names.len() <= MAX_CHANNELS);
            }
        }
    }
}
