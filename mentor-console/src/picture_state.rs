//! How far the picture on the screen can be trusted (invariant 2: stale video never looks live). A function of what
//! is known and of the time; how a state looks is left to `picture_look`.

use std::time::Duration;

use protocol::frame::Freshness;
use protocol::time::{ClockOffset, MonoTime, SessionTime};

/// Older than this, glass to glass, a picture is late: reaction to what it shows is no longer immediate, and eye and
/// hand no longer feel as one (studies of remote surgery put the limit at about 200 ms).
pub const LATE_AFTER: Duration = Duration::from_millis(200);
/// Without a new picture for this long the picture is frozen: fifteen pictures missing at 30 a second.
pub const FROZEN_AFTER: Duration = Duration::from_millis(500);
/// With no path alive for this long the link is lost: shorter darkness is an uplink changing its cell.
pub const LOST_AFTER: Duration = Duration::from_secs(2);

/// The states, the worst first. The first that applies is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No path has been alive for [`LOST_AFTER`].
    Lost,
    /// Theatre closed the curtain: nothing of the operation is shown.
    Curtain,
    /// No picture has come since the program started.
    Waiting,
    /// No new picture for [`FROZEN_AFTER`].
    Frozen,
    /// Pictures come, but theatre says the primary source delivers nothing.
    SourceLost,
    /// Pictures come, but theatre says the primary source repeats one and the same: it is as good as lost.
    Repeating,
    /// Pictures come, but nothing is to be seen on the primary's.
    Black,
    /// The picture is a still: held on purpose, or all that the lines carry. It is never called live, and may be drawn on.
    Still,
    /// Pictures come, but their age is not known yet.
    Unknown,
    /// The primary source holds an image on purpose.
    Held,
    /// Older than [`LATE_AFTER`].
    Late,
    /// What is on the screen is what happens.
    Live,
}

impl State {
    /// Whether a new stroke may begin.
    pub fn allows_pen(self) -> bool {
        matches!(self, Self::Live | Self::Late | Self::Held | Self::Still)
    }

    /// Whether the picture itself must be drawn so that nobody can take it for live.
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Lost | Self::Frozen | Self::SourceLost | Self::Repeating)
    }
}

/// What kind of picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// One of a video.
    #[default]
    Video,
    /// A still.
    Still,
}

/// The newest picture on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnScreen {
    /// When it came onto the screen.
    pub shown: MonoTime,
    /// When the primary's picture in it was captured; `None` if the primary has delivered none yet.
    pub captured: Option<SessionTime>,
    /// How theatre says the primary source stands.
    pub primary: Freshness,
    /// Whether another is expected to follow at once.
    pub kind: Kind,
}

/// What the verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The newest picture on the screen, if there is one.
    pub on_screen: Option<OnScreen>,
    /// The session's clock, once known.
    pub clock: Option<ClockOffset>,
    /// Since when no path has been alive; `None` while one is.
    pub dark_since: Option<MonoTime>,
    /// Theatre's curtain, by its newest word and by the picture on the screen.
    pub curtain: Curtain,
}

/// Theatre's curtain, as far as this console knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Curtain {
    /// The operation may be seen.
    #[default]
    Open,
    /// It may not.
    Closed,
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: State,
    /// Time since what is on the screen was captured; by this machine's clock alone (a lower bound) while the
    /// session's clock is not known; `None` without a picture.
    pub age: Option<Duration>,
}

/// Judges the picture at `now`.
///
/// Age is judged with the clock's uncertainty added: a picture counts as live only if it is live whichever clock in
/// the interval is the true one.
pub fn judge(facts: &Facts, now: MonoTime) -> Verdict {
    let age = facts.on_screen.map(|picture| age(&picture, facts.clock, now));
    let state = if facts.dark_since.is_some_and(|since| now.since(since) >= LOST_AFTER) {
        State::Lost
    } else if facts.curtain == Curtain::Closed {
        State::Curtain
    } else {
        facts.on_screen.map_or(State::Waiting, |picture| of_picture(&picture, facts.clock, now))
    };
    Verdict { state, age }
}

