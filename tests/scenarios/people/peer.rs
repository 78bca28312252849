//! A participant without a window: the transport of a console, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use harness::certificates::Identity;
use netem::profile::Profile;
use netem::relay::{self, Relay};
use program::clock;
use protocol::frame::Header;
use protocol::ids::{Epoch, SourceId};
use transport::driver::{self, Config, End, Handle, PathConfig, Uplink};
use transport::hello::Role;
use transport::schedule::Policy;
use transport::session::Event;

use crate::stage::SOON;

/// The way from one participant to theatre.
pub struct Line {
    /// Who the participant is.
    pub console: Identity,
    /// Theatre's certificate.
    pub theatre: PathBuf,
    /// Where theatre awaits it.
    pub ports: Vec<u16>,
}

/// A participant in a session.
pub struct Peer {
    handle: Handle,
    relay: Option<Relay>,
    story: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

/// What a participant saw.
#[derive(Debug, Clone, Default)]
pub struct Story {
    /// When each frame came, by this machine's clock.
    pub released_us: Vec<u64>,
    /// Frames given up.
    pub lost: u64,
    /// Whether the first frame was an independent one.
    pub begins_independent: bool,
    /// How each source stood in the frames, one word for each change.
    pub sources: BTreeMap<SourceId, Vec<&'static str>>,
    /// How late the emulated link was at worst.
    pub late_us: u64,
}

#[derive(Debug, Default)]
struct Told {
    story: Mutex<Story>,
    news: Condvar,
}

impl Peer {
    /// Joins over the link `profile`, in the life `epoch`.
    pub fn join(line: &Line, profile: &str, epoch: u32) -> Self {
        let profile = Profile::by_name(profile).expect("a profile");
        let loopback = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let paths = line.ports.iter().map(|port| relay::Path { listen: loopback(0), far: loopback(*port) }).collect();
        let relay = Relay::start(relay::Config { paths, profile, seed: epoch.into() }).expect("a relay");
        let path = |(at, address): (usize, &std::net::SocketAddr)| PathConfig {
            name: at.to_string(),
            end: End::Dial(address.to_string()),
            uplink: Uplink::Routed,
        };
        let files = driver::tls::Files {
            certificate: line.console.certificate.clone(),
            key: line.console.key.clone(),
            peer_certificate: line.theatre.clone(),
        };
        let config = Config {
            role: Role::Console,
            epoch: Epoch(epoch),
            seed: epoch.into(),
            paths: relay.addresses().iter().enumerate().map(path).collect(),
            policy: Policy::default(),
            files,
            now: clock::now,
            wake: None,
        };
        let (handle, events) = driver::start(config).expect("a session");
        let story = Arc::<Told>::default();
        let told = Arc::clone(&story);
        let thread = std::thread::Builder::new().name(format!("peer-{epoch}")).spawn(move || told.follow(&events));
        Self { handle, relay: Some(relay), story, thread: Some(thread.expect("a thread")) }
    }

    /// The link's counted time begins.
    pub fn start_counting(&self) {
        self.relay.as_ref().expect("a link").start_counting();
    }

    /// How many frames have come.
    pub fn frames(&self) -> usize {
        self.story.lock().released_us.len()
    }

    /// Waits until so many frames have come in all.
    pub fn wait_for_frames(&self, count: usize) {
        let story = self.story.lock();
        let waits = |story: &mut Story| story.released_us.len() < count;
        let (story, limit) =
            self.story.news.wait_timeout_while(story, SOON, waits).unwrap_or_else(PoisonError::into_inner);
        assert!(!limit.timed_out(), "{} frames of {count} within {SOON:?}", story.released_us.len());
    }

    /// Waits until the frames say that `source` stands so.
    pub fn wait_for_source(&self, source: SourceId, wanted: &str) {
        let stands = |story: &Story| story.sources.get(&source).and_then(|states| states.last().copied());
        let waits = |story: &mut Story| stands(story) != Some(wanted);
        let story = self.story.lock();
        let (story, limit) =
            self.story.news.wait_timeout_while(story, SOON, waits).unwrap_or_else(PoisonError::into_inner);
        assert!(!limit.timed_out(), "not {wanted} within {SOON:?}: {:?}", story.sources.get(&source));
    }

    /// Everything between it and theatre is gone at once; then it ends, unheard.
    pub fn vanish(&mut self) {
        self.relay = None;
        self.leave();
    }

    /// Says goodbye. What it saw.
    pub fn leave(&mut self) -> Story {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it follows to the end");
        }
        let late_us = self.relay.as_ref().map_or(0, |relay| relay.report().lateness.max_us);
        Story { late_us, ..self.story.lock().clone() }
    }
}

impl Told {
    /// Until the session has ended.
    fn follow(&self, events: &Receiver<Event>) {
        for event in events {
            let mut story = self.lock();
            match event {
                Event::Frame(frame) => {
                    story.begins_independent |= story.released_us.is_empty() && frame.independent;
                    let (header, _) = Header::take(&frame.bytes).expect("a frame's header");
                    for tile in &header.tiles {
                        let states = story.sources.entry(tile.source).or_default();
                        let word = tile.freshness.word();
                        if states.last() != Some(&word) {
                            states.push(word);
                        }
                    }
                    story.released_us.push(frame.timing.released.0);
                }
                Event::FramesLost { numbers, .. } if !story.released_us.is_empty() => {
                    story.lost += numbers.end - numbers.start;
                }
                _ => {}
            }
            self.news.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
