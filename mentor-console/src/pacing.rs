//! When the window is painted again for something other than a new picture. A repaint is not free: on software OpenGL
//! it takes as long as half a picture interval, and a picture that comes meanwhile has to wait for its end. Pure.

use std::time::Duration;

use protocol::time::MonoTime;

/// The refresh interval of the monitors a console stands before (60 Hz). Painting more often shows nothing more.
pub const REFRESH: Duration = Duration::from_micros(16_667);
/// How long an echo waits for a picture that is due before it is painted without it, in parts of the pictures' interval:
/// as late as pictures come over a busy machine or link, and still twice per picture.
const GRACE_PARTS: u32 = 2;
/// How often the age of a picture is counted up when nothing else happens.
pub const COUNTING: Duration = Duration::from_millis(100);
/// Repaints that must fit before the next picture is due, in usual ones, for an echo to be painted without it: a loaded
/// machine takes twice as long for one in twenty, and the picture would wait for it.
const MARGIN: u32 = 2;
/// The longest interval that pictures are expected at, ten a second: after a gap the next may come at once.
const LONGEST_INTERVAL: Duration = Duration::from_millis(100);
/// Weight of the newest repaint in the estimate of what one costs, as one in so many: follows a resized window
/// within a second, ignores a single slow one.
const COST_WEIGHT: u32 = 8;

/// What is known of past repaints.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pacing {
    began: MonoTime,
    cost: Duration,
    pictures: Option<Pictures>,
}

#[derive(Debug, Clone, Copy)]
struct Pictures {
    last: MonoTime,
    interval: Duration,
}

impl Pacing {
    /// A new picture came at `now`.
    pub fn picture(&mut self, now: MonoTime) {
        // Where pictures stand still nothing is due.
        let interval = self.pictures.map_or(REFRESH * 2, |before| now.since(before.last).min(LONGEST_INTERVAL));
        self.pictures = Some(Pictures { last: now, interval });
    }

    /// A repaint begins at `now`.
    pub fn begin(&mut self, now: MonoTime) {
        self.began = now;
    }

    /// It ended at `now`.
    pub fn end(&mut self, now: MonoTime) {
        let cost = now.since(self.began);
        self.cost = if self.cost.is_zero() { cost } else { (self.cost * (COST_WEIGHT - 1) + cost) / COST_WEIGHT };
    }

    /// How long to wait at `now` until a stroke's new end is painted: to the next refresh, but not into the time when
    /// a picture is due, since its own repaint will show the stroke as well.
    pub fn echo_delay(&self, now: MonoTime) -> Duration {
        let begin = now.max(self.began + REFRESH);
        let Some(Pictures { last, interval }) = self.pictures else { return begin.since(now) };
        let (due, latest) = (last + interval, last + interval + interval / GRACE_PARTS);
        let collides = begin <= latest && due <= begin + self.cost * MARGIN;
        if collides { latest.since(now) } else { begin.since(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(value: u64) -> MonoTime {
        MonoTime(value * 1_000)
    }

    /// Pictures at 933, 967 and 1000 ms, the last painted in five milliseconds.
    fn pacing() -> Pacing {
        let mut pacing = Pacing::default();
        for at in [933, 967, 1_000] {
            pacing.picture(ms(at));
        }
        pacing.begin(ms(1_000));
        pacing.end(ms(1_005));
        pacing
    }

    #[test]
    fn an_echo_is_painted_once_per_refresh() {
        let mut idle = Pacing::default();
        idle.begin(ms(1_000));
        assert_eq!(idle.echo_delay(ms(1_003)), Duration::from_micros(13_667), "also one that comes during a repaint");
        idle.end(ms(1_010));
        assert_eq!(idle.echo_delay(ms(1_011)), Duration::from_micros(5_667));
        assert_eq!(idle.echo_delay(ms(1_050)), Duration::ZERO);
    }

    #[test]
    fn an_echo_between_two_pictures_is_painted_at_once() {
        assert_eq!(pacing().echo_delay(ms(1_018)), Duration::ZERO);
    }

    #[test]
    fn an_echo_that_would_run_into_a_due_picture_is_painted_with_it() {
        // Due at 1033, and waited for half an interval more: a repaint begun at 1025 may well last until 1035.
        assert_eq!(pacing().echo_delay(ms(1_025)), Duration::from_micros(24_500));
        assert_eq!(pacing().echo_delay(ms(1_040)), Duration::from_micros(9_500));
    }

    #[test]
    fn a_picture_that_does_not_come_holds_no_echo_back() {
        assert_eq!(pacing().echo_delay(ms(1_050)), Duration::ZERO);
    }

    #[test]
    fn after_a_gap_the_next_picture_is_not_expected_as_late_again() {
        let mut pacing = pacing();
        pacing.picture(ms(9_000));
        assert_eq!(pacing.echo_delay(ms(9_151)), Duration::ZERO);
    }
}