fn of_picture(picture: &OnScreen, clock: Option<ClockOffset>, now: MonoTime) -> State {
    if picture.kind == Kind::Still {
        return State::Still;
    }
    if now.since(picture.shown) >= FROZEN_AFTER {
        return State::Frozen;
    }
    let held = match picture.primary {
        Freshness::Live => false,
        Freshness::Held { .. } => true,
        Freshness::Repeating { .. } => return State::Repeating,
        Freshness::Black { .. } => return State::Black,
        Freshness::Waiting
        | Freshness::Lost
        | Freshness::Ended
        | Freshness::Failed
        | Freshness::Unusable
        | Freshness::Withheld => {
            return State::SourceLost;
        }
    };
    let (Some(clock), Some(captured)) = (clock, picture.captured) else {
        return State::Unknown;
    };
    if held {
        return State::Held;
    }
    let at_worst = clock.session(now).since(captured) + Duration::from_micros(clock.uncertainty_us);
    if at_worst > LATE_AFTER { State::Late } else { State::Live }
}

fn age(picture: &OnScreen, clock: Option<ClockOffset>, now: MonoTime) -> Duration {
    let news = match picture.primary {
        // What was captured since was no news.
        Freshness::Repeating { since } | Freshness::Held { since } => Some(since),
        _ => picture.captured,
    };
    match (clock, news) {
        (Some(clock), Some(captured)) => clock.session(now).since(captured),
        _ => now.since(picture.shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: ClockOffset = ClockOffset { offset_us: 1_000_000, uncertainty_us: 5_000 };

    fn ms(value: u64) -> MonoTime {
        MonoTime(value * 1_000)
    }

    /// A picture captured at 10,000 ms of this machine's time and shown 40 ms later.
    fn facts() -> Facts {
        Facts {
            on_screen: Some(OnScreen {
                shown: ms(10_040),
                captured: Some(CLOCK.session(ms(10_000))),
                primary: Freshness::Live,
                kind: Kind::Video,
            }),
            clock: Some(CLOCK),
            dark_since: None,
            curtain: Curtain::Open,
        }
    }

    #[test]
    fn behind_a_closed_curtain_no_picture_is_live_or_frozen_but_a_lost_link_is_still_told() {
        let closed = Facts { curtain: Curtain::Closed, ..facts() };
        for at_ms in [10_041, 10_540, 99_999] {
            assert_eq!(judge(&closed, ms(at_ms)).state, State::Curtain, "at {at_ms} ms");
        }
        let dark = Facts { dark_since: Some(ms(8_000)), ..closed };
        assert_eq!(judge(&dark, ms(10_041)).state, State::Lost);
    }

    #[test]
    fn each_state_begins_at_its_moment() {
        let table = [
            (10_041, State::Live),
            (10_195, State::Live),
            (10_196, State::Late),
            (10_539, State::Late),
            (10_540, State::Frozen),
            (99_999, State::Frozen),
        ];
        for (at_ms, state) in table {
            assert_eq!(judge(&facts(), ms(at_ms)).state, state, "at {at_ms} ms");
        }
    }

    #[test]
    fn the_age_goes_on_counting_whatever_the_state() {
        for at_ms in [10_050, 10_300, 13_000] {
            assert_eq!(judge(&facts(), ms(at_ms)).age, Some(Duration::from_millis(at_ms - 10_000)));
        }
    }

    #[test]
    fn darkness_is_lost_after_two_seconds_even_with_a_young_picture() {
        let dark = Facts { dark_since: Some(ms(8_100)), ..facts() };
        assert_eq!(judge(&dark, ms(10_099)).state, State::Live);
        assert_eq!(judge(&dark, ms(10_100)).state, State::Lost);
    }

    #[test]
    fn a_dead_primary_is_never_live_though_pictures_flow() {
        let since = CLOCK.session(ms(7_000));
        for (primary, state) in [
            (Freshness::Lost, State::SourceLost),
            (Freshness::Waiting, State::SourceLost),
            (Freshness::Ended, State::SourceLost),
            (Freshness::Failed, State::SourceLost),
            (Freshness::Unusable, State::SourceLost),
            (Freshness::Withheld, State::SourceLost),
            (Freshness::Repeating { since }, State::Repeating),
            (Freshness::Black { since }, State::Black),
            (Freshness::Held { since }, State::Held),
        ] {
            let mut facts = facts();
            facts.on_screen.as_mut().unwrap().primary = primary;
            assert_eq!(judge(&facts, ms(10_041)).state, state);
            assert_eq!(judge(&facts, ms(10_600)).state, State::Frozen);
        }
    }

    #[test]
    fn the_age_of_a_picture_that_repeats_or_is_held_counts_from_when_it_was_new() {
        let since = CLOCK.session(ms(7_000));
        for primary in [Freshness::Repeating { since }, Freshness::Held { since }] {
            let mut facts = facts();
            facts.on_screen.as_mut().unwrap().primary = primary;
            assert_eq!(judge(&facts, ms(10_041)).age, Some(Duration::from_millis(3_041)));
        }
    }

    #[test]
    fn an_image_held_without_a_known_clock_is_of_unknown_age() {
        let mut facts = Facts { clock: None, ..facts() };
        facts.on_screen.as_mut().unwrap().primary = Freshness::Held { since: CLOCK.session(ms(7_000)) };
        assert_eq!(judge(&facts, ms(10_041)).state, State::Unknown);
    }

    #[test]
    fn without_a_clock_the_age_is_unknown_and_the_picture_is_not_called_live() {
        let facts = Facts { clock: None, ..facts() };
        let verdict = judge(&facts, ms(10_050));
        assert_eq!(verdict.state, State::Unknown);
        assert_eq!(verdict.age, Some(Duration::from_millis(10)), "at least this old");
    }

    #[test]
    fn an_uncertain_clock_is_counted_against_the_picture() {
        let vague = ClockOffset { uncertainty_us: 120_000, ..CLOCK };
        let facts = Facts { clock: Some(vague), ..facts() };
        assert_eq!(judge(&facts, ms(10_079)).state, State::Live);
        assert_eq!(judge(&facts, ms(10_081)).state, State::Late);
    }

    #[test]
    fn before_the_first_picture_it_waits_and_after_two_dark_seconds_it_is_lost() {
        let mut facts = Facts { dark_since: Some(ms(0)), ..Facts::default() };
        assert_eq!(judge(&facts, ms(1_999)), Verdict { state: State::Waiting, age: None });
        assert_eq!(judge(&facts, ms(2_000)).state, State::Lost);
        facts.dark_since = None;
        assert_eq!(judge(&facts, ms(9_000)).state, State::Waiting);
    }

    #[test]
    fn a_still_is_a_still_however_young_or_old_until_the_link_is_lost() {
        let mut facts = facts();
        facts.on_screen.as_mut().unwrap().kind = Kind::Still;
        for at_ms in [10_041, 10_600, 99_999] {
            assert_eq!(judge(&facts, ms(at_ms)).state, State::Still, "at {at_ms} ms");
        }
        facts.dark_since = Some(ms(10_000));
        assert_eq!(judge(&facts, ms(12_000)).state, State::Lost);
    }

    #[test]
    fn the_pen_is_allowed_only_while_live_or_late_and_on_an_image_that_is_held_or_a_still() {
        use State::{Black, Curtain, Frozen, Held, Late, Live, Lost, Repeating, SourceLost, Still, Unknown, Waiting};
        for state in [Live, Late, Held, Still] {
            assert!(state.allows_pen());
        }
        for state in [Lost, Curtain, Waiting, Frozen, SourceLost, Repeating, Black, Unknown] {
            assert!(!state.allows_pen(), "{state:?}");
        }
    }
}
