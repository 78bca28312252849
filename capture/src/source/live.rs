//! How every device and network kind goes on behind its own first elements: decoder, sink, play.
//!
//! A kind makes its beginning and says what comes out of it, at once or when its pads appear; the rest is here. Which
//! decoder is [`decode`]'s matter.

use std::ops::ControlFlow;

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use media::picture::Picture;

use super::branch::{self, Branch, End, Pace, Playing};
use super::decode::gaps::Gaps;
use super::fault::Words;
use super::normal::Normal;
use super::{Error, Event, decode};

/// A pipeline whose beginning a kind makes.
#[derive(Debug)]
pub struct Line {
    pipeline: gst::Pipeline,
    branch: Branch,
    end: Tail,
}

/// Where pictures leave the pipeline.
#[derive(Debug, Clone)]
struct Tail {
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    sink: gst::glib::WeakRef<AppSink>,
    gaps: Gaps,
}

/// Opens the source called `name`: `begin` makes what its kind needs before the decoder. Failures are told in `words`.
///
/// # Errors
/// [`Error::Unavailable`] with what is missing or does not work, [`Error::Unfit`] with what is offered.
pub fn open(
    name: &str,
    words: &'static Words,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
    begin: impl FnOnce(&Line) -> Result<(), NoUse>,
) -> Result<(Receiver<Event>, Playing), Error> {
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    let sink = AppSink::builder().caps(&gst::Caps::new_empty_simple("video/x-raw")).build();
    let arrivals = branch::equip(&sink, Pace::Device, normal, deliver);
    let pipeline = gst::Pipeline::new();
    pipeline.add(&sink).map_err(|error| unavailable(error.to_string()))?;
    let end = Tail { pipeline: pipeline.downgrade(), sink: sink.downgrade(), gaps: Gaps::default() };
    let line = Line { branch: Branch::live(pipeline.clone(), words, arrivals), pipeline, end };
    begin(&line).map_err(|no_use| match no_use {
        NoUse::Unavailable(reason) => unavailable(reason),
        NoUse::Unfit(reason) => Error::Unfit { name: name.into(), reason },
    })?;
    line.branch.preroll().map_err(unavailable)?;
    line.branch.play(name, None, ended).map_err(unavailable)
}

/// Why nothing can be begun with a device; in one line.
#[derive(Debug)]
pub enum NoUse {
    /// It does not work now.
    Unavailable(String),
    /// It offers nothing that can be carried on.
    Unfit(String),
}

impl<S: Into<String>> From<S> for NoUse {
    fn from(reason: S) -> Self {
        Self::Unavailable(reason.into())
    }
}

impl Line {
    /// Adds `device` alone and opens it, so that it can be asked what it offers.
    ///
    /// # Errors
    /// It does not open; in one line.
    pub fn ready(&self, device: &gst::Element) -> Result<(), String> {
        self.add(&[device])?;
        self.branch.ready()
    }

    /// Takes from `device`, which was added before, what it has of the kind `caps`.
    ///
    /// # Errors
    /// As [`Line::gives`].
    pub fn takes(&self, device: &gst::Element, caps: &gst::Caps) -> Result<(), String> {
        let filter = only(caps)?;
        self.pipeline.add(&filter).map_err(|error| error.to_string())?;
        device.link(&filter).map_err(|error| error.to_string())?;
        self.end.take(&output(&filter)?, caps)
    }

    /// Adds `elements` in a row. What comes out of the last is of the kind `caps`.
    ///
    /// # Errors
    /// They do not fit together, or no decoder is there; in one line.
    pub fn gives(&self, elements: &[&gst::Element], caps: &gst::Caps) -> Result<(), String> {
        let last = self.add(elements)?;
        self.end.take(&output(last)?, caps)
    }

