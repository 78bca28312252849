//! The way of a canvas: made as it is wanted, handed to the encoder if it may leave and somebody has room for it, and as a
//! frame to everybody. What is not to leave is dropped as early as that is known, and the trace says why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use program::clock;
use program::trace::{DropReason, Trace};
use transport::shards::Frame;

use super::arranging::Arranging;
use super::curtain::Curtain;
use super::demand::Demand;
use super::encoding::{self, CanvasEncoder, Encoded, Encoding};
use super::journal::Teller;
use super::participants::Participants;
use super::record;
use super::relay::Relay;
use super::stills::Stills;
use crate::canvas::{self, Canvas, Composed};
use crate::local;

/// How soon the canvas's thread notices that it is to stop.
const STOP_WITHIN: Duration = Duration::from_millis(100);

/// All that a canvas meets. Clones are the same way.
#[derive(Clone)]
pub struct Way {
    /// How the canvas is arranged.
    pub arranging: Arc<Arranging>,
    /// Whether anything of any source leaves.
    pub curtain: Curtain,
    /// What is asked of the encoder.
    pub demand: Demand,
    /// Who gets frames.
    pub participants: Arc<Participants>,
    /// Who is told of layouts and of what was sent.
    pub relay: Arc<Relay>,
    /// Stills, and the canvas as one where the lines carry no video.
    pub stills: Arc<Stills>,
    /// Where each stage is written down.
    pub trace: Trace,
    /// Held while a canvas leaves, and while what left is withdrawn: none slips out between the two.
    pub leaving: Arc<Mutex<()>>,
}

impl Way {
    /// The encoder's thread, fed with what may leave, its frames handed to everybody.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn encode(&self, encoder: CanvasEncoder) -> Result<Encoding, encoding::Error> {
        let (admitting, sending) = (self.clone(), self.clone());
        let admit = move |canvas: &Composed| admitting.admits(canvas);
        Encoding::start(encoder, self.demand.clone(), admit, move |encoded| sending.send(encoded))
    }

    /// When the curtain closes, whatever is under way comes to no end any more.
    pub fn follow_curtain(&self) {
        let (stills, participants) = (Arc::clone(&self.stills), Arc::clone(&self.participants));
        let leaving = Arc::clone(&self.leaving);
        self.curtain.follow(move |position| {
            stills.set_curtain(position);
            if position == local::Curtain::Closed {
                let _leaving = lock(&leaving);
                participants.withdraw();
            }
        });
    }

    /// Waits for a canvas and hands it to the encoder, unless the ladder leaves it out. One that it overtakes there is
    /// dropped.
    ///
    /// # Errors
    /// The canvas cannot be made.
    pub fn turn(&self, canvas: &mut Canvas, encoding: &Encoding, teller: &mut Teller) -> Result<(), canvas::Error> {
        canvas.wait(STOP_WITHIN, clock::now());
        self.arrange(canvas);
        let now = clock::now();
        let Some(mut composed) = canvas.step(now)? else { return Ok(()) };
        teller.look(&canvas.stands(now), composed.header.composed);
        if let Some(layout) = composed.new_layout.take() {
            self.relay.layout(layout);
        }
        self.demand.note_interval(composed.interval);
        composed.interval = self.demand.share(composed.interval);
        self.stills.canvas_made(composed.header.id);
        let now = clock::now();
        composed.handed_on(now);
        let dropped = match self.demand.leaves_out(composed.header.id, now) {
            Some(reason) => Some((composed, reason)),
            None => encoding.offer(composed).map(|overtaken| (overtaken, DropReason::EncoderBusy)),
        };
        if let Some((dropped, reason)) = dropped {
            self.trace.write(record::dropped(&dropped, reason, clock::now()));
        }
        Ok(())
    }

    /// Tells the canvas what is wanted of it now.
    fn arrange(&self, canvas: &mut Canvas) {
        canvas.set_insets(self.demand.insets());
        canvas.arrange(self.arranging.wanted());
        if canvas.set_curtain(self.curtain.position()) {
            // Nothing of what was before may shine through what comes.
            self.demand.refresh();
        }
    }

    /// Whether a canvas is to be encoded: a still always, a frame only if somebody has room for it, and the curtain hides nothing on it. Asks for an
    /// independent one if somebody needs it.
    fn admits(&self, canvas: &Composed) -> bool {
        let now = clock::now();
        if self.curtain.is_closed() && canvas.shows_sources() {
            self.trace.write(record::dropped(canvas, DropReason::CurtainClosed, now));
            return false;
        }
        if !self.demand.has_video() {
            return true;
        }
        let room = self.participants.have_room();
        if !room {
            self.trace.write(record::dropped(canvas, DropReason::NoRoom, now));
        } else if self.participants.want_independent(now) {
            self.demand.refresh();
        }
        room
    }

    /// What becomes of an encoded canvas: it is a frame, or without video a still. One that the curtain was closed behind goes no further.
    fn send(&self, encoded: Encoded) {
        let _leaving = lock(&self.leaving);
        if self.curtain.is_closed() && encoded.canvas.shows_sources() {
            self.participants.withhold(encoded.unit.codec, encoded.unit.independent);
            self.demand.refresh();
            return self.trace.write(record::dropped(&encoded.canvas, DropReason::CurtainClosed, clock::now()));
        }
        let bytes = match encoded.canvas.header.prefix(encoded.unit.codec, &encoded.unit.bytes) {
            Ok(bytes) => bytes,
            Err(error) => return tracing::error!("{error}; the frame is left out"),
        };
        if !self.demand.has_video() {
            // One that was encoded as a frame while video stopped may build on others.
            if encoded.unit.independent {
                self.stills.send_canvas(&bytes);
            }
            self.trace.write(record::sent(&encoded, BTreeMap::new(), clock::now()));
            return self.relay.sent(encoded.canvas.header);
        }
        let frame = match Frame::new(encoded.unit.independent, bytes) {
            Ok(frame) => frame,
            Err(error) => return tracing::error!("{error}; the frame is left out"),
        };
        let numbers = self.participants.deliver(encoded.unit.codec, &frame, clock::now());
        self.trace.write(record::sent(&encoded, numbers, clock::now()));
        self.relay.sent(encoded.canvas.header);
    }
}

fn lock(leaving: &Mutex<()>) -> MutexGuard<'_, ()> {
    leaving.lock().unwrap_or_else(PoisonError::into_inner)
}
