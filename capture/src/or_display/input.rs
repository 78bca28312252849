//! Keeps the window's source open: opens it, and again after it ended or broke, for ever.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use media::picture::Picture;
use program::worker::Worker;
use protocol::time::MonoTime;

use crate::signal::Trouble;
use crate::source::keep;
use crate::{config, source};

/// Words about the source that may wait for the display; it looks at each within a picture.
const WAITING_WORDS: usize = 8;

/// The window's source, held open until dropped.
pub struct Input {
    troubles: Receiver<(Trouble, MonoTime)>,
    _worker: Worker,
}

/// Takes pictures from whichever opening of the source gives them.
pub type Deliver = Arc<dyn Fn(Picture) + Send + Sync>;

impl Input {
    /// Opens `source`, which logs call `name`, and hands its pictures to `deliver` on the source's own thread.
    ///
    /// # Errors
    /// What a person has to mend. A device that does not work now, or gives nothing that can be shown, is tried again instead.
    pub fn open(name: &str, source: config::Source, deliver: Deliver) -> Result<Self, source::Error> {
        let called = name.to_owned();
        Self::start(name, move || {
            let deliver = Arc::clone(&deliver);
            source::open_displayed(&called, &source, move |picture| deliver(picture))
        })
    }

    fn start(
        name: &str,
        open: impl Fn() -> Result<source::Running, source::Error> + Send + 'static,
    ) -> Result<Self, source::Error> {
        let opened = match open() {
            Err(error) if !error.may_pass() => return Err(error),
            opened => opened,
        };
        let (tell, troubles) = bounded(WAITING_WORDS);
        let called = name.to_owned();
        let again = move || open().inspect(|_| tracing::info!("source {called}: open"));
        let called = name.to_owned();
        let worker = Worker::start("source-keeper", move |stopped| {
            keep::keep(&called, opened, again, |trouble, at| forward(&tell, trouble, at), stopped);
        });
        let worker = worker
            .map_err(|error| source::Error::Unavailable { name: name.into(), reason: format!("no thread: {error}") })?;
        Ok(Self { troubles, _worker: worker })
    }

    /// Receives what is wrong with the source, and since when, each time it ended, broke or cannot be opened.
    pub fn troubles(&self) -> &Receiver<(Trouble, MonoTime)> {
        &self.troubles
    }
}

/// A display that does not look has other worries; the next word comes with the next attempt.
fn forward(tell: &Sender<(Trouble, MonoTime)>, trouble: Trouble, at: MonoTime) {
    if tell.try_send((trouble, at)).is_err() {
        tracing::debug!("the display does not look at what its source says");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use source::Error;

    /// Longer than anything here takes; only a failed test waits for it.
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_grabber_that_gives_nothing_of_use_is_tried_on_and_only_what_a_person_has_to_mend_ends_the_display() {
        let error = |reason: &str| Error::Unfit { name: "scope".into(), reason: reason.into() };
        let input = Input::start("scope", move || Err(error("it offers depth alone"))).unwrap();
        for _ in 0..2 {
            assert_eq!(input.troubles().recv_timeout(LONG).unwrap().0, Trouble::Unusable);
        }
        let gone = || Error::Unavailable { name: "scope".into(), reason: "it is not plugged in".into() };
        let input = Input::start("scope", move || Err(gone())).unwrap();
        assert_eq!(input.troubles().recv_timeout(LONG).unwrap().0, Trouble::Failed);
        let wrong = || Error::Description { name: "scope".into(), bin: "x".into(), fault: "no such element".into() };
        assert!(matches!(Input::start("scope", move || Err(wrong())), Err(Error::Description { .. })));
    }
}
