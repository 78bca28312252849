//! A camera in theatre and a mentor who counts what comes of it, in real time.

use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, tick};
use transport::driver::Handle;
use transport::path::State;
use transport::session::Event;
use transport::shards::Frame;

use crate::ends::{PATIENCE, Running, now};

const FRAME_INTERVAL: Duration = Duration::from_millis(33);
pub const FRAME_BYTES: usize = 10_000;
/// Frames of a second: what was lost in a change would be missed by then.
pub const A_SECOND: usize = 30;

/// A theatre that sends pictures until this goes.
pub struct Camera {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A console, with what it has seen.
pub struct Mentor {
    pub end: Running,
    frames: Vec<u64>,
    pub changes: Vec<(u8, State, Option<String>)>,
    peers: usize,
}

impl Camera {
    pub fn start(theatre: Handle) -> Self {
        let (stop, stopped) = bounded::<()>(0);
        let ticks = tick(FRAME_INTERVAL);
        let film = move || {
            let mut independent = true;
            while stopped.try_recv() != Err(crossbeam_channel::TryRecvError::Disconnected) && ticks.recv().is_ok() {
                let frame = Frame::new(std::mem::take(&mut independent), vec![7; FRAME_BYTES]).unwrap();
                theatre.send_frame(frame).unwrap();
            }
        };
        let thread = std::thread::Builder::new().name("camera".to_owned()).spawn(film).unwrap();
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Mentor {
    pub fn new(end: Running) -> Self {
        Self { end, frames: Vec::new(), changes: Vec::new(), peers: 0 }
    }

    /// Takes what comes until `done` is content.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = now() + PATIENCE;
        while !done(self) {
            assert!(now() < deadline, "no {what}: {:?}, {} frames", self.changes, self.frames.len());
            match self.end.events.recv_timeout(FRAME_INTERVAL) {
                Ok(Event::Frame(frame)) => self.frames.push(frame.number),
                Ok(Event::PathChanged { path, state, why }) => self.changes.push((path.0, state, why)),
                Ok(Event::PeerUp { .. }) => self.peers += 1,
                _ => {}
            }
        }
    }

    /// Takes as many frames more.
    pub fn watch(&mut self, frames: usize) {
        let end = self.frames.len() + frames;
        self.until("pictures", |mentor| mentor.frames.len() >= end);
    }

    /// Waits until `path` stands so and says `why`.
    pub fn until_path(&mut self, path: u8, state: State, why: Option<&str>) {
        self.until(&format!("{state:?} path {path} that says {why:?}"), |mentor| {
            let facts = mentor.end.handle.facts();
            let facts = &facts.paths.get(usize::from(path)).unwrap().facts;
            facts.state == state && facts.why.as_deref().map(|why| why.split(':').next().unwrap()) == why
        });
    }

    /// Every picture came, and no connection was made anew.
    pub fn assert_unharmed(&self) {
        assert_eq!(self.end.handle.facts().session.frames_in.lost(), 0);
        assert!(
            self.frames.iter().zip(self.frames.iter().skip(1)).all(|(before, after)| *after == before + 1),
            "{:?}",
            self.frames
        );
        let made_anew = self.changes.iter().any(|(_, state, _)| *state == State::Down);
        assert!(!made_anew && self.peers == 1, "{:?}", self.changes);
    }
}
