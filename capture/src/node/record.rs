//! What `capture-node` writes into its trace: one line a frame, one a second for each session.

use std::collections::BTreeMap;

use program::trace::{DropReason, DroppedFrame, LinkFacts, ParticipantFacts, PathFacts, Record, SentFrame};
use protocol::ladder::{Position, Spreading};
use protocol::time::MonoTime;
use transport::driver;
use transport::path::State;
use transport::schedule::Policy;

use super::encoding::Encoded;
use super::participants::Member;
use super::participants::share::Video;
use crate::canvas::Composed;

/// A frame that the sessions took by these `numbers`, at `sent`.
pub fn sent(encoded: &Encoded, numbers: BTreeMap<String, u64>, sent: MonoTime) -> Record {
    let canvas = &encoded.canvas;
    Record::SentFrame(SentFrame {
        frame: canvas.header.id.to_string(),
        numbers,
        captured_us: captured_us(canvas),
        in_slot_us: canvas.in_slot.0,
        composed_us: canvas.header.composed.0,
        encoded_us: encoded.at.0,
        sent_us: sent.0,
        codec: encoded.unit.codec.word().to_owned(),
        bytes: encoded.unit.bytes.len() as u64,
        independent: encoded.unit.independent,
    })
}

/// A canvas that went no further, at `at`.
pub fn dropped(canvas: &Composed, reason: DropReason, at: MonoTime) -> Record {
    Record::DroppedFrame(DroppedFrame {
        frame: canvas.header.id.to_string(),
        captured_us: captured_us(canvas),
        at_us: at.0,
        reason,
    })
}

/// What theatre makes of a participant.
pub fn participant(member: &Member, video: Option<Video>, refused: u64) -> ParticipantFacts {
    let video = match video {
        Some(Video::Sent) => "sent",
        Some(Video::TooSlow) => "too slow",
        Some(Video::NoRoom) => "no room",
        None => "unknown",
    };
    ParticipantFacts {
        name: member.name.clone(),
        video: video.into(),
        frames_missed: member.outlet().frames_missed(),
        messages_refused: refused,
    }
}

/// One session at `at`. `drill` tells who drills the path of a name now. Theatre's clock is the session's.
pub fn link(
    facts: &driver::Facts,
    participant: ParticipantFacts,
    drill: impl Fn(&str) -> Option<&'static str>,
    at: MonoTime,
) -> Record {
    let path = |path: &driver::PathFacts| PathFacts {
        name: path.name.clone(),
        state: state(path.facts.state).into(),
        rtt_ms: path.facts.rtt.map(|rtt| rtt.smoothed.as_secs_f64() * 1_000.0),
        loss_in_pct: path.facts.loss_in_pct.map(f64::from),
        loss_out_pct: path.facts.loss_out_pct.map(f64::from),
        bytes_in: path.traffic.udp_received_bytes,
        bytes_out: path.traffic.udp_sent_bytes,
        drill: drill(&path.name).map(str::to_owned),
    };
    Record::Link(LinkFacts {
        at_us: at.0,
        participant: Some(participant),
        offset_us: Some(0),
        uncertainty_us: Some(0),
        policy: facts.session.policy.and_then(spreading).map(|spreading| spreading.word().to_owned()),
        budget_bps: facts.session.budget_bps,
        paths: facts.paths.iter().filter(|path| path.facts.state != State::Removed).map(path).collect(),
    })
}

/// Where theatre stands on the ladder from `at` on.
pub fn ladder(position: &Position, at: MonoTime) -> Record {
    Record::Ladder { rung: format!("{:?}", position.rung).to_lowercase(), reason: position.reason(), at_us: Some(at.0) }
}

/// How frames are spread, as both ends call it; `None` for a policy that is not decided yet.
pub fn spreading(policy: Policy) -> Option<Spreading> {
    match policy {
        Policy::Auto => None,
        Policy::Duplicate => Some(Spreading::Duplicate),
        Policy::Spread => Some(Spreading::Spread),
        Policy::Economy => Some(Spreading::Economy),
    }
}

/// A path's state as traces and logs call it.
pub fn state(state: State) -> &'static str {
    match state {
        State::Connecting => "connecting",
        State::Live => "live",
        State::Dark => "dark",
        State::Down => "down",
        State::Removed => "removed",
    }
}

fn captured_us(canvas: &Composed) -> Option<u64> {
    let primary = canvas.primary;
    canvas.header.captured(primary).map(|captured| captured.0)
}
