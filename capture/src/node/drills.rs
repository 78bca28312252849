//! The drills on the paths to every participant: one [`Desk`] for each, and what is asked or told of them together.

use program::trace::Trace;
use protocol::time::MonoTime;

use super::drill::Desk;
use super::participants::Participants;
use crate::control::{Answer, PathDrill};
use crate::local::{Notice, Severity};

/// A desk for each participant, in their order, with the participant's name.
pub struct Drills(Vec<(String, Desk)>);

impl Drills {
    /// Nothing is drilled yet.
    pub fn new(participants: &Participants, trace: &Trace) -> Self {
        let desk = |name: &String, handle| (name.clone(), Desk::new(handle, name.clone(), trace.clone()));
        Self(participants.members().iter().map(|member| desk(&member.name, member.handle().clone())).collect())
    }

    /// The desk of the participant at `at`.
    pub fn of(&self, at: usize) -> Option<&Desk> {
        self.0.get(at).map(|(_, desk)| desk)
    }

    /// Begins a drill on a path to the participant of this name, as the technician asks at `now`.
    pub fn begin(&self, participant: Option<&str>, drill: PathDrill, now: MonoTime) -> Answer {
        match self.asked(participant, &drill.path) {
            Ok(desk) => desk.begin(drill.into(), now),
            Err(why) => Answer::Refused(why),
        }
    }

    /// Ends theatre's drill.
    pub fn end(&self, now: MonoTime) -> Answer {
        let answers: Vec<Answer> = self.0.iter().map(|(_, desk)| desk.end(now)).collect();
        let done = answers.iter().find(|answer| matches!(answer, Answer::Done(_)));
        done.or(answers.first()).cloned().unwrap_or_else(|| Answer::Refused("there is no drill".to_owned()))
    }

    /// What the OR display has to say about drills at `now`.
    pub fn notice(&self, now: MonoTime) -> Option<Notice> {
        let notices = self.0.iter().filter_map(|(name, desk)| Some((name, desk.notice(now)?)));
        let named = |(name, notice): (&String, String)| match self.0.len() {
            1 => notice,
            _ => format!("{notice} (to {name})"),
        };
        let notices: Vec<String> = notices.map(named).collect();
        (!notices.is_empty()).then(|| Notice { severity: Severity::Caution, text: notices.join("\n") })
    }

    /// The desk of the participant of this name; without a name that of the only one who has `path`.
    fn asked(&self, name: Option<&str>, path: &str) -> Result<&Desk, String> {
        let names =
            |desks: &[&(String, Desk)]| desks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("`, `");
        if let Some(name) = name {
            let all: Vec<_> = self.0.iter().collect();
            let found = self.0.iter().find(|(known, _)| known == name).map(|(_, desk)| desk);
            return found.ok_or_else(|| format!("there is no participant `{name}`; there are `{}`", names(&all)));
        }
        let having: Vec<_> = self.0.iter().filter(|(_, desk)| desk.has(path)).collect();
        match having.as_slice() {
            [(_, desk)] => Ok(desk),
            // Whoever is asked first says which paths there are.
            [] => self.0.first().map(|(_, desk)| desk).ok_or_else(|| "there is no participant".to_owned()),
            several => Err(format!("path `{path}` leads to `{}`: add --participant NAME", names(several))),
        }
    }
}
