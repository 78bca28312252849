//! The thread that listens to the transport: marks and news from the console, and a beat ten times a second.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select, tick};
use program::clock;
use program::trace::Trace;
use protocol::message::Message;
use transport::driver::Handle;
use transport::session::Event;

use super::encoding::Demand;
use super::record;
use super::relay::Relay;

/// How often windows are told when the mentor was last heard: a tenth of the silence after which marks are dashed.
const BEAT: Duration = Duration::from_millis(100);
/// Beats between two lines about the link in the trace: one a second.
const BEATS_PER_RECORD: u32 = 10;

/// The running thread; stops and joins when dropped.
pub struct Link {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gave none.
    pub fn start(
        handle: Handle,
        events: Receiver<Event>,
        relay: Arc<Relay>,
        demand: Demand,
        trace: Trace,
    ) -> std::io::Result<Self> {
        // Nothing is ever sent: the channel's closing is the signal.
        let (stop, stopped) = bounded(0);
        let mut listener = Listener { handle, relay, demand, trace, beats: 0, refused: 0 };
        let thread = Builder::new().name("link".into()).spawn(move || {
            let beat = tick(BEAT);
            loop {
                select! {
                    recv(stopped) -> _ => return,
                    recv(beat) -> _ => listener.beat(),
                    recv(events) -> event => match event {
                        Ok(event) => listener.hear(event),
                        Err(_) => return,
                    },
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Whether the thread still listens. It ends by itself with the transport.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the link thread panicked");
        }
    }
}

struct Listener {
    handle: Handle,
    relay: Arc<Relay>,
    demand: Demand,
    trace: Trace,
    beats: u32,
    /// Messages of the console that were none.
    refused: u64,
}

impl Listener {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Message(bytes) => self.message(&bytes),
            Event::RefreshWanted => self.demand.refresh(),
            Event::Budget(bps) => self.demand.set_budget(bps),
            Event::PeerUp { peer, restarted } => {
                tracing::info!("the console is there{}", if restarted { ", started anew" } else { "" });
                self.relay.peer_up(peer, restarted);
            }
            Event::PathChanged { path, state, why } => {
                let facts = self.handle.facts();
                let name = facts.paths.get(usize::from(path.0)).map_or("?", |path| path.name.as_str());
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                tracing::info!("path {name}: {}{why}", record::state(state));
            }
            // Theatre sends video and is the session's clock; nobody speaks yet, and nothing large is sent.
            Event::Frame(_)
            | Event::FramesLost { .. }
            | Event::Clock(_)
            | Event::Voice { .. }
            | Event::Bulk(_)
            | Event::BulkSent => {}
        }
    }

    fn message(&mut self, bytes: &[u8]) {
        match Message::from_bytes(bytes) {
            Ok(Message::Mark(operation)) => self.relay.operation(&operation),
            Ok(Message::Layout(_) | Message::Receipt(_)) => self.refuse("it is theatre's to send"),
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    /// Says the first of them; the rest would flood the log.
    fn refuse(&mut self, why: &str) {
        if self.refused == 0 {
            tracing::warn!("a message of the console is left out: {why}; so will be others like it");
        }
        self.refused += 1;
    }

    fn beat(&mut self) {
        let facts = self.handle.facts();
        self.relay.tick(facts.session.heard);
        if self.beats.is_multiple_of(BEATS_PER_RECORD) && self.trace.is_on() {
            self.trace.write(record::link(&facts, clock::now()));
        }
        self.beats = self.beats.wrapping_add(1);
    }
}
