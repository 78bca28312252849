//! Carries marks between the mentors and the windows: operations one way, receipts the other. One lock holds the
//! board and everything that follows from it, so that each window and every participant sees changes in the same order.
//! Nothing under the lock waits: windows and transport take a message at once or not at all.
//!
//! Each mentor changes its own marks and no others, and is vouched for by its own session. Who watches draws nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use program::clock;
use protocol::frame::Header;
use protocol::ids::{Epoch, SourceId};
use protocol::layout::Layout;
use protocol::mark::{Operation, Receipt};
use protocol::message::Message;
use protocol::time::MonoTime;

use super::marks::Marks;
use super::outgoing::Outgoing;
use crate::config::Role;
use crate::local::{Event, FromDisplay, Sender, ToDisplay};

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

/// Between the participants and the windows.
pub struct Relay {
    desk: Mutex<Desk>,
}

struct Desk {
    marks: Marks,
    /// Windows that are attached now.
    windows: BTreeMap<SourceId, Sender<ToDisplay>>,
    layout: Layout,
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
        let (layout, receipts) = (desk.layout.clone(), desk.marks.receipts());
        let Some(participant) = desk.participants.get_mut(at) else { return };
        let life = Some(peer).filter(|_| !taken);
        let former = std::mem::replace(&mut participant.life, life).filter(|former| Some(*former) != life);
        participant.outgoing.layout(layout);
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
        let words = desk.words();
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
        messages.extend(self.words());
        sender.send(&messages);
        self.windows.insert(source, sender.clone());
        self.marks.reset(source, clock::now())
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
