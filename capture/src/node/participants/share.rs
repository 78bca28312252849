//! What the one encode may take, and who gets it. Pure: what each session knows of its lines goes in with the time, the
//! rate and the receivers come out. What to give up for the rate is the encoder's, handing frames over the outlet's.
//!
//! The rate is the slowest mentor's: mentors whose paths share an uplink see in their own lines what is left of it. Observers
//! on it come after them, in their order, as far as the rate fits once more. An observer is tried again after a while, since what its
//! lines carry shows only while it is sent video.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::time::MonoTime;

use crate::config::Role;

/// How much of an uplink all sessions may fill together, in percent: somewhat less than a session fills of a path, since
/// frames of all leave at the same moment.
const FILLED_PERCENT: f64 = 85.0;
/// What an observer's lines carry counts only after it was sent video for so long: a train of frames is measured in five,
/// a standing queue in a quarter of a second, and what was known before is old.
const GRACE: Duration = Duration::from_secs(1);
/// An observer without video waits at least this long: each return costs everybody an independent frame.
const LEAST_WAIT: Duration = Duration::from_secs(2);
/// An observer whose lines are said to carry this much of the rate, in percent, returns without being tried for: more than
/// the steps in which budgets move.
const RETURN_PERCENT: u64 = 120;
/// One that is only tried waits this long at first, twice as long each time it fails, and at most [`MOST_TRY`].
const FIRST_TRY: Duration = Duration::from_secs(5);
/// See [`FIRST_TRY`]. A second of a picture that stops again, once a minute, is as much as an observer should see.
const MOST_TRY: Duration = Duration::from_secs(60);
/// After so long with video a try counts as won.
const WON: Duration = Duration::from_secs(30);

/// Between which rates the encode moves, in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// However slow a mentor's lines are.
    pub floor_bps: u64,
    /// However fast; the floor is no higher.
    pub ceiling_bps: u64,
}

/// Whether anybody is at the other end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// No connection.
    #[default]
    Away,
    /// Connected, and silent on every path. Frames go on being sent: it may hear them, or be back at once.
    Silent,
    /// Heard.
    Here,
}

/// A live path of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The line by which it leaves theatre.
    pub uplink: String,
    /// Bits per second that it carries; `None` while nothing suggests a limit.
    pub capacity_bps: Option<u64>,
    /// How much of the encode's bits go on it: 1.0 is a copy.
    pub part: f64,
}

/// What a session knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the participant may do.
    pub role: Role,
    /// Whether it is there.
    pub presence: Presence,
    /// Bits per second of frames that its lines carry; `None` while nothing suggests a limit.
    pub budget_bps: Option<u64>,
    /// Its live paths.
    pub lines: Vec<Line>,
}

/// Whether a participant is sent video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Video {
    /// It is.
    Sent,
    /// Its own lines carry less than the rate.
    TooSlow,
    /// Others need what an uplink carries.
    NoRoom,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Bits per second for the encode.
    pub rate_bps: u64,
    /// What the slowest mentor's lines carry, even if it is less than the floor; `None` while nothing suggests a limit.
    pub slowest_bps: Option<u64>,
    /// Who is sent video, in the order of the participants.
    pub video: Vec<Video>,
}

/// The rules, with what they remember of each participant.
#[derive(Debug)]
pub struct Share {
    limits: Limits,
    standings: Vec<Standing>,
}

/// An observer's turns with and without video.
#[derive(Debug, Clone, Copy)]
struct Standing {
    video: Video,
    since: MonoTime,
    /// How long the next time without video lasts before it is tried.
    wait: Duration,
}

impl Share {
    /// Rules for `participants`, all of whom begin with video.
    pub fn new(limits: Limits, participants: usize, now: MonoTime) -> Self {
        let standing = Standing { video: Video::Sent, since: now, wait: FIRST_TRY };
        Self { limits, standings: vec![standing; participants] }
    }

    /// A participant has come, or another life of it: nothing is known of its lines.
    pub fn joined(&mut self, participant: usize, now: MonoTime) {
        if let Some(standing) = self.standings.get_mut(participant) {
            *standing = Standing { video: Video::Sent, since: now, wait: FIRST_TRY };
        }
    }

