//! Screens: a record viewer's window on an X server of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use capture::source;
use crossbeam_channel::bounded;
use media::picture::Picture;
use protocol::frame::Freshness;
use protocol::geometry::SizePx;
use rustix::process::{Pid, Signal, kill_process};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::room::{Room, Seen};
use crate::rtsp::end_of;

const TITLE: &str = "Record viewer";
/// Pure colours as the X server has them, and their luma in BT.709, limited range.
const RED: (u32, u8) = (0xff_0000, 63);
const GREEN: (u32, u8) = (0x00_ff00, 173);

/// A virtual X server without a display that anybody sees, until dropped.
struct Server {
    process: Child,
    display: String,
}

impl Server {
    /// A new one, or the one called `display` again.
    fn start(display: Option<&str>) -> Self {
        let mut command = Command::new("Xvfb");
        command.args(display).args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x1024x24"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the package xvfb");
        let mut number = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { process, display: format!(":{}", number.trim()) }
    }

    /// A viewer's window of one colour.
    fn open_viewer(&self, at: (i16, i16), size: SizePx, colour: (u32, u8)) -> RustConnection {
        self.open_window(at, size, colour).0
    }

    fn open_window(&self, (x, y): (i16, i16), size: SizePx, (colour, _): (u32, u8)) -> (RustConnection, Window) {
        let (viewer, screen) = x11rb::connect(Some(&self.display)).unwrap();
        let root = viewer.setup().roots[screen].root;
        let window = viewer.generate_id().unwrap();
        let look = CreateWindowAux::new().background_pixel(colour);
        let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        viewer.create_window(depth, window, root, x, y, size.width, size.height, 0, class, 0, &look).unwrap();
        let title = TITLE.as_bytes();
        viewer.change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, AtomEnum::STRING, title).unwrap();
        viewer.map_window(window).unwrap().check().unwrap();
        (viewer, window)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn shows(size: SizePx, (_, luma): (u32, u8)) -> impl Fn(&Seen) -> bool {
    move |seen| {
        let (x, y) = (seen.picture.x + seen.picture.size.width / 2, seen.picture.y + seen.picture.size.height / 2);
        seen.freshness == Freshness::Live && seen.image == Some(size) && seen.codes(x, y)[0].abs_diff(luma) <= 4
    }
}

/// The word of whoever chose what these windows show: no names.
const UNMASKED: &str = "mask = \"none\"\nmask_decided_by = \"this test\"";
const SMALL: SizePx = SizePx { width: 640, height: 480 };
const SQUARE: SizePx = SizePx { width: 1024, height: 1024 };

#[test]
fn a_viewers_window_comes_and_comes_back_after_window_and_server_have_gone() {
    let server = Server::start(None);
    let keys = format!("kind = \"screen\"\n{UNMASKED}\ndisplay = \"{}\"\nwindow = \"{TITLE}\"", server.display);
    let mut room = Room::with("screen-window", &keys);
    let viewer = server.open_viewer((100, 50), SMALL, RED);
    room.until("the window", shows(SMALL, RED));
    drop(viewer);
    room.until("that the window is gone", |seen| matches!(seen.freshness, Freshness::Lost | Freshness::Failed));
    let _viewer = server.open_viewer((0, 0), SQUARE, GREEN);
    let square = room.until("another window of that name", shows(SQUARE, GREEN));
    assert_eq!(square.picture.size.width, square.picture.size.height);
    let display = server.display.clone();
    drop(server);
    room.until("that the server is gone", |seen| matches!(seen.freshness, Freshness::Lost | Freshness::Failed));
    let server = Server::start(Some(&display));
    let _viewer = server.open_viewer((5, 5), SMALL, RED);
    room.until("the window on a new server", shows(SMALL, RED));
}

