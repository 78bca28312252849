//! Between the transport and the window: a thread that turns access units into pictures and keeps the newest one
//! for the window. The decoder itself is `media`'s.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use media::decode::Decoders;
use media::h265::H265;
use media::pattern::Gauge;
use media::picture::Picture;
use media::slot::Slot;
use program::clock;
use protocol::codec::Codec;
use protocol::frame::Header;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::FrameId;
use protocol::time::MonoTime;

use crate::console::{Console, Shared};
use crate::journal::Ticket;
use crate::waker::Waker;

/// Frames that may wait for the decoder. It is faster than they come; a burst released at once after a gap must fit.
/// When it is full the transport waits, and drops and asks for a refresh by itself if that lasts.
const QUEUE_FRAMES: usize = 8;

/// Where an access unit came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The session's video.
    Frame {
        /// The console's name for it.
        ticket: Ticket,
        /// The transport's name for it.
        number: u64,
    },
    /// The bulk lane: the canvas as a still.
    Still,
}

/// A frame to be decoded.
pub struct Job {
    /// Where it came from.
    pub origin: Origin,
    /// What theatre says about it.
    pub header: Arc<Header>,
    /// What its picture is encoded as.
    pub codec: Codec,
    /// The frame's bytes, the header included.
    pub bytes: Bytes,
    /// Where in `bytes` the access unit begins.
    pub access_unit_at: usize,
}

/// A decoded frame.
#[derive(Clone)]
pub struct Decoded {
    /// Where it came from.
    pub origin: Origin,
    /// What theatre says about it.
    pub header: Arc<Header>,
    /// Its picture.
    pub picture: Picture,
}

/// The thread's ends.
pub struct Decode {
    /// Frames go in here, in order.
    pub jobs: Sender<Job>,
    /// The newest picture comes out here.
    pub newest: Arc<Slot<Decoded>>,
    /// Ends when every sender of jobs is gone.
    pub thread: JoinHandle<()>,
}

