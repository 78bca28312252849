//! Source kind `decklink`: an input of a DeckLink card.
//!
//! Pictures that the card makes up while no signal comes in are left out, so that a pulled cable is silence.

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::prelude::*;
use media::picture::Picture;

use super::branch::Playing;
use super::normal::Normal;
use super::{Error, Event, fault, live};
use crate::config::device::Decklink;

/// Pictures that the driver may hold: fewer, and a busy machine loses some; they wait only while it is busy.
const BUFFERED_PICTURES: u32 = 2;

/// Opens the card.
///
/// # Errors
/// [`Error::Unavailable`]: there is no such card or driver, or another program uses it.
pub fn open(
    name: &str,
    decklink: &Decklink,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    live::open(name, &fault::DECKLINK, normal, deliver, |line| {
        let card = live::element("decklinkvideosrc", "gstreamer1.0-plugins-bad")?;
        card.set_property("device-number", i32::from(decklink.card));
        card.set_property_from_str("mode", decklink.mode);
        card.set_property_from_str("connection", decklink.connection);
        // A card that finds the mode out finds the format out too.
        let format = if decklink.mode == "auto" { "auto" } else { "8bit-yuv" };
        card.set_property_from_str("video-format", format);
        card.set_property("buffer-size", BUFFERED_PICTURES);
        card.set_property("drop-no-signal-frames", true);
        Ok(line.gives(&[&card], &gst::Caps::new_empty_simple("video/x-raw"))?)
    })
}
