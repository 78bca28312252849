//! Source kind `screen`: what an X server shows, all of it, a region or one window, copied so many times a second.
//!
//! It speaks the X protocol itself. GStreamer's `ximagesrc` shows the whole screen when the window it was asked for is
//! not there, and the library under it ends the whole program when the X server goes; here both are errors. What lies
//! over a window is seen with it. The pointer is not.

mod wire;

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use gstreamer as gst;
use gstreamer_video::{VideoFormat, VideoInfo};
use media::picture::Picture;
use program::clock;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{self, AtomEnum, ConnectionExt as _, ImageFormat, ImageOrder, MapState, Window};
use x11rb::rust_connection::RustConnection;

use super::Event;
use super::pace::{Thread, Waiter};
use crate::config::device::{Area, Region, Screen};
use wire::Wire;

/// Windows that are searched for a title at most: a desktop has hundreds, a broken program could make millions.
const MAX_WINDOWS: usize = 4096;
/// Bytes of a title that are read at most, in the protocol's units of four.
const MAX_TITLE_WORDS: u32 = 256;

/// Begins to copy the screen.
///
/// # Errors
/// The X server, the window or the region is not there, in one line that says how to mend it.
pub fn open(
    name: &str,
    screen: &Screen,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Thread), String> {
    let copier = Copier::connect(screen)?;
    copier.place()?;
    let interval = Duration::from_secs(1) / u32::from(screen.fps.max(1));
    Thread::start(format!("screen {name}"), move |waiter, events| {
        copier.server.stream().obey(waiter);
        run(&copier, interval, waiter, events, deliver);
    })
}

fn run(copier: &Copier, interval: Duration, waiter: &Waiter, events: &Sender<Event>, mut deliver: impl FnMut(Picture)) {
    let mut due = clock::now();
    while waiter.until(due).is_continue() {
        match copier.picture() {
            Ok(Some(picture)) => deliver(picture),
            Ok(None) => {}
            Err(what) => {
                // Full cannot be: this is the only event, and the thread ends with it.
                if events.try_send(Event::Failed { what }).is_err() {
                    tracing::debug!("nobody listens to a screen that failed");
                }
                return;
            }
        }
        // What a busy machine missed is left out.
        due = (due + interval).max(clock::now());
    }
}

/// A connection to an X server, and what is copied from it.
struct Copier {
    server: RustConnection<Wire>,
    root: Window,
    size: (u16, u16),
    /// The atom of the property that holds a title in UTF-8.
    title: xproto::Atom,
    area: Found,
    fps: u16,
}

/// The part of the screen that is copied, found.
enum Found {
    Place(Place),
    /// This window, as long as it has this title: its number may become another program's.
    Window(Window, String),
}

/// A rectangle of the screen that lies within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    x: i16,
    y: i16,
    width: u16,
    height: u16,
}

impl Copier {
    fn connect(screen: &Screen) -> Result<Self, String> {
        let display = screen.display.as_deref();
        let (server, number) = wire::connect(display).map_err(|error| unreachable(display, &error.to_string()))?;
        let setup = server.setup();
        let shown = setup.roots.get(number).ok_or_else(|| unreachable(display, "it has no such screen"))?;
        let (root, size, depth) = (shown.root, (shown.width_in_pixels, shown.height_in_pixels), shown.root_depth);
        let bits = setup.pixmap_formats.iter().find(|format| format.depth == depth).map(|format| format.bits_per_pixel);
        if bits != Some(32) || setup.image_byte_order != ImageOrder::LSB_FIRST || !(24..=32).contains(&depth) {
            return Err(format!("the X server's pixels have {depth} bits; set it to 24 bits of true colour"));
        }
        let whole = Place { x: 0, y: 0, width: size.0, height: size.1 };
        let mut copier = Self { server, root, size, title: 0, area: Found::Place(whole), fps: screen.fps };
        match &screen.area {
            Area::Whole => {}
            Area::Region(region) => copier.area = Found::Place(region_within(*region, size)?),
            Area::Window(title) => copier.find(title)?,
        }
        Ok(copier)
    }

    fn find(&mut self, title: &str) -> Result<(), String> {
        let atom = self.server.intern_atom(false, b"_NET_WM_NAME").map_err(ReplyError::from);
        self.title = atom.and_then(|atom| atom.reply()).map_err(|error| gone(&error))?.atom;
        let window = self.window(title).map_err(|error| gone(&error))?;
        let none = || format!("there is no window with the title `{title}` on the screen; open it or mend `window`");
        self.area = Found::Window(window.ok_or_else(none)?, title.to_owned());
        Ok(())
    }

    /// The picture of now; `None` if the window moved while it was copied.
    fn picture(&self) -> Result<Option<Picture>, String> {
        let place = self.place()?;
        let picture = self.copy(place)?;
        // Of a window that moved meanwhile a part was copied that lies beside it, in the size that its mask is made for.
        Ok((self.place()? == place).then_some(picture))
    }

