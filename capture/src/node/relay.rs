//! Carries marks between the mentors and the windows: operations one way, receipts the other; and what either is told
//! beside: layouts, the ladder and answers there; notices, cursors and calls here. One lock holds the board and everything that follows from it, so
//! that each window and every participant sees changes in the same order.
//! Nothing under the lock waits: windows and transport take a message at once or not at all.
//!
//! Each mentor changes its own marks and no others, and is vouched for by its own session. Who watches draws nothing. What
//! a hand in theatre wishes at one window holds at all.

mod desk;

use std::sync::{Mutex, MutexGuard, PoisonError};

use annotation::anchor::Pose;
use program::clock;
use protocol::arrangement::{self, Arrangement};
use protocol::call::{Call, Pointed};
use protocol::camera::Offer;
use protocol::frame::Header;
use protocol::ids::{Epoch, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{Operation, Receipt};
use protocol::message::Message;
use protocol::still::{self, Refusal as NoStill};
use protocol::time::{MonoTime, SessionTime};

use crate::config::Role;
use crate::local::{Event, FromDisplay, Notice, Sender, ToDisplay};
use desk::Desk;

/// Hands a message to one session's transport; `false` if it takes none now.
pub type Send = Box<dyn Fn(&Message) -> bool + std::marker::Send>;

/// Why an operation is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It came from somebody who only watches.
    #[error("observers neither draw, point nor call")]
    Observer,
    /// It is about a mark of somebody else.
    #[error("a mark is its own author's to change")]
    NotTheirs,
}

/// What a notice on the windows is about; the first is told first. Each has one place, and its newest words count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Nothing of any source leaves.
    Curtain,
    /// What theatre gives up for the lines.
    Ladder,
    /// Faults on purpose.
    Drill,
    /// Whose vital signs they are.
    Vitals,
    /// Who is there, in which role.
    People,
    /// Marks that no longer lie where they were drawn.
    Moved,
}

/// Between the participants and the windows.
pub struct Relay {
    desk: Mutex<Desk>,
}

impl Relay {
    /// A relay for a theatre whose windows show `windows`, whose canvas begins with `layout`, and for everybody in
    /// `participants`, by name.
    pub fn new(
        windows: impl IntoIterator<Item = SourceId>,
        layout: Layout,
        participants: impl IntoIterator<Item = (String, Role, Send)>,
    ) -> Self {
        Self { desk: Mutex::new(Desk::new(windows, layout, participants)) }
    }

    /// The console of participant `at` is there, in its life `peer`: it is told everything. Marks of its former life go,
    /// since nobody is left who could take them back.
    pub fn peer_up(&self, at: usize, peer: Epoch) {
        let mut desk = self.lock();
        // Lives are drawn at random; two alike would make one the author of the other's marks.
        let taken = desk.participants.iter().enumerate().any(|(other, who)| other != at && who.life == Some(peer));
        let (layout, position, receipts) = (desk.layout.clone(), desk.position.clone(), desk.marks.receipts());
        let cameras = desk.cameras.clone();
        let arrangement = desk.arrangement.clone();
        let Some(participant) = desk.participants.get_mut(at) else { return };
        let life = Some(peer).filter(|_| !taken);
        let former = std::mem::replace(&mut participant.life, life).filter(|former| Some(*former) != life);
        participant.outgoing.layout(layout);
        if let Some(arrangement) = arrangement {
            participant.outgoing.arrangement(arrangement);
        }
        if let Some(position) = position {
            participant.outgoing.ladder(position);
        }
        participant.outgoing.receipts(receipts);
        if participant.role == Role::Mentor && !cameras.is_empty() {
            participant.outgoing.cameras(cameras);
        }
        if let Some(author) = former {
            desk.forget(at, author);
            desk.apply(&Operation::Clear { author, through: u32::MAX });
        }
        desk.flush();
    }

    /// The console of participant `at` asked for a change of the board.
    ///
    /// # Errors
    /// It may not.
    pub fn operation(&self, at: usize, operation: &Operation) -> Result<(), Refusal> {
        let mut desk = self.lock();
        let Some(participant) = desk.participants.get(at) else { return Err(Refusal::NotTheirs) };
        match participant.role {
            Role::Observer => return Err(Refusal::Observer),
            Role::Mentor if participant.life != Some(author(operation)) => return Err(Refusal::NotTheirs),
            Role::Mentor => {}
        }
        desk.apply(operation);
        desk.flush();
        Ok(())
    }

    /// The console of participant `at` points here without drawing, or nowhere.
    ///
    /// # Errors
    /// It only watches.
    pub fn cursor(&self, at: usize, to: Option<Pointed>) -> Result<(), Refusal> {
        let mut desk = self.lock();
        let participant = desk.mentor(at)?;
        let (moved, life) = (participant.calls.point(to, clock::now()), participant.life);
        if let (Some(moved), Some(author)) = (moved, life) {
            desk.point(author, moved.left, None);
            desk.point(author, moved.at, moved.at.map(|to| to.at));
        }
        Ok(())
    }

