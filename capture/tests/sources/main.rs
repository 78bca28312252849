//! Sources of real peers: cameras, encoders and screens that run in processes of their own, are killed and come back.
//! What comes of them is looked at where everybody sees it, on the canvas.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails here fails the test"
)]

mod absent;
mod peer;
mod room;
mod rtp;
mod rtsp;
mod screen;
mod srt;