    fn copy(&self, Place { x, y, width, height }: Place) -> Result<Picture, String> {
        let copy = self.server.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX);
        let copy = copy.map_err(ReplyError::from).and_then(|copy| copy.reply()).map_err(|error| gone(&error))?;
        let captured = clock::now();
        let info = VideoInfo::builder(VideoFormat::Bgrx, width.into(), height.into())
            .fps(gst::Fraction::new(self.fps.into(), 1))
            .build()
            .map_err(|error| format!("{width}x{height} pixels: {error}"))?;
        if copy.data.len() < info.size() {
            return Err("the X server sends fewer pixels than it was asked for".into());
        }
        Ok(Picture { buffer: gst::Buffer::from_mut_slice(copy.data), info, captured })
    }

    /// Where the area lies now: windows move and change their size.
    fn place(&self) -> Result<Place, String> {
        let (window, title) = match &self.area {
            Found::Place(place) => return Ok(*place),
            Found::Window(window, title) => (*window, title),
        };
        let server = &self.server;
        let asked = (|| -> Result<_, ReplyError> {
            let shape = server.get_geometry(window)?.reply()?;
            let at = server.translate_coordinates(window, self.root, 0, 0)?.reply()?;
            let shown = server.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE;
            let is_it = shown && self.is_called(window, title)?;
            Ok(is_it.then(|| clip(at.dst_x, at.dst_y, (shape.width, shape.height), self.size)).flatten())
        })();
        let place = asked.map_err(|error| gone(&error))?;
        place.ok_or_else(|| format!("the window `{title}` is not on the screen any more; bring it to the front"))
    }

    /// The first window with this title, from the screen downwards.
    fn window(&self, title: &str) -> Result<Option<Window>, ReplyError> {
        let mut open = std::collections::VecDeque::from([self.root]);
        for _ in 0..MAX_WINDOWS {
            let Some(window) = open.pop_front() else { return Ok(None) };
            if self.is_called(window, title)? {
                return Ok(Some(window));
            }
            // A window that went meanwhile has no children.
            if let Some(tree) = there(self.server.query_tree(window)?.reply())? {
                open.extend(tree.children.into_iter().take(MAX_WINDOWS));
            }
        }
        Ok(None)
    }

    fn is_called(&self, window: Window, title: &str) -> Result<bool, ReplyError> {
        for property in [self.title, AtomEnum::WM_NAME.into()] {
            let asked = self.server.get_property(false, window, property, AtomEnum::ANY, 0, MAX_TITLE_WORDS)?;
            if there(asked.reply())?.is_some_and(|told| told.value == title.as_bytes()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What was asked for; `None` if the window it was asked of has gone.
fn there<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, ReplyError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn region_within(region: Region, (width, height): (u16, u16)) -> Result<Place, String> {
    let beyond = |start: u16, extent: u16, end: u16| u32::from(start) + u32::from(extent) > u32::from(end);
    let place = (i16::try_from(region.x), i16::try_from(region.y));
    match place {
        (Ok(x), Ok(y)) if !beyond(region.x, region.width, width) && !beyond(region.y, region.height, height) => {
            Ok(Place { x, y, width: region.width, height: region.height })
        }
        _ => Err(format!("`region` reaches beyond the screen, which has {width}x{height} pixels; mend it")),
    }
}

/// The part of a window at `x`, `y` that lies on the screen.
fn clip(x: i16, y: i16, window: (u16, u16), screen: (u16, u16)) -> Option<Place> {
    let span = |start: i16, extent: u16, end: u16| {
        let (low, high) = (i32::from(start).max(0), (i32::from(start) + i32::from(extent)).min(end.into()));
        Some((i16::try_from(low).ok()?, u16::try_from(high - low).ok().filter(|extent| *extent > 0)?))
    };
    let (x, width) = span(x, window.0, screen.0)?;
    let (y, height) = span(y, window.1, screen.1)?;
    Some(Place { x, y, width, height })
}

fn unreachable(display: Option<&str>, reason: &str) -> String {
    let display = match display {
        Some(display) => format!("the X server {display} cannot be reached"),
        None => match std::env::var("DISPLAY") {
            Ok(display) => format!("the X server {display} of the environment's DISPLAY cannot be reached"),
            Err(_) => "no X server is named".into(),
        },
    };
    format!(
        "{display}: {reason}; start it or name another in `display`, such as \":0\" (Wayland alone cannot be copied)"
    )
}

fn gone(error: &ReplyError) -> String {
    match error {
        ReplyError::ConnectionError(error) => format!("the X server is gone: {error}"),
        ReplyError::X11Error(error) => format!("the X server refuses: {:?}; the window may be gone", error.error_kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: (u16, u16) = (1280, 1024);

    #[test]
    fn a_region_must_lie_on_the_screen() {
        let region = |x, y, width, height| region_within(Region { x, y, width, height }, SCREEN);
        assert_eq!(region(280, 24, 1000, 1000).unwrap(), Place { x: 280, y: 24, width: 1000, height: 1000 });
        for fault in [region(281, 0, 1000, 100), region(0, 1000, 100, 25), region(40_000, 0, 30_000, 16)] {
            assert!(fault.unwrap_err().contains("1280x1024"));
        }
    }

    #[test]
    fn of_a_window_the_part_on_the_screen_is_copied() {
        let (x, y, width, height) = (0, 10, 90, 200);
        assert_eq!(clip(-10, 10, (100, 200), SCREEN), Some(Place { x, y, width, height }));
        assert_eq!(clip(1200, 1000, (100, 100), SCREEN).map(|place| (place.width, place.height)), Some((80, 24)));
        assert_eq!(clip(-100, 0, (100, 100), SCREEN), None);
        assert_eq!(clip(1280, 0, (100, 100), SCREEN), None);
    }

    #[test]
    fn a_server_that_is_not_there_is_told_with_how_to_name_another() {
        let screen = Screen { display: Some(":4711".into()), area: Area::Whole, fps: 10 };
        let told = open("viewer", &screen, |_| {}).err().unwrap();
        assert!(told.starts_with("the X server :4711 cannot be reached: ") && told.contains("`display`"), "{told}");
    }
}
