//! GStreamer blocks that both ends are built from: pictures and their colour, conversion, deinterlacing, the
//! latest-value slot, encoding and decoding of H.264 and H.265. What is captured, composed, sent or shown is left to the programs.
//!
//! Codecs are driven by the caller, one buffer in and its result out in the same call: no pipeline, queue or clock stands around
//! them, so that nothing but the element can hold a picture back, and one that does is not taken.

mod byte_stream;
pub mod caption;
pub mod colour;
pub mod component;
pub mod decode;
pub mod deinterlace;
mod element;
pub mod encode;
pub mod h265;
pub mod pattern;
pub mod picture;
pub mod probe;
pub mod slot;
pub mod strip;

mod start;
#[cfg(test)]
mod test_pictures;

pub use element::Error as ElementError;
pub use start::{InitError, init, init_codecs, require};
