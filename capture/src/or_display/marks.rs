//! The marks of one window: what `capture-node` said of them, how far they can still be trusted, what lies over the
//! picture, and what became of them since it was last told. Time is handed in; drawing is `painter`'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use annotation::board::{Board, MAX_AUTHORS};
use annotation::expiry::Standing;
use annotation::mark::Mark;
use annotation::raster::{Line, Overlay};
use protocol::geometry::SizePx;
use protocol::ids::{Epoch, MarkId, SourceId};
use protocol::mark::{MAX_MARKS, Operation};
use protocol::time::MonoTime;

use super::sheets::Sheets;
use crate::local::ToDisplay;

/// Marks that went for good and are remembered, so that they stay gone when a restarted `capture-node` sends them again:
/// several boards full.
const MAX_WENT: usize = 4 * MAX_MARKS;

/// After a mark came, the word that vouches for it must come within this time: several of `capture-node`'s 100 ms.
const WORD_WITHIN: Duration = Duration::from_millis(500);

/// What became of a mark between two drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// This many points of it are drawn.
    Shown {
        /// The mark.
        id: MarkId,
        /// Its points.
        points: u16,
        /// When the newest of them came over the socket.
        received: MonoTime,
    },
    /// It was taken back, and is drawn no more.
    Removed {
        /// The mark.
        id: MarkId,
    },
    /// It went after silence from its mentor's machine.
    Faded {
        /// The mark.
        id: MarkId,
    },
    /// It is not drawn, because theatre hides all marks.
    Hidden {
        /// The mark.
        id: MarkId,
    },
    /// It went because theatre cleared all marks.
    Cleared {
        /// The mark.
        id: MarkId,
    },
}

/// Why a mark went for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// Nobody vouched for it.
    Faded,
    /// Theatre cleared it.
    Cleared,
}

/// The marks of one window.
#[derive(Debug, Default)]
pub struct Marks {
    /// The window's source; nothing is drawn until `capture-node` named it.
    source: Option<SourceId>,
    board: Board,
    /// The last word from each mentor's machine. Without any, nobody vouches for its marks and none is drawn.
    heard: BTreeMap<Epoch, MonoTime>,
    /// When the newest points of each mark came.
    received: BTreeMap<MarkId, MonoTime>,
    /// Marks on the board under which the picture has moved.
    moved: BTreeSet<MarkId>,
    /// Marks that went for good.
    went: VecDeque<(MarkId, Went)>,
    /// Of these, some that went before they were drawn, or were sent again after they went; their sender has to be told.
    went_unseen: Vec<MarkId>,
    visibility: Visibility,
    drawn: Drawn,
    sheets: Sheets,
}

/// Whether marks are drawn at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Visibility {
    #[default]
    Shown,
    /// Theatre hides them.
    Hidden,
}

/// What a drawing depends on: the board's revision, how the marks of each author stand, which the picture has moved under,
/// and whether any is drawn. Without marks an author's standing means nothing.
type State = (u64, BTreeMap<Epoch, Option<Standing>>, BTreeSet<MarkId>, Visibility);

/// What the last drawing held.
#[derive(Debug, Default)]
struct Drawn {
    /// `None` if not all of it was drawn.
    state: Option<State>,
    /// How many of each mark's points are drawn; 0 while it is hidden.
    points: BTreeMap<MarkId, u16>,
}

impl Marks {
    /// Takes messages that came at `received`.
    pub fn take(&mut self, messages: &[ToDisplay], received: MonoTime) {
        for message in messages {
            match message {
                ToDisplay::Reset { source } => self.reset(*source),
                ToDisplay::Apply(operation) => self.apply(operation, received),
                // A word from the future would keep marks alive for ever.
                ToDisplay::Heard { author, last_us } => self.hear(*author, MonoTime(*last_us).min(received)),
                ToDisplay::Moved { id, moved } => self.set_moved(*id, *moved),
                ToDisplay::Notices(_) | ToDisplay::Cursor { .. } | ToDisplay::Wished(_) => {}
            }
        }
    }

    /// Whether a drawing at `now` would differ from the last one, or has something to tell. Marks that nobody vouched
    /// for too long go here.
    pub fn changed(&mut self, now: MonoTime) -> bool {
        self.fade(now);
        self.drawn.state != Some(self.state(now)) || !self.went_unseen.is_empty()
    }

    /// Draws no mark from now on, or all again. What happens to them meanwhile is kept.
    pub fn hide(&mut self, hidden: bool) {
        self.visibility = if hidden { Visibility::Hidden } else { Visibility::Shown };
    }

    /// Whether no mark is drawn because theatre wished so.
    pub fn are_hidden(&self) -> bool {
        self.visibility == Visibility::Hidden
    }

    /// Takes all marks away for good.
    pub fn clear(&mut self) {
        let all: Vec<MarkId> = self.own().map(|mark| mark.id).collect();
        all.into_iter().for_each(|id| self.go(id, Went::Cleared));
    }

    /// The next moment at which [`Marks::changed`] turns true by the passing of time; `None` without marks.
    pub fn changes_at(&self, now: MonoTime) -> Option<MonoTime> {
        let authors = self.own().map(|mark| mark.id.author);
        let silences = authors.filter_map(|author| Some(now.since(*self.heard.get(&author)?)));
        silences.filter_map(Standing::changes_in).min().map(|left| now + left)
    }

