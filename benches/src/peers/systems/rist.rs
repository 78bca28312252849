//! RIST (simple profile, VSF TR-06-1) bonded over all paths: every packet on each, what is missing asked for again.

use anyhow::Result;
use gstreamer as gst;
use gstreamer::prelude::*;
use netem::profile::Profile;
use netem::relay;

use super::gst::{In, Out, Playing, RECEIVE_UNITS, RTP_CAPS, Refresh, SEND_RTP};
use super::{Ends, Net, Site, free_pair};

/// What it needs.
pub const NEEDS: [&str; 4] = ["rtph264pay", "rtph264depay", "ristsink", "ristsrc"];

/// Brings up both ends. RTCP goes beside RTP on the next port, through a path of the relay with the same ills.
pub fn start(site: &Site<'_>) -> Result<Ends> {
    let (mut paths, mut near, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for _ in &site.profile.paths {
        let (listen, to) = (free_pair()?, free_pair()?);
        let local = |port: u16| ([127, 0, 0, 1], port).into();
        paths.extend([0, 1].map(|rtcp| relay::Path { listen: local(listen + rtcp), far: local(to + rtcp) }));
        near.push(format!("127.0.0.1:{listen}"));
        far.push(format!("127.0.0.1:{to}"));
    }
    let twice = |path: &_| [Clone::clone(path), Clone::clone(path)];
    let profile = Profile { name: site.profile.name, paths: site.profile.paths.iter().flat_map(twice).collect() };
    let net = Net::dialled_by_theatre(profile, site.seed, paths)?;
    let console = Playing::build(&format!(
        "ristsrc name=rist bonding-addresses=\"{}\" receiver-buffer={} reorder-section={} \
         ! rtph264depay ! {RECEIVE_UNITS}",
        far.join(","),
        site.latency_ms,
        REORDER_MS
    ))?;
    accept_h264(&console)?;
    let theatre = Playing::build(&format!("{SEND_RTP} ! ristsink bonding-addresses=\"{}\"", near.join(",")))?;
    send_at_once(&theatre);
    let ends = (Out::new(theatre, Refresh::Periodic(0))?, In::deaf(console)?);
    ends.1.play()?;
    ends.0.play()?;
    Ok(Ends { theatre: Box::new(ends.0), console: Box::new(ends.1), net: Some(net) })
}

/// How long a missing packet may be merely late before it is asked for: the default of 70 ms leaves no time for the
/// answer within the buffers tried here. Just above the widest jitter of the profiles with 10 ms of delay.
const REORDER_MS: u32 = 5;

/// The sockets' sinks inside ristsink wait for each packet's moment on the clock, some 20 ms: its users turn that off.
fn send_at_once(theatre: &Playing) {
    for element in theatre.pipeline().iterate_recurse().into_iter().flatten() {
        if element.factory().is_some_and(|factory| factory.name() == "udpsink") {
            element.set_property("sync", false);
        }
    }
}

/// ristsrc knows the payload types of RFC 3551 alone; it is told what our dynamic one is.
fn accept_h264(console: &Playing) -> Result<()> {
    let caps: gst::Caps = RTP_CAPS.parse()?;
    let rist = console.element("rist")?.downcast::<gst::Bin>().map_err(|_| anyhow::anyhow!("ristsrc is no bin"))?;
    for child in rist.children() {
        if child.name() == "rist_recv_rtpbin" {
            let caps = caps.clone();
            child.connect("request-pt-map", false, move |_| Some(caps.to_value()));
        }
    }
    Ok(())
}
