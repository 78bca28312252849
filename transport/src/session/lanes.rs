//! Who leaves before whom: messages and voice at once, frames' shards as each path's pacer lets them, and large things
//! with what is left.

use std::time::Duration;

use bytes::Bytes;
use protocol::time::MonoTime;

use super::{Event, Session, ids};
use crate::black_hole::BASE_BYTES;
use crate::bulk::BulkError;
use crate::pacer::Pacer;
use crate::path::{Path, PathId};
use crate::rtt::{self, Rtt};
use crate::voice::{MAX_VOICE_BYTES, VoiceSizeError};
use crate::wire::{Ack, Body, MAX_SHARD_HEADER_BYTES, Message};

/// More than what a path carries in this and its round trip is never in flight: what came later would be given up at
/// the far end (see [`crate::assembly::DEADLINE`]) and only lengthen the queue.
const MOST_QUEUED: Duration = Duration::from_millis(200);
/// Bytes of a part of something large. It is repeated as it was cut, so it must pass a path that has become a black hole.
const PIECE_BYTES: usize = BASE_BYTES - MAX_SHARD_HEADER_BYTES;

impl Session {
    /// Sends a piece of speech, of at most [`MAX_VOICE_BYTES`], on every live path at once.
    ///
    /// # Errors
    /// If it is empty or too long.
    pub fn send_voice(&mut self, bytes: &[u8], now: MonoTime) -> Result<(), VoiceSizeError> {
        if bytes.is_empty() || bytes.len() > MAX_VOICE_BYTES {
            return Err(VoiceSizeError(bytes.len()));
        }
        self.now = now;
        self.speak(bytes);
        self.turn(now);
        Ok(())
    }

    /// Queues something large and sends it with what nothing else needs of the lines. [`Event::BulkSent`] tells when it
    /// is whole at the peer, or was withdrawn.
    ///
    /// # Errors
    /// If it is empty, too large, or others wait.
    pub fn send_bulk(&mut self, bytes: Bytes, now: MonoTime) -> Result<(), BulkError> {
        self.bulk_out.push(bytes)?;
        self.now = now;
        self.turn(now);
        Ok(())
    }

    /// How many large things [`Self::send_bulk`] takes now.
    pub fn bulk_room(&self) -> usize {
        self.bulk_out.room()
    }

    /// Sends the shards whose turn has come, one by each path in turn: of two copies both ends of the frame leave first.
    pub(super) fn depart(&mut self, now: MonoTime) {
        if self.paths.iter().filter_map(Path::connection).all(|connection| connection.pacer.is_empty()) {
            return;
        }
        self.pace(now);
        let mut history = std::mem::take(&mut self.history);
        let mut left = true;
        while left {
            left = false;
            for id in ids().take(self.paths.len()) {
                let Some(shard) = self.pacer(id).and_then(|pacer| pacer.poll(now)) else { continue };
                left = true;
                if let Some(shard) = history.depart(shard.frame, shard.index, now) {
                    self.send(id, Body::Shard(shard));
                } else if let Some(pacer) = self.pacer(id) {
                    pacer.expired();
                }
            }
        }
        self.history = history;
    }

    /// Sends parts of large things, each by the next path that has nothing else to do.
    pub(super) fn depart_bulk(&mut self, resend: Duration, now: MonoTime) {
        if self.bulk_out.is_empty() {
            return;
        }
        self.pace(now);
        loop {
            let carriers = self.carriers();
            let free = |id: &PathId| {
                self.path(*id)
                    .and_then(Path::connection)
                    .is_some_and(|connection| connection.pacer.free_at(BASE_BYTES).is_some_and(|at| at <= now))
            };
            // Another one each time, so that a path that is about to be found dark does not take all.
            let turn = usize::try_from(self.bulk_out.sent()).unwrap_or(0);
            let order = carriers.iter().cycle().skip(turn % carriers.len().max(1)).take(carriers.len());
            let Some(id) = order.copied().find(|id| free(id)) else { return };
            let Some((number, bytes)) = self.bulk_out.next(PIECE_BYTES, resend, now) else { return };
            let whole_bps = self.budget.told_bps().map(|bps| bps.saturating_mul(100) / self.bulk_out.leaves_percent());
            self.bulk_out.spend(bytes.len(), whole_bps, now);
            self.send(id, Body::Bulk(Message { number, bytes: &bytes }));
        }
    }

    /// When [`Self::depart_bulk`] has something to send and a path to send it by.
    pub(super) fn bulk_deadline(&self) -> Option<MonoTime> {
        let due = self.bulk_out.deadline()?;
        let carriers = self.carriers();
        // A line that has shards to carry, or waits for room, wakes the session itself.
        let free_at = |id: &PathId| self.path(*id)?.connection()?.pacer.free_at(BASE_BYTES);
        carriers.iter().filter_map(free_at).min().map(|at| at.max(due))
    }

    /// Speech on every path that carries anything.
    pub(super) fn speak(&mut self, bytes: &[u8]) {
        let number = self.voice_out;
        self.voice_out += 1;
        for id in self.carriers() {
            self.send(id, Body::Voice(Message { number, bytes }));
        }
    }

    pub(super) fn hear_voice(&mut self, piece: &Message<'_>) {
        if self.voice_in.receive(piece.number) {
            self.event(Event::Voice { number: piece.number, bytes: Bytes::copy_from_slice(piece.bytes) });
        }
    }

    pub(super) fn bulk_piece(&mut self, id: PathId, piece: &Message<'_>) {
        let whole = self.bulk_in.receive(piece);
        whole.into_iter().for_each(|bytes| self.event(Event::Bulk(bytes)));
        self.send(id, Body::BulkAck(self.bulk_in.ack()));
    }

    pub(super) fn bulk_arrived(&mut self, ack: Ack, now: MonoTime) {
        for _ in 0..self.bulk_out.acknowledge(ack) {
            self.event(Event::BulkSent);
        }
        self.tell_budget(now);
    }

    pub(super) fn raise_bulk(&mut self, raised: bool, now: MonoTime) {
        self.bulk_out.raise(raised);
        self.tell_budget(now);
    }

    /// Shards that never left, over all present connections.
    pub(super) fn shards_dropped(&self) -> u64 {
        self.paths.iter().filter_map(Path::connection).map(|connection| connection.pacer.dropped()).sum()
    }

    pub(super) fn pacer(&mut self, id: PathId) -> Option<&mut Pacer> {
        self.path_mut(id)?.connection_mut().map(|connection| &mut connection.pacer)
    }

    /// Tells each pacer what its line takes.
    fn pace(&mut self, now: MonoTime) {
        for connection in self.paths.iter_mut().filter_map(Path::connection_mut) {
            let burst_bps = connection.rate.burst_bps().filter(|_| !self.looks);
            let round_trip = connection.rtt().map_or(rtt::INITIAL, |rtt: Rtt| rtt.smoothed) + MOST_QUEUED;
            let in_flight = connection.rate.in_flight_bytes(now);
            let window = |bps: u64| bps.saturating_mul(round_trip.as_micros() as u64) / 8_000_000;
            connection.pacer.set(burst_bps, burst_bps.map(|bps| window(bps).saturating_sub(in_flight)));
        }
    }
}
