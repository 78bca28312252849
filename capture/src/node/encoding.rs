//! The encoder's thread. One canvas is inside; at most one waits, and a newer one takes its place, so that nothing is
//! encoded that is already outdated and a hiccup shorter than an interval costs no frame. Where access units go is the
//! caller's matter, and so is whether there is room for one: without it a canvas is dropped before the encoder, not after.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use media::encode::family::Family;
use media::encode::probe::{self, Report};
use media::encode::{self, AccessUnit, Encoder, Rate};
use media::picture;
use media::slot::Slot;
use program::clock;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::demand::Demand;
use crate::canvas::Composed;
use crate::config::EncoderKind;

/// Change of the pictures' rate that the encoder is told, as a part of it. Less is the jitter of a clock, and each
/// change costs x264 a moment.
const RATE_CHANGE: f64 = 0.1;

/// How long the thread waits for a canvas at a time. Nothing depends on it: whatever is put wakes it.
const WAIT: Duration = Duration::from_secs(1);

/// Why there is no encoding.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The encoder does not start.
    #[error(transparent)]
    Encoder(#[from] encode::Error),
    /// The system gave no thread.
    #[error("video encoder: no thread: {0}")]
    Thread(std::io::Error),
}

/// A canvas with its access unit.
#[derive(Debug)]
pub struct Encoded {
    /// The canvas.
    pub canvas: Composed,
    /// Its access unit.
    pub unit: AccessUnit,
    /// When the encoder gave it.
    pub at: MonoTime,
}

/// The running thread; stops and joins when dropped.
pub struct Encoding {
    next: Arc<Slot<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is to do next.
#[derive(Debug, Clone)]
enum Order {
    Encode(Box<Composed>),
    End,
}

impl Encoding {
    /// Starts the thread; `admit` and `deliver` run on it. `admit` is asked of each canvas when its turn has come; one that
    /// it does not admit goes no further.
    ///
    /// # Errors
    /// [`Error::Thread`]. That an encoder can be made at all is for the caller to try before; see [`CanvasEncoder::seek`].
    pub fn start(
        encoder: CanvasEncoder,
        demand: Demand,
        admit: impl FnMut(&Composed) -> bool + Send + 'static,
        deliver: impl FnMut(Encoded) + Send + 'static,
    ) -> Result<Self, Error> {
        let next = Arc::<Slot<Order>>::default();
        let orders = Arc::clone(&next);
        let work = Work { encoder, demand, admit, deliver };
        let thread = Builder::new().name("encoder".into()).spawn(move || work.run(&orders)).map_err(Error::Thread)?;
        Ok(Self { next, thread: Some(thread) })
    }

    /// Hands over a canvas. Never waits. Returns the canvas that waited before it, if there was one: the encoder was
    /// busy all the while, and that one goes no further.
    pub fn offer(&self, canvas: Composed) -> Option<Composed> {
        match self.next.replace(Order::Encode(canvas.into())) {
            Some(Order::Encode(overtaken)) => Some(*overtaken),
            Some(Order::End) | None => None,
        }
    }

    /// Whether the thread still takes canvases. It ends by itself when no encoder can be made any more.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        self.next.put(Order::End);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the encoder thread panicked");
        }
    }
}

/// Encodes canvases, whatever they become: a new colour or size begins a new stream, and the bitrate is kept as the rate of
/// canvases changes. By the first encoder of its kind that works; if that one breaks, by the first that works then.
pub struct CanvasEncoder {
    kind: EncoderKind,
    bitrate_bps: u32,
    budget_bps: Option<u32>,
    /// The one that works, once it was sought.
    family: Option<Family>,
    running: Option<(encode::Config, Encoder)>,
}

impl CanvasEncoder {
    /// An encoder that starts with the first canvas.
    pub fn new(kind: EncoderKind, bitrate_bps: u32) -> Self {
        Self { kind, bitrate_bps, budget_bps: None, family: None, running: None }
    }

    /// Seeks an encoder for canvases of `size`, so that what is missing is told at the start; tells which it is and why.
    ///
    /// # Errors
    /// [`encode::Error::NoneWorks`].
    pub fn seek(&mut self, size: SizePx) -> Result<Report, encode::Error> {
        let rate = Rate { bitrate_bps: self.bitrate_bps, pictures_per_second: 30.0 };
        self.choose(&encode::Config { size, colour: Default::default(), rate, family: Family::default() })
    }

    fn choose(&mut self, config: &encode::Config) -> Result<Report, encode::Error> {
        let report = probe::choose(self.kind.families(), config)?;
        tracing::info!("video encoder: {report}");
        self.family = Some(report.chosen);
        Ok(report)
    }

