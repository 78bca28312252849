//! Being asked to stop: SIGINT and SIGTERM as one flag that any thread can read or wait for.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Listens for the signals until dropped.
pub struct Signal {
    asked: Receiver<()>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Signal {
    /// Starts to listen. From here on the signals no longer end the program by themselves.
    ///
    /// # Errors
    /// The system refused the handler or the thread.
    pub fn listen() -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let handle = signals.handle();
        // Capacity 1: a second request to stop says nothing new and is dropped.
        let (ask, asked) = bounded(1);
        let thread = Builder::new().name("signals".into()).spawn(move || {
            for _ in signals.forever() {
                if ask.try_send(()).is_err() {
                    tracing::debug!("already stopping");
                }
            }
        })?;
        Ok(Self { asked, handle, thread: Some(thread) })
    }

    /// Receives once the program was asked to stop.
    pub fn asked(&self) -> &Receiver<()> {
        &self.asked
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the signal thread panicked");
        }
    }
}
