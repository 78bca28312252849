//! Asks the window for a repaint from any thread, exactly one for each time it is asked.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eframe::egui::Context;

/// egui paints twice after `request_repaint` ("to let things settle") and once after a request with any delay that is
/// not zero; two repaints of one picture would cost the next one its time. This is the smallest delay there is.
const AT_ONCE: Duration = Duration::from_nanos(1);

/// Wakes the window once there is one; before that, asking does nothing, since a new window is painted anyway.
#[derive(Clone, Default)]
pub struct Waker(Arc<OnceLock<Context>>);

impl Waker {
    /// The window is there.
    pub fn set(&self, context: Context) {
        if self.0.set(context).is_err() {
            tracing::debug!("the window was made twice");
        }
    }

    /// One repaint now.
    pub fn wake(&self) {
        self.wake_after(Duration::ZERO);
    }

    /// One repaint after `delay` at the latest; with whichever repaint comes before.
    pub fn wake_after(&self, delay: Duration) {
        if let Some(context) = self.0.get() {
            context.request_repaint_after(delay.max(AT_ONCE));
        }
    }
}