    /// The encoder broke: the next canvas is encoded by one that works then.
    fn give_up(&mut self) {
        (self.family, self.running) = (None, None);
    }

    /// No more bits per second than this from the next canvas on.
    pub fn set_budget(&mut self, bps: Option<u32>) {
        self.budget_bps = bps;
    }

    /// Encodes `canvas`, as an independent access unit if `refresh`.
    ///
    /// # Errors
    /// [`encode::Error`]; the next canvas is tried with a new encoder.
    pub fn encode(&mut self, canvas: &Composed, refresh: bool) -> Result<AccessUnit, encode::Error> {
        let wanted = self.wanted(canvas);
        let (config, encoder) = match self.running.take() {
            Some((config, encoder)) if (config.size, config.colour) == (wanted.size, wanted.colour) => {
                (config, encoder)
            }
            // The first, or the canvas has another colour: a new stream, which begins with an independent picture.
            _ => {
                let family = match self.family {
                    Some(family) => family,
                    None => self.choose(&wanted)?.chosen,
                };
                let wanted = encode::Config { family, ..wanted };
                (wanted, Encoder::start(&wanted)?)
            }
        };
        let (now, before) = (wanted.rate, config.rate);
        let drifted = (now.pictures_per_second - before.pictures_per_second).abs();
        let config = if drifted > before.pictures_per_second * RATE_CHANGE || now.bitrate_bps != before.bitrate_bps {
            encoder.set_rate(wanted.rate);
            encode::Config { rate: wanted.rate, ..config }
        } else {
            config
        };
        if refresh {
            encoder.force_independent()?;
        }
        let (_, encoder) = self.running.insert((config, encoder));
        encoder.encode(&canvas.picture)
    }

    fn wanted(&self, canvas: &Composed) -> encode::Config {
        let pictures_per_second = 1.0 / canvas.interval.as_secs_f64().max(0.001);
        let bitrate_bps = self.budget_bps.map_or(self.bitrate_bps, |budget| budget.min(self.bitrate_bps));
        encode::Config {
            size: picture::size(&canvas.picture.info),
            colour: canvas.header.colour,
            rate: Rate { bitrate_bps, pictures_per_second },
            family: self.family.unwrap_or_default(),
        }
    }
}

struct Work<A, D> {
    encoder: CanvasEncoder,
    demand: Demand,
    admit: A,
    deliver: D,
}

