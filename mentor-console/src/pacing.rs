//! When the window is painted again for something other than a new picture. A repaint is not free: on software OpenGL
//! it takes as long as half a picture interval, and a picture that comes meanwhile has to wait for its end. Pure.

use std::time::Duration;

use protocol::time::MonoTime;

/// The refresh interval of the monitors a console stands before (60 Hz). Painting more often shows nothing more.
pub const REFRESH: Duration = Duration::from_micros(16_667);
/// How long an echo waits for a picture that is due before it is painted without it.
const GRACE: Duration = Duration::from_millis(8);
/// How often the age of a picture is counted up when nothing else happens.
pub const COUNTING: Duration = Duration::from_millis(100);
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
        let interval = self.pictures.map_or(REFRESH * 2, |before| now.since(before.last));
        self.pictures = Some(Pictures { last: now, interval });
    }

    /// A repaint lasted from `began` to `ended`.
    pub fn painted(&mut self, began: MonoTime, ended: MonoTime) {
        let cost = ended.since(began);
        self.began = began;
        self.cost = if self.cost.is_zero() { cost } else { (self.cost * (COST_WEIGHT - 1) + cost) / COST_WEIGHT };
    }

    /// How long to wait at `now` until a stroke's new end is painted: to the next refresh, but not into the time when
    /// a picture is due, since its own repaint will show the stroke as well.
    pub fn echo_delay(&self, now: MonoTime) -> Duration {
        let begin = now.max(self.began + REFRESH);
        let due = self.pictures.map(|pictures| pictures.last + pictures.interval);
        let begin = match due {
            Some(due) if begin <= due + GRACE && due <= begin + self.cost => due + GRACE,
            _ => begin,
        };
        begin.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(value: u64) -> MonoTime {
        MonoTime(value * 1_000)
    }

    /// Pictures at 933, 967 and 1000 ms, the last painted in ten milliseconds.
    fn pacing() -> Pacing {
        let mut pacing = Pacing::default();
        for at in [933, 967, 1_000] {
            pacing.picture(ms(at));
        }
        pacing.painted(ms(1_000), ms(1_010));
        pacing
    }

    #[test]
    fn an_echo_is_painted_once_per_refresh() {
        let mut idle = Pacing::default();
        idle.painted(ms(1_000), ms(1_010));
        assert_eq!(idle.echo_delay(ms(1_011)), Duration::from_micros(5_667));
        assert_eq!(idle.echo_delay(ms(1_050)), Duration::ZERO);
    }

    #[test]
    fn an_echo_between_two_pictures_is_painted_at_once() {
        assert_eq!(pacing().echo_delay(ms(1_018)), Duration::ZERO);
    }

    #[test]
    fn an_echo_that_would_run_into_a_due_picture_is_painted_with_it() {
        // Due at 1033: a repaint begun at 1025 would last until 1035.
        assert_eq!(pacing().echo_delay(ms(1_025)), Duration::from_millis(16));
        assert_eq!(pacing().echo_delay(ms(1_040)), Duration::from_millis(1));
    }

    #[test]
    fn a_picture_that_does_not_come_holds_no_echo_back() {
        assert_eq!(pacing().echo_delay(ms(1_042)), Duration::ZERO);
    }
}
