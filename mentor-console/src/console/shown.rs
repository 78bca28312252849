//! What the window shows of all that the console knows, as plain values.

use std::time::Duration;

use protocol::ids::SourceId;
use protocol::time::MonoTime;

use super::Console;
use crate::latency::Summary;
use crate::picture_state::{self, Facts, Verdict};
use crate::scene::Target;
use crate::state::{self, State, Values, ViewOf};
use crate::vitals_view;

/// How often the status bar's figures are made anew. Faster, nobody can read them.
const FIGURES_EVERY: Duration = Duration::from_millis(250);

/// How long the reason for a refused press stays: long enough to read six words twice.
const REFUSAL_STAYS: Duration = Duration::from_millis(2_500);

/// What the status bar says, and when it was made.
#[derive(Debug, Default)]
pub(super) struct Figures {
    made: MonoTime,
    latency: Summary,
    age: Option<Duration>,
}

impl Console {
    /// What is to be shown of vital signs at `now`, by the session's clock; curves only where they are asked for.
    pub fn shown_vitals(&self, with_curves: bool, now: MonoTime) -> Option<state::Vitals> {
        let feed = self.vitals.feed()?;
        let now = self.frames.clock.map(|clock| clock.session(now));
        let values = now.map(|now| Values {
            numbers: self.vitals.numbers(now),
            curves: if with_curves { self.vitals.curves(now, vitals_view::SPAN) } else { Vec::new() },
            alarms: self.vitals.told(now),
        });
        Some(state::Vitals { feed, since: now.map(|now| now.since(feed.since)), values })
    }

    /// How far the picture can be trusted.
    pub fn verdict(&self, now: MonoTime) -> Verdict {
        let (on_screen, curtain) = (self.scene.on_screen(), self.scene.curtain());
        let facts = Facts { on_screen, clock: self.frames.clock, dark_since: self.dark_since, curtain };
        picture_state::judge(&facts, now)
    }

    /// What the window shows; its own parts (card, stages, vital signs) as they are when it starts.
    pub fn state(&mut self, now: MonoTime) -> State {
        self.marks.tidy(now);
        self.refusal = self.refusal.filter(|(_, since)| now.since(*since) < REFUSAL_STAYS);
        let verdict = self.verdict(now);
        self.frames.records.state(verdict.state, now);
        if now.since(self.figures.made) >= FIGURES_EVERY {
            self.figures = Figures { made: now, latency: self.frames.summary(now), age: verdict.age };
        }
        State {
            verdict,
            age: self.figures.age,
            latency: self.figures.latency.clone(),
            clock: self.frames.clock,
            frames: self.frames.counts(),
            position: self.position.clone(),
            arrangement: self.arrangement.clone(),
            paths: self.paths.clone(),
            marks: self.marks.counts(now),
            pen: self.marks.pen(),
            refusal: self.refusal.map(|(reason, _)| reason),
            sources: self.scene.sources(),
            still: self.stills.state(now),
            view: self
                .scene
                .held()
                .map_or(ViewOf::Live, |tile| ViewOf::Still { name: tile.name.clone(), size: tile.picture.size }),
            still_of: self.still_of(),
            cameras: self.cameras.offers().to_vec(),
            card_open: false,
            stages_open: false,
            layouts_open: false,
            drills: self.drills.list(now),
            drill_form: None,
            drill_refusal: self.drills.refusal(),
            call: self.calls.stage(now),
            test_picture: self.pattern.is_some(),
            vitals: None,
            vitals_open: false,
        }
    }

    /// The source under the pointer, or else the primary.
    fn still_of(&self) -> Option<SourceId> {
        match self.target {
            Target::Picture(source) => Some(source),
            Target::Beside | Target::Refused(_) => self.scene.layout().map(|layout| layout.primary),
        }
    }
}
