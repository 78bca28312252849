//! Paths that come and go: sockets, tasks and the session kept in step. Asking for it is `super::super::change`'s.

use quinn::Endpoint;

use super::{Change, FAREWELL, Input, Link, Origin, PathConfig, RefusalLog, Run};
use crate::driver::paths::{self, End};
use crate::driver::{ChangeError, socket};
use crate::path::{PathId, State};

impl Run {
    pub(super) fn change(&mut self, change: Change) {
        // Whoever asked may have gone in the meantime; the change stands all the same.
        match change {
            Change::Add(path, answer) => drop(answer.send(self.add(path))),
            Change::BeginDrill(drill, answer) => drop(answer.send(self.begin_drill(&drill))),
            Change::EndDrill(answer) => drop(answer.send(self.end_drill())),
            Change::Remove(name, answer) => match self.remove(&name) {
                Err(error) => drop(answer.send(Err(error))),
                Ok(endpoint) => {
                    self.tasks.spawn(async move {
                        close(endpoint).await;
                        drop(answer.send(Ok(())));
                    });
                }
            },
        }
    }

    fn add(&mut self, path: PathConfig) -> Result<PathId, ChangeError> {
        path.check(self.present().map(|(_, path)| path))?;
        let id = self.session.free_path().ok_or(paths::Error::TooMany(self.paths.len() + 1))?;
        let listener = match path.end {
            End::Dial(_) => None,
            End::Listen(address) => Some(socket::listening(&path, address)?),
        };
        socket::check(&path)?;
        let system = |source| ChangeError::System { path: path.name.clone(), source };
        let side = path.end.side();
        self.generation += 1;
        let mut link = Link::new(Origin { path: id, link: self.generation }, self.now);
        if let Some(socket) = listener {
            link.listen(&path, socket, &self.maker, &self.network, &mut self.tasks).map_err(system)?;
        }
        put(&mut self.links, id, link);
        put(&mut self.refusals, id, RefusalLog::default());
        put(&mut self.paths, id, path);
        self.session.handle(Input::AddPath { path: id, side }, (self.now)());
        self.tell_facts((self.now)());
        Ok(id)
    }

    /// Gives the endpoint that is to be closed, if it has one.
    fn remove(&mut self, name: &str) -> Result<Option<Endpoint>, ChangeError> {
        let id = self.named(name).map_err(|known| ChangeError::Unknown { path: name.to_owned(), known })?;
        if self.drill.is_some_and(|(drilled, _)| drilled == id) {
            self.drill = None;
        }
        self.generation += 1;
        let next = self.generation;
        let endpoint = self.links.get_mut(usize::from(id.0)).and_then(|link| link.remove(next));
        self.session.handle(Input::RemovePath(id), (self.now)());
        self.tell_facts((self.now)());
        Ok(endpoint)
    }

    /// The path called `name`, or the names of those there are.
    pub(super) fn named(&self, name: &str) -> Result<PathId, String> {
        let found = self.present().find(|(_, path)| path.name == name).map(|(id, _)| id);
        found.ok_or_else(|| self.present().map(|(_, path)| path.name.as_str()).collect::<Vec<_>>().join("`, `"))
    }

    /// The paths that were not removed.
    fn present(&self) -> impl Iterator<Item = (PathId, &PathConfig)> {
        let facts = self.session.facts((self.now)()).paths;
        let paths = (0..=u8::MAX).map(PathId).zip(&self.paths).zip(facts);
        paths.filter(|(_, facts)| facts.state != State::Removed).map(|(path, _)| path)
    }
}

/// Puts `value` at the place of `id`: a new one at the end, or one that was another's.
fn put<T>(list: &mut Vec<T>, id: PathId, value: T) {
    match list.get_mut(usize::from(id.0)) {
        Some(place) => *place = value,
        None => list.push(value),
    }
}

/// Waits until the peer was told and the socket is free, so that the same port can be listened on again.
async fn close(endpoint: Option<Endpoint>) {
    if let Some(endpoint) = endpoint {
        // A peer that does not answer is not waited for.
        drop(tokio::time::timeout(FAREWELL, endpoint.wait_idle()).await);
    }
    // The endpoint's own task closes the socket, in its next turn.
    tokio::task::yield_now().await;
}
