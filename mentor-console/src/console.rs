//! Everything the console knows, behind one lock: the link thread, the decoder's thread and the window each touch it
//! for some microseconds at a time. What the window shows is made from it as one plain [`State`].

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use program::trace::Trace;
use protocol::arrangement::{self, Arrangement};
use protocol::call::{Answer, Asked};
use protocol::camera::Drive;
use protocol::drill::News;
use protocol::frame::Header;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::{Epoch, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{Fate, Receipt};
use protocol::message::Message;
use protocol::pattern::Pattern;
use protocol::time::{ClockOffset, MonoTime};
use protocol::vitals::Vitals;
use transport::drill::Period;
use vitals::panel::Panel;

use crate::calls::Calls;
use crate::camera::Cameras;
use crate::codecs::Codecs;
use crate::cursor::Cursor;
use crate::drill::Desk;
use crate::frames::Frames;
use crate::journal::{Released, Ticket};
use crate::latency::Summary;
use crate::layout_view;
use crate::marks::Marks;
use crate::outbox::Outbox;
use crate::pacing::Pacing;
use crate::pattern::Judge;
use crate::picture_state::{self, Facts, Kind, Verdict};
use crate::place::Place;
use crate::scene::{Scene, Target};
use crate::state::{self, Condition, Path, State, Values, ViewOf};
use crate::still::{self, Stills};
use crate::vitals_view;

/// The console, shared between its threads.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Console>>);

impl Shared {
    /// Shares `console`.
    pub fn new(console: Console) -> Self {
        Self(Arc::new(Mutex::new(console)))
    }

    /// The console, for a few microseconds: whoever holds it keeps the picture waiting.
    pub fn lock(&self) -> MutexGuard<'_, Console> {
        // A panic elsewhere leaves counts and marks as they were: still the best there is to show.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything the console knows.
pub struct Console {
    /// The account of frames.
    pub frames: Frames,
    /// The picture on the screen.
    pub scene: Scene,
    /// The mentor's marks.
    pub marks: Marks,
    /// Their way to theatre.
    pub outbox: Outbox,
    /// Stills.
    pub stills: Stills,
    /// Room cameras.
    pub cameras: Cameras,
    /// What frames may be encoded as.
    pub codecs: Codecs,
    /// Link drills.
    pub drills: Desk,
    /// What the mentor asks beside drawing.
    pub calls: Calls,
    /// Where the mentor points.
    pub cursor: Cursor,
    /// The test picture, while theatre sends one.
    pub pattern: Option<Judge>,
    /// Where the canvas lies in the window.
    pub place: Place,
    /// What a press would do where the pointer is.
    pub target: Target,
    /// When to repaint for less than a new picture.
    pub pacing: Pacing,
    refusal: Option<(&'static str, MonoTime)>,
    position: Option<Position>,
    vitals: Panel,
    arrangement: Option<Arrangement>,
    paths: Vec<Path>,
    /// Since when no path has been alive.
    dark_since: Option<MonoTime>,
    figures: Figures,
}

/// How often the status bar's figures are made anew. Faster, nobody can read them.
const FIGURES_EVERY: Duration = Duration::from_millis(250);

/// How long the reason for a refused press stays: long enough to read six words twice.
const REFUSAL_STAYS: Duration = Duration::from_millis(2_500);

/// What the status bar says, and when it was made.
#[derive(Debug, Default)]
struct Figures {
    made: MonoTime,
    latency: Summary,
    age: Option<Duration>,
}

impl Console {
    /// A console that has heard nothing yet. `author` is this life of it; its marks go into `outbox`.
    pub fn new(trace: Trace, author: Epoch, outbox: Outbox, now: MonoTime) -> Self {
        Self {
            frames: Frames::new(trace),
            scene: Scene::default(),
            marks: Marks::new(author),
            outbox,
            stills: Stills::default(),
            cameras: Cameras::default(),
            codecs: Codecs::default(),
            drills: Desk::default(),
            calls: Calls::default(),
            cursor: Cursor::default(),
            pattern: None,
            place: Place::default(),
            target: Target::Beside,
            pacing: Pacing::default(),
            refusal: None,
            position: None,
            vitals: Panel::default(),
            arrangement: None,
            paths: Vec::new(),
            dark_since: Some(now),
            figures: Figures::default(),
        }
    }

    /// A frame was released by the transport.
    pub fn released(&mut self, header: &Header, number: u64, times: Arrival) -> Ticket {
        let primary = self.scene.primary(header);
        self.frames.released(Released {
            id: header.id,
            number,
            captured: primary.and_then(|tile| tile.captured),
            composed: header.composed,
            first_shard: times.first_shard,
            complete: times.complete,
            released: times.released,
        })
    }

    /// Frames were given up by the transport.
    pub fn lost(&mut self, numbers: Range<u64>, damaged: bool) {
        self.frames.lost(numbers, damaged);
    }

    /// A new picture is about to be drawn.
    pub fn picture(&mut self, header: &Arc<Header>, kind: Kind, now: MonoTime) {
        self.scene.show(Arc::clone(header), kind, now);
    }

    /// Asks theatre for a still of `source`.
    pub fn ask_still(&mut self, source: SourceId) {
        if self.outbox.tell(&Message::StillWish(source)) {
            self.stills.asked(source);
        }
    }

    /// Takes the still that came in place of the live picture, unless a stroke is being drawn.
    pub fn hold_ready(&mut self, now: MonoTime) -> Option<still::Picture> {
        if self.marks.drawing().is_some() {
            return None;
        }
        let picture = self.stills.take_ready()?;
        self.scene.hold(&picture.header, now);
        Some(picture)
    }

    /// The mentor holds this movement of a room camera, or none.
    pub fn steer(&mut self, held: Option<(SourceId, Drive)>, now: MonoTime) {
        for command in self.cameras.hold(held, now) {
            // Left out, the next word comes within 100 ms, and without any the camera stops.
            self.outbox.tell(&Message::Camera(command));
        }
    }

    /// The repaint that held the picture was on the screen.
    pub fn shown(&mut self, ticket: Ticket, at: MonoTime) {
        self.frames.shown(ticket, at);
    }

    /// Theatre tells an arrangement of the canvas.
    pub fn layout(&mut self, layout: Layout) {
        self.scene.set_layout(layout);
    }

    /// Theatre tells how the canvas is arranged and what of it may be asked for.
    pub fn arrangement(&mut self, arrangement: Arrangement) {
        self.arrangement = Some(arrangement);
    }

    /// Theatre's answer to the mentor's wish for another arrangement.
    pub fn layout_answer(&mut self, answer: arrangement::Answer, now: MonoTime) {
        if let Some(reason) = layout_view::refusal(answer) {
            self.refuse(reason, now);
        }
    }

    /// Theatre's word on a mark.
    pub fn receipt(&mut self, receipt: &Receipt, now: MonoTime) {
        if receipt.fate == Fate::Cleared {
            self.refuse("Theatre cleared the marks", now);
        }
        self.marks.receipt(receipt, now);
        self.frames.records.receipt(receipt, now);
    }

    /// Theatre tells where it stands on the ladder.
    pub fn ladder(&mut self, position: Position, now: MonoTime) {
        self.frames.records.ladder(&position, now);
        self.position = Some(position);
    }

    /// Theatre tells of vital signs.
    pub fn vitals(&mut self, vitals: Vitals) {
        self.vitals.take(vitals);
    }

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

    /// Where theatre stood on the ladder when it last said so.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The link as it stands now. What found no room on its way to theatre before is sent again.
    pub fn link(&mut self, paths: Vec<Path>, now: MonoTime) {
        let alive = paths.iter().any(|path| path.condition == Condition::Live);
        self.dark_since = if alive { None } else { self.dark_since.or(Some(now)) };
        self.paths = paths;
        let marks = &self.marks;
        self.outbox.catch_up(|| marks.operations());
        self.codecs.tell(&self.outbox);
        if let Some(told) = self.cursor.beat(now) {
            self.outbox.tell(&Message::Cursor(told));
        }
    }

    /// The mentor asks the team for something, or takes back what it asked.
    pub fn call(&mut self, asked: Option<Asked>, now: MonoTime) {
        let call = match asked {
            Some(asked) => Some(self.calls.ask(asked)),
            None => self.calls.take_back(),
        };
        let Some(call) = call else { return };
        if !self.outbox.tell(&Message::Call(call)) {
            self.calls.take_back();
            self.refuse("Theatre cannot be asked: there is no way to it now", now);
        }
    }

    /// Theatre begins to send a test picture, or has done so; then it is told how it came.
    pub fn pattern(&mut self, pattern: Option<Pattern>) {
        let judged = match pattern {
            Some(_) => self.pattern.replace(Judge::default()),
            None => self.pattern.take(),
        };
        if let (Some(judge), None) = (judged, pattern)
            && !self.outbox.tell(&Message::Judged(judge.judgement()))
        {
            tracing::warn!("theatre takes no message now; it gets no verdict on its test picture");
        }
    }

    /// Where a frame shows the test picture, and in which size theatre painted that; `None` if it shows none.
    pub fn pattern_in(&self, header: &Header) -> Option<(CanvasRect, SizePx)> {
        self.pattern.as_ref()?;
        let tile = self.scene.primary_tile(header)?;
        Some((tile.picture, tile.image?))
    }

    /// Theatre's word on what the mentor asked.
    pub fn answer(&mut self, answer: Answer, now: MonoTime) {
        self.calls.answer(answer, now);
    }

    /// The name of the path at `place` among those of the link.
    pub fn path_name(&self, place: usize) -> Option<String> {
        self.paths.get(place).map(|path| path.name.clone())
    }

    /// There is no link: pictures come from this machine, on its own clock.
    pub fn no_link(&mut self) {
        self.dark_since = None;
        self.frames.set_clock(ClockOffset::THEATRE);
    }

    /// Theatre is there, perhaps as a new life of itself that knows nothing.
    pub fn peer(&mut self, restarted: bool, now: MonoTime) {
        if restarted {
            self.scene.forget_layouts();
            self.position = None;
            self.vitals = Panel::default();
            self.pattern = None;
            self.stills.forget_wish();
            self.cameras.set_offers(Vec::new());
            self.arrangement = None;
            self.frames.forget_clock();
        }
        self.outbox.start_over(&self.marks.operations());
        self.codecs.peer_up();
        self.codecs.tell(&self.outbox);
        if let Some(call) = self.calls.standing() {
            self.outbox.tell(&Message::Call(call));
        }
        let changes = self.drills.peer_up(restarted, now);
        self.frames.records.drills(&changes);
    }

    /// This console's drill stands like this. What theatre has to know of it goes to `send`.
    pub fn own_drill(&mut self, own: Option<(&str, Period)>, now: MonoTime, send: impl FnOnce(&News) -> bool) {
        let changes = self.drills.look(own, now, send);
        self.frames.records.drills(&changes);
    }

    /// Theatre speaks of its drill.
    pub fn drill(&mut self, news: &News, now: MonoTime) {
        let changes = self.drills.hear(news, now);
        self.frames.records.drills(&changes);
    }

    /// A press drew nothing, or a wish was not granted, for this reason.
    pub fn refuse(&mut self, reason: &'static str, now: MonoTime) {
        self.refusal = Some((reason, now));
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

/// A frame's way through the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its first shard came.
    pub first_shard: MonoTime,
    /// Its last needed shard came.
    pub complete: MonoTime,
    /// It was released in order.
    pub released: MonoTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture_state as states;
    use crate::scene::tests::{header, layout};
    use protocol::frame::Freshness;
    use protocol::ladder::Rung;

    fn path(condition: Condition) -> Path {
        Path { name: "a".into(), condition, reason: None, rtt: None, loss_pct: None }
    }

    fn console() -> Console {
        let mut console = Console::new(Trace::default(), Epoch(1), Outbox::nowhere(), MonoTime(0));
        console.layout(layout());
        console
    }

    #[test]
    fn a_console_that_never_reaches_theatre_says_so_after_two_seconds() {
        let console = console();
        assert_eq!(console.verdict(MonoTime(1_900_000)).state, states::State::Waiting);
        assert_eq!(console.verdict(MonoTime(2_000_000)).state, states::State::Lost);
    }

    #[test]
    fn a_new_life_of_theatre_has_another_clock_and_no_picture_is_live_by_the_old_one() {
        let mut console = console();
        console.frames.set_clock(ClockOffset::THEATRE);
        console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
        console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
        assert_eq!(console.verdict(MonoTime(5_060_000)).state, states::State::Live);
        console.peer(true, MonoTime(5_060_000));
        console.layout(layout());
        assert_eq!(console.verdict(MonoTime(5_070_000)).state, states::State::Unknown);
    }

    #[test]
    fn darkness_counts_from_when_the_last_path_went_dark() {
        let mut console = console();
        console.frames.set_clock(ClockOffset::THEATRE);
        console.link(vec![path(Condition::Live)], MonoTime(4_000_000));
        console.link(vec![path(Condition::Dark)], MonoTime(5_000_000));
        console.link(vec![path(Condition::Down)], MonoTime(6_000_000));
        console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(6_900_000));
        assert_ne!(console.verdict(MonoTime(6_999_999)).state, states::State::Lost);
        assert_eq!(console.verdict(MonoTime(7_000_000)).state, states::State::Lost);
        console.link(vec![path(Condition::Live)], MonoTime(7_100_000));
        assert_ne!(console.verdict(MonoTime(7_200_000)).state, states::State::Lost);
    }

    #[test]
    fn a_picture_is_live_when_the_link_lives_its_clock_is_known_and_it_is_young() {
        let mut console = console();
        console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
        console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
        assert_eq!(console.verdict(MonoTime(5_060_000)).state, states::State::Unknown);
        console.frames.set_clock(ClockOffset::THEATRE);
        assert_eq!(console.verdict(MonoTime(5_070_000)).state, states::State::Live);
    }

    #[test]
    fn a_picture_held_while_theatre_sends_stills_or_voice_is_frozen_and_never_live() {
        for rung in [Rung::Stills, Rung::Voice] {
            let mut console = console();
            console.frames.set_clock(ClockOffset::THEATRE);
            console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
            console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
            console.ladder(Position { rung, ..Position::default() }, MonoTime(5_060_000));
            for ms in (5_550..60_000).step_by(450) {
                assert_eq!(console.verdict(MonoTime(ms * 1_000)).state, states::State::Frozen, "at {ms}");
            }
        }
    }

    #[test]
    fn what_a_former_life_of_theatre_gave_up_is_forgotten() {
        let mut console = console();
        console.ladder(Position::default(), MonoTime(1));
        console.peer(false, MonoTime(0));
        assert!(console.position().is_some());
        console.peer(true, MonoTime(0));
        assert_eq!(console.state(MonoTime(2)).position, None);
    }

    #[test]
    fn figures_stand_still_long_enough_to_be_read_but_the_state_does_not() {
        let mut console = console();
        console.frames.set_clock(ClockOffset::THEATRE);
        console.link(vec![path(Condition::Live)], MonoTime(5_050_000));
        console.picture(&Arc::new(header(Freshness::Live, Freshness::Live)), Kind::Video, MonoTime(5_050_000));
        let first = console.state(MonoTime(5_050_000));
        let soon = console.state(MonoTime(5_299_000));
        assert_eq!((soon.age, &soon.latency), (first.age, &first.latency));
        assert_ne!(soon.verdict, first.verdict);
        assert_ne!(console.state(MonoTime(5_300_000)).age, first.age);
    }
}
