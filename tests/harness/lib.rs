//! Everything it takes to run the real programs together on one machine: certificates, X servers, the emulated link,
//! processes, injected strokes, and the report computed from their traces. Used by `demo`, the scenarios and benches.

pub mod certificates;
pub mod clips;
pub mod display;
pub mod floors;
pub mod keyboard;
pub mod look;
pub mod process;
pub mod report;
pub mod rig;
pub mod screen;
pub mod statistics;
pub mod strokes;
pub mod summary;
pub mod trace;
pub mod watch;
