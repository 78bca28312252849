//! This console's lines of the trace, in session time. Nothing is written with a time that is not known: frames that
//! finish before the session's clock is known wait for it. The file itself is `program::trace`'s.

use std::collections::VecDeque;

use annotation::geometry::View;
use program::trace::{self, MovedPen, ReceivedFrame, ReceivedReceipt, Record, Trace};
use protocol::ids::{LayoutEpoch, MarkId};
use protocol::ladder::{Cause, Position, Rung};
use protocol::layout::Layout;
use protocol::mark::Receipt;
use protocol::time::{ClockOffset, MonoTime};
use transport::drill::ledger::Change;

use crate::drill;
use crate::journal::Finished;
use crate::picture_state::State;

/// Frames that wait for the clock at most: ten seconds at 60 a second. The clock is known after the first round trip
/// of a probe; beyond this the oldest are left out of the trace.
const MAX_WAITING: usize = 600;

/// One pointer event of a pen on the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PenSample {
    /// The mark it belongs to.
    pub mark: MarkId,
    /// How many points the mark has with it.
    pub points: u16,
    /// Where the pointer was in the window, in physical pixels from its top left corner.
    pub at_px: (f64, f64),
    /// When the program received the event.
    pub received: MonoTime,
    /// When the message was handed to the transport.
    pub sent: MonoTime,
}

/// Writes this console's records.
#[derive(Default)]
pub struct Records {
    trace: Trace,
    clock: Option<ClockOffset>,
    waiting: VecDeque<Finished>,
    viewed: Option<(LayoutEpoch, View)>,
    state: Option<State>,
    given_up: Option<(Rung, Option<Cause>)>,
}

impl Records {
    /// Records go to `trace`.
    pub fn new(trace: Trace) -> Self {
        Self { trace, ..Self::default() }
    }

    /// The session's clock as it is known now. What waited for it is written with it.
    pub fn set_clock(&mut self, clock: ClockOffset) {
        self.clock = Some(clock);
        for finished in self.waiting.drain(..) {
            self.trace.write(received_frame(&finished, clock));
        }
    }

    /// A frame's story is over.
    pub fn frame(&mut self, finished: &Finished) {
        if !self.trace.is_on() {
            return;
        }
        match self.clock {
            Some(clock) => self.trace.write(received_frame(finished, clock)),
            None => {
                if self.waiting.len() == MAX_WAITING {
                    self.waiting.pop_front();
                }
                self.waiting.push_back(finished.clone());
            }
        }
    }

    /// A frame was given up by the transport.
    pub fn lost_frame(&self, number: u64, damaged: bool) {
        self.trace.write(Record::LostFrame { number, damaged });
    }

    /// The canvas lies at `view` in the window: where that puts each picture is written whenever it changes.
    pub fn view(&mut self, layout: &Layout, view: View) {
        if self.viewed.replace((layout.epoch, view)) == Some((layout.epoch, view)) {
            return;
        }
        for tile in &layout.tiles {
            let place = view.view_rect_from_canvas(tile.picture);
            self.trace.write(Record::View(trace::View {
                source: tile.name.clone(),
                x_px: place.x.into(),
                y_px: place.y.into(),
                width_px: place.width.into(),
                height_px: place.height.into(),
            }));
        }
    }

    /// The picture's state is shown as `state`: written whenever it changes.
    pub fn state(&mut self, state: State, now: MonoTime) {
        if self.state.replace(state) == Some(state) {
            return;
        }
        let at_us = self.clock.map(|clock| clock.session(now).0);
        self.trace.write(Record::State { state: format!("{state:?}").to_lowercase(), at_us });
    }

    /// Theatre told where it stands on the ladder: written whenever more than figures change.
    pub fn ladder(&mut self, position: &Position, now: MonoTime) {
        let given_up = Some((position.rung, position.cause));
        if std::mem::replace(&mut self.given_up, given_up) == given_up {
            return;
        }
        let at_us = self.clock.map(|clock| clock.session(now).0);
        let rung = format!("{:?}", position.rung).to_lowercase();
        self.trace.write(Record::Ladder { rung, reason: position.reason(), at_us });
    }

    /// The pen moved on the picture. The pen is refused while the clock is not known, so that none is left out.
    pub fn pen(&self, sample: &PenSample) {
        if let Some(clock) = self.clock {
            self.trace.write(Record::MovedPen(MovedPen {
                mark: sample.mark.to_string(),
                points: sample.points,
                x_px: sample.at_px.0,
                y_px: sample.at_px.1,
                received_us: clock.session(sample.received).0,
                sent_us: clock.session(sample.sent).0,
            }));
        }
    }

    /// Theatre's word on a mark came at `at`.
    pub fn receipt(&self, receipt: &Receipt, at: MonoTime) {
        if let Some(clock) = self.clock {
            self.trace.write(Record::ReceivedReceipt(ReceivedReceipt {
                mark: receipt.id.to_string(),
                fate: format!("{:?}", receipt.fate),
                points: receipt.points,
                displayed_us: receipt.at.0,
                received_us: clock.session(at).0,
            }));
        }
    }

    /// This became of drills.
    pub fn drills(&self, changes: &[Change]) {
        for change in changes {
            let (known, phase, at) = match change {
                Change::Begun(known) => (known, "begun", known.period.from),
                Change::Over(known) => (known, "over", known.period.until),
                Change::Announced(_) | Change::CalledOff(_) => continue,
            };
            tracing::info!("drill by {} on path {}: {phase}", drill::end(known.runner), known.path);
            self.trace.write(Record::Drill(trace::Drill {
                participant: None,
                path: known.path.clone(),
                effect: known.period.effect.to_string(),
                by: drill::end(known.runner).into(),
                phase: phase.into(),
                at_us: self.clock.unwrap_or(ClockOffset::THEATRE).session(at).0,
            }));
        }
    }

    /// A record that is whole already.
    pub fn write(&self, record: Record) {
        self.trace.write(record);
    }
}

fn received_frame(finished: &Finished, clock: ClockOffset) -> Record {
    let session = |at: MonoTime| clock.session(at).0;
    let frame = &finished.frame;
    Record::ReceivedFrame(ReceivedFrame {
        frame: frame.id.to_string(),
        number: frame.number,
        first_shard_us: session(frame.first_shard),
        complete_us: session(frame.complete),
        released_us: session(frame.released),
        decoded_us: finished.decoded.map(session),
        shown_us: finished.shown.map(session),
        offset_us: clock.offset_us,
        uncertainty_us: clock.uncertainty_us,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::released;
    use std::path::PathBuf;

    fn traced(write: impl FnOnce(&mut Records)) -> String {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        let path: PathBuf = std::env::temp_dir().join(format!("records-{}-{name}.jsonl", std::process::id()));
        let mut records = Records::new(Trace::open(Some(&path), "test", "1").unwrap());
        write(&mut records);
        drop(records);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        text
    }

    fn finished() -> Finished {
        Finished { frame: released(1), decoded: Some(MonoTime(60_000)), shown: Some(MonoTime(70_000)) }
    }

    #[test]
    fn frames_wait_for_the_clock_and_are_then_told_in_session_time() {
        let clock = ClockOffset { offset_us: 1_000_000, uncertainty_us: 400 };
        let text = traced(|records| {
            records.frame(&finished());
            records.set_clock(clock);
        });
        assert!(text.contains("\"shown_us\":1070000") && text.contains("\"uncertainty_us\":400"), "{text}");
    }

    #[test]
    fn without_a_clock_no_times_are_made_up() {
        let text = traced(|records| records.frame(&finished()));
        assert!(!text.contains("shown_us"), "{text}");
    }
}
