//! What a session does with each kind of datagram. What then follows from it is `turn`'s.

use bytes::Bytes;
use protocol::time::MonoTime;

use super::{Event, Session};
use crate::arrivals::Report;
use crate::hello::Role;
use crate::path::{Path, PathId, State};
use crate::wire::{self, Body, Datagram, Probe, ProbeReply};

impl Session {
    pub(super) fn datagram(&mut self, id: PathId, bytes: &Bytes, now: MonoTime) {
        let Ok(Datagram { number, body }) = wire::decode(bytes) else {
            self.malformed_datagrams += 1;
            return;
        };
        let all_dark = !self.any(State::Live);
        let Some(revived) = self.path_mut(id).and_then(|path| path.hear(number, bytes.len(), now)) else { return };
        self.heard = Some(now);
        if revived {
            self.path_changed(id);
            if all_dark {
                self.outgoing.hurry(now);
            }
        }
        self.observe(id, number, &body);
        match body {
            Body::Shard(shard) => self.assembly.shard(id, &shard, now),
            Body::Message(message) => {
                let ready = self.incoming.receive(&message);
                ready.into_iter().for_each(|bytes| self.event(Event::Message(bytes)));
                self.send(id, Body::Ack(self.incoming.ack()));
            }
            Body::Ack(ack) => self.outgoing.acknowledge(ack),
            Body::Voice(piece) => self.hear_voice(&piece),
            Body::Bulk(piece) => self.bulk_piece(id, &piece),
            Body::BulkAck(ack) => self.bulk_arrived(ack, now),
            Body::Probe(probe) => self.probe(id, number, &probe, now),
            Body::ProbeReply(reply) => self.probe_reply(id, reply, now),
            Body::RefreshRequest if self.config.role == Role::Theatre => self.refresh(now),
            Body::RefreshRequest => {}
            Body::Nack(nack) => self.resend(&nack, now),
            Body::Arrivals(report) => self.arrivals(id, &report, now),
            Body::Padding(_) => {}
        }
    }

    fn arrivals(&mut self, id: PathId, report: &Report, now: MonoTime) {
        let Some(connection) = self.path_mut(id).and_then(Path::connection_mut) else { return };
        let before = connection.reach();
        let falls = connection.reported(report, now);
        if connection.reach() != before {
            self.path_changed(id);
        }
        if falls {
            self.narrowed(now);
        }
        self.tell_budget(now);
    }

    /// Asks the encoder for an independent frame, unless one is on its way.
    pub(super) fn refresh(&mut self, now: MonoTime) {
        if self.merger.passes(self.rtt().map(|rtt| rtt.smoothed), now) {
            self.event(Event::RefreshWanted);
        }
    }

    /// What a datagram's place in the path's order says about frames before it.
    fn observe(&mut self, id: PathId, number: u64, body: &Body<'_>) {
        let position = match body {
            Body::Shard(shard) => Some(shard.frame),
            Body::Probe(probe) => Some(probe.next_frame),
            _ => None,
        };
        if let Some(connection) = self.path_mut(id).and_then(Path::connection_mut) {
            connection.fence.observe(number, position);
        }
    }

    fn probe(&mut self, id: PathId, number: u64, probe: &Probe, now: MonoTime) {
        if let Some(connection) = self.path_mut(id).and_then(Path::connection_mut) {
            connection.loss_out.record(probe.received, now);
        }
        self.outgoing.acknowledge(probe.ack);
        self.assembly.announce(probe.next_frame, now);
        let clock = (self.config.role == Role::Theatre).then(|| now.as_session_in_theatre());
        self.send(id, Body::ProbeReply(ProbeReply { probe: number, clock }));
    }

    fn probe_reply(&mut self, id: PathId, reply: ProbeReply, now: MonoTime) {
        let connection = self.path_mut(id).and_then(Path::connection_mut);
        let Some(sent) = connection.and_then(|connection| connection.answered(reply.probe, now)) else { return };
        if let (Role::Console, Some(session)) = (self.config.role, reply.clock)
            && let Some(offset) = self.clock.sample(sent, session, now)
        {
            self.event(Event::Clock(offset));
        }
    }
}
