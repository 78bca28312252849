//! The trace: one JSON line per frame and per mark with the time of every stage, so that anyone can compute where
//! the milliseconds went. Holds record shapes and the writer; what to record is each program's matter.
//!
//! Times are microseconds of session time unless a field says otherwise. No patient data, names or addresses.

mod record;
mod writer;

pub use record::{
    DisplayedMark, Drill, DropReason, DroppedFrame, End, LinkFacts, MovedPen, ParticipantFacts, PathFacts,
    ReceivedFrame, ReceivedReceipt, Record, SentFrame, Start, View,
};
pub use writer::{Error, Trace};
