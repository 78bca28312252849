//! What a hand or foot in theatre can do at a window: hide or show everything the mentor put there, clear it, answer OK; and
//! close or open the curtain, by a key alone. Nothing else can be done from here.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::time::MonoTime;

use crate::config::Keys;

/// What happened at the window, as the sink or a pedal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// A key went down, or is held; its name as X calls it (keysymdef.h without `XK_`).
    Key(String),
    /// The same of a pedal.
    Pedal(String),
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

/// A held key is pressed again by the system some thirty times a second; presses this close belong to one.
const ONE_PRESS: Duration = Duration::from_millis(400);

/// Turns presses into acts.
#[derive(Debug)]
pub struct Hand {
    keys: Keys,
    pressed: BTreeMap<Act, MonoTime>,
}

impl Hand {
    /// A hand that knows these keys.
    pub fn new(keys: Keys) -> Self {
        Self { keys, pressed: BTreeMap::new() }
    }

    /// What a press at `now` does; nothing if it is no key of ours, or the same press going on.
    pub fn press(&mut self, press: &Press, now: MonoTime) -> Option<Act> {
        let act = self.meant(press)?;
        let before = self.pressed.insert(act, now);
        before.is_none_or(|before| now.since(before) >= ONE_PRESS).then_some(act)
    }

    fn meant(&self, press: &Press) -> Option<Act> {
        let Keys { hide, clear, ok, curtain, .. } = &self.keys;
        let keys = [(hide, Act::HideOrShow), (clear, Act::Clear), (ok, Act::Ok), (curtain, Act::Curtain)];
        let meant = |name: &str| keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, act)| *act);
        match press {
            Press::Touch => Some(Act::HideOrShow),
            Press::Key(name) => meant(name),
            // A foot sees and ends nothing but what lies over the picture.
            Press::Pedal(name) => meant(name).filter(|act| *act != Act::Curtain),
        }
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
    fn a_pedal_that_is_held_acts_once() {
        let mut hand = Hand::new(Keys::default());
        let hide = Press::Pedal(Keys::default().hide);
        let acts = (0..3_000).step_by(33).filter(|ms| hand.press(&hide, at(*ms)).is_some()).count();
        assert_eq!(acts, 1);
        assert_eq!(hand.press(&hide, at(3_500)), Some(Act::HideOrShow), "pressed anew");
    }
}