/// Why frames cannot be decoded on this machine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer or a plugin of it is missing.
    #[error(transparent)]
    Missing(#[from] media::InitError),
    /// The decoder does not start.
    #[error(transparent)]
    Decoder(#[from] media::decode::Error),
    /// The system gave no thread.
    #[error("no thread to decode on: {0}")]
    Thread(#[from] io::Error),
}

/// Told the transport's number of a frame that cannot be decoded though it came whole.
pub type Refuse = Box<dyn Fn(u64) + Send>;

/// Starts the thread. `h265` says whether theatre is told that H.265 is decoded here.
///
/// # Errors
/// See [`Error`].
pub fn start(h265: H265, console: Shared, waker: Waker, refuse: Refuse) -> Result<Decode, Error> {
    media::init_codecs()?;
    let (decoders, report) = Decoders::start(h265)?;
    match report {
        Ok(report) => tracing::info!("decodes H.265 too, by {report}"),
        Err(none) => tracing::info!("decodes H.264 only: {none}"),
    }
    console.lock().codecs.set(decoders.beside_h264());
    let (jobs, queue) = bounded(QUEUE_FRAMES);
    let newest = Arc::new(Slot::default());
    let slot = Arc::clone(&newest);
    let work = Work { decoders, newest: None, gauge: Gauge::default(), slot, console, waker, refuse };
    let thread = Builder::new().name("decode".into()).spawn(move || work.run(&queue))?;
    Ok(Decode { jobs, newest, thread })
}

struct Work {
    decoders: Decoders,
    /// The newest frame that was decoded.
    newest: Option<FrameId>,
    gauge: Gauge,
    slot: Arc<Slot<Decoded>>,
    console: Shared,
    waker: Waker,
    refuse: Refuse,
}

impl Work {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut last = Outcome::Picture;
        for job in queue {
            let outcome = self.decode(job, last);
            if (last, outcome) == (Outcome::Nothing, Outcome::Picture) {
                tracing::info!("frames decode again");
            }
            last = outcome;
        }
    }

    fn decode(&mut self, job: Job, last: Outcome) -> Outcome {
        if self.is_overtaken(&job) {
            return last;
        }
        let access_unit = job.bytes.get(job.access_unit_at..).unwrap_or_default();
        match self.decoded(&job, access_unit) {
            Ok(picture) => {
                self.show(job, picture);
                Outcome::Picture
            }
            Err(error) => {
                self.refuse(&job, &error, last);
                Outcome::Nothing
            }
        }
    }

    /// Whether it is a still, and a later frame was there before it: the lane for large things is slow.
    fn is_overtaken(&self, job: &Job) -> bool {
        let later = |newest: FrameId| newest.epoch == job.header.id.epoch && newest.index > job.header.id.index;
        job.origin == Origin::Still && self.newest.is_some_and(later)
    }

    fn show(&mut self, job: Job, picture: Picture) {
        // Theatre says what its colours are, which a stream may leave out.
        let picture = picture.in_colour(job.header.colour);
        if let Origin::Frame { ticket, .. } = job.origin {
            self.newest = Some(job.header.id);
            let pattern = {
                let mut console = self.console.lock();
                console.frames.decoded(ticket, clock::now());
                console.pattern_in(&job.header)
            };
            if let Some((at, size)) = pattern {
                self.judge(&picture, at, size);
            }
        }
        self.slot.put(Decoded { origin: job.origin, header: job.header, picture });
        self.waker.wake();
    }

    fn refuse(&self, job: &Job, error: &media::decode::Error, last: Outcome) {
        let mut console = self.console.lock();
        // A decoder that is not fit for the stream was given up.
        console.codecs.set(self.decoders.beside_h264());
        let Console { codecs, outbox, .. } = &mut *console;
        codecs.tell(outbox);
        match job.origin {
            Origin::Still => tracing::warn!("a still of the canvas is left out: {error}"),
            Origin::Frame { ticket, number } => {
                if last == Outcome::Picture {
                    tracing::warn!("frame {}: {error}; theatre is asked for an independent one", job.header.id);
                }
                console.frames.undecodable(ticket);
                drop(console);
                (self.refuse)(number);
            }
        }
    }

    /// The picture's capture time is in the frame's header, on theatre's clock; this machine's has no part in it.
    fn decoded(&mut self, job: &Job, access_unit: &[u8]) -> Result<Picture, media::decode::Error> {
        match job.origin {
            Origin::Frame { .. } => self.decoders.decode(job.codec, access_unit, MonoTime::default()),
            Origin::Still => self.decoders.decode_alone(job.codec, access_unit, MonoTime::default()),
        }
    }

    /// Looks at a test picture of this size, at its place on the canvas. Nobody else waits for that.
    fn judge(&mut self, picture: &Picture, at: CanvasRect, size: SizePx) {
        match self.gauge.look(picture, at, size) {
            Ok(look) => {
                if let Some(judge) = &mut self.console.lock().pattern {
                    judge.take(&look, picture.size(), clock::now());
                }
            }
            Err(error) => tracing::warn!("the test picture cannot be judged: {error}"),
        }
    }
}

/// What the decoder made of a frame. Only changes are logged: frames come by the dozen a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Picture,
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Arrival;
    use crate::outbox::Outbox;
    use crate::scene::tests::header;
    use media::encode::family::Family;
    use media::encode::{self, Encoder, Rate};
    use media::pattern::paint;
    use media::picture::{Pool, i420};
    use program::trace::Trace;
    use protocol::colour::Colour;
    use protocol::frame::Freshness;
    use protocol::ids::Epoch;

    const ARRIVAL: Arrival = Arrival { first_shard: MonoTime(0), complete: MonoTime(0), released: MonoTime(0) };

    /// A running decoder of H.264, what its console knows, and the frames that it refuses.
    fn started() -> (Shared, Decode, Receiver<u64>) {
        let console = Shared::new(Console::new(Trace::default(), Epoch(1), Outbox::nowhere(), MonoTime(0)));
        let (refused, refusals) = bounded(4);
        let refuse = Box::new(move |number| refused.send(number).unwrap());
        let decode = start(H265::Never, console.clone(), Waker::default(), refuse).unwrap();
        (console, decode, refusals)
    }

    #[test]
    fn a_frame_that_no_decoder_takes_is_refused_by_its_number_and_the_thread_goes_on() {
        let (console, decode, refusals) = started();
        let header = Arc::new(header(Freshness::Live, Freshness::Live));
        for number in [7, 8] {
            let ticket = console.lock().released(&header, number, ARRIVAL);
            let bytes = Bytes::from_static(b"\0\0\0\x01\x65 no slice of any picture");
            let origin = Origin::Frame { ticket, number };
            let (header, codec) = (Arc::clone(&header), Codec::H264);
            decode.jobs.send(Job { origin, header, codec, bytes, access_unit_at: 0 }).unwrap();
        }
        drop(decode.jobs);
        decode.thread.join().unwrap();
        assert_eq!(refusals.iter().collect::<Vec<_>>(), [7, 8]);
        assert!(decode.newest.newer_than(0).is_none());
    }

    #[test]
    fn a_still_that_comes_after_later_frames_is_left_out_and_video_goes_on() {
        let (console, decode, refusals) = started();
        let rate = Rate { bitrate_bps: 1_000_000, pictures_per_second: 30.0 };
        let (size, colour) = (SizePx { width: 320, height: 240 }, Colour::default());
        let config = encode::Config { size, colour, rate, codec: Codec::H264, family: Family::X264 };
        let [mut video, mut stills] = [(); 2].map(|()| Encoder::start(&config).unwrap());
        let pool = Pool::new(&i420(size, colour).unwrap()).unwrap();
        let job = |index: u64, encoder: &mut Encoder, is_still: bool| {
            let unit = encoder.encode(&paint(size, size, &pool, index).unwrap()).unwrap();
            let mut header = header(Freshness::Live, Freshness::Live);
            header.id.index = index;
            let ticket = console.lock().released(&header, index, ARRIVAL);
            let origin = if is_still { Origin::Still } else { Origin::Frame { ticket, number: index } };
            Job { origin, header: header.into(), codec: Codec::H264, bytes: unit.bytes.into(), access_unit_at: 0 }
        };
        let late = job(3, &mut stills, true);
        for job in [job(4, &mut video, false), late, job(5, &mut video, false)] {
            decode.jobs.send(job).unwrap();
        }
        drop(decode.jobs);
        decode.thread.join().unwrap();
        assert_eq!(refusals.iter().count(), 0, "no frame is refused for it");
        assert_eq!(decode.newest.newer_than(0).unwrap().1.header.id.index, 5);
    }
}
