//! WebRTC on the first path: webrtcbin on both ends, NACK with retransmission, picture loss indications back to the
//! encoder.
//!
//! ICE is led through the relay: theatre is given one candidate, the relay's address in place of the console's, and
//! the console none. It learns of theatre by the checks that come through the relay (peer reflexive, RFC 8445 section
//! 7.3.1.3) and answers there, so that both directions pass it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, bounded};
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_video::UpstreamForceKeyUnitEvent;
use netem::relay;

use super::gst::{In, Out, Playing, RECEIVE_UNITS, RTP_CAPS, Refresh, SEND_RTP, take_units};
use super::{Ends, Net, Site, any, first_path};
use crate::pictures::BITRATE_BPS;

/// What it needs.
pub const NEEDS: [&str; 4] = ["webrtcbin", "nicesrc", "dtlsenc", "srtpenc"];

/// Both ends are in this process: a candidate that has not come by then will not.
const CANDIDATE_WITHIN: Duration = Duration::from_secs(5);

/// Between two RTCP packets of the console at least.
const RTCP_INTERVAL: gst::ClockTime = gst::ClockTime::from_mseconds(10);

/// Brings up both ends and connects them through the relay.
pub fn start(site: &Site<'_>) -> Result<Ends> {
    let theatre = Playing::build(&format!(
        "{SEND_RTP} ! {RTP_CAPS},rtcp-fb-nack=(boolean)true,rtcp-fb-nack-pli=(boolean)true \
         ! webrtcbin name=rtc bundle-policy=max-bundle"
    ))?;
    let console = Playing::build(&format!("webrtcbin name=rtc bundle-policy=max-bundle latency={}", site.latency_ms))?;
    let (out, into) = (theatre.element("rtc")?, console.element("rtc")?);
    [&out, &into].into_iter().for_each(stay_on_loopback);
    let asked = requests(&theatre)?;
    resend_what_is_missing(&out, &into);
    ask_for_what_is_missing(&into)?;
    let (units, refuse) = receive(&console, &into)?;
    let candidates = candidates(&into);
    let ends = (Out::new(theatre, Refresh::Asked(asked))?, In::new(console, units, refuse));
    ends.1.play()?;
    ends.0.play()?;
    negotiate(&out, &into)?;
    ask_at_once(&into)?;
    let net = lead_through_relay(site, &candidates, &out)?;
    Ok(Ends { theatre: Box::new(ends.0), console: Box::new(ends.1), net: Some(net) })
}

/// One local address each, so that there is one way only.
fn stay_on_loopback(rtc: &gst::Element) {
    let agent = rtc.property::<glib::Object>("ice-agent");
    if !agent.emit_by_name::<bool>("add-local-ip-address", &[&"127.0.0.1"]) {
        tracing::debug!("the ICE agent chooses its addresses itself");
    }
}

/// True whenever the console has asked for an independent access unit.
fn requests(theatre: &Playing) -> Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    let pad = theatre.element("units")?.static_pad("src").context("an appsrc has a pad")?;
    pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
        if info.event().is_some_and(|event| event.structure().is_some_and(|s| s.name() == "GstForceKeyUnit")) {
            flag.store(true, Ordering::Release);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(asked)
}

fn resend_what_is_missing(out: &gst::Element, into: &gst::Element) {
    if let Some(transceiver) = out.emit_by_name::<Option<glib::Object>>("get-transceiver", &[&0i32]) {
        transceiver.set_property("do-nack", true);
    }
    into.connect("on-new-transceiver", false, |values| {
        if let Some(Ok(transceiver)) = values.get(1).map(glib::Value::get::<glib::Object>) {
            transceiver.set_property("do-nack", true);
        }
        None
    });
}

/// webrtcbin of GStreamer 1.22 negotiates NACK and RTX for an answerer, and does not tell its jitter buffer of it.
fn ask_for_what_is_missing(console: &gst::Element) -> Result<()> {
    rtpbin(console)?.connect("new-jitterbuffer", true, |values| {
        if let Some(Ok(buffer)) = values.get(1).map(glib::Value::get::<gst::Element>) {
            buffer.set_property("do-retransmission", true);
        }
        None
    });
    Ok(())
}

/// Left to itself its session holds most NACKs back for the interval of regular RTCP; browsers send them at once.
fn ask_at_once(console: &gst::Element) -> Result<()> {
    let session = rtpbin(console)?.emit_by_name::<Option<glib::Object>>("get-internal-session", &[&0u32]);
    if let Some(session) = session {
        session.set_property("rtcp-min-interval", RTCP_INTERVAL.nseconds());
        session.set_property("bandwidth", f64::from(BITRATE_BPS));
    }
    Ok(())
}

fn rtpbin(rtc: &gst::Element) -> Result<gst::Element> {
    let bin = rtc.downcast_ref::<gst::Bin>().context("webrtcbin is a bin")?;
    let found = bin.children().into_iter().find(|child| child.factory().is_some_and(|made| made.name() == "rtpbin"));
    found.context("webrtcbin holds an rtpbin")
}

