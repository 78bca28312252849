//! Source kind `rtsp`: a network camera, or an encoder that behaves like one.
//!
//! Its sound is not asked for. When the camera hangs up or falls silent the source ends, and whoever keeps it opens it
//! again: a session that the camera has forgotten cannot be taken up.

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::prelude::*;
use media::picture::Picture;

use super::branch::Playing;
use super::normal::Normal;
use super::{Error, Event, fault, live, secret};
use crate::config::network::{Rtsp, Transport};

/// How long the camera may take for an answer or for its first packet, in microseconds: several round trips of a busy
/// camera, and less than a person waits who has just plugged it in.
const ANSWER_WITHIN_US: u64 = 5_000_000;

/// Begins to call the camera. That it does not answer is told later, as the source's end.
///
/// # Errors
/// [`Error::Unavailable`]: the credentials cannot be read, or an element is missing.
pub fn open(
    name: &str,
    rtsp: &Rtsp,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    live::open(name, &fault::NETWORK, normal, deliver, |line| {
        let camera = live::element("rtspsrc", "gstreamer1.0-plugins-good")?;
        camera.set_property("location", rtsp.location.as_str());
        camera.set_property("latency", u32::from(rtsp.latency_ms));
        camera.set_property("drop-on-latency", true);
        camera.set_property("tcp-timeout", ANSWER_WITHIN_US);
        camera.set_property("timeout", ANSWER_WITHIN_US);
        let protocols = match rtsp.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        camera.set_property_from_str("protocols", protocols);
        if let Some(path) = &rtsp.credentials {
            let (user, password) = secret::credentials(path)?;
            camera.set_property("user-id", user);
            camera.set_property("user-pw", password);
        }
        camera.connect("select-stream", false, |arguments| {
            let caps = arguments.get(2).and_then(|caps| caps.get::<gst::Caps>().ok());
            Some(caps.is_some_and(|caps| super::decode::is_video(&caps)).to_value())
        });
        Ok(line.gives_later(&[&camera])?)
    })
}
