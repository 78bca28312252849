//! Source kind `rtp`: an encoder that sends RTP packets of one video stream to a UDP port, unicast or multicast.
//!
//! Packets that come in their turn wait for nothing; one that is missing is waited for as long as `latency_ms` says.

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::prelude::*;
use media::picture::Picture;

use super::branch::Playing;
use super::normal::Normal;
use super::{Error, Event, fault, live};
use crate::config::network::{Encoding, RawVideo, Rtp};

/// The kernel's buffer for packets, in bytes: an independent picture of 1080p comes at once.
const KERNEL_BUFFER_BYTES: i32 = 4 << 20;

/// Opens the port and waits for nobody.
///
/// # Errors
/// [`Error::Unavailable`]: the port is taken, or an element is missing.
pub fn open(
    name: &str,
    rtp: &Rtp,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    live::open(name, &fault::NETWORK, normal, deliver, |line| {
        let socket = live::element("udpsrc", "gstreamer1.0-plugins-good")?;
        socket.set_property("address", rtp.listen.ip().to_string());
        socket.set_property("port", i32::from(rtp.listen.port()));
        socket.set_property("buffer-size", KERNEL_BUFFER_BYTES);
        // A group may have other listeners on this machine; a port of its own is not shared, which would take turns.
        socket.set_property("reuse", rtp.listen.ip().is_multicast());
        if let Some(interface) = &rtp.interface {
            socket.set_property("multicast-iface", interface.as_str());
        }
        let caps = caps(rtp.encoding, rtp.raw);
        socket.set_property("caps", &caps);
        let order = live::element("rtpjitterbuffer", "gstreamer1.0-plugins-good")?;
        order.set_property("latency", u32::from(rtp.latency_ms));
        Ok(line.gives(&[&socket, &order], &caps)?)
    })
}

/// What RTP packets of this encoding are called, without the payload type, which is the sender's to choose.
pub fn caps(encoding: Encoding, raw: Option<RawVideo>) -> gst::Caps {
    let name = match encoding {
        Encoding::H264 => "H264",
        Encoding::H265 => "H265",
        Encoding::Jpeg => "JPEG",
        Encoding::Raw => "RAW",
    };
    let packets = gst::Caps::builder("application/x-rtp")
        .field("media", "video")
        .field("clock-rate", 90_000)
        .field("encoding-name", name);
    match raw {
        None => packets.build(),
        // RFC 4175 has sizes as text.
        Some(raw) => packets
            .field("sampling", "YCbCr-4:2:2")
            .field("depth", "8")
            .field("width", raw.size.width.to_string())
            .field("height", raw.size.height.to_string())
            .field("a-framerate", raw.fps.to_string())
            .build(),
    }
}