    /// What follows at `now` from what the sessions know, in the order of the participants.
    pub fn judge(&mut self, seen: &[Seen], now: MonoTime) -> Verdict {
        let mentors: Vec<&Seen> = seen.iter().filter(|seen| seen.role == Role::Mentor).collect();
        let slowest_bps = slowest(&mentors);
        let uplinks = carried(seen);
        let mut load = Load::default();
        mentors.iter().for_each(|mentor| load.add(mentor));
        let Limits { floor_bps, ceiling_bps } = self.limits;
        let rate_bps = slowest_bps.unwrap_or(u64::MAX).clamp(floor_bps.min(ceiling_bps), ceiling_bps);
        let mut video = Vec::with_capacity(seen.len());
        for (standing, seen) in self.standings.iter_mut().zip(seen) {
            let observes = seen.role == Role::Observer && seen.presence != Presence::Away;
            video.push(if observes { standing.turn(seen, rate_bps, &mut load, &uplinks, now) } else { Video::Sent });
        }
        Verdict { rate_bps, slowest_bps, video }
    }
}

impl Standing {
    /// Whether an observer is sent video from now on; if so, it is part of the load.
    fn turn(&mut self, seen: &Seen, rate_bps: u64, load: &mut Load, uplinks: &Uplinks, now: MonoTime) -> Video {
        let stood = now.since(self.since);
        let with = load.with(seen);
        let fits = with.fits(uplinks).is_none_or(|bps| bps >= rate_bps);
        let carries = seen.budget_bps.is_none_or(|bps| bps >= rate_bps);
        let surely =
            seen.budget_bps.is_none_or(|bps| bps.saturating_mul(100) >= rate_bps.saturating_mul(RETURN_PERCENT));
        let video = match self.video {
            Video::Sent if !fits => Video::NoRoom,
            Video::Sent if !carries && stood >= GRACE => Video::TooSlow,
            Video::Sent => Video::Sent,
            Video::TooSlow if fits && (surely && stood >= LEAST_WAIT || stood >= self.wait) => Video::Sent,
            Video::NoRoom if fits && stood >= self.wait => Video::Sent,
            without => without,
        };
        if video != self.video {
            self.wait = match self.video {
                Video::Sent if stood >= WON => FIRST_TRY,
                Video::Sent => self.wait,
                Video::TooSlow | Video::NoRoom => (self.wait * 2).min(MOST_TRY),
            };
            (self.video, self.since) = (video, now);
        }
        if video == Video::Sent {
            *load = with;
        }
        video
    }
}

/// Bits per second that each uplink carries, where something suggests a limit.
type Uplinks = BTreeMap<String, u64>;

/// Each uplink's, by the session that has measured most on it: a session sees less where its own lines are narrower
/// further on. One that has no limit on it shows that it has none.
fn carried(seen: &[Seen]) -> Uplinks {
    let mut uplinks = BTreeMap::new();
    for line in seen.iter().flat_map(|seen| &seen.lines).filter(|line| line.part > 0.0) {
        let capacity_bps = line.capacity_bps.unwrap_or(u64::MAX);
        uplinks
            .entry(line.uplink.clone())
            .and_modify(|most: &mut u64| *most = capacity_bps.max(*most))
            .or_insert(capacity_bps);
    }
    uplinks.retain(|_, most| *most < u64::MAX);
    uplinks
}

/// What the slowest mentor's lines carry. One that is not heard has no say while another is.
fn slowest(mentors: &[&Seen]) -> Option<u64> {
    let heard = mentors.iter().any(|mentor| mentor.presence == Presence::Here);
    let counts = if heard { Presence::Here } else { Presence::Silent };
    mentors.iter().filter(|mentor| mentor.presence == counts).filter_map(|mentor| mentor.budget_bps).min()
}

/// Of how many sessions each uplink carries frames, and how many copies of the encode in all.
#[derive(Debug, Clone, Default)]
struct Load(BTreeMap<String, (usize, f64)>);

impl Load {
    fn add(&mut self, seen: &Seen) {
        let mut copies = BTreeMap::<&str, f64>::new();
        for line in &seen.lines {
            *copies.entry(&line.uplink).or_default() += line.part;
        }
        for (uplink, copies) in copies {
            let (sessions, all) = self.0.entry(uplink.to_owned()).or_default();
            (*sessions, *all) = (*sessions + 1, *all + copies);
        }
    }

    fn with(&self, seen: &Seen) -> Self {
        let mut with = self.clone();
        with.add(seen);
        with
    }

    /// The rate that fits on every uplink that several sessions share; what one has for itself its own budget minds.
    fn fits(&self, uplinks: &Uplinks) -> Option<u64> {
        let shared = self.0.iter().filter(|(_, (sessions, copies))| *sessions > 1 && *copies > 0.0);
        let rate = |(uplink, (_, copies)): (&String, &(usize, f64))| {
            let capacity_bps = *uplinks.get(uplink)?;
            Some((capacity_bps as f64 * FILLED_PERCENT / 100.0 / copies) as u64)
        };
        shared.filter_map(rate).min()
    }
}

#[cfg(test)]
mod tests;
