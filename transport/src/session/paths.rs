//! Paths that come and go while a session runs. The others keep their ids, connections and everything they carry.

use protocol::time::MonoTime;

use super::{Output, Session};
use crate::path::{Path, PathId, Side, State};

impl Session {
    /// The id for [`super::Input::AddPath`]: a new one, or, when there is none, that of a path removed before.
    pub fn free_path(&self) -> Option<PathId> {
        let new = u8::try_from(self.paths.len()).ok().filter(|id| *id < u8::MAX);
        let removed = || super::ids().zip(&self.paths).find(|(_, path)| path.state() == State::Removed);
        new.map(PathId).or_else(|| removed().map(|(id, _)| id))
    }

    /// Whether `id` is a path's, and the path was not removed.
    pub(super) fn has_path(&self, id: PathId) -> bool {
        self.path(id).is_some_and(|path| path.state() != State::Removed)
    }

    /// A path more. An id that is not free is ignored.
    pub(super) fn add_path(&mut self, id: PathId, side: Side, now: MonoTime) {
        let (at, end) = (usize::from(id.0), self.paths.len());
        let path = Path::new(side, now);
        match (self.paths.get_mut(at), self.config.paths.get_mut(at)) {
            (Some(old), Some(old_side)) if old.state() == State::Removed => (*old, *old_side) = (path, side),
            (None, None) if at == end => {
                self.paths.push(path);
                self.config.paths.push(side);
            }
            _ => return,
        }
        self.path_changed(id);
    }

    /// A path less. What it was the only one to carry is lost; messages wait for another.
    pub(super) fn remove_path(&mut self, id: PathId) {
        let Some(path) = self.path_mut(id).filter(|path| path.state() != State::Removed) else { return };
        let connected = path.connection().is_some();
        path.remove();
        if connected {
            self.outputs.push_back(Output::Close(id));
        }
        self.path_changed(id);
    }
}
