//! Carries marks between the mentors and the windows: operations one way, receipts the other; and what either is told
//! beside: layouts and the ladder there, notices here. One lock holds the board and everything that follows from it, so
//! that each window and every participant sees changes in the same order.
//! Nothing under the lock waits: windows and transport take a message at once or not at all.
//!
//! Each mentor changes its own marks and no others, and is vouched for by its own session. Who watches draws nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use program::clock;
use protocol::arrangement::{Answer, Arrangement};
use protocol::frame::Header;
use protocol::ids::{Epoch, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{Operation, Receipt};
use protocol::message::Message;
use protocol::time::MonoTime;

use super::marks::Marks;
use super::outgoing::Outgoing;
use crate::config::Role;
use crate::local::{Event, FromDisplay, Notice, Sender, ToDisplay};

/// Hands a message to one session's transport; `false` if it takes none now.
pub type Send = Box<dyn Fn(&Message) -> bool + std::marker::Send>;

/// Why an operation is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It came from somebody who only watches.
    #[error("observers draw nothing")]
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
}

/// Between the participants and the windows.
pub struct Relay {
    desk: Mutex<Desk>,
}

struct Desk {
    marks: Marks,
    /// Windows that are attached now.
    windows: BTreeMap<SourceId, Sender<ToDisplay>>,
    layout: Layout,
    /// How the canvas is arranged, once it was told.
    arrangement: Option<Arrangement>,
    /// Where theatre stands on the ladder, once it was told.
    position: Option<Position>,
    notices: BTreeMap<Topic, Notice>,
    participants: Vec<Participant>,
}

/// One participant, at its place among all.
struct Participant {
    role: Role,
    send: Send,
    outgoing: Outgoing,
    /// The life of its console, which is the author of its marks.
    life: Option<Epoch>,
    /// When its console was last heard.
    heard: Option<MonoTime>,
}

impl Relay {
    /// A relay for a theatre whose windows show `windows`, whose canvas begins with `layout`, and for everybody in
    /// `participants`.
    pub fn new(
        windows: impl IntoIterator<Item = SourceId>,
        layout: Layout,
        participants: impl IntoIterator<Item = (Role, Send)>,
    ) -> Self {
        let participant =
            |(role, send)| Participant { role, send, outgoing: Outgoing::default(), life: None, heard: None };
        let desk = Desk {
            marks: Marks::new(windows),
            windows: BTreeMap::new(),
            layout,
            arrangement: None,
            position: None,
            notices: BTreeMap::new(),
            participants: participants.into_iter().map(participant).collect(),
        };
        Self { desk: Mutex::new(desk) }
    }

    /// The console of participant `at` is there, in its life `peer`: it is told everything. Marks of its former life go,
    /// since nobody is left who could take them back.
    pub fn peer_up(&self, at: usize, peer: Epoch) {
        let mut desk = self.lock();
        // Lives are drawn at random; two alike would make one the author of the other's marks.
        let taken = desk.participants.iter().enumerate().any(|(other, who)| other != at && who.life == Some(peer));
        let (layout, position, receipts) = (desk.layout.clone(), desk.position.clone(), desk.marks.receipts());
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
        if let Some(author) = former {
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

    /// Comes every 100 ms with when each participant was last heard: windows learn it of the mentors, and what waited is
    /// tried again.
    pub fn tick(&self, heard: &[Option<MonoTime>]) {
        let mut desk = self.lock();
        for (participant, heard) in desk.participants.iter_mut().zip(heard) {
            participant.heard = *heard;
        }
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
    pub fn answer(&self, at: usize, answer: Answer) {
        let mut desk = self.lock();
        if let Some(participant) = desk.participants.get_mut(at) {
            participant.outgoing.answer(answer);
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
        let mut desk = self.lock();
        let before = match notice.clone() {
            Some(notice) => desk.notices.insert(topic, notice),
            None => desk.notices.remove(&topic),
        };
        if before != notice {
            let notices = [desk.notices()];
            desk.windows.values().for_each(|window| window.send(&notices));
        }
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
            Event::Messages(words, at) => words.iter().flat_map(|word| desk.marks.told(source, word, at)).collect(),
        };
        desk.tell(&receipts);
        desk.flush();
    }

    /// No panic can leave the desk half changed in a way that matters more than going on.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn apply(&mut self, operation: &Operation) {
        let receipts = self.marks.apply(operation, clock::now());
        self.tell(&receipts);
        let message = [ToDisplay::Apply(operation.clone())];
        self.windows.values().for_each(|window| window.send(&message));
    }

    fn attach(&mut self, source: SourceId, sender: &Sender<ToDisplay>) -> Vec<Receipt> {
        let mut messages = vec![ToDisplay::Reset { source }];
        messages.extend(self.marks.operations().into_iter().map(ToDisplay::Apply));
        messages.push(self.notices());
        messages.extend(self.words());
        sender.send(&messages);
        self.windows.insert(source, sender.clone());
        self.marks.reset(source, clock::now())
    }

    fn notices(&self) -> ToDisplay {
        ToDisplay::Notices(self.notices.values().cloned().collect())
    }

    /// When each mentor's machine was last heard.
    fn words(&self) -> Vec<ToDisplay> {
        let mentors = self.participants.iter().filter(|participant| participant.role == Role::Mentor);
        let word = |mentor: &Participant| Some(ToDisplay::Heard { author: mentor.life?, last_us: mentor.heard?.0 });
        mentors.filter_map(word).collect()
    }

    fn tell(&mut self, receipts: &[Receipt]) {
        for participant in &mut self.participants {
            participant.outgoing.receipts(receipts.iter().copied());
        }
    }

    fn flush(&mut self) {
        self.participants.iter_mut().for_each(|participant| participant.outgoing.flush(&participant.send));
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
