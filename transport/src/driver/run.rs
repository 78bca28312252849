//! The driver's loop: what happens outside goes into the session, what the session wants done is done. Paths that come
//! and go are `changes`'s, drills are `drills`'s.

mod changes;
mod drills;

use std::net::UdpSocket;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;
use quinn::Endpoint;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::change::Change;
use super::link::{Link, Network, Origin};
use super::outbox::Outbox;
use super::present::Packing;
use super::quic::{CLOSE_STOPPED, Established, Maker};
use super::refusals::RefusalLog;
use super::{End, Facts, PathConfig, PathFacts};
use crate::drill::Period;
use crate::path::{PathId, Side};
use crate::session::{Event, Input, Output, Session};
use crate::shards::Frame;

/// Facts are told anew this often: three frames; a display redraws its numbers no faster.
const FACTS_INTERVAL: Duration = Duration::from_millis(50);
/// A program that did not take its events is looked after again this soon.
const HELD_INTERVAL: Duration = Duration::from_millis(5);
/// Sockets are looked after this often, whatever else is due: a modem that comes back is used before anybody asks, and a look costs microseconds.
const MEND_INTERVAL: Duration = Duration::from_millis(250);
/// How long a stopping program waits until its peers were told.
const FAREWELL: Duration = Duration::from_millis(200);

/// What the program and the network put in.
pub struct Inbox {
    /// One word ends the loop.
    pub stop: mpsc::Receiver<()>,
    /// Frames to send.
    pub frames: mpsc::Receiver<Frame>,
    /// Frames and large things so far may not leave any more.
    pub withdraw: Arc<Notify>,
    /// Messages to send.
    pub messages: mpsc::Receiver<Bytes>,
    /// Speech to send.
    pub voice: mpsc::Receiver<Bytes>,
    /// Large things to send.
    pub bulk: mpsc::Receiver<Bytes>,
    /// Whether somebody looks at what they bring.
    pub raise_bulk: watch::Receiver<bool>,
    /// Frames that the program could not use.
    pub refused: mpsc::Receiver<u64>,
    /// Paths to add and to remove, drills to begin and to end.
    pub changes: mpsc::Receiver<Change>,
    /// What the tasks saw.
    pub network: mpsc::Receiver<Network>,
}

/// Everything the loop holds.
pub struct Run {
    session: Session,
    paths: Vec<PathConfig>,
    links: Vec<Link>,
    refusals: Vec<RefusalLog>,
    outbox: Outbox,
    facts: Arc<Mutex<Facts>>,
    facts_at: MonoTime,
    mended_at: MonoTime,
    maker: Maker,
    network: mpsc::Sender<Network>,
    tasks: JoinSet<()>,
    /// The last drill; over once its time is.
    drill: Option<(PathId, Period)>,
    /// Links and connections made so far.
    generation: u64,
    now: fn() -> MonoTime,
}

impl Run {
    /// A loop about `session`. `network` is the sending half of [`Inbox::network`].
    pub fn new(
        session: Session,
        paths: Vec<PathConfig>,
        outbox: Outbox,
        facts: Arc<Mutex<Facts>>,
        maker: Maker,
        network: mpsc::Sender<Network>,
        now: fn() -> MonoTime,
    ) -> Self {
        let origins = (0..=u8::MAX).map(|id| Origin { path: PathId(id), link: id.into() });
        Self {
            session,
            links: origins.take(paths.len()).map(|origin| Link::new(origin, now)).collect(),
            refusals: paths.iter().map(|_| RefusalLog::default()).collect(),
            paths,
            outbox,
            facts,
            facts_at: now(),
            mended_at: now(),
            maker,
            network,
            tasks: JoinSet::new(),
            drill: None,
            generation: u8::MAX.into(),
            now,
        }
    }

    /// Accepts on the listening paths' sockets. Needs a running tokio runtime.
    ///
    /// # Errors
    /// If the system does not serve one of them.
    pub fn accept(&mut self, sockets: Vec<(PathId, UdpSocket)>) -> std::io::Result<()> {
        for (id, socket) in sockets {
            let at = usize::from(id.0);
            if let (Some(link), Some(path)) = (self.links.get_mut(at), self.paths.get(at)) {
                link.listen(path, socket, &self.maker, &self.network, &mut self.tasks)?;
            }
        }
        self.tell_facts((self.now)());
        Ok(())
    }

