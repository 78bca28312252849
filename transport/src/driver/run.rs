//! The driver's loop: what happens outside goes into the session, what the session wants done is done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;
use quinn::Endpoint;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::link::{self, Link, Network, RefusalLog};
use super::outbox::Outbox;
use super::quic::{CLOSE_STOPPED, Established, Maker};
use super::{End, Facts, PathConfig, PathFacts};
use crate::path::PathId;
use crate::session::{Event, Input, Output, Session};
use crate::shards::Frame;

/// Facts are told anew this often: three frames; a display redraws its numbers no faster.
const FACTS_INTERVAL: Duration = Duration::from_millis(50);
/// A program that did not take its events is looked after again this soon.
const HELD_INTERVAL: Duration = Duration::from_millis(5);
/// Without anything due, the loop still turns this often.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a stopping program waits until its peers were told.
const FAREWELL: Duration = Duration::from_millis(200);

/// What the program and the network put in.
pub struct Inbox {
    /// One word ends the loop.
    pub stop: mpsc::Receiver<()>,
    /// Frames to send.
    pub frames: mpsc::Receiver<Frame>,
    /// Messages to send.
    pub messages: mpsc::Receiver<Bytes>,
    /// Frames that the program could not use.
    pub refused: mpsc::Receiver<u64>,
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
    maker: Maker,
    network: mpsc::Sender<Network>,
    tasks: JoinSet<()>,
    listeners: Vec<Endpoint>,
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
        let ids = (0..=u8::MAX).map(PathId);
        Self {
            session,
            links: ids.take(paths.len()).map(Link::new).collect(),
            refusals: paths.iter().map(|_| RefusalLog::default()).collect(),
            paths,
            outbox,
            facts,
            facts_at: now(),
            maker,
            network,
            tasks: JoinSet::new(),
            listeners: Vec::new(),
            generation: 0,
            now,
        }
    }

    /// Accepts on the listening paths' endpoints.
    pub fn accept(&mut self, endpoints: Vec<(PathId, Endpoint)>) {
        for (id, endpoint) in endpoints {
            self.listeners.push(endpoint.clone());
            self.tasks.spawn(link::accept(id, endpoint, self.maker.clone(), self.network.clone()));
        }
    }

    /// Runs until the program stops it or lets go of its handle.
    pub async fn run(mut self, mut inbox: Inbox) {
        loop {
            self.pump();
            let wait = self.wait();
            tokio::select! {
                biased;
                _ = inbox.stop.recv() => break,
                Some(event) = inbox.network.recv(), if self.outbox.has_room() => self.network(event),
                frame = inbox.frames.recv() => match frame {
                    Some(frame) => self.session.handle(Input::Frame(frame), (self.now)()),
                    None => break,
                },
                Some(number) = inbox.refused.recv() => self.session.handle(Input::FrameNotTaken(number), (self.now)()),
                Some(bytes) = inbox.messages.recv(), if self.session.message_room() > 0 => self.message(bytes),
                () = tokio::time::sleep(wait) => self.session.handle(Input::Timeout, (self.now)()),
            }
        }
        self.farewell(inbox).await;
    }

    /// Does what the session wants done.
    fn pump(&mut self) {
        self.outbox.flush();
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send { path, bytes } => {
                    if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                        link.send(bytes);
                    }
                }
                Output::Dial(path) => self.dial(path),
                Output::Close(path) => {
                    if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                        link.close(b"this connection belongs to a former life of the peer");
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
        let wait = due.unwrap_or(IDLE_INTERVAL).min(IDLE_INTERVAL);
        if self.outbox.is_holding() { wait.min(HELD_INTERVAL) } else { wait }
    }

    fn network(&mut self, event: Network) {
        let now = (self.now)();
        match event {
            Network::Dialling(path, endpoint) => {
                if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                    link.dials_from(Some(endpoint));
                }
            }
            Network::Up(path, established) => {
                self.generation += 1;
                let (peer, max_datagram_bytes) = (established.peer, established.max_datagram_bytes);
                let Some(link) = self.links.get_mut(usize::from(path.0)) else { return };
                link.adopt(self.generation, established, &self.maker, &self.network, &mut self.tasks);
                self.session.handle(Input::PathUp { path, peer, max_datagram_bytes }, now);
            }
            Network::Failed(path, why) => {
                self.log(path, "no connection", &why, now);
                if let Some(link) = self.links.get_mut(usize::from(path.0)) {
                    link.dials_from(None);
                }
                self.session.handle(Input::PathDown { path, why }, now);
            }
            Network::Refused(path, why) => self.log(path, "a peer was refused", &why, now),
            Network::Datagram(path, generation, bytes) => {
                if self.is_present(path, generation) {
                    self.session.handle(Input::Datagram { path, bytes }, now);
                }
            }
            Network::Closed(path, generation, why) => {
                if self.is_present(path, generation) {
                    self.links.iter_mut().skip(usize::from(path.0)).take(1).for_each(Link::drop_present);
                    self.session.handle(Input::PathDown { path, why }, now);
                }
            }
        }
    }

    fn is_present(&self, path: PathId, generation: u64) -> bool {
        self.links.get(usize::from(path.0)).is_some_and(|link| link.is_present(generation))
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

    fn dial(&mut self, id: PathId) {
        let Some(path) = self.paths.get(usize::from(id.0)) else { return };
        if let End::Dial(address) = path.end.clone() {
            self.tasks.spawn(link::dial(id, path.clone(), address, self.maker.clone(), self.network.clone()));
        }
    }

    fn event(&mut self, event: Event) {
        if matches!(event, Event::PathChanged { .. } | Event::PeerUp { .. }) {
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
        };
        let facts = Facts { paths: paths.map(path).collect(), session };
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// Tells every peer, those still greeting included, that the program stops.
    async fn farewell(self, mut inbox: Inbox) {
        let untaken = std::iter::from_fn(|| inbox.network.try_recv().ok()).filter_map(|event| match event {
            Network::Dialling(_, endpoint) | Network::Up(_, Established { endpoint, .. }) => Some(endpoint),
            _ => None,
        });
        let untaken: Vec<Endpoint> = untaken.collect();
        let known = self.links.iter().flat_map(Link::endpoints).cloned();
        let endpoints: Vec<Endpoint> = known.chain(self.listeners).chain(untaken).collect();
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
