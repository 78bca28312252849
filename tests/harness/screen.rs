//! What a person at an X display sees and does: windows by title, their pixels, pointer and keys (XTEST).

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use protocol::time::MonoTime;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConnectionExt as _, EventMask,
    ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::display::Display;

/// A connection to one display.
pub struct Screen {
    pub(crate) connection: RustConnection,
    root: Window,
}

/// A window on it.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub(crate) window: Window,
    /// Left edge on the screen, pixels.
    pub x_px: i16,
    /// Top edge on the screen, pixels.
    pub y_px: i16,
    /// Width, pixels.
    pub width_px: u16,
    /// Height, pixels.
    pub height_px: u16,
}

/// Pixels of a window.
#[derive(Debug, Clone)]
pub struct Image {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue of every pixel, row by row.
    pub rgb: Vec<u8>,
}

impl Screen {
    /// Connects.
    ///
    /// # Errors
    /// No server answers.
    pub fn connect(display: &Display) -> Result<Self> {
        let (connection, number) =
            x11rb::connect(Some(display.name())).with_context(|| format!("display {}", display.name()))?;
        let root = connection.setup().roots.get(number).context("the display has no screen")?.root;
        Ok(Self { connection, root })
    }

    /// The visible window whose title contains `title`, waiting for it at most `limit`.
    ///
    /// # Errors
    /// None appears in time.
    pub fn window(&self, title: &str, limit: Duration) -> Result<Place> {
        let watch =
            ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE);
        self.connection.change_window_attributes(self.root, &watch)?.check()?;
        let deadline = program::clock::now() + limit;
        loop {
            if let Some(found) = self.find(self.root, title)? {
                return Ok(found);
            }
            let now = program::clock::now();
            ensure!(now < deadline, "no window titled \"{title}\" appeared within {limit:?}");
            // At most a tenth of a second: a title set on a nested window is not announced to the root.
            self.wait_for_event(deadline.min(now + Duration::from_millis(100)))?;
        }
    }

    fn find(&self, parent: Window, title: &str) -> Result<Option<Place>> {
        for window in self.connection.query_tree(parent)?.reply()?.children {
            // A window may go away between being listed and being asked.
            let Ok(attributes) = self.connection.get_window_attributes(window)?.reply() else { continue };
            if attributes.map_state == MapState::VIEWABLE && self.title(window)?.contains(title) {
                return self.place(window).map(Some);
            }
            self.connection.change_window_attributes(
                window,
                &ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE),
            )?;
            if let Some(found) = self.find(window, title)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn title(&self, window: Window) -> Result<String> {
        let utf8 = self.connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        for property in [utf8, AtomEnum::WM_NAME.into()] {
            let reply = self.connection.get_property(false, window, property, AtomEnum::ANY, 0, 256)?.reply();
            if let Ok(reply) = reply
                && !reply.value.is_empty()
            {
                return Ok(String::from_utf8_lossy(&reply.value).into_owned());
            }
        }
        Ok(String::new())
    }

    fn place(&self, window: Window) -> Result<Place> {
        let geometry = self.connection.get_geometry(window)?.reply()?;
        let origin = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        Ok(Place {
            window,
            x_px: origin.dst_x,
            y_px: origin.dst_y,
            width_px: geometry.width,
            height_px: geometry.height,
        })
    }

    /// Waits for any event until `deadline`.
    pub(crate) fn wait_for_event(&self, deadline: MonoTime) -> Result<()> {
        use rustix::event::{PollFd, PollFlags, poll};
        self.connection.flush()?;
        while self.connection.poll_for_event()?.is_none() {
            let left = deadline.since(program::clock::now());
            if left.is_zero() {
                break;
            }
            let limit = rustix::time::Timespec::try_from(left)?;
            poll(&mut [PollFd::new(self.connection.stream(), PollFlags::IN)], Some(&limit))?;
        }
        Ok(())
    }

    /// The window's pixels now.
    ///
    /// # Errors
    /// The window is gone, or the display has no 24 bit colour.
    pub fn image(&self, place: &Place) -> Result<Image> {
        let (width, height) = (place.width_px, place.height_px);
        let reply = self.connection.get_image(ImageFormat::Z_PIXMAP, place.window, 0, 0, width, height, !0)?.reply()?;
        ensure!(matches!(reply.depth, 24 | 32), "the display has {} bits of colour, not 24", reply.depth);
        let rgb = reply.data.chunks_exact(4).flat_map(|bgrx| bgrx.iter().take(3).rev().copied()).collect();
        Ok(Image { width: usize::from(width), height: usize::from(height), rgb })
    }

    /// Moves the pointer to a point of the window; when the server has taken it.
    ///
    /// # Errors
    /// The server is gone.
    pub fn move_to(&self, place: &Place, x_px: i16, y_px: i16) -> Result<MonoTime> {
        self.fake(MOTION_NOTIFY_EVENT, 0, place.x_px + x_px, place.y_px + y_px)
    }

    /// Presses the first button.
    ///
    /// # Errors
    /// The server is gone.
    pub fn press(&self) -> Result<MonoTime> {
        self.fake(BUTTON_PRESS_EVENT, 1, 0, 0)
    }

    /// Releases the first button.
    ///
    /// # Errors
    /// The server is gone.
    pub fn release(&self) -> Result<MonoTime> {
        self.fake(BUTTON_RELEASE_EVENT, 1, 0, 0)
    }

    /// Presses and releases the key that has this X keysym, which of Latin 1 is the letter's code, in the window under the
    /// pointer, or that with the focus.
    ///
    /// # Errors
    /// No key of this keyboard has it, or the server is gone.
    pub fn key(&self, keysym: impl Into<u32>) -> Result<MonoTime> {
        let code = self.code(keysym.into())?;
        let at = self.fake(KEY_PRESS_EVENT, code, 0, 0)?;
        self.fake(KEY_RELEASE_EVENT, code, 0, 0)?;
        Ok(at)
    }

    /// Presses the key that has this X keysym and holds it.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub fn hold(&self, keysym: impl Into<u32>) -> Result<MonoTime> {
        self.fake(KEY_PRESS_EVENT, self.code(keysym.into())?, 0, 0)
    }

    /// Lets go of it.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub fn let_go(&self, keysym: impl Into<u32>) -> Result<MonoTime> {
        self.fake(KEY_RELEASE_EVENT, self.code(keysym.into())?, 0, 0)
    }

    fn code(&self, keysym: u32) -> Result<u8> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let place = map.keysyms.iter().position(|sym| *sym == keysym);
        let code =
            place.with_context(|| format!("no key has the keysym {keysym:#x}"))? / usize::from(map.keysyms_per_keycode);
        Ok(first + u8::try_from(code)?)
    }

    /// The time is taken before the event leaves, so that a delay measured from it is never too small.
    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<MonoTime> {
        let at = program::clock::now();
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?;
        self.connection.flush()?;
        Ok(at)
    }

    /// Whether the server reports errors for what was sent so far.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<()> {
        self.connection.get_input_focus()?.reply()?;
        while let Some(event) = self.connection.poll_for_event()? {
            if let Event::Error(error) = event {
                bail!("the X server refused a request: {error:?}");
            }
        }
        Ok(())
    }
}

impl Image {
    /// The pixel at column `x` of row `y`; black outside.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        if x >= self.width || y >= self.height {
            return [0; 3];
        }
        let at = (y * self.width + x) * 3;
        self.rgb.get(at..at + 3).and_then(|rgb| rgb.try_into().ok()).unwrap_or_default()
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
        let mut encoder =
            png::Encoder::new(BufWriter::new(file), u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }
}
