//! Which marks still lie where they were drawn. Where the scene lies in a picture is `annotation::anchor`'s; here marks and
//! pictures meet: by the frame or still a mark was drawn on, and when the picture in it was captured.

use std::collections::{BTreeMap, VecDeque};

use annotation::anchor::{Hold, Moved, Pose, Track};
use annotation::board::Board;
use protocol::ids::{FrameId, MarkId, SourceId};
use protocol::still;
use protocol::time::SessionTime;

use crate::node::frames::Frames;

/// Stills that are remembered: more than four participants look at.
const MAX_STILLS: usize = 16;

/// The marks on the board, and how each holds on to the picture.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Sources whose scene is followed.
    tracks: BTreeMap<SourceId, Track>,
    stills: VecDeque<still::Header>,
    marks: BTreeMap<MarkId, Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    /// When the picture it was drawn on was captured; `None` if that is not known any more.
    since: Option<SessionTime>,
    hold: Hold,
}

impl Holds {
    /// The scene of `source` lies so in its picture captured at `captured`.
    pub(super) fn seen(&mut self, source: SourceId, captured: SessionTime, pose: Pose) {
        self.tracks.entry(source).or_default().note(captured, pose);
    }

    /// A still was sent.
    pub(super) fn still(&mut self, header: &still::Header) {
        if self.stills.len() == MAX_STILLS {
            self.stills.pop_front();
        }
        self.stills.push_back(*header);
    }

    /// The board has changed, and `frames` were sent so far.
    pub(super) fn follow(&mut self, board: &Board, frames: &Frames) {
        self.marks.retain(|id, _| board.mark(*id).is_some());
        for mark in board.marks() {
            let stills = &self.stills;
            self.marks.entry(mark.id).or_insert_with(|| {
                let since = captured(mark.frame, mark.source, stills).or(frames.captured(mark.frame, mark.source));
                Held { since, hold: Hold::InPlace }
            });
        }
    }

    /// Looks at every mark on a source that is followed, and gives those whose hold has changed.
    pub(super) fn judge(&mut self, board: &Board) -> Vec<(MarkId, Hold)> {
        let mut changed = Vec::new();
        for mark in board.marks().filter(|mark| !mark.points().is_empty()) {
            let (Some(track), Some(held)) = (self.tracks.get(&mark.source), self.marks.get_mut(&mark.id)) else {
                continue;
            };
            let moved = held.since.map_or(Moved::Unknown, |since| track.moved(since, mark.points()));
            let hold = held.hold.after(moved);
            if hold != held.hold {
                held.hold = hold;
                changed.push((mark.id, hold));
            }
        }
        changed
    }

    /// How a mark holds; what is not followed is in place.
    pub(super) fn hold(&self, id: MarkId) -> Hold {
        self.marks.get(&id).map_or(Hold::InPlace, |held| held.hold)
    }

    /// Marks under which the picture has moved.
    pub(super) fn moved(&self) -> impl Iterator<Item = MarkId> {
        self.marks.iter().filter(|(_, held)| held.hold == Hold::Moved).map(|(id, _)| *id)
    }
}

/// When the picture of a still was captured.
fn captured(frame: FrameId, source: SourceId, stills: &VecDeque<still::Header>) -> Option<SessionTime> {
    let of = |header: &&still::Header| header.frame == frame && header.source == source;
    stills.iter().rev().find(of).map(|header| header.captured)
}
