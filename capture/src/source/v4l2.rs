//! Source kind `v4l2`: a camera or grabber that the kernel knows, found by its device file.
//!
//! A name in `/dev/v4l/by-id` stands for one camera whatever socket it is plugged into, one in `by-path` for one socket.
//! Unplugged, the source ends; whoever keeps it tries again until the name is there. What the camera offers is asked at
//! each opening, and [`offer`] chooses.

mod offer;

use std::fs;
use std::path::Path;

use crossbeam_channel::Receiver;
use gstreamer::prelude::*;
use media::picture::Picture;

use super::branch::Playing;
use super::normal::Normal;
use super::{Error, Event, fault, live};
use crate::config::device::V4l2;

/// Where udev names cameras by what they are.
const BY_ID: &str = "/dev/v4l/by-id";
/// Cameras that an error lists at most.
const MAX_LISTED: usize = 8;

/// Opens the camera with the best of what it offers.
///
/// # Errors
/// [`Error::Unavailable`]: it is not plugged in, or another program uses it. [`Error::Unfit`]: it offers nothing that can be
/// used.
pub fn open(
    name: &str,
    v4l2: &V4l2,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    live::open(name, &fault::DEVICE, normal, deliver, |line| {
        if !v4l2.device.exists() {
            return Err(absent(&v4l2.device, Path::new(BY_ID)).into());
        }
        let camera = live::element("v4l2src", "gstreamer1.0-plugins-good")?;
        camera.set_property("device", v4l2.device.to_string_lossy().as_ref());
        line.ready(&camera)?;
        let output = camera.static_pad("src").ok_or("v4l2src has no output")?;
        let chosen = offer::choose(&output.query_caps(None), v4l2.format, v4l2.size, v4l2.fps);
        let chosen = chosen.map_err(live::NoUse::Unfit)?;
        Ok(line.takes(&camera, &chosen)?)
    })
}

/// That there is no such device, and which there are.
fn absent(device: &Path, names: &Path) -> String {
    let names = fs::read_dir(names).into_iter().flatten().flatten().take(MAX_LISTED);
    let mut names: Vec<String> = names.map(|entry| entry.path().display().to_string()).collect();
    names.sort();
    let connected = match names.is_empty() {
        true => "no camera is connected".to_owned(),
        false => format!("connected are `{}`", names.join("`, `")),
    };
    format!("there is no device {}; plug the camera in or mend `device`: {connected}", device.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_is_not_there_is_told_with_those_that_are() {
        let folder = std::env::temp_dir().join(format!("by-id-{}", std::process::id()));
        let device = Path::new("/dev/v4l/by-id/usb-Endoscope");
        assert!(absent(device, &folder).ends_with("mend `device`: no camera is connected"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("usb-Grabber-video-index0"), "").unwrap();
        let told = absent(device, &folder);
        fs::remove_dir_all(&folder).unwrap();
        assert!(told.starts_with("there is no device /dev/v4l/by-id/usb-Endoscope; plug the camera in"), "{told}");
        assert!(told.contains("usb-Grabber-video-index0`"), "{told}");
    }
}
