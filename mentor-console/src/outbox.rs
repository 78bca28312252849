//! Where the mentor's marks go: to theatre, as messages, at once. The driver's handle is `transport`'s.

use protocol::mark::Operation;
use protocol::message::Message;

/// Takes one message's bytes without ever waiting; `false` if there is no room for it.
pub type Deliver = Box<dyn Fn(Vec<u8>) -> bool + Send>;

/// Sends operations and knows whether theatre may lack some.
pub struct Outbox {
    deliver: Option<Deliver>,
    /// A message found no room: theatre has to be told everything again.
    behind: bool,
}

impl Outbox {
    /// Operations are handed to `deliver`.
    pub fn new(deliver: Deliver) -> Self {
        Self { deliver: Some(deliver), behind: false }
    }

    /// There is no theatre; operations go nowhere.
    pub fn nowhere() -> Self {
        Self { deliver: None, behind: false }
    }

    /// Sends `operations` in their order.
    pub fn send(&mut self, operations: &[Operation]) {
        let Some(deliver) = &self.deliver else { return };
        for operation in operations {
            match Message::Mark(operation.clone()).to_bytes() {
                Ok(bytes) => self.behind |= !deliver(bytes),
                // `annotation` keeps the protocol's bounds; sending it again would not help.
                Err(error) => tracing::error!("a step of a mark cannot be sent: {error}"),
            }
        }
    }

    /// Sends everything that `all` lists, if theatre may lack some of it.
    pub fn catch_up(&mut self, all: impl FnOnce() -> Vec<Operation>) {
        if std::mem::take(&mut self.behind) {
            self.send(&all());
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

    #[test]
    fn after_a_full_queue_theatre_is_told_everything_again_once() {
        let taken: Arc<Mutex<Vec<Message>>> = Arc::default();
        let into = Arc::clone(&taken);
        let mut outbox = Outbox::new(Box::new(move |bytes| {
            let mut taken = into.lock().unwrap();
            taken.push(Message::from_bytes(&bytes).unwrap());
            taken.len() != 2
        }));
        outbox.send(&[undo(0), undo(1)]);
        outbox.catch_up(|| vec![undo(7)]);
        outbox.catch_up(|| vec![undo(8)]);
        let taken = taken.lock().unwrap();
        assert_eq!(taken.last(), Some(&Message::Mark(undo(7))));
        assert_eq!(taken.len(), 3);
    }
}
