//! Whose vital signs these are, without knowing who that is: identities are hashes under a key that lives as long as the
//! program. Another patient in the middle of a case stops everything until theatre has confirmed. Pure.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// Makes identities of what monitors send. The key is random for each start and never leaves memory, so that an identity
/// says nothing about a person, not even to somebody with a list of all.
#[derive(Debug, Clone, Default)]
pub struct Key(RandomState);

/// A patient as this program knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64);

/// Whom the vital signs are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patient {
    /// No monitor has named anybody yet.
    #[default]
    Unnamed,
    /// This one.
    Known(Identity),
    /// A monitor named another one since: the last that was named. Nothing is taken.
    Changed(Identity),
}

/// Whether values may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// They are this patient's.
    Admitted,
    /// They are another's, and this is the first word of it.
    Changed,
    /// Theatre has not confirmed yet.
    Stopped,
}

impl Key {
    /// The identity behind the parts of the message that name a patient; `None` if they name nobody.
    pub fn identity(&self, parts: &[&[u8]]) -> Option<Identity> {
        parts.iter().any(|part| !part.is_empty()).then(|| Identity(self.0.hash_one(parts)))
    }
}

impl Patient {
    /// A monitor names `identity`, or nobody, which claims nothing.
    pub fn named(&mut self, identity: Option<Identity>) -> Admission {
        match (*self, identity) {
            (Self::Changed(_), identity) => {
                if let Some(identity) = identity {
                    *self = Self::Changed(identity);
                }
                Admission::Stopped
            }
            (Self::Known(known), Some(identity)) if known != identity => {
                *self = Self::Changed(identity);
                Admission::Changed
            }
            (Self::Unnamed, Some(identity)) => {
                *self = Self::Known(identity);
                Admission::Admitted
            }
            (Self::Unnamed | Self::Known(_), _) => Admission::Admitted,
        }
    }

    /// Theatre has looked: the one named last is the patient. `false` if there was nothing to confirm.
    pub fn confirm(&mut self) -> bool {
        let Self::Changed(identity) = *self else { return false };
        *self = Self::Known(identity);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_patient_stops_everything_until_theatre_has_confirmed() {
        let key = Key::default();
        let [one, other] = [b"4711", b"4712"].map(|id| key.identity(&[id]));
        let mut patient = Patient::default();
        assert_eq!(patient.named(None), Admission::Admitted);
        assert_eq!([patient.named(one), patient.named(one), patient.named(None)], [Admission::Admitted; 3]);
        assert!(!patient.confirm());
        assert_eq!(patient.named(other), Admission::Changed);
        assert_eq!([patient.named(other), patient.named(None)], [Admission::Stopped; 2]);
        assert!(patient.confirm());
        assert_eq!(patient.named(other), Admission::Admitted);
        assert_eq!(patient.named(one), Admission::Changed);
    }

    #[test]
    fn the_first_patient_named_again_does_not_undo_the_stop() {
        let key = Key::default();
        let [one, other] = [b"4711", b"4712"].map(|id| key.identity(&[id]));
        let mut patient = Patient::default();
        patient.named(one);
        patient.named(other);
        assert_eq!(patient.named(one), Admission::Stopped);
        assert!(patient.confirm());
        assert_eq!(patient.named(one), Admission::Admitted, "the one named last was confirmed");
    }

    #[test]
    fn identities_differ_by_key_so_that_nobody_can_look_them_up() {
        let [one, other] = [Key::default(), Key::default()].map(|key| key.identity(&[b"4711", b"Doe"]));
        assert!(one.is_some() && one != other);
        let key = Key::default();
        assert_eq!(key.identity(&[b"", b""]), None);
        assert_ne!(key.identity(&[b"a", b"b"]), key.identity(&[b"ab", b""]));
    }
}
