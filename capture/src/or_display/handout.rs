//! Hands the window's pictures to `capture-node`, if that can be done; the display never depends on it.

use std::path::PathBuf;
use std::time::Duration;

use media::picture::Picture;
use program::clock;
use protocol::time::MonoTime;

use crate::share::Writer;

/// Pause after shared memory broke: it breaks when the machine's is full, and trying costs a pipeline.
const RETRY: Duration = Duration::from_secs(1);

/// The way out for pictures, made again after it broke.
pub struct Handout {
    socket: PathBuf,
    state: State,
}

enum State {
    Open(Box<Writer>),
    Broken { until: MonoTime },
}

impl Handout {
    /// A way out at `socket`, opened with the first picture.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, state: State::Broken { until: MonoTime(0) } }
    }

    /// Hands `picture` out, or drops it. Never waits.
    pub fn put(&mut self, picture: &Picture) {
        if let State::Broken { until } = self.state {
            if clock::now() < until {
                return;
            }
            match Writer::open(&self.socket) {
                Ok(writer) => self.state = State::Open(Box::new(writer)),
                Err(error) => return self.give_up(&error),
            }
        }
        if let State::Open(writer) = &mut self.state
            && let Err(error) = writer.put(picture)
        {
            self.give_up(&error);
        }
    }

    fn give_up(&mut self, error: &crate::share::Error) {
        tracing::error!("{error}; the display goes on, capture-node gets no pictures until this works again");
        self.state = State::Broken { until: clock::now() + RETRY };
    }
}
