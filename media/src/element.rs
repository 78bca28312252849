//! One GStreamer element driven by hand: a buffer goes in, and whatever the element makes of it is there when the
//! call returns. No pipeline, thread, queue or clock stands around it, so nothing but the element can hold a buffer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video::VideoMeta;

/// How long a chip may take for a picture before it counts as broken: twenty pictures at 60 fps.
pub(crate) const CHIP_TIMEOUT: Duration = Duration::from_millis(333);

/// An element with one always-present sink pad in use and one source pad.
pub(crate) struct Element {
    element: gst::Element,
    input: gst::Pad,
    output: gst::Pad,
    bus: gst::Bus,
    made: Arc<Output>,
}

/// What came out and was not taken yet. Whoever waits is told of each.
#[derive(Default)]
struct Output {
    made: Mutex<Vec<Made>>,
    came: Condvar,
}

/// One buffer that came out, with the caps it came under.
pub(crate) struct Made {
    pub(crate) buffer: gst::Buffer,
    pub(crate) caps: Option<gst::Caps>,
}

/// What the element said went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{element}: {reason}")]
pub struct Error {
    element: String,
    reason: String,
}

impl Error {
    fn of(element: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { element: element.into(), reason: reason.into() }
    }
}

impl Element {
    /// Starts `element`, made by its factory, for buffers of the kind `caps` into its pad called `sink`; `makes` is
    /// what may come out.
    pub(crate) fn start(
        element: Result<gst::Element, gst::glib::BoolError>,
        sink: &str,
        caps: &gst::Caps,
        makes: &gst::Caps,
    ) -> Result<Self, Error> {
        let element = element.map_err(Error::from)?;
        let made = Arc::default();
        let output = output_pad(Arc::clone(&made), makes)?;
        let driven = Self { input: input_pad(), output, bus: gst::Bus::new(), element, made };
        driven.link(sink).map_err(|reason| driven.error(reason))?;
        driven.begin(caps).map_err(|reason| driven.error(reason))?;
        Ok(driven)
    }

    /// Hands `buffer` to the element and returns everything that came out of it meanwhile.
    pub(crate) fn push(&mut self, buffer: gst::Buffer) -> Result<Vec<Made>, Error> {
        self.push_and_await(buffer, Duration::ZERO)
    }

    /// Like [`Self::push`], for an element that may make something of the buffer on a thread of its own: waits until it has,
    /// `timeout` at most.
    pub(crate) fn push_and_await(&mut self, buffer: gst::Buffer, timeout: Duration) -> Result<Vec<Made>, Error> {
        let flow = self.input.push(buffer);
        let wait = if flow.is_ok() { timeout } else { Duration::ZERO };
        let made = self.made.take_within(wait);
        let message = self.bus.pop_filtered(&[gst::MessageType::Error]);
        self.bus.set_flushing(true);
        self.bus.set_flushing(false);
        match (flow, message) {
            (Ok(_), None) => Ok(made),
            (_, Some(message)) => Err(self.error(told(&message))),
            (Err(flow), None) => Err(self.error(format!("it refused a buffer: {flow}"))),
        }
    }

    /// Hands an event to the element, ahead of the next buffer.
    pub(crate) fn event(&self, event: gst::Event) -> Result<(), Error> {
        if self.input.push_event(event) { Ok(()) } else { Err(self.error("it refused an event")) }
    }

    /// Changes properties of the running element.
    pub(crate) fn tune(&self, change: impl FnOnce(&gst::Element)) {
        change(&self.element);
    }

    fn link(&self, sink: &str) -> Result<(), String> {
        let pad = |name| {
            let pad = self.element.static_pad(name);
            pad.ok_or_else(|| format!("it has no pad {name}"))
        };
        self.element.set_bus(Some(&self.bus));
        self.input.link(&pad(sink)?).map_err(|error| format!("its input: {error}"))?;
        pad("src")?.link(&self.output).map_err(|error| format!("its output: {error}"))?;
        Ok(())
    }

    fn begin(&self, caps: &gst::Caps) -> Result<(), String> {
        let active = |error: gst::glib::BoolError| error.to_string();
        self.output.set_active(true).map_err(active)?;
        self.element.set_state(gst::State::Playing).map_err(|error| self.reason(&error.to_string()))?;
        self.input.set_active(true).map_err(active)?;
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        let events = [
            gst::event::StreamStart::new("driven by hand"),
            gst::event::Caps::new(caps),
            gst::event::Segment::new(&segment),
        ];
        for event in events {
            if !self.input.push_event(event) {
                return Err(self.reason(&format!("it does not take {caps}")));
            }
        }
        Ok(())
    }

    /// What the bus tells, or else `otherwise`.
    fn reason(&self, otherwise: &str) -> String {
        let message = self.bus.pop_filtered(&[gst::MessageType::Error]);
        message.map_or_else(|| otherwise.to_owned(), |message| told(&message))
    }

    /// An error in the element's name.
    pub(crate) fn error(&self, reason: impl Into<String>) -> Error {
        // A bin is called after the element in it.
        let factory = self.element.factory().map(|factory| factory.name()).filter(|name| name != "bin");
        Error::of(factory.unwrap_or_else(|| self.element.name()), reason)
    }
}

