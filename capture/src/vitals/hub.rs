//! Where vital signs meet: whoever takes them from a device puts them in, every participant, the tile and theatre's notice
//! get them out. One lock holds what is known, and nothing under it waits.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::message::Message;
use protocol::time::{MonoTime, SessionTime};
use protocol::vitals::{Channel, Feed, FeedState, Numeric, Origin, Vitals};
use vitals::age::Learner;
use vitals::panel::{Curve, Number, Panel, Told};

use super::outgoing::Outgoing;
use super::patient::{Admission, Identity, Key, Patient};
use crate::control::Answer;
use crate::local::{Notice, Severity};

/// Hands a message to one session's transport; `false` if it takes none now.
pub type Send = Box<dyn Fn(&Message) -> bool + std::marker::Send>;

/// Channels whose intervals are learned at most; as many as a panel holds. The one longest silent makes room.
const MAX_LEARNERS: usize = 64;
/// While nothing is learned of how often words come, they are missed after so long: a gateway's minute, twice.
const UNLEARNED_SILENCE: Duration = Duration::from_secs(120);

/// All vital signs of one patient.
pub struct Hub {
    key: Key,
    desk: Mutex<Desk>,
}

struct Desk {
    feed: Feed,
    patient: Patient,
    panel: Panel,
    learners: BTreeMap<Channel, Learner>,
    /// When words came, and how often they do.
    heard: Option<SessionTime>,
    arrivals: Learner,
    participants: Vec<(Send, Outgoing)>,
}

/// What a tile shows at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// How the feed stands.
    pub feed: Feed,
    /// Numbers, in the order of monitors.
    pub numbers: Vec<Number>,
    /// Curves, in the same order.
    pub curves: Vec<Curve>,
    /// Alarms, the most urgent first.
    pub alarms: Vec<Told>,
}

impl Hub {
    /// A hub for vital signs of this `origin`, which are sent to everybody in `participants`.
    pub fn new(origin: Origin, participants: impl IntoIterator<Item = Send>, now: MonoTime) -> Self {
        let since = now.as_session_in_theatre();
        let desk = Desk {
            feed: Feed { origin, state: FeedState::Waiting, since },
            patient: Patient::default(),
            panel: Panel::default(),
            learners: BTreeMap::new(),
            heard: None,
            arrivals: Learner::default(),
            participants: participants.into_iter().map(|send| (send, Outgoing::default())).collect(),
        };
        Self { key: Key::default(), desk: Mutex::new(desk) }
    }

    /// The identity behind the parts of a message that name a patient.
    pub fn identity(&self, parts: &[&[u8]]) -> Option<Identity> {
        self.key.identity(parts)
    }

    /// A device names whom its values are of, or nobody. Whether they may be put in.
    pub fn named(&self, identity: Option<Identity>, now: MonoTime) -> Admission {
        let mut desk = self.lock();
        let admission = desk.patient.named(identity);
        if admission == Admission::Changed {
            tracing::warn!(
                "vitals stop: the monitor names another patient than before; \
                 confirm with `capture-node ctl vitals confirm` once somebody has looked"
            );
            desk.forget();
            desk.stand(FeedState::PatientChanged, now);
            desk.flush(now);
        }
        admission
    }

    /// Puts values in.
    pub fn hear(&self, values: Vec<Vitals>, now: MonoTime) {
        let mut desk = self.lock();
        if matches!(desk.patient, Patient::Changed(_)) {
            return;
        }
        let at = now.as_session_in_theatre();
        desk.heard = Some(at);
        desk.arrivals.measured(at);
        if desk.feed.state != FeedState::Live {
            tracing::info!("vitals come");
            desk.stand(FeedState::Live, now);
        }
        for vitals in values {
            let vitals = match vitals {
                Vitals::Numerics(numerics) => {
                    Vitals::Numerics(numerics.into_iter().map(|numeric| desk.learned(numeric)).collect())
                }
                other => other,
            };
            desk.tell(vitals);
        }
        desk.flush(now);
    }

    /// Comes every 100 ms: silence is noticed, and what waited is tried again.
    pub fn tick(&self, now: MonoTime) {
        let mut desk = self.lock();
        let allowed = desk.arrivals.expected().map_or(UNLEARNED_SILENCE, |expected| expected * 2);
        let silent = desk.heard.is_some_and(|heard| now.as_session_in_theatre().since(heard) > allowed);
        if silent && desk.feed.state == FeedState::Live {
            tracing::warn!("vitals: nothing has come from the monitor for {} s", allowed.as_secs());
            desk.stand(FeedState::Silent, now);
        }
        desk.participants.iter_mut().for_each(|(_, outgoing)| outgoing.turn());
        desk.flush(now);
    }