    /// Runs until the program stops it or lets go of its handle.
    pub async fn run(mut self, mut inbox: Inbox) {
        loop {
            self.pump();
            let alone = self.links.iter_mut().fold(false, |waits, link| link.release() | waits);
            let wait = self.wait();
            tokio::select! {
                biased;
                _ = inbox.stop.recv() => break,
                Some(event) = inbox.network.recv(), if self.outbox.has_room() => self.network(event),
                () = inbox.withdraw.notified() => self.withdraw(&mut inbox.frames, &mut inbox.bulk),
                frame = inbox.frames.recv() => match frame {
                    Some(frame) => self.session.handle(Input::Frame(frame), (self.now)()),
                    None => break,
                },
                Some(bytes) = inbox.voice.recv() => self.voice(&bytes),
                Some(number) = inbox.refused.recv() => self.session.handle(Input::FrameNotTaken(number), (self.now)()),
                Some(change) = inbox.changes.recv() => self.change(change),
                Some(bytes) = inbox.messages.recv(), if self.session.message_room() > 0 => self.message(bytes),
                Some(bytes) = inbox.bulk.recv(), if self.session.bulk_room() > 0 => self.bulk(bytes),
                Ok(()) = inbox.raise_bulk.changed() => {
                    let raised = *inbox.raise_bulk.borrow_and_update();
                    self.session.handle(Input::RaiseBulk(raised), (self.now)());
                }
                // The connection's own task sends what was released.
                () = tokio::task::yield_now(), if alone => {}
                () = tokio::time::sleep(wait) => self.session.handle(Input::Timeout, (self.now)()),
            }
        }
        self.farewell(inbox).await;
    }

    /// Drops the frames and large things that wait here, and has the session drop those that wait there.
    fn withdraw(&mut self, frames: &mut mpsc::Receiver<Frame>, bulk: &mut mpsc::Receiver<Bytes>) {
        let frames = std::iter::from_fn(|| frames.try_recv().ok()).count() as u64;
        let bulk = std::iter::from_fn(|| bulk.try_recv().ok()).count();
        self.session.handle(Input::Withdraw { frames, bulk }, (self.now)());
    }

