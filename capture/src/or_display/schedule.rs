//! When the display draws, and what. A pure unit: it is told what came and is asked what to do.

use std::time::Duration;

use protocol::time::MonoTime;

/// Time between two refreshes of the monitor. Drawing a changed board more often would cost and show nothing. 60 Hz is
/// what theatre monitors do; on a faster one a mark is at most this late.
pub const REFRESH: Duration = Duration::from_micros(16_667);
/// Age at which the last picture no longer counts as live: invariant 2's limit for frozen.
pub const LOST_AFTER: Duration = Duration::from_millis(500);
/// The first picture may take longer: devices open and files are found. Until then there is nothing that could look
/// live.
pub const FIRST_PICTURE_WITHIN: Duration = Duration::from_secs(3);
/// How often the age of a lost picture is told.
const AGE_STEP: Duration = Duration::from_secs(1);

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// The newest picture, for the first time.
    Picture,
    /// What was drawn last, because the board changed.
    Again,
    /// That there is no signal, and since when.
    Lost {
        /// Age of the last picture in whole seconds; without one, time since the start.
        age: Duration,
    },
}

/// Decides when to draw.
#[derive(Debug)]
pub struct Schedule {
    pending: Pending,
    signal: Signal,
    /// When something was drawn last.
    drawn: Option<MonoTime>,
    /// When the newest picture came; until there is one, the start.
    latest: MonoTime,
}

/// What is not drawn yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Nothing,
    Board,
    Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Nothing came yet.
    Awaited,
    Live,
    /// The source said that it ended or broke.
    Ended,
    /// The display shows that there is none, with this age.
    Lost {
        told: Duration,
    },
}

impl Schedule {
    /// Begins at `start` without a picture.
    pub fn new(start: MonoTime) -> Self {
        Self { pending: Pending::Nothing, signal: Signal::Awaited, drawn: None, latest: start }
    }

    /// A new picture came.
    pub fn picture_came(&mut self, now: MonoTime) {
        self.pending = Pending::Picture;
        self.latest = now;
    }

    /// What lies over the picture changed.
    pub fn board_changed(&mut self) {
        self.pending = self.pending.max(Pending::Board);
    }

    /// Pictures come, but have been the same since `since`: they are no news, and the last news was then.
    pub fn source_repeats(&mut self, since: MonoTime) {
        self.latest = since;
        self.source_ended();
    }

    /// The source ended or broke.
    pub fn source_ended(&mut self) {
        if !matches!(self.signal, Signal::Lost { .. }) {
            self.signal = Signal::Ended;
        }
    }

    /// What is to be drawn now, if anything. Whoever asks draws it.
    pub fn draw(&mut self, now: MonoTime) -> Option<Draw> {
        let draw = self.due(now)?;
        match draw {
            Draw::Picture => self.signal = Signal::Live,
            Draw::Lost { age } => self.signal = Signal::Lost { told: age },
            Draw::Again => {}
        }
        self.pending = Pending::Nothing;
        self.drawn = Some(now);
        Some(draw)
    }

    /// The next moment at which [`Schedule::draw`] has something even if nothing comes.
    pub fn wakes_at(&self) -> MonoTime {
        let lost = self.lost_at();
        match (self.pending, self.drawn) {
            (Pending::Nothing, _) => lost,
            (Pending::Board, Some(drawn)) => lost.min(drawn + REFRESH),
            (Pending::Board, None) => lost,
            (Pending::Picture, _) => MonoTime(0),
        }
    }

    fn due(&self, now: MonoTime) -> Option<Draw> {
        if self.pending == Pending::Picture {
            return Some(Draw::Picture);
        }
        if now >= self.lost_at() {
            let age = Duration::from_secs(now.since(self.latest).as_secs());
            return Some(Draw::Lost { age });
        }
        // Before the first drawing there is nothing to draw the board on.
        let drawn = self.drawn?;
        (self.pending == Pending::Board && now >= drawn + REFRESH).then_some(Draw::Again)
    }