    /// What brought values in does so no longer: that is silence, at once.
    pub fn ended(&self, now: MonoTime) {
        let mut desk = self.lock();
        if desk.feed.state == FeedState::Live {
            desk.stand(FeedState::Silent, now);
            desk.flush(now);
        }
    }

    /// The console of participant `at` is there: it is told everything.
    pub fn peer_up(&self, at: usize, now: MonoTime) {
        let mut desk = self.lock();
        let Desk { feed, panel, participants, .. } = &mut *desk;
        if let Some((_, outgoing)) = participants.get_mut(at) {
            outgoing.catch_up(*feed, panel);
        }
        desk.flush(now);
    }

    /// Theatre has looked: the patient that was named last is the one on the table.
    pub fn confirm(&self, now: MonoTime) -> Answer {
        let mut desk = self.lock();
        if !desk.patient.confirm() {
            return Answer::Refused("there is nothing to confirm: no monitor has named another patient".into());
        }
        tracing::info!("vitals go on: theatre has confirmed the patient");
        desk.stand(FeedState::Waiting, now);
        desk.flush(now);
        Answer::Done("vitals go on with the patient that the monitor names now".into())
    }

    /// What the windows in theatre say of it.
    pub fn notice(&self) -> Option<Notice> {
        let text = match self.lock().feed.state {
            FeedState::PatientChanged => {
                "Vitals stopped: the monitor names another patient\nTo confirm: capture-node ctl vitals confirm"
            }
            FeedState::Waiting | FeedState::Live | FeedState::Silent => return None,
        };
        Some(Notice { severity: Severity::Caution, text: text.to_owned() })
    }

    /// What is shown at `now` where curves are swept once in `span`.
    pub fn shown(&self, now: MonoTime, span: Duration) -> Shown {
        let (desk, now) = (self.lock(), now.as_session_in_theatre());
        Shown {
            feed: desk.feed,
            numbers: desk.panel.numbers(now),
            curves: desk.panel.curves(now, span),
            alarms: desk.panel.told(now),
        }
    }

