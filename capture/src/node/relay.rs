//! Carries marks between the mentors and the windows: operations one way, receipts the other; and what either is told
//! beside: layouts, the ladder and answers there; notices, cursors and calls here. One lock holds the board and everything that follows from it, so
//! that each window and every participant sees changes in the same order.
//! Nothing under the lock waits: windows and transport take a message at once or not at all.
//!
//! Each mentor changes its own marks and no others, and is vouched for by its own session. Who watches draws nothing. What
//! a hand in theatre wishes at one window holds at all.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annotation::anchor::Pose;
use annotation::expiry::GONE_AFTER;
use program::clock;
use protocol::arrangement::{self, Arrangement};
use protocol::call::{Call, Pointed};
use protocol::camera::Offer;
use protocol::frame::Header;
use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{Operation, Receipt};
use protocol::message::Message;
use protocol::still::{self, Refusal as NoStill};
use protocol::time::{MonoTime, SessionTime};

use super::calls;
use super::marks::Marks;
use super::outgoing::Outgoing;
use crate::config::Role;
use crate::local::{Event, FromDisplay, Notice, Sender, Severity, ToDisplay, Wish};

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

/// What the windows say while the picture has moved under a mark.
const MOVED: &str = "Picture moved: broken lines no longer lie where the mentor drew them";

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
    /// Theatre hides all marks; a window that starts anew is told.
    hidden: bool,
    /// Room cameras that mentors may move.
    cameras: Vec<Offer>,
    participants: Vec<Participant>,
}

/// One participant, at its place among all.
struct Participant {
    name: String,
    role: Role,
    send: Send,
    outgoing: Outgoing,
    /// The life of its console, which is the author of its marks.
    life: Option<Epoch>,
    /// When its console was last heard.
    heard: Option<MonoTime>,
    calls: calls::Desk,
}

impl Relay {
    /// A relay for a theatre whose windows show `windows`, whose canvas begins with `layout`, and for everybody in
    /// `participants`, by name.
    pub fn new(
        windows: impl IntoIterator<Item = SourceId>,
        layout: Layout,
        participants: impl IntoIterator<Item = (String, Role, Send)>,
    ) -> Self {
        let participant = |(name, role, send)| Participant {
            name,
            role,
            send,
            outgoing: Outgoing::default(),
            life: None,
            heard: None,
            calls: calls::Desk::default(),
        };
        let desk = Desk {
            marks: Marks::new(windows),
            windows: BTreeMap::new(),
            layout,
            arrangement: None,
            position: None,
            notices: BTreeMap::new(),
            hidden: false,
            cameras: Vec::new(),
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

impl Desk {
    fn apply(&mut self, operation: &Operation) {
        let receipts = self.marks.apply(operation, clock::now());
        self.tell(&receipts);
        let message = [ToDisplay::Apply(operation.clone())];
        self.windows.values().for_each(|window| window.send(&message));
        self.judge();
    }

    /// Looks whether the picture has moved under any mark, and tells everybody.
    fn judge(&mut self) {
        let (receipts, words) = self.marks.judge(clock::now());
        self.tell(&receipts);
        if !words.is_empty() {
            self.windows.values().for_each(|window| window.send(&words));
        }
        let moved = self.marks.moved().next().is_some();
        self.notice(Topic::Moved, moved.then(|| Notice { severity: Severity::Caution, text: MOVED.into() }));
    }

    fn notice(&mut self, topic: Topic, notice: Option<Notice>) {
        let before = match notice.clone() {
            Some(notice) => self.notices.insert(topic, notice),
            None => self.notices.remove(&topic),
        };
        if before != notice {
            self.show_notices();
        }
    }

    fn attach(&mut self, source: SourceId, sender: &Sender<ToDisplay>) -> Vec<Receipt> {
        let mut messages = vec![ToDisplay::Reset { source }];
        if self.hidden {
            messages.push(ToDisplay::Wished(Wish::Hide));
        }
        messages.extend(self.marks.operations().into_iter().map(ToDisplay::Apply));
        messages.extend(self.marks.moved().map(|id| ToDisplay::Moved { id, moved: true }));
        messages.push(self.notices());
        messages.extend(self.words());
        sender.send(&messages);
        self.windows.insert(source, sender.clone());
        self.marks.reset(source, clock::now())
    }

    /// Calls stand first: they are what somebody has to answer.
    fn notices(&self) -> ToDisplay {
        let calls = self.participants.iter().filter_map(|who| who.calls.notice(&who.name));
        ToDisplay::Notices(calls.chain(self.notices.values().cloned()).collect())
    }

    fn show_notices(&self) {
        let notices = [self.notices()];
        self.windows.values().for_each(|window| window.send(&notices));
    }

    fn mentor(&mut self, at: usize) -> Result<&mut Participant, Refusal> {
        let participant = self.participants.get_mut(at).ok_or(Refusal::NotTheirs)?;
        if participant.role == Role::Mentor { Ok(participant) } else { Err(Refusal::Observer) }
    }

    /// Tells the window of the source that is `pointed` at where the cursor of `author` is now, if anywhere.
    fn point(&self, author: Epoch, pointed: Option<Pointed>, at: Option<ImagePoint>) {
        if let Some(window) = pointed.and_then(|pointed| self.windows.get(&pointed.source)) {
            window.send(&[ToDisplay::Cursor { author, at }]);
        }
    }

    /// What participant `at` asked and where it pointed, as the machine `author`, goes with that machine.
    fn forget(&mut self, at: usize, author: Epoch) {
        let left = self.participants.get_mut(at).and_then(|who| who.calls.forget());
        self.point(author, left, None);
    }

    /// Calls go when their time is over, and those of machines that fell silent as their marks do. Their mentors are told.
    fn end_calls(&mut self, now: MonoTime) {
        for participant in &mut self.participants {
            let is_silent = participant.heard.is_some_and(|heard| now.since(heard) >= GONE_AFTER);
            let calls = &mut participant.calls;
            if let Some(answer) = if is_silent { calls.silence() } else { calls.expire(now) } {
                participant.outgoing.answer(answer);
            }
        }
    }

    /// Somebody in theatre wished this at the window of `source`, where it is done already.
    fn grant(&mut self, source: SourceId, wish: Wish, now: MonoTime) -> Vec<Receipt> {
        tracing::info!("theatre's hand: {wish:?}");
        let others = self.windows.iter().filter(|(other, _)| **other != source);
        others.for_each(|(_, window)| window.send(&[ToDisplay::Wished(wish)]));
        match wish {
            Wish::Hide | Wish::Show => self.hidden = wish == Wish::Hide,
            Wish::Clear => return self.marks.clear_unseen(now),
            Wish::Ok => {
                for participant in &mut self.participants {
                    if let Some(answer) = participant.calls.ok() {
                        participant.outgoing.answer(answer);
                    }
                }
                self.show_notices();
            }
        }
        Vec::new()
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
