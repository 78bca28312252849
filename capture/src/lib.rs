//! Theatre's side of the house: sources, the OR display, the canvas, and what ties them together.
//!
//! `or-display` uses `config`, `source`, `signal`, `share`, `local` and `or_display`; it holds no network and no encoder.
//! `capture-node` uses the rest. Transport, marks' behaviour and codecs are their own crates.

pub mod canvas;
pub mod config;
pub mod control;
pub mod ladder;
pub mod layout;
pub mod local;
pub mod node;
pub mod or_display;
pub mod run_dir;
pub mod share;
pub mod signal;
pub mod source;
pub mod supervise;
