//! A congestion controller that never holds a datagram back.
//!
//! How much may be sent is the session's decision. quinn's controllers take random loss for congestion and would queue
//! frames behind a shrinking window. A window above `u32::MAX` also turns quinn's pacer off.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory};

/// Above `u32::MAX`, and far from overflow in quinn's sums.
const WINDOW_BYTES: u64 = 1 << 40;

/// The controller, and its own factory: it has no state.
#[derive(Debug, Clone, Copy)]
pub struct Unlimited;

impl Controller for Unlimited {
    fn on_congestion_event(&mut self, _: Instant, _: Instant, _: bool, _: u64) {}

    fn on_mtu_update(&mut self, _: u16) {}

    fn window(&self) -> u64 {
        WINDOW_BYTES
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(*self)
    }

    fn initial_window(&self) -> u64 {
        WINDOW_BYTES
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl ControllerFactory for Unlimited {
    fn build(self: Arc<Self>, _: Instant, _: u16) -> Box<dyn Controller> {
        Box::new(*self)
    }
}