    /// Does what the session wants done.
    fn pump(&mut self) {
        self.outbox.flush();
        let now = (self.now)();
        if now.since(self.mended_at) >= MEND_INTERVAL {
            self.mend(now);
        }
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send { path, bytes } => {
                    if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                        let narrow = self.session.is_narrow(path);
                        link.send(bytes, if narrow { Packing::Alone } else { Packing::Together });
                    }
                }
                Output::Dial(path) => self.dial(path),
                Output::Close(path) => {
                    if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                        link.close(b"a new connection takes the place of this one");
                    }
                }
                Output::Event(event) => self.event(event),
            }
        }
        while self.tasks.try_join_next().is_some() {}
        let now = (self.now)();
        if now.since(self.facts_at) >= FACTS_INTERVAL {
            self.tell_facts(now);
        }
    }

    /// Time until something is due.
    fn wait(&self) -> Duration {
        let due = self.session.next_deadline().map(|(at, _)| at.since((self.now)()));
        let wait = due.unwrap_or(MEND_INTERVAL).min(MEND_INTERVAL);
        if self.outbox.is_holding() { wait.min(HELD_INTERVAL) } else { wait }
    }

    fn network(&mut self, event: Network) {
        let now = (self.now)();
        match event {
            Network::Dialling(origin, local) => {
                if let Some(link) = self.link(origin) {
                    link.dials_from(local);
                }
            }
            Network::Up(origin, established) => self.up(origin, established, now),
            Network::Failed(origin, error) => {
                let Some(link) = self.link(origin) else { return };
                let why = link.why(&error);
                self.log(origin.path, "no connection", &why, now);
                self.session.handle(Input::PathDown { path: origin.path, why }, now);
            }
            Network::Refused(origin, why) => self.log(origin.path, "a peer was refused", &why, now),
            Network::Datagram(origin, generation, bytes) => {
                if self.link(origin).is_some_and(|link| link.is_present(generation)) {
                    self.session.handle(Input::Datagram { path: origin.path, bytes }, now);
                }
            }
            Network::Closed(origin, generation, error) => {
                if let Some(link) = self.link(origin).filter(|link| link.is_present(generation)) {
                    let why = link.why(&error);
                    link.drop_present();
                    self.session.handle(Input::PathDown { path: origin.path, why }, now);
                }
            }
        }
    }

    fn up(&mut self, origin: Origin, established: Established, now: MonoTime) {
        let Origin { path, .. } = origin;
        let (peer, max_datagram_bytes) = (established.peer, established.max_datagram_bytes);
        let Some(link) = self.links.get_mut(usize::from(path.0)).filter(|link| link.origin() == origin) else { return };
        self.generation += 1;
        link.adopt(self.generation, established, &self.maker, &self.network, &mut self.tasks);
        self.session.handle(Input::PathUp { path, peer, max_datagram_bytes }, now);
    }

    /// The link that a task worked for, if it is still there.
    fn link(&mut self, origin: Origin) -> Option<&mut Link> {
        self.links.get_mut(usize::from(origin.path.0)).filter(|link| link.origin() == origin)
    }

    /// Says why there is no connection; seldom, however often it is tried.
    fn log(&mut self, path: PathId, what: &str, why: &str, now: MonoTime) {
        let at = usize::from(path.0);
        if let (Some(log), Some(config)) = (self.refusals.get_mut(at), self.paths.get(at))
            && log.admits(why, now)
        {
            tracing::warn!(path = config.name, "{what}: {why}");
        }
    }

    fn message(&mut self, bytes: Bytes) {
        if let Err(error) = self.session.send_message(bytes, (self.now)()) {
            // Size and room were looked at before; a message dropped here would be a defect worth a line.
            tracing::error!("a message was not sent: {error}");
        }
    }

    fn voice(&mut self, bytes: &[u8]) {
        if let Err(error) = self.session.send_voice(bytes, (self.now)()) {
            tracing::error!("a piece of voice was not sent: {error}");
        }
    }

    fn bulk(&mut self, bytes: Bytes) {
        if let Err(error) = self.session.send_bulk(bytes, (self.now)()) {
            tracing::error!("something large was not sent: {error}");
        }
    }

    fn dial(&mut self, id: PathId) {
        let at = usize::from(id.0);
        if let (Some(path), Some(link)) = (self.paths.get(at), self.links.get_mut(at))
            && let End::Dial(address) = &path.end
        {
            link.dial(path, address, &self.maker, &self.network, &mut self.tasks);
        }
    }

    /// Looks after the sockets, and tells the session what is wrong with lines.
    fn mend(&mut self, now: MonoTime) {
        self.mended_at = now;
        let links = (0..=u8::MAX).map(PathId).zip(&self.paths).zip(&mut self.links);
        let changed: Vec<_> = links.filter_map(|((id, path), link)| Some((id, link.mend(path)?))).collect();
        for (path, fault) in changed {
            let trouble = fault.map(|fault| fault.to_string());
            if let Some(trouble) = &trouble {
                self.log(path, "nothing leaves", trouble, now);
            }
            self.session.handle(Input::PathTrouble { path, trouble }, now);
        }
    }

    fn event(&mut self, event: Event) {
        if matches!(event, Event::PathChanged { .. } | Event::PeerUp { .. }) {
            self.spare_last_path();
            self.tell_facts((self.now)());
        }
        if let Some(number) = self.outbox.push(event) {
            self.session.handle(Input::FrameNotTaken(number), (self.now)());
        }
    }

    fn tell_facts(&mut self, now: MonoTime) {
        self.facts_at = now;
        let session = self.session.facts(now);
        let paths = self.paths.iter().zip(&session.paths).zip(&self.links);
        let path = |((config, facts), link): ((&PathConfig, &crate::path::Facts), &Link)| PathFacts {
            name: config.name.clone(),
            facts: facts.clone(),
            traffic: link.traffic(),
            listening: link
                .endpoint()
                .filter(|_| config.end.side() == Side::Listens)
                .and_then(|at| at.local_addr().ok()),
            drill: None,
        };
        let mut paths: Vec<PathFacts> = paths.map(path).collect();
        if let Some((id, period)) = self.drill(now)
            && let Some(path) = paths.get_mut(usize::from(id.0))
        {
            path.drill = Some(period);
        }
        let facts = Facts { paths, session };
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// Tells every peer, those still greeting included, that the program stops.
    async fn farewell(self, mut inbox: Inbox) {
        let untaken = std::iter::from_fn(|| inbox.network.try_recv().ok()).filter_map(|event| match event {
            Network::Dialling(_, local) => Some(local.endpoint().clone()),
            _ => None,
        });
        let untaken: Vec<Endpoint> = untaken.collect();
        let known = self.links.iter().filter_map(Link::endpoint).cloned();
        let endpoints: Vec<Endpoint> = known.chain(untaken).collect();
        for endpoint in &endpoints {
            endpoint.close(CLOSE_STOPPED, b"the program has stopped");
        }
        let told = async {
            for endpoint in &endpoints {
                endpoint.wait_idle().await;
            }
        };
        // A peer that does not answer is not waited for; it will see silence.
        drop(tokio::time::timeout(FAREWELL, told).await);
    }
}
