//! Windows: one that is up is judged by the pictures it hands out; else its source and then its output are tried here.

use std::path::Path;
use std::time::Duration;

use crossbeam_channel::never;
use gstreamer as gst;
use gstreamer_video::{VideoFormat, VideoInfo};
use media::picture::Picture;
use protocol::time::MonoTime;

use super::finding::Finding;
use super::{Try, pictures, side_by_side, sources};
use crate::config::{Source, Theatre, Window};
use crate::or_display::hand::Ear;
use crate::or_display::screen::Screen;
use crate::{run_dir, share};

/// How long an output may take for one picture: a monitor that wakes up, an X server that starts.
const SHOWN_WITHIN: Duration = Duration::from_secs(4);

/// Every window, each with its source, side by side.
pub fn windows(theatre: &Theatre) -> Vec<Finding> {
    let tried = |name: &str| {
        let source = theatre.source.get(name).cloned();
        let window = theatre.window.get(name).cloned().unwrap_or_default();
        let (run_dir, named) = (theatre.run_dir.clone(), name.to_owned());
        let part: Try<'_> =
            Box::new(move || source.map(|source| window_of(&named, &source, &window, &run_dir)).unwrap_or_default());
        (name.to_owned(), part)
    };
    side_by_side(theatre.windows().into_iter().map(tried))
}

fn window_of(name: &str, source: &Source, window: &Window, run_dir: &Path) -> Vec<Finding> {
    let (mut found, output) = match run_dir::Claim::take(run_dir, name) {
        Ok(_claim) => (sources::opened(name, source, None), shown(name, window)),
        Err(run_dir::Error::Running { .. }) => {
            (handed_out(name, source, run_dir), Finding::pass(format!("window {name}"), "it is up"))
        }
        Err(error) => {
            let advice = "without it marks cannot reach the window";
            (Vec::new(), Finding::fail("run_dir", error.to_string(), advice))
        }
    };
    found.push(output);
    found
}

/// What the window that is up gives to `capture-node`, which a second reader does not disturb.
fn handed_out(name: &str, source: &Source, run_dir: &Path) -> Vec<Finding> {
    let (deliver, seen) = pictures::eye();
    match share::Reader::start(&run_dir::pictures(run_dir, name), deliver) {
        Ok(_reader) => sources::counted(name, source, &seen, &never()),
        Err(error) => vec![Finding::fail(format!("source {name}"), error.to_string(), "restart theatre")],
    }
}

/// Puts one black picture on the output.
fn shown(name: &str, window: &Window) -> Finding {
    let part = format!("window {name}");
    let advice = "is the monitor on and plugged in, and does theatre run in the session that owns it?";
    // Nobody presses anything on a black picture.
    let (ear, _acts) = Ear::new(window.keys.clone());
    let tried = Screen::open(name, window, ear).and_then(|mut screen| {
        let black = black().map_err(|reason| screen.broken(reason))?;
        screen.show(black)?;
        let arrived = screen.arrivals().recv_timeout(SHOWN_WITHIN).is_ok();
        screen.check().map(|()| arrived)
    });
    match tried {
        Ok(true) => Finding::pass(part, format!("{} takes pictures", window.output())),
        Ok(false) => Finding::fail(part, format!("it takes no picture in {} s", SHOWN_WITHIN.as_secs()), advice),
        Err(error) => Finding::fail(part, error.to_string(), advice),
    }
}

fn black() -> Result<Picture, String> {
    let info = VideoInfo::builder(VideoFormat::Bgrx, 1280, 720).build().map_err(|error| error.to_string())?;
    let buffer = gst::Buffer::from_mut_slice(vec![0; info.size()]);
    Ok(Picture { buffer, info, captured: MonoTime(0) })
}
