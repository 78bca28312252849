//! A theatre with one source beside a primary that never comes: its canvas, made as `capture-node` makes it.

use std::path::PathBuf;
use std::time::Duration;

use capture::canvas::{Canvas, Composed};
use capture::config::Theatre;
use capture::node::branch::Branch;
use capture::node::stills::Tap;
use capture::node::{self, Inputs};
use gstreamer_video::VideoFrameExt as _;
use program::clock;
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::ids::{Epoch, LayoutEpoch};

use crate::peer::Peer;

/// Longest wait for what has to come: a busy machine's, with a peer's death that takes its protocol five seconds to see.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sizes of what the peer sends before and after its death: the square of X-ray, and that of a modality's screen.
pub const BEFORE: SizePx = SizePx { width: 1024, height: 1024 };
pub const AFTER: SizePx = SizePx { width: 1280, height: 1024 };

/// The theatre, running.
pub struct Room {
    canvas: Canvas,
    _inputs: Inputs,
    folder: PathBuf,
}

/// The source's tile as one canvas shows it.
pub struct Seen {
    pub freshness: Freshness,
    pub epoch: LayoutEpoch,
    pub image: Option<SizePx>,
    pub picture: CanvasRect,
    pub tile: CanvasRect,
    composed: Composed,
}

impl Room {
    /// With a source of which the configuration says `keys`.
    pub fn with(name: &str, keys: &str) -> Self {
        media::init().unwrap();
        let folder = std::env::temp_dir().join(format!("sources-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("theatre.toml");
        std::fs::write(&file, format!("{THEATRE}\n[source.viewed]\nrole = \"room\"\n{keys}\n")).unwrap();
        let theatre = Theatre::load(&file).unwrap();
        let (canvas, inlets) = Canvas::new(&theatre, Epoch(1), clock::now()).unwrap();
        let branches = inlets.into_iter().map(|inlet| Branch::new(inlet, Tap::default(), None)).collect();
        let inputs = node::connect(&theatre, branches, None).unwrap();
        Self { canvas, _inputs: inputs, folder }
    }

    /// Makes canvases until one shows what is `wanted`.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = clock::now() + PATIENCE;
        loop {
            let now = clock::now();
            assert!(now < deadline, "{what}: not within {} s", PATIENCE.as_secs());
            self.canvas.wait(Duration::from_millis(100), now);
            let Some(composed) = self.canvas.step(clock::now()).unwrap() else { continue };
            let seen = self.see(composed);
            if wanted(&seen) {
                return seen;
            }
        }
    }

    fn see(&self, composed: Composed) -> Seen {
        let tile = self.canvas.layout().tiles.iter().find(|tile| tile.name == "viewed").unwrap();
        let time = composed.header.tiles.iter().find(|time| time.source == tile.source).unwrap();
        Seen {
            freshness: time.freshness,
            epoch: composed.header.layout,
            image: tile.image,
            picture: tile.picture,
            tile: tile.tile,
            composed,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Seen {
    /// Luma and chroma codes of the canvas at a point of it.
    pub fn codes(&self, x: u16, y: u16) -> [u8; 3] {
        let frame = self.composed.picture.read().unwrap();
        let code = |plane: u32| {
            let stride = frame.plane_stride()[plane as usize] as usize;
            let halved = usize::from(plane > 0);
            frame.plane_data(plane).unwrap()[(usize::from(y) >> halved) * stride + (usize::from(x) >> halved)]
        };
        [0, 1, 2].map(code)
    }

    /// Whether colour bars stand where the picture is, upright and not mirrored, and nothing beside it.
    pub fn shows_bars(&self) -> bool {
        let CanvasRect { x, y, size } = self.picture;
        let at = |part: u16| self.codes(x + size.width / 14 * part, y + size.height / 4);
        let [white, blue] = [at(1), at(13)];
        let beside = if self.picture.x > self.tile.x { self.codes(self.tile.x + 2, y) } else { [16, 128, 128] };
        let near = |code: u8, wanted: u8| code.abs_diff(wanted) <= 14;
        // SMPTE RP 219: 75 % white and blue in limited range.
        near(white[0], 180)
            && near(white[1], 128)
            && near(white[2], 128)
            && blue[0] < 60
            && blue[1] > 180
            && beside[0] == 16
    }
}

/// A source whose peer `sends` pictures of a size comes, is lost when the peer is killed, and comes back in another size
/// with another peer of the kind.
pub fn comes_and_comes_back(name: &str, keys: &str, sends: impl Fn(SizePx) -> Peer) {
    let mut room = Room::with(name, keys);
    let peer = sends(BEFORE);
    let live = |size: SizePx| {
        move |seen: &Seen| seen.freshness == Freshness::Live && seen.image == Some(size) && seen.shows_bars()
    };
    let before = room.until("the first pictures", live(BEFORE));
    assert_eq!(before.picture.size.width, before.picture.size.height, "a square stays one");
    drop(peer);
    let lost = room.until("that it is gone", |seen| {
        matches!(seen.freshness, Freshness::Lost | Freshness::Ended | Freshness::Failed)
    });
    assert_eq!(lost.epoch, before.epoch, "no picture, no new layout");
    let _peer = sends(AFTER);
    let after = room.until("pictures again", live(AFTER));
    assert_ne!(after.epoch, before.epoch, "another size is another layout");
    let CanvasRect { size, .. } = after.picture;
    assert!((f64::from(size.width) / f64::from(size.height) - 1.25).abs() < 0.02, "5:4 stays 5:4: {size:?}");
}

/// Everything of a configuration but the source that is viewed.
const THEATRE: &str = r#"
primary = "endoscope"
run_dir = "run"
[source.endoscope]
role = "endoscope"
kind = "scene"
scene = "tissue"
[identity]
certificate = "theatre.crt"
key = "theatre.key"
[participant.anna]
certificate = "anna.crt"
role = "mentor"
[participant.anna.path.a]
listen = "127.0.0.1:7001"
[participant.anna.path.b]
listen = "127.0.0.1:7002"
"#;
