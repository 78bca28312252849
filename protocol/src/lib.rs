//! Shapes both ends share: time, ids, layout, frames, codecs, stills, marks, calls, test pictures, the ladder, drills, room cameras, vital signs,
//! messages. No IO, no behaviour.
//!
//! Everything here that travels is encoded with the postcard wire format (<https://postcard.jamesmunns.com>);
//! `docs/wire.md` lists the bytes and a test holds that page against this crate.

pub mod arrangement;
pub mod call;
pub mod camera;
pub mod codec;
pub mod colour;
pub mod drill;
pub mod frame;
pub mod geometry;
pub mod ids;
pub mod ladder;
pub mod layout;
pub mod mark;
pub mod message;
pub mod pattern;
pub mod still;
pub mod time;
pub mod vitals;

/// Version of everything two ends must agree on. Ends of different versions refuse each other in the handshake.
pub const VERSION: u16 = 1;
