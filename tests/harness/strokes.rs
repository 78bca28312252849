//! Scripted strokes: what a mentor's hand would do, injected as pointer events and timed.

use std::time::Duration;

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use program::trace::View;

use crate::screen::{Place, Screen};

/// How long a stroke takes.
pub const LENGTH: Duration = Duration::from_millis(300);
/// A stroke begins this long after the one before.
pub const EVERY: Duration = Duration::from_secs(1);
/// Pointer events of a stroke: a pen's 125 Hz for 300 ms.
const SAMPLES: u32 = 38;

/// One injected pointer event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When, on this machine's monotonic clock.
    pub at_us: u64,
    /// Where in the console's window, pixels.
    pub x_px: f64,
    /// See `x_px`.
    pub y_px: f64,
}

/// One injected stroke.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// Every event from pen down to pen up.
    pub samples: Vec<Sample>,
}

/// Draws one stroke, the `number`th, inside the primary's picture; stops early if `stop` says so.
///
/// # Errors
/// The X server is gone.
pub fn draw(screen: &Screen, window: &Place, view: &View, number: u32, stop: &Receiver<()>) -> Result<Stroke> {
    let begin = program::clock::now();
    let mut samples: Vec<Sample> = Vec::new();
    for step in 0..SAMPLES {
        let due = begin + LENGTH * step / (SAMPLES - 1);
        if !matches!(stop.recv_timeout(due.since(program::clock::now())), Err(RecvTimeoutError::Timeout)) {
            break;
        }
        let (x, y) = point(view, number, step);
        let at = screen.move_to(window, x, y)?;
        if step == 0 {
            screen.press()?;
        }
        let sample = Sample { at_us: at.0, x_px: f64::from(x), y_px: f64::from(y) };
        // An event that does not move the pointer by a pixel is no event to X.
        if samples.last().is_none_or(|last| (last.x_px, last.y_px) != (sample.x_px, sample.y_px)) {
            samples.push(sample);
        }
    }
    screen.release()?;
    screen.check()?;
    Ok(Stroke { samples })
}

/// A shallow arc from left to right; each number takes another row, so that no place is used twice within 8 strokes.
fn point(view: &View, number: u32, step: u32) -> (i16, i16) {
    let along = f64::from(step) / f64::from(SAMPLES - 1);
    let row = f64::from(number % 8);
    let x = view.x_px + view.width_px * (0.2 + 0.6 * along);
    let sag = (along * std::f64::consts::PI).sin() * 0.03;
    let y = view.y_px + view.height_px * (0.15 + row * 0.085 + sag);
    (x.round() as i16, y.round() as i16)
}
