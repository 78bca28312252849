//! Sources of real peers: cameras, encoders and screens that run in processes of their own, are killed and come back.
//! What comes of them is looked at where everybody sees it, on the canvas.

mod absent;
mod peer;
mod room;
mod rtp;
mod rtsp;
mod screen;
mod srt;
