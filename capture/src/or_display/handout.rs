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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::Reader;
    use crossbeam_channel::bounded;
    use media::picture::i420;
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;
    use std::os::unix::net::UnixStream;

    #[test]
    fn pictures_come_again_after_readers_that_died_while_they_attached() {
        gstreamer::init().unwrap();
        let socket = std::env::temp_dir().join(format!("handout-{}", std::process::id()));
        let info = i420(SizePx { width: 64, height: 36 }, Colour::default()).unwrap();
        let buffer = gstreamer::Buffer::from_mut_slice(vec![0; info.size()]);
        let picture = Picture { buffer, info, captured: MonoTime(1) };
        let mut handout = Handout::new(socket.clone());
        handout.put(&picture);
        // Fewer than the socket's queue holds, in which one more would wait for ever.
        for _ in 0..5 {
            drop(UnixStream::connect(&socket));
            handout.put(&picture);
        }
        let (deliver, pictures) = bounded(1);
        let _reader = Reader::start(&socket, move |picture| drop(deliver.try_send(picture))).unwrap();
        let deadline = clock::now() + Duration::from_secs(20);
        while pictures.recv_timeout(Duration::from_millis(20)).is_err() {
            assert!(clock::now() < deadline, "no picture came again");
            handout.put(&picture);
        }
    }
}
