//! Which sources changed how they stand: each change is told once, when it has lasted. [`Journal`] is pure; [`Teller`]
//! puts its word into the log and the trace.

use std::collections::BTreeMap;
use std::time::Duration;

use program::trace::{Record, Trace};
use protocol::frame::{Freshness, TileTime};
use protocol::ids::SourceId;
use protocol::time::SessionTime;

use crate::config::Theatre;

/// How long a state lasts before it is told. A machine's hiccup costs a source two pictures now and then, which the
/// frame's header says and no log needs; it is the time after which the tile says it too.
pub const SETTLED: Duration = Duration::from_millis(500);

/// A source stands in another way than was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub source: SourceId,
    /// How.
    pub freshness: Freshness,
    /// Since when.
    pub since: SessionTime,
    /// How it stood before, and how long; `None` with the first word on a source.
    pub before: Option<(Freshness, Duration)>,
}

/// Tells people and tools.
pub struct Teller {
    journal: Journal,
    /// By the number of the source.
    names: Vec<String>,
    trace: Trace,
}

/// Everything that was told.
#[derive(Debug, Default)]
pub struct Journal {
    sources: BTreeMap<SourceId, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    told: Option<(Freshness, SessionTime)>,
    /// How it stands, and since when; where it differs from what was told, that is still to be told.
    now: (Freshness, SessionTime),
}

impl Journal {
    /// Takes note of how sources stand `now`, shown on the canvas or not. What is to be told now.
    pub fn look(&mut self, sources: &[TileTime], now: SessionTime) -> Vec<Change> {
        let look = |tile: &TileTime| {
            let fresh = Entry { told: None, now: (tile.freshness, now) };
            let entry = self.sources.entry(tile.source).or_insert(fresh);
            entry.look(tile.freshness, now).map(|before| Change {
                source: tile.source,
                freshness: tile.freshness,
                since: entry.now.1,
                before,
            })
        };
        sources.iter().filter_map(look).collect()
    }
}

impl Teller {
    /// Tells of the sources of `theatre`, in the log and in `trace`.
    pub fn new(theatre: &Theatre, trace: Trace) -> Self {
        Self { journal: Journal::default(), names: theatre.source.keys().cloned().collect(), trace }
    }

    /// Takes note of how sources stand `now` and tells what is to be told.
    pub fn look(&mut self, sources: &[TileTime], now: SessionTime) {
        for change in self.journal.look(sources, now) {
            let name = self.names.get(usize::from(change.source.0)).map_or("", String::as_str);
            tell(&change, name, &self.trace);
        }
    }
}

fn tell(change: &Change, name: &str, trace: &Trace) {
    let before = change.before.map(|(state, lasted)| format!(" after {:.1} s {}", lasted.as_secs_f32(), words(state)));
    let text = format!("source {name}: {}{}", words(change.freshness), before.unwrap_or_default());
    match change.freshness {
        Freshness::Live | Freshness::Waiting | Freshness::Held { .. } => tracing::info!("{text}"),
        _ => tracing::warn!("{text}; it is followed on, and the others go on"),
    }
    let (source, state) = (name.to_owned(), change.freshness.word().to_owned());
    trace.write(Record::Source { source, state, at_us: change.since.0 });
}

/// A state as a log says it.
fn words(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Live => "live",
        Freshness::Waiting => "waiting for its first picture",
        Freshness::Lost => "without signal",
        Freshness::Repeating { .. } => "repeating one picture",
        Freshness::Black { .. } => "black",
        Freshness::Held { .. } => "holding an image",
        Freshness::Ended => "ended",
        Freshness::Failed => "failed",
        Freshness::Unusable => "giving pictures that cannot be shown",
        Freshness::Withheld => "withheld: its mask is missing or does not fit",
    }
}

impl Entry {
    /// What was told before, if something new is to be told.
    fn look(&mut self, freshness: Freshness, now: SessionTime) -> Option<Option<(Freshness, Duration)>> {
        if freshness.word() != self.now.0.word() {
            self.now = (freshness, now);
        }
        let (state, since) = self.now;
        let is_told = self.told.is_some_and(|(told, _)| told.word() == state.word());
        if is_told || now.since(since) < SETTLED {
            return None;
        }
        let before = self.told.replace((state, since));
        Some(before.map(|(told, from)| (told, since.since(from))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_frames;

    const CAMERA: SourceId = SourceId(1);

    /// Everything told of a camera that stands so from each moment on, looked at every 10 ms until `end_ms`.
    fn told(states: &[(u64, Freshness)], end_ms: u64) -> Vec<(u64, Change)> {
        let mut journal = Journal::default();
        let mut all = Vec::new();
        for ms in (0..end_ms).step_by(10) {
            let (_, freshness) = states.iter().rev().find(|(from, _)| *from <= ms).unwrap();
            let mut header = test_frames::header(ms, CAMERA, Some(ms));
            header.composed = SessionTime(ms * 1_000);
            header.tiles[0].freshness = *freshness;
            all.extend(journal.look(&header.tiles, header.composed).into_iter().map(|change| (ms, change)));
        }
        all
    }

    #[test]
    fn each_change_is_told_once_with_when_it_began_and_how_long_it_was_otherwise() {
        let repeating = Freshness::Repeating { since: SessionTime(9) };
        let told = told(&[(0, Freshness::Live), (2_000, repeating), (5_000, Freshness::Live)], 9_000);
        let expected = [
            (500, Freshness::Live, 0, None),
            (2_500, repeating, 2_000, Some((Freshness::Live, Duration::from_secs(2)))),
            (5_500, Freshness::Live, 5_000, Some((repeating, Duration::from_secs(3)))),
        ];
        let expected = expected.map(|(at, freshness, since_ms, before)| {
            (at, Change { source: CAMERA, freshness, since: SessionTime(since_ms * 1_000), before })
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_hiccup_is_not_told() {
        let told = told(&[(0, Freshness::Live), (2_000, Freshness::Lost), (2_300, Freshness::Live)], 4_000);
        assert_eq!(told.len(), 1, "{told:?}");
    }

    #[test]
    fn an_image_held_again_after_a_picture_is_no_change_of_its_own() {
        let held = |since| Freshness::Held { since: SessionTime(since) };
        let told = told(&[(0, held(0)), (2_000, held(2)), (4_000, held(4))], 6_000);
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
