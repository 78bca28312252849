//! Marks and notices between `capture-node` and an `or-display`, over a Unix stream socket of this machine.
//!
//! The display listens, `capture-node` attaches again for ever. Neither end ever waits for the other: what a stopped
//! or vanished other end does not take is dropped together with the attachment, and the next attachment starts from
//! [`ToDisplay::Reset`]. What marks mean is `annotation`'s.

mod connection;
mod end;
pub mod message;
mod sender;

pub use end::{Error, Event, NodeEnd, WindowEnd};
pub use message::{Curtain, FromDisplay, Notice, Severity, ToDisplay, Wish};
pub use sender::Sender;
