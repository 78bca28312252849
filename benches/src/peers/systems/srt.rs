//! SRT on the first path: RTP packets as its messages, since an MPEG-TS multiplexer would add latency of its own.
//! GStreamer's elements for SRT have no socket groups, so there is no bonded SRT here.

use anyhow::{Result, anyhow};
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use netem::relay;

use super::gst::{In, Out, Playing, RECEIVE_UNITS, RTP_CAPS, Refresh, SEND_RTP, on_buffer};
use super::{Ends, Net, Site, any, first_path, free_port};

/// What it needs.
pub const NEEDS: [&str; 4] = ["rtph264pay", "rtph264depay", "srtsink", "srtsrc"];

/// How often the elements look whether they are to stop: with their default of never they do not.
const LOOK_MS: u32 = 50;

/// Brings up both ends; the console listens.
pub fn start(site: &Site<'_>) -> Result<Ends> {
    let (port, latency) = (free_port()?, site.latency_ms);
    // srtsrc announces no caps, which the depayloader must have: messages go through an appsrc that does.
    let console = Playing::build(&format!(
        "srtsrc uri=srt://127.0.0.1:{port}?mode=listener latency={latency} poll-timeout={LOOK_MS} do-timestamp=true \
         ! appsink name=messages sync=false async=false max-buffers=1000 \
         appsrc name=packets is-live=true format=time do-timestamp=true max-buffers=1000 caps=\"{RTP_CAPS}\" \
         ! rtph264depay ! {RECEIVE_UNITS}"
    ))?;
    let packets = console.element("packets")?.downcast::<AppSrc>().map_err(|_| anyhow!("no appsrc"))?;
    on_buffer(console.element("messages")?, move |_, message| {
        if let Err(error) = packets.push_buffer(message) {
            tracing::debug!("an SRT message is not taken: {error}");
        }
    })?;
    let path = relay::Path { listen: any(), far: ([127, 0, 0, 1], port).into() };
    let net = Net::dialled_by_theatre(first_path(site.profile), site.seed, vec![path])?;
    let to = net.address(0)?.port();
    let theatre = Playing::build(&format!(
        "{SEND_RTP} ! srtsink uri=srt://127.0.0.1:{to}?mode=caller latency={latency} poll-timeout={LOOK_MS} sync=false async=false"
    ))?;
    let ends = (Out::new(theatre, Refresh::Periodic(0))?, In::deaf(console)?);
    ends.1.play()?;
    ends.0.play()?;
    Ok(Ends { theatre: Box::new(ends.0), console: Box::new(ends.1), net: Some(net) })
}
