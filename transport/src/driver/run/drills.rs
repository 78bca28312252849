//! Link drills begun and ended: whether one may be, and that it never becomes an outage. What it does is `gate`'s.

use protocol::drill::Effect;
use protocol::time::MonoTime;

use super::Run;
use crate::drill::{self, Drill, Period, Refused, ledger};
use crate::path::{PathId, State};

impl Run {
    pub(super) fn begin_drill(&mut self, drill: &Drill) -> Result<Period, Refused> {
        drill.check()?;
        let now = (self.now)();
        if let Some((id, period)) = self.drill(now) {
            let path = self.paths.get(usize::from(id.0)).map(|path| path.name.clone()).unwrap_or_default();
            return Err(Refused::Already { path, left_s: ledger::seconds(period.until.since(now)) });
        }
        let id = self.named(&drill.path).map_err(|known| Refused::Unknown { path: drill.path.clone(), known })?;
        match self.session.state(id) {
            State::Live => {}
            state => return Err(Refused::NotLive { path: drill.path.clone(), state: drill::word(state) }),
        }
        if drill.effect == Effect::Cut && !self.lives_without(id) {
            return Err(Refused::OnlyPath(drill.path.clone()));
        }
        let period = drill.period(now);
        self.impose(id, period);
        self.drill = Some((id, period));
        self.tell_facts(now);
        Ok(period)
    }

    pub(super) fn end_drill(&mut self) -> Result<(), Refused> {
        let now = (self.now)();
        let (id, period) = self.drill(now).ok_or(Refused::None)?;
        self.impose(id, period.ended(now));
        self.drill = None;
        self.tell_facts(now);
        Ok(())
    }

    /// The drill under way or to come at `now`.
    pub(super) fn drill(&self, now: MonoTime) -> Option<(PathId, Period)> {
        self.drill.filter(|(_, period)| now < period.until)
    }

    /// A path's state has changed: a cut ends when no other path is live any more.
    pub(super) fn spare_last_path(&mut self) {
        let Some((id, period)) = self.drill((self.now)()) else { return };
        if period.effect == Effect::Cut && !self.lives_without(id) && self.end_drill().is_ok() {
            tracing::warn!("the drill is over: no other path is live");
        }
    }

    fn impose(&self, id: PathId, period: Period) {
        if let Some(link) = self.links.get(usize::from(id.0)) {
            link.gate().impose(Some(period));
        }
    }

    fn lives_without(&self, id: PathId) -> bool {
        let mut others = (0..=u8::MAX).map(PathId).take(self.paths.len()).filter(|other| *other != id);
        others.any(|other| self.session.state(other) == State::Live)
    }
}
