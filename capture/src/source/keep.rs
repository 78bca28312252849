//! Keeps a source open: it is opened again, with growing pauses, whenever it ended, broke or fell silent, and whoever shows it is
//! told what is wrong.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use program::clock;
use protocol::time::MonoTime;

use super::{Error, Over, REOPEN_AFTER, Running};
use crate::signal::Trouble;
use crate::supervise::backoff::Backoff;

/// Keeps the source called `name` open until `stopped` receives or closes, beginning with what came of the first `opened`;
/// `tell` is told what is wrong and since when, each time it fails. No picture from before comes after that word.
pub fn keep(
    name: &str,
    mut opened: Result<Running, Error>,
    open: impl Fn() -> Result<Running, Error>,
    tell: impl Fn(Trouble, MonoTime),
    stopped: &Receiver<()>,
) {
    let (mut backoff, mut told, mut since) = (Backoff::default(), String::new(), clock::now());
    loop {
        // The source is closed when its end is known.
        let (trouble, reason) = match opened.map(|running| running.over(stopped, REOPEN_AFTER)) {
            Ok(Over::Stopped) => return,
            Ok(over) => (after(&over), format!("source {name}: {over}")),
            Err(error @ Error::Unfit { .. }) => (Some(Trouble::Unusable), error.to_string()),
            Err(error) => (Some(Trouble::Failed), error.to_string()),
        };
        if let Some(trouble) = trouble {
            tell(trouble, clock::now());
        }
        // The same reason again and again is said once.
        if reason != told {
            tracing::warn!("{reason}; trying again until it comes");
            told = reason;
        }
        let pause = backoff.after_life(clock::now().since(since), None);
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        since = clock::now();
        opened = open();
    }
}

/// What is wrong with a source of which nothing more comes. That it is silent, its place says by itself.
fn after(over: &Over) -> Option<Trouble> {
    match over {
        Over::Ended => Some(Trouble::Ended),
        Over::Failed { .. } => Some(Trouble::Failed),
        Over::Unfit { .. } => Some(Trouble::Unusable),
        Over::Silent(_) | Over::Stopped => None,
    }
}