impl<A: FnMut(&Composed) -> bool, D: FnMut(Encoded)> Work<A, D> {
    fn run(mut self, orders: &Slot<Order>) {
        let mut seen = 0;
        loop {
            let Some((sequence, order)) = orders.wait_newer(seen, WAIT) else { continue };
            seen = sequence;
            let Order::Encode(canvas) = order else { return };
            if !(self.admit)(&canvas) {
                continue;
            }
            let is_running = self.encoder.running.is_some();
            self.encoder.set_budget(self.demand.budget_bps());
            match self.encoder.encode(&canvas, self.demand.take_refresh()) {
                Ok(unit) => {
                    self.demand.note_made(unit.bytes.len());
                    (self.deliver)(Encoded { canvas: *canvas, unit, at: clock::now() });
                }
                // Without a running encoder it was the start that failed, and a second try is no better.
                Err(error) if !is_running => {
                    tracing::error!("{error}; encoding ends here");
                    return;
                }
                Err(error) => {
                    tracing::error!("{error}; starting the encoder anew");
                    self.encoder.give_up();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_frames::header;
    use crossbeam_channel::bounded;
    use gstreamer as gst;
    use media::picture::Picture;
    use protocol::colour::{Colour, Matrix, Range};
    use protocol::ids::SourceId;

    fn canvas(index: u64, colour: Colour) -> Composed {
        media::init().unwrap();
        let info = picture::i420(SizePx { width: 320, height: 240 }, colour).unwrap();
        let pixels = vec![(index % 200) as u8; info.size()];
        let mut header = header(index, SourceId(0), Some(index));
        header.colour = colour;
        Composed {
            header,
            primary: SourceId(0),
            picture: Picture { buffer: gst::Buffer::from_slice(pixels), info, captured: MonoTime(index) },
            in_slot: MonoTime(index),
            interval: Duration::from_millis(33),
            new_layout: None,
        }
    }

    fn encoder() -> CanvasEncoder {
        CanvasEncoder::new(EncoderKind::Only(Family::X264), 1_000_000)
    }

    #[test]
    fn an_encoder_that_breaks_is_followed_by_one_that_works_then_with_an_independent_picture() {
        let mut encoder = encoder();
        assert!(encoder.encode(&canvas(0, Colour::default()), false).unwrap().independent);
        assert!(!encoder.encode(&canvas(1, Colour::default()), false).unwrap().independent);
        encoder.kind = EncoderKind::Only(Family::OpenH264);
        encoder.give_up();
        assert!(encoder.encode(&canvas(2, Colour::default()), false).unwrap().independent);
        assert_eq!(encoder.family, Some(Family::OpenH264));
    }

    #[test]
    fn while_the_encoder_is_busy_the_newest_canvas_waits_and_an_older_one_is_given_back() {
        let (begin, begun) = bounded(1);
        let (go, gone) = bounded(0);
        let deliver = move |encoded: Encoded| {
            begin.send(encoded.canvas.header.id.index).unwrap();
            gone.recv().unwrap();
        };
        let encoding = Encoding::start(encoder(), Demand::default(), |_| true, deliver).unwrap();
        let offer = |index| encoding.offer(canvas(index, Colour::default())).map(|canvas| canvas.header.id.index);
        assert_eq!(offer(0), None);
        assert_eq!(begun.recv(), Ok(0));
        assert_eq!([offer(1), offer(2), offer(3)], [None, Some(1), Some(2)]);
        go.send(()).unwrap();
        assert_eq!(begun.recv(), Ok(3), "what was given back is gone");
        go.send(()).unwrap();
    }

    #[test]
    fn a_canvas_that_is_not_admitted_is_not_encoded_and_the_next_is() {
        let (units, encoded) = bounded(1);
        let (ask, asked) = bounded(1);
        let admit = move |canvas: &Composed| {
            ask.send(canvas.header.id.index).unwrap();
            canvas.header.id.index != 1
        };
        let deliver = move |encoded: Encoded| units.send(encoded.canvas.header.id.index).unwrap();
        let encoding = Encoding::start(encoder(), Demand::default(), admit, deliver).unwrap();
        let offer = |index| {
            encoding.offer(canvas(index, Colour::default()));
            assert_eq!(asked.recv(), Ok(index));
        };
        offer(0);
        assert_eq!(encoded.recv(), Ok(0));
        offer(1);
        offer(2);
        assert_eq!(encoded.recv(), Ok(2));
    }

    #[test]
    fn dropping_it_ends_the_thread_whatever_waits() {
        let encoding = Encoding::start(encoder(), Demand::default(), |_| true, |_| {}).unwrap();
        encoding.offer(canvas(0, Colour::default()));
        assert!(encoding.is_alive());
        drop(encoding);
    }

    #[test]
    fn an_independent_unit_follows_a_refresh_and_a_change_of_colour() {
        let (units, encoded) = bounded(1);
        let demand = Demand::default();
        let deliver = move |encoded: Encoded| units.send(encoded.unit.independent).unwrap();
        let encoding = Encoding::start(encoder(), demand.clone(), |_| true, deliver).unwrap();
        let full = Colour { matrix: Matrix::Bt601, range: Range::Full };
        let independent: Vec<bool> = (0..8)
            .map(|index| {
                if index == 3 {
                    demand.refresh();
                    demand.refresh();
                }
                encoding.offer(canvas(index, if index < 6 { Colour::default() } else { full }));
                encoded.recv().unwrap()
            })
            .collect();
        assert_eq!(independent, [true, false, false, true, false, false, true, false]);
    }

    #[test]
    fn a_new_budget_holds_from_the_next_canvas_and_never_raises_the_configured_rate() {
        let noise = |index: u64| {
            let mut canvas = canvas(index, Colour::default());
            let mut random = fastrand::Rng::with_seed(index);
            let pixels: Vec<u8> = (0..canvas.picture.info.size()).map(|_| random.u8(60..180)).collect();
            canvas.picture.buffer = gst::Buffer::from_slice(pixels);
            canvas
        };
        let mut encoder = encoder();
        let bytes = |encoder: &mut CanvasEncoder, budget, numbers: std::ops::Range<u64>| {
            encoder.set_budget(budget);
            numbers.map(|index| encoder.encode(&noise(index), false).unwrap().bytes.len()).collect::<Vec<_>>()
        };
        let share = |bps: usize| bps / 8 * 33 / 1000;
        let free = bytes(&mut encoder, None, 0..10);
        let tight = bytes(&mut encoder, Some(250_000), 10..20);
        let wide = bytes(&mut encoder, Some(9_000_000), 20..30);
        let mean = |sizes: &[usize]| sizes.iter().sum::<usize>() / sizes.len();
        assert!(tight[3..].iter().all(|size| *size < share(250_000) * 3 / 2), "within three canvases: {tight:?}");
        assert!(mean(&wide[3..]) < share(1_000_000) * 5 / 4 && mean(&wide[3..]) * 2 > mean(&free), "{wide:?}");
    }
}
