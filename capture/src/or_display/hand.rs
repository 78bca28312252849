//! What a hand or foot in theatre can do at a window: hide or show everything the mentor put there, clear it, answer OK; and
//! close or open the curtain, by a key alone. Nothing else can be done from here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use program::clock;
use protocol::time::MonoTime;

use crate::config::Keys;

/// What happened at the window, as the sink or a pedal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// A key went down, or is held; its name as X calls it (keysymdef.h without `XK_`).
    Key(String),
    /// The same of a pedal.
    Pedal(String),
    /// A key or pedal came up. While one is held an X server tells so just before it presses it again.
    Release(String),
    /// The window was touched or clicked.
    Touch,
}

/// One act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Hides marks and cursors, or shows them again.
    HideOrShow,
    /// Takes all marks away for good.
    Clear,
    /// Answers what the mentor asked.
    Ok,
    /// Closes the curtain, or opens it again.
    Curtain,
}

/// Presses this close belong to one: feet and fingers bounce.
const ONE_PRESS: Duration = Duration::from_millis(400);
/// A held key is pressed again by the system some thirty times a second, the first time after 660 ms on an X server and later where
/// somebody set it so. What comes this long after a press that has not been ended is another: its end was lost.
const HELD: Duration = Duration::from_millis(1_500);
/// A release so shortly before the next press is the system's: it makes both at one time, and a sink reads them within two of its
/// looks, 50 ms apart. No finger is as quick.
const REPEATED: Duration = Duration::from_millis(100);

/// Acts that may wait for the display. More are forgotten: it looks at each within a picture.
const WAITING_ACTS: usize = 8;

/// Where a window's sink and its pedal tell what is pressed. Clones are the same.
#[derive(Clone)]
pub struct Ear {
    hand: Arc<Mutex<Hand>>,
    acts: Sender<Act>,
}

impl Ear {
    /// One that knows these keys, and what it makes of presses.
    pub fn new(keys: Keys) -> (Self, Receiver<Act>) {
        let (acts, done) = bounded(WAITING_ACTS);
        (Self { hand: Arc::new(Mutex::new(Hand::new(keys))), acts }, done)
    }

    /// This is pressed now. Whatever the display does meanwhile, no release is missed.
    pub fn hear(&self, press: &Press) {
        let act = self.hand.lock().unwrap_or_else(PoisonError::into_inner).press(press, clock::now());
        match act.map(|act| self.acts.try_send(act)) {
            // Full: more was done than anyone can mean.
            None | Some(Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) => {}
        }
    }
}

/// Turns presses into acts.
#[derive(Debug)]
pub struct Hand {
    keys: Keys,
    last: BTreeMap<Act, Last>,
}

/// The last press that meant an act.
#[derive(Debug, Clone, Copy)]
struct Last {
    pressed: MonoTime,
    /// `None` while it goes on, as far as is known.
    released: Option<MonoTime>,
}

impl Hand {
    /// A hand that knows these keys.
    pub fn new(keys: Keys) -> Self {
        Self { keys, last: BTreeMap::new() }
    }

    /// What a press at `now` does; nothing if it is no key of ours, or the same press going on.
    pub fn press(&mut self, press: &Press, now: MonoTime) -> Option<Act> {
        let act = self.meant(press)?;
        if let Press::Release(_) = press {
            self.last.entry(act).and_modify(|last| last.released = Some(now));
            return None;
        }
        // Nobody tells when a touch ends.
        let released = (*press == Press::Touch).then_some(now);
        let before = self.last.insert(act, Last { pressed: now, released });
        before.is_none_or(|before| !before.goes_on(press, now)).then_some(act)
    }

    fn meant(&self, press: &Press) -> Option<Act> {
        let Keys { hide, clear, ok, curtain, .. } = &self.keys;
        let keys = [(hide, Act::HideOrShow), (clear, Act::Clear), (ok, Act::Ok), (curtain, Act::Curtain)];
        let meant = |name: &str| keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, act)| *act);
        match press {
            Press::Touch => Some(Act::HideOrShow),
            Press::Key(name) | Press::Release(name) => meant(name),
            // A foot sees and ends nothing but what lies over the picture.
            Press::Pedal(name) => meant(name).filter(|act| *act != Act::Curtain),
        }
    }
}

