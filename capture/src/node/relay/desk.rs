//! What holds of marks, windows and participants together, under the one lock: each change is told to whoever it concerns.

use std::collections::BTreeMap;

use annotation::expiry::GONE_AFTER;
use program::clock;
use protocol::arrangement::Arrangement;
use protocol::call::Pointed;
use protocol::camera::Offer;
use protocol::geometry::ImagePoint;
use protocol::ids::{Epoch, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{Operation, Receipt};
use protocol::time::MonoTime;

use super::super::calls;
use super::super::marks::Marks;
use super::super::outgoing::Outgoing;
use super::{Refusal, Send, Topic};
use crate::config::Role;
use crate::local::{Notice, Sender, Severity, ToDisplay, Wish};

/// What the windows say while the picture has moved under a mark.
const MOVED: &str = "Picture moved: broken lines no longer lie where the mentor drew them";

/// What the lock holds.
pub(super) struct Desk {
    pub(super) marks: Marks,
    /// Windows that are attached now.
    pub(super) windows: BTreeMap<SourceId, Sender<ToDisplay>>,
    pub(super) layout: Layout,
    /// How the canvas is arranged, once it was told.
    pub(super) arrangement: Option<Arrangement>,
    /// Where theatre stands on the ladder, once it was told.
    pub(super) position: Option<Position>,
    pub(super) notices: BTreeMap<Topic, Notice>,
    /// Theatre hides all marks; a window that starts anew is told.
    pub(super) hidden: bool,
    /// Room cameras that mentors may move.
    pub(super) cameras: Vec<Offer>,
    pub(super) participants: Vec<Participant>,
}

/// One participant, at its place among all.
pub(super) struct Participant {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) send: Send,
    pub(super) outgoing: Outgoing,
    /// The life of its console, which is the author of its marks.
    pub(super) life: Option<Epoch>,
    /// When its console was last heard.
    pub(super) heard: Option<MonoTime>,
    pub(super) calls: calls::Desk,
}

impl Desk {
    /// Of a theatre whose windows show `windows`, whose canvas begins with `layout`, and for everybody in `participants`.
    pub(super) fn new(
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
        Self {
            marks: Marks::new(windows),
            windows: BTreeMap::new(),
            layout,
            arrangement: None,
            position: None,
            notices: BTreeMap::new(),
            hidden: false,
            cameras: Vec::new(),
            participants: participants.into_iter().map(participant).collect(),
        }
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        let receipts = self.marks.apply(operation, clock::now());
        self.tell(&receipts);
        let message = [ToDisplay::Apply(operation.clone())];
        self.windows.values().for_each(|window| window.send(&message));
        self.judge();
    }

    /// Looks whether the picture has moved under any mark, and tells everybody.
    pub(super) fn judge(&mut self) {
        let (receipts, words) = self.marks.judge(clock::now());
        self.tell(&receipts);
        if !words.is_empty() {
            self.windows.values().for_each(|window| window.send(&words));
        }
        let moved = self.marks.moved().next().is_some();
        self.notice(Topic::Moved, moved.then(|| Notice { severity: Severity::Caution, text: MOVED.into() }));
    }

    pub(super) fn notice(&mut self, topic: Topic, notice: Option<Notice>) {
        let before = match notice.clone() {
            Some(notice) => self.notices.insert(topic, notice),
            None => self.notices.remove(&topic),
        };
        if before != notice {
            self.show_notices();
        }
    }

    pub(super) fn attach(&mut self, source: SourceId, sender: &Sender<ToDisplay>) -> Vec<Receipt> {
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
    pub(super) fn notices(&self) -> ToDisplay {
        let calls = self.participants.iter().filter_map(|who| who.calls.notice(&who.name));
        ToDisplay::Notices(calls.chain(self.notices.values().cloned()).collect())
    }

    pub(super) fn show_notices(&self) {
        let notices = [self.notices()];
        self.windows.values().for_each(|window| window.send(&notices));
    }

    pub(super) fn mentor(&mut self, at: usize) -> Result<&mut Participant, Refusal> {
        let participant = self.participants.get_mut(at).ok_or(Refusal::NotTheirs)?;
        if participant.role == Role::Mentor { Ok(participant) } else { Err(Refusal::Observer) }
    }

    /// Tells the window of the source that is `pointed` at where the cursor of `author` is now, if anywhere.
    pub(super) fn point(&self, author: Epoch, pointed: Option<Pointed>, at: Option<ImagePoint>) {
        if let Some(window) = pointed.and_then(|pointed| self.windows.get(&pointed.source)) {
            window.send(&[ToDisplay::Cursor { author, at }]);
        }
    }

    /// What participant `at` asked and where it pointed, as the machine `author`, goes with that machine.
    pub(super) fn forget(&mut self, at: usize, author: Epoch) {
        let left = self.participants.get_mut(at).and_then(|who| who.calls.forget());
        self.point(author, left, None);
    }

    /// Calls go when their time is over, and those of machines that fell silent as their marks do. Their mentors are told.
    pub(super) fn end_calls(&mut self, now: MonoTime) {
        for participant in &mut self.participants {
            let is_silent = participant.heard.is_some_and(|heard| now.since(heard) >= GONE_AFTER);
            let calls = &mut participant.calls;
            if let Some(answer) = if is_silent { calls.silence() } else { calls.expire(now) } {
                participant.outgoing.answer(answer);
            }
        }
    }

    /// Somebody in theatre wished this at the window of `source`, where it is done already.
    pub(super) fn grant(&mut self, source: SourceId, wish: Wish, now: MonoTime) -> Vec<Receipt> {
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
    pub(super) fn words(&self) -> Vec<ToDisplay> {
        let mentors = self.participants.iter().filter(|participant| participant.role == Role::Mentor);
        let word = |mentor: &Participant| Some(ToDisplay::Heard { author: mentor.life?, last_us: mentor.heard?.0 });
        mentors.filter_map(word).collect()
    }

    pub(super) fn tell(&mut self, receipts: &[Receipt]) {
        for participant in &mut self.participants {
            participant.outgoing.receipts(receipts.iter().copied());
        }
    }

    pub(super) fn flush(&mut self) {
        self.participants.iter_mut().for_each(|participant| participant.outgoing.flush(&participant.send));
    }
}
