//! What a session does with frames of its own: plans, protects and sends them, and sends again what is asked for.

use protocol::time::MonoTime;

use super::Session;
use crate::connection::Connection;
use crate::history;
use crate::path::{Path, PathId};
use crate::schedule::{Carrier, Plan};
use crate::shards::{Frame, Geometry, Train};
use crate::wire::{Body, MAX_SHARD_HEADER_BYTES, Nack};

impl Session {
    pub(super) fn send_frame(&mut self, frame: Frame, now: MonoTime) {
        let number = self.frames_out;
        self.frames_out += 1;
        let connections = self.paths.iter().filter_map(Path::connection);
        let Some(narrowest) = connections.map(|connection| connection.max_datagram_bytes).min() else {
            self.frames_unsent += 1;
            return;
        };
        let shard_bytes = narrowest.saturating_sub(MAX_SHARD_HEADER_BYTES);
        let count = Geometry::of(frame.bytes().len(), shard_bytes, 0).count();
        let plan = Plan::new(self.config.policy, count, &self.frame_carriers());
        self.planned = Some(plan.policy);
        let geometry = Geometry::of(frame.bytes().len(), shard_bytes, plan.repair);
        let train = Train::new(number, frame, geometry, &mut self.code);
        for index in 0..geometry.count() + geometry.repair() {
            for id in plan.paths_of(number, index, geometry.count()) {
                self.send_shard(*id, &train, index);
            }
        }
        self.history.keep(train, now);
    }

    /// Sends again, on every path that carries anything, what the peer misses.
    pub(super) fn resend(&mut self, nack: &Nack<'_>, now: MonoTime) {
        let mut history = std::mem::take(&mut self.history);
        if let Some((train, shards)) = history.asked(nack, now) {
            let carriers = self.carriers();
            for index in &shards {
                carriers.iter().for_each(|id| self.send_shard(*id, train, *index));
            }
            self.shards_resent += shards.len() as u64;
        }
        self.history = history;
    }

    /// Asks for what frames on their way in miss.
    pub(super) fn ask(&mut self, carriers: &[PathId], now: MonoTime) {
        for want in self.assembly.wants(now) {
            let (first, missing) = history::bits(&want.shards);
            for id in carriers {
                self.send(*id, Body::Nack(Nack { frame: want.frame, first, missing: &missing }));
            }
        }
    }

    fn send_shard(&mut self, id: PathId, train: &Train, index: u16) {
        if let Some(shard) = train.shard(index) {
            self.send(id, Body::Shard(shard));
        }
    }

    /// The paths a frame may go on: those of [`Session::carriers`], with what is known of them.
    fn frame_carriers(&self) -> Vec<Carrier> {
        let carrier = |id: PathId| {
            let connection = self.path(id).and_then(Path::connection);
            let loss = connection.and_then(|connection| connection.loss_out.percent());
            let rtt = connection.and_then(Connection::rtt).map(|rtt| rtt.smoothed);
            Carrier { id, loss: loss.map_or(0.0, |percent| f64::from(percent) / 100.0), rtt }
        };
        self.carriers().into_iter().map(carrier).collect()
    }
}