/// Where access units come, and how the console asks for an independent one.
fn receive(console: &Playing, rtc: &gst::Element) -> Result<(Receiver<super::Arrived>, impl Fn() + Send + use<>)> {
    let depay = format!("rtph264depay name=depay request-keyframe=true ! {RECEIVE_UNITS}");
    let bin = gst::parse::bin_from_description(&depay, true)?;
    let sink = bin.by_name("units").context("the bin has an appsink")?;
    let units = take_units(sink.clone())?;
    console.pipeline().add(&bin)?;
    rtc.connect_pad_added(move |_, pad| {
        let linked = bin.static_pad("sink").map(|sink| pad.link(&sink));
        if !matches!(linked, Some(Ok(_))) {
            tracing::warn!("the console's stream has nowhere to go");
        }
    });
    let refuse = move || {
        let asked = sink.static_pad("sink").map(|pad| pad.push_event(UpstreamForceKeyUnitEvent::builder().build()));
        tracing::debug!("an independent access unit is asked for: {asked:?}");
    };
    Ok((units, refuse))
}

/// The addresses under which `rtc` can be reached over UDP and IPv4, with the index of their media line and their text.
fn candidates(rtc: &gst::Element) -> Receiver<(u32, String)> {
    // The first one serves; others need no room.
    let (sender, receiver) = bounded(1);
    rtc.connect("on-ice-candidate", false, move |values| {
        if let (Some(Ok(line)), Some(Ok(text))) =
            (values.get(1).map(|v| v.get()), values.get(2).map(|v| v.get::<String>()))
            && address(&text).is_some()
        {
            drop(sender.try_send((line, text)));
        }
        None
    });
    receiver
}

/// Offer and answer (RFC 9429), both ends being at hand.
fn negotiate(out: &gst::Element, into: &gst::Element) -> Result<()> {
    let none = None::<gst::Structure>;
    let offer = described(out, "create-offer", "offer", none.as_ref())?;
    describe(out, "set-local-description", &offer);
    describe(into, "set-remote-description", &offer);
    let answer = described(into, "create-answer", "answer", none.as_ref())?;
    describe(into, "set-local-description", &answer);
    describe(out, "set-remote-description", &answer);
    Ok(())
}

fn described(rtc: &gst::Element, what: &str, field: &str, options: Option<&gst::Structure>) -> Result<glib::SendValue> {
    let promise = gst::Promise::new();
    rtc.emit_by_name::<()>(what, &[&options, &promise]);
    promise.wait();
    let reply = promise.get_reply().with_context(|| format!("webrtcbin gives no reply to {what}"))?;
    let value = reply.value(field).with_context(|| format!("webrtcbin: {what}: {reply:?}"))?;
    Ok(value.clone())
}

fn describe(rtc: &gst::Element, how: &str, description: &glib::SendValue) {
    let promise = gst::Promise::new();
    let description: glib::Value = (**description).clone();
    rtc.emit_by_name_with_values(how, &[description, promise.to_value()]);
    promise.wait();
}

fn lead_through_relay(site: &Site<'_>, candidates: &Receiver<(u32, String)>, out: &gst::Element) -> Result<Net> {
    let (line, candidate) = candidates.recv_timeout(CANDIDATE_WITHIN).context("the console has no ICE candidate")?;
    let far = address(&candidate).context("a candidate without an address")?;
    let net = Net::dialled_by_theatre(first_path(site.profile), site.seed, vec![relay::Path { listen: any(), far }])?;
    let candidate = with_address(&candidate, net.address(0)?);
    out.emit_by_name::<()>("add-ice-candidate", &[&line, &candidate]);
    Ok(net)
}

/// The address in a UDP candidate over IPv4 (RFC 8839 section 5.1).
fn address(candidate: &str) -> Option<SocketAddr> {
    let fields: Vec<&str> = candidate.split_whitespace().collect();
    let [_, _, transport, _, address, port, ..] = fields.as_slice() else { return None };
    let address = SocketAddr::new(address.parse().ok()?, port.parse().ok()?);
    (transport.eq_ignore_ascii_case("udp") && address.is_ipv4()).then_some(address)
}

/// The same candidate at another address.
fn with_address(candidate: &str, new: SocketAddr) -> String {
    let (ip, port) = (new.ip().to_string(), new.port().to_string());
    let field = |(at, field): (usize, &str)| match at {
        4 => ip.clone(),
        5 => port.clone(),
        _ => field.to_owned(),
    };
    candidate.split_whitespace().enumerate().map(field).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANDIDATE: &str = "candidate:1 1 UDP 2015363327 127.0.0.1 41234 typ host";

    #[test]
    fn a_candidate_is_moved_to_the_relay() {
        assert_eq!(address(CANDIDATE), Some(([127, 0, 0, 1], 41234).into()));
        let moved = with_address(CANDIDATE, ([127, 0, 0, 1], 9).into());
        assert_eq!(moved, "candidate:1 1 UDP 2015363327 127.0.0.1 9 typ host");
    }

    #[test]
    fn tcp_and_ipv6_and_nonsense_are_no_way_through_the_relay() {
        for text in ["candidate:1 1 TCP 1 127.0.0.1 9 typ host", "candidate:1 1 UDP 1 ::1 9 typ host", "candidate", ""]
        {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
