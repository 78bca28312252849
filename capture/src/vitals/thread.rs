//! A thread that brings values in at a steady pace, until dropped.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use program::clock;
use program::worker::Worker;
use protocol::time::MonoTime;
use protocol::vitals::Vitals;

use super::hub::Hub;
use crate::source::pace::Waiter;

/// How often values are brought in: the length of a piece of a curve.
pub const BEAT: Duration = Duration::from_millis(200);

/// The running thread; stops and joins when dropped.
pub struct Paced {
    _worker: Worker,
}

impl Paced {
    /// Puts into `hub` what `values` gives for the time since it was asked before, up to `now`.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(hub: Arc<Hub>, mut values: impl FnMut(MonoTime) -> Vec<Vitals> + Send + 'static) -> io::Result<Self> {
        let worker = Worker::start("vitals", move |stopped| {
            let (waiter, mut due) = (Waiter::new(stopped.clone()), clock::now());
            while waiter.until(due) == ControlFlow::Continue(()) {
                let now = clock::now();
                let values = values(now);
                if !values.is_empty() {
                    hub.hear(values, now);
                }
                // A machine that slept does not rush through what it missed.
                due = (due + BEAT).max(now);
            }
        })?;
        Ok(Self { _worker: worker })
    }
}
