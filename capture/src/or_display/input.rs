//! Keeps the window's source open: opens it, and again after it ended or broke, for ever.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use media::picture::Picture;
use program::clock;
use program::worker::Worker;

use crate::source::Over;
use crate::supervise::backoff::Backoff;
use crate::{config, source};

/// The window's source, held open until dropped.
pub struct Input {
    ended: Receiver<()>,
    _worker: Worker,
}

/// Takes pictures from whichever opening of the source gives them.
pub type Deliver = Arc<dyn Fn(Picture) + Send + Sync>;

impl Input {
    /// Opens `source`, which logs call `name`, and hands its pictures to `deliver` on the source's own thread.
    ///
    /// # Errors
    /// What a person has to mend. A device that does not work now is tried again instead.
    pub fn open(name: &str, source: config::Source, deliver: Deliver) -> Result<Self, source::Error> {
        let running = match open(name, &source, &deliver) {
            Ok(running) => Some(running),
            Err(error @ source::Error::Unavailable { .. }) => {
                tracing::warn!("{error}; it is tried again");
                None
            }
            Err(error) => return Err(error),
        };
        // Capacity 1: that the source ended is news once, until the display took it.
        let (end, ended) = bounded(1);
        let keeper = Keeper { name: name.into(), source, deliver, end };
        let worker = Worker::start("source-keeper", move |stopped| keeper.keep(running, stopped));
        let worker = worker
            .map_err(|error| source::Error::Unavailable { name: name.into(), reason: format!("no thread: {error}") })?;
        Ok(Self { ended, _worker: worker })
    }

    /// Receives when the source ended, broke or cannot be opened.
    pub fn ended(&self) -> &Receiver<()> {
        &self.ended
    }
}

fn open(name: &str, source: &config::Source, deliver: &Deliver) -> Result<source::Running, source::Error> {
    let deliver = Arc::clone(deliver);
    source::open_displayed(name, source, move |picture| deliver(picture))
}

struct Keeper {
    name: String,
    source: config::Source,
    deliver: Deliver,
    end: Sender<()>,
}

impl Keeper {
    fn keep(&self, mut running: Option<source::Running>, stopped: &Receiver<()>) {
        let mut backoff = Backoff::default();
        loop {
            let opened = clock::now();
            if let Some(open) = running.take() {
                match open.over(stopped, source::REOPEN_AFTER) {
                    Over::Stopped => return,
                    over => tracing::warn!("source {}: {over}; opening it again", self.name),
                }
            }
            match self.end.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
            select! {
                recv(stopped) -> _ => return,
                default(backoff.after_life(clock::now().since(opened), None)) => {}
            }
            running = match open(&self.name, &self.source, &self.deliver) {
                Ok(open) => {
                    tracing::info!("source {}: open", self.name);
                    Some(open)
                }
                Err(error) => {
                    tracing::debug!("{error}; it is tried again");
                    None
                }
            };
        }
    }
}
