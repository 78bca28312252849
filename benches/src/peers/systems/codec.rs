//! Nothing between encoder and decoder: the floor every system stands on.

use std::time::Duration;

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded};
use media::encode::AccessUnit;

use super::{Arrived, Console, Ends, Site, Theatre};

struct Out {
    units: Sender<Arrived>,
    number: u64,
}

struct In(Receiver<Arrived>);

/// Ends that are one.
pub fn start(_: &Site<'_>) -> Result<Ends> {
    // Full holds the encoder back: a decoder that is slower than the camera is part of the floor.
    let (sender, receiver) = bounded(1);
    Ok(Ends { theatre: Box::new(Out { units: sender, number: 0 }), console: Box::new(In(receiver)), net: None })
}

impl Theatre for Out {
    fn wants_refresh(&mut self) -> bool {
        false
    }

    fn send(&mut self, unit: AccessUnit) -> Result<()> {
        let arrived = Arrived { number: self.number, bytes: unit.bytes.into() };
        self.number += 1;
        self.units.send(arrived).map_err(|_| anyhow!("the decoder has gone"))
    }
}

impl Console for In {
    fn receive(&mut self, wait: Duration) -> Option<Arrived> {
        self.0.recv_timeout(wait).ok()
    }

    fn refuse(&mut self, _: u64) {}
}
