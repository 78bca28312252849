//! The behaviour of marks: from pen samples to operations, from operations to a board, from a board to pixels.
//!
//! Pure: no socket, window, clock or GStreamer. What travels is `protocol::mark`'s; when to draw is the programs'.
//!
//! A console feeds its pen to [`input::Pen`] and applies what comes out to its own [`board::Board`] at once; theatre
//! applies the same operations, whenever they arrive, to its board, and both boards become the same.

pub mod anchor;
pub mod board;
pub mod expiry;
pub mod geometry;
pub mod ink;
pub mod input;
pub mod mark;
pub mod raster;
pub mod receipts;
pub mod shape;