    /// Adds `elements` in a row, the last of which tells by and by what it gives: the first video is taken.
    ///
    /// # Errors
    /// They do not fit together; in one line.
    pub fn gives_later(&self, elements: &[&gst::Element]) -> Result<(), String> {
        let last = self.add(elements)?;
        let end = self.end.clone();
        last.connect_pad_added(move |element, pad| {
            let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
            if !decode::is_video(&caps) || end.is_taken() {
                return;
            }
            if let Err(fault) = end.take(pad, &caps) {
                gst::element_error!(element, gst::StreamError::CodecNotFound, ("{fault}"));
            }
        });
        let end = self.end.clone();
        last.connect_no_more_pads(move |element| {
            if !end.is_taken() {
                gst::element_error!(element, gst::StreamError::WrongType, ("there is no video in what it sends"));
            }
        });
        Ok(())
    }

    /// Where it is known what was lost of the stream.
    pub fn gaps(&self) -> &Gaps {
        &self.end.gaps
    }

    /// Adds `elements` in a row; the last of them.
    fn add<'a>(&self, elements: &[&'a gst::Element]) -> Result<&'a gst::Element, String> {
        self.pipeline.add_many(elements.iter().copied()).map_err(|error| error.to_string())?;
        gst::Element::link_many(elements.iter().copied()).map_err(|error| error.to_string())?;
        elements.last().copied().ok_or_else(|| "a source without a beginning".into())
    }
}

impl Tail {
    /// Whether something leads to the sink already, or the pipeline is gone.
    fn is_taken(&self) -> bool {
        self.sink.upgrade().and_then(|sink| sink.static_pad("sink")).is_none_or(|input| input.is_linked())
    }

    /// Leads `output`, which gives `caps`, through a decoder to the sink.
    fn take(&self, output: &gst::Pad, caps: &gst::Caps) -> Result<(), String> {
        let (Some(pipeline), Some(sink)) = (self.pipeline.upgrade(), self.sink.upgrade()) else { return Ok(()) };
        let input = match decode::decoder(caps, &self.gaps)? {
            Some(decoder) => {
                pipeline.add(&decoder).map_err(|error| error.to_string())?;
                decoder.link(&sink).map_err(|error| error.to_string())?;
                decoder.sync_state_with_parent().map_err(|error| error.to_string())?;
                decoder.static_pad("sink")
            }
            None => sink.static_pad("sink"),
        };
        let input = input.ok_or("its decoder has no input")?;
        output.link(&input).map(drop).map_err(|error| format!("its decoder does not take what it sends: {error}"))
    }
}

/// The element `factory`, which the Debian package `package` brings.
///
/// # Errors
/// It is not installed; in one line, with what to install.
pub fn element(factory: &'static str, package: &'static str) -> Result<gst::Element, String> {
    media::require(factory, package).map_err(|error| error.to_string())?;
    gst::ElementFactory::make(factory).build().map_err(|error| error.to_string())
}

/// An element that lets through nothing but `caps`.
///
/// # Errors
/// GStreamer's core lacks it; in one line.
pub fn only(caps: &gst::Caps) -> Result<gst::Element, String> {
    gst::ElementFactory::make("capsfilter").property("caps", caps).build().map_err(|error| error.to_string())
}

fn output(element: &gst::Element) -> Result<gst::Pad, String> {
    element.static_pad("src").ok_or_else(|| format!("{} has no output", element.name()))
}

fn ended(_: &gst::Pipeline, _: End) -> ControlFlow<Event> {
    ControlFlow::Break(Event::Ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Deinterlace;
    use crate::source::fault;

    fn refused(no_use: NoUse) -> Error {
        media::init().unwrap();
        let normal = Normal::new(Deinterlace::Auto);
        open("camera", &fault::DEVICE, normal, |_| {}, |_| Err(no_use)).expect_err("nothing can be begun with it")
    }

    #[test]
    fn a_device_that_offers_nothing_of_use_is_told_from_one_that_does_not_work() {
        let (silent, odd) = (refused("it is gone".into()), refused(NoUse::Unfit("it offers depth alone".into())));
        assert!(matches!(silent, Error::Unavailable { .. }) && silent.to_string() == "source camera: it is gone");
        assert!(matches!(odd, Error::Unfit { .. }) && odd.to_string() == "source camera: it offers depth alone");
    }
}
