//! Everything the console knows, behind one lock: the link thread, the decoder's thread and the window each touch it
//! for some microseconds at a time. What the window shows is made from it as one plain [`State`].

mod shown;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use crate::layout_view;
use crate::marks::Marks;
use crate::outbox::Outbox;
use crate::pacing::Pacing;
use crate::pattern::Judge;
use crate::picture_state::Kind;
use crate::place::Place;
use crate::scene::{Scene, Target};
use crate::state::{Condition, Path};
use crate::still::{self, Stills};
use shown::Figures;

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
mod tests;
