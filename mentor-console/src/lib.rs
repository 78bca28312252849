//! The mentor's console: shows theatre's picture with its age, and takes the mentor's pen to theatre.
//!
//! What travels is `transport`'s, how a picture is decoded `media`'s, what a mark is `annotation`'s. Here they meet
//! a window.

pub mod app;
pub mod calls;
pub mod camera;
pub mod camera_view;
pub mod canvas_view;
pub mod card_view;
pub mod command;
pub mod config;
pub mod console;
pub mod cursor;
pub mod decode;
pub mod drill;
pub mod drill_view;
pub mod frames;
pub mod hand;
pub mod journal;
pub mod latency;
pub mod layout_view;
pub mod link;
pub mod link_view;
pub mod local;
pub mod marks;
pub mod marks_view;
pub mod outbox;
pub mod pacing;
pub mod pattern;
pub mod pen_window;
pub mod picture_look;
pub mod picture_state;
pub mod place;
pub mod records;
pub mod scene;
pub mod software_gl;
pub mod stages_view;
pub mod state;
pub mod still;
pub mod still_unpacker;
pub mod still_view;
pub mod toolbar;
pub mod video_view;
pub mod vitals_view;
pub mod waker;
pub mod window;
