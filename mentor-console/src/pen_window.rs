//! On X11 the pen has a window of its own: an invisible one (`InputOnly`) inside the console's, over the picture, whose
//! events come to a thread beside the window's loop. A repaint takes half a picture's interval on software OpenGL and
//! holds up that loop, but not this thread; so a stroke is on its way to theatre at once.
//!
//! The X server decides whose a pointer event is, by the window's input shape: the canvas without what covers it. What
//! is pressed beside goes to the console's own window as ever. Where there is no X server (Wayland) there is no such
//! window, and all events come through the loop.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use annotation::geometry::ViewRect;
use eframe::CreationContext;
use program::clock;
use winit::raw_window_handle::{HasWindowHandle as _, RawWindowHandle};
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xinput::{self, ConnectionExt as _, Device, Fp1616, XIEventMask};
use x11rb::protocol::xproto::{ClipOrdering, ConnectionExt as _, CreateWindowAux, EventMask, Rectangle, WindowClass};
use x11rb::rust_connection::RustConnection;

use crate::hand::Hand;
use crate::place::Place;

/// Larger than any window: the server clips it to the console's, so that it never has to follow its size.
const SIDE_PX: u16 = i16::MAX.unsigned_abs();
/// The button that a mouse has at the left and that a pen's tip and a finger count as.
const TIP: u32 = 1;

/// The pen's window. It goes when dropped.
pub struct PenWindow {
    server: Arc<RustConnection>,
    window: u32,
    thread: Option<JoinHandle<()>>,
}

/// Why the pen has no window of its own.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Connect(#[from] x11rb::errors::ConnectError),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error(transparent)]
    Refused(#[from] ReplyError),
    #[error(transparent)]
    Window(#[from] ReplyOrIdError),
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl PenWindow {
    /// Opens it inside the window that eframe just made; what happens there moves `hand`. `None` where it cannot be:
    /// the pen then works all the same, only not while a repaint lasts.
    pub fn over(context: &CreationContext<'_>, hand: Hand) -> Option<Self> {
        let parent = match context.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok()?,
            RawWindowHandle::Xcb(handle) => handle.window.get(),
            _ => return None,
        };
        let opened = Self::open(parent, hand);
        opened.map_err(|error| tracing::warn!("the pen waits for repaints: no window of its own: {error}")).ok()
    }

    fn open(parent: u32, hand: Hand) -> Result<Self, Error> {
        let (server, _) = x11rb::connect(None)?;
        // Master devices report fractions of a pixel from XInput 2.0 on, and that is all that is asked for.
        server.xinput_xi_query_version(2, 0)?.reply()?;
        server.shape_query_version()?.reply()?;
        let window = server.generate_id()?;
        let told = CreateWindowAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        let class = WindowClass::INPUT_ONLY;
        server.create_window(0, window, parent, 0, 0, SIDE_PX, SIDE_PX, 0, class, 0, &told)?.check()?;
        let mask = XIEventMask::BUTTON_PRESS | XIEventMask::BUTTON_RELEASE | XIEventMask::MOTION;
        let mask = xinput::EventMask { deviceid: Device::ALL_MASTER.into(), mask: vec![mask] };
        server.xinput_xi_select_events(window, &[mask])?.check()?;
        let server = Arc::new(server);
        let mut pen = Self { server: Arc::clone(&server), window, thread: None };
        pen.set_region(&Place::default())?;
        server.map_window(window)?.check()?;
        pen.thread = Some(Builder::new().name("pen".into()).spawn(move || serve(&server, window, hand))?);
        Ok(pen)
    }

    /// Takes the pointer events over the canvas where `place` says that it lies. Never waits for an answer.
    pub fn cover(&self, place: &Place) {
        if let Err(error) = self.set_region(place) {
            tracing::warn!("the pen's window does not follow the picture: {error}");
        }
    }

    fn set_region(&self, place: &Place) -> Result<(), ConnectionError> {
        let shaped = |operation, rects: &[Rectangle]| {
            let (kind, order) = (shape::SK::INPUT, ClipOrdering::UNSORTED);
            self.server.shape_rectangles(operation, kind, order, self.window, 0, 0, rects).map(drop)
        };
        let canvas: Vec<Rectangle> = place.view.iter().filter_map(|view| rectangle(view.rect)).collect();
        shaped(shape::SO::SET, &canvas)?;
        let covers: Vec<Rectangle> = place.covers.iter().copied().filter_map(rectangle).collect();
        shaped(shape::SO::SUBTRACT, &covers)?;
        self.server.flush()
    }
}

impl Drop for PenWindow {
    fn drop(&mut self) {
        // The thread ends when it is told that the window is gone, or that the server is.
        let destroyed = self.server.destroy_window(self.window).map(drop).and_then(|()| self.server.flush());
        if destroyed.is_err() {
            tracing::debug!("the display went before the pen's window");
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the pen's thread panicked");
        }
    }
}

/// Moves `hand` by what happens in the window, until it is gone.
fn serve(server: &RustConnection, window: u32, mut hand: Hand) {
    loop {
        let Ok(event) = server.wait_for_event() else { return };
        let now = clock::now();
        match event {
            Event::XinputMotion(at) => drop(hand.moved(place(at.event_x, at.event_y), now)),
            Event::XinputButtonPress(at) if at.detail == TIP => {
                hand.moved(place(at.event_x, at.event_y), now);
                hand.pressed(now);
            }
            Event::XinputButtonRelease(at) if at.detail == TIP => drop(hand.released(now)),
            Event::DestroyNotify(gone) if gone.window == window => return,
            Event::Error(error) => tracing::warn!("the pen's window: {:?}", error.error_kind),
            _ => {}
        }
    }
}

/// Numbers of XInput: fixed point with 16 bits behind the point.
fn place(x: Fp1616, y: Fp1616) -> (f64, f64) {
    (f64::from(x) / 65_536.0, f64::from(y) / 65_536.0)
}

/// Whole pixels inside `rect`.
fn rectangle(rect: ViewRect) -> Option<Rectangle> {
    let side = |value: f32| (value > 0.0).then_some(value as u16);
    Some(Rectangle { x: rect.x as i16, y: rect.y as i16, width: side(rect.width)?, height: side(rect.height)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_fraction_of_a_pixel() {
        assert_eq!(place(65_536 * 3 + 16_384, -32_768), (3.25, -0.5));
    }

    #[test]
    fn a_canvas_without_extent_takes_no_events() {
        let rect = ViewRect { x: 10.0, y: 20.0, width: 0.0, height: 5.0 };
        assert!(rectangle(rect).is_none());
        let Rectangle { x, y, width, height } = rectangle(ViewRect { width: 7.5, ..rect }).unwrap();
        assert_eq!((x, y, width, height), (10, 20, 7, 5));
    }
}
