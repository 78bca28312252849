//! Where a still is taken off a source's branch. A picture is copied only when one is wanted: those of a window lie in
//! memory that it needs back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use media::picture::Picture;
use media::slot::Slot;

/// One source's tap. Clones are the same one.
#[derive(Clone, Default)]
pub struct Tap(Arc<Shared>);

#[derive(Default)]
struct Shared {
    wanted: AtomicBool,
    copies: Slot<Picture>,
}

impl Tap {
    /// The source's newest picture. Never waits.
    pub fn offer(&self, picture: &Picture) {
        if !self.0.wanted.swap(false, Ordering::AcqRel) {
            return;
        }
        match picture.buffer.copy_deep() {
            Ok(buffer) => drop(self.0.copies.put(Picture { buffer, ..picture.clone() })),
            Err(error) => tracing::warn!("a picture cannot be copied for a still: {error}"),
        }
    }

    /// The next picture that is offered; `None` if none is within `patience`.
    pub(super) fn take(&self, patience: Duration) -> Option<Picture> {
        let before = self.0.copies.newer_than(0).map_or(0, |(sequence, _)| sequence);
        self.0.wanted.store(true, Ordering::Release);
        let taken = self.0.copies.wait_newer(before, patience);
        self.0.wanted.store(false, Ordering::Release);
        taken.map(|(_, picture)| picture)
    }
}