    /// The console of participant `at` calls, or takes a call back.
    ///
    /// # Errors
    /// It only watches.
    pub fn call(&self, at: usize, call: Call) -> Result<(), Refusal> {
        let mut desk = self.lock();
        let is_displayed = !desk.windows.is_empty();
        let participant = desk.mentor(at)?;
        if let Some(answer) = participant.calls.call(call, is_displayed, clock::now()) {
            participant.outgoing.answer(answer);
        }
        desk.show_notices();
        desk.flush();
        Ok(())
    }

    /// Comes every 100 ms with when each participant was last heard: windows learn it of the mentors, and what waited is
    /// tried again.
    pub fn tick(&self, heard: &[Option<MonoTime>]) {
        let mut desk = self.lock();
        for (participant, heard) in desk.participants.iter_mut().zip(heard) {
            participant.heard = *heard;
        }
        desk.end_calls(clock::now());
        // The notices keep a window without a mentor from forgetting them.
        let mut words = desk.words();
        words.push(desk.notices());
        desk.windows.values().for_each(|window| window.send(&words));
        let receipts = desk.marks.settle_all(clock::now());
        desk.tell(&receipts);
        desk.flush();
    }

    /// The canvas has another layout.
    pub fn layout(&self, layout: Layout) {
        let mut desk = self.lock();
        desk.layout = layout.clone();
        desk.participants.iter_mut().for_each(|participant| participant.outgoing.layout(layout.clone()));
        desk.flush();
    }

    /// The canvas is arranged so; told when it is news.
    pub fn arrangement(&self, arrangement: Arrangement) {
        let mut desk = self.lock();
        if desk.arrangement.as_ref() != Some(&arrangement) {
            desk.participants.iter_mut().for_each(|who| who.outgoing.arrangement(arrangement.clone()));
            desk.arrangement = Some(arrangement);
            desk.flush();
        }
    }

    /// This becomes of what the console of participant `at` wished.
    pub fn layout_answer(&self, at: usize, answer: arrangement::Answer) {
        let mut desk = self.lock();
        if let Some(participant) = desk.participants.get_mut(at) {
            participant.outgoing.layout_answer(answer);
        }
        desk.flush();
    }

    /// Theatre stands here on the ladder now.
    pub fn ladder(&self, position: Position) {
        let mut desk = self.lock();
        desk.position = Some(position.clone());
        desk.participants.iter_mut().for_each(|participant| participant.outgoing.ladder(position.clone()));
        desk.flush();
    }

    /// The windows say this about `topic` now, or nothing.
    pub fn notice(&self, topic: Topic, notice: Option<Notice>) {
        self.lock().notice(topic, notice);
    }

    /// The scene of `source` lies so in its picture captured at `captured`.
    pub fn seen(&self, source: SourceId, captured: SessionTime, pose: Pose) {
        let mut desk = self.lock();
        desk.marks.seen(source, captured, pose);
        desk.judge();
        desk.flush();
    }

    /// A still was sent.
    pub fn still(&self, header: &still::Header) {
        self.lock().marks.still(header);
    }

    /// Participant `at` gets no still of `source`.
    pub fn no_still(&self, at: usize, source: SourceId, why: NoStill) {
        let mut desk = self.lock();
        if let Some(participant) = desk.participants.get_mut(at) {
            participant.outgoing.no_still(source, why);
        }
        desk.flush();
    }

    /// The room cameras that mentors may move stand so now.
    pub fn cameras(&self, cameras: Vec<Offer>) {
        let mut desk = self.lock();
        desk.cameras.clone_from(&cameras);
        for mentor in desk.participants.iter_mut().filter(|participant| participant.role == Role::Mentor) {
            mentor.outgoing.cameras(cameras.clone());
        }
        desk.flush();
    }

    /// A frame was sent.
    pub fn sent(&self, header: Header) {
        let mut desk = self.lock();
        let receipts = desk.marks.sent(header, clock::now());
        desk.tell(&receipts);
        desk.flush();
    }

    /// Something happened between this program and the window that shows `source`.
    pub fn window(&self, source: SourceId, event: Event<FromDisplay>, sender: &Sender<ToDisplay>) {
        let mut desk = self.lock();
        let receipts = match event {
            Event::Attached => desk.attach(source, sender),
            Event::Detached => {
                desk.windows.remove(&source);
                Vec::new()
            }
            Event::Messages(words, at) => {
                let wishes = words.iter().filter_map(|word| match word {
                    FromDisplay::Wished(wish) => Some(*wish),
                    _ => None,
                });
                let mut receipts: Vec<Receipt> = wishes.flat_map(|wish| desk.grant(source, wish, at)).collect();
                receipts.extend(words.iter().flat_map(|word| desk.marks.told(source, word, at)));
                receipts
            }
        };
        desk.tell(&receipts);
        desk.flush();
    }

    /// No panic can leave the desk half changed in a way that matters more than going on.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose mark an operation is about.
fn author(operation: &Operation) -> Epoch {
    match operation {
        Operation::Begin { id, .. }
        | Operation::Extend { id, .. }
        | Operation::End { id, .. }
        | Operation::Undo { id } => id.author,
        Operation::Clear { author, .. } => *author,
    }
}

#[cfg(test)]
mod tests;
