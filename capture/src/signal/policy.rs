//! What it means that a source's picture stands still. By its table, else by what it is.

use std::time::Duration;

use protocol::layout::Role;

use crate::config::{Kind, Source};

/// The same picture again so often at least, however long that takes. A converter repeats each picture of a slower
/// source a few times (25 a second in 60, X-ray pulsed at 7.5 in 30); five times at one rate is none of these.
const REPEATS: u32 = 5;
/// The same picture for this long: where the operation is done, the 500 ms after which a picture counts as frozen
/// (invariant 2). A sensor's noise makes any two of its pictures differ, so nothing that lives stands so still.
const AFTER: Duration = Duration::from_millis(500);
/// The same beside the operation. A camera in the room may send coded video, in which nothing changes where nothing
/// moves, up to the next independent picture some seconds later; and the numbers of a monitor change once a second.
const AFTER_BESIDE: Duration = Duration::from_secs(5);

/// What a picture that stands still says of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stills {
    /// Nothing: recordings, generated pictures and screens stand still by nature.
    Natural,
    /// An image is held on purpose, which is told with its age.
    Held,
    /// The source is dead: grabbers repeat the last picture when the cable is pulled.
    Dead,
}

/// When a source counts as standing still, and what that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What it means.
    pub stills: Stills,
    /// The same picture for this long at least.
    pub after: Duration,
    /// The same picture so many times after the first at least.
    pub repeats: u32,
}

impl Policy {
    /// The policy for `source`.
    ///
    /// Without `still_ok`, X-ray and patient monitors may hold an image, an endoscope and a camera may not, and of what
    /// is generated or recorded nothing is concluded.
    pub fn of(source: &Source) -> Self {
        let stills = match (source.still_ok, &source.kind, source.role) {
            (Some(true), _, _) => Stills::Held,
            (Some(false), _, _) => Stills::Dead,
            (None, Kind::Scene(_) | Kind::File { .. }, _) => Stills::Natural,
            (None, Kind::Dicom { .. }, _) | (None, _, Role::Fluoroscopy | Role::Vitals) => Stills::Held,
            (None, _, Role::Endoscope | Role::Room) => Stills::Dead,
        };
        // An image that comes from a file is known to be one.
        if stills == Stills::Held && matches!(source.kind, Kind::Dicom { .. }) {
            return Self { stills, after: Duration::ZERO, repeats: 1 };
        }
        let after = match source.role {
            Role::Endoscope | Role::Fluoroscopy => AFTER,
            Role::Vitals | Role::Room => AFTER_BESIDE,
        };
        Self { stills, after, repeats: REPEATS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stills(role: Role, kind: Kind, still_ok: Option<bool>) -> Stills {
        Policy::of(&Source { role, kind, still_ok }).stills
    }

    #[test]
    fn only_what_a_device_gives_can_be_dead_by_standing_still() {
        let device = || Kind::Gstreamer { bin: String::new() };
        let file = || Kind::File { location: "f".into() };
        assert_eq!(stills(Role::Endoscope, device(), None), Stills::Dead);
        assert_eq!(stills(Role::Room, device(), None), Stills::Dead);
        assert_eq!(stills(Role::Fluoroscopy, device(), None), Stills::Held);
        assert_eq!(stills(Role::Vitals, device(), None), Stills::Held);
        assert_eq!(stills(Role::Endoscope, file(), None), Stills::Natural);
        assert_eq!(stills(Role::Endoscope, Kind::Dicom { location: "d".into() }, None), Stills::Held);
    }

    #[test]
    fn the_table_of_a_source_has_the_last_word() {
        let device = || Kind::Gstreamer { bin: String::new() };
        assert_eq!(stills(Role::Endoscope, device(), Some(true)), Stills::Held);
        assert_eq!(stills(Role::Fluoroscopy, device(), Some(false)), Stills::Dead);
        assert_eq!(stills(Role::Room, Kind::File { location: "f".into() }, Some(false)), Stills::Dead);
    }
}