    fn lost_at(&self) -> MonoTime {
        match self.signal {
            Signal::Awaited => self.latest + FIRST_PICTURE_WITHIN,
            Signal::Live => self.latest + LOST_AFTER,
            Signal::Ended => MonoTime(0),
            Signal::Lost { told } => self.latest + told + AGE_STEP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: MonoTime = MonoTime(1_000_000_000);

    fn at(ms: u64) -> MonoTime {
        START + Duration::from_millis(ms)
    }

    fn live_at(ms: u64) -> Schedule {
        let mut schedule = Schedule::new(START);
        schedule.picture_came(at(ms));
        assert_eq!(schedule.draw(at(ms)), Some(Draw::Picture));
        schedule
    }

    #[test]
    fn a_new_picture_is_drawn_at_once_and_once() {
        let mut schedule = live_at(10);
        assert_eq!(schedule.draw(at(10)), None);
        schedule.picture_came(at(11));
        assert_eq!(schedule.draw(at(11)), Some(Draw::Picture), "pictures are not held to the refresh");
    }

    #[test]
    fn a_changed_board_is_drawn_at_once_when_the_last_drawing_is_a_refresh_ago() {
        let mut schedule = live_at(0);
        schedule.board_changed();
        assert_eq!(schedule.draw(at(20)), Some(Draw::Again));
        assert_eq!(schedule.draw(at(40)), None, "the board did not change again");
    }

    #[test]
    fn a_board_that_changes_all_the_time_is_drawn_once_a_refresh_and_needs_no_picture() {
        let mut schedule = live_at(0);
        let mut drawn = 0;
        for ms in 1..=400 {
            schedule.board_changed();
            drawn += u32::from(schedule.draw(at(ms)) == Some(Draw::Again));
        }
        assert_eq!(drawn, 23, "400 ms at 17 whole milliseconds each");
    }

    #[test]
    fn a_board_change_too_early_wakes_at_the_refresh() {
        let mut schedule = live_at(0);
        schedule.board_changed();
        assert_eq!(schedule.draw(at(3)), None);
        assert_eq!(schedule.wakes_at(), START + REFRESH);
        assert_eq!(schedule.draw(START + REFRESH), Some(Draw::Again));
    }

    #[test]
    fn a_board_change_travels_with_the_next_picture_if_that_is_sooner() {
        let mut schedule = live_at(0);
        schedule.board_changed();
        schedule.picture_came(at(5));
        assert_eq!(schedule.draw(at(5)), Some(Draw::Picture));
        assert_eq!(schedule.draw(at(40)), None);
    }

    #[test]
    fn a_picture_that_is_not_followed_stops_looking_live_and_its_age_is_told_every_second() {
        let mut schedule = live_at(0);
        let mut told = Vec::new();
        let mut now = at(1);
        while now < at(3_200) {
            now = schedule.wakes_at();
            told.push((now.since(START).as_millis(), schedule.draw(now)));
        }
        let lost = |seconds| Some(Draw::Lost { age: Duration::from_secs(seconds) });
        assert_eq!(told, [(500, lost(0)), (1_000, lost(1)), (2_000, lost(2)), (3_000, lost(3)), (4_000, lost(4))]);
    }

    #[test]
    fn the_end_of_a_source_is_told_at_once_and_a_picture_makes_it_live_again() {
        let mut schedule = live_at(0);
        schedule.source_ended();
        assert_eq!(schedule.draw(at(30)), Some(Draw::Lost { age: Duration::ZERO }));
        assert_eq!(schedule.draw(at(31)), None);
        schedule.picture_came(at(700));
        assert_eq!(schedule.draw(at(700)), Some(Draw::Picture));
        assert_eq!(schedule.wakes_at(), at(1_200));
    }

    #[test]
    fn a_source_that_repeats_one_picture_is_told_at_once_with_the_age_of_that_picture_until_there_is_another() {
        let mut schedule = live_at(0);
        for ms in (33..=1_800).step_by(33) {
            if ms < 520 {
                schedule.picture_came(at(ms));
                assert_eq!(schedule.draw(at(ms)), Some(Draw::Picture));
                continue;
            }
            schedule.source_repeats(at(0));
            let told = schedule.draw(at(ms));
            let due = [(528, 0), (1_023, 1)].into_iter().find(|(due, _)| *due == ms);
            assert_eq!(told, due.map(|(_, age)| Draw::Lost { age: Duration::from_secs(age) }), "at {ms} ms");
        }
        schedule.picture_came(at(1_900));
        assert_eq!(schedule.draw(at(1_900)), Some(Draw::Picture));
    }

    #[test]
    fn a_source_that_never_gives_a_picture_is_told_after_three_seconds() {
        let mut schedule = Schedule::new(START);
        schedule.board_changed();
        assert_eq!(schedule.draw(at(2_999)), None, "there is nothing to draw the board on");
        assert_eq!(schedule.wakes_at(), at(3_000));
        assert_eq!(schedule.draw(at(3_000)), Some(Draw::Lost { age: Duration::from_secs(3) }));
    }

    #[test]
    fn the_board_is_drawn_over_a_lost_picture_too() {
        let mut schedule = live_at(0);
        assert!(schedule.draw(at(500)).is_some());
        schedule.board_changed();
        assert_eq!(schedule.draw(at(520)), Some(Draw::Again));
    }
}