    /// No panic can leave the desk half changed in a way that matters more than going on.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn stand(&mut self, state: FeedState, now: MonoTime) {
        self.feed = Feed { state, since: now.as_session_in_theatre(), ..self.feed };
        self.tell(Vitals::Feed(self.feed));
    }

    fn tell(&mut self, vitals: Vitals) {
        self.participants.iter_mut().for_each(|(_, outgoing)| outgoing.push(&vitals));
        self.panel.take(vitals);
    }

    fn flush(&mut self, now: MonoTime) {
        for (send, outgoing) in &mut self.participants {
            outgoing.flush(now.as_session_in_theatre(), &*send);
        }
    }

    /// With the interval in which its channel's values come.
    fn learned(&mut self, numeric: Numeric) -> Numeric {
        if self.learners.len() == MAX_LEARNERS && !self.learners.contains_key(&numeric.channel) {
            let silent = self.learners.iter().min_by_key(|(_, learner)| learner.last()).map(|(channel, _)| *channel);
            silent.and_then(|channel| self.learners.remove(&channel));
        }
        let learner = self.learners.entry(numeric.channel).or_default();
        learner.measured(numeric.at);
        let interval_ms = learner.expected().and_then(|expected| u32::try_from(expected.as_millis()).ok());
        Numeric { interval_ms, ..numeric }
    }

    /// Nothing is known any more.
    fn forget(&mut self) {
        (self.learners, self.heard, self.arrivals) = Default::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use protocol::vitals::{Decimal, Reading};
    use vitals::terms;

    type Heard = Arc<Mutex<Vec<Vitals>>>;

    fn at(seconds: u64) -> MonoTime {
        MonoTime(seconds * 1_000_000)
    }

    fn hub() -> (Hub, Heard) {
        let heard = Heard::default();
        let into = Arc::clone(&heard);
        let send: Send = Box::new(move |message| {
            if let Message::Vitals(vitals) = message {
                into.lock().unwrap().push(vitals.clone());
            }
            true
        });
        (Hub::new(Origin::Monitor, [send], at(0)), heard)
    }

    fn oxygen(seconds: u64) -> Vec<Vitals> {
        let reading = Reading::Valid(Decimal { mantissa: 97, exponent: 0 });
        let channel = Channel { term: terms::OXYGEN, instance: 0 };
        let at = at(seconds).as_session_in_theatre();
        vec![Vitals::Numerics(vec![Numeric { channel, unit: terms::PERCENT, reading, at, interval_ms: None }])]
    }

    fn states(heard: &Heard) -> Vec<FeedState> {
        let feed = |vitals: &Vitals| if let Vitals::Feed(feed) = vitals { Some(feed.state) } else { None };
        heard.lock().unwrap().iter().filter_map(feed).collect()
    }

    #[test]
    fn values_go_to_everybody_with_the_interval_that_was_learned() {
        let (hub, heard) = hub();
        [10, 20].into_iter().for_each(|seconds| hub.hear(oxygen(seconds), at(seconds)));
        let intervals: Vec<_> = heard
            .lock()
            .unwrap()
            .iter()
            .filter_map(
                |vitals| if let Vitals::Numerics(numerics) = vitals { Some(numerics[0].interval_ms) } else { None },
            )
            .collect();
        assert_eq!(intervals, [None, Some(15_000)]);
        assert_eq!(states(&heard), [FeedState::Live]);
    }

    #[test]
    fn intervals_are_learned_whatever_many_channels_were_met_before() {
        let (hub, heard) = hub();
        for instance in 1..=200 {
            let mut invented = oxygen(1);
            if let Vitals::Numerics(numerics) = &mut invented[0] {
                numerics[0].channel.instance = instance;
            }
            hub.hear(invented, at(1));
            hub.tick(at(1));
        }
        [10, 20].into_iter().for_each(|seconds| hub.hear(oxygen(seconds), at(seconds)));
        let last = heard.lock().unwrap().iter().rev().find_map(|vitals| match vitals {
            Vitals::Numerics(numerics) => Some(numerics[0].interval_ms),
            _ => None,
        });
        assert_eq!(last, Some(Some(15_000)));
    }

    #[test]
    fn a_monitor_that_falls_silent_is_told_once_and_is_live_again_with_its_next_word() {
        let (hub, heard) = hub();
        (0..5).for_each(|number| hub.hear(oxygen(number * 10), at(number * 10)));
        hub.tick(at(70));
        assert_eq!(states(&heard), [FeedState::Live]);
        hub.tick(at(71));
        hub.tick(at(99));
        hub.hear(oxygen(100), at(100));
        assert_eq!(states(&heard), [FeedState::Live, FeedState::Silent, FeedState::Live]);
    }

    #[test]
    fn another_patient_stops_everything_at_every_end_until_theatre_confirms() {
        let (hub, heard) = hub();
        let [one, other] = [b"4711", b"4712"].map(|id| hub.identity(&[id]));
        assert_eq!(hub.named(one, at(1)), Admission::Admitted);
        hub.hear(oxygen(1), at(1));
        assert!(hub.notice().is_none() && matches!(hub.confirm(at(1)), Answer::Refused(_)));
        assert_eq!(hub.named(other, at(2)), Admission::Changed);
        hub.hear(oxygen(3), at(3));
        let last = heard.lock().unwrap().last().cloned();
        assert!(matches!(last, Some(Vitals::Feed(Feed { state: FeedState::PatientChanged, .. }))), "{last:?}");
        assert_eq!(hub.shown(at(3), Duration::from_secs(4)).numbers, []);
        assert!(hub.notice().unwrap().text.contains("another patient"));
        assert!(matches!(hub.confirm(at(4)), Answer::Done(_)));
        hub.hear(oxygen(5), at(5));
        assert_eq!(hub.shown(at(5), Duration::from_secs(4)).numbers.len(), 1);
        assert!(hub.notice().is_none());
    }

    #[test]
    fn a_console_that_joins_is_told_all_that_is_known() {
        let (hub, heard) = hub();
        hub.hear(oxygen(1), at(1));
        heard.lock().unwrap().clear();
        hub.tick(at(2));
        hub.peer_up(0, at(2));
        hub.peer_up(7, at(2));
        let heard = heard.lock().unwrap();
        assert!(matches!(heard[..], [Vitals::Feed(_), Vitals::Numerics(_)]), "{heard:?}");
    }
}
