//! What becomes of the mentor's marks in theatre: the board, and a receipt for each change that somebody sees. Pure:
//! operations, displays' words, frames and the scene's poses go in with the time, receipts come out. Whether the picture
//! has moved under a mark is `holds`'s.

mod holds;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use annotation::anchor::{Hold, Pose};
use annotation::board::Board;
use protocol::frame::Header;
use protocol::ids::{FrameId, MarkId, SourceId};
use protocol::mark::{Fate, MAX_MARKS, Operation, Receipt};
use protocol::still;
use protocol::time::{MonoTime, SessionTime};

use super::frames::{Frames, Made};
use crate::local::{FromDisplay, ToDisplay};
use holds::Holds;

/// How long a receipt waits for the frame it names. The display is faster than composing and encoding by some
/// milliseconds; a frame that is not there after a quarter of a second counts as lost anyway.
const FRAME_PATIENCE: Duration = Duration::from_millis(250);
/// Marks that went with the picture and are remembered until their window says that they are gone: several boards full.
const MAX_LEFT: usize = 4 * MAX_MARKS;

/// The board and what is known of each mark on it.
#[derive(Debug)]
pub struct Marks {
    board: Board,
    /// Sources that a window in theatre shows.
    windows: BTreeSet<SourceId>,
    /// Marks that a window shows.
    shown: BTreeMap<MarkId, Shown>,
    /// The newest receipt of each mark that is on the board or shown.
    receipts: BTreeMap<MarkId, Receipt>,
    frames: Frames,
    holds: Holds,
    /// Marks that went because the picture moved away.
    left: BTreeSet<MarkId>,
}

/// A mark as a window shows it.
#[derive(Debug, Clone, Copy)]
struct Shown {
    source: SourceId,
    points: u16,
    at: SessionTime,
    first_on: FirstOn,
}

/// The frame made from the picture on which a mark appeared first.
#[derive(Debug, Clone, Copy)]
enum FirstOn {
    /// Not known yet.
    Awaited { captured: SessionTime, since: MonoTime },
    /// It is this one, or there is none.
    Known(Option<FrameId>),
}

impl Marks {
    /// An empty board, in a theatre whose windows show `windows`.
    pub fn new(windows: impl IntoIterator<Item = SourceId>) -> Self {
        Self {
            board: Board::new(),
            windows: windows.into_iter().collect(),
            shown: BTreeMap::new(),
            receipts: BTreeMap::new(),
            frames: Frames::default(),
            holds: Holds::default(),
            left: BTreeSet::new(),
        }
    }

    /// The operations that make an empty board this one.
    pub fn operations(&self) -> Vec<Operation> {
        self.board.operations()
    }

