//! The sending side of an end: messages are left here and never waited with; the end's thread writes them.

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use serde::Serialize;

use super::message;

/// Bytes that may wait for the other end: a board of 64 full marks with every point. Beyond that it is taken for
/// stopped: the attachment is dropped with all of them, and the next one starts anew.
pub(super) const MAX_WAITING_BYTES: usize = 2 * 1024 * 1024;

/// Sends to whoever is attached. Clones speak to the same end.
pub struct Sender<Out> {
    outbox: Arc<Outbox>,
    messages: PhantomData<fn(Out)>,
}

/// What waits to be written, shared between senders and the thread, which can sleep on it.
struct Outbox {
    pending: Mutex<Pending>,
    stopping: AtomicBool,
    wake: OwnedFd,
}

enum Pending {
    Detached,
    Attached(Vec<u8>),
    GivenUp,
}

impl<Out> Clone for Sender<Out> {
    fn clone(&self) -> Self {
        Self { outbox: Arc::clone(&self.outbox), messages: PhantomData }
    }
}

impl<Out: Serialize> Sender<Out> {
    /// Sends `messages` in one go, or drops them if nobody is attached. Never waits: an end that stopped taking is
    /// given up.
    pub fn send(&self, messages: &[Out]) {
        let mut pending = self.pending();
        let Pending::Attached(bytes) = &mut *pending else { return };
        for message in messages {
            if let Err(fault) = message::write(message, bytes) {
                tracing::error!("board socket: {fault}; the message is left out");
            }
        }
        if bytes.len() > MAX_WAITING_BYTES {
            *pending = Pending::GivenUp;
        }
        drop(pending);
        self.wake();
    }
}

/// What the end's own thread does.
impl<Out> Sender<Out> {
    pub(super) fn new() -> io::Result<Self> {
        let outbox = Outbox {
            pending: Mutex::new(Pending::Detached),
            stopping: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
        };
        Ok(Self { outbox: Arc::new(outbox), messages: PhantomData })
    }

    /// From here on what is sent is kept for the new attachment.
    pub(super) fn attach(&self) {
        *self.pending() = Pending::Attached(Vec::new());
    }

    /// From here on what is sent is dropped.
    pub(super) fn detach(&self) {
        *self.pending() = Pending::Detached;
    }

    /// Whether the other end took too little for too long.
    pub(super) fn gave_up(&self) -> bool {
        matches!(*self.pending(), Pending::GivenUp)
    }

    /// All that waits; nothing waits then.
    pub(super) fn take(&self) -> Vec<u8> {
        match &mut *self.pending() {
            Pending::Attached(bytes) => std::mem::take(bytes),
            Pending::Detached | Pending::GivenUp => Vec::new(),
        }
    }

    /// Asks the thread to end.
    pub(super) fn stop(&self) {
        self.outbox.stopping.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.outbox.stopping.load(Ordering::Acquire)
    }

    /// Readable since something was sent or [`Sender::stop`] was called.
    pub(super) fn wakes(&self) -> BorrowedFd<'_> {
        self.outbox.wake.as_fd()
    }

    /// Makes [`Sender::wakes`] not readable until the next time.
    pub(super) fn awake(&self) {
        // It would block if it was not readable, which is no error here.
        let _ = rustix::io::read(&self.outbox.wake, &mut [0; 8]);
    }

    fn wake(&self) {
        // Fails only when the count is full, and then the thread is awake already.
        let _ = rustix::io::write(&self.outbox.wake, &1u64.to_ne_bytes());
    }

    /// No panic can leave it half changed, so a poisoned lock is as good as a sound one.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.outbox.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
