//! Carries marks between the console and the windows: operations one way, receipts the other. One lock holds the
//! board and everything that follows from it, so that each window and the console see changes in the same order.
//! Nothing under the lock waits: windows and transport take a message at once or not at all.

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
use crate::local::{Event, FromDisplay, Sender, ToDisplay};

/// Hands a message to the transport; `false` if it takes none now.
pub type Send = Box<dyn Fn(&Message) -> bool + std::marker::Send + Sync>;

/// Between the console and the windows.
pub struct Relay {
    desk: Mutex<Desk>,
    send: Send,
}

struct Desk {
    marks: Marks,
    /// Windows that are attached now.
    windows: BTreeMap<SourceId, Sender<ToDisplay>>,
    layout: Layout,
    outgoing: Outgoing,
    /// When the mentor's machine was last heard.
    mentor_heard: Option<MonoTime>,
}

impl Relay {
    /// A relay for a theatre whose windows show `windows` and whose canvas begins with `layout`.
    pub fn new(windows: impl IntoIterator<Item = SourceId>, layout: Layout, send: Send) -> Self {
        let desk = Desk {
            marks: Marks::new(windows),
            windows: BTreeMap::new(),
            layout,
            outgoing: Outgoing::default(),
            mentor_heard: None,
        };
        Self { desk: Mutex::new(desk), send }
    }

    /// A console is there: it is told everything. Marks of a console's former life go, since nobody is left who could
    /// take them back.
    pub fn peer_up(&self, peer: Epoch, restarted: bool) {
        let mut desk = self.lock();
        if restarted {
            for operation in desk.marks.of_others_than(peer) {
                desk.apply(&operation);
            }
        }
        let (layout, receipts) = (desk.layout.clone(), desk.marks.receipts());
        desk.outgoing.layout(layout);
        desk.outgoing.receipts(receipts);
        desk.flush(&self.send);
    }

    /// The console asked for a change of the board.
    pub fn operation(&self, operation: &Operation) {
        let mut desk = self.lock();
        desk.apply(operation);
        desk.flush(&self.send);
    }

    /// Comes every 100 ms: windows learn when the mentor's machine was last heard, and what waited is tried again.
    pub fn tick(&self, mentor_heard: Option<MonoTime>) {
        let mut desk = self.lock();
        desk.mentor_heard = mentor_heard;
        let heard = desk.heard();
        desk.tell_windows(heard);
        let receipts = desk.marks.settle_all(clock::now());
        desk.outgoing.receipts(receipts);
        desk.flush(&self.send);
    }

    /// The canvas has another layout.
    pub fn layout(&self, layout: Layout) {
        let mut desk = self.lock();
        desk.layout = layout.clone();
        desk.outgoing.layout(layout);
        desk.flush(&self.send);
    }

    /// A frame was sent.
    pub fn sent(&self, header: Header) {
        let mut desk = self.lock();
        let receipts = desk.marks.sent(header, clock::now());
        desk.outgoing.receipts(receipts);
        desk.flush(&self.send);
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
        desk.outgoing.receipts(receipts);
        desk.flush(&self.send);
    }

    /// No panic can leave the desk half changed in a way that matters more than going on.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn apply(&mut self, operation: &Operation) {
        let receipts = self.marks.apply(operation, clock::now());
        self.outgoing.receipts(receipts);
        self.tell_windows(ToDisplay::Apply(operation.clone()));
    }

    fn attach(&mut self, source: SourceId, sender: &Sender<ToDisplay>) -> Vec<Receipt> {
        let mut messages = vec![ToDisplay::Reset { source }];
        messages.extend(self.marks.operations().into_iter().map(ToDisplay::Apply));
        messages.push(self.heard());
        sender.send(&messages);
        self.windows.insert(source, sender.clone());
        self.marks.reset(source, clock::now())
    }

    fn heard(&self) -> ToDisplay {
        ToDisplay::Heard { mentor_last_heard_us: self.mentor_heard.map(|heard| heard.0) }
    }

    fn tell_windows(&self, message: ToDisplay) {
        let message = [message];
        self.windows.values().for_each(|window| window.send(&message));
    }

    fn flush(&mut self, send: &Send) {
        self.outgoing.flush(send);
    }
}

#[cfg(test)]
mod tests;
