//! Touches and clicks of a window that was made for a sink: GStreamer's X sinks listen for keys there, but for buttons only
//! in windows that they made themselves. A second window that nobody sees lies over the first and takes them; only one
//! client may listen for a window's buttons, so this is in no sink's way.

use std::error::Error;
use std::sync::Arc;

use program::worker::Worker;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, EventMask, WindowClass};
use x11rb::rust_connection::RustConnection;

use super::hand::{Ear, Press};

/// The button that a touch presses too.
const FIRST_BUTTON: u8 = 1;
/// Rows and columns of the unseen window: more than any monitor has. What reaches beyond the window below is cut off.
const EXTENT: u16 = i16::MAX.cast_unsigned();

/// Hears touches until dropped.
pub struct Touches {
    connection: Arc<RustConnection>,
    id: u32,
    _worker: Worker,
}

impl Touches {
    /// Tells `ear` of each touch of the X window `window`.
    ///
    /// # Errors
    /// The X server refuses, or the system gave no thread.
    pub fn hear(window: u32, ear: Ear) -> Result<Self, Box<dyn Error>> {
        let (connection, _) = x11rb::connect(None)?;
        let connection = Arc::new(connection);
        let id = connection.generate_id()?;
        let heard = CreateWindowAux::new().event_mask(EventMask::BUTTON_PRESS | EventMask::STRUCTURE_NOTIFY);
        connection
            .create_window(0, id, window, 0, 0, EXTENT, EXTENT, 0, WindowClass::INPUT_ONLY, 0, &heard)?
            .check()?;
        connection.map_window(id)?.check()?;
        let events = Arc::clone(&connection);
        let worker = Worker::start("touch", move |_| follow(&events, &ear))?;
        Ok(Self { connection, id, _worker: worker })
    }
}

impl Drop for Touches {
    /// The end of the unseen window, or of the server, is what ends the thread.
    fn drop(&mut self) {
        let closed = self.connection.destroy_window(self.id).map(drop).and_then(|()| self.connection.flush());
        if let Err(error) = closed {
            tracing::debug!("the window went before it was closed: {error}");
        }
    }
}

fn follow(connection: &RustConnection, ear: &Ear) {
    loop {
        match connection.wait_for_event() {
            Ok(Event::ButtonPress(event)) if event.detail == FIRST_BUTTON => ear.hear(&Press::Touch),
            Ok(Event::DestroyNotify(_)) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!("touches are no longer heard: {error}");
                return;
            }
        }
    }
}
