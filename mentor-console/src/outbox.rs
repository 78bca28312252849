//! Where the mentor's marks and wishes go: to theatre, as messages, at once, or as soon as there is room. The way there is
//! `transport`'s.

use std::collections::VecDeque;

use protocol::arrangement::Wish;
use protocol::mark::{MAX_MARKS, MAX_POINTS_PER_EXTEND, MAX_POINTS_PER_MARK, Operation};
use protocol::message::Message;

/// Takes one message's bytes without ever waiting; `false` if there is no room for it.
pub type Deliver = Box<dyn Fn(Vec<u8>) -> bool + Send>;

/// Messages that may wait for room: twice what a full board takes. Beyond it they are dropped, and theatre is told the
/// whole board once there is room again.
const MAX_WAITING: usize = 2 * MAX_MARKS * (2 + MAX_POINTS_PER_MARK / MAX_POINTS_PER_EXTEND);

/// Sends operations in their order.
pub struct Outbox {
    deliver: Option<Deliver>,
    waiting: VecDeque<Vec<u8>>,
    completeness: Completeness,
}

/// Whether theatre has got, or will get from what waits, everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Completeness {
    Whole,
    /// Something was dropped.
    Lacking,
}

impl Outbox {
    /// Operations are handed to `deliver`.
    pub fn new(deliver: Deliver) -> Self {
        Self { deliver: Some(deliver), ..Self::nowhere() }
    }

    /// There is no theatre; operations go nowhere.
    pub fn nowhere() -> Self {
        Self { deliver: None, waiting: VecDeque::new(), completeness: Completeness::Whole }
    }

    /// Sends `operations`, after those that wait.
    pub fn send(&mut self, operations: &[Operation]) {
        for operation in operations {
            match Message::Mark(operation.clone()).to_bytes() {
                Ok(bytes) => self.waiting.push_back(bytes),
                // `annotation` keeps the protocol's bounds; sending it again would not help.
                Err(error) => tracing::error!("a step of a mark cannot be sent: {error}"),
            }
        }
        self.flush();
    }

    /// Sends a message that means something now and nothing later; `false` if there is no room for it.
    pub fn tell(&self, message: &Message) -> bool {
        match message.to_bytes() {
            Ok(bytes) => self.deliver.as_ref().is_some_and(|deliver| deliver(bytes)),
            Err(error) => {
                tracing::error!("a message cannot be sent: {error}");
                false
            }
        }
    }

    /// Asks theatre for another arrangement of the canvas, after what waits.
    pub fn wish(&mut self, wish: Wish) {
        match Message::LayoutWish(wish).to_bytes() {
            Ok(bytes) => self.waiting.push_back(bytes),
            Err(error) => tracing::error!("a layout cannot be asked for: {error}"),
        }
        self.flush();
    }

    /// Theatre knows nothing of this console: `all` is sent instead of what waits.
    pub fn start_over(&mut self, all: &[Operation]) {
        self.waiting.clear();
        self.completeness = Completeness::Whole;
        self.send(all);
    }

    /// Sends what waits if there is room now, and `all` if theatre lacks something.
    pub fn catch_up(&mut self, all: impl FnOnce() -> Vec<Operation>) {
        self.flush();
        if self.completeness == Completeness::Lacking && self.waiting.is_empty() {
            self.start_over(&all());
        }
    }

    fn flush(&mut self) {
        let Some(deliver) = &self.deliver else { return self.waiting.clear() };
        while self.waiting.front().is_some_and(|bytes| deliver(bytes.clone())) {
            self.waiting.pop_front();
        }
        if self.waiting.len() > MAX_WAITING {
            tracing::warn!("theatre takes no marks; all are sent again when it does");
            self.waiting.clear();
            self.completeness = Completeness::Lacking;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::{Epoch, MarkId};
    use std::sync::{Arc, Mutex};

    fn undo(number: u32) -> Operation {
        Operation::Undo { id: MarkId { author: Epoch(1), number } }
    }

    /// What theatre took, by number, and the room it has left.
    type Theatre = Arc<Mutex<(Vec<u32>, usize)>>;

    /// An outbox to a theatre that takes `room` messages.
    fn outbox(room: usize) -> (Outbox, Theatre) {
        let theatre = Theatre::new(Mutex::new((Vec::new(), room)));
        let there = Arc::clone(&theatre);
        let deliver = move |bytes: Vec<u8>| {
            let (taken, room) = &mut *there.lock().unwrap();
            let Message::Mark(Operation::Undo { id }) = Message::from_bytes(&bytes).unwrap() else { panic!() };
            let fits = *room > 0;
            if fits {
                *room -= 1;
                taken.push(id.number);
            }
            fits
        };
        (Outbox::new(Box::new(deliver)), theatre)
    }

    #[test]
    fn what_finds_no_room_goes_out_later_in_its_order_and_once() {
        let (mut outbox, theatre) = outbox(1);
        outbox.send(&[undo(0), undo(1)]);
        outbox.send(&[undo(2)]);
        theatre.lock().unwrap().1 = 10;
        outbox.catch_up(Vec::new);
        outbox.catch_up(Vec::new);
        assert_eq!(theatre.lock().unwrap().0, [0, 1, 2]);
    }

    #[test]
    fn after_too_much_waited_theatre_is_told_everything_again_once() {
        let (mut outbox, theatre) = outbox(0);
        (0..=MAX_WAITING as u32).for_each(|number| outbox.send(&[undo(number)]));
        theatre.lock().unwrap().1 = 10;
        outbox.catch_up(|| vec![undo(7), undo(8)]);
        outbox.catch_up(|| vec![undo(9)]);
        assert_eq!(theatre.lock().unwrap().0, [7, 8]);
    }

    #[test]
    fn a_new_theatre_gets_the_board_and_not_what_waited_for_the_old_one() {
        let (mut outbox, theatre) = outbox(0);
        outbox.send(&[undo(1)]);
        theatre.lock().unwrap().1 = 10;
        outbox.start_over(&[undo(5)]);
        assert_eq!(theatre.lock().unwrap().0, [5]);
    }
}