#[test]
fn a_region_is_shown_as_it_stands_and_one_beyond_the_screen_is_refused() {
    let server = Server::start(None);
    let _viewer = server.open_viewer((200, 100), SMALL, GREEN);
    let region = "region = { x = 210, y = 110, width = 320, height = 200 }";
    let keys = format!("kind = \"screen\"\n{UNMASKED}\ndisplay = \"{}\"\n", server.display);
    let mut room = Room::with("screen-region", &format!("{keys}{region}"));
    room.until("the region", shows(SizePx { width: 320, height: 200 }, GREEN));
    let beyond = region.replace("210", "1210");
    let told = end_of(&toml::from_str(&format!("role = \"room\"\n{keys}{beyond}")).unwrap());
    assert!(told.contains("`region` reaches beyond the screen, which has 1280x1024 pixels"), "{told}");
    let told = end_of(&toml::from_str(&format!("role = \"room\"\n{keys}window = \"Mail\"")).unwrap());
    assert!(told.contains("no window with the title `Mail`"), "{told}");
}

#[test]
fn a_server_that_hangs_is_told_lets_go_and_shows_its_window_again_when_it_goes_on() {
    // Outlives the server, so that a room that waits for it ends with this test.
    let mut room;
    let server = Server::start(None);
    let keys = format!("kind = \"screen\"\n{UNMASKED}\ndisplay = \"{}\"\nwindow = \"{TITLE}\"", server.display);
    let _viewer = server.open_viewer((100, 50), SMALL, RED);
    room = Room::with("screen-hangs", &keys);
    room.until("the window", shows(SMALL, RED));
    let (sender, pictures) = bounded(1);
    let running = source::open("viewed", &toml::from_str(&format!("role = \"room\"\n{keys}")).unwrap(), move |_| {
        // One is enough to know that it copies.
        sender.try_send(()).ok();
    })
    .unwrap();
    pictures.recv_timeout(Duration::from_secs(20)).unwrap();
    server.signal(Signal::STOP);
    // Until it waits for an answer: it copies ten times a second.
    while pictures.recv_timeout(Duration::from_millis(500)).is_ok() {}
    let (dropped, lets_go) = bounded(1);
    let dropping = thread::Builder::new().name("dropping".into()).spawn(move || {
        drop(running);
        dropped.send(()).ok();
    });
    lets_go.recv_timeout(Duration::from_secs(5)).expect("a source waits for a server that hangs");
    dropping.unwrap().join().unwrap();
    room.until("that the server hangs", |seen| seen.freshness == Freshness::Failed);
    server.signal(Signal::CONT);
    room.until("the window again", shows(SMALL, RED));
}

/// Whether all of a picture has this colour.
fn is_all((colour, _): (u32, u8), picture: &Picture) -> bool {
    let frame = picture.read().unwrap();
    frame.plane_data(0).unwrap().chunks_exact(4).all(|pixel| pixel[..3] == colour.to_le_bytes()[..3])
}

#[test]
fn a_window_that_is_dragged_is_never_seen_beside_its_place() {
    let server = Server::start(None);
    let (viewer, window) = server.open_window((0, 0), SMALL, RED);
    let keys = format!("role = \"room\"\nkind = \"screen\"\ndisplay = \"{}\"\nwindow = \"{TITLE}\"", server.display);
    let (sender, pictures) = bounded(4);
    let _running = source::open("viewed", &toml::from_str(&format!("{keys}\nfps = 60")).unwrap(), move |picture| {
        // Looked at after each step, so that there is room.
        sender.try_send(is_all(RED, &picture)).ok();
    })
    .unwrap();
    // Through places of which none comes twice.
    for step in 0..2_000 {
        let (x, y) = (step % 600, step / 600);
        viewer.configure_window(window, &ConfigureWindowAux::new().x(x).y(y)).unwrap().check().unwrap();
        assert!(pictures.try_iter().all(|whole| whole), "step {step}: what lies beside the window is in the picture");
    }
    assert!((0..8).all(|_| pictures.recv_timeout(Duration::from_secs(20)).unwrap()), "and then it is seen again");
}
