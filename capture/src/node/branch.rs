//! Where a source's pictures go in `capture-node`: the one place behind the source itself. What must not leave the source
//! is taken out before a picture comes here; so canvas, stills and anchor see the same.

use media::picture::Picture;
use protocol::ids::SourceId;

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

    /// The source says of itself that something is wrong with it.
    pub fn trouble(&self, trouble: Trouble) {
        self.inlet.trouble(trouble);
    }

    /// Takes a picture. The canvas is served first: the mentor waits for it.
    pub fn deliver(&mut self, picture: &Picture) {
        self.inlet.deliver(picture);
        self.tap.offer(picture);
        if let Some(eye) = &self.eye {
            eye.show(picture);
        }
    }
}
