//! Where a source's pictures go in `capture-node`: the one place behind the source itself. What must not leave is taken out
//! here first; so canvas, stills and anchor see the same.

use media::picture::Picture;
use protocol::frame::Freshness;
use protocol::ids::SourceId;
use protocol::time::MonoTime;

use super::anchor::Eye;
use super::stills::Tap;
use crate::canvas::Inlet;
use crate::signal::Trouble;

/// One source's branch.
pub struct Branch {
    inlet: Inlet,
    tap: Tap,
    eye: Option<Eye>,
}

impl Branch {
    /// Pictures go into `inlet`, to whoever wants a still from `tap`, and where marks are judged before `eye`.
    pub fn new(inlet: Inlet, tap: Tap, eye: Option<Eye>) -> Self {
        Self { inlet, tap, eye }
    }

    /// Whose pictures it takes.
    pub fn source(&self) -> SourceId {
        self.inlet.source()
    }

    /// The source said at `at` that something is wrong with it.
    pub fn trouble(&self, trouble: Trouble, at: MonoTime) {
        self.inlet.trouble(trouble, at);
    }

    /// Takes a picture. The canvas is served first: the mentor waits for it. The others see what may leave of it.
    pub fn deliver(&mut self, picture: &Picture) {
        let Some(masked) = self.inlet.deliver(picture) else { return };
        self.offer(&masked);
        if let Some(eye) = &self.eye {
            eye.show(&masked);
        }
    }

    /// For a still there is what the mentor may draw on live, as old as it is: of an image that is held, since it is.
    fn offer(&self, masked: &Picture) {
        match self.inlet.freshness() {
            Freshness::Held { since } => {
                self.tap.offer(&Picture { captured: since.as_mono_in_theatre(), ..masked.clone() });
            }
            freshness if freshness.allows_pen() => self.tap.offer(masked),
            _ => {}
        }
    }
}
