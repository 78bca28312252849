//! Who may change how the canvas is arranged: theatre as it likes, a mentor as far as the configuration grants. The wish in
//! force lies here until the canvas's next turn; nothing waits for it. Where sources stand then is `crate::layout`'s.

use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::arrangement::{Answer, Arrangement, Preset, Wish};

use crate::config::Role;
use crate::control;

/// The arrangement that is wanted now.
#[derive(Debug)]
pub struct Arranging(Mutex<Arrangement>);

impl Arranging {
    /// Begins with `arrangement`, which says what a mentor may change.
    pub fn new(arrangement: Arrangement) -> Self {
        Self(Mutex::new(arrangement))
    }

    /// What the canvas is to show.
    pub fn wanted(&self) -> Wish {
        self.lock().shown
    }

    /// What consoles are told of it.
    pub fn arrangement(&self) -> Arrangement {
        self.lock().clone()
    }

    /// A console of this `role` asks for another arrangement, which is in force then if that is granted.
    pub fn wish(&self, role: Role, wish: Wish) -> Answer {
        let mut now = self.lock();
        let answer = judge(&now, role, wish);
        if answer == Answer::Granted {
            now.shown = wish;
        }
        answer
    }

    /// Theatre asks for it; the main source stays if none is named.
    pub fn ask(&self, preset: Preset, main: Option<&str>) -> control::Answer {
        let mut now = self.lock();
        let named = |name: &str| now.sources.iter().find(|one| one.name == name).map(|one| one.source);
        let Some(main) = main.map_or(Some(now.shown.main), named) else {
            let names = now.sources.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join("`, `");
            let unknown = main.unwrap_or_default();
            return control::Answer::Refused(format!(
                "no source `{unknown}` can stand on the canvas; there are `{names}`"
            ));
        };
        now.shown = Wish { preset, main };
        let name = now.sources.iter().find(|one| one.source == main).map_or("?", |one| one.name.as_str());
        control::Answer::Done(format!("the canvas shows {} with {name} as main source", word(preset)))
    }

    /// Nothing is left half done under it.
    fn lock(&self) -> MutexGuard<'_, Arrangement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A preset's name, as in the configuration.
pub fn word(preset: Preset) -> &'static str {
    match preset {
        Preset::Solo => "solo",
        Preset::Insets => "insets",
        Preset::Quad => "quad",
        Preset::SideBySide => "side-by-side",
    }
}

fn judge(now: &Arrangement, role: Role, wish: Wish) -> Answer {
    if role == Role::Observer {
        Answer::Observer
    } else if now.sources.iter().all(|one| one.source != wish.main) {
        Answer::NoSuchSource
    } else if wish.preset != now.shown.preset && !now.grant.has_layout() {
        Answer::NotLayout
    } else if wish.main != now.shown.main && !now.grant.has_main() {
        Answer::NotMain
    } else {
        Answer::Granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::arrangement::{Grant, Offered};
    use protocol::ids::SourceId;

    fn arranging(grant: Grant) -> Arranging {
        let offered = |(source, name): (u8, &str)| Offered { source: SourceId(source), name: name.to_owned() };
        let sources = [(0, "endoscope"), (2, "room")].map(offered).to_vec();
        Arranging::new(Arrangement { shown: wish(Preset::Insets, 0), grant, sources })
    }

    fn wish(preset: Preset, main: u8) -> Wish {
        Wish { preset, main: SourceId(main) }
    }

    #[test]
    fn a_mentor_changes_what_is_granted_and_is_told_what_is_not() {
        let (quad, room) = (wish(Preset::Quad, 0), wish(Preset::Insets, 2));
        for (grant, layout, main) in [
            (Grant::Nothing, Answer::NotLayout, Answer::NotMain),
            (Grant::Layout, Answer::Granted, Answer::NotMain),
            (Grant::Main, Answer::NotLayout, Answer::Granted),
            (Grant::Both, Answer::Granted, Answer::Granted),
        ] {
            for (wish, answer) in [(quad, layout), (room, main)] {
                let arranging = arranging(grant);
                assert_eq!(arranging.wish(Role::Mentor, wish), answer, "{grant:?} {wish:?}");
                assert_eq!(arranging.wanted() == wish, answer == Answer::Granted, "{grant:?} {wish:?}");
            }
        }
    }

    #[test]
    fn an_observer_changes_nothing_and_a_source_without_a_place_is_refused() {
        let arranging = arranging(Grant::Both);
        assert_eq!(arranging.wish(Role::Observer, wish(Preset::Quad, 0)), Answer::Observer);
        assert_eq!(arranging.wish(Role::Mentor, wish(Preset::Quad, 1)), Answer::NoSuchSource);
        assert_eq!(arranging.wanted(), wish(Preset::Insets, 0));
    }

    #[test]
    fn theatre_asks_by_name_and_needs_no_grant() {
        let arranging = arranging(Grant::Nothing);
        let done = arranging.ask(Preset::Solo, Some("room"));
        assert_eq!(done, control::Answer::Done("the canvas shows solo with room as main source".into()));
        assert_eq!(arranging.wanted(), wish(Preset::Solo, 2));
        arranging.ask(Preset::Quad, None);
        assert_eq!(arranging.wanted(), wish(Preset::Quad, 2), "the main source stays");
        let control::Answer::Refused(why) = arranging.ask(Preset::Quad, Some("rom")) else { panic!() };
        assert_eq!(why, "no source `rom` can stand on the canvas; there are `endoscope`, `room`");
    }
}
