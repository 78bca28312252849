//! Events on their way to the program, through a bounded channel that the driver never waits on.

use std::collections::VecDeque;

use crossbeam_channel::{Sender, TrySendError};

use super::Wake;
use crate::session::Event;

/// Events the channel holds: about a second and a half of a session in full swing.
pub const CHANNEL: usize = 64;
/// Events held back at most while the channel is full. Beyond it the driver takes nothing from the network.
const HELD: usize = 256;

/// What has not been taken by the program.
///
/// While the channel is full, frames are refused (the session then asks for an independent one), clock readings are
/// and speech are dropped (the next comes soon), of path changes the newest of each path is kept, of budgets the newest, and all else is held in order. When
/// that is too much, [`Self::has_room`] tells the driver to leave datagrams with quinn, whose buffer is bounded too.
pub struct Outbox {
    sender: Sender<Event>,
    held: VecDeque<Event>,
    frames: Frames,
    wake: Option<Wake>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frames {
    Taken,
    /// One was refused: those that build on it are useless.
    Refused,
}

impl Outbox {
    /// An outbox into `sender`; `wake` is called after each event the channel took.
    pub fn new(sender: Sender<Event>, wake: Option<Wake>) -> Self {
        Self { sender, held: VecDeque::new(), frames: Frames::Taken, wake }
    }

    /// Hands over an event. Gives the number of a frame that was refused.
    pub fn push(&mut self, event: Event) -> Option<u64> {
        self.flush();
        match event {
            Event::Frame(frame) => {
                let (number, independent) = (frame.number, frame.independent);
                let useless = self.frames == Frames::Refused && !independent;
                let taken = !useless && self.held.is_empty() && self.offer(Event::Frame(frame)).is_none();
                self.frames = if taken { Frames::Taken } else { Frames::Refused };
                (!taken).then_some(number)
            }
            event => {
                let refused = if self.held.is_empty() { self.offer(event) } else { Some(event) };
                if let Some(event) = refused {
                    self.hold(event);
                }
                None
            }
        }
    }

    /// Hands over what was held back, as far as the channel takes it.
    pub fn flush(&mut self) {
        while let Some(event) = self.held.pop_front() {
            if let Some(event) = self.offer(event) {
                self.held.push_front(event);
                return;
            }
        }
    }

    /// Whether more may be taken from the network.
    pub fn has_room(&self) -> bool {
        self.held.len() < HELD
    }

    /// Whether [`Self::flush`] has something to do.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives the event back if the channel is full. Without a program at its end, events vanish.
    fn offer(&self, event: Event) -> Option<Event> {
        match self.sender.try_send(event) {
            Ok(()) => {
                if let Some(wake) = &self.wake {
                    wake();
                }
                None
            }
            Err(TrySendError::Full(event)) => Some(event),
            Err(TrySendError::Disconnected(_)) => None,
        }
    }

    fn hold(&mut self, event: Event) {
        match &event {
            // Late speech is worth less than none.
            Event::Clock(_) | Event::Voice { .. } => return,
            Event::Budget(_) => self.held.retain(|held| !matches!(held, Event::Budget(_))),
            Event::RefreshWanted if self.held.contains(&event) => return,
            Event::FramesLost { numbers: new, loss: why } => {
                if let Some(Event::FramesLost { numbers, loss }) = self.held.back_mut()
                    && (numbers.end, &*loss) == (new.start, why)
                {
                    numbers.end = new.end;
                    return;
                }
            }
            Event::PathChanged { path: new, .. } => {
                self.held.retain(|held| !matches!(held, Event::PathChanged { path, .. } if path == new));
            }
            _ => {}
        }
        self.held.push_back(event);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::time::MonoTime;

    use super::*;
    use crate::assembly::{Loss, Released, Timing};
    use crate::path::{PathId, State};

    fn frame(number: u64, independent: bool) -> Event {
        let (first_shard, complete, released) = (MonoTime(0), MonoTime(0), MonoTime(0));
        let timing = Timing { first_shard, complete, released, completed_by: PathId(0) };
        Event::Frame(Released { number, independent, bytes: Bytes::new(), timing })
    }

    fn message(text: &'static str) -> Event {
        Event::Message(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn a_slow_program_loses_frames_up_to_an_independent_one_and_nothing_else() {
        let (sender, events) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender, None);
        assert_eq!(outbox.push(frame(0, true)), None);
        assert_eq!(outbox.push(frame(1, false)), Some(1));
        assert_eq!(outbox.push(message("a")), None);
        assert_eq!(outbox.push(message("b")), None);
        assert_eq!(events.try_recv().unwrap(), frame(0, true));
        assert_eq!(outbox.push(frame(2, false)), Some(2), "it builds on the refused one");
        assert_eq!(events.try_recv().unwrap(), message("a"));
        outbox.flush();
        assert_eq!(events.try_recv().unwrap(), message("b"));
        assert_eq!(outbox.push(frame(3, false)), Some(3));
        assert_eq!(outbox.push(frame(4, true)), None);
        assert_eq!(events.try_recv().unwrap(), frame(4, true));
    }

    #[test]
    fn what_is_held_back_is_merged_and_bounded() {
        let (sender, events) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender, None);
        outbox.push(message("fills the channel"));
        for number in 0..10_000 {
            outbox.push(Event::FramesLost { numbers: number..number + 1, loss: Loss::NotTaken });
        }
        for _ in 0..10_000 {
            outbox.push(Event::PathChanged { path: PathId(1), state: State::Down, why: None });
            outbox.push(Event::RefreshWanted);
        }
        assert!(outbox.held.len() <= 3 && outbox.has_room());
        for _ in 0..HELD {
            outbox.push(message("m"));
        }
        assert!(!outbox.has_room());
        events.try_recv().unwrap();
        outbox.flush();
        assert_eq!(events.try_recv().unwrap(), Event::FramesLost { numbers: 0..10_000, loss: Loss::NotTaken });
    }

    #[test]
    fn the_program_is_woken_once_for_each_event_it_can_take() {
        let (sender, _events) = crossbeam_channel::bounded(2);
        let (woken, count) = crossbeam_channel::bounded(8);
        let wake: Wake = std::sync::Arc::new(move || woken.try_send(()).unwrap());
        let mut outbox = Outbox::new(sender, Some(wake));
        for _ in 0..5 {
            outbox.push(message("m"));
        }
        assert_eq!(count.len(), 2);
    }
}
