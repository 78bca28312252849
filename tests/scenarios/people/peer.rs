//! A participant without a window: the transport of a console, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::Receiver;
use harness::certificates::Identity;
use netem::profile::Profile;
use netem::relay::{self, Relay};
use program::clock;
use protocol::arrangement;
use protocol::call::Answer;
use protocol::camera::Offer;
use protocol::codec::Codec;
use protocol::frame::Header;
use protocol::ids::{Epoch, SourceId};
use protocol::layout::Layout;
use protocol::message::Message;
use protocol::vitals::Vitals;
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
    /// Things that came on the bulk lane.
    pub stills: Vec<Bytes>,
    /// Whether the first frame was an independent one.
    pub begins_independent: bool,
    /// What frames were encoded as, one entry for each change.
    pub codecs: Vec<Codec>,
    /// How each source stood in the frames, one word for each change.
    pub sources: BTreeMap<SourceId, Vec<&'static str>>,
    /// What theatre told of vital signs, in its order.
    pub vitals: Vec<Vitals>,
    /// What theatre told of the participant's calls, in its order.
    pub answers: Vec<Answer>,
    /// The canvas's arrangement as theatre told it last.
    pub layout: Option<Layout>,
    /// What theatre told of the participant's wishes for another, in its order.
    pub granted: Vec<arrangement::Answer>,
    /// The room cameras that theatre offered last.
    pub cameras: Option<Vec<Offer>>,
    /// How late the emulated link was at worst.
    pub late_us: u64,
    /// Every frame's bytes, of a peer that keeps them.
    pub frames: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Told {
    story: Mutex<Story>,
    news: Condvar,
    keeps: bool,
}

impl Peer {
    /// Joins over the link `profile`, in the life `epoch`.
    pub fn join(line: &Line, profile: &str, epoch: u32) -> Self {
        Self::joined(line, profile, epoch, Told::default())
    }

    /// The same, and keeps every frame's bytes.
    pub fn join_and_keep(line: &Line, profile: &str, epoch: u32) -> Self {
        Self::joined(line, profile, epoch, Told { keeps: true, ..Told::default() })
    }

    fn joined(line: &Line, profile: &str, epoch: u32, told: Told) -> Self {
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
        let story = Arc::new(told);
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

    /// What the frames so far were encoded as, one entry for each change.
    pub fn codecs(&self) -> Vec<Codec> {
        self.story.lock().codecs.clone()
    }

    /// Waits until frames have been encoded as these, one after the other.
    pub fn wait_for_codecs(&self, wanted: &[Codec]) {
        let story = self.story.lock();
        let waits = |story: &mut Story| story.codecs != wanted;
        let (story, limit) =
            self.story.news.wait_timeout_while(story, SOON, waits).unwrap_or_else(PoisonError::into_inner);
        assert!(!limit.timed_out(), "not {wanted:?} within {SOON:?}: {:?}", story.codecs);
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

    /// Waits until `find` finds something in what it saw.
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&Story) -> Option<T>) -> T {
        let story = self.story.lock();
        let waits = |story: &mut Story| find(story).is_none();
        let (story, _) = self.story.news.wait_timeout_while(story, SOON, waits).unwrap_or_else(PoisonError::into_inner);
        find(&story).unwrap_or_else(|| panic!("{what} within {SOON:?}; {} frames came", story.released_us.len()))
    }

    /// Waits until `find` finds something in what theatre told of vital signs.
    pub fn wait_for_vitals<T>(&self, what: &str, find: impl Fn(&[Vitals]) -> Option<T>) -> T {
        self.wait_for(what, |story| find(&story.vitals))
    }

    /// Waits until theatre has told this of a call.
    pub fn wait_for_answer(&self, wanted: Answer) {
        self.wait_for(&format!("{wanted:?}"), |story| story.answers.contains(&wanted).then_some(()));
    }

    /// Tells theatre something.
    pub fn tell(&self, message: &Message) {
        self.handle.send_message(message.to_bytes().expect("a message")).expect("theatre takes it");
    }

    /// Waits for the first still, and gives it.
    pub fn wait_for_still(&self) -> Bytes {
        self.wait_for("a still", |story| story.stills.first().cloned())
    }

    /// The bytes of the frames it kept.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        self.kept_from(0)
    }

    /// The bytes of the frames it kept but for the first `seen`.
    pub fn kept_from(&self, seen: usize) -> Vec<Vec<u8>> {
        self.story.lock().frames.get(seen..).unwrap_or_default().to_vec()
    }

    /// How the canvas is arranged, once theatre has told it.
    pub fn layout(&self) -> Option<Layout> {
        self.story.lock().layout.clone()
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
                    let (header, codec, _) = Header::take(&frame.bytes).expect("a frame's header");
                    if story.codecs.last() != Some(&codec) {
                        story.codecs.push(codec);
                    }
                    for tile in &header.tiles {
                        let states = story.sources.entry(tile.source).or_default();
                        let word = tile.freshness.word();
                        if states.last() != Some(&word) {
                            states.push(word);
                        }
                    }
                    story.released_us.push(frame.timing.released.0);
                    if self.keeps {
                        story.frames.push(frame.bytes.to_vec());
                    }
                }
                Event::FramesLost { numbers, .. } if !story.released_us.is_empty() => {
                    story.lost += numbers.end - numbers.start;
                }
                Event::Message(bytes) => match Message::from_bytes(&bytes) {
                    Ok(Message::Vitals(vitals)) => story.vitals.push(vitals),
                    Ok(Message::Answer(answer)) => story.answers.push(answer),
                    Ok(Message::Layout(layout)) => story.layout = Some(layout),
                    Ok(Message::LayoutAnswer(answer)) => story.granted.push(answer),
                    Ok(Message::Cameras(offers)) => story.cameras = Some(offers),
                    _ => {}
                },
                Event::Bulk(bytes) => story.stills.push(bytes),
                _ => {}
            }
            self.news.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
