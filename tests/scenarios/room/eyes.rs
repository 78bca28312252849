//! Looks at the canvas as it comes out of a decoder, and at the OR display's window.

use std::collections::BTreeMap;
use std::path::Path;

use capture::config::Theatre;
use gstreamer_video::VideoFrameExt;
use harness::display::Display;
use harness::screen::{Place, Screen};
use media::decode::Decoder;
use media::picture::Picture;
use protocol::frame::Header;
use protocol::geometry::CanvasRect;

use crate::clips::grey_pictures;
use crate::people::peer::Peer;
use crate::pixels::psnr_db;
use crate::stage::SOON;

/// What a picture must still have that was scaled, encoded and decoded, when both are made this small.
const SIMILAR_DB: f64 = 25.0;
/// Columns and rows of what is compared, and the rows left out at the top, where ends write what they have to say.
const COLUMNS: usize = 32;
const ROWS: usize = 18;
const WRITTEN: usize = 5;

/// A participant's decoder, the surgeon's window, and what ought to be seen on both.
pub struct Eyes {
    pub peer: Peer,
    theatre: Theatre,
    screen: Screen,
    window: Place,
    decoder: Decoder,
    /// Frames that were decoded.
    decoded: usize,
    last: Option<Picture>,
    recorded: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Eyes {
    /// `clips`: each source's recording, and a size in its shape.
    pub fn open(peer: Peer, theatre: Theatre, display: &Display, clips: &[(&str, &Path, (usize, usize))]) -> Self {
        media::init_codecs().expect("GStreamer");
        let small = |clip: &Path, (width, height): (usize, usize)| -> Vec<Vec<u8>> {
            let pictures = grey_pictures(clip, width, height);
            pictures.iter().map(|grey| shrunk((width, height), |x, y| grey[y * width + x])).collect()
        };
        let recorded = clips.iter().map(|(name, clip, size)| ((*name).to_owned(), small(clip, *size))).collect();
        let screen = Screen::connect(display).expect("the display answers");
        let window = screen.window("OR display \u{2013} endoscope", SOON).expect("the surgeon's window");
        let decoder = Decoder::start().expect("a decoder");
        Self { peer, theatre, screen, window, decoder, decoded: 0, last: None, recorded }
    }

    /// Waits until the frames say that `source` stands so.
    pub fn wait_for(&self, source: &str, wanted: &str) {
        let id = self.theatre.source_id(source).expect("a source");
        self.peer.wait_for_source(id, wanted);
    }

    /// Decodes what has come since the last look.
    pub fn look(&mut self) {
        for bytes in self.peer.kept_from(self.decoded) {
            let (_, _, access_unit) = Header::take(&bytes).expect("a frame");
            self.last = Some(self.decoder.decode(access_unit, program::clock::now()).expect("it decodes"));
            self.decoded += 1;
        }
    }

    /// Whether the canvas shows the recording of `source` in its place.
    pub fn assert_on_canvas(&self, source: &str, wanted: bool) {
        let id = self.theatre.source_id(source).expect("a source");
        let layout = self.peer.layout().expect("a layout came");
        let CanvasRect { x, y, size } = layout.tile(id).expect("its tile").picture;
        let frame = self.last.as_ref().expect("a frame was decoded").read().expect("pixels");
        let stride = frame.plane_stride()[0] as usize;
        let luma = frame.plane_data(0).expect("luma");
        let (x0, y0) = (usize::from(x), usize::from(y));
        let seen = shrunk((size.width.into(), size.height.into()), |x, y| luma[(y0 + y) * stride + x0 + x]);
        self.assert_similar("the canvas", source, &seen, wanted);
    }

    /// How many pixels of the tile of `source` have a colour, between its heading and its foot: values and curves of now do, and
    /// nothing that is grey or gone.
    pub fn coloured(&self, source: &str) -> usize {
        let id = self.theatre.source_id(source).expect("a source");
        let CanvasRect { x, y, size } = self.peer.layout().expect("a layout came").tile(id).expect("its tile").picture;
        let frame = self.last.as_ref().expect("a frame was decoded").read().expect("pixels");
        let half = |px: u16| usize::from(px) / 2;
        let (rows, columns) =
            (half(y) + half(size.height) / 8..half(y) + half(size.height) * 7 / 8, half(x)..half(x + size.width));
        let coloured = |plane: u32, row: usize| {
            let stride = frame.plane_stride()[plane as usize] as usize;
            let codes = frame.plane_data(plane).expect("chroma");
            columns.clone().map(|column| codes[row * stride + column].abs_diff(128) > 24).collect::<Vec<_>>()
        };
        rows.flat_map(|row| coloured(1, row).into_iter().zip(coloured(2, row))).filter(|(u, v)| *u || *v).count()
    }

    /// Whether the surgeon's window shows the recording of the endoscope.
    pub fn assert_on_display(&self, wanted: bool) {
        let image = self.screen.image(&self.window).expect("the window's pixels");
        let size = (usize::from(self.window.width_px), usize::from(self.window.height_px));
        let luma = |x, y| {
            let [red, green, blue] = image.pixel(x, y).map(u32::from);
            ((299 * red + 587 * green + 114 * blue) / 1000) as u8
        };
        self.assert_similar("the OR display", "endoscope", &shrunk(size, luma), wanted);
    }

    fn assert_similar(&self, place: &str, source: &str, seen: &[u8], wanted: bool) {
        // The recording is what has to be explained: by a sign on black, none of it is.
        let near = |picture: &Vec<u8>| psnr_db(picture, seen);
        let best = self.recorded[source].iter().map(near).fold(0.0, f64::max);
        assert_eq!(best >= SIMILAR_DB, wanted, "{source} on {place}: its recording is {best:.1} dB away");
    }
}

/// Means over a grid of equal parts of a picture, without the rows at its top.
fn shrunk((width, height): (usize, usize), pixel: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let part = |all: usize, parts: usize, at: usize| all * at / parts..all * (at + 1) / parts;
    let cells = (WRITTEN..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row)));
    let mean = |(column, row)| {
        let (columns, rows) = (part(width, COLUMNS, column), part(height, ROWS, row));
        let count = columns.len() * rows.len();
        let sum: usize =
            rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| usize::from(pixel(x, y))).sum();
        (sum / count.max(1)) as u8
    };
    cells.map(mean).collect()
}