    /// What lies over a picture of `size` at `now`, and what is new with it.
    pub fn draw(&mut self, size: SizePx, now: MonoTime) -> (Overlay, Vec<News>) {
        self.fade(now);
        let state = self.state(now);
        if self.are_hidden() {
            let points = self.own().map(|mark| (mark.id, 0)).collect();
            return (Overlay::default(), self.note(points, Some(state)));
        }
        let line = |mark: &Mark| match state.1.get(&mark.id.author).copied().flatten()? {
            Standing::Gone => None,
            Standing::Fresh | Standing::Dashed if state.2.contains(&mark.id) => Some(Line::Faint),
            Standing::Fresh => Some(Line::Solid),
            Standing::Dashed => Some(Line::Dashed),
        };
        let mut sheets = std::mem::take(&mut self.sheets);
        let drawing = sheets.draw(self.own().filter_map(|mark| Some((mark, line(mark)?))), size);
        self.sheets = sheets;
        let news = self.note(drawing.points, drawing.complete.then_some(state));
        (drawing.overlay, news)
    }

    fn reset(&mut self, source: SourceId) {
        *self = Self {
            source: Some(source),
            heard: std::mem::take(&mut self.heard),
            went: std::mem::take(&mut self.went),
            visibility: self.visibility,
            sheets: std::mem::take(&mut self.sheets),
            ..Self::default()
        };
        self.went.iter().for_each(|(id, _)| self.board.apply(&Operation::Undo { id: *id }));
    }

    fn hear(&mut self, author: Epoch, at: MonoTime) {
        self.heard.entry(author).and_modify(|heard| *heard = at.max(*heard)).or_insert(at);
        let longest = self.heard.iter().min_by_key(|(_, heard)| **heard).map(|(author, _)| *author);
        if let Some(longest) = longest.filter(|_| self.heard.len() > MAX_AUTHORS) {
            self.heard.remove(&longest);
        }
    }

    fn apply(&mut self, operation: &Operation, received: MonoTime) {
        match operation {
            Operation::Begin { id, source, .. } if self.how_went(*id).is_some() && Some(*source) == self.source => {
                self.went_unseen.push(*id);
            }
            Operation::Extend { id, .. } => {
                self.received.insert(*id, received);
            }
            _ => {}
        }
        self.board.apply(operation);
        let board = &self.board;
        self.received.retain(|id, _| board.mark(*id).is_some());
        self.moved.retain(|id| board.mark(*id).is_some());
    }

    fn set_moved(&mut self, id: MarkId, moved: bool) {
        if moved && self.board.mark(id).is_some() {
            self.moved.insert(id);
        } else {
            self.moved.remove(&id);
        }
    }

    /// Takes marks off the board for good that nobody vouched for too long. One that just came is waited with: the
    /// word that goes with it may be on its way.
    fn fade(&mut self, now: MonoTime) {
        let came = |id| self.received.get(&id).copied().unwrap_or_default();
        let waits = |id: &MarkId| !self.drawn.points.contains_key(id) && now.since(came(*id)) < WORD_WITHIN;
        let unheard = self.own().map(|mark| mark.id).filter(|id| self.standing(id.author, now) == Some(Standing::Gone));
        let gone: Vec<MarkId> = unheard.filter(|id| !waits(id)).collect();
        gone.into_iter().for_each(|id| self.go(id, Went::Faded));
    }

    /// Takes a mark off the board for good.
    fn go(&mut self, id: MarkId, went: Went) {
        if !self.drawn.points.contains_key(&id) {
            self.went_unseen.push(id);
        }
        self.board.apply(&Operation::Undo { id });
        if self.went.len() == MAX_WENT {
            self.went.pop_front();
        }
        self.went.push_back((id, went));
    }

    fn how_went(&self, id: MarkId) -> Option<Went> {
        self.went.iter().find(|(known, _)| *known == id).map(|(_, went)| *went)
    }

    /// Notes what is drawn now and returns how it differs from before.
    fn note(&mut self, points: BTreeMap<MarkId, u16>, state: Option<State>) -> Vec<News> {
        let before = std::mem::take(&mut self.drawn.points);
        let shown = points.iter().filter(|(id, points)| before.get(id) != Some(points));
        let shown = shown.filter_map(|(&id, &points)| {
            let received = *self.received.get(&id)?;
            Some(if points == 0 { News::Hidden { id } } else { News::Shown { id, points, received } })
        });
        let unseen = std::mem::take(&mut self.went_unseen);
        let gone = before.keys().filter(|id| !points.contains_key(id)).chain(&unseen);
        let gone = gone.map(|&id| match self.how_went(id) {
            Some(Went::Faded) => News::Faded { id },
            Some(Went::Cleared) => News::Cleared { id },
            None => News::Removed { id },
        });
        let news = shown.chain(gone).collect();
        self.drawn = Drawn { state, points };
        news
    }

    fn state(&self, now: MonoTime) -> State {
        let authors = self.own().map(|mark| mark.id.author);
        let standings = authors.map(|author| (author, self.standing(author, now))).collect();
        let moved = self.own().map(|mark| mark.id).filter(|id| self.moved.contains(id)).collect();
        (self.board.revision(), standings, moved, self.visibility)
    }

    /// How far marks of `author` can be trusted; `None` if its machine was never heard.
    fn standing(&self, author: Epoch, now: MonoTime) -> Option<Standing> {
        self.heard.get(&author).map(|heard| Standing::after(now.since(*heard)))
    }

    /// The marks on the window's source that have something to draw.
    fn own(&self) -> impl Iterator<Item = &Mark> {
        let marks = self.board.marks().filter(|mark| !mark.points().is_empty());
        marks.filter(|mark| Some(mark.source) == self.source)
    }
}

#[cfg(test)]
mod tests;
