//! Source kind `srt`: an encoder that sends by SRT, which calls or is called, with a transport stream or RTP packets.
//!
//! A transport stream costs one picture's time more than RTP: a picture's end is known by the beginning of the next.

use crossbeam_channel::Receiver;
use gstreamer::prelude::*;
use media::picture::Picture;

use super::branch::Playing;
use super::normal::Normal;
use super::{Error, Event, fault, live, rtp, secret};
use crate::config::network::{End, Srt, SrtPayload};

/// Opens the connection, or the port on which it is awaited.
///
/// # Errors
/// [`Error::Unavailable`]: the encoder does not answer, the port is taken, the passphrase cannot be read, or an element
/// is missing.
pub fn open(
    name: &str,
    srt: &Srt,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    live::open(name, &fault::NETWORK, normal, deliver, |line| {
        let encoder = live::element("srtsrc", "gstreamer1.0-plugins-bad")?;
        // The address resets everything else, so it comes first.
        match &srt.end {
            End::Listen(address) => encoder.set_property("uri", format!("srt://{address}?mode=listener")),
            End::Dial(address) => encoder.set_property("uri", format!("srt://{address}?mode=caller")),
        }
        encoder.set_property("latency", i32::from(srt.latency_ms));
        // Whoever keeps the source opens it again, and says so.
        if encoder.has_property("auto-reconnect") {
            encoder.set_property("auto-reconnect", false);
        }
        if let Some(path) = &srt.passphrase {
            encoder.set_property("passphrase", secret::passphrase(path)?);
        }
        match srt.payload {
            SrtPayload::Mpegts => {
                let streams = live::element("tsdemux", "gstreamer1.0-plugins-bad")?;
                line.gaps().watch_ts(&streams);
                Ok(line.gives_later(&[&encoder, &streams])?)
            }
            SrtPayload::Rtp(encoding) => {
                let caps = rtp::caps(encoding, None);
                Ok(line.gives(&[&encoder, &live::only(&caps)?], &caps)?)
            }
        }
    })
}
