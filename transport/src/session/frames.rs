//! What a session does with frames of its own: plans, protects and sends them, and sends again what is asked for.

use protocol::time::MonoTime;

use super::{Event, Session};
use crate::budget::Spread;
use crate::connection::Connection;
use crate::pacer::Shard;
use crate::path::{Path, PathId};
use crate::schedule::{Carrier, Plan};
use crate::shards::{Frame, Geometry, Train};
use crate::wire::{Body, COUNTER_END, MAX_SHARD_HEADER_BYTES, Nack};
use crate::{history, rate};

impl Session {
    pub(super) fn send_frame(&mut self, frame: Frame, now: MonoTime) {
        let number = self.frames_out;
        if number >= COUNTER_END {
            self.frames_unsent += 1;
            return;
        }
        self.frames_out += 1;
        let connections = self.paths.iter().filter_map(Path::connection);
        let Some(narrowest) = connections.filter_map(Connection::passes_bytes).min() else {
            self.frames_unsent += 1;
            return;
        };
        let shard_bytes = narrowest.saturating_sub(MAX_SHARD_HEADER_BYTES);
        let count = Geometry::of(frame.bytes().len(), shard_bytes, 0).count();
        let plan = Plan::new(self.config.policy, number, count, self.frame_carriers(now));
        let geometry = Geometry::of(frame.bytes().len(), shard_bytes, plan.repair);
        let train = Train::new(number, frame, geometry, &mut self.code);
        let mut spread = Spread::new(plan.policy, geometry);
        self.give_way();
        for (index, id) in plan.departures(number, geometry.count()) {
            if let Some(pacer) = self.pacer(id) {
                pacer.push(queued(&train, index));
            }
            spread.carries(id);
        }
        self.looks = plan.looks;
        if self.planned.is_none() || !plan.looks {
            self.planned = Some(spread);
        }
        self.history.keep(train, now);
    }

    /// What shards wait for is gone, so they do not leave; nor does what is left of large things. `frames` and `bulk` are
    /// those that never came here.
    pub(super) fn withdraw(&mut self, frames: u64, bulk: usize) {
        self.history = history::History::default();
        self.frames_out += frames;
        self.frames_unsent += frames;
        for _ in 0..bulk + self.bulk_out.withdraw() {
            self.event(Event::BulkSent);
        }
    }

    /// Copies that have left by another path make room for the next frame where lines are full: redundancy is given up
    /// before time is.
    fn give_way(&mut self) {
        let history = std::mem::take(&mut self.history);
        let connections = self.paths.iter_mut().filter_map(Path::connection_mut);
        for connection in connections.filter(|connection| !connection.pacer.is_empty()) {
            connection.pacer.give_way(|frame, index| history.has_departed(frame, index));
        }
        self.history = history;
    }

    /// Sends again, on every path that carries anything, what the peer misses. Where a path is full that would keep it so:
    /// then an independent frame, of the size that the path now carries, brings the picture back sooner.
    pub(super) fn resend(&mut self, nack: &Nack<'_>, now: MonoTime) {
        if self.is_full(now) {
            return self.refresh(now);
        }
        let mut history = std::mem::take(&mut self.history);
        if let Some((train, shards)) = history.asked(nack, now) {
            let datagram_bytes = train.geometry().shard_bytes() + MAX_SHARD_HEADER_BYTES;
            let mut carriers = self.carriers();
            carriers.retain(|id| self.passes(*id, datagram_bytes));
            if carriers.is_empty() {
                self.refresh(now);
            }
            for id in carriers {
                let Some(pacer) = self.pacer(id) else { continue };
                shards.iter().rev().for_each(|index| pacer.push_first(queued(train, *index)));
            }
            self.shards_resent += shards.len() as u64;
        }
        self.history = history;
    }

    /// A path swallows what it passed before. If none passes the shards on their way any more, they are as good as lost.
    pub(super) fn narrowed(&mut self, now: MonoTime) {
        let Some(shard_bytes) = self.history.newest().map(|train| train.geometry().shard_bytes()) else { return };
        if !self.carriers().iter().any(|id| self.passes(*id, shard_bytes + MAX_SHARD_HEADER_BYTES)) {
            self.refresh(now);
        }
    }

    fn passes(&self, id: PathId, datagram_bytes: usize) -> bool {
        let connection = self.path(id).and_then(Path::connection);
        connection.and_then(Connection::passes_bytes).is_some_and(|passes| datagram_bytes <= passes)
    }

    /// Whether a path has more to carry than it can.
    fn is_full(&self, now: MonoTime) -> bool {
        let connections = self.paths.iter().filter_map(Path::connection);
        let mut states = connections.map(|connection| connection.rate.estimate(now).state);
        states.any(|state| state == rate::State::Overused)
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

    /// Tells the program what frames may take, if that has changed.
    pub(super) fn tell_budget(&mut self, now: MonoTime) {
        let Some(spread) = &self.planned else { return };
        let capacity = |id: PathId| {
            let connection = self.path(id).and_then(Path::connection)?;
            connection.rate.estimate(now).capacity_bps
        };
        let mut budget = self.budget.clone();
        let told = budget.judge(spread, capacity, self.bulk_out.leaves_percent(), now);
        self.budget = budget;
        if let Some(budget_bps) = told {
            self.event(Event::Budget(budget_bps));
        }
    }

    /// The paths a frame may go on: those of [`Session::carriers`], with what is known of them.
    fn frame_carriers(&self, now: MonoTime) -> Vec<Carrier> {
        let carrier = |id: PathId| {
            let connection = self.path(id).and_then(Path::connection);
            let loss = connection.and_then(|connection| connection.loss_out.percent());
            let rtt = connection.and_then(Connection::rtt).map(|rtt| rtt.smoothed);
            let capacity_bps = connection.and_then(|connection| connection.rate.estimate(now).capacity_bps);
            Carrier { id, loss: loss.map_or(0.0, |percent| f64::from(percent) / 100.0), rtt, capacity_bps }
        };
        self.carriers().into_iter().filter(|id| self.passes(*id, 0)).map(carrier).collect()
    }
}

/// A shard as it waits.
fn queued(train: &Train, index: u16) -> Shard {
    Shard { frame: train.number, index, bytes: train.geometry().shard_bytes() + MAX_SHARD_HEADER_BYTES }
}