impl Last {
    /// Whether `press` at `now` is still this one.
    fn goes_on(self, press: &Press, now: MonoTime) -> bool {
        let since = now.since(self.pressed);
        // Nothing repeats a touch.
        let repeats = || self.released.map_or(since < HELD, |released| now.since(released) < REPEATED);
        since < ONE_PRESS || (*press != Press::Touch && repeats())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Press {
        Press::Key(name.into())
    }

    fn at(ms: u64) -> MonoTime {
        MonoTime(ms * 1_000)
    }

    #[test]
    fn each_key_does_its_thing_touch_hides_and_no_other_key_does_anything() {
        let mut hand = Hand::new(Keys::default());
        let Keys { hide, clear, ok, curtain, .. } = Keys::default();
        assert_eq!(hand.press(&key(&hide), at(0)), Some(Act::HideOrShow));
        assert_eq!(hand.press(&key(&clear.to_uppercase()), at(0)), Some(Act::Clear), "with shift or caps lock");
        assert_eq!(hand.press(&key(&ok), at(0)), Some(Act::Ok));
        assert_eq!(hand.press(&key(&curtain), at(0)), Some(Act::Curtain));
        assert_eq!(hand.press(&Press::Touch, at(1_000)), Some(Act::HideOrShow));
        for other in ["F4", "x", "Escape", ""] {
            assert_eq!(hand.press(&key(other), at(2_000)), None, "{other}");
        }
    }

    #[test]
    fn a_pedal_hides_clears_and_answers_and_does_nothing_else() {
        let mut hand = Hand::new(Keys::default());
        let Keys { hide, clear, ok, curtain, .. } = Keys::default();
        let acts = [hide, clear, ok, curtain].map(|key| hand.press(&Press::Pedal(key), at(0)));
        assert_eq!(acts, [Some(Act::HideOrShow), Some(Act::Clear), Some(Act::Ok), None]);
    }

    #[test]
    fn what_is_held_acts_once_with_the_pause_that_systems_make_before_they_repeat_it() {
        let curtain = Keys::default().curtain;
        let (down, up) = (key(&curtain), Press::Release(curtain.clone()));
        for tells_releases in [true, false] {
            let mut hand = Hand::new(Keys::default());
            assert_eq!(hand.press(&down, at(0)), Some(Act::Curtain));
            for ms in (660..3_000).step_by(33) {
                if tells_releases {
                    assert_eq!(hand.press(&up, at(ms)), None);
                }
                assert_eq!(
                    hand.press(&down, at(ms)),
                    None,
                    "a curtain that was closed is not opened by the same press"
                );
            }
            hand.press(&up, at(3_000));
            assert_eq!(hand.press(&down, at(3_500)), Some(Act::Curtain), "pressed anew");
        }
    }

    #[test]
    fn a_key_is_pressed_again_half_a_second_later_or_after_a_release_that_nobody_told() {
        let mut hand = Hand::new(Keys::default());
        let (down, up) = (key("h"), Press::Release("h".into()));
        assert_eq!(hand.press(&down, at(0)), Some(Act::HideOrShow));
        hand.press(&up, at(90));
        assert_eq!(hand.press(&down, at(200)), None, "it bounced");
        hand.press(&up, at(300));
        assert_eq!(hand.press(&down, at(700)), Some(Act::HideOrShow));
        assert_eq!(hand.press(&down, at(2_300)), Some(Act::HideOrShow));
        for (ms, act) in [(3_000, Some(Act::HideOrShow)), (3_300, None), (3_800, Some(Act::HideOrShow))] {
            assert_eq!(hand.press(&Press::Touch, at(ms)), act, "at {ms}");
        }
        assert_eq!(hand.press(&down, at(4_300)), Some(Act::HideOrShow));
    }
}
