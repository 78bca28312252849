//! The encoder's thread. One canvas is inside; at most one waits, and a newer one takes its place, so that nothing is
//! encoded that is already outdated and a hiccup shorter than an interval costs no frame. Where access units go is the
//! caller's matter, and so is whether there is room for one: without it a canvas is dropped before the encoder, not after.

mod canvas_encoder;

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use media::encode::{self, AccessUnit};
use media::slot::Slot;
use program::clock;
use protocol::time::MonoTime;

use super::demand::Demand;
use crate::canvas::Composed;
pub use canvas_encoder::CanvasEncoder;

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
            let is_running = self.encoder.is_running();
            self.encoder.set_budget(self.demand.budget_bps());
            self.encoder.set_codec(self.demand.codec());
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
    use super::canvas_encoder::tests::canvas;
    use super::*;
    use crate::config;
    use crossbeam_channel::bounded;
    use protocol::colour::{Colour, Matrix, Range};

    fn encoder() -> CanvasEncoder {
        canvas_encoder::tests::encoder(config::Encoder::default())
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
}
