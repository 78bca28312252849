//! Beginning and ending a link drill, as the program asks for it. The loop's side is `run::drills`'s.

use tokio::sync::oneshot;

use super::change::Change;
use super::{Facts, Handle};
use crate::drill::{Drill, Period, Refused};

impl Handle {
    /// Does something to one of this end's own paths on purpose. It begins [`crate::drill::LEAD`] from now, so that the
    /// program can tell the other end before, and ends by itself whatever becomes of whoever asked. A cut ends early
    /// when no other path is live any more. Gives when it holds. Waits for the driver's answer; not to be called from
    /// the driver's own thread.
    ///
    /// # Errors
    /// Why there is none.
    pub fn drill(&self, drill: Drill) -> Result<Period, Refused> {
        let (answer, answered) = oneshot::channel();
        self.0.changes.blocking_send(Change::BeginDrill(drill, answer)).map_err(|_| Refused::Stopped)?;
        answered.blocking_recv().unwrap_or(Err(Refused::Stopped))
    }

    /// Ends the drill, or calls it off. What it held back comes at once. Waits as [`Self::drill`] does.
    ///
    /// # Errors
    /// [`Refused::None`] or [`Refused::Stopped`].
    pub fn end_drill(&self) -> Result<(), Refused> {
        let (answer, answered) = oneshot::channel();
        self.0.changes.blocking_send(Change::EndDrill(answer)).map_err(|_| Refused::Stopped)?;
        answered.blocking_recv().unwrap_or(Err(Refused::Stopped))
    }
}

impl Facts {
    /// This end's drill, with the name of its path.
    pub fn drill(&self) -> Option<(&str, Period)> {
        self.paths.iter().find_map(|path| Some((path.name.as_str(), path.drill?)))
    }
}
