//! A thread that does one thing until its owner drops it, which ends and joins it.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

/// The running thread.
#[derive(Debug)]
pub struct Worker {
    name: String,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Lets `work` run on a thread called `name` in logs. Nothing is ever sent to what `work` receives: that it closes is the
    /// word to end, and whatever `work` waits for it has to wait for that too.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(name: impl Into<String>, work: impl FnOnce(&Receiver<()>) + Send + 'static) -> io::Result<Self> {
        let name = name.into();
        let (stop, stopped) = bounded(0);
        let thread = Builder::new().name(name.clone()).spawn(move || work(&stopped))?;
        Ok(Self { name, stop: Some(stop), thread: Some(thread) })
    }

    /// Whether it still works.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread {} panicked", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn dropping_it_ends_the_work_and_waits_for_it() {
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let worker = Worker::start("worker", move |stopped| {
            assert!(stopped.recv().is_err());
            told.store(true, Ordering::SeqCst);
        });
        let worker = worker.unwrap();
        assert!(worker.is_alive());
        drop(worker);
        assert!(ended.load(Ordering::SeqCst));
    }
}