impl Drop for Element {
    fn drop(&mut self) {
        if self.element.set_state(gst::State::Null).is_err() {
            tracing::warn!("{}: does not stop", self.element.name());
        }
        for pad in [&self.input, &self.output] {
            if pad.set_active(false).is_err() {
                tracing::warn!("{}: pad {} does not stop", self.element.name(), pad.name());
            }
        }
        // What is left on the bus holds the element, which holds the bus: neither would ever be given back.
        self.bus.set_flushing(true);
    }
}

/// A pad that buffers come from, live: what is behind it is asked by elements that hold pictures back where nobody waits.
fn input_pad() -> gst::Pad {
    let answer = |pad: &gst::Pad, parent: Option<&gst::Object>, query: &mut gst::QueryRef| match query.view_mut() {
        gst::QueryViewMut::Latency(latency) => {
            latency.set(true, gst::ClockTime::ZERO, gst::ClockTime::NONE);
            true
        }
        _ => gst::Pad::query_default(pad, parent, query),
    };
    gst::Pad::builder(gst::PadDirection::Src).name("input").query_function(answer).build()
}

/// An element of `factory` with these properties, as far as it knows them.
pub(crate) fn made(factory: &str, settings: &[(&str, &str)]) -> Result<gst::Element, gst::glib::BoolError> {
    let element = gst::ElementFactory::make(factory).build()?;
    for (property, value) in settings {
        set_if_known(&element, property, value);
    }
    Ok(element)
}

/// Sets a property, as near to `value` as its range allows. One that this version of the element lacks, or that knows no such
/// value, is left as it is: what the element then makes is `probe`'s to judge, and GStreamer's own setter would panic.
fn set_if_known(element: &gst::Element, property: &str, value: &str) {
    let Some(known) = element.find_property(property) else { return };
    let Ok(value) = gst::glib::Value::deserialize(value, known.value_type()) else {
        tracing::debug!("{}: {property} knows no {value}", element.name());
        return;
    };
    let signed = known.downcast_ref::<gst::glib::ParamSpecInt>().zip(value.get::<i32>().ok());
    let unsigned = known.downcast_ref::<gst::glib::ParamSpecUInt>().zip(value.get::<u32>().ok());
    match (signed, unsigned) {
        (Some((range, number)), _) => element.set_property(property, number.clamp(range.minimum(), range.maximum())),
        (_, Some((range, number))) => element.set_property(property, number.clamp(range.minimum(), range.maximum())),
        _ => element.set_property_from_value(property, &value),
    }
}

/// A pad that collects buffers in plain system memory, and tells the element that pictures may lie there as the
/// element likes best (`GstVideoMeta`), which spares it a copy.
fn output_pad(made: Arc<Output>, takes: &gst::Caps) -> Result<gst::Pad, gst::glib::BoolError> {
    let template = gst::PadTemplate::new("output", gst::PadDirection::Sink, gst::PadPresence::Always, takes)?;
    let pad = gst::Pad::builder_from_template(&template)
        .chain_function(move |pad, _, buffer| {
            let caps = pad.current_caps();
            made.put(Made { buffer, caps });
            Ok(gst::FlowSuccess::Ok)
        })
        .event_function(|_, _, _| true)
        .query_function(|pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Allocation(allocation) => {
                allocation.add_allocation_meta::<VideoMeta>(None);
                true
            }
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .build();
    Ok(pad)
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Vec<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, made: Made) {
        self.lock().push(made);
        self.came.notify_one();
    }

    /// All there is, once there is something or `timeout` has passed.
    fn take_within(&self, timeout: Duration) -> Vec<Made> {
        let waited = self.came.wait_timeout_while(self.lock(), timeout, |made| made.is_empty());
        let (mut made, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *made)
    }
}

impl From<gst::glib::BoolError> for Error {
    fn from(error: gst::glib::BoolError) -> Self {
        Self::of("GStreamer", error.message)
    }
}

fn told(message: &gst::Message) -> String {
    match message.view() {
        gst::MessageView::Error(error) => match error.debug() {
            Some(debug) => format!("{} ({debug})", error.error()),
            None => error.error().to_string(),
        },
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_driven_live_and_nothing_is_left_of_it_when_it_is_dropped() {
        crate::init().unwrap();
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").field("width", 64).field("height", 64);
        let caps = caps.field("framerate", gst::Fraction::new(30, 1)).build();
        let mut element = Element::start(gst::ElementFactory::make("identity").build(), "sink", &caps, &caps).unwrap();
        assert_eq!(element.push(gst::Buffer::new()).unwrap().len(), 1);
        let mut latency = gst::query::Latency::new();
        assert!(
            element.element.static_pad("sink").unwrap().peer_query(&mut latency) && latency.result().0,
            "it is live"
        );
        let (left, bus) = (element.element.downgrade(), element.bus.downgrade());
        drop(element);
        assert!(left.upgrade().is_none() && bus.upgrade().is_none());
    }

    #[test]
    fn a_setting_that_another_version_knows_and_this_one_does_not_is_left_out() {
        crate::init().unwrap();
        let element = gst::ElementFactory::make("x264enc").build().unwrap();
        let before = element.property_value("speed-preset").serialize().unwrap();
        set_if_known(&element, "no-such-property", "1");
        set_if_known(&element, "speed-preset", "p4-of-another-version");
        assert_eq!(element.property_value("speed-preset").serialize().unwrap(), before);
        set_if_known(&element, "speed-preset", "ultrafast");
        assert_ne!(element.property_value("speed-preset").serialize().unwrap(), before);
        set_if_known(&element, "bframes", "4000000000");
        assert_eq!(element.property::<u32>("bframes"), 16, "the most it takes");
    }
}