    /// The newest receipt of each mark, for a console that has just come.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.receipts.values().copied().collect()
    }

    /// A mentor asked for a change of the board.
    pub fn apply(&mut self, operation: &Operation, now: MonoTime) -> Vec<Receipt> {
        let before = self.on_board();
        self.board.apply(operation);
        let after = self.on_board();
        self.holds.follow(&self.board, &self.frames);
        let mut receipts = Vec::new();
        for (id, source) in after.iter().filter(|(id, _)| !before.contains_key(id)) {
            if !self.windows.contains(source) {
                receipts.push(self.note(receipt(*id, Fate::NoDisplay, now)));
            }
        }
        // What a window shows is gone when the window says so.
        for (id, source) in before.iter().filter(|(id, _)| !after.contains_key(id)) {
            if !self.windows.contains(source) {
                receipts.push(self.forget(*id, Fate::Removed, now));
            }
        }
        receipts
    }

    /// The window that shows `source` told something.
    pub fn told(&mut self, source: SourceId, word: &FromDisplay, now: MonoTime) -> Vec<Receipt> {
        match *word {
            FromDisplay::Displayed { id, points, at_us, picture_captured_us } => {
                // A window may be behind the board; what it says of a mark that is gone is followed by its removal.
                if self.board.mark(id).is_none() && !self.shown.contains_key(&id) {
                    return Vec::new();
                }
                let captured = SessionTime(picture_captured_us);
                let first_on = FirstOn::Awaited { captured, since: now };
                let shown = self.shown.entry(id).or_insert(Shown { source, points, at: SessionTime(at_us), first_on });
                (shown.points, shown.at) = (points, shown.at.max(SessionTime(at_us)));
                self.settle(id, now).into_iter().collect()
            }
            FromDisplay::Faded { id } => {
                self.board.apply(&Operation::Undo { id });
                vec![self.forget(id, Fate::Faded, now)]
            }
            FromDisplay::Removed { id } => vec![self.removed(id, now)],
            FromDisplay::Hidden { id } => {
                self.shown.remove(&id);
                vec![self.note(receipt(id, Fate::Hidden, now))]
            }
            FromDisplay::Cleared { id } => {
                self.board.apply(&Operation::Undo { id });
                vec![self.forget(id, Fate::Cleared, now)]
            }
            // Nothing about marks.
            FromDisplay::Wished(_) | FromDisplay::Curtain | FromDisplay::Trouble { .. } => Vec::new(),
        }
    }

    /// Theatre clears the board: marks that no window shows go here, the others when their window says so.
    pub fn clear_unseen(&mut self, now: MonoTime) -> Vec<Receipt> {
        let unseen = self.on_board().into_iter().filter(|(_, source)| !self.windows.contains(source));
        let unseen: Vec<MarkId> = unseen.map(|(id, _)| id).collect();
        for id in &unseen {
            self.board.apply(&Operation::Undo { id: *id });
        }
        unseen.into_iter().map(|id| self.forget(id, Fate::Cleared, now)).collect()
    }

    /// The scene of `source` lies so in its picture captured at `captured`.
    pub fn seen(&mut self, source: SourceId, captured: SessionTime, pose: Pose) {
        self.holds.seen(source, captured, pose);
    }

    /// A still was sent: marks drawn on it will name its frame.
    pub fn still(&mut self, header: &still::Header) {
        self.holds.still(header);
    }

    /// Looks whether the picture has moved under any mark. Gives what the mentors and the windows are to be told.
    pub fn judge(&mut self, now: MonoTime) -> (Vec<Receipt>, Vec<ToDisplay>) {
        let (mut receipts, mut words) = (Vec::new(), Vec::new());
        for (id, hold) in self.holds.judge(&self.board) {
            if hold != Hold::Gone {
                words.push(ToDisplay::Moved { id, moved: hold == Hold::Moved });
                if let Some(shown) = self.shown.get_mut(&id) {
                    shown.at = shown.at.max(now.as_session_in_theatre());
                }
                receipts.extend(self.settle(id, now));
                continue;
            }
            let undo = Operation::Undo { id };
            self.board.apply(&undo);
            words.push(ToDisplay::Apply(undo));
            self.left.insert(id);
            if self.left.len() > MAX_LEFT {
                self.left.pop_first();
            }
            // What a window shows is gone when the window says so.
            if !self.shown.contains_key(&id) {
                receipts.push(self.forget(id, Fate::MovedAway, now));
            }
        }
        (receipts, words)
    }

    /// Marks under which the picture has moved.
    pub fn moved(&self) -> impl Iterator<Item = MarkId> {
        self.holds.moved()
    }

    /// The window that shows `source` starts from an empty board: what it showed or hid and the board no longer has is gone.
    pub fn reset(&mut self, source: SourceId, now: MonoTime) -> Vec<Receipt> {
        let shown = self.shown.iter().filter(|(_, shown)| shown.source == source).map(|(id, _)| *id);
        let hidden = self.receipts.values().filter(|receipt| receipt.fate == Fate::Hidden).map(|receipt| receipt.id);
        let gone: Vec<MarkId> = shown.chain(hidden).filter(|id| self.board.mark(*id).is_none()).collect();
        gone.into_iter().map(|id| self.removed(id, now)).collect()
    }

    /// A frame was sent.
    pub fn sent(&mut self, header: Header, now: MonoTime) -> Vec<Receipt> {
        self.frames.sent(header);
        self.settle_all(now)
    }

    /// Receipts that waited for their frame long enough, or got it.
    pub fn settle_all(&mut self, now: MonoTime) -> Vec<Receipt> {
        let awaiting = self.shown.iter().filter(|(_, shown)| matches!(shown.first_on, FirstOn::Awaited { .. }));
        let ids: Vec<MarkId> = awaiting.map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.settle(id, now)).collect()
    }

    /// The receipt of a mark that is shown, once the frame it appeared on is known.
    fn settle(&mut self, id: MarkId, now: MonoTime) -> Option<Receipt> {
        let shown = self.shown.get_mut(&id)?;
        let first_on = match shown.first_on {
            FirstOn::Known(first_on) => first_on,
            FirstOn::Awaited { captured, since } => match self.frames.made_from(shown.source, captured) {
                Made::Frame(frame) => Some(frame),
                Made::None => None,
                Made::NotYet if now.since(since) >= FRAME_PATIENCE => None,
                Made::NotYet => return None,
            },
        };
        shown.first_on = FirstOn::Known(first_on);
        let (points, at) = (shown.points, shown.at);
        let fate = if self.holds.hold(id) == Hold::InPlace { Fate::Shown } else { Fate::Moved };
        Some(self.note(Receipt { id, fate, points, at, first_on }))
    }

    /// A window no longer shows the mark.
    fn removed(&mut self, id: MarkId, now: MonoTime) -> Receipt {
        let fate = if self.left.contains(&id) { Fate::MovedAway } else { Fate::Removed };
        self.forget(id, fate, now)
    }

    fn note(&mut self, receipt: Receipt) -> Receipt {
        self.receipts.insert(receipt.id, receipt);
        receipt
    }

    fn forget(&mut self, id: MarkId, fate: Fate, now: MonoTime) -> Receipt {
        self.shown.remove(&id);
        self.receipts.remove(&id);
        receipt(id, fate, now)
    }

    fn on_board(&self) -> BTreeMap<MarkId, SourceId> {
        self.board.marks().map(|mark| (mark.id, mark.source)).collect()
    }
}

/// Theatre's word on a mark that no window shows.
fn receipt(id: MarkId, fate: Fate, now: MonoTime) -> Receipt {
    Receipt { id, fate, points: 0, at: now.as_session_in_theatre(), first_on: None }
}

#[cfg(test)]
mod tests;
