//! Plain RTP over UDP (RFC 6184) on the first path: nothing lost is ever sent again.

use anyhow::Result;
use netem::relay;

use super::gst::{In, Out, Playing, RECEIVE_UNITS, RTP_CAPS, Refresh, SEND_RTP};
use super::{Ends, Net, Site, any, first_path, free_port};

/// What it needs.
pub const NEEDS: [&str; 5] = ["rtph264pay", "rtph264depay", "rtpjitterbuffer", "udpsink", "udpsrc"];

/// Asked of the system for the receiving socket, as in our own driver's league: a whole frame always fits.
const RECEIVE_BUFFER_BYTES: u32 = 4 << 20;

/// Brings up both ends.
pub fn start(site: &Site<'_>) -> Result<Ends> {
    let port = free_port()?;
    let console = Playing::build(&format!(
        "udpsrc address=127.0.0.1 port={port} buffer-size={RECEIVE_BUFFER_BYTES} caps=\"{RTP_CAPS}\" \
         ! rtpjitterbuffer latency=20 ! rtph264depay ! {RECEIVE_UNITS}"
    ))?;
    let path = relay::Path { listen: any(), far: ([127, 0, 0, 1], port).into() };
    let net = Net::dialled_by_theatre(first_path(site.profile), site.seed, vec![path])?;
    let to = net.address(0)?.port();
    let theatre = Playing::build(&format!("{SEND_RTP} ! udpsink host=127.0.0.1 port={to} sync=false async=false"))?;
    let ends = (Out::new(theatre, Refresh::Periodic(0))?, In::deaf(console)?);
    ends.1.play()?;
    ends.0.play()?;
    Ok(Ends { theatre: Box::new(ends.0), console: Box::new(ends.1), net: Some(net) })
}
