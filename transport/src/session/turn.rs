//! What a session does because time has passed, or because of what it has just learnt: dials, probes, verdicts of
//! darkness, frames given up and released, messages and requests sent. Reading datagrams is `receive`'s.

use protocol::time::MonoTime;

use super::{Event, Output, Session, ids};
use crate::assembly::Outcome;
use crate::connection::Connection;
use crate::delivery::IN_FLIGHT;
use crate::hello::Role;
use crate::path::{Path, PathId, State};
use crate::rtt::{self, Rtt};
use crate::wire::{self, Body, Message, Probe};

impl Session {
    /// Does everything that is due.
    pub(super) fn turn(&mut self, now: MonoTime) {
        self.depart(now);
        for id in ids().take(self.paths.len()) {
            self.turn_path(id, now);
        }
        let rtt = self.rtt();
        self.assembly.set_round_trip(rtt);
        self.assembly.settle(self.settled(), now);
        self.assembly.expire(now);
        while let Some(outcome) = self.assembly.poll() {
            self.event(match outcome {
                Outcome::Released(frame) => Event::Frame(frame),
                Outcome::Lost(numbers, loss) => Event::FramesLost { numbers, loss },
            });
        }
        let carriers = self.carriers();
        if carriers.is_empty() {
            return;
        }
        let resend = rtt.map_or(rtt::INITIAL, Rtt::resend);
        for (number, bytes) in self.outgoing.due(IN_FLIGHT, resend, now) {
            for id in &carriers {
                self.send(*id, Body::Message(Message { number, bytes: &bytes }));
            }
        }
        self.depart_bulk(resend, now);
        self.ask(&carriers, now);
        let needed = self.config.role == Role::Console && self.assembly.needs_independent();
        if self.asker.ask(needed, now) {
            for id in carriers {
                self.send(id, Body::RefreshRequest);
            }
        }
    }

    fn turn_path(&mut self, id: PathId, now: MonoTime) {
        if self.path(id).and_then(Path::connection).is_some_and(Connection::is_spent) {
            self.close(id, "the connection's numbers are used up", now);
        }
        let Some(path) = self.path_mut(id) else { return };
        let dial = path.dial(now);
        let darkened = path.connection_mut().is_some_and(|connection| connection.darken(now));
        let probe = path.connection().is_some_and(|connection| connection.probe_due(now));
        if dial {
            self.outputs.push_back(Output::Dial(id));
        }
        if darkened {
            self.path_changed(id);
        }
        if probe {
            self.send_probe(id, now);
            self.probe_sizes(id, now);
            self.report_arrivals(id, now);
        }
    }

    fn send_probe(&mut self, id: PathId, now: MonoTime) {
        let ack = self.incoming.ack();
        let Some(connection) = self.path(id).and_then(Path::connection) else { return };
        let next_frame = connection.pacer.oldest_frame().unwrap_or(self.frames_out);
        let received = connection.received;
        let number = self.send(id, Body::Probe(Probe { next_frame, received, ack }));
        if let Some(connection) = self.path_mut(id).and_then(Path::connection_mut) {
            connection.probed(number, now);
        }
    }

    /// Sends datagrams that carry nothing, as large as the path may pass again.
    fn probe_sizes(&mut self, id: PathId, now: MonoTime) {
        let Some(connection) = self.path_mut(id).and_then(Path::connection_mut) else { return };
        let number = connection.next_number();
        for (number, bytes) in (number..).zip(connection.size_probes(now)) {
            let padding = vec![0; wire::padding_bytes(number, bytes)];
            self.send(id, Body::Padding(&padding));
        }
    }

    /// Tells theatre when its datagrams arrived; frames go no other way.
    fn report_arrivals(&mut self, id: PathId, now: MonoTime) {
        let connection = self.path_mut(id).and_then(Path::connection_mut);
        let report = connection.and_then(|connection| connection.arrivals.report(now));
        if let (Role::Console, Some(report)) = (self.config.role, report) {
            self.send(id, Body::Arrivals(report));
        }
    }

    /// Frames below this can get nothing more from any live path.
    fn settled(&self) -> u64 {
        let live = self.paths.iter().filter(|path| path.state() == State::Live);
        live.filter_map(Path::connection).map(|connection| connection.fence.passed()).min().unwrap_or(0)
    }
}
