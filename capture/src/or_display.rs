//! The surgeon's picture: one source in one window, with its marks over it.
//!
//! Nothing here waits for anything but the source and the monitor: no network, no encoder, no `capture-node`. Pictures
//! are handed out and marks come in beside it, and both may fail. The display's thread is [`desk`]'s, when to draw
//! [`schedule`]'s, what lies over the picture [`over`]'s, what keys and pedals do [`hand`]'s, how it all looks [`painter`]'s,
//! the monitor [`screen`]'s.

pub mod alert;
mod crew;
pub mod cursors;
mod desk;
pub mod full_colour;
pub mod hand;
mod handout;
mod input;
mod intake;
pub mod lettering;
pub mod marks;
mod matrix16;
mod monitor;
pub mod notices;
pub mod output;
pub mod over;
pub mod painter;
pub mod pedal;
pub mod schedule;
pub mod screen;
pub mod sheets;
pub mod stencil;
mod touch;
mod wide;

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, bounded};
use program::trace::Trace;
use protocol::time::MonoTime;

use crate::local::{Event, ToDisplay, WindowEnd};
use crate::signal::Policy;
use crate::{config, run_dir, source};
use crew::Crew;
use desk::Desk;
use hand::Ear;
use handout::Handout;
use input::Input;
use intake::intake;
use pedal::Pedal;
use screen::Screen;

/// Batches of messages that may wait for the display. When it is full their socket waits, which only the sender
/// feels.
const WAITING_BATCHES: usize = 16;

/// Why a display cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer itself does not start.
    #[error("GStreamer does not start: {0}; is libgstreamer1.0-0 installed in full?")]
    Library(#[from] gstreamer::glib::Error),
    /// Another process shows this source.
    #[error(transparent)]
    Running(run_dir::Error),
    /// The source has to be mended by a person.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The monitor cannot be reached, or no longer.
    #[error(transparent)]
    Screen(#[from] screen::Error),
}

/// Messages that came together, and when.
type Batch = (Vec<ToDisplay>, MonoTime);

/// Shows `display` until `stop` receives or closes.
///
/// # Errors
/// See [`Error`]; afterwards nothing is left running.
pub fn run(display: config::Display, trace: Trace, stop: &Receiver<()>) -> Result<(), Error> {
    gstreamer::init()?;
    let claim = match run_dir::Claim::take(&display.run_dir, &display.name) {
        Ok(claim) => Some(claim),
        Err(error @ run_dir::Error::Running { .. }) => return Err(Error::Running(error)),
        Err(error) => {
            tracing::error!("{error}; the picture is shown without marks and not handed to capture-node");
            None
        }
    };
    let (ear, acts) = Ear::new(display.window.keys.clone());
    let screen = Screen::open(&display.name, &display.window, ear.clone())?;
    let handout = claim.as_ref().map(|_| Handout::new(run_dir::pictures(&display.run_dir, &display.name)));
    let (deliver, pictures) = intake(handout, Policy::of(&display.source));
    let input = Input::open(&display.name, display.source.clone(), deliver)?;
    let _crew = Crew::gather();
    let (batches, board) = bounded(WAITING_BATCHES);
    let receipts = claim.as_ref().and_then(|_| listen(&display, batches));
    let mut desk = Desk::new(screen, trace, receipts);
    let _pedal = display.window.keys.pedal.clone().and_then(|device| pedal(device, ear));
    let ended = desk.serve(&pictures, &board, &acts, input.troubles(), stop);
    // The socket's thread may wait for room among the batches: that ends with their receiver.
    drop(board);
    ended
}

/// Takes the board over a socket; without one the picture is shown all the same.
fn listen(display: &config::Display, batches: Sender<Batch>) -> Option<WindowEnd> {
    let socket = run_dir::board(&display.run_dir, &display.name);
    let listening = WindowEnd::listen(&socket, move |event, _| match event {
        Event::Messages(messages, at) => {
            if batches.send((messages, at)).is_err() {
                tracing::debug!("the display is closing");
            }
        }
        Event::Attached => tracing::info!("capture-node attached"),
        Event::Detached => tracing::warn!("capture-node is gone; marks go soon, the picture stays"),
    });
    listening.map_err(|error| tracing::error!("{error}; the picture is shown without marks")).ok()
}

/// Reads a pedal; without it keys and touch do the same.
fn pedal(device: PathBuf, ear: Ear) -> Option<Pedal> {
    Pedal::read(device, ear).map_err(|error| tracing::error!("no thread for the pedal: {error}")).ok()
}
