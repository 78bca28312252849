//! The marks now in force. Boards that were given the same operations are the same, whatever came twice, late or in
//! another order; each mark's own steps alone must keep theirs. Sending them is `transport`'s, drawing them `raster`'s.
//!
//! Convergence rests on three rules that look at *what* was said, not when: what a mark has never changes; what was
//! taken back stays so, even if its beginning comes later; and of each author only the newest [`MAX_MARKS`] numbers
//! are in force, so that what is too old is told by the highest number alone.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ids::{Epoch, MarkId};
use protocol::mark::{MAX_MARKS, Operation};

use crate::mark::Mark;

/// Lives of consoles a board knows at most. Four may draw at a time, and each may have restarted; what is heard of a ninth
/// replaces the life that was longest on the board.
pub const MAX_AUTHORS: usize = 8;

/// The marks in force, and what must be remembered of those that are not.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// In the order they were first heard of.
    authors: Vec<(Epoch, Author)>,
    revision: u64,
}

/// What is known of one life of a console.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Author {
    marks: BTreeMap<u32, Mark>,
    /// The first number that may be in force: those before are cleared, or too old.
    floor: u32,
    /// Numbers from `floor` on that were taken back one by one.
    undone: BTreeSet<u32>,
}

impl Board {
    /// An empty board.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one step of some mark's life. What it already took, or cannot use, changes nothing.
    pub fn apply(&mut self, operation: &Operation) {
        let before = self.picture();
        match operation {
            Operation::Begin { id, .. } => self.author(id.author).begin(id.number, Mark::begun(operation)),
            Operation::Extend { id, first, points } => {
                if let Some(mark) = self.mark_mut(*id) {
                    mark.extend(*first, points);
                }
            }
            Operation::End { id, points } => {
                if let Some(mark) = self.mark_mut(*id) {
                    mark.end(*points);
                }
            }
            Operation::Undo { id } => self.author(id.author).undo(id.number),
            Operation::Clear { author, through } => self.author(*author).forget_before(through.saturating_add(1)),
        }
        self.note_change(&before);
    }

    /// Takes back every mark there is and returns the operations that do so on another board.
    pub fn clear_all(&mut self) -> Vec<Operation> {
        let last = |author: &Author| author.marks.keys().next_back().copied();
        let clears: Vec<Operation> = (self.authors.iter())
            .filter_map(|(epoch, author)| Some(Operation::Clear { author: *epoch, through: last(author)? }))
            .collect();
        clears.iter().for_each(|clear| self.apply(clear));
        clears
    }

    /// A number that changes exactly when the picture of the board does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The marks in force in drawing order, at most [`MAX_MARKS`]: the newest of all authors.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        let mut marks: Vec<&Mark> = self.authors.iter().flat_map(|(_, author)| author.marks.values()).collect();
        marks.sort_by_key(|mark| (mark.id.number, mark.id.author));
        let surplus = marks.len().saturating_sub(MAX_MARKS);
        marks.into_iter().skip(surplus)
    }

    /// A mark in force.
    pub fn mark(&self, id: MarkId) -> Option<&Mark> {
        self.authors.iter().find(|(epoch, _)| *epoch == id.author)?.1.marks.get(&id.number)
    }

    /// Operations that make another board this one, whatever part of them it has already: for a peer that restarted.
    pub fn operations(&self) -> Vec<Operation> {
        self.authors.iter().flat_map(|(epoch, author)| author.operations(*epoch)).collect()
    }

    fn author(&mut self, epoch: Epoch) -> &mut Author {
        let known = self.authors.iter().position(|(known, _)| *known == epoch);
        let index = known.unwrap_or_else(|| {
            if self.authors.len() == MAX_AUTHORS {
                self.authors.remove(0);
            }
            self.authors.push((epoch, Author::default()));
            self.authors.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the index was found or made just above")]
        &mut self.authors[index].1
    }

    fn mark_mut(&mut self, id: MarkId) -> Option<&mut Mark> {
        self.authors.iter_mut().find(|(epoch, _)| *epoch == id.author)?.1.marks.get_mut(&id.number)
    }

    /// What the picture depends on: points only come to an end, so their number tells.
    fn picture(&self) -> Vec<(MarkId, usize)> {
        let drawn = self.marks().filter(|mark| !mark.points().is_empty());
        drawn.map(|mark| (mark.id, mark.points().len())).collect()
    }

    fn note_change(&mut self, before: &[(MarkId, usize)]) {
        if self.picture() != before {
            self.revision += 1;
        }
    }
}

/// Boards are equal if they show the same and will take further operations alike.
impl PartialEq for Board {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |board: &Self| board.authors.iter().cloned().collect::<BTreeMap<_, _>>();
        sorted(self) == sorted(other)
    }
}

impl Author {
    fn begin(&mut self, number: u32, mark: Option<Mark>) {
        self.hear_of(number);
        if let Some(mark) = mark
            && number >= self.floor
            && !self.undone.contains(&number)
        {
            self.marks.entry(number).or_insert(mark);
        }
    }

    fn undo(&mut self, number: u32) {
        self.hear_of(number);
        self.marks.remove(&number);
        if number >= self.floor {
            self.undone.insert(number);
        }
    }

    /// Whoever speaks of a number has used all before it; those [`MAX_MARKS`] behind are too old.
    fn hear_of(&mut self, number: u32) {
        self.forget_before((number.saturating_add(1)).saturating_sub(MAX_MARKS as u32));
    }

    fn forget_before(&mut self, floor: u32) {
        if floor > self.floor {
            self.floor = floor;
            self.marks = self.marks.split_off(&floor);
            self.undone = self.undone.split_off(&floor);
        }
    }

    fn operations(&self, author: Epoch) -> Vec<Operation> {
        let clear = self.floor.checked_sub(1).map(|through| Operation::Clear { author, through });
        let undo = |&number: &u32| Operation::Undo { id: MarkId { author, number } };
        let marks = self.marks.values().flat_map(Mark::operations);
        clear.into_iter().chain(self.undone.iter().map(undo)).chain(marks).collect()
    }
}

#[cfg(test)]
mod tests;
