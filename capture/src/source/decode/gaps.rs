//! A picture of which something was lost on the way, or that builds on one which is damaged or missing, is no picture: a decoder
//! conceals what it lacks and says nothing of it. So whatever follows a loss is left out until something comes that is whole and
//! stands alone. Losses are counted where packets come in, by [`packets`]; what a parser or depayloader flags comes after the
//! damaged unit, or not at all.

pub mod packets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::units::Codec;
use packets::{RtpNumbers, TsCounters};

/// What is known of the losses of one stream. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Gaps(Arc<Mutex<Guard>>);

impl Gaps {
    /// Learns of losses from the packets of the MPEG transport stream that enter `demultiplexer`, which hands on what it has of a
    /// damaged unit as if it were whole.
    pub fn watch_ts(&self, demultiplexer: &gst::Element) {
        let Some(input) = demultiplexer.static_pad("sink") else { return };
        self.guard().is_watched = true;
        let (gaps, counters) = (self.clone(), Mutex::new(TsCounters::default()));
        look(&input, move |packets| {
            let gap = packets.map_readable().is_ok_and(|bytes| lock(&counters).gap_in(&bytes));
            if gap {
                gaps.guard().lost();
            }
        });
    }

    /// Has `element`, out of which come whole units of `codec`, let through only those of which nothing is missing. If RTP packets
    /// enter it losses are learned from their `numbers`.
    pub fn leave_out(&self, element: &gst::Element, numbers: Option<RtpNumbers>, codec: Option<&'static Codec>) {
        let (Some(input), Some(output)) = (element.static_pad("sink"), element.static_pad("src")) else { return };
        self.guard().is_watched |= numbers.is_some();
        let (gaps, numbers) = (self.clone(), Mutex::new(numbers));
        look(&input, move |packet| {
            let gap = lock(&numbers)
                .as_mut()
                .is_some_and(|numbers| packet.map_readable().is_ok_and(|bytes| numbers.gap_before(&bytes)));
            let mut guard = gaps.guard();
            if gap {
                guard.lost();
            }
            guard.enters(packet.pts());
        });
        let (gaps, kept) = (self.clone(), Mutex::new(Vec::new()));
        output.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let Some(gst::PadProbeData::Buffer(unit)) = &mut info.data else { return gst::PadProbeReturn::Ok };
            if gaps.lets_out(unit, codec, &mut lock(&kept)) {
                gst::PadProbeReturn::Ok
            } else {
                gst::PadProbeReturn::Drop
            }
        });
    }

    /// Whether `unit` passes. The parameter sets of those that do not are `kept` for the next that does: a sender may not repeat
    /// them.
    fn lets_out(&self, unit: &mut gst::Buffer, codec: Option<&Codec>, kept: &mut Vec<u8>) -> bool {
        let flags = unit.flags();
        // Most build on others: their bytes need no look.
        let alone = !flags.contains(gst::BufferFlags::DELTA_UNIT)
            && codec.is_none_or(|codec| unit.map_readable().is_ok_and(|bytes| codec.may_begin(&bytes)));
        let passes = self.guard().passes(unit.pts(), flags.contains(gst::BufferFlags::DISCONT), alone);
        if let Some(codec) = codec.filter(|_| !passes) {
            let sets = unit.map_readable().map(|bytes| codec.parameter_sets(&bytes)).unwrap_or_default();
            if !sets.is_empty() {
                *kept = sets;
            }
        }
        if passes && !kept.is_empty() {
            unit.make_mut().prepend_memory(gst::Memory::from_slice(std::mem::take(kept)));
        }
        passes
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        lock(&self.0)
    }
}

/// Has `see` look at each buffer that passes `pad`.
fn look(pad: &gst::Pad, see: impl Fn(&gst::BufferRef) + Send + Sync + 'static) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        info.buffer().into_iter().for_each(|buffer| see(buffer));
        gst::PadProbeReturn::Ok
    });
}

/// Nothing is half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Decides which units pass.
#[derive(Debug)]
struct Guard {
    /// Somebody counts packets: flags tell nothing more.
    is_watched: bool,
    begun: bool,
    /// Something is missing that units to come may build on.
    waits: bool,
    damaged: Damaged,
}

/// Which units a loss has damaged.
#[derive(Debug, Clone, Copy, Default)]
enum Damaged {
    /// None.
    #[default]
    None,
    /// Those up to this time; a unit has the time of its packets.
    Until(gst::ClockTime),
    /// Those up to whatever enters next: the unit that was begun, or the one whose packet comes first behind the gap.
    Next,
}

impl Default for Guard {
    /// A stream is joined anywhere: the first to pass stands alone.
    fn default() -> Self {
        Self { is_watched: false, begun: false, waits: true, damaged: Damaged::None }
    }
}

impl Guard {
    fn lost(&mut self) {
        (self.waits, self.damaged) = (true, Damaged::Next);
    }

    /// A packet or unit of this time enters.
    fn enters(&mut self, at: Option<gst::ClockTime>) {
        if let (Damaged::Next, Some(at)) = (self.damaged, at) {
            self.damaged = Damaged::Until(at);
        }
    }

    /// Whether the unit of this time that comes out is whole, and so is what it builds on. It is flagged as one behind a gap, or
    /// stands alone.
    fn passes(&mut self, at: Option<gst::ClockTime>, flagged: bool, alone: bool) -> bool {
        // What begins is flagged, too, and lacks nothing.
        if !self.is_watched && self.begun && flagged {
            self.lost();
            self.enters(at);
        }
        self.begun = true;
        let is_damaged = match self.damaged {
            Damaged::None => false,
            Damaged::Until(last) => at.is_none_or(|at| at <= last),
            Damaged::Next => true,
        };
        if self.waits && !is_damaged && alone {
            (self.waits, self.damaged) = (false, Damaged::None);
        }
        !self.waits
    }
}

#[cfg(test)]
mod tests;
