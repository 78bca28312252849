//! What the lines carry, and what follows from it: the encoder's rate and codec, who gets video, and theatre's place on the
//! ladder.

use protocol::ladder::Position;
use protocol::time::MonoTime;
use transport::driver;

use super::super::participants::Member;
use super::super::participants::share::Video;
use super::super::record;
use super::super::relay::Topic;
use super::super::steps::{self, News};
use super::Listener;
use crate::config::Role;
use crate::ladder::Seen;

impl Listener {
    /// What the encode may take from now on, and who gets it. Gives what the slowest mentor's lines carry.
    pub(super) fn judge(&mut self, facts: &[driver::Facts], now: MonoTime) -> Option<u64> {
        let members = self.participants.members().iter();
        let seen: Vec<_> = members
            .zip(facts)
            .zip(&self.known)
            .map(|((member, facts), known)| member.seen(&facts.session, known.budget_bps))
            .collect();
        let members = self.participants.members().iter();
        let consoles = seen.iter().zip(members).map(|(seen, member)| (seen.presence, member.outlet().decodes_h265()));
        if let Some(codec) = self.parts.codec.judge(consoles, now) {
            self.parts.demand.set_codec(codec);
        }
        let verdict = self.share.judge(&seen, now);
        self.parts.demand.set_budget(Some(verdict.rate_bps));
        let members = self.participants.members().iter();
        for ((member, known), video) in members.zip(&mut self.known).zip(verdict.video) {
            if known.video.replace(video) != Some(video) {
                member.outlet().allow(video == Video::Sent);
                tell(member, video);
            }
        }
        verdict.slowest_bps
    }

    /// Moves theatre on the ladder, and tells everyone.
    pub(super) fn climb(&mut self, facts: &[driver::Facts], budget_bps: Option<u64>, now: MonoTime) {
        let interval = self.parts.demand.interval();
        if interval.is_zero() {
            return;
        }
        let mentors = self.participants.members().iter().zip(facts).filter(|(member, _)| member.role == Role::Mentor);
        let policy = mentors.filter_map(|(_, facts)| facts.session.policy).next();
        let seen = Seen { budget_bps, made_bytes: self.parts.demand.made_bytes(), interval };
        let position = match self.parts.steps.judge(&seen, policy.and_then(record::spreading), now) {
            Some(News::Step(position)) => {
                self.stepped(&position);
                self.parts.demand.set_rung(position.rung);
                self.trace.write(record::ladder(&position, now));
                position
            }
            Some(News::Figures(position)) => position,
            None => return,
        };
        self.parts.relay.notice(Topic::Ladder, steps::notice(&position));
        self.parts.relay.ladder(position);
    }

    /// A climb is good news. An encoder that ignores its rate is said once: it will be tried again and again.
    fn stepped(&mut self, position: &Position) {
        if !steps::blames_encoder(position) {
            return tracing::info!("the mentor's view: {position}");
        }
        if self.accused == 0 {
            tracing::warn!("the mentor's view: {position}; it does not follow its bit rate");
        }
        self.accused += 1;
    }
}

fn tell(member: &Member, video: Video) {
    let text = match video {
        Video::Sent => "is sent video",
        Video::TooSlow => "gets no video: its lines carry less than the mentors' rate",
        Video::NoRoom => "gets no video: others need what an uplink carries",
    };
    tracing::info!(participant = member.name, "{text}");
}
