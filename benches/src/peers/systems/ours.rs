//! This project's transport: theatre's driver and the console's, with mutual TLS, one connection for each path.

use std::time::Duration;

use anyhow::{Context as _, Result};
use crossbeam_channel::Receiver;
use harness::certificates;
use media::encode::AccessUnit;
use netem::relay::{self, Relay};
use protocol::ids::Epoch;
use transport::driver::{Config, End, Handle, PathConfig, Uplink, tls};
use transport::hello::Role;
use transport::schedule::Policy;
use transport::session::Event;
use transport::shards::Frame;

use super::{Arrived, Console, Ends, Net, Site, Theatre, any};

struct Out {
    handle: Handle,
    events: Receiver<Event>,
    budget_bps: Option<u64>,
}

struct In {
    handle: Handle,
    events: Receiver<Event>,
}

/// Brings up both ends, frames spread by `policy`; theatre listens, as in the product.
pub fn start(site: &Site<'_>, policy: Policy) -> Result<Ends> {
    let theatre = certificates::make(site.folder, "theatre")?;
    let console = certificates::make(site.folder, "console")?;
    let files = |own: &certificates::Identity, peer: &certificates::Identity| tls::Files {
        certificate: own.certificate.clone(),
        key: own.key.clone(),
        peer_certificate: peer.certificate.clone(),
    };
    let config = |role, epoch, ends: Vec<End>, files| {
        let named = |(index, end)| PathConfig { name: format!("path{index}"), end, uplink: Uplink::Routed };
        let paths = ends.into_iter().enumerate().map(named).collect();
        Config {
            role,
            epoch: Epoch(epoch),
            seed: site.seed,
            paths,
            policy,
            files,
            now: program::clock::now,
            wake: None,
        }
    };
    let listen = vec![End::Listen(any()); site.profile.paths.len()];
    let (out, news) = transport::driver::start(config(Role::Theatre, 1, listen, files(&theatre, &console)))?;
    let paths = out.listening().iter().map(|far| relay::Path { listen: any(), far: *far }).collect();
    let relay = Relay::start(relay::Config { paths, profile: site.profile.clone(), seed: site.seed })?;
    let dial = relay.addresses().iter().map(|address| End::Dial(address.to_string())).collect();
    let (handle, events) = transport::driver::start(config(Role::Console, 2, dial, files(&console, &theatre)))?;
    Ok(Ends {
        theatre: Box::new(Out { handle: out, events: news, budget_bps: None }),
        console: Box::new(In { handle, events }),
        net: Some(Net { relay, to_console: |path| path.to_dialler }),
    })
}

impl Theatre for Out {
    fn wants_refresh(&mut self) -> bool {
        let mut wants = false;
        // Every event is taken, so that none piles up: theatre's end has no other reader here.
        for event in self.events.try_iter() {
            match event {
                Event::RefreshWanted => wants = true,
                Event::Budget(bps) => self.budget_bps = bps,
                _ => {}
            }
        }
        wants
    }

    fn budget_bps(&self) -> Option<u64> {
        self.budget_bps
    }

    fn send(&mut self, unit: AccessUnit) -> Result<()> {
        self.handle.send_frame(Frame::new(unit.independent, unit.bytes)?).context("sending a frame")
    }
}

impl Console for In {
    fn receive(&mut self, wait: Duration) -> Option<Arrived> {
        match self.events.recv_timeout(wait).ok()? {
            Event::Frame(frame) => Some(Arrived { number: frame.number, bytes: frame.bytes }),
            _ => None,
        }
    }

    fn refuse(&mut self, number: u64) {
        self.handle.refuse_frame(number);
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

impl Drop for In {
    fn drop(&mut self) {
        self.handle.stop();
    }
}
